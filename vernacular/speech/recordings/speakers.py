"""Who speaks: names from outside become pseudonyms, and what each person allows.

A name that ``speakers`` does not list becomes a keyed hash: the same in every run of the folder, and
not to be guessed without its file ``speakers.key``.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vernacular.config.schema import Language
from vernacular.config.speech import Speaker
from vernacular.config.speech_sources import SpeechSource
from vernacular.core.codes import Code
from vernacular.core.delimited import reader, whole_rows
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.normal_forms import normalized
from vernacular.core.store import digest_of
from vernacular.provenance.suppression_list import Suppressions

KEY = "speakers.key"  # in the language folder; a secret of those who hold the recordings
_LISTS = ("names", "uses")
_LEAST_NAME = 3  # letters of a name that is replaced inside paths
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")


@dataclass(frozen=True)
class Speakers:
    """The speakers of a folder.

    Attributes:
        listed: by pseudonym, as the folder describes them.
        key: of the hashes.
        withdrawn: digests of names, pseudonyms and recordings that were taken down.
    """

    listed: dict[str, Speaker]
    key: bytes = field(repr=False)
    withdrawn: frozenset[str] = frozenset()

    @classmethod
    def of(cls, language: Language) -> Speakers:
        """Read the speakers of ``language``.

        Raises:
            Problem: the file of speakers is missing, or a row is wrong.
        """
        assert language.speech is not None
        given = language.speech.speakers
        listed = [*_read(Folder.of(language.folder).file(given))] if isinstance(given, str) else given
        owners: dict[str, Speaker] = {}
        for speaker in listed:
            for name in (speaker.pseudonym, *speaker.names):
                if owners.setdefault(folded_name(name), speaker) is not speaker:
                    raise Problem(f"two speakers have the same name: {owners[folded_name(name)].pseudonym} and "
                                  f"{speaker.pseudonym}", where=f"{language.code} speakers",
                                  fix="Join the two, or rename one here and in the transcripts", code=Code.CONFIG_RULE)
        return cls({one.pseudonym: one for one in listed}, _key(language.folder),
                   Suppressions.of(language.folder).speakers)

    def version(self) -> str:
        """Return a digest of who is known and who withdrew."""
        described = [one.model_dump_json() for one in self.listed.values()]
        return self._hash("version", digest_of([described, sorted(self.withdrawn)]))[:32]

    def pseudonym(self, name: str) -> str:
        """Return the pseudonym of ``name``; empty for none."""
        known = folded_name(name)
        return self._pseudonyms.get(known) or (f"speaker-{self._hash('pseudonym', known)[:10]}" if known else "")

    @cached_property
    def _pseudonyms(self) -> dict[str, str]:
        return {folded_name(name): pseudonym for pseudonym, speaker in self.listed.items()
                for name in (pseudonym, *speaker.names)}

    def digest(self, what: str) -> str:
        """Return the digest of a name, pseudonym or recording for the suppression list."""
        return self._hash("withdrawn", folded_name(what))[:32]

    def has_withdrawn(self, name: str) -> bool:
        """Whether the person of this name or pseudonym must not be in any result."""
        pseudonym = self.pseudonym(name)
        listed = self.listed.get(pseudonym)
        return (listed is not None and listed.withdrawn) or any(
            self.digest(one) in self.withdrawn
            for one in {name, pseudonym, *(listed.names if listed is not None else ())} - {""})

    @cached_property
    def restricted(self) -> bool:
        """Whether somebody withdrew or does not allow training, so that unknown voices may be theirs."""
        return bool(self.withdrawn) or any(
            one.withdrawn or (one.uses is not None and "training" not in one.uses) for one in self.listed.values())

    def allow(self, source: SpeechSource, pseudonym: str) -> tuple[list[str], str]:
        """Return what source and speaker both allow, and the basis of consent: the speaker's own if it is stated."""
        listed = self.listed.get(pseudonym)
        own = listed.uses if listed is not None else None
        uses: list[str] = [use for use in source.uses if own is None or use in own]
        return uses, (listed.consent if listed is not None else None) or source.consent

    def without_names(self, path: str, names: Iterable[str]) -> str:
        """Return ``path`` with the names of these speakers, and of all listed ones, replaced by pseudonyms."""
        path = normalized("NFC", path)
        listed = {own for speaker in self.listed.values() for own in speaker.names}
        folded = path.casefold()
        for name in sorted((one for one in {*names} | listed if one.casefold() in folded), key=len, reverse=True):
            if len(name) >= _LEAST_NAME and name not in self.listed:
                path = re.sub(re.escape(name), self.pseudonym(name), path, flags=re.IGNORECASE)
        return path

    def _hash(self, use: str, text: str) -> str:
        return hmac.new(self.key, f"{use}\0{text}".encode(), hashlib.sha256).hexdigest()


def folded_name(name: str) -> str:
    """Return ``name`` without case, extra spaces and invisible characters: equal for spellings of one name."""
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return normalized("NFKC", " ".join(visible.split()).casefold())


def make_key(language: Language) -> None:
    """Write the key of the folder's hashes if there is none."""
    file = Folder.of(language.folder).file(KEY)
    if not file.exists():
        file.write(secrets.token_hex(32) + "\n")


def _key(folder: Path) -> bytes:
    file = Folder.of(folder).file(KEY)
    return file.text().strip().encode() if file.exists() else b""


def _read(file: File) -> Iterator[Speaker]:
    try:
        text = file.text()
    except FileNotFoundError:
        raise Problem("the file of speakers does not exist", where=file.shown,
                      fix="Add it, or remove `speakers:`", code=Code.DATA_MISSING) from None
    rows = reader(text, delimiter="\t", strict=True)  # spreadsheets write quotes around a cell with commas
    try:
        yield from _rows(rows, file)
    except csv.Error as error:
        raise Problem(f"its quotes are not paired ({error})", where=f"{file.shown}:{rows.line_num}",
                      fix="Correct the quotes: a cell that begins with one ends with one",
                      code=Code.DATA_QUOTING) from None


def _rows(rows: Any, file: File) -> Iterator[Speaker]:
    header = [cell.strip() for cell in next(rows, [])]
    unknown = [name for name in header if name not in Speaker.model_fields]
    if unknown or "pseudonym" not in header or len({*header}) < len(header):
        what = (f"unknown column '{unknown[0]}'" if unknown else "the column 'pseudonym' is missing"
                if "pseudonym" not in header else "two columns have the same name")
        raise Problem(what, where=f"{file.shown}:1", fix=f"Its columns: {', '.join(Speaker.model_fields)}",
                      code=Code.DATA_COLUMN)
    for cells, where in whole_rows(rows, header, file.shown):
        yield _speaker(dict(zip(header, (cell.strip() for cell in cells), strict=True)), where)


def _speaker(cells: dict[str, str], where: str) -> Speaker:
    row: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    row |= {name: [part.strip() for part in row[name].split(",")] for name in _LISTS if name in row}
    flag = cells.get("withdrawn", "").casefold()
    if flag not in _TRUE + _FALSE:
        raise Problem(f"'{flag[:40]}' is neither true nor false", where=where, fix="Write true or false",
                      code=Code.CONFIG_VALUE)
    try:
        return Speaker.model_validate({**row, "withdrawn": flag in _TRUE})
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(f"{first['loc'][0] if first['loc'] else 'the row'}: {first['msg']}", where=where,
                      fix="Correct the row", code=Code.CONFIG_VALUE) from None
