"""Decoding: what comes out is what went in, or a refusal; never another string."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from vernacular.core.errors import Problem
from vernacular.sources.formats.encoding import codec_of, declared, decode

ANY = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=60)
LETTERS = {
    "windows-1252": "abcdeTGáàâäãåçéèêëíìîïñóòôöõøßúùûüýÿÆæÐðÞþ’–«»",
    "iso8859-1": "abcdeTGáàâäãåçéèêëíìîïñóòôöõøßúùûüýÿÆæÐðÞþ«»",
    "windows-1250": "abcdeTGáâäăąćčçďđéěęëíîĺľłńňóôőöŕřśšşťţúůűüýźžż",
    "iso8859-2": "abcdeTGáâäăąćčçďđéěęëíîĺľłńňóôőöŕřśšşťţúůűüýźžż",
    "iso8859-4": "abcdeTGāēģīķļņōŗūąčęėįšųžäöõüđŋ",
    "iso8859-9": "abcdeTGçğıİöşüâîû",
    "iso8859-10": "abcdeTGáâäåæčđéëíîïŋóôöøšŧúûüýžþð",
    "iso8859-13": "abcdeTGąčęėįšųūžāēģīķļņõäöü",
    "iso8859-14": "abcdeTGŵŷẁẃẅỳḃċḋḟġṁṗṡṫâêîôû",
    "iso8859-15": "abcdeTGáàâäãåçéèêëíœŒŸžŽšŠ€",
    "windows-1257": "abcdeTGąčęėįšųūžāēģīķļņõäöü",
    "windows-1251": "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГЕПРСїієґўћђ",
    "koi8-r": "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГЕПРС",
    "iso8859-5": "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГЕПРСђћџ",
    "cp866": "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГЕПРС",
    "windows-1253": "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώΑΒΓ",
    "windows-1255": "אבגדהוזחטיכלמנסעפצקרשת",
    "windows-1256": "ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگ،؟",
    "cp874": "กขคงจฉชซญดตถทธนบปผฝพฟมยรลวศสหอะาิีึืุูเแโใไ",
    "gb18030": "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出",
    "cp932": "のにはをたがでてとしれさあるいなもっからアイウエオ日本語漢字",
    "euc-jp": "のにはをたがでてとしれさあるいなもっからアイウエオ日本語漢字",
    "big5": "的一是不了人我在有他這為之大來以個中上們到說國和地也子時道出",
    "cp949": "가나다라마바사아자차카타파하이그는을를에의한국어",
    "mac-roman": "abcdeTGáàâäãåçéèêëíìîïñóòôöõøßúùûüÿÆæ’–«»",
    "cp850": "abcdeTGáàâäãåçéèêëíìîïñóòôöõøßúùûü",
    "utf-16": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ",
    "utf-16-le": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ",
    "utf-16-be": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ",
    "utf-32": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ😀",
    "utf-32-le": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ😀",
    "utf-32-be": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ😀",
    "utf-8": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ😀",
    "utf-8-sig": "abcŵŷãéäßбвгdאבגابتกขคのに漢字ሀለሐᱚᱛ😀",
}


@pytest.mark.parametrize("encoding", LETTERS)
@given(data=st.data())
def test_text_in_any_encoding_comes_back_or_is_refused(encoding: str, data: st.DataObject) -> None:
    words = st.lists(st.text(alphabet=LETTERS[encoding], min_size=1, max_size=9), min_size=1, max_size=12)
    text = data.draw(words.map(" ".join)) + "\n"
    raw = text.encode(encoding)
    if "utf" not in encoding and not text.isascii():
        assume(not _is_utf8(raw))  # a few bytes can be valid UTF-8 by accident; a text is not
    try:
        assert decode(raw, "x")[0] == text
    except Problem:
        assert "utf" not in encoding


@given(ANY.filter(lambda text: not text.startswith("\ufeff")), st.sampled_from(["utf-8", "utf-8-sig", "utf-32"]))
@example("ÿþab", "utf-8")
def test_any_text_survives_utf_8_and_utf_32(text: str, encoding: str) -> None:
    try:
        assert decode(text.encode(encoding), "x")[0] == text
    except Problem:
        assert encoding == "utf-32" or "\x1b" in text


@given(ANY.filter(lambda text: not text.startswith("\ufeff")), st.sampled_from(["utf-16", "utf-16-le", "utf-16-be"]))
def test_utf_16_is_never_read_as_something_else(text: str, encoding: str) -> None:
    raw = (text + " \n").encode(encoding)
    with contextlib.suppress(Problem):
        assert decode(raw, "x")[0] == text + " \n"


@given(st.binary(max_size=80))
def test_bytes_are_valid_unicode_or_refused(raw: bytes) -> None:
    try:
        text, name = decode(raw, "x")
    except Problem:
        return
    back = text.encode(name)
    if b"\r" not in raw:
        assert raw.endswith(back)


def test_a_refusal_names_what_it_may_be_and_the_way_out() -> None:
    text = "Tað var ein góður dagur í Føroyum, og vit fóru út at ganga.\n" * 5
    with pytest.raises(Problem) as caught:
        decode(text.encode("windows-1252"), "a.txt")
    assert "byte 0xF0 at line 1" in caught.value.what and "cp1252" in caught.value.what
    assert "encoding: cp1252" in caught.value.fix
    assert decode(text.encode("windows-1252"), "a.txt", "cp1252") == (text, "cp1252")


def test_a_named_encoding_is_for_files_that_are_not_unicode() -> None:
    assert decode("góður".encode(), "x", "cp1252") == ("góður", "utf-8")
    with pytest.raises(Problem, match=r"cp1253 .*0xD2.* 2\b.*VN-DATA-ENCODING"):
        decode(b"\n\xd2\xff", "x", "cp1253")


def test_iso_2022_is_not_taken_for_ascii() -> None:
    raw = "日本語".encode("iso2022_jp")
    with pytest.raises(Problem, match="VN-DATA-ENCODING"):
        decode(raw, "x")
    assert decode(raw, "x", "iso2022_jp")[0] == "日本語"


def test_what_a_file_declares_counts_only_if_it_can_be_right() -> None:
    assert declared("žluť".encode("iso8859-2"), "ISO-8859-2") == "žluť"
    assert declared("it’s".encode("cp1252"), "iso-8859-1") == "it’s"  # as browsers read it
    assert declared(b"\x81", "cp1252") is None and declared(b"x", "no-such") is None
    assert declared("ПРИВЕТ".encode("cp866"), "iso8859-5") is None  # would be control characters


def test_only_text_encodings_can_be_named() -> None:
    assert codec_of("Windows-1252") == "cp1252"
    for name in ("nonsense", "base64", "rot13"):
        with pytest.raises(ValueError, match="unknown text encoding"):
            codec_of(name)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
