"""What candidates know of languages."""

from __future__ import annotations

import pytest

from vernacular.bases.languages import Spoken, knowledge_of, spoken_as
from vernacular.bases.table import Candidate, read_table

TABLE = {row.id: row for row in read_table()}


def made(*languages: str, count: int | None = None) -> Candidate:
    return Candidate.model_validate({
        "id": "a/b", "objective": "masked", "languages": [*languages], "count": count, "sources": [
            {"url": "https://example.org", "facts": ["objective", "languages", *(["count"] if count else [])]}]})


@pytest.mark.parametrize(("candidate", "level", "neighbors"), [
    (made("nya", "swa"), "language", ("swa",)), (made("eng", count=1800), "perhaps", ()),
    (made("swa", "eng"), "neighbors", ("swa",)), (made("eng"), "script", ()), (made("amh"), "nothing", ()),
    (made("eng", count=119), "script", ())])
def test_levels(candidate: Candidate, level: str, neighbors: tuple[str, ...]) -> None:
    found = knowledge_of(candidate, Spoken("nya", "Chichewa", "Latn", ("sna", "swa")))
    assert (found.level, found.neighbors) == (level, neighbors)


def test_a_macrolanguage_counts() -> None:
    assert knowledge_of(made("swa"), spoken_as("swh")).level == "language"
    assert knowledge_of(made("swa"), Spoken("nya", "", "Latn", ("swh",))).neighbors == ("swh",)


def test_short_and_private_codes() -> None:
    assert knowledge_of(TABLE["Davlan/afro-xlmr-base"], spoken_as("ny")).level == "language"
    assert knowledge_of(TABLE["FacebookAI/xlm-roberta-base"], spoken_as("qaa-x-mine")).level == "script"
    assert knowledge_of(TABLE["answerdotai/ModernBERT-base"], spoken_as("bod")).level == "nothing"
