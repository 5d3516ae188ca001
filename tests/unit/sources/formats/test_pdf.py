"""PDF: small files are written here by hand, as no package that writes PDF is needed otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from tests.unit.sources.formats.pdf_file import write_pdf
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources.formats import read_texts
from vernacular.sources.formats.pdf import paragraphs, without_edges

PAGES = [["Malawi News 2024",
          f"{word} ambiri anasonkhana pa bwalo la mpira kuti aone masewe-",
          f"ro a {word} yawo yomwe imasewera bwino kwambiri m'dziko lino la",
          "Malawi.",
          f"Ndime ya {word} ikuyamba apa ndipo ikupitirira patsamba lotsa-",
          f"{word} mathero a tsambali.",
          str(number + 1)] for number, word in enumerate(["Anthu", "Ana", "Amayi", "Abambo"])]


def test_paragraphs_across_pages_without_running_heads(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", PAGES)
    text, = read_texts(File.at(tmp_path / "a.pdf"), "a.pdf")
    lines = text.text.split("\n")
    assert lines[0] == ("Anthu ambiri anasonkhana pa bwalo la mpira kuti aone masewero a Anthu yawo yomwe imasewera "
                        "bwino kwambiri m'dziko lino la Malawi.")
    assert "Malawi News" not in text.text and not any(line.isdigit() for line in lines) and text.whole


def test_lines_join_to_paragraphs() -> None:
    full = "x" * 60
    assert paragraphs([full, "word.", "New one"]) == [f"{full} word.", "New one"]
    assert paragraphs([f"{full} semi-", "final well-", "known", "and well-known here"]) == [
        f"{full} semifinal well-known and well-known here"]
    assert paragraphs([f"{full}", "- item one", "- item two"]) == [full, "- item one", "- item two"]
    assert paragraphs(["日本語のテキストは空白なしで", "続く。"]) == ["日本語のテキストは空白なしで続く。"]


def test_only_what_repeats_at_the_edges_goes() -> None:
    pages = [["Head", "a", f"same in the middle {n}", "b", f"Page {n}"] for n in range(5)]
    assert list(without_edges([[*page[:1], "u", "v", *page[1:4], "w", "z", *page[4:]] for page in pages]))[:7] == [
        "v", "a", "same in the middle 0", "b", "w", "v", "a"]  # u and z repeat too, on each second line


def test_pictures_locks_and_ruins_are_refused(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", [[], []])
    write_pdf(tmp_path / "plain.pdf", PAGES)
    writer = PdfWriter(clone_from=PdfReader(tmp_path / "plain.pdf"))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    (tmp_path / "ruin.pdf").write_bytes((tmp_path / "plain.pdf").read_bytes()[:300])
    (tmp_path / "none.pdf").write_bytes(b"hello")
    for name, what in (("scan", "OCR.*VN-DATA-FORMAT"), ("locked", "VN-DATA-FORMAT"),
                       ("ruin", "VN-DATA-FORMAT"), ("none", "VN-DATA-FORMAT")):
        with pytest.raises(Problem, match=what):
            list(read_texts(File.at(tmp_path / f"{name}.pdf"), name))


def test_letters_that_no_font_explains_are_refused(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [["(cid:12)(cid:13) some words"]])
    with pytest.raises(Problem, match="VN-DATA-FORMAT"):
        list(read_texts(File.at(tmp_path / "a.pdf"), "a.pdf"))
