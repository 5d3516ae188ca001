"""A base that translations teach first: both arms start from it, and card, page and statement say so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from tests.endtoend.conftest import ENGLISH, Place
from tests.tiny import write_bert
from vernacular.alignment.plan import estimate
from vernacular.alignment.train import BODY
from vernacular.artifacts import Store
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.corpus.ledger import BESIDE
from vernacular.corpus.suppression import FILE, append_row
from vernacular.errors import Problem
from vernacular.jsonl import read_jsonl
from vernacular.planning import steps_of
from vernacular.release.card import write_card
from vernacular.release.page import in_short
from vernacular.release.report import results
from vernacular.stages import stages_of

COLOURS, ANIMALS = ("red", "green", "grey", "brown", "old"), ("fox", "dog", "horse", "crow")
STAGES = ("alignment/tiny", "model/tiny", "model/tiny_control")


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
    settings["models"]["tiny"]["alignment"] = {"passes": 12, "batch_size": 8, "learning_rate": 5e-3, "translations": [{
        "source": {**ENGLISH, "name": "ours", "files": "ours.txt"},
        "translation": {**ENGLISH, "name": "theirs", "files": "theirs.txt", "licence": "unverified"}}]}
    (folder / "language.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    result = made.run("run", "qaa", "--to", "evaluation/tiny_likelihood")
    assert result.returncode == 0, result.stdout + result.stderr
    return made


def loaded(place: Place) -> tuple[Language, Store]:
    return load_language(place.folder / "languages" / "qaa"), Store(place.artifacts)


def test_both_arms_start_from_what_translations_taught(place: Place) -> None:
    _, store = loaded(place)
    found = {name: store.current("qaa", name) for name in STAGES}
    assert all(found.values())
    aligned = found["alignment/tiny"]
    assert aligned is not None and set(load_file(aligned.folder / BODY)) and aligned.manifest.report.plots
    for name in STAGES[1:]:
        artifact = found[name]
        assert artifact is not None and artifact.manifest.inputs["alignment/tiny"] == aligned.manifest.data_version
        rows = list(read_jsonl(artifact.folder / BESIDE))
        assert {row["role"] for row in rows} == {"translated", "translation", "retention"}
        counts = artifact.manifest.report.counts
        assert counts["states_moved"].value > 0
        assert counts["translation_distance"].value <= counts["translation_distance_pretrained"].value
        assert counts["translation_minutes"].value > 0


def test_without_a_step_they_are_what_it_taught(place: Place, tmp_path: Path) -> None:
    """Control as pretraining sees it before its first step, against the base with the body put into it."""
    language, store = loaded(place)
    from vernacular.models import load_base
    from vernacular.pretraining.stage import _start
    from vernacular.stages import Work

    inputs = {name: artifact.folder for name in ("tokenizer/tiny", "alignment/tiny")
              if (artifact := store.current("qaa", name)) is not None}
    work = Work(language=language, settings=None, inputs=inputs, reports={}, out=tmp_path, scratch=tmp_path, seed=1,
                progress=lambda line: None, machine=tmp_path, root=store.root, cache=tmp_path)
    model = language.models["tiny"]
    body = load_file(inputs["alignment/tiny"] / BODY)
    untaught = dict(load_base(model.base, "masked", language)[0].base_model.named_parameters())
    for arm in ("control", "adapted"):
        network = _start(work, "tiny", model, arm)[0]  # type: ignore[arg-type]
        own = dict(network.base_model.named_parameters())
        assert all(torch.equal(own[name], tensor) for name, tensor in body.items())
        assert not all(torch.equal(untaught[name], tensor) for name, tensor in body.items())
    (tmp_path / "empty").mkdir()
    shutil.copy(inputs["alignment/tiny"] / BESIDE, tmp_path / "empty")
    with pytest.raises(Problem, match="there are no weights"):  # never the base as it was
        _start(Work(**{**vars(work), "inputs": {**inputs, "alignment/tiny": tmp_path / "empty"}}), "tiny", model,
               "control")


def test_a_base_whose_states_nothing_would_keep_is_not_pretrained(place: Place, tmp_path: Path) -> None:
    """Though it was taught before, when ``keep_states`` was set: that is no setting of the alignment."""
    from vernacular.pretraining.stage import run
    from vernacular.stages import Work

    language, store = loaded(place)
    shutil.copytree(language.folder.parent, tmp_path / "languages")
    write_bert(tmp_path / "languages" / "qaa" / "base", head=True)
    language = load_language(tmp_path / "languages" / "qaa")
    inputs = {name: artifact.folder for name in ("corpus/splits", "tokenizer/tiny", "alignment/tiny")
              if (artifact := store.current("qaa", name)) is not None}
    work = Work(language=language, settings=None, inputs=inputs, reports={}, out=tmp_path, scratch=tmp_path, seed=1,
                progress=lambda line: None, machine=tmp_path, root=store.root, cache=tmp_path)
    with pytest.raises(Problem, match=r"qaa models tiny: this base guesses words itself.*Set pretraining\.keep_states"):
        run(work, "tiny", language.models["tiny"], "control")


def test_card_page_and_gate_say_what_it_learned_from(place: Place) -> None:
    language, store = loaded(place)
    found = results(store, language, "tiny")
    card = write_card(found)
    pairs = int(found["alignment"]["pairs"])
    assert f"{pairs} sentences with their translations taught it what texts mean" in card and pairs > 50
    assert "those that translations had taught it" in card and "and the same once more, they are" in card
    table = place.run("report", "qaa", "--full")
    assert table.returncode == 0 and f"Translations: {pairs} sentences learned from" in table.stdout
    assert {"base", "taught", "control, taught again", "adapted, taught again"} <= {
        line.strip("| ").split("  ")[0].rstrip(" |").split(" |")[0] for line in table.stdout.split("\n")}
    assert "theirs (their translations, unverified" in card
    assert any(line.startswith(f"{pairs} translated sentences taught it") for line in in_short(found))
    gate = next(gate for gate in found["release_gates"] if gate["name"] == "licences_verified")
    assert not gate["passed"] and "theirs" in gate["reason"]


def test_the_ledger_knows_texts_that_were_read_beside_the_corpus(place: Place) -> None:
    result = place.run("ledger", "qaa", "--source", "theirs", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    rows = json.loads(result.stdout)["documents"]
    assert rows and {(row["role"], row["licence"], row["consent"]) for row in rows} == {
        ("translation", "unverified", ENGLISH["consent"])}
    row = rows[0]
    shown = place.run("ledger", "qaa", "--id", row["id"])
    assert "theirs.txt" in shown.stdout and "translation" in shown.stdout
    learned = shown.stdout.split("What was learned from it:")[1]
    assert all(stage in learned for stage in STAGES) and "tokenizer" not in learned and "perhaps" not in learned


def test_the_plan_says_how_long_translations_take_once_they_were_learned(place: Place) -> None:
    language, store = loaded(place)
    model, aligned = language.models["tiny"], store.current("qaa", "alignment/tiny")
    assert aligned is not None and model.alignment is not None
    counts = aligned.manifest.report.counts
    before = estimate(language, Store(place.folder / "none"), "tiny", model)
    assert before == {"translation_steps": None, "translation_minutes": None}
    known = estimate(language, store, "tiny", model)
    each = counts["steps"].value / model.alignment.passes
    assert known["translation_steps"] == each * (model.alignment.passes + 2 * model.alignment.passes_after)
    assert known["translation_minutes"] == pytest.approx(
        counts["minutes"].value * known["translation_steps"] / counts["steps"].value)
    planned = place.run("plan", "qaa")
    assert f"translation steps    {known['translation_steps']}" in planned.stdout
    assert estimate(language, store, "tiny", model.model_copy(update={"alignment": None})) == {}


def test_passes_after_pretraining_are_no_reason_to_teach_the_base_anew(place: Place) -> None:
    language, store = loaded(place)
    model = language.models["tiny"]
    assert model.alignment is not None
    other = language.model_copy(update={"models": {"tiny": model.model_copy(update={
        "alignment": model.alignment.model_copy(update={"passes_after": 1})})}})
    actions = {step.stage: step.action for step in steps_of(stages_of(other), other, store)}
    assert [actions[name] for name in STAGES] == ["reuse", "run", "run"]


def test_a_translation_that_is_taken_down_is_a_reason_to_teach_anew(place: Place) -> None:
    language, store = loaded(place)
    artifact = store.current("qaa", "alignment/tiny")
    assert artifact is not None
    row = next(row for row in read_jsonl(artifact.folder / BESIDE) if row["role"] == "translation")
    append_row(language.folder / FILE, {"ids": [row["id"]]})
    result = place.run("run", "qaa", "--to", "alignment/tiny")
    assert result.returncode == 0, result.stdout + result.stderr
    again = store.current("qaa", "alignment/tiny")
    assert again is not None and row["id"] not in {one["id"] for one in read_jsonl(again.folder / BESIDE)}
    counts = artifact.manifest.report.counts, again.manifest.report.counts
    assert counts[1]["pairs"].value + counts[1]["pairs_held"].value == (
        counts[0]["pairs"].value + counts[0]["pairs_held"].value - 1)
