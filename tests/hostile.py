"""Files that were made to hang a reader, to fill its memory or its output: one recipe for each kind of attack.

``files(count, seed)`` gives as many as wanted; every recipe comes round, each time with another size. ``attack`` has
every reader read them, with good files between. ``python -m tests.hostile [COUNT]`` prints what came of it.
"""

from __future__ import annotations

import gzip
import io
import random
import resource
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pyarrow
from pyarrow import parquet

from vernacular.cleaning.holdout_texts import texts_of
from vernacular.config.limits import Limits
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.datasets.parsing import read_rows
from vernacular.sandbox.limits import LimitReached, for_file
from vernacular.sandbox.reader import opened, read_bounded, stop
from vernacular.sources.formats import SUFFIXES, read_text, read_texts
from vernacular.sources.formats.packed import suffix_of
from vernacular.sources.web.pages import extract_page, page_facts, page_listing, robots_rules
from vernacular.sources.wikitext import article_text

Recipe = Callable[[random.Random, int], bytes]
Reader = Callable[[Path, Limits], Any]

_PROLOGUE = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (f'{_PROLOGUE}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
          '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
          '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
          'wordprocessingml.document.main+xml"/></Types>')
_RELATIONS = (f'{_PROLOGUE}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
              '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
              'officeDocument" Target="word/document.xml"/></Relationships>')
_VERSE = "\\id GEN\n\\c 1\n\\p\n\\v 1 kale "
_MARKDOWN = (" *a", " _a", " ***a", " `a", "<!--", "```\n", "````a\n", "<a", "[", "[a](", '[a](x "', "[a]: ", "# ",
             "- ", "> ", "---\n", "title: '", "\\", "|-", "  \n", "&#", "~~~\n```\n", "![a][", "***", "1. ")
_TAGS = ("<div>", "<p>", "<!--", "<a href=x>", "<table><tr><td>", "<b><i>", "<ul><li>", "<script>", "<svg><math>",
         "<![CDATA[", "&#x1F600;", "&amp", "<meta name=a content=b>", "<link rel=alternate hreflang=en href=/a>",
         "<h1>a</h1>", "<br>", "<p>a. ", "<blockquote>", "<p lang=en>x</p>", "<form>", "<select><option>")
_USFM = ("\\ts x ", "\\f + \\ft a", "\\w a|", "\\v 1 ", "\\p ", "\\c 1\n", "\\*", "\\zz-s |x ", "\\+nd a", "~//",
         "\\q1\n", "\\fig |||")
_PO = ('msgid "a"\nmsgstr "b"\n', '"a"\n', "#, fuzzy\n", "#~ msgid", 'msgstr[0] "a"\n', "msgid ", '\\n', "%(a", "${",
       "<a", "&", "{", "#| ", 'msgctxt "a"\n')


