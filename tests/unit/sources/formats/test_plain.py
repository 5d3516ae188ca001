"""Plain text and Markdown."""

from __future__ import annotations

from pathlib import Path

from vernacular.core.files import File
from vernacular.sources.formats import Text, read_texts
from vernacular.sources.formats.plain import plain_texts

MARKDOWN = """---
title: "Nkhani ya lero"
author: A. Banda
date: 2024-05-01
---

# Mutu woyamba #

This is *one* paragraph
that goes **on** with a [link](http://example.org "t") and `code`.

- first item
- second item with ![picture](a.png)

1. numbered

```python
print("not prose")
```

> quoted words

snake_case_name stays, 2 * 3 * 4 stays

[ref]: http://example.org
---
<div>html</div>
"""


def test_blank_lines_part_documents_and_else_each_line_is_one() -> None:
    assert plain_texts("a\nb\n\nc\n \n\n\nd\n") == ["a\nb", "c", "d"]
    assert plain_texts("a\nb\nc\n") == ["a", "b", "c"]


def test_markdown_is_one_document_of_prose(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN, encoding="utf-8")
    assert list(read_texts(File.at(tmp_path / "a.md"), "a.md")) == [Text(
        "Mutu woyamba\nThis is one paragraph that goes on with a link and code.\nfirst item\nsecond item with picture\n"
        "numbered\nquoted words\nsnake_case_name stays, 2 * 3 * 4 stays\nhtml",
        whole=True, title="Nkhani ya lero", author="A. Banda", date="2024-05-01")]


def test_the_encoding_is_noted_unless_it_is_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("one\n\ntwo\n".encode("utf-16"))
    assert [text.flags for text in read_texts(File.at(tmp_path / "a.txt"), "a.txt")] == [("encoding:utf-16",)] * 2
    (tmp_path / "b.txt").write_bytes(b"one\n")
    assert [text.flags for text in read_texts(File.at(tmp_path / "b.txt"), "b.txt")] == [()]
