"""PDF: small files are written here by hand, as no package that writes PDF is needed otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources.formats import read_texts
from vernacular.sources.formats.pdf import paragraphs, without_edges


def write_pdf(path: Path, pages: list[list[str]]) -> None:
    """A PDF with a line of Latin-1 text for each string, 14 points apart."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>",
               f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    for number, lines in enumerate(pages):
        shown = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
        stream = f"BT /F1 10 Tf 14 TL 50 800 Td {' '.join(f'({line}) Tj T*' for line in shown)} ET" if lines else ""
        objects += [f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R "
                    "/Resources << /Font << /F1 3 0 R >> >> >>",
                    f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    out += (f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
            f"startxref\n{len(out)}\n%%EOF\n").encode()
    path.write_bytes(out)


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
    for name, what in (("scan", "no text layer.*OCR"), ("locked", "locked with a password"),
                       ("ruin", "not a PDF that can be read|no text layer"), ("none", "not a PDF")):
        with pytest.raises(Problem, match=what):
            list(read_texts(File.at(tmp_path / f"{name}.pdf"), name))


def test_letters_that_no_font_explains_are_refused(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [["(cid:12)(cid:13) some words"]])
    with pytest.raises(Problem, match="fonts do not say"):
        list(read_texts(File.at(tmp_path / "a.pdf"), "a.pdf"))
