"""Language codes: any BCP 47 tag is valid, including private use and three-letter codes."""

from __future__ import annotations

import re

import langcodes
from langcodes.data_dicts import LIKELY_SUBTAGS
from language_data.names import name_to_code

_SHAPE = re.compile(r"([A-Za-z]{2,8}|x|i)(-[A-Za-z0-9]{1,8})*")


def is_code(code: str) -> bool:
    """Whether ``code`` has the form of a BCP 47 tag, registered or not."""
    try:
        return _SHAPE.fullmatch(code) is not None and bool(langcodes.get(code, normalize=False))
    except ValueError:
        return False


def slug_of(code: str) -> str:
    """Return ``code`` as part of an asset key: ``zh-Hant`` becomes ``zh_Hant``."""
    return re.sub(r"[^A-Za-z0-9]", "_", code)


def is_registered(code: str) -> bool:
    """Whether ``code`` is registered or for private use (``qaa``, ``x-foo``)."""
    return is_code(code) and langcodes.tag_is_valid(code)


def is_private(code: str) -> bool:
    """Whether ``code`` is for private use (``qaa``, ``x-foo``)."""
    return re.match(r"(q[a-t][a-z]|x)(-|$)", code, re.IGNORECASE) is not None


def is_same(code: str, other: str) -> bool:
    """Whether two tags mean the same language: ``lg`` and ``lug``."""
    return is_registered(code) and is_registered(other) and (
        langcodes.standardize_tag(code) == langcodes.standardize_tag(other))


def is_script(code: str) -> bool:
    """Whether ``code`` is an ISO 15924 code with the usual case (``Latn``)."""
    return re.fullmatch("[A-Z][a-z]{3}", code) is not None and langcodes.tag_is_valid(f"und-{code}")


def script_of(name: str) -> str | None:
    """Return the code of the script with the English name or the code ``name`` in any case, or None."""
    if is_script(name.capitalize()):
        return name.capitalize()
    code: str | None = name_to_code("script", name)
    return code


def code_of(name: str) -> str | None:
    """Return the code of the language called ``name`` in some language, or None."""
    try:
        return langcodes.find(name).to_alpha3()
    except LookupError:
        return None


def likely_script(tag: langcodes.Language) -> str | None:
    """Return the script of a tag, or the one its language is mostly written in, or None."""
    return tag.script or (tag.maximize().script if _in_tables(tag) else None)


def likely_territory(tag: langcodes.Language) -> str | None:
    """Return the country of a tag, or the one where most speakers live, or None."""
    return tag.territory or (tag.maximize().territory if _in_tables(tag) else None)


def _in_tables(tag: langcodes.Language) -> bool:
    """Whether the tables of likely subtags know the language; they treat others as American English."""
    return tag.language in LIKELY_SUBTAGS


def name_of(code: str) -> str:
    """Return the language's English name, or the code itself."""
    if not is_registered(code):
        return code
    name = langcodes.get(code).display_name()
    return code if name.startswith("Unknown language") else name
