"""Which candidate to take first on each machine, with the reason in a phrase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from vernacular.bases.fit import MACHINES, Machine
from vernacular.bases.languages import Spoken
from vernacular.bases.ranking import Choice, choices_for, first_of, larger_of
from vernacular.bases.table import Candidate

# Kinds of task for which advice is given if a folder has none.
USUAL_TASKS = ("token_classification", "sentence_retrieval", "generation")
_NAMED = 4  # neighbors in a reason
_DEFAULT_TASK = "token_classification"


@dataclass(frozen=True)
class Advice:
    """What to take for a kind of task in a memory."""

    task: str
    machine: Machine
    first: Choice | None  # None if no candidate can be trained there
    then: Choice | None  # a larger one to try after it; None without one


def advise(spoken: Spoken, table: Iterable[Candidate], tasks: Iterable[str],
           machines: Sequence[Machine] = MACHINES) -> list[Advice]:
    """Return the advice for each kind of task and machine, in this order."""
    candidates = list(table)
    found = []
    for task in tasks:
        for machine in machines:
            choices = choices_for(spoken, candidates, task, machine)
            first = first_of(choices)
            found.append(Advice(task, machine, first, larger_of(choices, first) if first is not None else None))
    return found


def advice_lines(advice: Iterable[Advice], spoken: Spoken) -> list[str]:
    """Return a line for each task and the machines with equal advice, with the reason."""
    lines = []
    for task, of_task in groupby(advice, lambda one: one.task):
        lines.append(task)
        for text, same in groupby(of_task, lambda one: _described(one, spoken)):
            lines.append(f"  {_machines([one.machine for one in same])}: {text}")
    return lines


def reason(choice: Choice, spoken: Spoken) -> str:
    """Return what speaks for a choice, in a phrase."""
    parts = [knows(choice, spoken), choice.candidate.licence or "license unknown"]
    if choice.training is not None:
        parts.append(choice.training.described())
    if choice.score is not None:
        parts.append(f"{choice.benchmark} {choice.score:.3f}".replace(" 0.", " ."))
    return "; ".join(parts)


def knows(choice: Choice, spoken: Spoken) -> str:
    """Return what a candidate knows of the language, in a phrase."""
    known = choice.knowledge
    if known.level == "language":
        return f"knows {spoken.code}"
    if known.level == "perhaps":
        return f"may know {spoken.code} ({choice.candidate.count:,} languages, not all listed)"
    if known.level == "neighbors":
        more = ", …" if len(known.neighbors) > _NAMED else ""
        return f"knows {', '.join(known.neighbors[:_NAMED])}{more}"
    return f"{'knows' if known.level == 'script' else 'does not know'} the script {spoken.script}"


def comment_for(spoken: Spoken, table: Iterable[Candidate]) -> list[str]:
    """Return the advice for a new folder, as lines of a comment in its language.yaml."""
    advice = advise(spoken, table, (_DEFAULT_TASK,), ("laptop", "24"))
    lines = [f"{_machines([one.machine])}: {_described(one, spoken)}" for one in advice]
    chosen = advice[-1].first
    if chosen is not None:
        base = chosen.candidate
        revision = base.revision or "COMMIT  # its newest one, 40 letters and digits"
        lines += ["", "larger:  # in place of minilm, or beside it", "  base:", f"    hub: {base.id}",
                  f"    revision: {revision}", f"    licence: {base.spdx}", f"  objective: {base.objective}",
                  "  pretraining:", "    steps: 1000"]
        if chosen.training is not None and chosen.training.method == "lora":
            lines.append("    method: lora")
    return lines


def _described(advice: Advice, spoken: Spoken) -> str:
    if advice.first is None:
        return "none of the candidates"
    then = advice.then
    return f"{advice.first.candidate.id}: {reason(advice.first, spoken)}" + (
        f"; then {then.candidate.id} ({then.training.described()})" if then and then.training else "")


def _machines(machines: Sequence[Machine]) -> str:
    cards = [machine for machine in machines if machine != "laptop"]
    named = f"{', '.join(cards)} GB card" if cards else ""
    return " or ".join(part for part in ("laptop" if "laptop" in machines else "", named) if part)
