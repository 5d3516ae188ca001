"""Line n of one file goes with line n of the other, and a line without its other is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generate import write_language
from vernacular.config.load import load_language
from vernacular.config.tasks import Task
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.items import Row
from vernacular.datasets.labeled import rows_of
from vernacular.datasets.parallel import read_parallel, with_both_sides

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)


@given(pairs=st.lists(st.tuples(LINE, LINE), max_size=6))
def test_what_was_written_is_read(pairs):
    texts = ("".join(f"{pair[side]}\n" for pair in pairs) for side in (0, 1))
    found = [(row.fields["source"], row.fields["target"]) for row in read_parallel(*texts, "a", "b")]
    assert found == [tuple(unicodedata.normalize("NFC", side.strip()) for side in pair) for pair in pairs]


@pytest.mark.parametrize(("source", "target", "match"), [
    ("one\ntwo\n", "eins\n", "a: .*VN-DATA-JOIN"), ("", "eins", "a: .*VN-DATA-JOIN")])
def test_a_line_without_its_other_is_refused(source, target, match):
    with pytest.raises(Problem, match=match):
        list(read_parallel(source, target, "a", "b"))


def test_lines_that_are_empty_in_both_are_passed_over():
    wanted = [Row("a:1", {"source": "one", "target": "eins"}), Row("a:3", {"source": "three", "target": "drei"})]
    for source, target in (("one\n\nthree", "eins\n \ndrei\n"), ("one\n\nthree\n\n \n", "eins\n\ndrei"),
                           ("one\n\nthree\n", "eins\n\ndrei\n\n")):
        assert list(read_parallel(source, target, "a", "b")) == wanted


@pytest.mark.parametrize(("source", "target", "place"), [
    ("one\n\n", "eins\nzwei\n", "a:2"), ("one\ntwo", "eins\n \n", "b:2")])
def test_of_a_pair_with_an_empty_side_the_empty_line_is_its_place(source, target, place):
    assert [row.where for row in read_parallel(source, target, "a", "b")] == ["a:1", place]


@pytest.mark.parametrize(("empty", "refused"), [(1, False), (2, False), (3, True)])
def test_pairs_with_an_empty_side_are_left_out_up_to_a_share(empty: int, refused: bool) -> None:
    rows = [Row(f"a:{n}", {"source": f"mawu {n}", "target": "" if n <= empty else f"word {n}"}) for n in range(1, 41)]
    remarks, faults = [], Collector()
    assert len(with_both_sides(rows, 0.05, remarks, faults)) == 40 - empty
    assert [(remark.where, remark.number) for remark in remarks] == [("a:1", empty)]
    assert bool(faults) == refused


def files_task(folder, files: dict[str, str], named: bool = True) -> list[Row]:
    """The training rows of a folder with ``files``, whose endings are ``named`` or have to be seen."""
    for name, text in files.items():
        (folder / "languages" / "qaa" / name).write_text(text, encoding="utf-8")
    task = Task.model_validate({"kind": "sentence_retrieval", "data": {
        "kind": "files", "train": "train.*",
        **({"format": "parallel", "columns": {"source": "en", "target": "nya"}} if named else {})}})
    language = load_language(folder / "languages" / "qaa").model_copy(update={"tasks": {"pairs": task}})
    return list(rows_of(language, "pairs", "train", folder))


def test_two_files_are_one_part(tmp_path):
    write_language(tmp_path / "languages", documents=3)
    found = files_task(tmp_path, {"train.en": "one\ntwo\n", "train.nya": "imodzi\nziwiri\n", "train.2.en": "three",
                                  "train.2.nya": "zitatu"})
    assert [(row.where, row.fields["target"]) for row in found] == [
        ("qaa/train.2.en:1", "zitatu"), ("qaa/train.en:1", "imodzi"), ("qaa/train.en:2", "ziwiri")]


@pytest.mark.parametrize("endings", [("en", "qaa"), ("xh", "qaa"), ("en", "nya")])
def test_endings_that_are_no_format_are_those_of_two_languages(tmp_path, endings):
    write_language(tmp_path / "languages", documents=3)
    source, target = endings
    files = {f"train.{source}": "one\ntwo\n", f"train.{target}": "imodzi\nziwiri\n"}
    found = files_task(tmp_path, files, named=False)
    assert [row.fields for row in found] == [
        {"source": "one", "target": "imodzi"}, {"source": "two", "target": "ziwiri"}]


@pytest.mark.parametrize(("files", "match"), [
    ({"train.en": "one"}, "VN-DATA-MISSING"), ({"train.nya": "imodzi"}, "VN-DATA-MISSING"),
    ({"train.en": "one", "train.nya": "imodzi", "train.txt": "x"}, r"qaa/train.txt: .*VN-DATA-FORMAT")])
def test_a_file_without_its_other_is_refused(files, match, tmp_path):
    write_language(tmp_path / "languages", documents=3)
    with pytest.raises(Problem, match=match):
        files_task(tmp_path, files)
