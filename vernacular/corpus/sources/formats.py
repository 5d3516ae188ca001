"""What a file holds: the texts of a txt, md, rst, jsonl, csv or json file. Bytes are never guessed at."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vernacular.errors import Problem

PLAIN = (".txt", ".md", ".rst")
SUFFIXES = (*PLAIN, ".jsonl", ".csv", ".json")
ONE_DOCUMENT = (".json",)  # formats in which a file is one document, so that its path names the document
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def read_texts(file: Path, where: str, text_field: str = "text") -> Iterator[str]:
    """The texts in ``file``, none of them empty.

    txt, md, rst: blank lines separate texts; without a blank line, each line is one. jsonl, csv: the field
    ``text_field`` of each row. json: an array of strings is one text with a line for each.

    Args:
        file: the file; its suffix says the format.
        where: how messages call it.
        text_field: for jsonl and csv.

    Raises:
        Problem: an unknown format, not UTF-8, or not what the format says.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise Problem(f"files of type '{suffix or file.name}' cannot be read", where=where,
                      fix=f"Use one of {', '.join(SUFFIXES)}")
    text = decode(file.read_bytes(), where)
    if suffix in PLAIN:
        found: Iterable[str] = plain_texts(text)
    elif suffix == ".json":
        found = _json_texts(text, where)
    else:
        found = (_jsonl_texts if suffix == ".jsonl" else _csv_texts)(text, where, text_field)
    for item in found:
        item = _SURROGATE.sub("\ufffd", item)  # half a character escaped in JSON: cannot be written, is damage
        if item.strip():
            yield item.strip("\n")


def decode(data: bytes, where: str) -> str:
    """``data`` as text with Unix line ends: UTF-8, or UTF-16 with its byte order mark.

    Raises:
        Problem: anything else; bytes are never replaced or guessed at.
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Problem(f"not UTF-8 text (byte 0x{data[error.start]:02X} at line {line})", where=where,
                      fix="Save it as UTF-8, e.g. `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`") from None
    if "\0" in text:
        raise Problem(f"not text (a zero byte at line {text.count(chr(10), 0, text.index(chr(0))) + 1})", where=where,
                      fix="Save it as plain UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain_texts(text: str) -> list[str]:
    """The texts of a plain file: parted by blank lines, or one a line where there is no blank line."""
    text = text.strip()
    parts = _BLANK.split(text)
    return parts if len(parts) > 1 else text.split("\n")


def _json_texts(text: str, where: str) -> Iterator[str]:
    data = _parse(text, where, 0)
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise Problem("not a JSON array of strings", where=where,
                      fix='Write ["first line", "second line"], or use jsonl')
    yield "\n".join(line for line in (" ".join(item.split("\n")).strip() for item in data) if line)


def _jsonl_texts(text: str, where: str, field: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            row = _parse(line, where, number)
            if not isinstance(row, dict):
                raise Problem("not a JSON object", where=f"{where}:{number}", fix=f'Write {{"{field}": "..."}}')
            yield _field(row, field, f"{where}:{number}")


def _csv_texts(text: str, where: str, field: str) -> Iterator[str]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if reader.fieldnames is not None:
        _field(dict.fromkeys(reader.fieldnames, ""), field, f"{where}:1")
    try:
        for row in reader:
            yield _field({key: value for key, value in row.items() if value is not None}, field,
                         f"{where}:{reader.line_num}")
    except csv.Error as error:
        raise Problem(f"not CSV ({error})", where=f"{where}:{reader.line_num}", fix="Correct this line") from None


def _parse(text: str, where: str, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        at = line or getattr(error, "lineno", 1)
        raise Problem(f"not valid JSON ({getattr(error, 'msg', error)})", where=f"{where}:{at}",
                      fix="Correct this line") from None


def _field(row: dict[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str):
        what = f"the field '{field}' is not text" if field in row else f"there is no field '{field}'"
        raise Problem(what, where=where, fix=f"Fields here: {', '.join(map(str, row)) or 'none'}; name the right one "
                                             "with `text_field:`")
    return value
