"""What a person is told of a narrow seed: in ``vernacular check``, and at the gate ``seed_broad``."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.core.store import Gate
from vernacular.langid.breadth import RECALL, Breadth
from vernacular.langid.seed import seed_file


def breadth_gate(breadth: Breadth, language: Language) -> Gate:
    """The gate ``seed_broad``: red where the usual limits would refuse too much text that is far from the seed.

    Green where all of the text is trusted and in the seed: there is nothing that could be refused.
    """
    share = breadth.usual / breadth.lines if breadth.lines else None
    if breadth.lines and not breadth.by_source and not seed_file(language).exists():
        return Gate(name="seed_broad", passed=True, value=share, threshold=RECALL, reason=(
            f"all of the text is in the seed; of a third of it, by the others, {breadth.accepted / breadth.lines:.0%} "
            "are accepted"))
    return Gate(name="seed_broad", passed=not breadth.narrow, value=share, threshold=RECALL,
                reason=told(breadth, language))


def told(breadth: Breadth, language: Language) -> str:
    """How broad the seed is, in a sentence or three: what is accepted, what the run does about it, how to widen it."""
    if not breadth.lines:
        return "not measured: there is too little text besides the seed"
    of = "lines of the text far from the seed" if breadth.by_source else "lines of a third of the seed, by the others,"
    usual = f"{breadth.usual / breadth.lines:.0%} of {breadth.lines:,} {of} are accepted"
    if not breadth.narrow:
        return usual
    moved = (f"A run widens the limits, so that {breadth.accepted / breadth.lines:.0%} are"
             + (f"; {RECALL:.0%} are wanted" if breadth.short else ""))
    return f"the seed is narrow: at the usual limits {usual}. {moved}. {widening(language)}"


def widening(language: Language) -> str:
    """How the seed of ``language`` is widened."""
    file = seed_file(language)
    if not file.exists():
        return ("Set `trusted: true` at more sources that are in the language throughout, or write "
                f"{file.name}: `vernacular seed {language.code}` draws lines from all of the text")
    return (f"Widen {file.name}: `vernacular seed {language.code} >> languages/{language.code}/"
            f"{language.identification.seed}` adds lines drawn from all of the text; delete those that a speaker says "
            "are not in the language")
