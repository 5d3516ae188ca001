"""Private data: e-mail addresses, phone numbers and IPv4 addresses are masked, and counted by kind."""

from __future__ import annotations

from collections import Counter

import regex

_EMAIL = regex.compile(r"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}")
_IPV4 = regex.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)")
# A phone number starts with +, 0 or a bracketed area code, or is written 555-123-4567; other long numbers are counts,
# verses and years.
_PHONE = regex.compile(r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?|\(\d{2,5}\)[ .-]?|0(?=[\d ().-]*\d))"
                       r"(?:\(?\d{1,4}\)?[ .-]?){2,6}(?<=\d)(?![\w])|(?<![\w-])\d{3}[.-]\d{3}[.-]\d{4}(?![\w-])")
_LEAST_DIGITS = 8


def redact(line: str, found: Counter[str]) -> str:
    """``line`` with private data masked as ``<email>``, ``<ip>``, ``<phone>``, and counted in ``found``."""
    if "@" in line:
        line, number = _EMAIL.subn("<email>", line)
        found["email"] += number
    if any(character.isdigit() for character in line):
        line, number = _IPV4.subn("<ip>", line)
        found["ip"] += number
        line = _PHONE.sub(lambda match: _mask_phone(match, found), line)
    return line


def _mask_phone(match: regex.Match[str], found: Counter[str]) -> str:
    text = match.group()
    if sum(character.isdigit() for character in text) < _LEAST_DIGITS:
        return text
    found["phone"] += 1
    return "<phone>"
