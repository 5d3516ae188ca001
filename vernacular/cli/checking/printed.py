"""Format the output of ``vernacular check``: errors by file, or a summary with the next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from vernacular.behavior_tests.schema import UNREVIEWED
from vernacular.cleaning.losses import closing_lines
from vernacular.cli.checking.folder import Checked
from vernacular.cli.checking.recordings import describe_speech
from vernacular.cli.checking.texts import TextFound
from vernacular.cli.readiness import lacking_by_kind
from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.datasets.notes import DataNote
from vernacular.tasks.base import IGNORED
from vernacular.tasks.labeled_items import Items

_LABELS_SHOWN = 6
_LITTLE_TEXT = 100_000  # words


def errors_of(checked: Checked) -> list[str]:
    """Return the errors of a folder by file with lines, and their number; empty if there are none."""
    problem = checked.faults.combined()
    if problem is None:
        return []
    by_file: dict[str, list[Problem]] = {}
    for error in problem.problems:
        by_file.setdefault(error.file, []).append(error)
    lines = []
    for file, problems in by_file.items():
        lines.append(file)
        problems.sort(key=lambda one: one.line)
        for error, following in zip_longest(problems, problems[1:]):
            line = f"line {error.line}: " if error.line else ""
            end = "" if error.what.endswith("?") else "."
            # print a repeated fix once, after the last error
            again = following is not None and following.fix == error.fix
            fix = "" if again else f"{end} {error.fix}"
            lines.append(f"  {line}{error.what}{fix}" + (f" [{error.code}]" if error.code else ""))
        if file in problem.beyond:
            lines.append(f"  and {problem.beyond[file]} more in this file")
    number, files = len(problem.problems) + sum(problem.beyond.values()), len(by_file)
    return [*lines, f"{checked.code}: {number} error{'s' * (number != 1)} in {files} file{'s' * (files != 1)}"]


def found_in(checked: Checked, root: Path, alone: bool) -> list[str]:
    """Summarize a folder without errors: one line, or everything if it is checked ``alone``."""
    language = checked.language
    assert language is not None and checked.suite is not None  # otherwise there are errors
    words = sum(source.words for source in checked.texts.sources)
    models = ", ".join(language.models_to_run()) or "none enabled"
    text = f"{words:,} words, {len(language.tasks)} tasks, models: {models}"
    spoken = "" if language.speech is None else "speech, models: " + (
        ", ".join(language.speech.models_to_run()) or "none enabled")
    first = f"{checked.code}: no errors. {language.name}, " + "; ".join(filter(None, [
        text if language.sources or not spoken else "", spoken]))
    network = [source.name for source in checked.texts.sources if source.fetched is not None]
    if network:
        first += f"; needs the network: {', '.join(network)}"
    if not alone:
        return [first]
    notes = lacking_by_kind(language, checked.suite, root, checked.items)
    speech = describe_speech(language, root)
    notes = {"speech": speech.lacking, **notes, "recordings": speech.notes}
    following = _what_helps(language, words, checked, notes)
    return [first, *(f"  {line}" for line in (*_contents(language, checked), *speech.contents)),
            *(f"data: {line}" for line in _remarks(checked.remarks)),
            *(f"note: {note}" for lines in notes.values() for note in lines if note != following),
            *_last_run(language, root), f"next: {following}"]


def _last_run(language: Language, root: Path) -> list[str]:
    """Return what the cleaning rules dropped in the last run."""
    clean = Store(root).current(language.code, "corpus/clean")
    return [f"last run: {line}" for line in closing_lines(clean)] if clean else []


def _remarks(remarks: Sequence[DataNote]) -> Iterator[str]:
    """Yield a line for equal notes on several files, with their number and first place."""
    alike: dict[tuple[str, str], list[DataNote]] = {}
    for remark in remarks:
        alike.setdefault((remark.file.rpartition("/")[0], remark.text), []).append(remark)
    for (_, text), group in alike.items():
        number, others = sum(one.number for one in group), len({one.file for one in group}) - 1
        yield (f"{f'{number:,} ' if number else ''}{text}: {group[0].where}"
               + (f", and in {others} more file{'s' * (others != 1)}" if others else ""))


def _contents(language: Language, checked: Checked) -> Iterator[str]:
    width = max(map(len, (*language.tasks, *(source.name for source in language.sources), "translations")))
    for source in checked.texts.sources:
        yield f"source {source.name:<{width}}  {_text(source)}"
    for name in language.tasks:
        items = checked.items.get(name)
        yield f"task   {name:<{width}}  {_origin(language, name) if items is None else _labels(items)}"
    for model, pairs in checked.texts.pairs.items():
        yield f"model  {model:<{width}}  {pairs:,} translated sentences"
    suite = checked.suite
    if suite is not None and suite.tests:
        reviewed = sum(suite.review_of(test) != UNREVIEWED for test in suite.tests)
        outdated = [test.name for test in suite.tests if suite.outdated(test)]
        yield (f"tests  {'':<{width}}  {len(suite.tests)} behavioral, {reviewed} reviewed"
               + (f" (changed since: {', '.join(outdated)})" if outdated else ""))
    off = [name for name, model in language.models.items() if not model.enabled]
    if off:
        yield f"off    {'':<{width}}  {', '.join(off)} (run with --model)"


def _text(source: TextFound) -> str:
    if source.fetched is not None:
        return "on the network, " + ("fetched" if source.fetched else "not fetched yet")
    return f"{source.words:,} words in {source.files:,} file{'s' * (source.files != 1)}"


def _origin(language: Language, name: str) -> str:
    task = language.tasks[name]
    if task.labels is not None:
        return {"document_group": "labels from the groups of documents", "capitalised": "labels from capital letters",
                "translations": "pairs of the translations"}[task.labels.kind]
    return "labeled data on the hub"


def _labels(items: Items) -> str:
    """Return the number of items in each part, and the label frequencies."""
    parts = (("train", items.train), ("dev", items.dev), ("test", items.test))
    counted = Counter(label for _, part in parts for item in part for label in item.labels if label != IGNORED)
    names = Counter[str]()
    entities = any(label.startswith("B-") for label in items.kind.labels)
    for number, times in counted.items():
        label = items.kind.labels[number]
        if not entities or label.startswith("B-"):
            names[label.removeprefix("B-") if entities else label] += times
    shown = ", ".join(f"{label} {times:,}" for label, times in names.most_common(_LABELS_SHOWN))
    more = f", {len(names) - _LABELS_SHOWN} more" if len(names) > _LABELS_SHOWN else ""
    sizes = ", ".join(f"{part} {len(of_part):,}" for part, of_part in parts)
    return f"{sizes}{'; ' if shown else ''}{shown}{more}"


def _what_helps(language: Language, words: int, checked: Checked, notes: Mapping[str, list[str]]) -> str:
    """Return the most useful next step, as far as a check can judge."""
    if not language.sources:
        assert language.speech is not None  # a folder has texts or recordings
        only = "" if language.speech.models_to_run() or not language.speech.models else (
            f" --model {next(iter(language.speech.models))}")
        return next(iter(notes["speech"]), f"vernacular plan {checked.code}{only}")
    local = not any(isinstance(source, NetworkSource) for source in language.sources)
    for kind in ("text", "bases"):
        if notes[kind]:
            return notes[kind][0]
    if local and words < _LITTLE_TEXT:
        return (f"more text: {words:,} words are few, and more words help up to a million. "
                "docs/reference/sources.md lists sources")
    if notes["seed"]:
        return notes["seed"][0]
    if not any(model.alignment for model in language.models_to_run().values()):
        return ("translations: a few thousand sentences with translations help more than anything else "
                "(docs/how-to/add-a-language.md)")
    return next((lines[0] for lines in notes.values() if lines), f"vernacular plan {checked.code}")
