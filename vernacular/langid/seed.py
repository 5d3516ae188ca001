"""Training data of the identifier: text known to be in the language. Text in others is in ``contrast``.

The seed is the file ``seed.txt`` of the language folder or, without it, the trusted sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from vernacular.config.cleaning import Orthography
from vernacular.config.schema import Language
from vernacular.core.files import File, Folder
from vernacular.core.store import digest_of_listed
from vernacular.provenance.corpus_tables import read_rows
from vernacular.provenance.document import short_digest
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources.formats import read_text
from vernacular.text.normalization import normalise, repair
from vernacular.text.scripts import knows_script, other_script
from vernacular.text.spelling import Speller
from vernacular.text.words import words

LEAST_WORDS = 3
_SCRIPT_SHARE = 0.9
Progress = Callable[[str], None]
LEAST_SEED = 100  # lines that the identifier needs


def seed_file(language: Language) -> File:
    """Return the seed file, existing or not."""
    return Folder(language.folder, "", language.code).file(language.identification.seed)


def _trusted(language: Language) -> list[str]:
    """Return the names of the sources used as the seed: none if there is a seed file."""
    if seed_file(language).exists():
        return []
    return [source.name for source in language.sources if source.trusted]


def version_of_seed(language: Language) -> dict[str, str]:
    """Return digests of the seed file and of what was taken down."""
    found = {"takedowns": Suppressions.of(language.folder).version()}
    file = seed_file(language)
    if file.exists():
        found["seed"] = digest_of_listed([(file.path, file)])
    return found


def seed_lines(language: Language, orthography: Orthography, documents: Path) -> list[str]:
    """Return the seed lines in the corpus's form, at most ``identification.seed_lines``, in file order.

    Args:
        language: whose seed.
        orthography: its spelling settings.
        documents: the documents of the stage before.

    Raises:
        Problem: the seed file cannot be read.
    """
    settings, trusted = language.identification, frozenset(_trusted(language))
    file = seed_file(language)
    if file.exists():
        texts: Iterable[str] = [read_text(file, file.shown, limits=language.limits)]
    else:
        texts = (row["text"] for row in (read_rows(documents, ["source", "text"]) if trusted else ())
                 if row["source"] in trusted)
    return choose_lines(texts, language.script, orthography, settings.seed_lines, Suppressions.of(language.folder))


def choose_lines(texts: Iterable[str], script: str, orthography: Orthography, most: int,
                 suppressed: Suppressions) -> list[str]:
    """Return distinct lines of three words or more in the script; if too many, a sample by digest."""
    lines = list(dict.fromkeys(line for text in texts
                               for line in suppressed.without_lines(text).split("\n") if line.strip()))
    found = dict.fromkeys(line for line in corpus_form(lines, script, orthography) if len(words(line)) >= LEAST_WORDS)
    chosen = frozenset(sorted(found, key=short_digest)[:most])
    return [line for line in found if line in chosen]


def corpus_form(lines: list[str], script: str, orthography: Orthography) -> list[str]:
    """Return ``lines`` in the corpus's form; a line in another script becomes empty."""
    spelled, _ = Speller(orthography, script).apply(normalise(repair(lines)[0]))
    foreign = other_script(spelled, script, _SCRIPT_SHARE) if knows_script(script) else {}
    return ["" if number in foreign else line for number, line in enumerate(spelled)]
