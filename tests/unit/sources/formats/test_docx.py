"""Word documents."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from docx.oxml.ns import nsdecls

from tests.unit.sources.formats.word_file import write
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources.formats import read_texts


def test_paragraphs_tables_and_changes(tmp_path: Path) -> None:
    write(tmp_path / "a.docx")
    text, = read_texts(File.at(tmp_path / "a.docx"), "a.docx")
    assert text.text.split("\n") == ["Mutu", "one bold inserted linked", "left", "right", "line one", "line two"]
    assert (text.title, text.author, text.whole) == ("Title", "Author", True)


def test_footnotes_come_last(tmp_path: Path) -> None:
    write(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx") as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    parts["word/footnotes.xml"] = (f"<w:footnotes {nsdecls('w')}><w:footnote w:id='1'><w:p><w:r><w:t>a note</w:t></w:r>"
                                   "</w:p></w:footnote></w:footnotes>").encode()
    parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
        b"</Relationships>", f'<Relationship Id="rId99" Type="{relations}" Target="footnotes.xml"/></Relationships>'
        .encode())
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"</Types>", f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'.encode())
    with zipfile.ZipFile(tmp_path / "b.docx", "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    text, = read_texts(File.at(tmp_path / "b.docx"), "b.docx")
    assert text.text.endswith("line two\na note")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx", "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/media/bomb.bin", b"\0" * 50_000_000)
    with pytest.raises(Problem, match="VN-FILE-SIZE"):
        list(read_texts(File.at(tmp_path / "a.docx"), "a.docx"))


@pytest.mark.parametrize(("content", "what"), [
    (b"PK", "VN-DATA-FORMAT"), (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "VN-DATA-FORMAT")])
def test_what_is_none_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.docx").write_bytes(content)
    with pytest.raises(Problem, match=what):
        list(read_texts(File.at(tmp_path / "a.docx"), "a.docx"))


def test_a_zip_without_a_document_and_a_document_without_xml_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as packed:
        packed.writestr("x", "y")
    write(tmp_path / "c.docx")
    with zipfile.ZipFile(tmp_path / "c.docx") as old, zipfile.ZipFile(tmp_path / "b.docx", "w") as packed:
        for name in old.namelist():
            packed.writestr(name, b"<broken" if name == "word/document.xml" else old.read(name))
    for name in ("a.docx", "b.docx"):
        with pytest.raises(Problem, match="VN-DATA-FORMAT"):
            list(read_texts(File.at(tmp_path / name), name))
