"""The one screen of ``vernacular report``: how large it is, which rows, what is red, what is next."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.unit.release.made_up import NAME, edited, made_up_reports, put, put_release
from vernacular.catalog import stages_of
from vernacular.config.schema import Language
from vernacular.core.report import Gate
from vernacular.core.store import Store
from vernacular.release.headline import MOST_ROWS, rows
from vernacular.release.result_models import CurrentResults
from vernacular.release.searching import EMBED
from vernacular.release.stage_results import ModelCheck
from vernacular.reporting.full_report import print_table, results
from vernacular.reporting.terminal import FAMILIES, WIDTH, print_screen, red_lines

PAGE = Path("/a/page.html")


def screen(found: CurrentResults, **console: Any) -> str:
    out = io.StringIO()
    print_screen(found, PAGE, Console(file=out, **console))
    return out.getvalue()


def first_command(found: CurrentResults) -> str:
    """What the screen names as next."""
    return next(line.split()[2] for line in screen(found).splitlines() if line.startswith("Next "))


def made(language: Language, folder: Path, release: bool = True) -> CurrentResults:
    store, reports = Store(folder), made_up_reports()
    put(store, language, reports)
    if release:
        put_release(store, language, reports)
    return results(store, language, NAME, stages_of(language))


def test_it_is_one_screen_of_plain_text_without_a_terminal(language: Language, tmp_path: Path) -> None:
    text = screen(made(language, tmp_path))
    lines = text.splitlines()
    assert len(lines) <= 40
    assert all(len(line) <= WIDTH or "/" in line for line in lines)
    assert "\x1b" not in text
    for phrase in ("11,000", "1.90", "0.620", str(PAGE), str(tmp_path), "--full"):
        assert phrase in text


def test_search_comes_first_where_a_release_can_search(language: Language, tmp_path: Path) -> None:
    found = made(language, tmp_path)
    assert "vernacular search" not in screen(found)
    found = found.model_copy(update={
        "loads": {EMBED: ModelCheck(items=1, same=1, difference=0)}, "missing": [], "changed": []})
    assert first_command(found) == "search"
    found = found.model_copy(update={"changed": ["corpus/clean (text)"]})
    assert first_command(found) == "run"


def test_it_stays_one_screen_with_all_rows_and_everything_red(language: Language, tmp_path: Path) -> None:
    def redden(found: Any) -> None:
        for number in range(9):
            found["tasks"][f"a_task_with_a_long_name_{number}"] = found["tasks"]["names"]
        for stage, gates in found["gates"].items():
            gates += [{"name": f"{stage.split('/')[1]}_{number}", "passed": False, "reason": "r" * 300}
                      for number in range(9)]
        for gate in found["release_gates"]:
            gate["passed"] = False

    found = edited(made(language, tmp_path), redden)
    assert len(rows(found)) == MOST_ROWS
    for terminal in (False, True):
        lines = screen(found, force_terminal=terminal, width=WIDTH, color_system=None).splitlines()
        assert len(lines) <= 45
        assert all(len(line) <= WIDTH or "/" in line for line in lines)
    assert len(red_lines(found)) == len(FAMILIES) + 1 == 5


def test_red_checks_are_counted_and_the_first_are_named(language: Language, tmp_path: Path) -> None:
    found = made(language, tmp_path)
    groups = dict(red_lines(found))
    assert [*groups] == ["behavior", "not publishable"]
    assert groups["behavior"].startswith("1 of 1 tests red (spaces)")
    assert "no speaker reviewed a test" in groups["not publishable"]

    def redden(data: Any) -> None:
        data["sources"][0]["licence"] = "unverified"
        data["release_gates"][0]["passed"] = False

    found = edited(found, redden)
    assert f"licence of {found.sources[0].name} unverified" in dict(red_lines(found))["not publishable"]

    def settle(data: Any) -> None:
        data["waivers"] = [{"gate": gate.name, "model": NAME, "said": "", "by": "Ada", "reason": "for this test",
                            "date": ""} for gate in found.release_gates]
        data["behaviour"]["tests"]["spaces"]["reviewed"] = "by a speaker"

    found = edited(found, settle)
    assert "not publishable" not in dict(red_lines(found))


def test_what_is_next_follows_from_what_there_is(language: Language, tmp_path: Path) -> None:
    whole = made(language, tmp_path / "whole")
    assert whole.changed and "vernacular run qaa" in screen(whole)
    assert "vernacular try qaa" in screen(whole.model_copy(update={"changed": [], "missing": []}))
    unfinished = screen(made(language, tmp_path / "part", release=False).model_copy(update={"missing": []}))
    assert "vernacular run qaa" in unfinished and f"release/{NAME}" in unfinished
    store = Store(tmp_path / "begun")
    put(store, language, {"corpus/clean": made_up_reports()["corpus/clean"]})
    begun = screen(results(store, language, NAME, stages_of(language)))
    assert "vernacular run qaa" in begun and "11,000" in begun


def test_text_of_data_cannot_move_the_cursor(language: Language, tmp_path: Path) -> None:
    found = made(language, tmp_path)

    def spoil(data: Any) -> None:
        data["language"]["name"] = "In\x1b[2Jvented [bold]"
        data["gates"]["corpus/splits"].append({"name": "bad\x1b[1A", "passed": False, "reason": ""})

    found = edited(found, spoil)
    text = screen(found)
    assert "\x1b" not in text
    assert "\\u001b[2J" in text and "[bold]" in text and "bad\\u001b[1A" in text


def test_every_red_check_is_in_the_full_report_with_its_reason(language: Language, tmp_path: Path) -> None:
    store, reports, out = Store(tmp_path), made_up_reports(), io.StringIO()
    reports["corpus/splits"].gates.append(Gate(name="enough", passed=False, reason="only 3 [b]lines[/]", blocking=True))
    put(store, language, reports)
    print_table(results(store, language, NAME, stages_of(language)), Console(file=out))
    row, = (line for line in out.getvalue().splitlines() if "enough" in line)
    assert "corpus/splits" in row and "only 3 [b]lines[/]" in row
