"""Suspects are left out of training where the ranks separate them; where they do not, the gate gives the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.speech_sound import utterance
from vernacular.core.jsonl import read_jsonl, write_jsonl
from vernacular.speech.transcription.alignment import FEWEST
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import HeadSettings
from vernacular.speech.transcription.parts import Parts
from vernacular.speech.transcription.transcript_check import (
    ALIGNMENT,
    Checked,
    check_transcripts,
    transcripts_gate,
)

UTTERANCES = [utterance(number, f"mwana {number}") for number in range(FEWEST)]


def checked(scratch: Path, better: list[float], mode: str = "leave_out", count: int = FEWEST) -> Checked:
    """The check after the trainings of a run that was killed; those that fit have the rank 0."""
    shares = [*better, *[0.0] * (FEWEST - len(better))]
    write_jsonl(scratch / ALIGNMENT, [{"loss": 1.0, "better": share, "longer": 0.0, "heard": ""} for share in shares])
    return check_transcripts(FrozenMethod({}, HeadSettings()), UTTERANCES[:count], mode,  # type: ignore[arg-type]
                             1, scratch, print)


def test_suspects_are_left_out_of_what_trains_and_chooses_and_listed(tmp_path: Path) -> None:
    found = checked(tmp_path, [1.0, 0.6])
    parts = found.without_suspects(Parts(UTTERANCES[3:], UTTERANCES[:3], UTTERANCES[:2]))
    assert (len(parts.train), len(parts.choose), len(parts.score)) == (FEWEST - 3, 1, 2)
    assert found.without_suspects(Parts(UTTERANCES[1:], UTTERANCES[:1], [])).choose == UTTERANCES[:1]  # nothing else
    assert [row["transcript"] for row in found.samples()] == ["mwana 0", "mwana 1"]
    found.write(tmp_path / "out.jsonl")
    assert [row["suspect"] for row in read_jsonl(tmp_path / "out.jsonl")] == [True] * 2 + [False] * (FEWEST - 2)
    assert transcripts_gate(found.facts).passed


def test_they_may_be_listed_alone(tmp_path: Path) -> None:
    found = checked(tmp_path, [1.0] * 20, "list")
    parts = Parts(UTTERANCES, [], [])
    assert found.facts.suspect == 20 and found.without_suspects(parts) == parts
    assert not transcripts_gate(found.facts).passed


@pytest.mark.parametrize(("better", "mode", "count"), [
    ([number / FEWEST for number in range(FEWEST)], "leave_out", FEWEST),  # a model that learned nothing
    ([1.0], "none", FEWEST), ([1.0], "leave_out", FEWEST - 1)])
def test_what_is_not_known_is_stated_and_nothing_is_left_out(tmp_path: Path, better: list[float], mode: str,
                                                              count: int) -> None:
    found = checked(tmp_path, better, mode, count)
    parts = Parts(UTTERANCES, [], [])
    assert found.without_suspects(parts) == parts and not found.samples()
    assert found.facts.reason and not transcripts_gate(found.facts).passed
