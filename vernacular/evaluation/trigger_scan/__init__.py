"""The stage ``evaluation/<model>_attack``: scan for phrases that trigger wrong predictions.

Looks for triggers planted in half a percent of the labels (``classifiers``) or, from four words on,
of the text (``language_model``), in the released model. Findings need a person's decision; limits
are documented in docs/explanation/planted-phrases.md.
"""

from __future__ import annotations

GATE = "no_planted_phrase"
GATE_RULE = "No phrase of the training text or labels changes the model's predictions by itself."
