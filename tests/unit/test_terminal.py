"""Text from anywhere on a terminal: no control character reaches it as such."""

from __future__ import annotations

import pytest

from vernacular.terminal import printable, printable_data


@pytest.mark.parametrize("bad", ["\x1b[2J", "\x9b31m", "a\rb", "\x07", "\u202eabc", "\u2028", "\ud800"])
def test_control_characters_are_escaped(bad: str) -> None:
    shown = printable(bad)
    assert "\\" in shown
    assert shown.isprintable() and shown.encode("utf-8")


@pytest.mark.parametrize("good", ["Chicheŵa", "mbandi 3 %", "می\u200cخواهم", "क्‍ष", "नमस्ते"])
def test_text_of_any_script_stays(good: str) -> None:
    assert printable(good) == good


def test_nested_data_is_escaped_whole() -> None:
    data = {"a\x1b": [{"b": "c\x1b", "n": 3}, None, ("\x07",)]}
    assert printable_data(data) == {"a\\x1b": [{"b": "c\\x1b", "n": 3}, None, ["\\x07"]]}
