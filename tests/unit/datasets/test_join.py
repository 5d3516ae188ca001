"""Texts join by key, one by one or together; what is left over is counted, what stands twice is refused."""

from __future__ import annotations

import pytest

from vernacular.core.errors import Problem
from vernacular.datasets.join import Keyed, join


def keyed(*texts: tuple[str, str]) -> list[Keyed]:
    """Texts of (keys with spaces between, text)."""
    return [Keyed(tuple((key,) for key in keys.split()), (text,), "a", f"a:{number}")
            for number, (keys, text) in enumerate(texts, 1)]


def texts_of(pairs: list[tuple[list[Keyed], list[Keyed]]]) -> list[tuple[str, str]]:
    return [(" ".join(text.texts[0] for text in mine), " ".join(text.texts[0] for text in others))
            for mine, others in pairs]


def test_each_text_finds_its_partner_whatever_the_order() -> None:
    joined = join(keyed(("1", "a"), ("2", "b"), ("4", "d")), keyed(("3", "C"), ("2", "B"), ("1", "A")))
    assert texts_of(joined.pairs) == [("a", "A"), ("b", "B")] and joined.together == 0
    assert [[text.texts[0] for text in side] for side in joined.alone] == [["d"], ["C"]]
    assert joined.lost == pytest.approx(1 / 3)


def test_a_text_of_several_keys_joins_with_texts_of_the_same() -> None:
    ours = keyed(("1", "a"), ("2 3", "b"), ("4", "c"), ("5", "d"), ("6 7", "e"))
    theirs = keyed(("1", "A"), ("2", "B"), ("3", "C"), ("4 5", "D"), ("6", "E"), ("7 8", "F"))
    joined = join(ours, theirs)
    assert texts_of(joined.pairs) == [("a", "A"), ("b", "B C"), ("c d", "D")] and joined.together == 2
    assert [[text.texts[0] for text in side] for side in joined.alone] == [["e"], ["E", "F"]]  # 8 is in one side alone


@pytest.mark.parametrize("texts", [(("1", "a"), ("1", "b")), (("1 2", "a"), ("2", "b"))])
def test_a_key_that_occurs_twice_is_refused(texts: tuple[tuple[str, str], ...]) -> None:
    for sides in ((keyed(*texts), keyed(("1", "A"))), (keyed(("1", "A")), keyed(*texts))):
        with pytest.raises(Problem) as raised:
            join(*sides)
        assert raised.value.where == "a:2" and "a:1" in raised.value.what


def test_the_smaller_side_says_how_much_is_lost() -> None:
    """A New Testament joined with a whole Bible loses nothing."""
    small, large = keyed(("1", "a")), keyed(*((str(number), "A") for number in range(1, 100)))
    assert join(small, large).lost == join(large, small).lost == 0
    assert join(keyed(("0", "a")), large).lost == 1 and join([], large).lost == 0
