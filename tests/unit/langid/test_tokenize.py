"""Which words of a line count: names do not, the first of a sentence does; the short cut for plain tokens is exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.langid.tokenize import Batch, Reader


def read(line: str) -> list[str]:
    reader = Reader()
    return [reader.vocabulary[index] for index in reader.read([line]).words]


@pytest.mark.parametrize(("line", "words"), [
    ("Anthu a ku Lilongwe akupita.", ["anthu", "a", "ku", "akupita"]),
    ("akupita. Anthu onse", ["akupita", "anthu", "onse"]),
    ("mulungu wa DNA ndi UNESCO kuno", ["mulungu", "wa", "ndi", "kuno"]),
    ("Madzi Moto Nthaka", ["madzi", "moto", "nthaka"]),  # most look like names: all count
    ("ng’ombe m'mudzi", ["ng'ombe", "m'mudzi"]),
    ("1999, 3:16 --- !", []),
    ("“Bwerani kuno,” adatero", ["bwerani", "kuno", "adatero"]),
    ("isiZulu siyakhulunywa lapha", ["isizulu", "siyakhulunywa", "lapha"]),
])
def test_words_that_count(line: str, words: list[str]) -> None:
    assert read(line) == words


def test_lines_keep_their_numbers() -> None:
    batch = Reader().read(["one two", "", "three", "..."])
    assert (batch.lines.tolist(), batch.number) == ([0, 0, 2], 4)


@given(st.lists(st.text(alphabet="abAB .,!?'’1é“”-", max_size=20), max_size=4))
def test_the_short_cut_changes_nothing(texts: list[str]) -> None:
    quick, slow = Reader(), Reader()
    one, two = quick.read(texts), _slowly(slow, texts)
    assert [quick.vocabulary[index] for index in one.words] == [slow.vocabulary[index] for index in two.words]
    assert one.lines.tolist() == two.lines.tolist()


def _slowly(reader: Reader, texts: list[str]) -> Batch:
    """``reader.read`` with the long way for every token."""
    class Never(str):
        def isascii(self) -> bool:
            return False

        def rstrip(self, characters: str | None = None, /) -> Never:
            return Never(super().rstrip(characters))

    quick = reader._parts
    reader._parts = lambda token: quick(Never(token))  # type: ignore[method-assign]
    return reader.read(texts)
