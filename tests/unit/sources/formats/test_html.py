"""Saved web pages: only that they go through the extraction; that itself is tested in ``web``."""

from __future__ import annotations

from pathlib import Path

from vernacular.core.files import File
from vernacular.sources.formats import Options, read_texts

PAGE = """<html lang="fo"><head><title>Tíðindi</title></head><body><nav><a href="/">Forsíða</a></nav><main><article>
<h1>Góðan dag</h1>{}</article></main><footer>Copyright</footer></body></html>"""
PARAGRAPHS = "".join(f"<p>Hetta er ein long grein um føroyskt mál og mentan í Føroyum, og hon er nummar {n}.</p>"
                     for n in range(9))


def test_the_main_text_of_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE.format(PARAGRAPHS), encoding="utf-8")
    (tmp_path / "b.htm").write_bytes(PAGE.format(PARAGRAPHS).encode("cp1252"))
    utf8, = read_texts(File.at(tmp_path / "a.html"), "a.html")
    named, = read_texts(File.at(tmp_path / "b.htm"), "b.htm", Options(encoding="cp1252"))
    assert utf8.text == named.text and "føroyskt mál og mentan í Føroyum, og hon er nummar 8." in utf8.text
    assert "Copyright" not in utf8.text and utf8.whole
    assert utf8.flags == () and named.flags == ("encoding:cp1252",)


def test_a_page_without_text_holds_none(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<html><body></body></html>")
    assert list(read_texts(File.at(tmp_path / "a.html"), "a.html")) == []
