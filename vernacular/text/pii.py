"""Mask private data (contact details and identifying numbers) and count it by kind. Names are kept.

E-mail addresses, phone numbers, IP addresses, bank accounts and cards (with a valid checksum), and
matches of the folder's own patterns become ``<kind>``. Verse numbers, years, sums, dates and
results are kept.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from vernacular.config.expressions import compile_private
from vernacular.text.codepoints import NUMBER, Batch, table_of

Hint = re.Pattern[str] | regex.Pattern[str]
KINDS = ("email", "phone", "ip", "account")

_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?"
_TOP = r"\p{L}[\p{L}\p{M}]+"
_DOT = r"(?:\.| ?[\[({] ?dot ?[\])}] ?)"
_NAME = r"\p{L}\p{N}._%+'-"
# \G: after a masked address, a name may begin in the middle of a run.
_EMAIL = regex.compile(rf"(?:\G|(?<![{_NAME}]))[{_NAME}]*[\p{{L}}\p{{N}}_%+-]@ ?{_LABEL}(?:\.{_LABEL}){{0,20}}\.{_TOP}")
_SPELLED_OUT = regex.compile(
    rf"(?:\G|(?<![\p{{L}}\p{{N}}._%+-]))[\p{{L}}\p{{N}}._%+-]++ ?[\[({{] ?at ?[\])}}] ?"
    rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,20}}{_DOT}{_TOP}", regex.IGNORECASE)
_IPV4 = regex.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)")
_IPV6 = regex.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?:%\w+)?(?![\w:]|\.\d)")
_IBAN = regex.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_CARD = regex.compile(r"(?<![\w.,-])[3-6]\d{3}(?:([ -]?)\d{4}\1\d{4}\1\d{1,7}|[ -]\d{6}[ -]\d{5})(?![\w-]|[.,]\d)")
# A phone number starts with +, 0 or a bracketed area code, or has the form 555-123-4567; other long
# numbers are counts, verses and years.
_PHONE = regex.compile(r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?|\(\d{2,5}\)[ .-]?|"
                       r"(?=\p{nv=0})\d(?=[ ().-]*\d))"
                       r"(?:\(?\d{1,4}\)?[ .-]?){2,6}(?<=\d)(?![\w])|(?<![\w-])\d{3}[.-]\d{3}[.-]\d{4}(?![\w-])")
_CALLED = regex.compile(r"(?<!\p{L})(?:tel|tlf|phone|telephone|telefon|telefone|fono|foni|s?simu|fax|mobile|cell|"
                        r"whatsapp|sms)[.:]{0,2} ?\K\+?\(?\d(?:[ ()-]{0,3}\d){4,15}(?![\w-]|[.,]\d)", regex.IGNORECASE)
_NO_PHONE = regex.compile(r"\d\d?([.-])\d\d?\1(?:19|20)\d\d(?!\d)|\d\d\.\d\d ?- ?\d\d\.\d\d")  # dates, hours
_LEAST_DIGITS, _LEAST_CALLED = 8, 5
_MOST_MASKED = 20  # masked matches per line of one of the folder's kinds
_SURROGATE = re.compile("[\ud800-\udfff]")
# Characters that every match contains, for fast scanning: in e-mail addresses, IPv6 addresses,
# numbers.
_AT = re.compile("@")
_AT_SPELLED_OUT = re.compile(r"[\[({] ?[Aa][Tt] ?[\])}]")
_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_FIVE_DIGITS = regex.compile(r"\d(?:[ ().-]{0,3}\d){4}|\d\.\d\.\d\.\d")


class PrivatePattern:
    """One of the folder's own patterns, matched in linear time.

    Raises:
        ValueError: it is invalid.
    """

    def __init__(self, text: str) -> None:
        self._expression = compile_private(text)

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Return the spans to mask, left to right: the group's, or the whole match without a group.

        The search continues right after the group, so that matches may share a space. Since RE2 may
        scan the whole line for each match, everything after the last of ``_MOST_MASKED`` matches is
        masked as one.
        """
        found: list[tuple[int, int]] = []
        text = _SURROGATE.sub("\ufffd", line)  # one character each, as RE2 reads UTF-8
        group, place = self._expression.groups, 0
        while match := self._expression.search(text, place):
            begin, end = match.span(group)
            if begin >= end:  # the group did not match
                begin, end = match.span()
            if len(found) == _MOST_MASKED - 1:
                return [*found, (begin, len(line))]
            found.append((begin, end))
            place = end
        return found