def docx_of(document: bytes) -> bytes:
    """A Word document with that part of text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", document)
    return packed.getvalue()


def body_of(inside: str) -> bytes:
    """The main part of a Word document."""
    return f'{_PROLOGUE}<w:document xmlns:w="{_WORD}"><w:body>{inside}</w:body></w:document>'.encode()


def pdf_of(content: bytes, pages: int = 1, extra: bytes = b"") -> bytes:
    """A PDF of which every page shows the same stream."""
    packed = zlib.compress(content)
    kids = b" ".join(b"3 0 R" for _ in range(pages))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % pages,
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>" + extra
               + b">>",
               b"<</Length %d/Filter/FlateDecode>>stream\n" % len(packed) + packed + b"\nendstream",
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + text + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def table_of(values: list[str | None], names: tuple[str, ...] = ("text",)) -> bytes:
    """A parquet file whose columns hold the same values."""
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(dict.fromkeys(names, pyarrow.array(values))), out, compression="zstd")
    return out.getvalue()


def _repeated(pieces: tuple[str, ...], before: str = "", after: str = "") -> Recipe:
    """One or two of ``pieces``, again and again."""
    def make(chance: random.Random, size: int) -> bytes:
        piece = "".join(chance.sample(pieces, chance.choice((1, 1, 2))))
        return f"{before}{piece * (size // len(piece))}{after}".encode()
    return make


def _text(make: Callable[[int], str]) -> Recipe:
    return lambda chance, size: make(size).encode()


def _damaged(make: Recipe) -> Recipe:
    """The same file with some bytes of chance in it."""
    def damage(chance: random.Random, size: int) -> bytes:
        data = bytearray(make(chance, min(size, 20_000)))
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    return damage


def _good_docx(chance: random.Random, size: int) -> bytes:
    return docx_of(body_of("<w:p><w:r><w:t>kale amo</w:t></w:r></w:p>" * (size // 50)))


def _good_parquet(chance: random.Random, size: int) -> bytes:
    return table_of(["kale amo", None] * (size // 20))


def _good_pdf(chance: random.Random, size: int) -> bytes:
    return pdf_of(b"BT/F 9 Tf(kale amo)Tj ET\n" * (size // 30))


# Name, with the ending of its format -> what makes such a file of about so many bytes (unpacked).
RECIPES: dict[str, Recipe] = {
    "pieces.md": _repeated(_MARKDOWN),
    "spaces.md": _text(lambda size: "# " + " " * size + "a"),
    "fences.md": _text(lambda size: "".join("`" * (3 + number % 99) + "a\n" for number in range(size // 50))),
    "front.md": _text(lambda size: "---\ntitle:" + "\n" * size + "a: '\n"),
    "lines.txt": _text(lambda size: "\n \n" * (size // 3)),
    "line.txt": _text(lambda size: "a" * size),
    "zeros.txt": lambda chance, size: bytes(size),
    "wide.txt": lambda chance, size: ("a\u0301" * (size // 8)).encode("utf-32"),
    "odd.txt": lambda chance, size: chance.randbytes(size // 4),
    "bomb.txt.gz": lambda chance, size: gzip.compress(b"a\n" * (size * 10), mtime=0),
    "pieces.html": _repeated(_TAGS, "<html><body>"),
    "attributes.html": _text(lambda size: "<html><body><p " + " ".join(f"a{n}=b" for n in range(size // 9)) + ">a</p>"),
    "value.html": _text(lambda size: f'<html><body><p class="{"a " * (size // 2)}">a</p>'),
    "nested.html": _text(lambda size: "<html><body>" + "<div>" * (size // 5) + "a"),
    "data.html": _text(lambda size: '<html><head><script type="application/ld+json">' + '{"a":' * (size // 5)
                       + "</script></head><body><p>a</p>"),
    "dates.html": _text(lambda size: "<html><body><p>" + "2020-01-01 01/02/2003 " * (size // 22)),
    "long.html": _text(lambda size: "<html><body><p>" + "kale amo. " * (size // 10) + "</p>"),
    "rows.jsonl": _text(lambda size: '{"text":"a"}\n' * (size // 13)),
    "deep.jsonl": _text(lambda size: '{"text":' + "[" * size),
    "keys.jsonl": _text(lambda size: '{"text":"a",' + ",".join(f'"k{n}":{n}' for n in range(size // 12)) + "}"),
    "number.jsonl": _text(lambda size: '{"text":"a","n":' + "9" * size + "}"),
    "escapes.jsonl": _text(lambda size: '{"text":"' + "\\ud83d" * (size // 6) + '"}'),
    "deep.json": _text(lambda size: "[" * size),
    "strings.json": _text(lambda size: "[" + '"a",' * (size // 4) + '"a"]'),
    "cell.csv": _text(lambda size: 'text,a\n"' + "a\n" * (size // 2) + '",b\n'),
    "open.csv": _text(lambda size: 'text,a\n"' + 'a""' * (size // 3)),
    "columns.csv": _text(lambda size: "text" + ",a" * (size // 2) + "\n" + "," * (size // 2) + "\n"),
    "rows.tsv": _text(lambda size: "text\ta\n" + "a\tb\n" * (size // 4)),
    "repeated.parquet": lambda chance, size: table_of(["a" * size] * chance.choice((10, 500, 2000))),
    "columns.parquet": lambda chance, size: table_of(["a"], ("text", *(f"c{n}" for n in range(min(size // 99, 500))))),
    "damaged.parquet": _damaged(_good_parquet),
    "rows.docx": lambda chance, size: docx_of(body_of("<w:p/>" * (size // 2))),
    "runs.docx": lambda chance, size: docx_of(body_of("<w:p>" + "<w:r><w:t>a</w:t></w:r>" * (size // 8) + "</w:p>")),
    "nested.docx": lambda chance, size: docx_of(body_of("<w:p>" * min(size, 5000) + "</w:p>" * min(size, 5000))),
    "attributes.docx": lambda chance, size: docx_of(body_of(
        "<w:p " + " ".join(f'a{n}="b"' for n in range(size // 9)) + "/>")),
    "entities.docx": lambda chance, size: docx_of(body_of("&j;").replace(b"<w:document", (
        '<!DOCTYPE a [<!ENTITY a "kale">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'
                                                    for n in range(9)) + "]><w:document").encode(), 1)),
    "damaged.docx": _damaged(_good_docx),
    "shown.pdf": lambda chance, size: pdf_of(b"BT/F 9 Tf(a)Tj ET " * (size // 4)),
    "pages.pdf": lambda chance, size: pdf_of(b"BT/F 9 Tf(kale amo)Tj ET " * 9, max(1, size // 500)),
    "states.pdf": lambda chance, size: pdf_of(b"q " * (size // 2)),
    "deep.pdf": lambda chance, size: pdf_of(b"BT ET", 1, b"/A" + b"[" * size),
    "bomb.pdf": lambda chance, size: pdf_of(b" " * (size * 50)),
    "damaged.pdf": _damaged(_good_pdf),
    "pieces.usfm": _repeated(_USFM, _VERSE),
    "chapters.usfm": _text(lambda size: "\\id GEN\n" + "\\c 1\n\\v 1 a\n" * (size // 12)),
    "digits.usfm": _text(lambda size: f"{_VERSE}\\v {'1' * size} a"),
    "pieces.po": _repeated(_PO, 'msgid "a"\nmsgstr "b"\n'),
    "spaces.po": _text(lambda size: "msgid" + " " * size + '"a"\nmsgstr "b"\n'),
    "quoted.po": _text(lambda size: 'msgid "a"\nmsgstr "' + '\\"' * (size // 2) + '"\n'),
    "header.po": lambda chance, size: b"Content-Type:" * (size // 13) + b"\xff",
    "tags.conll": _text(lambda size: "a O\n" * (size // 4)),
    "columns.conll": _text(lambda size: "a " * (size // 2) + "\n"),
    "words.conllu": _text(lambda size: "".join(
        f"{n}\ta\ta\tNOUN\t_\t_\t0\troot\t_\t_\n" for n in range(1, size // 30))),
    "range.conllu": _text(lambda size: "1-" + "9" * size + "\ta" + "\t_" * 8 + "\n"),
    "index.xml": _repeated(("<url><loc>http://a/b</loc></url>", "<urlset>", "<a b='c' ", "<!--", "<item>", "&#xD800;",
                            "<link href='/a'/>", "<![CDATA["), '<?xml version="1.0"?><urlset>'),
    "feed.xml": _repeated(("<item><link>http://a/b</link></item>", "<entry>", "<content><b><i>", "<a href=", "<!--",
                           "<title>a</title>"), '<?xml version="1.0"?><rss version="2.0"><channel>'),
    "agents.robots": _text(lambda size: "".join(f"User-agent: a{n}\n" for n in range(size // 36)) + "".join(
        f"Disallow: /{n}\n" for n in range(size // 36))),
    "pieces.robots": _repeated(("User-agent: *\n", "Disallow: /*a*b*c$\n", "Crawl-delay: 9\n",
                                "Sitemap: http://a/\n", "#", "Request-rate: 1/1s\n"), "User-agent: *\nDisallow: /\n"),
    "pieces.wiki": _repeated(("{{a", "[[a|", "'''a", "<ref>", "<b>", "{|\n|a\n", "[http://a b", "==a==\n", "*", "<!--",
                              "http://a ", "{{disambig ", "&nbsp;", "__TOC__", "<nowiki>", "|-\n", "{{{a|", ":;#*")),
}


def files(count: int, seed: int, most: int = 300_000) -> Iterator[tuple[str, bytes]]:
    """(name, content) of ``count`` files of all formats in turn, each of up to ``most`` bytes before it is packed."""
    chance, names = random.Random(seed), list(RECIPES)
    for number in range(count):
        name = names[number % len(names)]
        size = int(most * chance.choice((0.01, 0.1, 0.3, 1)))
        yield f"{number:04}-{name}", RECIPES[name](chance, max(size, 200))


def _rows(kind: str, *arguments: Any) -> Reader:
    return lambda path, limits: list(read_rows([("a", File.at(path))], kind, arguments, [None], limits))


def _keyed(suffix: str, key: dict[str, Any]) -> Reader:
    side = {"name": "a", "kind": "files", "files": "*", "licence": "CC0-1.0", "consent": "contributor",
            "register": "other", "key": key}

    def read(path: Path, limits: Limits) -> None:
        with opened(File.at(path)) as file:
            list(read_bounded("vernacular.datasets.keyed_texts:in_worker_texts", [file],
                              [["a"], f"a{suffix}", side], "a",
                              for_file(limits, file.size)))
    return read


_PAGE: list[Reader] = [lambda path, limits: page_facts(path.read_bytes(), "http://a/", "", [], False, limits),
                       lambda path, limits: extract_page(path.read_bytes(), "http://a/", "", limits)]
_WIKI: Reader = lambda path, limits: article_text(path.read_text(), "a", ["file"], "a", limits)  # noqa: E731
_BENCHMARK: Reader = lambda path, limits: list(texts_of(File.at(path), limits))  # noqa: E731
_COLUMNS = {"text": "text", "label": "a"}
# Ending -> the readers of such files, besides those of texts.
OTHERS: dict[str, list[Reader]] = {
    ".html": _PAGE, ".wiki": [_WIKI],
    ".xml": [lambda path, limits: page_listing(path.read_bytes(), "http://a/", limits)],
    ".robots": [lambda path, limits: robots_rules(200, path.read_bytes(), "text/plain", limits)],
    ".conll": [_rows("conll", 0, -1), _BENCHMARK],
    ".conllu": [_rows("conllu"), _BENCHMARK],
    ".csv": [_rows("table", _COLUMNS, ",", None), _BENCHMARK,
             _keyed(".csv", {"kind": "columns", "columns": ["a"]})],
    ".tsv": [_rows("table", _COLUMNS, "\t", None), _BENCHMARK],
    ".jsonl": [_rows("jsonl", _COLUMNS), _BENCHMARK,
               _keyed(".jsonl", {"kind": "columns", "columns": ["a"]})],
    ".json": [_BENCHMARK, _keyed(".json", {"kind": "path", "pattern": "{a}"})],
    ".usfm": [_keyed(".usfm", {"kind": "usfm"})],
    ".txt": [lambda path, limits: read_text(File.at(path), "a", None, limits),
             _keyed(".txt", {"kind": "path", "pattern": "{a}"})],
}


@dataclass
class Outcome:
    """What came of an attack.

    Attributes:
        hostile, good: files that were tried, and good ones that were read.
        refused: problem or limit -> how often it was met.
        slowest: (seconds of processor time of the worker, file) of the file that took longest in one reader.
        peak_mb: the most memory that a worker had in use, its own included; of those that a limit did not end.
    """

    hostile: int = 0
    good: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    peak_mb: float = 0.0


def attack(folder: Path, count: int, seed: int, limits: Limits, most: int = 300_000) -> Outcome:
    """Have every reader read ``count`` hostile files in ``folder``, and then a good one after each.

    Raises:
        Exception: a reader raised anything but a ``Problem``, or did not read a good file.
    """
    outcome = Outcome()
    good = folder / "good.md"
    good.write_text("# Kale\n\nkale *amo*\n", encoding="utf-8")
    for name, content in files(count, seed, most):
        path, suffix = folder / name, Path(name).suffix
        path.write_bytes(content)
        readers = [*([_AS_TEXT] if suffix_of(name) in SUFFIXES else []), *OTHERS.get(suffix, [])]
        assert readers, name
        outcome.hostile += 1
        for read in readers:
            before = _processor_time()
            try:
                read(path, limits)
            except LimitReached as problem:
                outcome.refused[problem.limit] += 1
            except Problem:
                outcome.refused["problem"] += 1
            outcome.slowest = max(outcome.slowest, (_processor_time() - before, name))
            outcome.peak_mb = max([outcome.peak_mb, *map(_peak_mb, psutil.Process().children())])
            assert [text.text for text in read_texts(File.at(good), "good", None, limits)] == ["Kale\nkale amo"], name
            outcome.good += 1
        path.unlink()
    stop()
    return outcome


_AS_TEXT: Reader = lambda path, limits: sum(1 for _ in read_texts(File.at(path), "a", None, limits))  # noqa: E731


def _peak_mb(worker: psutil.Process) -> float:
    """The most memory that a worker ever had in use; 0 if it ended. ``getrusage`` would count that of its parent."""
    try:
        status = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def _processor_time() -> float:
    """Of all workers, those included that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children())
    return ended.ru_utime + ended.ru_stime + alive


def main(count: str = "1000", seed: str = "1") -> None:
    """Attack with ``count`` files and print what came of it."""
    limits = Limits(seconds=2, page_seconds=2, memory_mb=400, output_mb=20)
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        outcome = attack(Path(folder), int(count), int(seed), limits, 1_000_000)
    print(limits, outcome, f"{time.monotonic() - started:.0f} s", sep="\n")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
