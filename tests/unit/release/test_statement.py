"""The card without a data statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.release.made_up import NAME
from vernacular.config.load import load_language
from vernacular.config.statement import FILE, UNWRITTEN
from vernacular.release.card import write_card
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather
from vernacular.release.statement import write_statement


@pytest.mark.parametrize(("written", "known"), [("Spoken by nobody.", True), (f"# A\n\n{UNWRITTEN} It", False),
                                                (None, False)])
def test_a_statement_that_nobody_filled_in_is_not_known(language_folder: Path, written: str | None,
                                                        known: bool) -> None:
    (language_folder / FILE).unlink()
    if written is not None:
        (language_folder / FILE).write_text(written, encoding="utf-8")
    language = load_language(language_folder)
    output = write_card(gather(language, NAME, language.models[NAME], {})).split("## What is not known")[1]
    assert ("nobody has filled in the data statement" in output) != known


def test_the_statement(found: ReleaseResults) -> None:
    rows = [{"source": "text", "licence": "CC0-1.0", "consent": "contributor", "register": "other", "quality": "raw"}]
    output = write_statement(found, "Spoken by nobody.", rows * 3)
    assert "Spoken by nobody." in output
    assert "| text | CC0-1.0 | contributor | other | raw | 3 |" in output
    assert "Nobody has written a statement yet" in write_statement(found, None, [])


def test_the_statement_lists_what_was_read_besides(found: ReleaseResults) -> None:
    row = {"source": "manuals", "licence": "BSD-3-Clause", "consent": "public-licence", "register": "technical",
           "quality": "edited", "role": "retention"}
    assert "| retention | manuals | BSD-3-Clause | public-licence | technical | edited | 2 |" in write_statement(
        found, None, [], [row, row])
