"""Text in the neighboring languages, as negatives for the identifier: where it is found, and its lines.

For each language of ``identification.contrast`` its sources are read. For each other entry of ``neighbours`` the first
of these is used: the seed of another language folder beside this one; the Declaration of Human Rights (``udhr``);
FineWeb-2 on the hub. The last two are fetched only with ``identification.fetch_contrast``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import langcodes
from langcodes.data_dicts import NORMALIZED_MACROLANGUAGES

from vernacular.config.cleaning import Orthography
from vernacular.config.codes import is_same
from vernacular.config.load import folders_of, load_language
from vernacular.config.schema import Language
from vernacular.config.sources import HubSource, NetworkSource, Source
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store, digest_of_listed
from vernacular.langid import udhr
from vernacular.langid.seed import Progress, choose_lines, seed_file, seed_lines
from vernacular.provenance.corpus_tables import DOCUMENTS
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import Place, fetch_source, open_source, place_of

Origin = Literal["settings", "folder", "declaration", "hub"]
DATASET, REVISION = "HuggingFaceFW/fineweb-2", "af9c13333eb981300149d5ca60a8e9d659b276b9"
_DOCUMENTS = 500  # of FineWeb-2


@dataclass(frozen=True)
class Contrast:
    """Where the text in one other language comes from."""

    code: str  # of the language, as in the settings
    origin: Origin
    sources: tuple[Source, ...] = ()  # to read; of ``settings`` and ``hub``
    folder: Language | None = None  # whose seed is read
    names: tuple[str, ...] = ()  # codes of the Declaration that are meant

    def described(self) -> str:
        """Return where the text comes from, in words."""
        return {"settings": "identification.contrast", "declaration": "the Declaration of Human Rights",
                "hub": "FineWeb-2",
                "folder": f"the seed of languages/{self.folder.code}" if self.folder else ""}[self.origin]


def find_contrast(language: Language, root: Path) -> list[Contrast]:
    """Return where text in other languages is at hand, without the network; ``root`` is the store's.

    Raises:
        Problem: the archive of the Declaration is not the known one.
    """
    settings = language.identification.contrast
    found = [Contrast(code, "settings", tuple(sources)) for code, sources in settings.items() if sources]
    for code in _unnamed(language):
        contrast = _of_folder(code, language, root) or _of_declaration(code, language, root) or _of_hub(
            code, language, root)
        found += [contrast] if contrast else []
    return found


def without_contrast(language: Language, root: Path) -> list[str]:
    """Return the entries of ``neighbours`` for which no text is at hand; those of ``contrast`` were decided on."""
    found = {contrast.code for contrast in find_contrast(language, root)}
    return [code for code in _unnamed(language) if not any(is_same(code, other) for other in found)]


def fetch(language: Language, root: Path, progress: Progress) -> None:
    """Fetch due contrast sources, and with ``fetch_contrast`` text for neighbors that have none.

    What was not asked for by name is not needed: if it cannot be fetched, that is reported and the run continues.

    Raises:
        Problem: a source of ``identification.contrast`` cannot be fetched.
    """
    for code, sources in language.identification.contrast.items():
        for source in sources:
            if isinstance(source, NetworkSource):
                fetch_source(source, place_of(language, source, root, _role(code)), progress)
    if not language.identification.fetch_contrast:
        return
    try:
        if without_contrast(language, root):
            udhr.fetch_archive(root, progress)
    except Problem as problem:
        progress(str(problem))
    for code in without_contrast(language, root):
        source = hub_source(code, language.script)
        try:
            fetch_source(source, place_of(language, source, root, _role(code)), progress)
        except Problem as problem:
            progress(f"no text for {code}: {problem}")
            if problem.code != Code.SOURCE_MISSING:  # one failed request, not one for each neighbor
                return


def versions(language: Language, root: Path) -> dict[str, str]:
    """Return digests of the text in other languages."""
    found = {}
    for contrast in find_contrast(language, root):
        role = f"contrast/{contrast.code}"
        for source in contrast.sources:
            found[f"{role}/{source.name}"] = open_source(
                source, place_of(language, source, root, _role(contrast.code))).data_version()
        if contrast.origin == "declaration":
            found[role] = udhr.SHA512
        if contrast.folder is not None:
            found[role] = _folder_version(contrast.folder, root)
    return found


def contrast_lines(language: Language, orthography: Orthography, root: Path,
                   progress: Progress) -> dict[str, list[str]]:
    """Return language code -> lines for every language of which text is at hand, in the order of the text."""
    found = {}
    for contrast in find_contrast(language, root):
        if contrast.folder is not None:
            found[contrast.code] = seed_lines(contrast.folder, orthography, _documents_of(contrast.folder, root))
            continue
        texts: Iterable[str] = (line for name in contrast.names for line in udhr.declaration_lines(root, name))
        if contrast.sources:
            texts = (document.text for source in contrast.sources for document in _documents(
                source, place_of(language, source, root, _role(contrast.code)), progress))
        found[contrast.code] = choose_lines(texts, language.script, orthography, language.identification.seed_lines,
                                            Suppressions.of(language.folder))
    return {code: lines for code, lines in found.items() if lines}


def hub_source(code: str, script: str) -> HubSource:
    """Return the source for the language ``code`` on the hub, at a fixed revision.

    FineWeb-2 names individual languages, so a macrolanguage is fetched as the one that usually goes by its name:
    ``swh`` for ``swa``.
    """
    usual = [member for member, name in NORMALIZED_MACROLANGUAGES.items() if is_same(name, code)]
    member = usual[0] if len(usual) == 1 else code
    return HubSource.model_validate({
        "name": "fineweb2", "kind": "hub", "dataset": DATASET, "config": f"{member}_{script}", "revision": REVISION,
        "preset": "fineweb2", "licence": "ODC-By-1.0", "consent": "public-licence", "register": "web",
        "most_documents": _DOCUMENTS})


def _unnamed(language: Language) -> Iterator[str]:
    named = language.identification.contrast
    return (code for code in language.neighbours if not any(is_same(code, other) for other in named))


def _role(code: str) -> str:
    return f"contrast-{code}"


def _members(code: str, codes: Iterable[str], own: str) -> list[str]:
    """Return which of ``codes`` are the language ``code``, or belong to it if it is a macrolanguage; never ``own``."""
    every = sorted(other for other in codes if not is_same(other, own))
    exact = [other for other in every if is_same(other, code)]
    return exact or [other for other in every if langcodes.tag_is_valid(other) and langcodes.standardize_tag(
        other, macro=True) == langcodes.standardize_tag(code)]


def _of_folder(code: str, language: Language, root: Path) -> Contrast | None:
    """Return the language folder of ``code`` if its seed is at hand."""
    beside = {path.name: path for path in folders_of(language.folder.parent)}
    for name in _members(code, beside, language.code):
        try:
            other = load_language(beside[name])
            if seed_file(other).exists() or (any(source.trusted for source in other.sources)
                                             and Store(root).current(other.code, "corpus/documents")):
                return Contrast(code, "folder", folder=other)
        except Problem:
            continue  # `check` of that folder reports it
    return None


def _of_declaration(code: str, language: Language, root: Path) -> Contrast | None:
    names = _members(code, udhr.declared_codes(root), language.code)
    return Contrast(code, "declaration", names=tuple(names)) if names else None


def _of_hub(code: str, language: Language, root: Path) -> Contrast | None:
    source = hub_source(code, language.script)
    place = place_of(language, source, root, _role(code))
    return Contrast(code, "hub", (source,)) if (place.mirror / "state.json").is_file() else None


def _documents_of(language: Language, root: Path) -> Path:
    last = Store(root).current(language.code, "corpus/documents")
    return (last.folder if last else root) / DOCUMENTS


def _folder_version(language: Language, root: Path) -> str:
    """Return a digest of what ``seed_lines`` reads."""
    file, last = seed_file(language), Store(root).current(language.code, "corpus/documents")
    text = digest_of_listed([(file.path, file)]) if file.exists() else last.manifest.data_version if last else ""
    return f"{text} {Suppressions.of(language.folder).version()}"


def _documents(source: Source, place: Place, progress: Progress) -> Iterator[Document]:
    return (document for document in open_source(source, place).documents(progress)
            if not place.suppressed.covers(document))
