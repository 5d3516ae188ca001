"""Markdown: prose without markup, code and link targets, in linear time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import regex

from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.plain import encoding_flags
from vernacular.sources.formats.text import Options, Text

_FRONT = regex.compile(r"\A---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", flags=regex.DOTALL)
_FIELD = regex.compile(r"^(title|author|date)\s*+:\s*+(.*)$", flags=regex.MULTILINE | regex.IGNORECASE)
_MARKUP = regex.compile(  # the beginning of a code fence or comment; a whole tag; a whole link definition
    r"^(?P<fence>`{3,}|~{3,})|(?P<comment><!--)|</?[a-zA-Z][^<>\n]*>|^\[[^\]\n]+\]:\s+\S[^\n]*$",
    flags=regex.MULTILINE)
_FENCE_END = regex.compile(r"^(`{3,}+|~{3,}+)[`~]*+[^\S\n]*+$", flags=regex.MULTILINE)
_LINK = regex.compile(r"!?\[([^\[\]\n]*)\](?:\([^()\s]*(?:\s+\"[^\"\n]*\")?\)|\[[^\[\]\n]*\])")
_HEADING = regex.compile(r"^\s{0,3}#{1,6}\s+")
_MARKER = regex.compile(r"^\s*(?:>\s?)*(?:[-*+]\s+|\d{1,3}[.)]\s+)?")
_RULE = regex.compile(r"^\s*+(?:[-*_=|:]\s*+){3,}+$")
_EMPHASIS_BEGINS = regex.compile(r"(?<![\w*_])(?:\*{1,3}|_{1,3}|`)(?=\S)")
_EMPHASIS_ENDS = regex.compile(r"[*_`](?![\w*_])")
_LONGEST_MARK = {"*": 3, "_": 3, "`": 1}


def read_markdown(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield one text: prose without markup, code and link targets, one paragraph or list item per line.

    Title, author and date come from the front matter, else the title from the first heading.

    Raises:
        Problem: the encoding is unknown.
    """
    text, name = decode(file.read(), where, options.encoding)
    front = _FRONT.match(text)
    known = {key.lower(): _unquoted(value) for key, value in _FIELD.findall(front.group(1))} if front else {}
    lines: list[str] = []
    open_paragraph = False
    for line in _LINK.sub(r"\1", without_markup(text[front.end():] if front else text)).split("\n"):
        heading = _HEADING.match(line)
        if heading:
            known.setdefault("title", _heading(line[heading.end():]))
        marker = _MARKER.match(line)
        prose = _heading(line[heading.end():]) if heading else line[marker.end() if marker else 0:].strip()
        prose = "" if _RULE.match(line) else without_emphasis(prose)
        if prose and open_paragraph and not heading and not line.strip().startswith(("-", "*", "+", ">", "|")) and not (
                line.strip()[0].isdigit() and marker and marker.end()):
            lines[-1] += f" {prose}"
        elif prose:
            lines.append(prose)
        open_paragraph = bool(prose) and not heading
    yield Text("\n".join(lines), whole=True, title=known.get("title", ""), author=known.get("author", ""),
               date=known.get("date", ""), flags=encoding_flags(name))


def _unquoted(value: str) -> str:
    """Return a front matter value without quotes."""
    value = value.strip()
    value = value[1:] if value[:1] in ("'", '"') else value
    return value[:-1] if value[-1:] in ("'", '"') else value


def _heading(text: str) -> str:
    """Return the text of a heading without closing marks."""
    return text.rstrip().rstrip("#").rstrip()


def without_markup(text: str) -> str:
    """Remove fenced code, comments, tags and link definitions; unclosed markup is kept."""
    kept, at, commented = list[str](), 0, True
    fences = _FenceEnds(text)
    while (match := _MARKUP.search(text, at)) is not None:
        end = match.end()
        if match["fence"]:
            end = fences.after(end, match["fence"])
        elif match["comment"]:
            end = text.find("-->", end) + 3 if commented else 2
            commented = end > 2  # if no comment is closed here, none after it is
            end = end if commented else -1
        if end < 0:
            kept.append(text[at:match.end()])
            at = match.end()
        else:
            kept.append(text[at:match.start()])
            at = max(end, match.start() + 1)
    return "".join(kept) + text[at:]


class _FenceEnds:
    """Possible ends of code fences: lines of ` or ~ alone."""

    def __init__(self, text: str) -> None:
        self._ends: dict[str, list[tuple[int, int, int]]] = {"`": [], "~": []}  # start, length of the mark, end
        for match in _FENCE_END.finditer(text):
            self._ends[match[1][0]].append((match.start(), len(match[1]), match.end()))
        self._longest: dict[str, list[int]] = {}  # longest mark at or after each end
        for sign, ends in self._ends.items():
            longest, most = [0] * (len(ends) + 1), 0
            for number in range(len(ends) - 1, -1, -1):
                most = longest[number] = max(most, ends[number][1])
            self._longest[sign] = longest

    def after(self, position: int, mark: str) -> int:
        """Return the end of the first line after ``position`` that closes a fence begun by ``mark``, or -1.

        Prefers a mark of the same length, else the longest.
        """
        ends, longest = self._ends[mark[0]], self._longest[mark[0]]
        number = bisect_left(ends, (position, 0, 0))
        length = min(longest[number], len(mark))
        if not length:
            return -1
        while ends[number][1] < length:  # skipped ends are inside the code and never needed again
            number += 1
        return ends[number][2]


def without_emphasis(line: str) -> str:
    """Remove the marks of bold, italic and inline code."""
    ends: dict[str, list[int]] = {}
    for match in _EMPHASIS_ENDS.finditer(line):
        for length in range(1, _LONGEST_MARK[match[0]] + 1):
            start = match.end() - length
            if start > 0 and line[start:match.end()] == match[0] * length and not line[start - 1].isspace():
                ends.setdefault(match[0] * length, []).append(start)
    kept, at = list[str](), 0
    for match in _EMPHASIS_BEGINS.finditer(line) if ends else ():
        if match.start() < at:
            continue
        for length in range(len(match[0]), 0, -1):
            begin, closing = match.start() + length, ends.get(match[0][:length], [])
            number = bisect_left(closing, begin + 1)
            if number < len(closing):
                kept += line[at:match.start()], line[begin:closing[number]]
                at = closing[number] + length
                break
    return "".join(kept) + line[at:]
