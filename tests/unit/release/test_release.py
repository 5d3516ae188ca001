"""Card, statement, gates, publishing and the printed report, from made-up reports."""

from __future__ import annotations

import io
import json
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from tests.unit.release.made_up import NAME, made_up_reports, put, release_report
from vernacular.arms import ARMS
from vernacular.artifacts import Store
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.errors import Problem
from vernacular.release.answers import Answers
from vernacular.release.bundle import copy_adapter, copy_model, documents_text
from vernacular.release.card import table, write_card
from vernacular.release.publish import publish
from vernacular.release.report import print_table, results
from vernacular.release.statement import write_statement
from vernacular.release.summary import gather, verdict
from vernacular.release.try_page import make_server, page


@pytest.fixture
def language(language_folder: Path) -> Language:
    return load_language(language_folder)


@pytest.fixture
def found(language: Language) -> dict[str, Any]:
    return gather(language, NAME, language.models[NAME], made_up_reports())


@pytest.mark.parametrize(("interval", "options", "said"), [
    ([0.1, 0.2, 0.3], {}, "gain"), ([-0.1, 0.2, 0.3], {}, "no gain"), ([-0.3, -0.2, -0.1], {}, "harm"),
    ([0.1, 0.2, 0.3], {"spread": 0.25}, "no gain"), ([-0.3, -0.2, -0.1], {"spread": 0.25}, "harm"),
    ([-0.3, -0.2, -0.1], {"lower_is_better": True}, "gain")])
def test_verdicts(interval: list[float], options: dict[str, Any], said: str) -> None:
    assert verdict(interval, **options) == said


def test_gates_name_what_is_red(language: Language, found: dict[str, Any]) -> None:
    gates = {gate["name"]: gate for gate in found["release_gates"]}
    assert [name for name, gate in gates.items() if not gate["passed"]] == ["behaviour", "publishable"]
    assert "spaces" in gates["behaviour"]["reason"]
    assert not any(gate["blocking"] for gate in gates.values())
    nothing = gather(language, NAME, language.models[NAME], {})
    assert len(nothing["missing"]) == 13
    assert not any(gate["passed"] for gate in nothing["release_gates"] if gate["name"] in (
        "adapted_not_worse_than_control", "no_contamination", "behaviour", "publishable"))


def test_the_card_has_metadata_every_seed_and_says_gains_in_words(found: dict[str, Any]) -> None:
    card = write_card(found)
    _, head, body = card.split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["language"] == ["qaa"]
    assert metadata["license"] == "cc0-1.0"
    assert metadata["model-index"][0]["results"][0]["metrics"][0]["value"] == pytest.approx(0.62)
    for score in ("0.310", "0.320", "0.330", "0.610", "0.620", "0.630"):
        assert score in body
    assert "Adapted against base: **a gain**" in body
    assert "Adapted against base: **no gain**" in body
    assert "This release may not be published." in body
    assert "spaces <b>\\|</b>" in body
    assert "Not measured." in body.split("## Fairness")[1]
    assert "None" not in card
    assert "nan" not in card


def test_an_unverified_licence_is_never_called_a_licence(language: Language, found: dict[str, Any]) -> None:
    found["sources"][0]["licence"] = "unverified"
    metadata = yaml.safe_load(write_card(found).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "unverified")


def test_a_card_of_nothing_says_so(language: Language) -> None:
    card = write_card(gather(language, NAME, language.models[NAME], {}))
    assert card.count("was not run") == 13
    assert "None" not in card


def test_the_statement(found: dict[str, Any]) -> None:
    rows = [{"source": "text", "licence": "CC0-1.0", "consent": "contributor", "register": "other", "quality": "raw"}]
    said = write_statement(found, "Spoken by nobody.", rows * 3)
    assert "Spoken by nobody." in said
    assert "| text | CC0-1.0 | contributor | other | raw | 3 |" in said
    assert "Nobody has written a statement yet" in write_statement(found, None, [])


