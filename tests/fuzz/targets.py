"""What reads bytes that nobody vouches for, each as a function of bytes, and a few good inputs to begin from.

A reader may take any bytes or refuse them with a ``Problem``; anything else it raises is a fault of the program.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow
from pyarrow import parquet

from tests.generate import write_language
from tests.unit.sources.formats.pdf_file import write_pdf
from tests.unit.sources.formats.word_file import write as write_docx
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.datasets.conll import read_conll, read_conllu
from vernacular.datasets.keyed_texts import read_verses, read_vref
from vernacular.datasets.parallel import read_parallel
from vernacular.datasets.tables import read_jsonl, read_table
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.commoncrawl.listing import in_worker_captures, in_worker_pages
from vernacular.sources.commoncrawl.patterns import Pattern, in_worker_domains
from vernacular.sources.commoncrawl.record import in_worker_record
from vernacular.sources.formats import texts_of
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import suffix_of
from vernacular.sources.web import warc
from vernacular.sources.web.extract import extract
from vernacular.sources.web.robots import read_robots
from vernacular.sources.web.sitemaps import read_listing

_COLUMNS = {"text": "text", "label": "label"}
_CSV = b'text,label\n"Boma lati, ""inde"".",politics\nTimu yapambana,sports\n'
_EXCHANGE = warc.Exchange("https://example.org/a", "2026-01-01T00:00:00Z", [("User-Agent", "x")],
                          [("Content-Type", "text/html")], b"<p>kale</p>" * 9, "00")


@dataclass(frozen=True)
class Target:
    """A reader under test.

    Attributes:
        read: takes the bytes and an empty folder; whatever it yields is used up.
        seeds: good inputs, of which bad ones are made.
    """

    read: Callable[[bytes, Path], Any]
    seeds: tuple[bytes, ...]


def take(target: Target, data: bytes, folder: Path) -> Problem | None:
    """Have ``data`` read; the refusal, if there was one.

    Raises:
        Exception: the reader's fault.
    """
    try:
        target.read(data, folder)
    except Problem as problem:
        message = str(problem)
        assert "\n" not in message and problem.fix and problem.where, message
        return problem
    return None


def _use_up(found: Iterable[Any]) -> None:
    for _ in found:
        pass


def _file(suffix: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        file = OpenFile(f"a{suffix}", io.BytesIO(data), len(data))  # here, where atheris sees what is reached
        _use_up(texts_of([file], suffix_of(file.name), file.name, "text", None))
    return read


def _text(reader: Callable[[str], Iterable[Any]]) -> Callable[[bytes, Path], None]:
    return lambda data, folder: _use_up(reader(decode(data, "a", None)[0]))


def _language(data: bytes, folder: Path) -> None:
    home = folder / "qaa"
    home.mkdir(exist_ok=True)
    (home / "language.yaml").write_bytes(data)
    load_language(home)


def _warc(data: bytes, folder: Path) -> None:
    path = folder / "00001.warc.gz"
    path.write_bytes(data)
    warc.read_body(path, _ANSWER_AT)
    warc.answers(path)


def _in_worker(function: Callable[..., Iterable[Any]], *arguments: Any) -> Callable[[bytes, Path], None]:
    return lambda data, folder: _use_up(function([OpenFile("a", io.BytesIO(data), len(data))], *arguments))


def _record(data: bytes, folder: Path) -> None:
    _in_worker(in_worker_record, _EXCHANGE.url, 100_000)(gzip.compress(data, mtime=0), folder)


def _domains(data: bytes, folder: Path) -> None:
    file = OpenFile("a", io.BytesIO(data), len(data))
    for name in in_worker_domains([file]):
        Pattern.of(name)


def _written(name: str, write: Callable[[Path], Any]) -> bytes:
    """What ``write`` writes to a file of that name."""
    with TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


def _two_parts(text: str) -> Iterable[Any]:
    source, _, target = text.partition("====\n")
    return read_parallel(source, target, "a", "b")


def _with_references(text: str) -> Iterable[Any]:
    references, _, lines = text.partition("====\n")
    return read_vref(lines, "a", "a", "b", references)


_BEGUN = _written("a.warc.gz", lambda path: warc.begin(path, {"software": "x"}))
_ANSWER_AT = len(_BEGUN)
_LANGUAGE = _written("qaa/language.yaml", lambda path: write_language(path.parent.parent))
_WARC = _written("a.warc.gz", lambda path: warc.append(path, path.write_bytes(_BEGUN), _EXCHANGE))
_RECORD = gzip.decompress(_WARC[_ANSWER_AT:]).partition(b"WARC/1.0\r\nWARC-Type: request")[0]
_PARQUET = _written("a.parquet", lambda path: parquet.write_table(pyarrow.table({"text": ["kale", None, "amo"]}), path))
_PDF = _written("a.pdf", lambda path: write_pdf(path, [["kale amo", "ku Zomba"], ["amo"]]))
_DOCX = _written("a.docx", write_docx)

TARGETS: dict[str, Target] = {
    "language.yaml": Target(_language, (_LANGUAGE, b"name: &a x\nscript: *a\n", b"- 1\n")),
    "txt": Target(_file(".txt"), ("ŵa kale\n\namo".encode(), "x\u2019".encode("cp1252"), "ŵa".encode("utf-16"))),
    "md": Target(_file(".md"), (b"# a\n\n* b [c](d)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",)),
    "html": Target(_file(".html"), (b"<html lang=ny><meta charset=utf-8><body><p>kale <b>amo</b></p></body></html>",)),
    "csv": Target(_file(".csv"), (_CSV,)),
    "tsv": Target(_file(".tsv"), (_CSV.replace(b",", b"\t"),)),
    "csv.gz": Target(_file(".csv.gz"), (gzip.compress(_CSV, mtime=0),)),
    "verses": Target(_text(lambda text: read_verses(text, "a", "a")), (
        b"\\id GEN\n\\c 1\n\\p\n\\v 1a In the\n\\v 1b x\n\\v 2-3 dark\n\\v 4,5 y\n",)),
    "vref": Target(_text(_with_references), (b"GEN 1:1\nGEN 1:2\nGEN 1:3\n====\nkale\n\n<range>\n",)),
    "json": Target(_file(".json"), (b'["kale", "\\ud800 amo"]',)),
    "jsonl": Target(_file(".jsonl"), (b'{"text": "kale", "title": "T"}\n{"text": "amo"}\n',)),
    "parquet": Target(_file(".parquet"), (_PARQUET,)),
    "usfm": Target(_file(".usfm"), (
        b"\\id GEN\n\\c 1\n\\p\n\\v 1 In the \\nd LORD\\nd*\\f + \\ft A note\\f* x\n\\v 2-3 \\w dark|x=\"y\"\\w*\n",)),
    "po": Target(_file(".po"), (
        b'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n#, fuzzy\nmsgid "a"\nmsgstr "kale %d"\n'
        b'\nmsgid "b"\nmsgid_plural "c"\nmsgstr[0] "amo"\nmsgstr[1] "amo"\n',)),
    "pdf": Target(_file(".pdf"), (_PDF,)),
    "docx": Target(_file(".docx"), (_DOCX, b"PK\x03\x04")),
    "conll": Target(_text(lambda text: read_conll(text, "a", 0, -1)), (b"Moses B-PER\nali O\n\nku O\nZomba B-LOC\n",)),
    "conllu": Target(_text(lambda text: read_conllu(text, "a")), (
        b"# text = Im Haus.\n1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_\n1\tIn\tin\tADP\t_\t_\t3\tcase\t_\t_\n"
        b"2\tdem\tder\tDET\t_\t_\t3\tdet\t_\t_\n3\tHaus\tHaus\tNOUN\t_\t_\t0\troot\t_\tSpaceAfter=No\n\n",)),
    "table": Target(_text(lambda text: read_table(text, "a", _COLUMNS, ",", None)), (_CSV,)),
    "rows": Target(_text(lambda text: read_jsonl(text, "a", _COLUMNS)), (
        b'{"text": "kale", "label": ["a", "b"]}\n{"text": "amo", "label": "a"}\n',)),
    "parallel": Target(_text(_two_parts), (b"kale\namo\n====\nold\nfood\n",)),
    "warc": Target(_warc, (_WARC,)),
    "warc record": Target(_record, (_RECORD,)),
    "gzip member": Target(_in_worker(in_worker_record, _EXCHANGE.url, 100_000), (gzip.compress(_RECORD, mtime=0),)),
    "index of captures": Target(_in_worker(in_worker_captures, ["nya"]), (
        b'{"url": "http://a/", "timestamp": "20250101000000", "status": "200", "mime": "text/html", "offset": "1", '
        b'"length": "2", "filename": "a/b.warc.gz", "languages": "nya,eng"}\n',)),
    "pages of the index": Target(_in_worker(in_worker_pages), (b'{"pages": 3}',)),
    "list of domains": Target(_domains, (b"# A\n\nNews:\n- https://example.org/a (b)\n", b"example.org # a\n")),
    "robots.txt": Target(lambda data, folder: read_robots(200, data), (
        b"User-agent: *\nDisallow: /a\nCrawl-delay: 3\nSitemap: https://example.org/s.xml\n",)),
    "listing": Target(lambda data, folder: read_listing(data, "https://example.org/s.xml"), (
        b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>'
        b"https://example.org/a</loc></url></urlset>",
        b'<rss version="2.0"><channel><item><link>https://example.org/a</link></item></channel></rss>',)),
    "page": Target(lambda data, folder: extract(data, "https://example.org/a"), (
        b"<html lang=ny><head><link rel=alternate hreflang=en href=/en><base href=//x></head><p>kale amo</p></html>",)),
}
