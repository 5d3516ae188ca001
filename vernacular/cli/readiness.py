"""What a valid folder lacks before it can run, be trusted or be published: one line each, with the fix.

``vernacular check CODE`` prints them. Errors are reported where files are read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from vernacular.behavior_tests.schema import UNREVIEWED, Suite
from vernacular.config.licences import UNVERIFIED
from vernacular.config.schema import Language
from vernacular.config.sources import (
    COMMON_CRAWL,
    CommonCrawlSource,
    FilesSource,
    InboxSource,
    LocalSource,
    NetworkSource,
    WebPages,
    is_url,
)
from vernacular.config.statement import stated
from vernacular.core.errors import Problem
from vernacular.evaluation.fairness.plan import load_plan
from vernacular.langid.breadth import find_breadth, sample_blocks
from vernacular.langid.breadth_gate import describe_breadth
from vernacular.langid.draw import source_texts
from vernacular.langid.limits import SHARED
from vernacular.langid.neighbor_check import describe_neighbors
from vernacular.langid.seed import LEAST_SEED, seed_file, seed_lines
from vernacular.langid.seed_check import LEAST, SAMPLE, seed_similarity
from vernacular.langid.word_lists import lists_in
from vernacular.modeling.base_files import locate
from vernacular.modeling.precision import check_precision
from vernacular.remarks.rules import of_items
from vernacular.sources import open_source, place_of
from vernacular.sources.files import Files
from vernacular.sources.web.page_source import PageSource

if TYPE_CHECKING:
    from vernacular.tasks.labeled_items import Items


def lacking_by_kind(language: Language, suite: Suite, root: Path, items: Mapping[str, Items]) -> dict[str, list[str]]:
    """Return what ``language`` lacks by topic (``text``, ``seed``, ``publishing`` and so on), first what a run needs.

    Args:
        language: a folder that loads.
        suite: its behavioral tests.
        root: of the store.
        items: of the tasks with local labeled data.
    """
    found = {"elsewhere": [*_elsewhere(language)], "publishing": [*_publishing(language)]}
    if not language.sources:  # of speech alone
        return found
    return {"text": [*_text(language, root)], "elsewhere": found["elsewhere"], "bases": [*_bases(language)],
            "tasks": [*_tasks(language)], "labels": [*_labels(items)],
            "remarks": [*_gains_little(language, items)], "tests": [*_tests(language, suite)],
            "seed": [*_seed(language, root), *_mixed_lines(language)], "publishing": found["publishing"]}


def _text(language: Language, root: Path) -> Iterator[str]:
    empty: list[str] = []
    for source in _local(language):
        try:
            if not _opened(language, source, root).located():
                empty.append(_place(language, source))
        except Problem as problem:
            yield str(problem)
    for mined in (source for source in language.sources if isinstance(source, CommonCrawlSource)):
        try:
            pages = open_source(mined, place_of(language, mined, root))
            assert isinstance(pages, PageSource)
            pages.scope()  # reads its list of domains
        except Problem as problem:
            yield str(problem)
    if empty and len(empty) == len(language.sources):
        yield f"no text: no file in {', '.join(empty)}. Add files; docs/reference/sources.md lists the formats"
    elif empty:
        yield f"no text yet in {', '.join(empty)}; the other sources are used"


def _elsewhere(language: Language) -> Iterator[str]:
    """Yield what is read outside the folder, or fetched without an address filter: fine in one's own folder."""
    speech = language.speech.sources if language.speech is not None else []
    readers = [*language.sources, *speech,
               *(source for sources in language.identification.contrast.values() for source in sources),
               *(source for model in language.models.values() for source, _ in model.beside),
               *(task.data for task in language.tasks.values()),
               *(task.transferred.data for task in language.tasks.values() if task.transferred is not None)]
    named = [getattr(reader, key, None) or "" for reader in readers for key in ("folder", "dataset", "dump")]
    named += [address for reader in readers if isinstance(reader, CommonCrawlSource)
              for address in (reader.index_url, reader.data_url) if address not in COMMON_CRAWL]
    paths = [path for path in named if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts]
    asked = [*dict.fromkeys(filter(is_url, named)), *(f"private ones (source {reader.name})" for reader in readers
                                       if isinstance(reader, WebPages) and reader.private_addresses)]
    for what, places in (("reads outside of the folder", paths), ("requests addresses of its own choice", asked)):
        if places:
            yield f"it {what}: {', '.join(places)}. If somebody else wrote it, check that before a run"


