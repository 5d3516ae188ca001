"""Translations of programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources.formats import read_texts
from vernacular.sources.formats.po import plain_message

PO = r'''
msgid ""
msgstr ""
"Language: om\n"
"Content-Type: text/plain; charset=CHARSET\n"

msgid "_Open"
msgstr "_Banuu"

#, fuzzy
msgid "Close"
msgstr "fuzzy"

msgid "Save"
msgstr ""

msgid "Copy"
msgstr "Copy"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "faayilii %d"
msgstr[1] "faayiloota %d"

msgid "<b>Hello</b> %(name)s,\nyou &amp; me"
msgstr "<b>Akkam</b> %(name)s é,\nati &amp; ani"

#~ msgid "Old"
#~ msgstr "obsolete"
'''


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-8859-2"])
def test_translated_messages_alone(tmp_path: Path, charset: str) -> None:
    (tmp_path / "om.po").write_bytes(PO.replace("CHARSET", charset).encode(charset))
    text, = read_texts(File.at(tmp_path / "om.po"), "om.po")
    assert text.text.split("\n") == ["Banuu", "faayilii", "faayiloota", "Akkam é,", "ati & ani"]
    assert text.flags == (() if charset == "UTF-8" else ("encoding:iso-8859-2",)) and text.whole


@pytest.mark.parametrize(("translation", "source", "plain"), [
    ("F~aayilii", "~File", ["Faayilii"]), ("R&D stays", "research", ["R&D stays"]), ("開く(_O)", "_Open", ["開く"]),
    ("my_name", "my name", ["my_name"]), ("%1$s fi %2$s", "x", ["fi"]), ("{0} {count} $VAR %PRODUCTNAME a", "x", ["a"]),
    ("100% sirrii", "x", ["100% sirrii"]), ("50% dhuma", "x", ["50% dhuma"]), ("...", "x", [])])
def test_marks_and_placeholders_go(translation: str, source: str, plain: list[str]) -> None:
    assert plain_message(translation, source) == plain


def test_what_is_no_po_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.po").write_text("hello\n")
    (tmp_path / "b.po").write_text('msgid "a"\nmsgstr "b\nmsgid\n')
    for name in ("a.po", "b.po"):
        with pytest.raises(Problem, match="VN-DATA-FORMAT"):
            list(read_texts(File.at(tmp_path / name), name))
