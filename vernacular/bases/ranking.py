"""The order of candidates for a language, a kind of task and a memory. The rule is in docs/reference/bases.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vernacular.bases.fit import Machine, Training, training_for
from vernacular.bases.languages import LEVELS, Knowledge, Spoken, knowledge_of
from vernacular.bases.table import Candidate
from vernacular.config.tasks import KindName
from vernacular.modeling.classifier_families import LACKING, UNITS

_CAUSAL_ONLY = ("generation", "chat")
_MASKED_ONLY = ("sentence_retrieval",)
_RELEASES = ("open", "terms")  # licenses under which an adapted model may be released, the freer first


@dataclass(frozen=True)
class Choice:
    """A candidate for a language, and what speaks for and against it."""

    candidate: Candidate  # its id filled in for the language
    knowledge: Knowledge
    against: str  # why it cannot be chosen whatever the memory; empty if it can
    training: Training | None  # the way to train it in the memory; None if it does not fit or memory is not considered
    score: float | None = None  # on the benchmark that most candidates have for this language
    benchmark: str = ""  # its name and measure


def choices_for(spoken: Spoken, table: Iterable[Candidate], task: KindName | str,
                machine: Machine | None) -> list[Choice]:
    """Return the candidates for a language, the best first.

    Args:
        spoken: the language.
        table: all candidates.
        task: kind of task that the model must learn.
        machine: where it is trained; candidates that do not fit come last. None: memory is not considered.
    """
    rows = [row for candidate in table if (row := _for_language(candidate, spoken)) is not None]
    choices = [Choice(row, knowledge_of(row, spoken), _against(row, task),
                      training_for(row, machine) if machine else None) for row in rows]
    choices = _with_scores(choices, spoken, task)
    return sorted(choices, key=lambda choice: (
        bool(choice.against), machine is not None and choice.training is None, *_suits(choice.candidate, task),
        LEVELS.index(choice.knowledge.level), _RELEASES.index(choice.candidate.release) if not choice.against else 9,
        -len(choice.knowledge.neighbors) if choice.knowledge.level != "language" else 0, -(choice.score or 0),
        choice.candidate.parameters or 2**62, choice.candidate.id))


def first_of(choices: Sequence[Choice]) -> Choice | None:
    """Return the choice to take first; None if no candidate can be trained there."""
    return next((choice for choice in choices if not choice.against and choice.training), None)


def larger_of(choices: Sequence[Choice], first: Choice) -> Choice | None:
    """Return the largest choice that knows as much as the first one, to be tried after it; None without one."""
    size = first.candidate.parameters or 0
    larger = [choice for choice in choices if not choice.against and choice.training is not None
              and (choice.candidate.parameters or 0) > size
              and choice.candidate.objective == first.candidate.objective
              and choice.candidate.sentences == first.candidate.sentences
              and choice.knowledge.level == first.knowledge.level
              and choice.candidate.release == first.candidate.release]
    return max(larger, key=lambda choice: choice.candidate.parameters or 0, default=None)


def _for_language(candidate: Candidate, spoken: Spoken) -> Candidate | None:
    """Return the candidate, or its model for this language; None if it has none."""
    if not candidate.per_language:
        return candidate
    if spoken.alpha3 not in candidate.languages:
        return None
    name = candidate.id.format(alpha3=spoken.alpha3, script=spoken.script.lower())
    return candidate.model_copy(update={"id": name, "languages": [spoken.alpha3], "count": None})


def _against(candidate: Candidate, task: str) -> str:
    """Return why a candidate cannot be chosen for a kind of task, or nothing."""
    if task in _CAUSAL_ONLY and candidate.objective == "masked":
        return "generates no text"
    if task in _MASKED_ONLY and candidate.objective == "causal":
        return "learns no translations"
    unit = UNITS.get(task)
    if unit is not None and unit in LACKING.get(candidate.family or "", ()):
        return f"has no classifier of a {unit}"
    if candidate.release == "unknown":
        return "license unknown"
    return f"license forbids release ({candidate.licence})" if candidate.release == "restricted" else ""


def _suits(candidate: Candidate, task: str) -> tuple[bool, bool]:
    """Return the keys of objective and training: sentence encoders first for search, encoders for labels."""
    return (candidate.objective == "causal" and task not in _CAUSAL_ONLY,
            task in _MASKED_ONLY and not candidate.sentences)


def _with_scores(choices: Sequence[Choice], spoken: Spoken, task: str) -> list[Choice]:
    """Return the choices with their scores on one benchmark of this kind of task, so that scores are comparable."""
    listed = {choice.candidate.id: {f"{scores.dataset} {scores.measure}": scores.values[spoken.alpha3]
                                    for scores in choice.candidate.scores
                                    if scores.task == task and spoken.alpha3 in scores.values}
              for choice in choices}
    benchmarks = Counter(name for scores in listed.values() for name in scores)
    if not benchmarks:
        return list(choices)
    name = benchmarks.most_common(1)[0][0]
    return [replace(choice, score=score, benchmark=name) if (score := listed[choice.candidate.id].get(name)) else choice
            for choice in choices]
