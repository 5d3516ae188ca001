"""Formats with rows: what is written comes back."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources.formats import Options, Text, read_texts

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1,
               max_size=40).filter(lambda text: text.strip() != "" and not text.startswith("\ufeff"))


def texts(file: Path, **options: str) -> list[str]:
    return [text.text for text in read_texts(File.at(file), file.name, Options(**options))]


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_rows_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, written: list[str]) -> None:
    folder = tmp_path_factory.mktemp("read")
    (folder / "a.jsonl").write_text("".join(json.dumps({"id": 1, "text": text}) + "\n" for text in written))
    for name, separator in (("a.csv", ","), ("b.csv", ";"), ("c.tsv", "\t")):
        stream = io.StringIO()
        csv.writer(stream, delimiter=separator).writerows([["id", "text"], *[["1", text] for text in written]])
        (folder / name).write_text(stream.getvalue(), encoding="utf-8", newline="")
    (folder / "a.json").write_text(json.dumps(written), encoding="utf-8")
    parquet.write_table(pyarrow.table({"text": [*written, None], "n": [1] * (len(written) + 1)}), folder / "a.parquet")
    for name in ("a.jsonl", "a.csv", "b.csv", "c.tsv", "a.parquet"):
        assert texts(folder / name) == written
    assert texts(folder / "a.json") == ["\n".join(text.strip() for text in written)]


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_stray_quotation_mark_does_not_swallow_what_follows(tmp_path: Path, name: str, closed: bool) -> None:
    mark = "\t" if name == "a.tsv" else ","
    rows = [f"{number}{mark}line {number}" for number in range(20)]
    rows[6] = f'6{mark}"Bwera kuno, iye anati'
    rows[9] = f'9{mark}iye anati "bwera"' if closed else rows[9]
    (tmp_path / name).write_text("\n".join([f"id{mark}text", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(Problem, match=f"{name}:.*VN-DATA-"):
        texts(tmp_path / name)


def test_known_columns_come_along(tmp_path: Path) -> None:
    row = {"body": "words", "title": "T", "author": None, "date": "2024"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        found = list(read_texts(File.at(tmp_path / name), name, Options("body")))
        assert found == [Text("words", title="T", date="2024")]


def test_a_long_field_of_csv_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n" + "word " * 100_000 + "\n")
    assert len(texts(tmp_path / "a.csv")[0]) == 500_000


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv", "text\nMoni, ana onse\n"), ("a.csv", "id,text\n1,Moni, ana onse\n"), ("a.tsv", "text\nMoni\tonse\n")])
def test_no_text_is_cut_where_a_mark_is_in_it(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(Problem, match=rf"{name}:2: .*VN-DATA-FORMAT"):
        texts(tmp_path / name)


def test_two_readers_of_csv_that_take_turns_both_read_long_fields(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nshort\n")
    (tmp_path / "b.csv").write_text("text\nshort\n" + "word " * 100_000 + "\n")
    first, second = (read_texts(File.at(tmp_path / name), name, Options()) for name in ("a.csv", "b.csv"))
    assert next(first).text == next(second).text == "short"
    assert list(first) == []
    assert len(next(second).text) > 400_000


@pytest.mark.parametrize("content", [b"PAR1", b"", b"PAR1" + b"\0" * 50 + b"PAR1"])
def test_a_broken_parquet_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(Problem, match="VN-DATA-FORMAT"):
        texts(tmp_path / "a.parquet")


def test_parquet_with_text_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"text": ["words" * 9]}), tmp_path / "a.parquet", compression="none",
                        use_dictionary=False)
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole.replace(b"words" * 9, b"words" * 8 + b"\xa1ords"))
    with pytest.raises(Problem, match="VN-DATA-FORMAT"):
        texts(tmp_path / "a.parquet")


def test_a_missing_column_of_parquet_is_named(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"body": ["x"], "n": [1]}), tmp_path / "a.parquet")
    with pytest.raises(Problem, match=r"body, n;.*VN-DATA-COLUMN"):
        texts(tmp_path / "a.parquet")
    with pytest.raises(Problem, match=r"'n'.*VN-DATA-COLUMN"):
        texts(tmp_path / "a.parquet", text_field="n")


def test_a_column_may_be_a_number_where_the_header_does_not_name_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('field,field,field\n1,"kale, amo",x\n2,amo,y\n', encoding="utf-8")
    for field in (1, -2):
        assert [text.text for text in read_texts(File.at(path), "a", Options(field))] == ["kale, amo", "amo"]
    for field in (3, -4):
        with pytest.raises(Problem) as raised:
            list(read_texts(File.at(path), "a", Options(field)))
        assert raised.value.where == "a:1"
    path.write_text("field;field\n1;kale, amo\n", encoding="utf-8")  # the mark by which the header has so many columns
    assert [text.text for text in read_texts(File.at(path), "a", Options(1))] == ["kale, amo"]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a.jsonl", "a.json"])
def test_packed_files_read_as_the_files_they_hold(tmp_path: Path, name: str) -> None:
    content = {"a.txt": "kale\namo\n", "a.csv": "text,x\nkale,1\namo,2\n", "a.tsv": "text\tx\nkale\t1\namo\t2\n",
               "a.jsonl": '{"text": "kale"}\n{"text": "amo"}\n', "a.json": '["kale", "amo"]'}[name]
    (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content.encode(), mtime=0))
    assert texts(tmp_path / f"{name}.gz") == texts(tmp_path / name)


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv.gz", gzip.compress(b"text\n" + b"a" * 50_000_000, mtime=0)), ("a.csv.gz", b"text\nkale\n"),
    ("a.csv.gz", gzip.compress(b"text\nkale\n" * 999, mtime=0)[:-9]), ("a.tar.gz", gzip.compress(b"kale", mtime=0)),
    ("a.parquet.gz", gzip.compress(b"PAR1", mtime=0)), ("a.gz", gzip.compress(b"kale", mtime=0))])
def test_what_is_packed_badly_or_too_well_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem) as raised:
        list(read_texts(File.at(tmp_path / name), name))
    assert raised.value.where == name and raised.value.fix


@pytest.mark.parametrize("kind", [pyarrow.timestamp("s"), pyarrow.timestamp("ms", tz="Nowhere/At-all")])
def test_a_date_that_python_cannot_hold_is_a_problem(tmp_path: Path, kind: pyarrow.DataType) -> None:
    dates = pyarrow.array([2**40], kind)
    parquet.write_table(pyarrow.table({"text": ["a"], "date": dates}), tmp_path / "a.parquet")
    with pytest.raises(Problem, match="VN-DATA-FORMAT"):
        texts(tmp_path / "a.parquet")
