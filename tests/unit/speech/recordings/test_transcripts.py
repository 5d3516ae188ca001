"""Transcripts of every kind give the same segments; damaged ones name what is wrong and where."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.recordings import EAF, TEXTGRID
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.speech.recordings.segment import Segment
from vernacular.speech.recordings.transcripts.elan import in_worker_elan
from vernacular.speech.recordings.transcripts.tables import in_worker_table
from vernacular.speech.recordings.transcripts.textgrid import in_worker_textgrid


def _file(data: str | bytes, encoding: str = "utf-8") -> list[OpenFile]:
    raw = data.encode(encoding) if isinstance(data, str) else data
    return [OpenFile("file", io.BytesIO(raw), len(raw))]


def _table(data: str, **columns: str) -> list[dict[str, Any]]:
    return [*in_worker_table(_file(data), "t", columns, None)]


def test_a_table_with_quotes_inside_tabs() -> None:
    row, = _table('file\ttext\tstart\tend\tspeaker\tsplit\na.wav\the said "no\t1.5\t2,25\tnot stated\tvalidation\n')
    assert [row[name] for name in ("text", "start", "end", "speaker", "split")] == ['he said "no', 1.5, 2.25, "", "dev"]


def test_a_table_with_commas_in_quotes_and_renamed_columns() -> None:
    row, = _table('path,sentence\n"a, b.wav","one, two"\n', file="path", text="sentence")
    assert (row["file"], row["text"], row["start"]) == ("a, b.wav", "one, two", None)


@pytest.mark.parametrize(("data", "code"), [
    ("name\ttext\na\tb\n", Code.DATA_COLUMN), ("file\ttext\na.wav\n", Code.DATA_FORMAT),
    ("file\tstart\na.wav\tsoon\n", Code.DATA_FORMAT), ("file\tsplit\na.wav\tother\n", Code.DATA_SPLIT),
    ("", Code.DATA_COLUMN)])
def test_a_wrong_table_is_refused(data: str, code: Code) -> None:
    with pytest.raises(Problem) as caught:
        _table(data)
    assert caught.value.code == code


@pytest.mark.parametrize("tier", [None, "tx", "tx@A"])
def test_elan_with_a_translation(tier: str | None) -> None:
    row, = in_worker_elan(_file(EAF), "e", tier, "ft")
    assert (row["text"], row["translation"], row["speaker"], row["start"], row["end"]) == (
        "ba\u0301 na", "the children", "Awa", 0.5, 1.75)


@pytest.mark.parametrize(("data", "tier", "code"), [
    (EAF, "none", Code.DATA_COLUMN), ("<html/>", None, Code.DATA_FORMAT), ("no xml", None, Code.DATA_FORMAT),
    ('<!DOCTYPE a [<!ENTITY b "c">]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>', None, Code.DATA_FORMAT),
    (EAF.replace('"500"', '"soon"'), None, Code.DATA_FORMAT),
    (EAF.replace('"500"', f'"{"9" * 400}"'), None, Code.DATA_FORMAT)])
def test_a_wrong_elan_file_is_refused(data: str, tier: str | None, code: Code) -> None:
    with pytest.raises(Problem) as caught:
        [*in_worker_elan(_file(data), "e", tier, None)]
    assert caught.value.code == code


SHORT = ('File type = "ooTextFile"\n"TextGrid"\n\n0\n3.5\n<exists>\n2\n"IntervalTier"\n"words"\n0\n3.5\n2\n0\n1.25\n'
         '"say ""item [1]"" = 7"\n1.25\n3.5\n""\n"TextTier"\n"marks"\n0\n3.5\n1\n1\n"!"\n')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("data", [TEXTGRID, SHORT])
def test_textgrids_long_and_short(data: str, encoding: str) -> None:
    row, = in_worker_textgrid(_file(data, encoding), "g", None, None)
    assert (row["text"], row["start"], row["end"]) == ('say "item [1]" = 7', 0.0, 1.25)


@pytest.mark.parametrize(("data", "tier", "code"), [
    (TEXTGRID, "none", Code.DATA_COLUMN), (TEXTGRID[:300], None, Code.DATA_FORMAT), ("text", None, Code.DATA_FORMAT),
    (TEXTGRID.replace('"TextTier"', '"Other"'), None, Code.DATA_FORMAT),
    (SHORT.replace('<exists>\n2', '<exists>\n3') + '"IntervalTier"\n"words"\n0\n3.5\n0\n', "words",
     Code.DATA_COLUMN)])
def test_a_wrong_textgrid_is_refused(data: str, tier: str | None, code: Code) -> None:
    with pytest.raises(Problem) as caught:
        [*in_worker_textgrid(_file(data), "g", tier, None)]
    assert caught.value.code == code


@pytest.mark.parametrize(("start", "end", "fits"), [
    (0.0, 1.0, True), (None, None, True), (0.5, 2.3, True), (0.5, 9.0, False), (-1.0, 1.0, False), (1.0, 1.0, False),
    (float("nan"), 1.0, False), (2.1, 2.2, False), (1.0, 1.00001, False), (1.99999, 2.3, False)])
def test_times_must_lie_in_the_recording(start: float | None, end: float | None, fits: bool) -> None:
    assert isinstance(Segment(place="", start=start, end=end).bounds(2.0), tuple) == fits