def test_tables_escape_bars() -> None:
    assert table(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y z |"


def test_publishing_is_refused_in_words(language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    store = Store(tmp_path / "artifacts")
    with pytest.raises(Problem, match="there is no release to publish"):
        publish(store, language, NAME, "someone/model")
    reports = made_up_reports()
    put(store, language, {f"release/{NAME}": release_report(language, reports)})
    with pytest.raises(Problem, match=r"not published, for 1 reason: behaviour: red tests: spaces"):
        publish(store, language, NAME, "someone/model")
    reports[f"evaluation/{NAME}_behaviour"].gates[0].passed = True
    put(store, language, {f"release/{NAME}": release_report(language, reports)})
    with pytest.raises(Problem, match="not the name of a repository"):
        publish(store, language, NAME, "model")
    with pytest.raises(Problem, match="there is no token"):
        publish(store, language, NAME, "someone/model")


def test_the_report_is_plain_without_a_terminal(language: Language, tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    with pytest.raises(Problem, match="nothing has been run yet"):
        results(store, language, NAME)
    reports = made_up_reports()
    put(store, language, {"corpus/clean": reports["corpus/clean"]})
    put(store, language, reports)
    out = io.StringIO()
    print_table(results(store, language, NAME), Console(file=out))
    text = out.getvalue()
    assert text.isascii()
    assert all(len(line) <= 100 or "/" in line for line in text.splitlines())
    for said in ("11,000", "3.100", "1.500", "floor: TF-IDF + logistic regression", "against base: gain",
                 "against base: no gain", "95.0%", "Next: vernacular run qaa"):
        assert said in text
    json.dumps(results(store, language, NAME))


def test_files_lose_the_paths_they_were_saved_with(tmp_path: Path) -> None:
    model, task = tmp_path / "m", tmp_path / "t"
    (task / "adapted" / "seed-1").mkdir(parents=True)
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"_name_or_path": str(tmp_path), "hidden_size": 8}))
    (task / "adapted" / "seed-1" / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": str(tmp_path), "r": 2}))
    copy_model(model, tmp_path / "out" / "model")
    copy_adapter(task, "adapted", 1, ["O", "NAME"], tmp_path / "out" / "adapter")
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert str(tmp_path) not in written
    assert '"hidden_size": 8' in written
    with pytest.raises(Problem, match="no adapter for seed 9"):
        copy_adapter(task, "adapted", 9, [], tmp_path / "out" / "other")


def test_documents_are_sorted() -> None:
    rows = [{"id": key, "raw_digest": "d", "source": "s", "path": "p"} for key in ("b", "a")]
    assert documents_text(rows) == "id\traw_digest\tsource\tpath\na\td\ts\tp\nb\td\ts\tp\n"


NASTY = "<script>alert(1)</script>\"'&"


def test_the_page_escapes_everything(language: Language) -> None:
    answers = Answers({NASTY: [(NASTY, 0.5)]}, {NASTY: [(NASTY, NASTY, 0.5)]}, [(NASTY, 0.1)], NASTY)
    shown = page(language, NAME, NASTY, {"base": answers, "control": answers, "adapted": answers}, NASTY)
    assert "<script" not in shown
    assert shown.count("<section") == 3


def test_only_this_machine_may_ask(language: Language) -> None:
    asked: list[str] = []

    def ask(text: str) -> dict[str, Answers]:
        asked.append(text)
        return {"base": Answers(fill_ins=[("amo", 0.5)])}

    server = make_server(ask, language, NAME, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        with urllib.request.urlopen(f"{address}/?text=kale+___") as answer:
            assert "amo" in answer.read().decode()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert asked == ["kale ___"]
        for path, headers, status in (("/x", {}, 404), ("/?text=a", {"Host": "evil.example"}, 403)):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(urllib.request.Request(address + path, headers=headers))
            assert caught.value.code == status
        assert len(asked) == 1
    finally:
        server.shutdown()
        server.server_close()


def test_the_release_takes_what_foresees_dev_text_better(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.004), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    results = gather(language, NAME, language.models[NAME], reports)
    assert results["released"]["arm"] == "adapted"  # a tie
    assert "1.004" in write_card(results)
    reports[f"model/{NAME}"].count("dev_likelihood", 1.006, "dev lines", "nats per character")
    results = gather(language, NAME, language.models[NAME], reports)
    assert results["released"]["arm"] == "control"
    gate = next(gate for gate in results["release_gates"] if gate["name"] == "adapted_not_worse_than_control")
    assert gate["passed"] and "control is released" in gate["reason"]
    assert "**control** this model" in write_card(results)


def test_a_learning_curve_shows_every_seed_and_names_the_dead(language: Language) -> None:
    reports = made_up_reports()
    details = reports[f"task/names_{NAME}"].details
    details["means"] = {"base": 0.3, "control": 0.59, "adapted": 0.6}
    small = {**details, "train_items": 8, "dead": ["base seed 1"], "floors": {"majority": 0.35, "tfidf_logistic": 0.2}}
    details |= {"curve": [small, {**details, "dead": []}],
                "notes": {"test_taken_from_train": 40, "train_also_in_dev": 2, "train_also_in_test": 3}}
    text = write_card(gather(language, NAME, language.models[NAME], reports))
    assert "| 8 | 0.300 (0.310, 0.320, 0.330) |" in text and "| 0.350 | +0.300 (+0.200 to +0.400) |" in text
    assert "the commonest answer, or chance: base seed 1 (8 labels)." in text and "There was no test part" in text
    assert "5 items were left out" in text


def test_what_a_model_says_without_fine_tuning_stands_beside_the_rest(language: Language) -> None:
    reports = made_up_reports()
    reports[f"task/names_{NAME}"].details["untrained"] = {
        "0_shot": {"scores": {arm: [0.125] for arm in ARMS}, "means": dict.fromkeys(ARMS, 0.125)},
        "4_shot": {"scores": {arm: [0.25, 0.5, 0.75] for arm in ARMS}, "means": dict.fromkeys(ARMS, 0.5)}}
    text = write_card(gather(language, NAME, language.models[NAME], reports))
    assert "| base, 0-shot, not fine-tuned |  |  |  | 0.125 |" in text
    assert "| adapted, 4-shot, not fine-tuned | 0.250 | 0.500 | 0.750 | 0.500 |" in text
