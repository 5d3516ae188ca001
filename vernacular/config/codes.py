"""Language codes: what counts as one. BCP 47 tags, private use included; nothing demands two letters."""

from __future__ import annotations

import re

import langcodes

_SHAPE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*")


def is_code(code: str) -> bool:
    """Whether ``code`` is a valid BCP 47 tag: registered, or private use (``qaa``, ``x-foo``)."""
    return _SHAPE.fullmatch(code) is not None and langcodes.tag_is_valid(code)


def name_of(code: str) -> str:
    """The language's name in English; the code itself where there is none."""
    name = langcodes.get(code).display_name()
    return code if name.startswith("Unknown language") else name
