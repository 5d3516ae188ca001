"""The search for texts in files: found at any place and in any disguise that our files put on, and not elsewhere."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generate import make_documents
from vernacular.provenance import text_search as traces
from vernacular.provenance.corpus_tables import write_rows
from vernacular.provenance.suppression_list import folded
from vernacular.provenance.text_search import LONG, SHORT, Traces

LINE = "Ng'ombe zanga zinapita kumsika dzulo, \"m'mawa\" kwambiri é."
OTHER = "\n".join(make_documents(9)["river"])


@pytest.mark.parametrize("content", [
    LINE, f"x{LINE}y", LINE.casefold(), json.dumps({"text": f"{OTHER}\n{LINE}"}),
    json.dumps([LINE], ensure_ascii=False), json.dumps(LINE.split()), f"| {LINE} |", LINE.replace(" ", "\n"),
    LINE[:40].replace("'", "\\'"), LINE[:45] + "…", f"<p>x {LINE[9:52].replace(chr(39), '&#39;')}</p>",
    LINE.replace("'", "&amp;#x27;"), LINE.replace("zinap", "<mark class=\"a\">zin</mark>ap"), f"“{LINE[5:50]}”"])
def test_a_line_is_found_in_any_disguise(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a" / "b.json"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert Traces([f"{OTHER}\n{LINE}"]).in_folder(tmp_path)
    path.write_bytes(gzip.compress(content.encode(), mtime=0))
    assert Traces([LINE]).in_file(path)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"", b"x"])
def test_a_line_is_found_in_utf_16(tmp_path: Path, codec: str, before: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(before + f"{OTHER}\n{LINE}".encode(codec))
    assert Traces([LINE]).in_folder(tmp_path)


LONG_LINE = "Anthu onse a m'mudzi wa Chakwera anasonkhana pa bwalo kuti amvetsere zimene mfumu inali kunena za madzi."


@pytest.mark.parametrize(("begin", "letters", "least"), [
    (0, 39, SHORT), (31, SHORT, SHORT), (0, LONG, LONG), (13, LONG, LONG), (29, LONG, LONG)])
def test_a_quotation_is_found_from_anywhere_in_a_line(tmp_path: Path, begin: int, letters: int, least: int) -> None:
    quoted = folded(LONG_LINE)[begin:begin + letters]
    (tmp_path / "marks.jsonl").write_text(json.dumps({"text": f"Mawu awa: {quoted} basi"}), encoding="utf-8")
    assert Traces([LONG_LINE], least=least).in_folder(tmp_path)


def test_an_entity_that_is_none_is_passed_over(tmp_path: Path) -> None:
    text = f"&#{'9' * 5000}; &#xffffffff; &amp {LINE.replace(chr(39), '&apos;')}"
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    assert Traces([LINE]).in_folder(tmp_path)


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(OTHER, encoding="utf-8")
    assert not Traces([LINE, "Short"], ["0123456789abcdef"]).in_folder(tmp_path)
    assert not Traces([]).in_folder(tmp_path)


def test_an_id_is_looked_for_by_default(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\t0123456789abcdef\ty")
    found = Traces([LINE], ["0123456789abcdef"])
    assert found.in_folder(tmp_path) and not found.of_texts.in_folder(tmp_path)


def test_a_packed_file_cut_off_by_a_kill_is_searched_as_far_as_it_goes(tmp_path: Path) -> None:
    chance = random.Random(1)
    noise = "".join(chance.choices("abcdefgh \n", k=200_000))
    (tmp_path / "a.gz").write_bytes(gzip.compress(f"{LINE}\n{noise}".encode(), mtime=0)[:-50_000])
    assert Traces([LINE]).in_folder(tmp_path)


@given(st.integers(0, 4000), st.integers(1, 400), st.booleans())
def test_no_border_of_a_block_hides_a_line(tmp_path_factory: pytest.TempPathFactory, before: int, after: int,
                                           packed: bool) -> None:
    path = tmp_path_factory.mktemp("traces") / "a.txt"
    data = ("wa" * before + LINE + "mi" * after).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traces, "_BLOCK", 500)
        patch.setattr(traces, "_OVERLAP", 250)
        assert Traces([LINE]).in_file(path)
        assert not Traces([LINE[::-1]]).in_file(path)


def test_a_row_of_a_table_is_read_as_markup_too(tmp_path: Path) -> None:
    secret = "the secret line that nobody may keep any longer"
    write_rows(tmp_path / "a.parquet", [{"id": "1", "text": secret.replace(" line", " <b>line</b>")}])
    write_rows(tmp_path / "b.parquet", [{"id": "1", "text": "another line that everybody may keep"}])
    traces = Traces([secret])
    assert traces.in_table(tmp_path / "a.parquet") and not traces.in_table(tmp_path / "b.parquet")
