"""Limits for parsing one file or page from outside; ``vernacular.sandbox`` enforces them."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.strict import Strict


class Limits(Strict):
    """Limits for each file and page from outside.

    One that exceeds a limit is set aside and reported; the run continues.
    """

    seconds: float = Field(60, gt=0, examples=[300], description=(
        "Processor seconds for a file; a larger file gets one second per megabyte."))
    page_seconds: float = Field(10, gt=0, examples=[30], description=(
        "Processor seconds for a web page, a feed or a wiki article."))
    memory_mb: int = Field(1500, ge=16, examples=[4000], description=(
        "Megabytes of memory for reading a file, in addition to the parser's own. Raise it for very large PDF files."))
    output_mb: int = Field(100, ge=1, examples=[500], description=(
        "Megabytes of text in one document; all documents of a file together may have twenty times the file's "
        "size if that is more."))
