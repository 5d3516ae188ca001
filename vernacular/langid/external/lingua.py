"""lingua (Stahl 2022): knows 75 languages; only those to reject and neighbors are loaded.

It rarely knows a minority language. So known neighbors stand in for it: they attract its lines, and
a line is dropped only if a language to reject leads by a margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import langcodes
from lingua import IsoCode639_3, LanguageDetectorBuilder
from lingua import Language as Known

from vernacular.langid.external import LEAST_WORDS
from vernacular.text.words import words

# prefilter with trigrams; the full models, three times slower, see only these lines (1 in 100
# missed)
_SUSPICION = 0.01
_MACRO = {"nor": "nob", "arb": "ara", "cmn": "zho", "swh": "swa", "zsm": "msa", "pes": "fas", "ekk": "est",
          "lvs": "lav", "khk": "mon", "als": "sqi", "azj": "aze"}


def known(code: str) -> Known | None:
    """Return lingua's language for a code, or None."""
    try:
        alpha3 = langcodes.get(code).to_alpha3()
        return Known.from_iso_code_639_3(getattr(IsoCode639_3, _MACRO.get(alpha3, alpha3).upper()))
    except (LookupError, AttributeError, ValueError):
        return None


class Lingua:
    """Drops lines in the languages to reject.

    Args:
        code: of the language; never rejected.
        script: of the language; only neighbors in this script are used.
        neighbours: codes of similar languages.
        reject: codes of languages to drop.
        distance: least lead of a language to reject over the next, 0 to 1.
    """

    name = "lingua"

    def __init__(self, code: str, script: str, neighbours: Sequence[str], reject: Sequence[str],
                 distance: float) -> None:
        own = known(code)
        absorbing = {language: name for name in neighbours if (language := known(name)) is not None
                     and langcodes.get(name).maximize().script in (script, None)}
        if own is not None:
            absorbing[own] = code
        self.rejected = {language: name for name in reject if (language := known(name)) is not None
                         and language not in absorbing}
        self.absorbing = sorted(absorbing.values())
        self._distance = distance
        self._languages = sorted({*absorbing, *self.rejected}, key=lambda language: language.name)

    @property
    def version(self) -> str:
        """The version of the package, which includes its models."""
        return version("lingua-language-detector")

    @property
    def skipped(self) -> str | None:
        """Why it cannot judge lines, or None."""
        if not self.rejected:
            return "lingua knows none of the languages to reject"
        if not self.absorbing:
            return "lingua knows neither the language nor a neighbour in its script"
        return None

    def load(self) -> None:
        """Load the models, which takes a third of a second and leaves other threads free."""
        if not self.skipped:
            LanguageDetectorBuilder.from_languages(*self._languages).with_preloaded_language_models().build()

    def judge(self, lines: Sequence[str]) -> list[str | None]:
        """Return for each line the reason to drop it, or None. Lines below four words are kept."""
        reasons: list[str | None] = [None] * len(lines)
        if self.skipped:
            return reasons
        quick = LanguageDetectorBuilder.from_languages(*self._languages).with_low_accuracy_mode().build()
        long = [number for number, line in enumerate(lines) if len(words(line)) >= LEAST_WORDS]
        confidence = quick.compute_language_confidence_values_in_parallel([lines[number] for number in long])
        long = [number for number, values in zip(long, confidence, strict=True)
                if any(value.language in self.rejected and value.value >= _SUSPICION for value in values)]
        builder = LanguageDetectorBuilder.from_languages(*self._languages)
        detector = builder.with_minimum_relative_distance(min(self._distance, 0.99)).build()
        found = detector.detect_languages_in_parallel_of([lines[number] for number in long])
        for number, language in zip(long, found, strict=True):
            if language in self.rejected:
                reasons[number] = f"identified as {self.rejected[language]}"
        return reasons
