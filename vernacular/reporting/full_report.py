"""``vernacular report --full``: every number of a release, read off the store and printed as tables.

``results`` gives what there is so far as a dictionary; ``print_table`` shows it to a person. Computes no number.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape

from vernacular.behavior_tests.schema import percent
from vernacular.config.schema import Language
from vernacular.core.console import SafeConsole
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact, Store
from vernacular.pipeline.stage import Stage
from vernacular.pipeline.staleness import stale
from vernacular.release.card_behavior import fairness_said, rate, worst_failures
from vernacular.release.markdown import MISSING, interval_text, number, range_text, signed
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
from vernacular.release.results import Results, gather, stage_names
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
    found = {name: artifact for name in stage_names(language, model_name)
             if (artifact := store.current(language.code, name)) is not None}
    if not found:
        raise Problem("nothing has been run yet", where=language.code,
                      fix=f"Run `vernacular run {language.cli_args(model_name)}`")
    return found


def results(store: Store, language: Language, model_name: str, stages: Mapping[str, Stage] | None = None) -> Results:
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
    gathered = gather(language, model_name, language.models[model_name],
                      {name: artifact.manifest.report for name, artifact in found.items()},
                      {name: artifact.folder for name, artifact in found.items()},
                      release.manifest.report.details.get("reloaded") if release is not None else None,
                      release.manifest.report.details.get("loads") if release is not None else None,
                      {name: artifact.manifest.seconds for name, artifact in found.items()})
    gathered["release"] = None if release is None else {"folder": str(release.folder), "created":
                                                        release.manifest.created, "files": len(release.manifest.files)}
    gathered["changed"] = [] if release is None or stages is None else _changed(
        stages, store, language, model_name)
    return gathered


def _changed(stages: Mapping[str, Stage], store: Store, language: Language, model_name: str) -> list[str]:
    """What is not as it was when the release was made (a text, a review, a setting), by the stage that it enters."""
    own = {*stage_names(language, model_name), f"release/{model_name}"}
    try:
        return [f"{one.stage} ({one.why})" for one in stale(stages, language, store) if one.stage in own]
    except Problem as problem:  # what was measured is shown nevertheless
        return [f"it cannot be determined what: {problem}"]


def print_table(results: Results, console: Console) -> None:
    """Print the results; on anything that is not a terminal plain text without colours, 100 columns wide."""
    if not console.is_terminal:
        console = SafeConsole(file=console.file, width=WIDTH, no_color=True, highlight=False, force_terminal=False)
    language, model = results["language"], results["model"]
    console.print(f"[bold]{escape(language['name'])}[/] ({escape(language['code'])}), model "
                  f"[bold]{escape(model['name'])}[/] from {escape(model['base_name'])}, {model['objective']}",
                  highlight=False)
    for show in (_corpus, _fertility, _translations, _likelihood, _tasks, _behaviour, _fairness, retention, planted,
                 compute, gains_little, red_checks, _gates):
        show(results, console)
    _next(results, console)


def _said(verdict: str, console: Console) -> str:
    return f"[{_COLOURS[verdict]}]{verdict}[/]" if console.is_terminal else verdict


def _corpus(results: Results, console: Console) -> None:
    corpus = results["corpus"]
    if corpus is None:
        return
    table = _table("Text", ["", "documents", "lines", "words"], console, (1, 2, 3))
    table.add_row("read", number(corpus["documents_read"], 0), "", number(corpus["words_read"], 0))
    table.add_row("kept", number(corpus["documents_kept"], 0), "", number(corpus["words_kept"], 0))
    for rule, found in corpus["rejected"].items():
        if found["words"]:
            table.add_row(f"  dropped by {escape(rule)}", "", number(found["lines"], 0), number(found["words"], 0))
    for part, sizes in (corpus["parts"] or {}).items():
        table.add_row(f"  in {part}", *(number(sizes[unit], 0) for unit in ("documents", "lines", "words")))
    console.print(table)


def _fertility(results: Results, console: Console) -> None:
    found = results["fertility"]
    if found is None:
        return
    table = _table("Tokenizer", ["", "tokens per word", "95 % interval", "pieces added"], console, (1, 2, 3))
    ranges = found["intervals"] or {}
    table.add_row("base", number(found["base"], 3), range_text(ranges.get("base")), "")
    table.add_row("extended", number(found["extended"], 3), range_text(ranges.get("extended")),
                  number(found["new_pieces"], 0))
    console.print(table)


def _translations(results: Results, console: Console) -> None:
    found = results["alignment"]
    if found is None:
        return
    table = _table(f"Translations: {number(found['pairs'], 0)} sentences learned from, "
                   f"{number(found['pairs_held'], 0)} others measured", ["", "find their own"], console, (1,))
    table.add_row("base", number(found["found_before"], 1, True))
    for arm, training in results["pretraining"].items():
        counts = (training or {}).get("counts", {})
        if "translation_found" in counts:
            table.add_row(arm, number(counts["translation_found"], 1, True))
    console.print(table)


def _likelihood(results: Results, console: Console) -> None:
    found = results["likelihood"]
    if found is None:
        return
    unit = found.get("unit", "nats per character")
    table = _table("Held-out negative log-likelihood (lower is better)", ["model", unit, "95 % "
                                                                                         "interval"], console, (1, 2))
    for row in likelihood_rows(found):
        table.add_row(*row)
    console.print(table)
    _verdicts(found.get("differences", {}), found["verdicts"], console)
    released = results["released"]
    console.print(f"  released: {released['arm']} (dev text: adapted {number(released['dev']['adapted'])}, control "
                  f"{number(released['dev']['control'])} {released['unit']})", highlight=False)


def _verdicts(intervals: dict[str, list[float]], verdicts: dict[str, str], console: Console) -> None:
    for name, interval in intervals.items():
        console.print(f"  {name.replace('_minus_', ' against ')}: {_said(verdicts[name], console)} "
                      f"({interval_text(interval)})", highlight=False)


def _tasks(results: Results, console: Console) -> None:
    for task, found in results["tasks"].items():
        of_base = f" in {found['language']}, a language of the base" if found["language"] else ""
        title = (f"Task {task}{of_base}: {found['metric']}, {learned_from(found)}")
        columns = score_columns(found)
        table = _table(title, columns, console, range(1, len(columns)))
        for row in score_rows(found):
            table.add_row(*row)
        console.print(table)
        _verdicts(found.get("intervals", {}), found["verdicts"], console)
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
        if not found["above_floors"]:
            console.print(f"  a simple floor does better than the {results['released']['arm']} model", highlight=False)


def _behaviour(results: Results, console: Console) -> None:
    tests = (results["behaviour"] or {}).get("tests")
    if not tests:
        return
    green = {gate["name"]: gate["passed"] for gate in results["behaviour"]["gates"]}
    reviewed = [name for name, test in tests.items() if test["reviewed"] != "none"]
    title = (f"Behaviour: {sum(green.values())} of {len(tests)} tests green; of {len(reviewed)} reviewed by a speaker "
             f"{sum(green.get(name, False) for name in reviewed)}")
    table = _table(title, ["test", "base fails (95 %)", "released fails (95 %)", "at most", ""], console, (1, 2, 3))
    for name, test in tests.items():
        table.add_row(name, rate(test["base"]), rate(test["adapted"]), percent(test["threshold"]),
                      "" if green.get(name) else "red")
    console.print(table)
    if worst_failures(results):
        console.print(" The worst failure of each that is red is on the card and on the page.", highlight=False)


def _fairness(results: Results, console: Console) -> None:
    found = results["fairness"]
    if found is None:
        return
    if not found.get("measured"):
        console.print("\nFairness: not measured")
        return
    table = _table("Fairness: gaps between groups", ["task", "comparison", "base", "released", "change (95 %)",
                                                     "verdict"], console, (2, 3))
    for one in found["comparisons"].values():
        table.add_row(one["task"], one["comparison"].replace("_", " "), *(
            number(one[arm]["gap"], 2) if arm in one else MISSING for arm in ("base", "adapted")),
            signed(one["change"], 2) if "change" in one else MISSING, one["verdict"])
    console.print(table)
    console.print(fairness_said(results), highlight=False, markup=False)


def _gates(results: Results, console: Console) -> None:
    table = _table("May it be published?", ["gate", "", "reason"], console)
    for gate in results["release_gates"]:
        waived = any(waiver["gate"] == gate["name"] for waiver in results["waivers"])
        table.add_row(gate["name"], "green" if gate["passed"] else "waived" if waived else "red",
                      escape(gate["reason"]))
    console.print(table)


def _next(results: Results, console: Console) -> None:
    asked, name = results["model"]["asked"], results["model"]["name"]
    if results.get("release"):
        console.print("\nThe release, with its card in README.md:")
        console.print(results["release"]["folder"], soft_wrap=True, highlight=False, markup=False)
    elif results["artifacts"]:
        console.print("\nWhat there is so far:")
        for stage, folder in results["artifacts"].items():
            console.print(f"  {stage}: {folder}", soft_wrap=True, highlight=False, markup=False)
    if results["missing"] or not results.get("release"):
        waiting = results["missing"] or [f"release/{name}"]
        console.print(f"\nNot run yet: {', '.join(waiting)}. Next: vernacular run {asked}", highlight=False)
    elif results["changed"]:
        console.print(f"\nChanged since the release: {escape(', '.join(results['changed']))}. "
                      f"Next: vernacular run {asked}", highlight=False)
    else:
        console.print(f"\nNext: vernacular try {asked} (type a sentence), make ui (graph and history)",
                      highlight=False)
