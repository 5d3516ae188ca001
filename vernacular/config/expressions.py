r"""Regular expressions that a language folder names. They run on RE2, which takes linear time, or are refused.

RE2's syntax is that of Python without lookaround and references back. Its ``\d``, ``\w`` and ``\s`` know ASCII alone;
``of_any_script`` gives them their meaning in Unicode, so that digits of every script count.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any

import re2
from pydantic import AfterValidator

LONGEST = 500  # characters of an expression
_MOST_MEMORY = 8 << 20  # bytes that RE2 may use for an expression
_LARGEST = 20_000  # RE2's instructions; what each character of a line may cost grows with them
_ELSEWHERE = ((re.compile(r"\(\?<?[=!]"), "lookaround, such as (?=x) and (?<!x)"),
              (re.compile(r"\\(?:[1-9]|k<)|\(\?P="), r"references back, such as \1"),
              (re.compile(r"\(\?>|[*+?}]\+"), "atomic groups and possessive repeats"))
_OUTSIDE = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)|\[\^?\]?|.", re.DOTALL)  # of classes, [...]
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
    """``text`` as an expression of RE2.

    Raises:
        ValueError: RE2 does not take it, or it is too large.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the regular expression has {len(text)} characters, more than {LONGEST}")
    options = re2.Options()
    options.max_mem, options.log_errors = _MOST_MEMORY, False
    try:
        found = re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error, re2.error) else "it is not valid Unicode"
        missing = next((name for pattern, name in _ELSEWHERE if pattern.search(text)), "")
        raise ValueError(f"not a regular expression for RE2, which has no {missing} ({said})" if missing else
                         f"not a regular expression for RE2 ({said})") from None
    if found.programsize > _LARGEST:
        raise ValueError(f"the regular expression is too large: {found.programsize} steps, more than {_LARGEST}; "
                         "repeat less of it, or with + and *")
    return found


@cache
def compile_private(text: str) -> Any:
    r"""``text`` as an expression of RE2 for private data, in which ``\d``, ``\w`` and ``\s`` hold for every script.

    Raises:
        ValueError: see ``compile_expression``; also where it matches the empty text, has more than one group, or
            ``\b``, which RE2 finds beside ASCII letters alone: it would pass over private data in other scripts.
    """
    found = compile_expression(of_any_script(text))
    if found.search(""):
        raise ValueError("the regular expression matches the empty text, so everywhere: say what must be there, such "
                         "as a number of digits")
    if found.groups > 1:
        raise ValueError("the regular expression has more than one group: what the group matches is masked, so write "
                         "the others as (?:x)")
    return found


def of_any_script(text: str) -> str:
    r"""``text`` with ``\d``, ``\w``, ``\s`` and their opposites written as Unicode's properties.

    Raises:
        ValueError: it holds ``\b`` or ``\B``, or the opposite of ``\w`` or ``\s`` within a class.
    """
    parts: list[str] = []
    place, inside = 0, False
    while match := (_IN_CLASS if inside else _OUTSIDE).match(text, place):
        token, sign, place = match[0], match[1], match.end()
        if sign in ("b", "B"):
            raise ValueError(rf"the regular expression has \{sign}, which knows ASCII letters alone: write "
                             r"(?:^|\W)(x)(?:\W|$), what the group matches is masked")
        if sign in ("W", "S") and inside:
            raise ValueError(rf"the regular expression has \{sign} within [...]; write what is meant")
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
