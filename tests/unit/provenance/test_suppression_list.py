"""The suppression list: what counts as the same line, text, page; and that it is read whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.sources import FilesSource
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.provenance.document import make_document
from vernacular.provenance.suppression_list import FILE, Suppressions, append_row, folded, line_digest, url_digest

LINE = "Ng\u2019ombe zanga zinapita kumsika dzulo m\u2019mawa kwambiri, é!"
SOURCE = FilesSource.model_validate({"name": "text", "kind": "files", "files": "*", "licence": "CC0-1.0",
                                     "consent": "contributor", "register": "news"})


def suppressions(folder: Path, **row: list[str]) -> Suppressions:
    append_row(File.at(folder / FILE), row)
    return Suppressions.of(folder)


def test_a_line_is_known_whatever_cleaning_does_to_it() -> None:
    digest = line_digest(LINE)
    assert digest is not None
    for other in (LINE.upper(), unicodedata.normalize("NFD", LINE), LINE.replace("\u2019", "'"), f"  {LINE}\t",
                  LINE.replace("\u2019", "\u02bc"), f"* {LINE} *", LINE.replace(",", "")):
        assert line_digest(other) == digest
    assert line_digest(LINE.replace("dzulo", "lero")) != digest


@pytest.mark.parametrize("short", ["", "Moni!", "one two three four five six seven", "- - - - - - - - - -"])
def test_a_short_line_is_anyones(short: str) -> None:
    assert line_digest(short) is None


def test_a_line_without_spaces_is_long_by_its_letters() -> None:
    assert line_digest("\u0f40\u0f0b" * 45) is not None  # Tibetan parts syllables with a tsheg
    assert line_digest("\u4e00" * 45) is not None and line_digest("\u4e00" * 20) is None
    syllables = "\u0f40\u0f0b\u0f41\u0f72\u0f0b\u0f42\u0f44\u0f0b" * 4  # twelve, and 24 letters and marks
    assert line_digest(syllables) is not None and line_digest(syllables[:16]) is None


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing_and_the_digest_follows_it(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    if line_digest(text) is not None and len(once) >= 40:
        assert line_digest(once) == line_digest(text)


@pytest.mark.parametrize("same", ["http://example.org/a/b?x=1", "https://www.example.org/a/b/?x=1#part",
                                  "HTTPS://EXAMPLE.org/a/b?x=1", "https://example.org:443/a/b?x=1"])
def test_a_page_has_many_spellings(same: str) -> None:
    assert url_digest(same) == url_digest("https://example.org/a/b?x=1")
    assert url_digest(same) != url_digest("https://example.org/a/b?x=2")


def test_what_is_covered(tmp_path: Path) -> None:
    one = make_document(SOURCE, "a.txt", "one")
    page = make_document(SOURCE, "https://example.org/a", "two", whole=True)
    part = make_document(SOURCE, "https://example.org/a", "three")
    none = Suppressions.of(tmp_path)
    assert not any(none.covers(document) for document in (one, page, part)) and not none.covers_url("x")
    assert suppressions(tmp_path, ids=[one.id]).covers(one)
    assert Suppressions(texts=frozenset([one.raw_digest])).covers(make_document(SOURCE, "b.txt", "one"))
    by_url = Suppressions(urls=frozenset([url_digest("http://example.org/a/")]))
    assert by_url.covers(page) and by_url.covers_url("https://example.org/a") and not by_url.covers(part)
    assert Suppressions(sources=frozenset(["text"])).covers(one)


def test_lines_leave_other_texts_and_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    found = suppressions(tmp_path, lines=[str(line_digest(LINE))])
    assert found.without_lines(f"before\n{LINE.upper()}\nafter") == "before\nafter"
    assert found.without_lines(LINE) == ""
    other = "before\n\nafter"
    assert found.without_lines(other) is other


def test_each_row_changes_the_version(tmp_path: Path) -> None:
    seen = {Suppressions.of(tmp_path).version()}
    for row in ({"ids": ["a"]}, {"urls": ["a"]}, {"lines": ["a"]}, {"texts": ["a"]}, {"sources": ["a"]}):
        seen.add(suppressions(tmp_path, **row).version())
    assert len(seen) == 6


@pytest.mark.parametrize("row", ["{", "[]", '"x"', '{"ids": "abc"}', '{"ids": [[]]}', '{"ids": null}',
                                 '{"ids": [1, "a"]}', '{"urls": [null]}'])
def test_a_damaged_list_stops_everything(tmp_path: Path, row: str) -> None:
    append_row(File.at(tmp_path / FILE), {"ids": ["a"]})
    with (tmp_path / FILE).open("a") as stream:
        stream.write(row + "\n")
    with pytest.raises(Problem, match=r"takedowns\.jsonl:2: .*VN-DATA-FORMAT"):
        Suppressions.of(tmp_path)


def test_of_many_that_write_at_once_no_row_is_lost(tmp_path: Path) -> None:
    write = ("import sys; from pathlib import Path; from vernacular.provenance.suppression_list import append_row\n"
             "from vernacular.core.files import File\n"
             "for number in range(40): append_row(File.at(Path(sys.argv[1])), {'ids': [f'{sys.argv[2]} {number}']})")
    both = [subprocess.Popen([sys.executable, "-c", write, str(tmp_path / FILE), name]) for name in "ab"]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(Suppressions.of(tmp_path).ids) == 80


def test_a_row_is_appended_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text('{"ids": ["a"]}')  # an editor left out the last line feed
    append_row(File.at(path), {"ids": ["b"]})
    assert [json.loads(line)["ids"] for line in path.read_text().splitlines()] == [["a"], ["b"]]
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
