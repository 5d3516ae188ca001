"""The command ``bases``: which base model to start from. ``main`` loads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, cast

import typer

from vernacular.bases.advice import USUAL_TASKS, Advice, advice_lines, advise, knows
from vernacular.bases.fit import MACHINES, Machine, memory_of
from vernacular.bases.languages import Spoken, spoken_as, spoken_of
from vernacular.bases.ranking import Choice, choices_for
from vernacular.bases.table import read_table
from vernacular.cli.common import LanguageCode, command
from vernacular.config.codes import is_code
from vernacular.config.load import find_language
from vernacular.config.schema import Language
from vernacular.config.tasks import COLUMNS
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.project import find_project
from vernacular.core.terminal import say, say_json

_SHOWN = 15  # candidates in the table
_GIB = 2**30
_bases_at_hand = EntryPoint[Any]("vernacular.bases.fertility:bases_at_hand")
_measure_fertility = EntryPoint[Mapping[str, float]]("vernacular.bases.fertility:measure_fertility")
_sample_of = EntryPoint[list[str]]("vernacular.bases.fertility:sample_of")


@command()
def bases(code: LanguageCode,
          task: Annotated[str | None, typer.Option(metavar="KIND", help="kind of task that matters, such as "
                                                                        "token_classification; default the folder's")]
          = None,
          memory: Annotated[str | None, typer.Option(metavar="|".join(MACHINES),
                                                     help="of the card in GB, or laptop; default all")] = None,
          quick: Annotated[bool, typer.Option("--quick", help="do not measure tokenizers on the folder's text")]
          = False,
          as_json: Annotated[bool, typer.Option("--json", help="machine-readable, with all candidates")] = False,
          ) -> None:
    """List base models for a language, with or without a folder: which one to take first, and why."""
    _check_options(task, memory)
    project = find_project()
    language = find_language(project.languages, code) if (project.languages / code).is_dir() else None
    if language is None and not is_code(code):
        raise Problem(f"'{code}' does not have the form of a BCP 47 language tag", where="vernacular bases",
                      fix="Use the language's ISO 639-3 code (nya, bem)", code=Code.CONFIG_CODE)
    spoken = spoken_of(language) if language is not None else spoken_as(code)
    tasks = [task] if task else _kinds_of(language) or list(USUAL_TASKS)
    machines = [cast(Machine, memory)] if memory else list(MACHINES)
    advice = advise(spoken, read_table(), tasks, machines)
    choices = choices_for(spoken, read_table(), tasks[0], machines[0] if memory else None)
    at_hand = _bases_at_hand(read_table(), language) if not quick else []
    lines = _sample_of(language, project.artifacts) if at_hand and language is not None else []
    fertility = _measure_fertility(at_hand, lines) if lines else {}
    here = {base.name for base in at_hand}
    if as_json:
        say_json({"language": code, "script": spoken.script, "neighbors": list(spoken.neighbors),
                  "advice": [_advice_json(one) for one in advice],
                  "candidates": [_choice_json(choice, here, fertility) for choice in choices],
                  "tokens_per_word": dict(fertility)})
        return
    for line in _text(spoken, advice, choices, here, fertility, tasks[0]):
        say(line)


def _check_options(task: str | None, memory: str | None) -> None:
    for value, known, option in ((task, tuple(COLUMNS), "--task"), (memory, MACHINES, "--memory")):
        if value is not None and value not in known:
            raise Problem(f"'{value}' is none of its values", where=f"vernacular bases {option}",
                          fix=f"Choose one of: {', '.join(known)}", code=Code.COMMAND_OPTION)


def _kinds_of(language: Language | None) -> list[str]:
    return [] if language is None else list(dict.fromkeys(task.kind for task in language.tasks.values()))


def _text(spoken: Spoken, advice: Sequence[Advice], choices: Sequence[Choice], here: set[str],
          fertility: Mapping[str, float], task: str) -> Iterator[str]:
    neighbors = f"; neighbors: {', '.join(spoken.neighbors)}" if spoken.neighbors else "; no neighbors are known"
    yield f"{spoken.code}: {spoken.name}, script {spoken.script}{neighbors}"
    yield ""
    yield "Take first:"
    yield from advice_lines(advice, spoken)
    yield ""
    rows: list[tuple[str, ...]] = [("candidate", "parameters", "license", "full", "LoRA", "here", task)]
    shown = [choice for number, choice in enumerate(choices) if number < _SHOWN or choice.candidate.id in here]
    rows += [_row(choice, spoken, here, fertility) for choice in shown]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    yield f"{len(shown)} of {len(choices)} candidates: --json lists all, docs/reference/bases.md the sources"
    for name in sorted({*fertility} - {choice.candidate.id for choice in shown}):
        yield f"{name}: {fertility[name]:.2f} tokens a word of this text"


def _row(choice: Choice, spoken: Spoken, here: set[str], fertility: Mapping[str, float]) -> tuple[str, ...]:
    base = choice.candidate
    tokens = fertility.get(base.id)
    return (base.id, f"{base.parameters / 1e6:,.0f} M" if base.parameters else "unknown", base.licence or "unknown",
            _size(memory_of(base)), _size(memory_of(base, "lora")),
            f"{tokens:.2f} tokens a word" if tokens else "yes" if base.id in here else "",
            choice.against or knows(choice, spoken))


def _size(memory: int | None) -> str:
    return "unknown" if memory is None else f"{memory / _GIB:.1f} GiB"


def _advice_json(advice: Advice) -> dict[str, Any]:
    return {"task": advice.task, "memory": advice.machine,
            **{role: None if choice is None else {
                "id": choice.candidate.id, "method": choice.training and choice.training.method,
                "precision": choice.training and choice.training.precision,
                "gib": choice.training and round(choice.training.gib, 2)}
               for role, choice in (("first", advice.first), ("then", advice.then))}}


def _choice_json(choice: Choice, here: set[str], fertility: Mapping[str, float]) -> dict[str, Any]:
    base = choice.candidate
    return {**base.model_dump(exclude={"languages"}), "release": base.release, "knows": choice.knowledge.level,
            "neighbors": list(choice.knowledge.neighbors), "against": choice.against, "score": choice.score,
            "benchmark": choice.benchmark, "full_bytes": memory_of(base), "lora_bytes": memory_of(base, "lora"),
            "here": base.id in here, "tokens_per_word": fertility.get(base.id)}
