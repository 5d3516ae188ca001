"""Spelling: what becomes what, and that every change can be undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.cleaning import Orthography
from vernacular.text.normalization import normalise_line
from vernacular.text.spelling import APOSTROPHES, Change, Speller, twins, undo

EVERYTHING = Orthography(apostrophe="'", replace={"sh": "ʃ", "ʃʃ": "", "w": "w\u0302", "'": "’"})
LINES = st.lists(st.one_of(st.text(), st.text("abswhе η ŋΑ'’ʼ‘ .ш한\u0301")).map(normalise_line), max_size=6)


def spelled(line: str, spelling: Orthography | None = None, script: str = "Latn") -> str:
    return Speller(spelling or Orthography(), script).apply([line])[0][0]


@pytest.mark.parametrize("script", ["Latn", "Cyrl", "Grek", "Ethi", "Hang"])
@given(LINES)
def test_every_change_can_be_undone(script: str, lines: list[str]) -> None:
    after, changes = Speller(EVERYTHING, script).apply(lines)
    for index, line in enumerate(after):
        assert undo(line, [change for change in changes if change.line == index]) == lines[index]
        assert line == normalise_line(line)
    changed = {change.line for change in changes}
    assert all(before == line for index, (before, line) in enumerate(zip(lines, after, strict=True))
               if index not in changed)


@given(LINES)
def test_a_batch_gives_what_its_lines_give(lines: list[str]) -> None:
    speller = Speller(EVERYTHING, "Latn")
    after, changes = speller.apply(lines)
    for index, line in enumerate(lines):
        assert speller.apply([line]) == ([after[index]],
                                         [change._replace(line=0) for change in changes if change.line == index])


@pytest.mark.parametrize("sign", APOSTROPHES)
def test_the_apostrophe_between_letters(sign: str) -> None:
    spelling = Orthography(apostrophe="ʼ")
    assert spelled(f"ng{sign}ombe {sign}apo{sign} 5{sign}6", spelling) == f"ngʼombe {sign}apo{sign} 5{sign}6"


def test_apostrophes_stay_where_none_is_chosen() -> None:
    assert Speller(Orthography(), "Latn").apply(["ng'ombe ng’ombe ngʼombe"]) == (["ng'ombe ng’ombe ngʼombe"], [])


@pytest.mark.parametrize(("line", "right"), [
    ("ηηamba maama", "ŋŋamba maama"),  # Greek eta for eng, as Luganda is often typed
    ("nyаmа", "nyama"),  # Cyrillic a
    ("gbε dɔ", "gbɛ dɔ"), ("Ηello", "Hello"), ("mbυ", "mbʋ"),
    ("Москва", "Москва"), ("λόγος", "λόγος"), ("β-carotene αbc", "β-carotene αbc"),  # no twin of these
    ("сосa", "сосa"),  # a Cyrillic word with a Latin letter in it: its script is ambiguous
    ("Ω 5", "Ω 5"),
])
def test_homoglyphs(line: str, right: str) -> None:
    assert spelled(line) == right


def test_homoglyphs_of_other_scripts_and_switched_off() -> None:
    assert spelled("мoлoко", script="Cyrl") == "молоко"
    assert spelled("λόγoς", script="Grek") == "λόγος"
    assert spelled("ሰላም hello", script="Ethi") == "ሰላም hello"
    assert spelled("nyаma", Orthography(homoglyphs=False)) == "nyаma"


def test_twins_look_the_same_both_ways() -> None:
    assert twins("Latn")["а"] == "a" and twins("Cyrl")["a"] == "а" and twins("Cyrl")["Α"] == "А"
    assert twins("Latn")["ε"] == "ɛ" and "ɛ" not in twins("Grek")
    assert twins("Arab") == {}


def test_the_map_is_applied_in_its_order_and_recorded() -> None:
    after, changes = Speller(Orthography(replace={"ch": "c", "cc": "tsh"}), "Latn").apply(["chch", "plain"])
    assert after == ["tsh", "plain"]
    assert changes == [Change(0, 0, "ch", "c", "replace"), Change(0, 1, "ch", "c", "replace"),
                       Change(0, 0, "cc", "tsh", "replace")]


def test_what_the_map_writes_is_in_normal_form() -> None:
    after, changes = Speller(Orthography(replace={"^": "\u0302"}), "Latn").apply(["w^a"])
    assert after == ["ŵa"] and undo("ŵa", changes) == "w^a"


def test_undo_refuses_another_line() -> None:
    with pytest.raises(ValueError, match="no 'b' at 0"):
        undo("x", [Change(0, 0, "a", "b", "replace")])
