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
from vernacular.artifacts import Store
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.errors import Problem
from vernacular.release.answers import Answers
from vernacular.release.bundle import copy_adapter, copy_model, documents_text
from vernacular.release.card import write_card
from vernacular.release.markdown import table
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


def test_unreviewed_tests_and_intervals_of_fairness_stand_apart_on_the_card(found: dict[str, Any]) -> None:
    test = found["behaviour"]["tests"]["spaces"]
    good = {"cases": 40, "failures": 0, "rate": 0.0, "low": 0.0, "high": 0.09}
    found["behaviour"]["tests"]["swap"] = {**test, "reviewed": "Kemi, 2026-01-31", "adapted": good, "task": None}
    found["behaviour"]["worst_failures"] = [
        {"test": "spaces", "line": "worst", "changed": "worst  ", "said": "a", "then_said": "b"},
        {"test": "spaces", "line": "second", "changed": "second  ", "said": "a", "then_said": "b"}]
    gap = {"gap": 0.1, "low": 0.05, "high": 0.15, "beyond_noise": True}
    found["fairness"] = {"measured": True, "caveat": "A list.", "author": "me", "reviewed": "none", "comparisons": {
        "names_two": {"task": "names", "comparison": "two", "measure": "names_found", "sentences": 30, "base": gap,
                      "adapted": {**gap, "gap": 0.2}, "change": [0.02, 0.1, 0.18], "verdict": "made worse"}}}
    body = write_card(found).split("## Behaviour")[1]
    reviewed, unreviewed = body.split("**Not reviewed by a speaker")
    assert "1 test, 1 kept" in reviewed and "| swap |" in reviewed and "Kemi, 2026-01-31" in reviewed
    assert ": 1 test, 0 kept" in unreviewed and "| spaces |" in unreviewed and "| swap |" not in unreviewed
    assert "| worst |" in unreviewed and "second" not in unreviewed
    assert "0.100 (0.050 to 0.150)" in unreviewed and "+0.100, 95 % interval +0.020 to +0.180" in unreviewed


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
    with pytest.raises(Problem, match=r"not published, for 1 reason: behaviour: red tests, unreviewed: spaces"):
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
