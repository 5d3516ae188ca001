"""Text known to be in the language, and text known to be in others: what the identifier is learned from.

The seed is the file ``seed.txt`` of the language folder or, where there is none, the sources that are trusted: what
was let in of them, since whoever changes a site that is trusted must not teach by that what the language is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from vernacular.artifacts import digest_of_files
from vernacular.config.cleaning import Orthography
from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.corpus.acceptance import accepted_ids
from vernacular.corpus.acceptance import versions as acceptance_versions
from vernacular.corpus.filters import knows_script, other_script
from vernacular.corpus.formats.encoding import decode
from vernacular.corpus.ledger import Document, short_digest
from vernacular.corpus.normalise import normalise, repair
from vernacular.corpus.orthography import Speller
from vernacular.corpus.poisoning import held_ids, judged, let_in
from vernacular.corpus.sources import Place, fetch_source, open_source, place_of
from vernacular.corpus.sources.files import check_file
from vernacular.corpus.suppression import Suppressions
from vernacular.corpus.words import words
from vernacular.jsonl import read_jsonl

LEAST_SEED = 100  # lines
LEAST_WORDS = 3
_SCRIPT_SHARE = 0.9
Progress = Callable[[str], None]


def _trusted(language: Language) -> list[str]:
    """The names of the sources that serve as the seed: none where there is a seed file."""
    if (language.folder / language.identification.seed).is_file():
        return []
    return [source.name for source in language.sources if source.trusted]


def versions(language: Language, root: Path) -> dict[str, str]:
    """What the identifier is learned from besides the documents, as digests: the seed file and the contrast.

    What was let in is not among it but for what a person accepted: it grows whenever new documents are cleaned, and all
    would be cleaned again for it. So new documents teach from the next change of the documents on.
    """
    settings, found = language.identification, {"takedowns": Suppressions.of(language.folder).version()}
    if settings.rounds or _trusted(language):
        found |= acceptance_versions(language)
    path = language.folder / settings.seed
    if path.is_file():
        found["seed"] = digest_of_files(language.folder, [path])
    for code, sources in settings.contrast.items():
        for source in sources:
            found[f"contrast/{code}/{source.name}"] = open_source(
                source, place_of(language, source, root, f"contrast-{code}")).data_version()
    return found


def fetch(language: Language, root: Path, progress: Progress) -> None:
    """Fetch what is due of the contrast that lies on the network."""
    for code, sources in language.identification.contrast.items():
        for source in sources:
            if isinstance(source, NetworkSource):
                fetch_source(source, place_of(language, source, root, f"contrast-{code}"), progress)


def seed_lines(language: Language, orthography: Orthography, documents: Path, root: Path) -> list[str]:
    """The lines of the seed in the corpus's own form, at most ``identification.seed_lines``; none where there is none.

    Of a trusted source that was screened before these are lines of the documents that were let in. Where they are too
    few, since nearly every document is another than before, all serve but those that are known to wait for a person.

    Args:
        language: whose seed.
        orthography: how it is spelled.
        documents: ``documents.jsonl`` of the stage before.
        root: of the store, below which is kept what was let in.

    Raises:
        Problem: the seed file, or what was let in, cannot be read.
    """
    def chosen(texts: Iterable[str]) -> list[str]:
        return _chosen(texts, language.script, orthography, settings.seed_lines, Suppressions.of(language.folder))

    settings, trusted = language.identification, frozenset(_trusted(language))
    path = language.folder / settings.seed
    if path.is_file():
        check_file(path, language.folder.resolve(), f"{language.code}/{settings.seed}")
        return chosen([decode(path.read_bytes(), f"{language.code}/{settings.seed}")[0]])
    if not trusted:
        return []
    rows = judged(read_jsonl(documents), let_in(language, root))
    lines = chosen(row["text"] for row in rows if row["source"] in trusted)
    if len(lines) >= LEAST_SEED:
        return lines
    accepted = accepted_ids(language.folder)
    waiting = {name: held_ids(root, language.code, name) - accepted.get(name, frozenset()) for name in trusted}
    return chosen(row["text"] for row in read_jsonl(documents)
                  if row["source"] in trusted and row["id"] not in waiting[row["source"]])


def contrast_lines(language: Language, orthography: Orthography, root: Path,
                   progress: Progress) -> dict[str, list[str]]:
    """Language code -> lines in it, for every language of ``identification.contrast``."""
    settings, found = language.identification, {}
    for code, sources in settings.contrast.items():
        texts = (document.text for source in sources
                 for document in _documents(source, place_of(language, source, root, f"contrast-{code}"), progress))
        found[code] = _chosen(texts, language.script, orthography, settings.seed_lines,
                              Suppressions.of(language.folder))
    return found


def _documents(source: Source, place: Place, progress: Progress) -> Iterable[Document]:
    return (document for document in open_source(source, place).documents(progress)
            if not place.suppressed.covers(document))


def _chosen(texts: Iterable[str], script: str, orthography: Orthography, most: int,
            suppressed: Suppressions) -> list[str]:
    """Distinct lines of three words or more in the script; of many, those whose digests come first: a fair sample."""
    lines = list(dict.fromkeys(line for text in texts
                               for line in suppressed.without_lines(text).split("\n") if line.strip()))
    spelled, _ = Speller(orthography, script).apply(normalise(repair(lines)[0]))
    foreign = other_script(spelled, script, _SCRIPT_SHARE) if knows_script(script) else {}
    found = dict.fromkeys(line for number, line in enumerate(spelled) if number not in foreign
                          and len(words(line)) >= LEAST_WORDS)
    return sorted(found, key=short_digest)[:most]
