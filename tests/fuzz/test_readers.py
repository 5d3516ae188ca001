"""Every reader takes any bytes or refuses them in one line: good inputs, cut, spliced and damaged."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, take

# What has a meaning in one format or another, and what often is forgotten.
_PIECES = [b"\0", b"\r", b"\n", b"\n\n", b"\t", b",", b'"', b"'", b"\\", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf",
           b"\xf0\x9f", b"\xe2\x80\xa8", b"\xcc\x81", b"[", b"]", b"{", b"}", b"<", b"&", b"%", b"#", b"- ", b": ",
           b"!!x ", b"*a", b"\\v 1", b"\\c ", b"\\*", b"9" * 400, b"-1", b"1e999", b"null", b"&#xD800;",
           b"<!DOCTYPE a [", b"\x1f\x8b"]


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A good input after a few cuts, repetitions and insertions; or anything at all."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        at, to = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        data = draw(st.sampled_from([
            data[:at] + data[to:], data[:to] + data[at:to] * 2 + data[to:], data[:at],
            data[:at] + draw(st.sampled_from(_PIECES)) + data[at:],
            data[:at] + draw(st.binary(max_size=8)) + data[to:]]))
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_takes_or_refuses_whatever_comes(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=60)
    @given(data=damaged(target.seeds))
    def check(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            take(target, data, Path(folder))

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_the_first_good_input_is_taken(name: str, tmp_path: Path) -> None:
    assert take(TARGETS[name], TARGETS[name].seeds[0], tmp_path) is None
