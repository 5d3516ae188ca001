"""CSV, TSV and JSON Lines: quotes, bad rows, columns, and Unicode's normal form."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vernacular.config.tasks import OTHER_NAMES
from vernacular.core import delimited as separated
from vernacular.core.errors import Problem
from vernacular.datasets.notes import DataNote
from vernacular.datasets.tables import read_jsonl, read_table

COLUMNS = {"text": "text", "label": "label"}
NAMES = {role: [role, *OTHER_NAMES[role]] for role in COLUMNS}
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
    with pytest.raises(Problem, match="VN-DATA-COLUMN") as caught:
        table("texte,label\n", separated.MARKS)
    assert caught.value.where == "a:1"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["Text|Label", "category|tweet", "id|LABEL|sentence", "label|text|category"])
def test_columns_are_found_by_what_they_are_usually_called(mark: str, header: str) -> None:
    names = header.split("|")
    cells = {"text": "one two", "label": "a"}
    role = {name: "text" if name.lower() in ("text", "tweet", "sentence") else "label" for name in names}
    row = [cells[role[name]] if name not in ("id", "category") or "label" not in names else "9" for name in names]
    remarks: list[DataNote] = []
    found = list(read_table(f"{mark.join(names)}\n{mark.join(row)}\n", "a", NAMES, separated.MARKS, None, remarks))
    assert [each.fields for each in found] == [cells]
    assert bool(remarks) == (not {"text", "label"} <= {*names})


def test_a_column_that_may_be_one_of_two_is_asked_for() -> None:
    with pytest.raises(Problem, match=r"category.*topic.*VN-DATA-COLUMN"):
        list(read_table("text,category,topic\nx,a,b\n", "a", NAMES, separated.MARKS, None))


ROWS = [f"mawu a nambala {number}" for number in range(12)]


@pytest.mark.parametrize("turned", [False, True])
def test_a_file_without_a_header_is_read_where_one_column_holds_labels(turned: bool) -> None:
    text = "\n".join("\t".join([label, row] if turned else [row, label])
                     for row, label in zip(ROWS, "abcabcabcabc", strict=True))
    remarks: list[DataNote] = []
    found = list(read_table(text, "a", NAMES, "\t", None, remarks))
    assert [(row.fields["text"], row.fields["label"]) for row in found] == list(zip(ROWS, "abcabcabcabc", strict=True))
    assert [remark.code for remark in remarks] == ["no_header"]


@pytest.mark.parametrize("text", [
    "mawu\tgulu\n" + "".join(f"{row}\ta\n" for row in ROWS),  # a header in another language
    "".join(f"{row}\t{row} b\n" for row in ROWS),  # no column of labels
    "".join(f"a\t{'ab'[number % 2]}\n" for number in range(12)),  # two of them
    "one\ta\ntwo\ta\n"])
def test_a_header_that_names_no_column_is_refused_where_it_may_be_one(text: str) -> None:
    with pytest.raises(Problem) as caught:
        list(read_table(text, "a", NAMES, "\t", None))
    assert caught.value.where == "a:1"


def test_columns_by_number_are_those_of_a_file_without_a_header() -> None:
    rows = "".join(f"{number}\t{'ab'[number % 2]}\tmawu {number}\n" for number in range(12))
    for text in (rows, "nr\tgulu\tmawu\n" + rows):
        found = list(read_table(text, "a", {"text": [-1], "label": [1]}, "\t", None))
        assert [row.fields["label"] for row in found] == list("abababababab") and len(found) == 12
    with pytest.raises(Problem, match="VN-DATA-COLUMN"):
        list(read_table(rows, "a", {"text": [3], "label": [1]}, "\t", None))


def test_quotes_are_understood_where_one_reading_is_possible() -> None:
    assert table('text\tlabel\n"Moni," anatero\ta\n', "\t") == [('"Moni," anatero', "a")]
    assert table('text\tlabel\n"one\ntwo"\ta\n', "\t") == [("one\ntwo", "a")]
    assert table('text,label\n"one, two",a\n') == [("one, two", "a")]
    assert table("text\tlabel\nit's 5\" long\ta\n", "\t") == [("it's 5\" long", "a")]


@pytest.mark.parametrize(("cells", "wanted"), [
    (['"Anati ""moni"" dzulo."', "palibe"], ['Anati "moni" dzulo.', "palibe"]),  # as csv writes it
    (['"Moni" anatero', "palibe"], ['"Moni" anatero', "palibe"]),
    (['"Moni"', "palibe"], ['"Moni"', "palibe"]),  # csv puts no quotes around what needs none
    (['"Moni"', '"palibe"'], ["Moni", "palibe"]),  # unless around a whole column
    (['"Anati ""moni"" dzulo."', 'kale "moni"'], ['"Anati ""moni"" dzulo."', 'kale "moni"'])])  # csv quotes all of them
def test_what_quotes_mean_is_seen_from_the_file(cells: list[str], wanted: list[str]) -> None:
    header = '"text"\tlabel' if all(cell[0] == '"' == cell[-1] for cell in cells) else "text\tlabel"
    text = "\n".join([header, *(f"{cell}\ta" for cell in cells)])
    remarks: list[DataNote] = []
    found = [row.fields["text"] for row in read_table(text, "a", NAMES, "\t", None, remarks)]
    assert found == wanted


def test_how_quotes_were_read_is_counted_where_the_other_reading_differs() -> None:
    for cell, quoted in (('"Anati ""moni"" dzulo."', True), ('"Moni"', False)):
        remarks: list[DataNote] = []
        text = f"text\tlabel\nx\ta\n{cell}\ta\n{cell}\tb\n"
        rows = list(read_table(text, "a", NAMES, "\t", None, remarks))
        assert [(remark.code, remark.where, remark.number) for remark in remarks] == [("rows_with_quotes", "a:3", 2)]
        assert rows == list(read_table(text, "a", NAMES, "\t", quoted))


def test_where_two_readings_have_other_rows_a_person_says_which() -> None:
    text = 'text\tlabel\nx\ta\n"Moni\ta\nnonse"\ta\n'  # one cell with a tab and a line break in it, or two rows
    with pytest.raises(Problem) as caught:
        table(text, "\t")
    assert caught.value.where == "a:3"
    assert len(table(text, "\t", True)) == 2 and len(table(text, "\t", False)) == 3


@pytest.mark.parametrize(("text", "what", "where"), [
    ("text,label\nx\n", "VN-DATA-FORMAT", "a:2"), ("text,label\n\nx,a\ny,b,c\n", "VN-DATA-FORMAT", "a:4"),
    ('text,label\n"x,a\n', "VN-DATA-FORMAT", "a:2"), ("", "VN-DATA-EMPTY", "a"),
    ("text,other\nx,a\n", "VN-DATA-COLUMN", "a:1"),
    ("text,text,label\nx,y,a\n", "VN-DATA-COLUMN", "a:1")])
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


@pytest.mark.parametrize(("line", "what"), [("{", "VN-DATA-FORMAT"), ("[1]", "VN-DATA-FORMAT"),
                                            ('{"text": "x"}', "'label'.*VN-DATA-COLUMN"),
                                            ('{"text": "x", "label": "a", "label": "b"}', "VN-DATA-FORMAT"),
                                            ('{"text": "x", "label": ["\\ud83d"]}', "VN-DATA-FORMAT")])
def test_a_bad_line_is_named(line, what) -> None:
    with pytest.raises(Problem, match=what) as caught:
        list(read_jsonl('{"text": "x", "label": "a"}\n\n' + line, "a", COLUMNS))
    assert caught.value.where == "a:3"