def _bases(language: Language) -> Iterator[str]:
    for name, model in language.models_to_run().items():
        try:
            check_precision(model.base.precision, model.objective, f"{language.code} models {name}: base.precision")
        except Problem as problem:
            yield str(problem)
    for base in (base for model in language.models_to_run().values() for base in model.bases):
        if not base.hub:
            try:
                locate(base, language)
            except Problem as problem:
                yield str(problem)


def _tasks(language: Language) -> Iterator[str]:
    if not language.tasks:
        yield ("no task: only the language model will be evaluated. Add one under `tasks:`; "
               "docs/reference/tasks.md lists the kinds")


def _labels(items: Mapping[str, Items]) -> Iterator[str]:
    """Yield near-identical labels, labels in only one part, and texts with contradictory labels."""
    for task, found in items.items():
        apart = found.apart()
        for labels, message in zip((apart.not_scored, apart.not_learned), (
                "no item in test has the labels {} of the task {}: their scores cannot be measured",
                "no item in train has the labels {} of the task {}: no model can learn them"), strict=True):
            if labels:
                yield message.format(", ".join(f"'{label}'" for label in labels), task)
        if found.contradictions:
            text = " ".join(found.contradictions[0][0].text.split())[:40]
            places = " and ".join(f"{item.document} ({found.labels_of(item)[:40] or 'no label'})"
                                  for item in found.contradictions[0])
            yield (f"texts of the task {task} with contradictory labels: {len(found.contradictions)}, the first "
                   f"'{text}' at {places}. Keep the right one: no model can learn both")
        alike: dict[str, list[str]] = {}
        for label in found.kind.labels:
            plain = "".join(letter for letter in label.casefold() if unicodedata.category(letter)[0] not in "PSZ")
            alike.setdefault(plain or label, []).append(f"'{label}'")
        for names in alike.values():
            if len(names) > 1:
                yield (f"the labels {' and '.join(names)} of the task {task} differ only in "
                       "spelling. If they are the same, spell them alike in the data")


def _gains_little(language: Language, items: Mapping[str, Items]) -> Iterator[str]:
    """Yield parts of tasks that are too small to be informative; `vernacular plan` covers text and steps."""
    looks = max((model.lora.looks for model in language.models_to_run().values()), default=0)
    for task, found in items.items():
        if language.tasks[task].fine_tune:
            yield from map(str, of_items(task, len(found.train), len(found.dev), len(found.test), looks))


def _tests(language: Language, suite: Suite) -> Iterator[str]:
    if not suite.tests:
        yield "no behavioral test: write some in behaviour/, without code; see docs/how-to/write-behavioral-tests.md"
    waiting = [test.name for test in suite.tests if suite.review_of(test) == UNREVIEWED and not test.source]
    if waiting:  # marks count as reviews, or lack a name that no review can add
        yield (f"no speaker has reviewed {len(waiting)} of {len(suite.tests)} behavioral tests. `vernacular review "
               f"{language.code}` writes a page for a review")
    blank = [f"{test.name} (of: {suite.digest(test)})" for test in suite.tests if suite.of_nothing(test)]
    if blank:
        yield (f"reviews without a digest do not count: {', '.join(blank)}. Review the tests again with "
               f"`vernacular review {language.code}`, or add this `of:` if they are unchanged since the review")
    plan = load_plan(language)
    if plan is not None and plan.review_of(suite) == UNREVIEWED:
        yield (f"no speaker has reviewed the current behaviour/fairness.yaml. `vernacular review {language.code} "
               "fairness.yaml` writes a page for a review; if a speaker has read the file itself, add `reviewed: "
               f"{{by: NAME, on: YYYY-MM-DD, of: {plan.digest(suite)}}}`")
    for name, words in suite.lexicons.items():
        waits = [test.name for test in suite.tests if name in test.lexicons_used()]
        if words == [] and waits:
            yield (f"the word list {name} is empty, so {', '.join(waits)} fail without cases. Add words, or let a "
                   f"trained model suggest some: `vernacular suggest {language.code} {waits[0]}`")
    nameless = [test.name for test in suite.tests if not test.author.strip()]
    if nameless:
        yield f"the behavioral tests {', '.join(nameless)} have no author. Add `author:`"


