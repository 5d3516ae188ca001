"""Parts of speech: disjoint as far as the data allow, stable under new data, given splits kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.speech_sound import utterance
from vernacular.config.speech import SpeechSplits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.splits.assignment import DEV, LEFT_OUT, PARTS, TEST, TRAIN, UNTRANSCRIBED, divide
from vernacular.speech.splits.folds import make_folds
from vernacular.speech.splits.overlap import find_shared, words_in_train
from vernacular.speech.utterance import Utterance

NONE: frozenset[str] = frozenset()


def crowd(speakers: int, each: int = 10) -> list[Utterance]:
    """Speakers who read texts of their own."""
    return [utterance(100 * speaker + number, f"text {speaker} {number}", speaker=f"speaker-{speaker}",
                      session=f"session {speaker}") for speaker in range(speakers) for number in range(each)]


def values(utterances: Sequence[Utterance], parts: dict[str, str], part: str, value: Callable[[Utterance], str]
           ) -> set[str]:
    return {value(one) for one in utterances if parts[one.id] == part}


def test_many_speakers_are_never_in_two_parts() -> None:
    some = crowd(40)
    division = divide(some, SpeechSplits(), NONE)
    assert division.unit == "speaker" and not division.reasons
    found = [values(some, dict(division.parts), part, lambda one: one.speaker) for part in PARTS]
    assert all(found) and sum(map(len, found)) == 40
    assert all(one.disjoint for one in find_shared(some, division.parts, SpeechSplits(), division.reasons))


def test_three_speakers_are_divided_by_text_and_the_reason_is_given() -> None:
    some = [utterance(number, f"text {number % 90}", speaker=f"speaker-{number % 3}") for number in range(300)]
    division = divide(some, SpeechSplits(), NONE)
    assert division.unit == "text" and set(division.reasons) == {"speaker", "session"}
    found = [values(some, dict(division.parts), part, lambda one: one.text) for part in PARTS]
    assert all(found) and sum(map(len, found)) == 90
    shared = {one.kind: one for one in find_shared(some, division.parts, SpeechSplits(), division.reasons)}
    assert shared["text"].values == 0 and shared["speaker"].values == 3
    assert shared["session"].not_stated == 300 and not shared["session"].disjoint


def test_texts_that_other_speakers_read_as_well_are_left_out_of_training() -> None:
    some = crowd(40)
    some += [utterance(90_000 + speaker, "everybody says this", speaker=f"speaker-{speaker}") for speaker in range(3)]
    held_out = divide(some[:400], SpeechSplits(), NONE).parts
    in_test = next(one for one in some if held_out.get(one.id) == TEST)
    in_train = next(one for one in some if held_out.get(one.id) == TRAIN)
    copy = utterance(99_999, in_test.text.upper() + "!", speaker=in_train.speaker)
    parts = divide([*some[:400], copy], SpeechSplits(), NONE).parts
    assert parts[copy.id] == LEFT_OUT and parts[in_test.id] == TEST and parts[in_train.id] == TRAIN


@pytest.mark.parametrize("unit", ["speaker", "text"])
def test_new_data_do_not_move_old_data(unit: str) -> None:
    old = crowd(60)
    settings = SpeechSplits(disjoint=["speaker", "session", "text"] if unit == "speaker" else ["text"])
    before, after = divide(old, settings, NONE), divide(crowd(90), settings, NONE)
    assert before.unit == after.unit == unit
    assert all(after.parts[one] == part for one, part in before.parts.items())
    assert divide(old[::-1], settings, NONE).parts == before.parts


def test_a_given_split_is_kept_and_other_sources_share_no_text_with_it() -> None:
    given = [utterance(number, f"text {number % 8}", source="given", split=PARTS[number % 3]) for number in range(30)]
    other = [utterance(100 + number, f"text {number}", source="other") for number in range(60)]
    parts = divide([*given, *other], SpeechSplits(), frozenset(["given"])).parts
    assert all(parts[one.id] == one.split for one in given)
    held_out = {one.text for one in given if one.split != TRAIN}
    assert {parts[one.id] for one in other if one.text in held_out} <= {LEFT_OUT, TEST, DEV}
    assert not any(parts[one.id] == TRAIN for one in other if one.text in held_out)
    known = words_in_train(given, {one.id: one.split for one in given})
    assert all(text for text, _ in known.values())  # each of the eight texts is in every part


def test_what_a_given_part_trains_on_is_not_scored_in_another_source() -> None:
    given = [utterance(number, f"text {number}", source="given", split=TRAIN) for number in range(30)]
    other = [utterance(100 + number, f"text {number}", source="other") for number in range(60)]
    parts = divide([*given, *other], SpeechSplits(), frozenset(["given"])).parts
    assert {parts[one.id] for one in other[:30]} <= {TRAIN, LEFT_OUT}
    assert {parts[one.id] for one in other[30:]} == {*PARTS}


def test_without_transcript_or_use_for_training() -> None:
    some = crowd(40)
    some += [utterance(70_000, "", speaker="speaker-1"), utterance(70_001, "a", uses=("playing",)),
             utterance(70_002, "", uses=("release",))]
    parts = divide(some, SpeechSplits(), NONE).parts
    assert [parts[one.id] for one in some[-3:]] == [UNTRANSCRIBED, LEFT_OUT, LEFT_OUT]


def test_too_little_is_a_problem() -> None:
    with pytest.raises(Problem) as raised:
        divide([utterance(1, "one"), utterance(2, "one")], SpeechSplits(), NONE)
    assert raised.value.code == Code.DATA_SPLIT


def test_speakers_are_held_out_in_turn_and_share_no_text_with_training() -> None:
    some = [utterance(number, f"text {number // 2}", speaker=f"speaker-{number % 3}") for number in range(300)]
    parts = divide(some, SpeechSplits(), NONE).parts
    folds, note = make_folds(some, parts, SpeechSplits())
    assert len(folds) == 3 and not note
    by_id = {one.id: one for one in some}
    for fold in folds:
        assert {by_id[one].speaker for one in fold.test} == {fold.speaker}
        assert fold.speaker not in {by_id[one].speaker for one in (*fold.train, *fold.dev)}
        assert not {by_id[one].text for one in fold.test} & {by_id[one].text for one in (*fold.train, *fold.dev)}
        assert {parts[one] for one in fold.train} == {TRAIN} and fold.left_out
    talks = [replace(one, session=str(int(one.id, 16) // 20)) for one in some if one.speaker != "speaker-2"]
    talks += [replace(one, speaker="speaker-3") for one in some if one.speaker == "speaker-2"]
    session = {one.id: one.session for one in talks}
    for fold in make_folds(talks, parts, SpeechSplits())[0]:
        assert not {session[one] for one in fold.test} - {""} & {session[one] for one in (*fold.train, *fold.dev)}
    few, note = make_folds([one for one in some if one.speaker != "speaker-2"], parts, SpeechSplits())
    assert len(few) == 2 and note
