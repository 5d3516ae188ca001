"""A Word document with what real ones hold."""

from __future__ import annotations

from pathlib import Path

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls


def write(path: Path) -> None:
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = "Title", "Author"
    document.sections[0].header.paragraphs[0].text = "running head"
    document.add_heading("Mutu", 1)
    paragraph = document.add_paragraph("one ")
    paragraph.add_run("bold").bold = True
    body = paragraph._p
    body.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t xml:space='preserve'> inserted</w:t></w:r></w:ins>"))
    body.append(parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText>deleted</w:delText></w:r></w:del>"))
    body.append(parse_xml(f"<w:hyperlink {nsdecls('w')}><w:r><w:t xml:space='preserve'> linked</w:t></w:r>"
                          "</w:hyperlink>"))
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
    document.add_paragraph("line one\nline two")
    document.add_paragraph("Contents ... 1", style=document.styles.add_style("TOC 1", 1))
    document.save(str(path))
