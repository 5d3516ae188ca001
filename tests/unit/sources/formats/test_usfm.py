"""Scripture in USFM."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources.formats import read_texts
from vernacular.sources.formats.usfm import numbered_chapters

GENESIS = r"""\id GEN - test
\h Genesis
\mt1 GENESIS
\ip Introduction, not scripture.
\c 1
\cl Chapter 1
\s1 A heading
\r (Jn 1.1)
\p
\v 1 In the \nd LORD\nd*'s beginning\f + \fr 1:1 \ft A note \+nd here\+nd* too.\f* God made,
\q1 the heavens
\q2 and\x - \xo 1:1 \xt Jn 1.1\x* the earth .
\v 2-3 It was \w void|lemma="tohu"\w* and~empty, // \add and \+w dark|x="y"\+w*\add*.
\b
\m
\v 4 God \qt-s |sid="q1" who="God"\*said\qt-e |eid="q1"\* so.\fig A picture|src="a.jpg"\fig*
\c 2
\ca 3\ca*
\p \v 1 \vp 1b\vp* Next \k word\k* chapter.
\tr \tc1 left \tc2 right
"""


def test_verses_without_markers_notes_and_headings(tmp_path: Path) -> None:
    (tmp_path / "01.usfm").write_text(GENESIS)
    first, second = read_texts(File.at(tmp_path / "01.usfm"), "01.usfm")
    assert first.text.split("\n") == ["In the LORD's beginning God made, the heavens and the earth.",
                                      "It was void and empty, and dark.", "God said so."]
    assert (first.part, first.whole, first.title) == ("GEN.1", True, "Genesis 1")
    assert (second.part, second.text) == ("GEN.2", "Next word chapter. left right")


def test_what_was_never_closed_ends_with_its_verse() -> None:
    source = "\\id GEN\n\\c 1\n\\p\n\\v 1 one \\f + \\ft never closed\n\\v 2 two \\nd open\n\\p\n\\v 3 three\n"
    (_, _, verses), = numbered_chapters(source)
    assert [text for _, text in verses] == ["one", "two open", "three"]


def test_lines_without_paragraphs_several_books_and_unknown_markers() -> None:
    source = "\\id GEN\r\n\\c 1\r\n\\v 1 a \\zmine b\\zmine* c\r\n\\id EXO\r\n\\c 1\r\n\\v 1 d\r\n\\v 2\r\n"
    assert list(numbered_chapters(source)) == [("GEN", "1", [("1", "a b c")]), ("EXO", "1", [("1", "d")])]


def test_a_file_without_verses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sfm").write_text("just words\n")
    with pytest.raises(Problem, match="VN-DATA-EMPTY"):
        list(read_texts(File.at(tmp_path / "a.sfm"), "a.sfm"))
