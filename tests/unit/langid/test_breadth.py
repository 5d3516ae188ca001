"""How broad a seed is: measured far from it, with limits that let such text in, and strangers still kept out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.generate import CONSONANTS, VOWELS, write_language
from vernacular.behavior_tests.load import load_suite
from vernacular.cli.main import app
from vernacular.cli.readiness import lacking_by_kind
from vernacular.config.cleaning import Orthography
from vernacular.config.load import load_language
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stages import stages
from vernacular.langid import load_identifier
from vernacular.langid.breadth import BLOCK, MOST_BLOCKS, RECALL, Block, find_breadth, sample_blocks
from vernacular.langid.limits import SHARED
from vernacular.pipeline.stage import run_stage

PLAIN = Orthography()


def written(seed: int, matters: int, lines: int) -> list[list[str]]:
    """For each matter ``lines`` lines on it, in one language: common words, and words of the matter alone."""
    chance = random.Random(seed)

    def words(number: int, least: int) -> list[str]:
        return ["".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(chance.randint(least, 4)))
                for _ in range(number)]

    common, found = words(120, 1), []
    for _ in range(matters):
        own = words(60, 2)
        found.append([" ".join(chance.choice(own if chance.random() < 0.35 else common) for _ in range(10))
                      for _ in range(lines)])
    return found


TEXTS = written(1, 10, 60)
STRANGE = [line for lines in written(2, 4, 60) for line in lines]


def folder_with(tmp_path: Path, seed: list[str], text: list[str]) -> Path:
    folder = write_language(tmp_path / "languages", documents=3, sources=[
        {"name": "news", "kind": "files", "files": "news/*.txt", "licence": "CC0-1.0", "consent": "contributor",
         "register": "news"}], tasks={}, identification={"rejecters": []})
    (folder / "news").mkdir()
    (folder / "news" / "a.txt").write_text("\n".join(text), encoding="utf-8")
    (folder / "seed.txt").write_text("\n".join(seed), encoding="utf-8")
    return folder


def run(folder: Path, store: Store) -> dict[str, Artifact]:
    language = load_language(folder)
    return {stage.name: run_stage(stage, language, store) for stage in stages(language)[:3]}


def blocks_of(lines: list[str], trusted: bool = False) -> list[Block]:
    return [Block("news", trusted, tuple(lines[start:start + BLOCK])) for start in range(0, len(lines), BLOCK)]


def test_a_narrow_seed_is_found_out_and_its_limits_are_widened() -> None:
    far = [line for lines in TEXTS[2:] for line in lines]
    found = find_breadth(TEXTS[0] + TEXTS[1], blocks_of(far, trusted=True), code="qaa", others={}, shared=SHARED,
                         chance=1)
    assert found.narrow and found.shared < SHARED and found.accepted > found.usual
    every = [line for lines in TEXTS for line in lines]
    broad = find_breadth(every[::2], blocks_of(every[1::2]), code="qaa", others={}, shared=SHARED, chance=1)
    assert not broad.narrow and broad.shared == SHARED and broad.by_source["news"][0] == broad.lines


def test_text_in_another_language_widens_nothing() -> None:
    every = [line for lines in TEXTS for line in lines]
    found = find_breadth(every[::2], [*blocks_of(every[1::2]), *blocks_of(STRANGE)], code="qaa", others={},
                         shared=SHARED, chance=1)
    assert found.shared == SHARED and found.doubtful == len(blocks_of(STRANGE))


def test_without_other_text_blocks_of_the_seed_measure_one_another() -> None:
    found = find_breadth(TEXTS[0] + TEXTS[1] + TEXTS[2], [], code="qaa", others={}, shared=SHARED, chance=1)
    assert found.lines == 180 and not found.by_source and found.narrow
    assert find_breadth(TEXTS[0], [], code="qaa", others={}, shared=SHARED, chance=1).lines == 0


def test_where_all_of_the_text_is_trusted_and_in_the_seed_nothing_is_narrow(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=12, trusted=True, identification={"rejecters": []})
    report = run(folder, Store(tmp_path / "artifacts"))["corpus/identifier"].manifest.report
    gate = next(gate for gate in report.gates if gate.name == "seed_broad")
    assert gate.passed and gate.value is not None and gate.value < RECALL


def test_more_text_leaves_most_of_the_blocks() -> None:
    texts = [("news", f"mwana wa {number} ndi uyu") for number in range(BLOCK * (MOST_BLOCKS + 200))]
    one, more = (set(sample_blocks(part, {"news"}, "Latn", PLAIN)) for part in (texts, texts + texts[:40]))
    assert len(one) == MOST_BLOCKS and len(one & more) >= MOST_BLOCKS - 2 and all(block.trusted for block in one)
    assert not sample_blocks([("a", "one line"), ("b", "another")], (), "Latn", PLAIN)


def test_most_text_far_from_a_narrow_seed_is_kept_and_new_text_does_not_wait(tmp_path: Path) -> None:
    folder, store = folder_with(tmp_path, TEXTS[0] + TEXTS[1], [
        line for lines in TEXTS[:7] for line in lines]), Store(tmp_path / "artifacts")
    done = run(folder, store)
    report = done["corpus/identifier"].manifest.report
    gate = next(gate for gate in report.gates if gate.name == "seed_broad")
    assert not gate.passed and not gate.blocking and "vernacular seed qaa" in gate.reason
    assert report.counts["recall_far"].value >= RECALL > report.counts["recall_far_usual"].value
    identifier = load_identifier(done["corpus/identifier"].folder)
    assert identifier is not None and (identifier.scores(STRANGE) >= identifier.threshold).mean() < 0.05
    assert identifier.foreign(STRANGE).mean() > 0.9 and identifier.foreign(TEXTS[9]).mean() < 0.1
    more = "\n".join(line for lines in TEXTS[7:] for line in lines)
    (folder / "news" / "b.txt").write_text(more, encoding="utf-8")
    clean = run(folder, store)["corpus/clean"].manifest.report
    gates = {gate.name: gate for gate in clean.gates}
    assert clean.counts["words_rejected_quarantine"].value == 0 and gates["sources_unchanged"].passed


def test_check_and_the_command_seed_widen_a_narrow_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = [line for lines in TEXTS for line in lines]
    folder = folder_with(tmp_path, TEXTS[0] + TEXTS[1], text)
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(tmp_path / "artifacts"))

    def narrow() -> bool:
        language = load_language(folder)
        return any("vernacular seed qaa" in line for line in lacking_by_kind(
            language, load_suite(language), tmp_path / "artifacts", {})["seed"])

    assert narrow()
    result = CliRunner().invoke(app, ["seed", "qaa", "--lines", "250"])
    drawn = result.stdout.splitlines()
    known = {*TEXTS[0], *TEXTS[1]}
    assert result.exit_code == 0 and len(drawn) == 250 and known.isdisjoint(drawn) and set(drawn) <= set(text)
    assert sum(any(line in lines for line in drawn) for lines in TEXTS) >= 8
    with (folder / "seed.txt").open("a", encoding="utf-8") as stream:
        stream.write("\n" + result.stdout)
    assert not narrow()
    (folder / "news" / "a.txt").unlink()
    assert CliRunner().invoke(app, ["seed", "qaa"]).exit_code == 2
