r"""Regular expressions in a language folder. They run on RE2, in linear time.

RE2 has Python's syntax without lookaround and backreferences. Its ``\d``, ``\w`` and ``\s`` are
ASCII only; ``of_any_script`` extends them to Unicode.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any

import re2
from pydantic import AfterValidator

LONGEST = 500  # characters of an expression
_MOST_MEMORY = 8 << 20  # bytes that RE2 may use for an expression
_LARGEST = 20_000  # RE2 instructions; the cost per character grows with them
_ELSEWHERE = ((re.compile(r"\(\?<?[=!]"), "lookaround, such as (?=x) and (?<!x)"),
              (re.compile(r"\\(?:[1-9]|k<)|\(\?P="), "backreferences, such as \1"),
              (re.compile(r"\(\?>|[*+?}]\+"), "atomic groups and possessive repeats"))
_OUTSIDE = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)|\[\^?\]?|.", re.DOTALL)  # outside of classes, [...]
_IN_CLASS = re.compile(r"\[:\^?\w+:\]|\\(.)|.", re.DOTALL)
_ANY_SCRIPT = {"d": r"\p{Nd}", "w": r"\p{L}\p{M}\p{N}_", "s": r"\t\n\v\f\r\x{85}\p{Z}"}


def _checked(text: str) -> str:
    compile_expression(text)
    return text


def _checked_for_masking(text: str) -> str:
    compile_private(text)
    return text


@cache
def compile_expression(text: str) -> Any:
    """Compile ``text`` with RE2.

    Raises:
        ValueError: RE2 rejects it, or it is too large.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the regular expression has {len(text)} characters, more than {LONGEST}")
    options = re2.Options()
    options.max_mem, options.log_errors = _MOST_MEMORY, False
    try:
        expression = re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error, re2.error) else "it is not valid Unicode"
        missing = next((name for pattern, name in _ELSEWHERE if pattern.search(text)), "")
        raise ValueError(f"not a valid RE2 expression, which has no {missing} ({reason})" if missing else
                         f"not a valid RE2 expression ({reason})") from None
    if expression.programsize > _LARGEST:
        raise ValueError(f"the regular expression is too large: {expression.programsize} steps, more than {_LARGEST}; "
                         "repeat less of it, or use + and *")
    return expression


@cache
def compile_private(text: str) -> Any:
    r"""Compile ``text`` with RE2 for private data, with ``\d``, ``\w`` and ``\s`` for every script.

    Raises:
        ValueError: as ``compile_expression``; also if it matches the empty text, has more than one
            group, or uses ``\b``, which RE2 finds only next to ASCII letters.
    """
    found = compile_expression(of_any_script(text))
    if found.search(""):
        raise ValueError("the regular expression matches the empty text everywhere: require something, such as a "
                         "number of digits")
    if found.groups > 1:
        raise ValueError("the regular expression has more than one group: only one is masked, so write the others "
                         "as (?:x)")
    return found


def of_any_script(text: str) -> str:
    r"""Replace ``\d``, ``\w``, ``\s`` and their negations by Unicode properties.

    Raises:
        ValueError: it contains ``\b`` or ``\B``, or a negated ``\w`` or ``\s`` within a class.
    """
    parts: list[str] = []
    place, inside = 0, False
    while match := (_IN_CLASS if inside else _OUTSIDE).match(text, place):
        token, sign, place = match[0], match[1], match.end()
        if sign in ("b", "B"):
            raise ValueError(rf"the regular expression has \{sign}, which works only for ASCII letters: write "
                             r"(?:^|\W)(x)(?:\W|$); the group is masked")
        if sign in ("W", "S") and inside:
            raise ValueError(rf"the regular expression has \{sign} within [...]; list the characters instead")
        if sign in ("d", "w", "s"):
            token = _ANY_SCRIPT[sign] if inside else f"[{_ANY_SCRIPT[sign]}]"
        elif sign in ("D", "W", "S"):
            token = r"\P{Nd}" if sign == "D" else f"[^{_ANY_SCRIPT[sign.lower()]}]"
        elif inside or token[0] == "[":
            inside = token != "]"
        parts.append(token)
    return "".join(parts)


Expression = Annotated[str, AfterValidator(_checked)]
PrivateExpression = Annotated[str, AfterValidator(_checked_for_masking)]
