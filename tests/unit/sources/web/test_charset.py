"""Bytes of pages: characters come back, wrong declarations are seen through, and riddles are refused."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.core.errors import Problem
from vernacular.sources.web.charset import decode_page

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)), max_size=200)


@given(TEXT, st.sampled_from(["utf-8", "iso-8859-1", "windows-1251", "nonsense", ""]))
def test_utf8_is_utf8_whatever_is_declared(text: str, declared: str) -> None:
    data = f"<p>ŋ {text}".encode()
    assert decode_page(data, f"text/html; charset={declared}").text == f"<p>ŋ {text}"


@given(st.text(alphabet="abcdefghijklmnop éèàùçêîôûœ“”–\n", min_size=1, max_size=300))
def test_a_declared_encoding_is_believed_where_it_fits(text: str) -> None:
    data = f'<meta charset="windows-1252"><p>é {text}'.encode("cp1252")
    assert decode_page(data).text.endswith(text)


def test_byte_order_marks_and_wide_encodings() -> None:
    for encoding in ("utf-16", "utf-8-sig", "utf-32"):
        assert decode_page("<p>ŵanthu".encode(encoding)).text.lstrip("\ufeff") == "<p>ŵanthu"
    assert decode_page(codecs.BOM_UTF8 + b"<p>a").text == "<p>a"


def test_the_page_is_believed_before_a_servers_default() -> None:
    data = '<meta charset="windows-1251"><p>хальмг келн'.encode("windows-1251")
    assert "хальмг" in decode_page(data, "text/html; charset=ISO-8859-1").text


def test_a_wrong_declaration_is_noted() -> None:
    assert decode_page("<p>ŵ".encode(), "text/html; charset=latin-1").contradicted
    assert not decode_page(b"<p>w", "text/html; charset=latin-1").contradicted
    assert not decode_page("<p>ŵ".encode(), "text/html; charset=utf-8").contradicted


def test_few_damaged_bytes_are_marked_and_many_are_refused() -> None:
    good = "ŵ" * 3000
    found = decode_page(good.encode() + b"\xff" + good.encode(), "text/html; charset=utf-8")
    assert found.damaged == 1 and found.text == f"{good}\ufffd{good}"
    with pytest.raises(Problem, match="VN-DATA-ENCODING"):
        decode_page(b"<p>" + bytes(range(128, 256)) * 20, "text/html; charset=utf-8", "here")


def test_binary_data_is_refused() -> None:
    with pytest.raises(Problem, match="VN-DATA-ENCODING"):
        decode_page(b"PK\x03\x04\0\0\0")
