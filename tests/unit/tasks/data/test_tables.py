"""CSV, TSV and JSON Lines: quotes, bad rows, columns, and Unicode's normal form."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vernacular import separated
from vernacular.errors import Problem
from vernacular.tasks.data.tables import read_jsonl, read_table

COLUMNS = {"text": "text", "label": "label"}
CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ['"', 'a "b" c', "a,b", "a\nb", '"a"', "é"])


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def table(text: str, delimiter: str = ",", quoted: bool | None = None) -> list[tuple[str, str]]:
    return [(row.fields["text"], row.fields["label"]) for row in read_table(text, "a", COLUMNS, delimiter, quoted)]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from([",", "\t"]))
def test_what_a_spreadsheet_writes_is_read(rows, delimiter) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *rows])
    wanted = [(nfc(text), nfc(label)) for text, label in rows if text.strip() or label.strip()]
    assert table(out.getvalue(), delimiter, quoted=True) == wanted


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(CELL.filter(lambda cell: "\n" not in cell and cell.strip()),
                          st.sampled_from(["a", "b"])), min_size=1, max_size=6))
def test_what_has_no_quotes_is_read(rows) -> None:
    text = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)
    assert table(text, "\t", quoted=False) == [(nfc(text), label) for text, label in rows]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_header_says_what_parts_the_cells(mark: str) -> None:
    text = f'label{mark}text\na{mark}"one, two; three"\nb{mark}four\n'
    assert table(text, separated.MARKS, quoted=True) == [("one, two; three", "a"), ("four", "b")]


def test_a_missing_column_is_missing_in_the_header_though_no_row_follows() -> None:
    with pytest.raises(Problem, match="Columns here: texte, label; name the right one") as caught:
        table("texte,label\n", separated.MARKS)
    assert caught.value.where == "a:1"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_header_in_capitals_is_what_is_wrong_whatever_parts_the_cells(mark: str) -> None:
    with pytest.raises(Problem, match=r"no column 'text'.*Columns here: Text, Label; name the right one"):
        table(f'Text{mark}Label\n"one, two"{mark}a\n', separated.MARKS, quoted=True)


def test_quotes_are_understood_where_one_reading_is_possible() -> None:
    assert table('text\tlabel\n"Moni," anatero\ta\n', "\t") == [('"Moni," anatero', "a")]
    assert table('text\tlabel\n"one\ntwo"\ta\n', "\t") == [("one\ntwo", "a")]
    assert table('text,label\n"one, two",a\n') == [("one, two", "a")]
    assert table("text\tlabel\nit's 5\" long\ta\n", "\t") == [("it's 5\" long", "a")]


def test_where_two_readings_differ_a_person_says_which() -> None:
    text = 'text\tlabel\nx\ta\n"Moni"\ta\n'
    with pytest.raises(Problem, match="with quotes around cells") as caught:
        table(text, "\t")
    assert caught.value.where == "a:3"
    assert table(text, "\t", True)[1] == ("Moni", "a") and table(text, "\t", False)[1] == ('"Moni"', "a")


@pytest.mark.parametrize(("text", "what", "where"), [
    ("text,label\nx\n", "1 cells", "a:2"), ("text,label\n\nx,a\ny,b,c\n", "3 cells", "a:4"),
    ('text,label\n"x,a\n', "cells|unexpected end", "a:2"), ("", "nothing stands in it", "a"),
    ("text,other\nx,a\n", "no column 'label' for its label", "a:1"),
    ("text,text,label\nx,y,a\n", "the same name 'text'", "a:1")])
def test_a_bad_row_is_named(text, what, where) -> None:
    with pytest.raises(Problem, match=what) as caught:
        table(text)
    assert caught.value.where == where


def test_columns_that_nobody_asks_for_may_be_called_alike() -> None:
    assert table("text,label,,\nx,a,,\ny,b,1,2\n") == [("x", "a"), ("y", "b")]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(CELL, st.lists(CELL, max_size=3)), min_size=1, max_size=5))
def test_json_lines(rows) -> None:
    text = "\n".join(json.dumps({"text": text, "label": labels}) for text, labels in rows)
    found = [(row.fields["text"], row.fields["label"]) for row in read_jsonl(text, "a", COLUMNS)]
    assert found == [(nfc(text), [nfc(label) for label in labels]) for text, labels in rows]


@pytest.mark.parametrize(("line", "what"), [("{", "not valid JSON"), ("[1]", "not a JSON object"),
                                            ('{"text": "x"}', "no column 'label'"),
                                            ('{"text": "x", "label": "a", "label": "b"}', "a key stands twice"),
                                            ('{"text": "x", "label": ["\\ud83d"]}', "half a character")])
def test_a_bad_line_is_named(line, what) -> None:
    with pytest.raises(Problem, match=what) as caught:
        list(read_jsonl('{"text": "x", "label": "a"}\n\n' + line, "a", COLUMNS))
    assert caught.value.where == "a:3"
