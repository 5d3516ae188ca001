"""Resolve the labels named in behavioral tests."""

from __future__ import annotations

from collections.abc import Sequence


def columns_of(labels: Sequence[str], label: str) -> list[int]:
    """Return the column of ``label``; if there is none, those of B-PER and I-PER for PER."""
    return ([at for at, name in enumerate(labels) if name == label]
            or [at for at, name in enumerate(labels) if name in (f"B-{label}", f"I-{label}")])
