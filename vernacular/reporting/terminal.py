"""``vernacular report``: a release on one screen: its text, eight rows, red gates, the path, the next steps.

Reads the results of ``results.gather``. Computes no number; ``full_report`` prints all of them.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vernacular.core.console import SafeConsole
from vernacular.core.terminal import names_in_line, printable, printable_data
from vernacular.release.gates import no_consent, unverified
from vernacular.release.headline import Row, rows
from vernacular.release.markdown import number
from vernacular.release.result_models import CorpusNumbers, CurrentResults
from vernacular.release.searching import can_search
from vernacular.release.stage_results import Verdict
from vernacular.release.waivers import ALL
from vernacular.reporting.first_screen import RED, what_changed, what_it_is

WIDTH = 100
MOST_NAMES = 4
MOST_REASON = 110  # characters of the reasons against publishing
_WORDS: dict[Verdict, tuple[str, str]] = {"gain": ("better", "green"), "harm": ("worse", "red"),
                                          "no gain": ("unclear", "yellow")}
PLAIN = box.Box("    \n    \n -- \n" + 5 * "    \n", ascii=True)  # SIMPLE_HEAD without a terminal
FAMILIES = ("behavior", "tasks", "models", "corpus")


def print_screen(results: CurrentResults, page: Path, console: Console) -> None:
    """Print the screen; on anything that is not a terminal plain text without colors, 100 columns wide."""
    results = CurrentResults.model_validate(printable_data(results.as_json()))
    console = console_for(console)
    width = min(console.width, WIDTH)
    language, model = results.language, results.model
    console.print(Text.assemble((language.name, "bold"), f" ({language.code}), model ", (model.name, "bold"),
                                f": {what_it_is(results)}"), width=width)
    if results.corpus is not None:
        console.print(Text(read_line(results.corpus)), width=width)
    shown = rows(results)
    if shown:
        console.print(_table(shown, width, console.is_terminal))
        console.print(Text(" ".join(filter(None, [what_changed(shown), _baselines(shown)]))), width=width)
    red = red_lines(results)
    if red:
        console.print(Text("\nRed checks", "bold"))
    for name, detail in red:
        lines = textwrap.wrap(f"{name}: {detail}", width - 4, break_on_hyphens=False)
        console.print(Text.assemble("  ", (name, "red"), "\n    ".join(lines)[len(name):]))
    for line in _remarks(results, width):
        console.print(line)
    console.print()
    for name, detail in [*_places(results, page), *_next(results)]:
        console.print(Text.assemble((f"{name:<6} ", "bold"), detail), soft_wrap=True)


def console_for(console: Console) -> Console:
    """``console`` if it is a terminal; else one for plain text without colors, 100 columns wide."""
    return console if console.is_terminal else SafeConsole(
        file=console.file, width=WIDTH, no_color=True, highlight=False, force_terminal=False)


def _remarks(results: CurrentResults, width: int) -> Iterator[Text]:
    """The first remark on what gains little, and the codes of the others: the screen stays one screen."""
    remarks = results.remarks
    if not remarks:
        return
    yield Text("\nWhat gains little", "bold")
    lines = textwrap.wrap(f"{remarks[0].what}. {remarks[0].fix}.", width - 4, break_on_hyphens=False)
    yield Text("  " + "\n    ".join(lines))
    if len(remarks) > 1:
        codes = ", ".join(remark.code for remark in remarks[1:])
        yield Text(textwrap.shorten(f"  and on the page: {codes}", width, placeholder=" ..."))


def read_line(corpus: CorpusNumbers) -> str:
    """How much text was read and how much of it was kept."""
    return (f"Read {number(corpus.documents_read, 0)} documents with {number(corpus.words_read, 0)} words; kept "
            f"{number(corpus.documents_kept, 0)} with {number(corpus.words_kept, 0)}.")


def _table(shown: Sequence[Row], width: int, lines: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD if lines else PLAIN, header_style="", collapse_padding=True,
                  width=width)
    table.add_column("measure", overflow="fold", ratio=1)
    for name in ("base", "adapted", "gain (95% interval)", "baseline"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in shown:
        word, color = _WORDS[row.verdict] if row.verdict is not None else ("", "")
        label = row.name if row.measure in row.name else f"{row.name}, {row.measure}"
        table.add_row(Text(label), row.cell("base"), row.cell("adapted"), Text(row.gain_cell, color),
                      row.cell("baseline"), Text(word, color))
    return table


def _baselines(shown: Sequence[Row]) -> str:
    """Which methods the column ``baseline`` is about."""
    names = dict.fromkeys(row.baseline_name for row in shown if row.baseline_name)
    return f"Baseline: the best method without a pretrained model ({'; '.join(names)})." if names else ""


def red_lines(results: CurrentResults) -> list[tuple[str, str]]:
    """The checks that failed, in at most five groups: the name of a group, and how many with the first names."""
    groups: dict[str, list[str]] = {family: [] for family in FAMILIES}
    total = dict.fromkeys(FAMILIES, 0)
    for stage, gates in results.gates.items():
        family = _family(stage)
        total[family] += len(gates)
        task = stage.removeprefix("task/").removesuffix(f"_{results.model.name}")
        groups[family] += [f"{task} {gate.name}" if family == "tasks" else gate.name
                           for gate in gates if not gate.passed]
    lines = [(family, names_in_line(
        f"{len(red)} of {total[family]} {'tests' if family == 'behavior' else 'checks'} red ", red,
        WIDTH - len(f"  {family}: "))) for family, red in groups.items() if red]
    reasons = [*_against_publishing(results)]
    if results.release and reasons:
        shown = [reason for at, reason in enumerate(reasons) if len(", ".join(reasons[:at + 1])) <= MOST_REASON]
        more = f", and {len(reasons) - len(shown)} more" if len(shown) < len(reasons) else ""
        lines.append(("not publishable", ", ".join(shown) + more))
    return lines


def _family(stage: str) -> str:
    kind, _, name = stage.partition("/")
    if name.endswith("_behaviour"):
        return "behavior"
    return {"corpus": "corpus", "task": "tasks"}.get(kind, "models")


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")


def _against_publishing(results: CurrentResults) -> Iterator[str]:
    """Why the release may not be published yet, in a few words each."""
    waived = {waiver.gate for waiver in results.waivers}
    short = {"licences_verified": f"licence of {_first(unverified(results.rights))} unverified",
             "consent_known": f"consent for {_first(no_consent(results.rights))} unknown",
             "behaviour": "behavioral tests red"}
    tests = results.behaviour.tests if results.behaviour else {}
    for gate in results.release_gates:
        if gate.passed or gate.name in waived or gate.name == ALL:
            continue
        title = RED.get(gate.name, gate.name.replace("_", " "))
        yield short.get(gate.name, f"{title[:1].lower()}{title[1:]}")
    if tests and all(test.reviewed == "none" for test in tests.values()):
        yield "no speaker reviewed a test"


def _places(results: CurrentResults, page: Path) -> Iterator[tuple[str, str]]:
    yield "Page", _near(page)
    if results.release:
        yield "Model", _near(Path(results.release.folder))


def _near(path: Path) -> str:
    """``path`` relative to the current folder if it is below it."""
    return printable(os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path))


def _next(results: CurrentResults) -> Iterator[tuple[str, str]]:
    asked, name = results.model.asked, results.model.name
    commands = [(f"vernacular try {asked}", "type a sentence, compare base and adapted model"),
                (f"vernacular report {asked} --full", "every number, and every red check with its reason"),
                ("make ui", "graph and history")]
    if results.missing or not results.release:
        waiting = results.missing or [f"release/{name}"]
        yield "Note", f"Not run yet: {len(waiting)} stages ({_first(waiting)})"
        commands[0] = (f"vernacular run {asked}", "runs them")
    elif results.changed:
        changed = [stage.split(" (")[0] for stage in results.changed]
        yield "Note", f"Changed since the release: {_first(changed)}"
        commands[0] = (f"vernacular run {asked}", "brings the release up to date")
    if can_search(results):
        commands.insert(results.missing != [] or bool(results.changed), (
            f'vernacular search {asked} "..."', "find passages of the corpus by meaning"))
    wide = max(len(command) for command, _ in commands)
    for place, (command, why) in enumerate(commands):
        yield "" if place else "Next", f"{command:<{wide}}  {why}"