def compiled(patterns: Mapping[str, str]) -> dict[str, PrivatePattern]:
    """Compile the ``cleaning.private_patterns`` of a folder.

    Raises:
        ValueError: a pattern is invalid; the schema already rejects those.
    """
    return {kind: PrivatePattern(text) for kind, text in patterns.items()}


def redact(lines: Sequence[str], found: Counter[str], patterns: Mapping[str, PrivatePattern]) -> list[str]:
    """Mask private data in ``lines`` as ``<email>``, ``<phone>`` and so on, and count it in ``found``.

    Args:
        lines: the lines.
        found: kind -> number of matches, updated.
        patterns: further kinds, from ``compiled``; applied first.
    """
    masked = list(lines)
    for index in range(len(lines)) if patterns else _candidates(lines):
        masked[index] = redact_line(lines[index], found, patterns)
    return masked


def redact_line(line: str, found: Counter[str], patterns: Mapping[str, PrivatePattern]) -> str:
    """Apply ``redact`` to one line."""
    for kind, own in patterns.items():
        for begin, end in reversed(own.spans(line)):
            line = f"{line[:begin]}<{kind}>{line[end:]}"
            found[kind] += 1
    for kind, hint, pattern, counts in _RULES:
        if hint.search(line):
            line = _masked(line, pattern, kind, found, counts)
    return line


def _candidates(lines: Sequence[str]) -> list[int]:
    """Return the lines that may contain private data, and some more."""
    batch = Batch.of(lines)
    wanted = (batch.sums((batch.kinds & NUMBER) != 0) >= 4) | (batch.sums(_telling().take(batch.codes)) > 0)
    return [index for index in np.flatnonzero(wanted).tolist()
            if any(hint.search(lines[index]) for hint in (_AT, _AT_SPELLED_OUT, _COLONS, _FIVE_DIGITS))]


@cache
def _telling() -> NDArray[np.bool_]:
    """Return the characters that indicate private data in a line with fewer than four digits."""
    return table_of("@[({:")


def _masked(line: str, pattern: regex.Pattern[str], kind: str, found: Counter[str],
            counts: Callable[[str], bool]) -> str:
    def mask(match: regex.Match[str]) -> str:
        if not counts(match[0]):
            return match[0]
        found[kind] += 1
        return f"<{kind}>"

    return pattern.sub(mask, line)


def _is_phone(text: str) -> bool:
    return _digits(text) >= _LEAST_DIGITS and not _NO_PHONE.search(text)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _is_ipv6(text: str) -> bool:
    """Whether it is an IPv6 address of one machine; times and ``::`` are not."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return sum(map(bool, text.split(":"))) >= 4


def _is_iban(text: str) -> bool:
    """Check the ISO 13616 checksum; accounts have five digits in a row."""
    plain = text.replace(" ", "")
    number = int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4]))
    return len(plain) >= 15 and regex.search(r"\d{5}", plain) is not None and number % 97 == 1


def _is_card(text: str) -> bool:
    """Check the ISO/IEC 7812 (Luhn) checksum and that the digits differ."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [digit if place % 2 == 0 else (digit * 2 - 9 if digit > 4 else digit * 2)
               for place, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and sum(doubled) % 10 == 0


_RULES: tuple[tuple[str, Hint, regex.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", _AT, _EMAIL, bool),
    ("email", _AT_SPELLED_OUT, _SPELLED_OUT, bool),
    ("ip", _COLONS, _IPV6, _is_ipv6),
    ("account", _FIVE_DIGITS, _IBAN, _is_iban),
    ("account", _FIVE_DIGITS, _CARD, _is_card),
    ("ip", _FIVE_DIGITS, _IPV4, bool),
    ("phone", _FIVE_DIGITS, _PHONE, _is_phone),
    ("phone", _FIVE_DIGITS, _CALLED, lambda text: _digits(text) >= _LEAST_CALLED),
)
