"""Words of the base's languages that guard it against new tokens, partly without any text.

Common words come from jusText; names of places, languages, currencies, months and days from
Unicode's CLDR in Babel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import langcodes
from babel import Locale, UnknownLocaleError

from vernacular.langid.word_lists import SAME, lists_in
from vernacular.tokenizer.candidates import word_counts

_COMMON = 50  # count assigned to a listed word, each among its language's most common
_HUNDRED = tuple("""
af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it ja jv
ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my nb ne nl nn om or pa pl ps pt ro ru sa sd si sk sl so sq sr su sv
sw ta te th fil tr ug uk ur uz vi xh yi zh
""".split())  # noqa: SIM905 - the languages of XLM-R


def guard_words(lines: Iterable[str], codes: Collection[str], but: str, backend: Any) -> Counter[str]:
    """Return counted pre-tokens that guard a base: from lines in its languages, and from packages.

    ``codes``: the base's languages; ``mul`` means the hundred of XLM-R. ``but``: the language
    of the new tokens.
    """
    found = word_counts(lines, backend)
    for word, count in word_counts(common_words(codes, but), backend).items():
        found[word] += count * _COMMON
    return found


def common_words(codes: Collection[str], but: str) -> list[str]:
    """Return a line per language of ``codes``: its most common words in lower case and capitalized, and one of names.

    ``but`` and near-identical languages are excluded. A language unknown to both packages has no
    line.
    """
    codes = [*codes, *_HUNDRED] if "mul" in codes else codes
    return [" ".join(["", *sorted(words), *sorted(word.capitalize() for word in words)])
            for _, words in sorted(lists_in(codes, but).items())] + [
                " ".join(["", *names]) for code in sorted(set(codes) - {"mul"}) if (names := _names(code, but))]


def _names(code: str, but: str) -> list[str]:
    """Return the sorted CLDR names; none for unknown languages and those near-identical to ``but``."""
    if langcodes.tag_distance(code, but) < SAME:
        return []
    try:
        locale = Locale.parse(langcodes.standardize_tag(code), sep="-")
    except (UnknownLocaleError, ValueError):
        return []
    found = {*locale.territories.values(), *locale.languages.values(), *locale.currencies.values()}
    found |= {zone["city"] for zone in locale.time_zones.values() if "city" in zone}
    for forms in (locale.months["format"]["wide"], locale.days["format"]["wide"]):
        found |= set(forms.values())
    return sorted(found)