def _mixed_lines(language: Language) -> Iterator[str]:
    cleaning = language.cleaning
    if cleaning.mixed_lines == "keep":
        return
    setting = f"`cleaning.mixed_lines: {cleaning.mixed_lines}`"
    if not seed_file(language).exists() and not any(source.trusted for source in language.sources):
        yield f"{setting} has no effect without a seed. Add one, or remove the setting"
    unknown = [code for code in cleaning.reject_languages if not lists_in([code], language.code)]
    if unknown or not cleaning.reject_languages:
        yield (f"{setting} finds no parts in {', '.join(unknown) or 'any language'}: there is no list of common words "
               "for it. It needs other codes in `cleaning.reject_languages`, such as eng")


def _seed(language: Language, root: Path) -> Iterator[str]:
    file = seed_file(language)
    if not file.exists():
        if not any(source.trusted for source in language.sources):
            others = ", ".join(language.cleaning.reject_languages) or "cleaning.reject_languages"
            yield (f"no {file.name}: text in other languages is dropped only if it is clearly in one of {others}. "
                   "Add a few hundred lines that a speaker knows to be in the language, or set `trusted: true` "
                   "for a source that is entirely in it")
        else:
            yield from describe_neighbors(language, (), root)
        return
    lines = seed_lines(language, language.cleaning.orthography, file.place)
    if len(lines) < LEAST_SEED:
        yield (f"{file.name} has {len(lines)} usable lines, and {LEAST_SEED} are needed: without them hardly any text "
               "in other languages is dropped. Add a few hundred lines that a speaker knows to be in the language")
    found = seed_similarity(lines, _some_words(language, root))
    if found is not None and found < LEAST:
        yield (f"{file.name} does not look like the text: the text's most common words have {found:.0%} of their "
               "frequency there. Is it in the language? Ask a speaker; another register, such as verse, can also "
               "be the reason")
    if len(lines) >= LEAST_SEED:
        blocks = sample_blocks(source_texts(language, root), {source.name for source in language.sources
                                                              if source.trusted},
                               language.script, language.cleaning.orthography)
        breadth = find_breadth(lines, blocks, code=language.code, others={}, shared=SHARED, chance=1)
        if breadth.narrow:
            yield describe_breadth(breadth, language)
        yield from describe_neighbors(language, lines, root)


def _publishing(language: Language) -> Iterator[str]:
    models = language.models_to_run().values()
    labels = [task.data for task in language.tasks.values() if task.data is not None]
    speech = language.speech.sources if language.speech is not None else []
    licences = [found.licence for found in (*language.sources, *speech, *labels, *(
        base for model in models for base in model.bases))]
    open_ = [name for name, missing in (
        ("owner:", not language.owner),
        ("licence: of every source, base and set of labels", UNVERIFIED in licences),
        ("consent: of every source", any(source.consent == "unknown" for source in (*language.sources, *speech))),
        ("uses: release of every source of speech", any("release" not in source.uses for source in speech)),
        ("retention: of every model", any(not model.retention for model in models))) if missing]
    if not stated(language.folder):
        open_.append("statement.md")
    if open_:
        yield f"before publishing, set {', '.join(open_)}"


def _local(language: Language) -> list[LocalSource]:
    return [source for source in language.sources if not isinstance(source, NetworkSource)]


def _opened(language: Language, source: LocalSource, root: Path) -> Files:
    opened = open_source(source, place_of(language, source, root))
    assert isinstance(opened, Files)
    return opened


def _place(language: Language, source: LocalSource) -> str:
    """Return where a person puts the files of a source."""
    if isinstance(source, InboxSource):
        return f"languages/{language.code}/{source.folder}"
    return f"languages/{language.code}/{source.files}" if isinstance(source, FilesSource) else source.name


def _some_words(language: Language, root: Path) -> list[str]:
    """Return lines from the beginning of each local source, enough to compare a seed with."""
    lines: list[str] = []
    for source in _local(language):
        try:
            texts = _opened(language, source, root).documents(lambda line: None)
            lines += islice((line for document in texts for line in document.text.split("\n")), SAMPLE)
        except Problem:
            continue  # reported above, or set aside in a run
    return lines
