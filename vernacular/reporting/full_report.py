"""``vernacular report --full``: every number of a release, read off the store and printed as tables.

``results`` gives what there is so far; ``print_table`` shows it to a person. Computes no number.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape

from vernacular.behavior_tests.schema import percent
from vernacular.config.schema import Language
from vernacular.config.stage_names import release_inputs
from vernacular.core.console import SafeConsole
from vernacular.core.errors import Problem
from vernacular.core.result import Interval
from vernacular.core.store import Artifact, Store
from vernacular.core.terminal import printable_data
from vernacular.pipeline.stage import Stage
from vernacular.pipeline.staleness import stale
from vernacular.release.card_behavior import fairness_said, rate, worst_failures
from vernacular.release.markdown import MISSING, interval_text, number, range_text, signed
from vernacular.release.result_models import CurrentResults, ReleaseFolder
from vernacular.release.result_tables import (
    COLUMNS,
    CURVE,
    asked_said,
    curve_rows,
    learned_from,
    likelihood_rows,
    remarks,
    score_columns,
    score_rows,
    seeds_differ,
)
from vernacular.release.results import gather
from vernacular.release.stage_results import ReleaseResult, Verdict
from vernacular.release.trust import CALIBRATION, calibration_rows, calibration_said
from vernacular.reporting.report_tables import compute, gains_little, planted, red_checks, retention
from vernacular.reporting.report_tables import new_table as _table

WIDTH = 100
_COLOURS = {"gain": "green", "no gain": "yellow", "harm": "red"}


def current_artifacts(store: Store, language: Language, model_name: str) -> dict[str, Artifact]:
    """The current artifacts that a release of the model is made from, by stage, as far as there are any.

    Raises:
        Problem: there is no such model, or nothing has been run yet.
    """
    if model_name not in language.models:
        raise Problem(f"there is no model '{model_name}'", where=f"{language.code} models",
                      fix=f"Choose one of: {', '.join(sorted(language.models))}")
    found = {name: artifact for name in release_inputs(language, model_name)
             if (artifact := store.current(language.code, name)) is not None}
    if not found:
        raise Problem("nothing has been run yet", where=language.code,
                      fix=f"Run `vernacular run {language.cli_args(model_name)}`")
    return found


def results(store: Store, language: Language, model_name: str,
            stages: Mapping[str, Stage] | None = None) -> CurrentResults:
    """Every number of the model's release, as far as its stages have run.

    Args:
        store: where the artifacts are.
        language: whose model it is.
        model_name: its name.
        stages: all stages of the language, to report what changed since the release; None to leave that out.

    Raises:
        Problem: as ``current_artifacts``.
    """
    found = current_artifacts(store, language, model_name)
    release = store.current(language.code, f"release/{model_name}")
    checked = None if release is None else release.manifest.report.read_result(ReleaseResult, f"release/{model_name}")
    gathered = gather(language, model_name, language.models[model_name],
                      {name: artifact.manifest.report for name, artifact in found.items()},
                      {name: artifact.folder for name, artifact in found.items()},
                      checked.reloaded if checked else None, checked.loads if checked else None,
                      {name: artifact.manifest.seconds for name, artifact in found.items()})
    return CurrentResults.extending(
        gathered, release=None if release is None else ReleaseFolder(
            folder=str(release.folder), created=release.manifest.created, files=len(release.manifest.files)),
        changed=[] if release is None or stages is None else _changed(stages, store, language, model_name))


def _changed(stages: Mapping[str, Stage], store: Store, language: Language, model_name: str) -> list[str]:
    """What is not as it was when the release was made (a text, a review, a setting), by the stage that it enters."""
    own = {*release_inputs(language, model_name), f"release/{model_name}"}
    try:
        return [f"{one.stage} ({one.why})" for one in stale(stages, language, store) if one.stage in own]
    except Problem as problem:  # what was measured is shown nevertheless
        return [f"it cannot be determined what: {problem}"]


def print_table(results: CurrentResults, console: Console) -> None:
    """Print the results; on anything that is not a terminal plain text without colours, 100 columns wide."""
    results = CurrentResults.model_validate(printable_data(results.as_json()))
    if not console.is_terminal:
        console = SafeConsole(file=console.file, width=WIDTH, no_color=True, highlight=False, force_terminal=False)
    language, model = results.language, results.model
    console.print(f"[bold]{escape(language.name)}[/] ({escape(language.code)}), model "
                  f"[bold]{escape(model.name)}[/] from {escape(model.base_name)}, {model.objective}",
                  highlight=False)
    for show in (_corpus, _fertility, _translations, _likelihood, _tasks, _behaviour, _fairness, retention, planted,
                 compute, gains_little, red_checks, _gates):
        show(results, console)
    _next(results, console)


def _said(verdict: Verdict, console: Console) -> str:
    return f"[{_COLOURS[verdict]}]{verdict}[/]" if console.is_terminal else verdict


def _corpus(results: CurrentResults, console: Console) -> None:
    corpus = results.corpus
    if corpus is None:
        return
    table = _table("Text", ["", "documents", "lines", "words"], console, (1, 2, 3))
    table.add_row("read", number(corpus.documents_read, 0), "", number(corpus.words_read, 0))
    table.add_row("kept", number(corpus.documents_kept, 0), "", number(corpus.words_kept, 0))
    for rule, found in corpus.rejected.items():
        if found.words:
            table.add_row(f"  dropped by {escape(rule)}", "", number(found.lines, 0), number(found.words, 0))
    for part, sizes in (corpus.parts or {}).items():
        table.add_row(f"  in {part}", *(number(size, 0) for size in (sizes.documents, sizes.lines, sizes.words)))
    console.print(table)


def _fertility(results: CurrentResults, console: Console) -> None:
    found = results.fertility
    if found is None:
        return
    table = _table("Tokenizer", ["", "tokens per word", "95 % interval", "pieces added"], console, (1, 2, 3))
    ranges = found.intervals
    table.add_row("base", number(found.base, 3), range_text(ranges.base if ranges else None), "")
    table.add_row("extended", number(found.extended, 3), range_text(ranges.extended if ranges else None),
                  number(found.new_pieces, 0))
    console.print(table)


def _translations(results: CurrentResults, console: Console) -> None:
    found = results.alignment
    if found is None:
        return
    table = _table(f"Translations: {number(found.pairs, 0)} sentences learned from, "
                   f"{number(found.pairs_held, 0)} others measured", ["", "find their own"], console, (1,))
    table.add_row("base", number(found.found_before, 1, True))
    for arm, training in results.pretraining.by_arm.items():
        if training is not None and training.counts.translation_found is not None:
            table.add_row(arm, number(training.counts.translation_found, 1, True))
    console.print(table)


def _likelihood(results: CurrentResults, console: Console) -> None:
    found = results.likelihood
    if found is None:
        return
    table = _table("Held-out negative log-likelihood (lower is better)", ["model", found.unit, "95 % interval"],
                   console, (1, 2))
    for row in likelihood_rows(found):
        table.add_row(*row)
    console.print(table)
    _verdicts(found.differences, found.verdicts, console)
    released = results.released
    console.print(f"  released: {released.arm} (dev text: adapted {number(released.dev.adapted)}, control "
                  f"{number(released.dev.control)} {released.unit})", highlight=False)


def _verdicts(intervals: Mapping[str, Interval], verdicts: Mapping[str, Verdict], console: Console) -> None:
    for name, interval in intervals.items():
        console.print(f"  {name.replace('_minus_', ' against ')}: {_said(verdicts[name], console)} "
                      f"({interval_text(interval)})", highlight=False)


def _tasks(results: CurrentResults, console: Console) -> None:
    for task, found in results.tasks.items():
        of_base = f" in {found.language}, a language of the base" if found.language else ""
        title = (f"Task {task}{of_base}: {found.metric}, {learned_from(found)}")
        columns = score_columns(found)
        table = _table(title, columns, console, range(1, len(columns)))
        for row in score_rows(found):
            table.add_row(*row)
        console.print(table)
        _verdicts(found.intervals, found.verdicts, console)
        console.print(f"  {seeds_differ(found)}", highlight=False)
        curve = curve_rows(found)
        if curve:
            table = _table(f"  {CURVE}", COLUMNS, console, range(1, len(COLUMNS)))
            for row in curve:
                table.add_row(*row)
            console.print(table)
        calibrated = calibration_rows(found)
        if calibrated:
            table = _table("  Probabilities", CALIBRATION, console)
            for row in calibrated:
                table.add_row(*row)
            console.print(table)
        for line in (*remarks(found), *asked_said(found), *filter(None, [calibration_said(found)])):
            console.print(f"  {line}", highlight=False)
        if not found.above_floors:
            console.print(f"  a simple floor does better than the {results.released.arm} model", highlight=False)


def _behaviour(results: CurrentResults, console: Console) -> None:
    if results.behaviour is None or not results.behaviour.tests:
        return
    tests = results.behaviour.tests
    green = {gate.name: gate.passed for gate in results.behaviour.gates}
    reviewed = [name for name, test in tests.items() if test.reviewed != "none"]
    title = (f"Behaviour: {sum(green.values())} of {len(tests)} tests green; of {len(reviewed)} reviewed by a speaker "
             f"{sum(green.get(name, False) for name in reviewed)}")
    table = _table(title, ["test", "base fails (95 %)", "released fails (95 %)", "at most", ""], console, (1, 2, 3))
    for name, test in tests.items():
        table.add_row(name, rate(test.base), rate(test.adapted), percent(test.threshold),
                      "" if green.get(name) else "red")
    console.print(table)
    if worst_failures(results):
        console.print(" The worst failure of each that is red is on the card and on the page.", highlight=False)


def _fairness(results: CurrentResults, console: Console) -> None:
    found = results.fairness
    if found is None:
        return
    if not found.measured:
        console.print("\nFairness: not measured")
        return
    table = _table("Fairness: gaps between groups", ["task", "comparison", "base", "released", "change (95 %)",
                                                     "verdict"], console, (2, 3))
    for one in found.comparisons.values():
        table.add_row(one.task, one.comparison.replace("_", " "), *(
            number(gap and gap.gap, 2) for gap in (one.base, one.adapted)),
            signed(one.change, 2) if one.change is not None else MISSING, one.verdict)
    console.print(table)
    console.print(fairness_said(results), highlight=False, markup=False)


def _gates(results: CurrentResults, console: Console) -> None:
    table = _table("May it be published?", ["gate", "", "reason"], console)
    for gate in results.release_gates:
        waived = any(waiver.gate == gate.name for waiver in results.waivers)
        table.add_row(gate.name, "green" if gate.passed else "waived" if waived else "red",
                      escape(gate.reason))
    console.print(table)


def _next(results: CurrentResults, console: Console) -> None:
    asked, name = results.model.asked, results.model.name
    if results.release:
        console.print("\nThe release, with its card in README.md:")
        console.print(results.release.folder, soft_wrap=True, highlight=False, markup=False)
    elif results.artifacts:
        console.print("\nWhat there is so far:")
        for stage, folder in results.artifacts.items():
            console.print(f"  {stage}: {folder}", soft_wrap=True, highlight=False, markup=False)
    if results.missing or not results.release:
        waiting = results.missing or [f"release/{name}"]
        console.print(f"\nNot run yet: {', '.join(waiting)}. Next: vernacular run {asked}", highlight=False)
    elif results.changed:
        console.print(f"\nChanged since the release: {escape(', '.join(results.changed))}. "
                      f"Next: vernacular run {asked}", highlight=False)
    else:
        console.print(f"\nNext: vernacular try {asked} (type a sentence), make ui (graph and history)",
                      highlight=False)
