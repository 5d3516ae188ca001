"""``vernacular report --full``: every number of a release, read off the store and printed.

``results`` gathers the numbers; ``print_table`` prints the sections of the card, failed checks and gates with their
reasons. Computes no number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from vernacular.cleaning.stage_results import REFUSED
from vernacular.config.schema import Language
from vernacular.config.stage_names import release_inputs
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.result import SampleRow
from vernacular.core.store import Artifact, Store
from vernacular.core.terminal import printable_data
from vernacular.pipeline.stage import Stage
from vernacular.pipeline.staleness import stale
from vernacular.release.card import sections
from vernacular.release.markdown import Section, Table, number, plain
from vernacular.release.result_models import CurrentResults, ReleaseFolder
from vernacular.release.result_tables import left_out_table, parts_table
from vernacular.release.results import gather
from vernacular.release.stage_results import ReleaseResult
from vernacular.reporting.terminal import console_for, read_line

_MOST_COLUMNS = 8  # of a table that is not transposed
_COLORS = {"no gain": "yellow", "gain": "green", "harm": "red"}


def current_artifacts(store: Store, language: Language, model_name: str) -> dict[str, Artifact]:
    """Stage -> current artifact, of the stages that a release of the model is made from and that have run.

    Raises:
        Problem: there is no such model, or nothing has been run yet.
    """
    if model_name not in language.models:
        raise Problem(f"there is no model '{model_name}'", where=f"{language.code} models",
                      fix=f"Choose one of: {', '.join(sorted(language.models))}", code=Code.COMMAND_NAME)
    artifacts = {name: artifact for name in release_inputs(language, model_name)
                 if (artifact := store.current(language.code, name)) is not None}
    if not artifacts:
        raise Problem("nothing has been run yet", where=language.code,
                      fix=f"Run `vernacular run {language.cli_args(model_name)}`", code=Code.RESULT_MISSING)
    return artifacts


def results(store: Store, language: Language, model_name: str,
            stages: Mapping[str, Stage] | None = None) -> CurrentResults:
    """Every number of the model's release, of the stages that have run.

    ``stages``: all stages of the language, to report what changed since the release; None to leave that out.

    Raises:
        Problem: as ``current_artifacts``.
    """
    artifacts = current_artifacts(store, language, model_name)
    release = store.current(language.code, f"release/{model_name}")
    checked = None if release is None else release.manifest.report.read_result(ReleaseResult, f"release/{model_name}")
    gathered = gather(language, model_name, language.models[model_name],
                      {name: artifact.manifest.report for name, artifact in artifacts.items()},
                      {name: artifact.folder for name, artifact in artifacts.items()},
                      checked.reloaded if checked else None, checked.loads if checked else None,
                      {name: artifact.manifest.seconds for name, artifact in artifacts.items()})
    return CurrentResults.extending(
        gathered, release=None if release is None else ReleaseFolder(
            folder=str(release.folder), created=release.manifest.created, files=len(release.manifest.files)),
        changed=[] if release is None or stages is None else _changed(stages, store, language, model_name),
        doubtful_lines=doubtful_lines(artifacts))


def doubtful_lines(artifacts: Mapping[str, Artifact]) -> list[SampleRow]:
    """Return some of the lines that cleaning refused although they may be in the language."""
    clean = artifacts.get("corpus/clean")
    return [] if clean is None else clean.manifest.report.samples.get(REFUSED, [])


def _changed(stages: Mapping[str, Stage], store: Store, language: Language, model_name: str) -> list[str]:
    """The stages whose inputs or settings changed since the release was made, with the reason."""
    own = {*release_inputs(language, model_name), f"release/{model_name}"}
    try:
        return [f"{one.stage} ({one.why})" for one in stale(stages, language, store) if one.stage in own]
    except Problem as problem:  # the results are shown in any case
        return [f"unknown: {problem}"]


def print_table(results: CurrentResults, console: Console) -> None:
    """Print the results; on anything that is not a terminal plain text without colors, 100 columns wide."""
    results = CurrentResults.model_validate(printable_data(results.as_json()))
    console = console_for(console)
    language, model = results.language, results.model
    console.print(Text.assemble((language.name, "bold"), f" ({language.code}), model ", (model.name, "bold"),
                                f" from {model.base_name}, {model.objective}"))
    about, *parts = sections(results)
    print_sections([about, *_text(results), *parts, *_checks(results)], console)
    for line in _next(results):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def print_sections(sections: Iterable[Section], console: Console, everything: bool = False) -> None:
    """Print sections; those that are not ``on_screen`` only if ``everything`` is wanted."""
    for section in sections:
        if not (section.on_screen or everything):
            continue
        if section.title:
            console.print(Text(f"\n{section.title}", "bold"))
        for block in section.blocks:
            console.print(_grid(block, console.is_terminal) if isinstance(block, Table) else _paragraph(block))


def _paragraph(markdown: str) -> Text:
    text = Text(plain(markdown), "bold" if markdown.startswith("#") else "")
    for word, color in _COLORS.items():
        text.highlight_regex(rf"\b{'(?<!no )' if word == 'gain' else ''}{word}\b(?= \()", color)
    return text


def _grid(table: Table, lines: bool) -> Grid:
    """The table for a terminal; one with too many columns is transposed, or shown with those of ``narrow`` alone."""
    columns, rows = table.columns, table.rows
    if table.narrow:
        chosen = [columns.index(name) for name in table.narrow]
        columns, rows = table.narrow, [[row[at] for at in chosen] for row in rows]
    elif len(columns) > _MOST_COLUMNS:
        columns, *rows = ([*cells] for cells in zip(columns, *rows, strict=True))
    grid = Grid(header_style="", box=box.SIMPLE_HEAD if lines else box.ASCII2)
    for at, column in enumerate(columns):
        numeric = at > 0 and all(row[at][:1] in "+-0123456789" for row in rows)
        grid.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid


def _text(results: CurrentResults) -> Iterator[Section]:
    """The sizes of the text, and how many held-out sentences each model finds the translation of."""
    if results.corpus is not None:
        yield Section("Text", [read_line(results.corpus), left_out_table(results.corpus),
                               *filter(None, [parts_table(results.corpus)])])
    if results.doubtful_lines:
        yield Section(f"{REFUSED[0].upper()}{REFUSED[1:]}", [Table(["kind", "lines of it", "one of them"], [
            [str(row["kind"]), number(row["lines"], 0), str(row["text"])] for row in results.doubtful_lines])])
    if results.alignment is not None:
        found: dict[str, Any] = {"base": results.alignment.found_before} | {
            arm: training.counts.translation_found for arm, training in results.pretraining.by_arm.items() if training}
        yield Section("Translations found", [Table(["", "held-out sentences"], [
            [arm, number(share, 1, True)] for arm, share in found.items() if share is not None])])


def _checks(results: CurrentResults) -> Iterator[Section]:
    """Every failed check of a stage and every gate of the release, with its reason."""
    red = [[stage, gate.name, gate.reason + (" (stops the stages after it)" if gate.blocking else "")]
           for stage, gates in results.gates.items() for gate in gates if not gate.passed]
    if red:
        yield Section(f"Red checks: {len(red)}", [Table(["stage", "check", "reason"], red)])
    waived = {waiver.gate for waiver in results.waivers}
    yield Section("May it be published?", [Table(["gate", "", "reason"], [
        [gate.name, "green" if gate.passed else "waived" if gate.name in waived else "red", gate.reason]
        for gate in results.release_gates])])


def _next(results: CurrentResults) -> Iterator[str]:
    command, name = results.model.asked, results.model.name
    if results.release:
        yield f"\nThe release, with its card in README.md:\n{results.release.folder}"
    else:
        yield "\nResults so far:"
        yield from (f"  {stage}: {folder}" for stage, folder in results.artifacts.items())
    if results.missing or not results.release:
        waiting = results.missing or [f"release/{name}"]
        yield f"\nNot run yet: {', '.join(waiting)}. Next: vernacular run {command}"
    elif results.changed:
        yield f"\nChanged since the release: {', '.join(results.changed)}. Next: vernacular run {command}"
    else:
        yield f"\nNext: vernacular try {command} (type a sentence), make ui (graph and history)"
