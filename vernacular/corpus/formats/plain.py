"""Plain text and Markdown. Bytes become text in ``encoding``."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from vernacular.bounded.frames import OpenFile
from vernacular.corpus.formats.encoding import decode
from vernacular.corpus.formats.packed import content
from vernacular.corpus.formats.text import Options, Text

_BLANK = regex.compile(r"\n[^\S\n]*\n\s*")
_FRONT = regex.compile(r"\A---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", flags=regex.DOTALL)
_FIELD = regex.compile(r"^(title|author|date)\s*:\s*[\"']?(.*?)[\"']?\s*$", flags=regex.MULTILINE | regex.IGNORECASE)
_NOT_PROSE = regex.compile(  # code fences, comments, tags, definitions of links
    r"^(```+|~~~+).*?^\1[`~]*[^\S\n]*$|<!--.*?-->|</?[a-zA-Z][^<>\n]*>|^\[[^\]\n]+\]:\s+\S[^\n]*$",
    flags=regex.MULTILINE | regex.DOTALL)
_LINK = regex.compile(r"!?\[([^\[\]\n]*)\](?:\([^()\s]*(?:\s+\"[^\"\n]*\")?\)|\[[^\[\]\n]*\])")
_HEADING = regex.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_MARKER = regex.compile(r"^\s*(?:>\s?)*(?:[-*+]\s+|\d{1,3}[.)]\s+)?")
_RULE = regex.compile(r"^\s*(?:[-*_=|:]\s*){3,}$")
_EMPHASIS = regex.compile(r"(?<![\w*_])(\*{1,3}|_{1,3}|`)(?=\S)(.+?)(?<=\S)\1(?![\w*_])")


def encoding_flags(name: str) -> tuple[str, ...]:
    """The flag that says that a text was not kept in UTF-8; none if it was."""
    return () if name == "utf-8" else (f"encoding:{name}",)


def read_plain(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Texts parted by blank lines; without a blank line, each line is one.

    Raises:
        Problem: the encoding cannot be told.
    """
    text, name = decode(content(file, where), where, options.encoding)
    for part in plain_texts(text):
        yield Text(part, flags=encoding_flags(name))


def plain_texts(text: str) -> list[str]:
    """The texts of a plain file: parted by blank lines, or one a line where there is no blank line."""
    text = text.strip()
    parts = _BLANK.split(text)
    return parts if len(parts) > 1 else text.split("\n")


def read_markdown(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """One text: prose without markup, code and link targets; a paragraph or list item a line.

    Title, author and date come from the front matter, else the title from the first heading.

    Raises:
        Problem: the encoding cannot be told.
    """
    text, name = decode(file.read(), where, options.encoding)
    front = _FRONT.match(text)
    known = {key.lower(): value for key, value in _FIELD.findall(front.group(1))} if front else {}
    lines: list[str] = []
    open_paragraph = False
    for line in _LINK.sub(r"\1", _NOT_PROSE.sub("", text[front.end():] if front else text)).split("\n"):
        heading = _HEADING.match(line)
        if heading:
            known.setdefault("title", heading.group(1))
        marker = _MARKER.match(line)
        prose = heading.group(1) if heading else line[marker.end() if marker else 0:].strip()
        prose = "" if _RULE.match(line) else _EMPHASIS.sub(r"\2", prose)
        if prose and open_paragraph and not heading and not line.strip().startswith(("-", "*", "+", ">", "|")) and not (
                line.strip()[0].isdigit() and marker and marker.end()):
            lines[-1] += f" {prose}"
        elif prose:
            lines.append(prose)
        open_paragraph = bool(prose) and not heading
    yield Text("\n".join(lines), whole=True, title=known.get("title", ""), author=known.get("author", ""),
               date=known.get("date", ""), flags=encoding_flags(name))
