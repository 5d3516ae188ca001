"""Language codes: what counts as one. BCP 47 tags, private use included; nothing demands two letters."""

from __future__ import annotations

import re

import langcodes

_SHAPE = re.compile(r"([A-Za-z]{2,8}|x)(-[A-Za-z0-9]{1,8})*")


def is_code(code: str) -> bool:
    """Whether ``code`` has the form of a BCP 47 tag: any language that people name so, registered or not."""
    try:
        return _SHAPE.fullmatch(code) is not None and bool(langcodes.get(code, normalize=False))
    except ValueError:
        return False


def is_registered(code: str) -> bool:
    """Whether ``code`` is a tag of the registry, or private use (``qaa``, ``x-foo``)."""
    return is_code(code) and langcodes.tag_is_valid(code)


def name_of(code: str) -> str:
    """The language's name in English; the code itself where there is none."""
    if not is_registered(code):
        return code
    name = langcodes.get(code).display_name()
    return code if name.startswith("Unknown language") else name
