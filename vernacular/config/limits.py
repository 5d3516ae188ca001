"""What parsing one file or page from outside may take. ``vernacular.sandbox`` enforces it."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.strict import Strict


class Limits(Strict):
    """Limits for each file and page from outside; what passes one is set aside and reported, and the run goes on."""

    seconds: float = Field(60, gt=0, examples=[300], description=(
        "Most seconds of processor time for a file; a file of more megabytes than this gets a second for each."))
    page_seconds: float = Field(10, gt=0, examples=[30], description=(
        "Most seconds of processor time for a web page, a feed or a wiki article."))
    memory_mb: int = Field(1500, ge=16, examples=[4000], description=(
        "Most megabytes of memory for reading a file, beside the parser's own. Raise it for very large PDF files."))
    output_mb: int = Field(100, ge=1, examples=[500], description=(
        "Most megabytes of text in one document; all documents of a file together may have twenty times the file's "
        "size if that is more."))
