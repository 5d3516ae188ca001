"""Tables for spreadsheets: written for Excel and LibreOffice, and read back.

UTF-8 with a byte order mark, since Excel otherwise assumes Windows-1252. Cells that could be
formulas begin with an apostrophe, which is removed when reading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vernacular.core import delimited as separated
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.normal_forms import normalized

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_GUARD = "'"
_LARGEST = 50_000_000  # bytes of a returned table
YES = {"x", "y", "yes", "1", "true", "ok", "✓", "✔", "☑"}
NO = {"", "n", "no", "0", "false", "-", "✗", "✘", "☐"}
Row = dict[str, str]


def guarded(cell: str) -> str:
    """Protect ``cell`` against evaluation as a formula (OWASP, CSV injection)."""
    return _GUARD + cell if cell.startswith((*_FORMULA, _GUARD)) else cell


def plain(cell: str) -> str:
    """Undo ``guarded``."""
    return cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith((*_FORMULA, _GUARD)) else cell


def sheet_text(head: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return the table as CSV with a byte order mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([guarded(row.get(name, "")) for name in head] for row in rows)
    return "\ufeff" + out.getvalue()


def write_sheet(path: Path, head: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write the table to ``path``."""
    write_new(path, sheet_text(head, rows))


def write_new(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, which must not exist, not even as a link.

    Raises:
        Problem: the file exists: a person may have filled it in.
    """
    try:
        with path.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except FileExistsError:
        raise Problem("the file exists and may have been filled in", where=str(path),
                      fix="Import it with --read, remove it, or choose another --file",
                      code=Code.CONFIG_FILE) from None


def read_sheet(path: Path, head: Sequence[str]) -> list[tuple[int, Row]]:
    """Return the rows of a returned table with lines; columns may be reordered or added.

    Commas, semicolons (from Excel with a decimal comma) and tabs are accepted.

    Raises:
        Problem: no such file, too large, not UTF-8, or a column of ``head`` is missing.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise Problem(f"it has more than {_LARGEST // 1_000_000} MB", where=str(path),
                          fix="Give the file that was filled in", code=Code.DATA_LIMIT)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror})", where=str(path), fix="Give the file that was filled in"
                      , code=Code.DATA_MISSING) from None
    except UnicodeDecodeError:
        raise Problem("not UTF-8", where=str(path), fix="Save it as `CSV UTF-8`", code=Code.DATA_ENCODING) from None
    reader = separated.reader(text, delimiter=separated.mark_of(text, head))
    try:
        table = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise Problem(f"not a table ({error})", where=f"{path}:{reader.line_num}", fix="Save it as CSV",
                      code=Code.DATA_FORMAT) from None
    names = [cell.strip() for cell in table[0][1]] if table else []
    missing = [name for name in head if name not in names]
    if missing:
        raise Problem(f"the column '{missing[0]}' is missing", where=f"{path}:1",
                      fix=f"Keep the header line: {', '.join(head)}", code=Code.DATA_COLUMN)
    empty = [""] * len(names)  # some programs omit empty cells at the end of a row
    return [(line, {name: plain(cell.strip()) for name, cell in zip(names, [*cells, *empty], strict=False)})
            for line, cells in table[1:] if any(cell.strip() for cell in cells)]


def is_ticked(cell: str, where: str) -> bool:
    """Whether a person ticked a cell.

    Raises:
        Problem: it is neither yes nor no.
    """
    answer = normalized("NFKC", cell).strip().lower()
    if answer not in YES | NO:
        raise Problem(f"'{cell[:40]}' is neither yes nor no", where=where, fix="Write x for yes, no for no",
                      code=Code.DATA_LABEL)
    return answer in YES
