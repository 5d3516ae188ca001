"""Messages about a narrow seed, for ``vernacular check`` and the gate ``seed_broad``."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.core.report import Gate
from vernacular.langid.breadth import RECALL, Breadth
from vernacular.langid.seed import seed_file


def breadth_gate(breadth: Breadth, language: Language) -> Gate:
    """Build the gate ``seed_broad``: red if the usual limits reject too much text far from the seed.

    Green if all text is trusted and in the seed, since nothing can be rejected.
    """
    share = breadth.usual / breadth.lines if breadth.lines else None
    if breadth.lines and not breadth.by_source and not seed_file(language).exists():
        return Gate(name="seed_broad", passed=True, value=share, threshold=RECALL, reason=(
            f"all of the text is in the seed; of each third of it, {breadth.accepted / breadth.lines:.0%} are "
            "accepted by the others"))
    return Gate(name="seed_broad", passed=not breadth.narrow, value=share, threshold=RECALL,
                reason=describe_breadth(breadth, language))


def describe_breadth(breadth: Breadth, language: Language) -> str:
    """Describe the breadth of the seed, how a run reacts, and how to widen the seed."""
    if not breadth.lines:
        return "not measured: there is too little text outside of the seed"
    of = "lines of the text far from the seed" if breadth.by_source else ("lines of thirds of the seed, judged by "
                                                                          "the others,")
    usual = f"{breadth.usual / breadth.lines:.0%} of {breadth.lines:,} {of} are accepted"
    if not breadth.narrow:
        return usual
    moved = (f"A run relaxes the limits, so that {breadth.accepted / breadth.lines:.0%} are"
             + (f"; the goal is {RECALL:.0%}" if breadth.short else ""))
    return f"the seed is narrow: at the usual limits {usual}. {moved}. {widening(language)}"


def widening(language: Language) -> str:
    """Return how to widen the seed of ``language``."""
    file = seed_file(language)
    if not file.exists():
        return (f"Set `trusted: true` for more sources that are entirely in the language, or write {file.name}: "
                f"`vernacular seed {language.code}` samples lines from all of the text")
    return (f"Widen {file.name}: `vernacular seed {language.code} >> "
            f"languages/{language.code}/{language.identification.seed}` adds lines sampled from all of the text; "
            "delete those that a speaker rejects")
