"""Lines with a part in English: listed, cut or dropped, with nothing lost in the counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.generate import make_documents, write_language
from vernacular.cleaning.features import Change
from vernacular.cleaning.mixed_lines import RULE, PartlyForeign
from vernacular.cleaning.stage_results import REFUSED, CleanResult
from vernacular.config.load import load_language
from vernacular.config.stage_settings import clean_settings
from vernacular.core.report import Report
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.langid import SeedWords
from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.limits import count_words, weights_of
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import CHANGES, DOCUMENTS, REJECTS, read_rows
from vernacular.text.line_batch import Lines

OWN = [line for texts in make_documents(60).values() for text in texts for line in text.split("\n")]
LONG, SHORT = "the results of this meeting will be published before the end of the year", "they have not been"


@pytest.fixture(scope="module")
def seed() -> SeedWords:
    counts = count_words(OWN[:400])
    return SeedWords(CharacterModel.learn(weights_of(counts)), frozenset(
        sorted(counts, key=lambda word: (-counts[word], word))[:300]))


def applied(seed: SeedWords, tmp_path: Path, texts: list[str],
            **cleaning: object) -> tuple[Lines, list[list[Change]], dict[str, list[int]]]:
    settings = clean_settings(load_language(write_language(tmp_path / "languages", documents=3, cleaning=cleaning)))
    lines = Lines(list(texts), np.zeros(len(texts), np.int64), np.arange(1, len(texts) + 1))
    changes: list[list[Change]] = [[]]
    counts = np.array([len(text.split()) for text in texts], np.uint32)
    totals = PartlyForeign(seed, settings).apply(lines, counts, changes)
    return lines, changes, {name: column.tolist() for name, column in totals.items()}


TEXTS = [OWN[450], f"{OWN[451]} {LONG}", f"{OWN[452]} {SHORT}"]


def test_parts_are_listed(seed: SeedWords, tmp_path: Path) -> None:
    lines, (changes,), totals = applied(seed, tmp_path, TEXTS, mixed_lines="list")
    assert lines.texts == TEXTS and lines.rejects == []
    assert [(change.line, change.rule, change.before, change.after) for change in changes] == [
        (2, RULE, LONG, LONG), (3, RULE, SHORT, SHORT)]
    assert TEXTS[1][changes[0].offset or 0:] == LONG
    assert totals == {"lines_mixed": [2], "words_mixed": [18], "words_cut": [0]}


def test_by_default_nothing_is_looked_for(seed: SeedWords, tmp_path: Path) -> None:
    lines, changes, totals = applied(seed, tmp_path, TEXTS)
    assert lines.texts == TEXTS and changes == [[]] and not any(map(any, totals.values()))


def test_long_parts_are_cut(seed: SeedWords, tmp_path: Path) -> None:
    lines, (changes,), totals = applied(seed, tmp_path, TEXTS, mixed_lines="cut")
    assert lines.texts == [OWN[450], OWN[451], TEXTS[2]]
    assert [change.after for change in changes] == ["", SHORT]
    assert totals["words_cut"] == [14]


def test_lines_are_dropped_from_a_share_on(seed: SeedWords, tmp_path: Path) -> None:
    lines, _, totals = applied(seed, tmp_path, TEXTS, mixed_lines="drop", mixed_share=0.4)
    assert lines.texts == [OWN[450], TEXTS[2]] and [reject[3] for reject in lines.rejects] == [TEXTS[1]]
    assert totals["lines_mixed"] == [1]
    kept, _, _ = applied(seed, tmp_path / "other", TEXTS, mixed_lines="drop", mixed_share=0.9)
    assert kept.texts == TEXTS


def test_a_line_of_which_nothing_is_left_is_dropped(seed: SeedWords, tmp_path: Path) -> None:
    lines, (changes,), totals = applied(seed, tmp_path, [f"{LONG}."], mixed_lines="cut")
    assert lines.texts == [] and [reject[3] for reject in lines.rejects] == [f"{LONG}."]
    assert changes == [] and totals["words_cut"] == [0]  # its words count as dropped, not as cut too


def test_words_that_were_cut_are_not_counted_again_when_the_line_is_dropped_later(
        seed: SeedWords, tmp_path: Path) -> None:
    settings = clean_settings(load_language(write_language(tmp_path / "languages", documents=3, cleaning={
        "mixed_lines": "cut"})))
    lines = Lines([TEXTS[1]], np.zeros(1, np.int64), np.ones(1, np.int64))
    counts = np.array([len(TEXTS[1].split())], np.uint32)
    totals = PartlyForeign(seed, settings).apply(lines, counts, [[]])
    assert counts.tolist() == [len(OWN[451].split())] and totals["words_cut"].tolist() == [14]


def test_a_document_is_judged_by_what_is_left_of_its_lines(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=30, cleaning={"mixed_lines": "cut"})
    (folder / "seed.txt").write_text("\n".join(OWN[:150]), encoding="utf-8")
    file = folder / "text" / "river" / "text.txt"
    text = file.read_text(encoding="utf-8").split("\n")
    file.write_text("\n".join(f"{line} {LONG} and {LONG}" if line else "" for line in text), encoding="utf-8")
    language, store = load_language(folder), Store(tmp_path / "artifacts")
    for stage in stages(language)[:3]:
        artifact = run_stage(stage, language, store)
    assert artifact.manifest.report.counts["words_cut"].value > 100
    assert not [row for row in read_rows(artifact.folder / REJECTS) if row["rule"] == "document_identification"]


def test_the_stage_counts_and_lists_them(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=30, cleaning={"mixed_lines": "cut"})
    file = folder / "text" / "river" / "text.txt"
    text = file.read_text(encoding="utf-8").split("\n")
    (folder / "seed.txt").write_text("\n".join(OWN[:150]), encoding="utf-8")
    text[3] += f" {LONG}"
    file.write_text("\n".join(text), encoding="utf-8")
    language, store = load_language(folder), Store(tmp_path / "artifacts")
    for stage in stages(language)[:3]:
        artifact = run_stage(stage, language, store)
    report: Report = artifact.manifest.report
    assert [report.counts[name].value for name in ("lines_mixed", "words_cut", "words_masked")] == [1, 14, 0]
    assert [row["before"] for row in read_rows(artifact.folder / CHANGES) if row["rule"] == RULE] == [LONG]
    assert not any(LONG in row["text"] for row in read_rows(artifact.folder / DOCUMENTS))
    assert report.samples["parts in other languages"] == [{"part": LONG, "cut": True}]
    refused = sum(row["rule"] == "identification" for row in read_rows(artifact.folder / REJECTS))
    found = report.read_result(CleanResult, "corpus/clean").refused
    assert sum(kind.lines for kind in found) <= refused and len(report.samples[REFUSED]) <= 5 * max(len(found), 1)
