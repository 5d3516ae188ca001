"""Signs of machine translation: flags, never a loss."""

from __future__ import annotations

import random

import pytest

from tests.generate import make_word
from vernacular.cleaning.mt_signals import flags, variety


@pytest.mark.parametrize(("path", "line", "found"), [
    ("https://example-org.translate.goog/nkhani?_x_tr_sl=en", "", ["url"]),
    ("https://translate.google.com/translate?u=x", "", ["url"]),
    ("https://example.org/translate/lg/nkhani", "", ["url"]),
    ("https://example.org/?sl=en&tl=ny", "", ["url"]), ("https://example.org/#googtrans(en|ny)", "", ["url"]),
    ("https://example.org/translators-of-the-bible", "", []), ("texts/translated.txt", "", []),
    ("a", "Mwalandira {0} uthenga", ["placeholder"]), ("a", "%s adalemba", ["placeholder"]),
    ("a", "%(name)s adalemba", ["placeholder"]), ("a", "{{ user.name }}", ["placeholder"]),
    ("a", "${total}", ["placeholder"]),
    ("a", "100% sure, 5%s", []), ("a", "{mawu}", []), ("a", "50 %d", ["placeholder"]),
    ("a", "This page was automatically translated.", ["phrase"]), ("a", "Translated by Google", ["phrase"]),
    ("a", "The Bible was translated by Phiri.", []), ("a", "Traduction automatique", ["phrase"]),
])
def test_flags(path: str, line: str, found: list[str]) -> None:
    assert flags({"path": path}, ["Mawu.", line]) == [f"machine_translation:{flag}" for flag in found]


def test_what_the_crawler_saw_is_passed_on_once() -> None:
    row = {"path": "a", "flags": ["machine_translation:hreflang", "paywall", "machine_translation:placeholder"]}
    assert flags(row, ["{0}"]) == ["machine_translation:hreflang", "machine_translation:placeholder"]


def test_variety() -> None:
    chance = random.Random(1)
    few, many = ([make_word(chance, 3) for _ in range(number)] for number in (30, 3000))
    assert flags({"path": "a"}, [" ".join(chance.choices(few, k=400))]) == ["machine_translation:variety"]
    assert flags({"path": "a"}, [" ".join(chance.choices(many, k=400))]) == []
    assert variety("too short") == 1.0 and flags({}, []) == []
