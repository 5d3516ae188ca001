"""Texts are mixed in the shares asked for, evenly, each pass a permutation, the same for one seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vernacular.modeling.schedules import Stream, capped, most_blocks, order, shares


@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=4), total=st.integers(1, 400), seed=st.integers(0, 9))
def test_each_pass_over_a_text_holds_each_block_once(counts, total, seed):
    streams = [Stream(str(number), count, 1 / len(counts)) for number, count in enumerate(counts)]
    drawn, first = order(streams, total, seed), 0
    assert len(drawn) == total and (drawn == order(streams, total, seed)).all()
    for stream in streams:
        mine = drawn[(drawn >= first) & (drawn < first + stream.count)] - first
        assert abs(len(mine) - stream.share * total) <= len(streams)
        for start in range(0, len(mine) - stream.count + 1, stream.count):
            assert sorted(mine[start:start + stream.count]) == list(range(stream.count))
        first += stream.count


def test_a_text_is_spread_evenly_over_the_run():
    drawn = order([Stream("target", 100, 0.9), Stream("replay", 10, 0.1)], 1000, 1)
    per_step = (drawn.reshape(-1, 20) >= 100).sum(1)
    assert set(per_step) == {2}
    assert (order([Stream("a", 50, 1.0)], 50, 1) != order([Stream("a", 50, 1.0)], 50, 2)).any()


def test_shares_follow_replay_and_the_passes_over_related_texts():
    streams = shares(600, 50, [("near", 100, 2.0), ("large", 1000, 0.1)], 0.1)
    assert [stream.name for stream in streams] == ["target", "near", "large", "replay"]
    assert np.allclose([stream.share for stream in streams], [0.6, 0.2, 0.1, 0.1])
    passes = [stream.share / stream.count for stream in streams]
    assert np.allclose([passes[1] / passes[0], passes[2] / passes[0]], [2.0, 0.1])
    assert shares(10, 0, [], 0.1) == [Stream("target", 10, 1.0)]


@given(target=st.integers(1, 500), others=st.lists(st.tuples(st.integers(1, 500), st.floats(0.1, 5)), max_size=3),
       replay=st.integers(0, 200), share=st.floats(0.01, 0.5), passes=st.floats(1, 30))
def test_no_text_at_all_is_seen_more_often_than_allowed(target, others, replay, share, passes):
    streams = shares(target, replay, [("near", blocks, times) for blocks, times in others], share)
    most = most_blocks(streams, passes)
    for stream in capped(streams, most, passes):
        assert stream.share * most <= passes * stream.count + 1e-6
    assert capped(streams, most, passes)[0].share * most > passes * target - 1e-6  # the target gives all that it may


def test_no_small_text_is_seen_more_often_than_allowed():
    streams = capped([Stream("target", 600, 0.7), Stream("near", 100, 0.2), Stream("replay", 5, 0.1)], 1000, 4)
    assert np.allclose([stream.share for stream in streams], [0.78, 0.2, 0.02])
    drawn = order(streams, 1000, 1)
    assert (drawn >= 700).sum() == 20
