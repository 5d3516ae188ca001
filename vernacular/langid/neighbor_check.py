"""What ``vernacular check`` says about the neighbors: which have no text as contrast, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.langid.contrast import Contrast, contrast_lines, find_contrast, without_contrast
from vernacular.langid.seed import LEAST_SEED
from vernacular.langid.separation import Separation, measure_separation
from vernacular.langid.share import share_of
from vernacular.pipeline.stage import silent

_WORTH = 0.02  # of a neighbor's lines; where fewer are accepted nothing is reported
# The smallest and the largest share of a relative's lines that an identifier without contrast accepted, and the
# precisions with as much text in both: docs/experiments/near-relatives.md
MEASURED = (0.0, 0.75, 0.44, 1.0)
_PAGE = "docs/experiments/near-relatives.md"


def describe_neighbors(language: Language, seed: Sequence[str], root: Path) -> Iterator[str]:
    """Yield a line on the neighbors without contrast text, and one on each of which many lines pass.

    Args:
        language: with ``neighbours``.
        seed: its seed; with too few lines nothing is measured.
        root: of the store.
    """
    try:
        absent, found = without_contrast(language, root), find_contrast(language, root)
        lines = contrast_lines(language, language.cleaning.orthography, root, silent) if seed else {}
    except Problem as problem:
        yield str(problem)
        return
    if absent:
        yield _unknown(absent, language)
    origins = {contrast.code: contrast for contrast in found}
    if len(seed) < LEAST_SEED:
        return
    for separation in measure_separation(seed, lines, code=language.code):
        if separation.without > _WORTH * separation.lines:
            yield describe_separation(separation, origins[separation.code], language.identification.decide_by)


def _unknown(codes: Sequence[str], language: Language) -> str:
    least, most, worst, best = MEASURED
    how = ("" if language.identification.fetch_contrast
           else ", or set `identification.fetch_contrast: true` to have some fetched")
    return (f"no text in {', '.join(codes)} (`neighbours`) as contrast: how many of their lines pass is unknown. Of "
            f"relatives that were measured without contrast, {least:.0%} to {most:.0%} of the lines passed: a "
            f"precision of {best:.2f} to {worst:.2f} with as much text in the relative as in the language "
            f"({_PAGE}). Name text under `identification.contrast`{how}")


def describe_separation(separation: Separation, contrast: Contrast, decide_by: str) -> str:
    """Describe how well a neighbor is separated from the language, in a line; ``decide_by`` as in the settings."""
    without = share_of(separation.without, separation.lines)
    text = (f"{separation.code}: of {separation.lines:,} lines ({contrast.described()}) {without.share:.0%} "
            f"[{without.low:.0%}, {without.high:.0%}] pass without contrast: a precision of "
            f"{separation.precision(separation.without):.2f} with as much text in both languages")
    if separation.accepted is None:
        text += "; what these lines gain as contrast is not measured, since they are of one text"
    else:
        accepted = share_of(separation.accepted, separation.lines)
        text += (f"; {accepted.share:.0%} [{accepted.low:.0%}, {accepted.high:.0%}] with it: "
                 f"{separation.precision(separation.accepted):.2f}")
    if separation.by_line:
        return text
    if decide_by == "line":
        return f"{text}. Lines do not separate the two; without `identification.decide_by: line` documents may"
    return (f"{text}. Lines do not separate the two: a run judges whole documents too, where these do "
            "(`identification.decide_by`)")
