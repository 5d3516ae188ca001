"""Translations teach both arms while they are pretrained; new rows start from them; card and statement name them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml

from tests.project import ENGLISH, Place
from vernacular.catalog import stages_of
from vernacular.cli.planning import steps_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.files import File
from vernacular.core.jsonl import read_jsonl
from vernacular.core.store import Store
from vernacular.datasets.aligned_pairs import Learned
from vernacular.provenance.corpus_tables import read_rows
from vernacular.provenance.document import BESIDE
from vernacular.provenance.suppression_list import FILE, append_row
from vernacular.release.card import write_card
from vernacular.release.examples import page_examples
from vernacular.release.headline import rows as rows_of
from vernacular.reporting.full_report import current_artifacts, results
from vernacular.reporting.html import in_short

COLOURS, ANIMALS = ("red", "green", "grey", "brown", "old"), ("fox", "dog", "horse", "crow")
MARKET = "text/market/text.txt"  # documents of the corpus, some of them held out
STAGES = ("alignment/tiny", "tokenizer/tiny", "model/tiny", "model/tiny_control")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, with_corpus: Callable[..., Place]) -> Place:
    """A language with three hundred translated sentences, as far as both trainings."""
    made = with_corpus(tmp_path_factory.mktemp("translations") / "project")
    folder = made.folder / "languages" / "qaa"
    english = [f"the {colour} {animal} {verb} over the {place}" for colour in COLOURS for animal in ANIMALS
               for verb in ("looks", "jumps", "flies") for place in ("river", "school", "market", "house", "road")]
    (folder / "theirs.txt").write_text("\n".join(english), encoding="utf-8")
    (folder / "ours.txt").write_text("\n".join(line.translate(str.maketrans("aeioust", "eioamkp")) for line in english),
                                     encoding="utf-8")
    settings = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    settings["models"]["tiny"]["alignment"] = {"batch_size": 8, "translations": [{
        "source": {**ENGLISH, "name": "ours", "files": "ours.txt"},
        "translation": {**ENGLISH, "name": "theirs", "files": "theirs.txt", "licence": "unverified"}}, {
        "source": {**ENGLISH, "name": "market", "files": MARKET},
        "translation": {**ENGLISH, "name": "market_theirs", "files": "market.txt"}}]}
    settings["tasks"]["search"] = {"kind": "sentence_retrieval", "labels": {"kind": "translations"}, "fine_tune": False,
                                   "test": 20}
    text = (folder / MARKET).read_text(encoding="utf-8")
    (folder / "market.txt").write_text("\n".join(line and f"the {line.lower()[::-1]}" for line in text.split("\n")),
                                       encoding="utf-8")
    (folder / "language.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    result = made.run("run", "qaa", "--to", "evaluation/tiny_likelihood")
    assert result.returncode == 0, result.stdout + result.stderr
    return made


def loaded(place: Place) -> tuple[Language, Store]:
    return load_language(place.folder / "languages" / "qaa"), Store(place.artifacts)


def test_both_arms_learn_from_the_same_embeddings(place: Place) -> None:
    _, store = loaded(place)
    found = {name: store.current("qaa", name) for name in STAGES}
    assert all(found.values())
    aligned = found["alignment/tiny"]
    assert aligned is not None
    learned, counts = Learned.read(aligned.folder), aligned.manifest.report.counts
    assert len(learned.pairs) == counts["pairs"].value and len(learned.held_out) == counts["pairs_held"].value
    assert len(learned.targets) == counts["pairs_embedded"].value
    assert len(learned.held_out_targets) == len(learned.held_out)
    assert [remark.code for remark in aligned.manifest.report.remarks] == ["VN-FEW-PAIRS"]
    for name in STAGES[2:]:
        artifact = found[name]
        assert artifact is not None and artifact.manifest.inputs["alignment/tiny"] == aligned.manifest.data_version
        rows = list(read_jsonl(artifact.folder / BESIDE))
        assert {row["role"] for row in rows} == {"translated", "translation", "retention"}
        counts = artifact.manifest.report.counts
        assert counts["translation_distance"].value < counts["translation_distance_before"].value
        assert 0 <= counts["translation_found"].value <= 1
        assert "translations_learned" in {gate.name for gate in artifact.manifest.report.gates}
        assert "states_moved" not in counts  # translations take the place of the base's states


def test_new_rows_start_from_what_translates_them(place: Place) -> None:
    _, store = loaded(place)
    tokenizer, aligned = store.current("qaa", "tokenizer/tiny"), store.current("qaa", "alignment/tiny")
    assert tokenizer is not None and aligned is not None
    assert tokenizer.manifest.inputs["alignment/tiny"] == aligned.manifest.data_version
    assert tokenizer.manifest.settings["vocabulary"]["initialise"] == "translations"


def test_card_page_and_gate_say_what_it_learned_from(place: Place) -> None:
    language, store = loaded(place)
    found = results(store, language, "tiny")
    card = write_card(found)
    assert found.alignment is not None
    pairs = int(found.alignment.pairs or 0)
    assert pairs > 50 and f" {pairs} " in card
    assert any("theirs" in line and "unverified" in line for line in card.splitlines())
    assert any(str(pairs) in line for line in in_short(found))
    gate = next(gate for gate in found.release_gates if gate.name == "licences_verified")
    assert not gate.passed and "theirs" in gate.reason


def test_the_ledger_knows_texts_that_were_read_beside_the_corpus(place: Place) -> None:
    result = place.run("ledger", "qaa", "--source", "theirs", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    rows = json.loads(result.stdout)["documents"]
    assert rows and {(row["role"], row["licence"], row["consent"]) for row in rows} == {
        ("translation", "unverified", ENGLISH["consent"])}
    row = rows[0]
    shown = place.run("ledger", "qaa", "--id", row["id"])
    assert "theirs.txt" in shown.stdout and "translation" in shown.stdout
    learned = shown.stdout.split("Models trained on it:")[1]
    assert all(stage in learned for stage in STAGES) and "perhaps" not in learned


def test_another_weight_of_translations_does_not_embed_them_again(place: Place) -> None:
    language, store = loaded(place)
    model = language.models["tiny"]
    assert model.alignment is not None
    other = language.model_copy(update={"models": {"tiny": model.model_copy(update={
        "alignment": model.alignment.model_copy(update={"weight": 2.0})})}})
    actions = {step.stage: step.action for step in steps_of(stages_of(other), other, store)}
    assert [actions[name] for name in STAGES] == ["reuse", "reuse", "run", "run"]


def test_the_release_finds_held_out_translations(place: Place) -> None:
    """Nothing is trained for the search, and of it the model alone is released."""
    result = place.run("run", "qaa", "--to", "release/tiny")
    assert result.returncode == 0, result.stdout + result.stderr
    language, store = loaded(place)
    searched, released, aligned = (store.current("qaa", name) for name in (
        "task/search_tiny", "release/tiny", "alignment/tiny"))
    assert searched is not None and released is not None and aligned is not None
    splits = store.current("qaa", "corpus/splits")
    assert splits is not None
    held_out = {line for row in read_rows(splits.folder / "test.parquet") for line in row["text"].split("\n")}
    rows = list(read_jsonl(searched.folder / "predictions.jsonl"))
    assert len(rows) == 20 and {row["text"] for row in rows} <= held_out
    assert aligned.manifest.report.counts["pairs_of_held_out"].value >= 20
    assert not [path for path in searched.folder.iterdir() if path.is_dir()]
    assert not any((released.folder / place / "search").exists() for place in ("adapters", "tasks"))
    again = released.manifest.report.details["reloaded"]["search"]
    assert again["same"] == 1 and again["score"] == pytest.approx(again["card"]) and again["items"] == 20
    found = results(store, language, "tiny")
    assert found.tasks["search"].fine_tuned is False
    assert [row.most for row in rows_of(found) if row.measure == "accuracy@1"] == [1, 1]  # a row for each direction
    examples = page_examples(found, current_artifacts(store, language, "tiny"))
    assert len(examples.searches) == 3 and examples.candidates == 20
    assert all(one.text in held_out and one.released.right == (one.released.text == one.translation)
               for one in examples.searches)
    assert "### search" in (released.folder / "README.md").read_text(encoding="utf-8")


def test_after_a_takedown_of_a_translation_both_arms_are_trained_again(place: Place) -> None:
    """Last: what follows from it would have to be made again."""
    language, store = loaded(place)
    artifact = store.current("qaa", "alignment/tiny")
    assert artifact is not None
    row = next(row for row in read_jsonl(artifact.folder / BESIDE) if row["role"] == "translation")
    append_row(File.at(language.folder / FILE), {"ids": [row["id"]]})
    result = place.run("run", "qaa", "--to", "alignment/tiny")
    assert result.returncode == 0, result.stdout + result.stderr
    again = store.current("qaa", "alignment/tiny")
    assert again is not None and row["id"] not in {one["id"] for one in read_jsonl(again.folder / BESIDE)}
    counts = artifact.manifest.report.counts, again.manifest.report.counts
    assert counts[1]["pairs"].value + counts[1]["pairs_held"].value == (
        counts[0]["pairs"].value + counts[0]["pairs_held"].value - 1)
