"""What the card says of a data statement that nobody has written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.release.made_up import NAME
from vernacular.config.load import load_language
from vernacular.config.statement import FILE, UNWRITTEN
from vernacular.release.card import write_card
from vernacular.release.results import gather


@pytest.mark.parametrize(("written", "known"), [("Spoken by nobody.", True), (f"# A\n\n{UNWRITTEN} It", False),
                                                (None, False)])
def test_a_statement_that_nobody_filled_in_is_not_known(language_folder: Path, written: str | None,
                                                        known: bool) -> None:
    (language_folder / FILE).unlink()
    if written is not None:
        (language_folder / FILE).write_text(written, encoding="utf-8")
    language = load_language(language_folder)
    said = write_card(gather(language, NAME, language.models[NAME], {})).split("## What is not known")[1]
    assert ("nobody has filled in the data statement" in said) != known
