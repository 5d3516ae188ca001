"""The list of documents."""

from __future__ import annotations

from typing import Any

from vernacular.release.documents import documents_text


def test_documents_are_sorted_and_say_what_they_were_for() -> None:
    rows: list[dict[str, Any]] = [{"id": key, "raw_digest": "d", "source": "s", "path": "p"} for key in ("b", "a")]
    rows.append({**rows[0], "id": "c", "role": "retention"})
    assert documents_text(rows) == ("id\traw_digest\tfor\tsource\tpath\na\td\ttarget\ts\tp\nb\td\ttarget\ts\tp\n"
                                    "c\td\tretention\ts\tp\n")
