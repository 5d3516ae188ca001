"""The stage ``corpus/clean``: applies the rules in their order, keeps what they drop, and counts.

The steps: the rules for single documents (``document_rules``, cached for known documents), those that compare
documents (``corpus_rules``), writing (``output``) and the ``report``.
"""

from __future__ import annotations

from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import orjson

from vernacular.cleaning import corpus_rules as across
from vernacular.cleaning import output
from vernacular.cleaning.approvals import accepted_losses
from vernacular.cleaning.cache import Library, uncollected
from vernacular.cleaning.corpus_lines import COLUMNS, Corpus
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.document_rules import RULES_VERSION
from vernacular.cleaning.holdout_texts import held_out_items
from vernacular.cleaning.report import describe
from vernacular.cleaning.source_drift import screen
from vernacular.cleaning.workers import Recipe, Rows, tables_for
from vernacular.config.stage_settings import CleanSettings
from vernacular.core.report import Report
from vernacular.core.store import Artifact, digest_of, write_atomically
from vernacular.langid.document_rule import load_rules
from vernacular.langid.ensemble import FILE
from vernacular.langid.external import open_rejecters
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import CHANGES, DOCUMENTS, REJECTS, read_tables
from vernacular.provenance.suppression_list import Suppressions
from vernacular.text import scripts
from vernacular.text.normalization import normalise, repair
from vernacular.text.pii import compiled, redact
from vernacular.text.spelling import Speller

_LIBRARIES = ("fasttext", "ftfy", "heliport", "lingua-language-detector", "numpy", "pyarrow", "pycld2", "regex",
              "rensa")


@uncollected()
def run(work: StageContext[CleanSettings]) -> Report:
    """Write ``documents.parquet`` (cleaned), ``rejects.parquet`` and ``changes.parquet``.

    Raises:
        Problem: task items, the suppression list or a baseline cannot be read.
    """
    settings = work.settings
    identifier = work.inputs["corpus/identifier"]
    held_out = HeldOut.of(held_out_items(work.language, work.root), settings.overlap_words,
                          lambda lines: tidy(lines, settings))
    held_out.save(work.scratch / "held.npz")
    spec = {"settings": settings.model_dump(mode="json", by_alias=True), "identifier": str(identifier.resolve()),
            "held": str((work.scratch / "held.npz").resolve())}
    library = Library(work.cache, rules_version(settings, identifier, held_out))
    documents = work.inputs["corpus/documents"] / DOCUMENTS
    rows = Rows.of(documents, work.scratch)
    library.shed(rows.keys)
    view = tables_for(rows, Recipe.of("vernacular.cleaning.document_rules", spec), library, work.progress)
    corpus = Corpus(view, read_tables(documents, COLUMNS))

    work.progress(f"comparing {len(corpus.lines):,} documents, {len(corpus.owner):,} lines")
    by_source = corpus.documents_by_source()
    screening = screen(by_source, work.language.code, work.root, work.language.folder, settings.poisoning)
    waiting = [(screening.waiting_of(by_source[source]), "its source changed: " + "; ".join(reasons))
               for source, reasons in screening.reasons.items()]
    across.apply(corpus, settings.cleaning.boilerplate_share, settings.cleaning.near_duplicate, waiting,
                 Suppressions.of(work.language.folder), held_out, library.folder / across.PAIRS)
    work.progress("writing")
    output.write_documents(work.out / DOCUMENTS, corpus, documents)
    output.write_rejects(work.out / REJECTS, corpus)
    output.write_changes(work.out / CHANGES, corpus)
    library.tidy()
    return describe(work.out, corpus, settings, screening, _notes(settings, identifier, library.folder), held_out,
                    accepted_losses(work.language.folder), load_rules(identifier, settings.decide_by))


def tidy(lines: list[str], settings: CleanSettings) -> list[str]:
    """``lines`` of task items as they would read if they were part of the corpus, so that they are found in it."""
    spelled, _ = Speller(settings.cleaning.orthography, settings.script).apply(normalise(repair(lines)[0]))
    return masked(spelled, settings)


def masked(lines: list[str], settings: CleanSettings) -> list[str]:
    """Return ``lines`` with private data masked if the settings require it."""
    if settings.cleaning.private_data:
        return redact(lines, Counter(), compiled(settings.cleaning.private_patterns))
    return lines


def rules_version(settings: CleanSettings, identifier: Path, held_out: HeldOut) -> str:
    """Return a digest of what the rules for single documents depend on besides the document."""
    own = settings.model_dump(mode="json", by_alias=True, exclude={"poisoning": True, "cleaning": {
        "mix": True, "boilerplate_share": True}})
    return digest_of({"settings": own, "identifier": Artifact(identifier).manifest.data_version,
                      "held": held_out.digest(), "rules": RULES_VERSION,
                      "libraries": {name: _installed(name) for name in _LIBRARIES}})


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _notes(settings: CleanSettings, identifier: Path, cache: Path) -> dict[str, str]:
    """Which rules were skipped, and why; kept in the cache, since asking loads the identifiers."""
    path = cache / "notes.json"
    if path.is_file():
        found: dict[str, str] = orjson.loads(path.read_bytes())
        return found
    found = {}
    if not scripts.knows_script(settings.script):
        found["script"] = f"skipped: {settings.script} is not a script that Unicode knows"
    if not (identifier / FILE).is_file():
        found["identification"] = "no seed to learn from: only lines surely in a language to reject are dropped"
    for rejecter in open_rejecters(settings.rejecters, settings):
        if rejecter.skipped:
            found[rejecter.name] = f"skipped: {rejecter.skipped}"
    write_atomically(path, orjson.dumps(found).decode())
    return found
