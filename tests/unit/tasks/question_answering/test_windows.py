"""Every token of a context is in a window, offsets point into the context, and pairs are framed as they should be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny import sentencepiece_tokenizer, write_bert, write_llama
from vernacular.modeling.base_models import load_tokenizer
from vernacular.tasks.question_answering.windows import encode_questions


@pytest.fixture(scope="module", params=["wordpiece", "byte_bpe", "unigram", "sentencepiece_bpe"])
def tokenizer(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    if request.param in ("wordpiece", "byte_bpe"):
        return load_tokenizer((write_bert if request.param == "wordpiece" else write_llama)(folder))
    return sentencepiece_tokenizer(request.param.removeprefix("sentencepiece_"), folder)


@settings(max_examples=40)
@given(words=st.lists(st.sampled_from(["the", "fox", "river", "ng'ombe", "jumps,"]), min_size=1, max_size=60),
       asked=st.integers(1, 30), data=st.data())
def test_windows_hold_every_answer_in_reach(tokenizer, words, asked, data):
    context = " ".join(words)
    start = data.draw(st.integers(0, len(words) - 1))
    left = len(" ".join(words[:start])) + bool(start)
    span = (left, left + len(words[start]))
    made = encode_questions([("fox " * asked, context)], tokenizer, 32)[0].windows
    assert all(len(window.tokens) <= 32 for window in made)
    places = [(window, window.place(span)) for window in made]
    assert any(place is not None for _, place in places)
    for window, place in places:
        if place is not None:
            text = context[window.offsets[place[0]][0]:window.offsets[place[1]][1]]
            assert text.strip() == words[start]
            assert window.first <= place[0] <= place[1] < window.stop
    # Each next window begins before the last one ends, and the last one ends with the context.
    ends = [(window.offsets[window.first][0], window.offsets[window.stop - 1][1]) for window in made]
    assert all(after[0] < before[1] for before, after in pairwise(ends))
    assert ends[0][0] == 0 and ends[-1][1] == len(context)


def test_a_short_pair_is_framed_as_the_tokenizer_frames_it(tmp_path):
    bert = load_tokenizer(write_bert(tmp_path / "bert"))
    window = encode_questions([("a river", "the fox")], bert, 32)[0].windows[0]
    wanted = bert.backend_tokenizer.encode("a river", "the fox")
    assert (window.tokens, window.types) == (wanted.ids, wanted.type_ids)
    llama = load_tokenizer(write_llama(tmp_path / "llama"))
    assert llama.decode(encode_questions([("a river", "the fox")], llama, 32)[0].tokens) == "a river\nthe fox"


def test_each_question_has_its_windows(tokenizer):
    long, short = encode_questions([("a", "the fox " * 40), ("a", "a")], tokenizer, 32)
    assert len(long.windows) > 2 and len(short.windows) == 1
    assert len(long.tokens) == sum(len(window.tokens) for window in long.windows)
    assert encode_questions([], tokenizer, 32) == []
