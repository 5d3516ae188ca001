"""What learning from translations will take, by how long a step took when they were last learned from here."""

from __future__ import annotations

from typing import Any

from vernacular.artifacts import Store
from vernacular.config.schema import Language, Model


def estimate(language: Language, store: Store, name: str, model: Model) -> dict[str, Any]:
    """The cost of teaching a model from translations: once for both arms, and in each of them after its pretraining.

    Returns:
        ``translation_steps`` and ``translation_minutes``, None where it was not done here yet; nothing at all where
        the folder names no translations.
    """
    asked = model.alignment
    if asked is None:
        return {}
    before = store.current(language.code, f"alignment/{name}")
    if before is None:
        return {"translation_steps": None, "translation_minutes": None}
    counts = {key: count.value for key, count in before.manifest.report.counts.items()}
    steps = (asked.passes + 2 * asked.passes_after) * -(-int(counts["pairs"]) // asked.batch_size)
    return {"translation_steps": steps, "translation_minutes": steps * counts["minutes"] / counts["steps"]}
