"""Files that were made to hang a reader, to fill its memory or its output: one recipe for each kind of attack.

``files(count, seed)`` gives as many as wanted; every recipe comes round, each time with another size.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pyarrow
from pyarrow import parquet

Recipe = Callable[[random.Random, int], bytes]

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
}


def files(count: int, seed: int, most: int = 300_000) -> Iterator[tuple[str, bytes]]:
    """(name, content) of ``count`` files of all formats in turn, each of up to ``most`` bytes before it is packed."""
    chance, names = random.Random(seed), list(RECIPES)
    for number in range(count):
        name = names[number % len(names)]
        size = int(most * chance.choice((0.01, 0.1, 0.3, 1)))
        yield f"{number:04}-{name}", RECIPES[name](chance, max(size, 200))
