"""Publishing: every red gate is named, waivers hold for what they were given for, a takedown stops it, an upload."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.release.made_up import NAME, RELOADED, made_up_reports, put, put_release
from tests.upload_site import hub
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.report import Gate, Report
from vernacular.core.store import Store
from vernacular.provenance.suppression_list import Suppressions
from vernacular.release.card import write_card
from vernacular.release.documents import documents_text, taken_down
from vernacular.release.publish import check_publishable, publish
from vernacular.release.results import gather
from vernacular.release.waivers import FILE, read_waivers, waive

__all__ = ["hub"]


def green_reports() -> dict[str, Report]:
    """Reports of which nothing forbids publishing."""
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_behaviour"].gates[0].passed = True
    return reports


@pytest.mark.parametrize(("status", "message", "advice"), [
    (401, "the hub refused (Client error '401 Unauthorized'", "Check the repository's name and the token's rights"),
    (503, "the hub refused (Server error '503 Service Unavailable'", "Try again later"),
    (0, "the upload failed (", "Check the repository's name and the network, then try again")])
def test_a_hub_that_does_not_take_it_is_one_line(language: Language, store: Store, monkeypatch: pytest.MonkeyPatch,
                                                 status: int, message: str, advice: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("X-Error-Message", "the hub's own reason")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    put_release(store, language, green_reports())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setattr("vernacular.release.publish.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    if status:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    else:
        server.server_close()  # nobody listens
    try:
        with pytest.raises(Problem) as refused:
            publish(store, language, NAME, "someone/model")
    finally:
        if status:
            server.shutdown()
            server.server_close()
    assert message in str(refused.value) and advice in str(refused.value) and "\n" not in str(refused.value)
    assert not status or "the hub's own reason" in str(refused.value)


def test_there_must_be_a_release_a_repository_and_a_token(language: Language, store: Store,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(Problem, match="VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")
    put_release(store, language, green_reports())
    with pytest.raises(Problem, match="VN-PUBLISH-REPO"):
        publish(store, language, NAME, "model")
    with pytest.raises(Problem, match="VN-PUBLISH-TOKEN"):
        publish(store, language, NAME, "someone/model")


def test_a_dry_run_lists_the_files_and_asks_the_hub_nothing(language: Language, store: Store,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    put_release(store, language, green_reports())
    artifact, statement = check_publishable(store, language, NAME)
    names = statement.digests().keys()
    assert "README.md" in names and all((artifact.folder / name).is_file() for name in names)


def spoil(reports: dict[str, Any], language: Language, gate: str) -> None:
    """Turn one gate of the release red."""
    kind, name = {"no_contamination": ("", gate), "adapted_not_worse_than_control": ("_likelihood", gate),
                  "retention": ("_retention", "base_languages_kept"), "no_planted_phrase": ("_attack", gate),
                  "behaviour": ("_behaviour", "spaces")}.get(gate, ("", ""))
    stage = f"evaluation/{NAME}{kind}" if kind else "corpus/splits" if name else ""
    for found in reports[stage].gates if stage else []:
        if found.name == name:
            found.passed, found.reason = False, "too much"
    if gate == "licences_verified":
        language.sources[0].__dict__["licence"] = "unverified"
    if gate == "consent_known":
        language.sources[0].__dict__["consent"] = "unknown"


@pytest.mark.parametrize("gate", ["licences_verified", "consent_known", "no_contamination", "behaviour", "retention",
                                  "adapted_not_worse_than_control", "no_planted_phrase"])
def test_each_red_gate_stops_it_and_is_named(language: Language, store: Store, gate: str) -> None:
    reports = green_reports()
    spoil(reports, language, gate)
    put_release(store, language, reports)
    with pytest.raises(Problem, match=f" {gate}: .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


@pytest.mark.parametrize(("difference", "gate"), [("adapted_minus_control", "adapted_not_worse_than_control"),
                                                  ("adapted_minus_base", "released_not_worse_than_base")])
def test_a_task_that_got_worse_stops_it_until_a_person_answers_for_it(
        language: Language, store: Store, monkeypatch: pytest.MonkeyPatch, difference: str, gate: str) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    reports = green_reports()
    reports[f"task/names_{NAME}"].details["intervals"][difference] = [-0.042, -0.03, -0.018]
    put_release(store, language, reports)
    with pytest.raises(Problem, match=rf" {gate}: .* names \(-0.030, .* -0.042 .* -0.018\).*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")
    gates = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED).release_gates
    waive(language.folder, NAME, gates, gate, "Ada Banda", "Nobody here looks for names; text is what counts")
    put_release(store, language, reports)
    with pytest.raises(Problem, match="VN-PUBLISH-TOKEN"):
        publish(store, language, NAME, "someone/model")


def test_a_stage_that_was_not_run_stops_it(language: Language, store: Store) -> None:
    reports = green_reports()
    del reports[f"evaluation/{NAME}_attack"]
    put_release(store, language, reports)
    with pytest.raises(Problem, match=r"no_planted_phrase: .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


def gates_of(language: Language) -> list[dict[str, Any]]:
    found: list[Gate] = gather(language, NAME, language.models[NAME], made_up_reports(),
                                         reloaded=RELOADED).release_gates
    return found


def test_a_waiver_needs_a_person_a_reason_and_a_red_gate(language: Language) -> None:
    gates = gates_of(language)
    for gate, by, reason, message in (("behaviour", " ", "because of this and that", "VN-WAIVER-PERSON"),
                                   ("behaviour", "Ada Banda", "fine", "VN-WAIVER-PERSON"),
                                   ("retention", "Ada Banda", "because of this and that", "VN-WAIVER-GATE"),
                                   ("publishable", "Ada Banda", "because of this and that", "VN-WAIVER-GATE")):
        with pytest.raises(Problem, match=message):
            waive(language.folder, NAME, gates, gate, by, reason)
    assert not (language.folder / FILE).exists()


def test_a_waiver_opens_the_gate_and_is_on_the_card(language: Language, store: Store,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    waive(language.folder, NAME, gates_of(language), "behaviour", "Ada  Banda", "The two are a dialect's spelling")
    put_release(store, language, made_up_reports())
    with pytest.raises(Problem, match="VN-PUBLISH-TOKEN"):
        publish(store, language, NAME, "someone/model")
    card = write_card(gather(language, NAME, language.models[NAME], made_up_reports(), reloaded=RELOADED))
    assert "`behaviour` is red** (red tests, unreviewed: spaces (5% fail)). Responsible: Ada Banda, " in card
    assert "The two are a dialect's spelling" in card
    assert "may not be published" not in card


def test_a_waiver_ends_when_the_gate_says_something_else(language: Language, store: Store) -> None:
    waive(language.folder, NAME, gates_of(language), "behaviour", "Ada Banda", "The two cases are a dialect's spelling")
    reports = made_up_reports()
    behaviour = reports[f"evaluation/{NAME}_behaviour"]
    behaviour.gates.append(behaviour.gates[0].model_copy(update={"name": "names_nfd"}))
    behaviour.details["tests"]["names_nfd"] = behaviour.details["tests"]["spaces"]
    put_release(store, language, reports)
    with pytest.raises(Problem, match=r"behaviour: .* spaces \(5% .*, names_nfd \(5% .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


@pytest.mark.parametrize(("rate", "failing"), [(1.0, "100%"), (0.004, r".*\b1%")])
def test_so_it_does_when_more_or_less_fails(language: Language, store: Store, rate: float, failing: str) -> None:
    waive(language.folder, NAME, gates_of(language), "behaviour", "Ada Banda", "The two cases are a dialect's spelling")
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_behaviour"].details["tests"]["spaces"]["adapted"]["rate"] = rate
    put_release(store, language, reports)
    with pytest.raises(Problem, match=rf"behaviour: .* spaces \({failing} .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


def test_a_waiver_that_is_taken_back_is_none_though_the_release_has_it(language: Language, store: Store) -> None:
    waive(language.folder, NAME, gates_of(language), "behaviour", "Ada Banda", "The two cases are a dialect's spelling")
    put_release(store, language, made_up_reports())
    (language.folder / FILE).unlink()
    with pytest.raises(Problem, match=r" behaviour: .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


@pytest.mark.parametrize(("key", "value", "message"), [
    ("licence", "unverified", r" licences_verified: .* text "),
    ("consent", "unknown", r" consent_known: .* text ")])
def test_so_is_a_licence_or_a_consent(language: Language, store: Store, key: str, value: str, message: str) -> None:
    put_release(store, language, green_reports())
    language.sources[0].__dict__[key] = value
    with pytest.raises(Problem, match=f"{message}.*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


def test_so_are_those_of_labels_base_and_texts_beside(language: Language, store: Store) -> None:
    put_release(store, language, green_reports())
    model = language.models[NAME]
    model.base.__dict__["licence"] = "unverified"
    model.__dict__["retention"] = [language.sources[0].model_copy(update={"name": "news", "consent": "unknown"})]
    with pytest.raises(Problem, match=r" licences_verified: .*; consent_known: .* news .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


@pytest.mark.parametrize(("key", "message"), [
    ("owner", "language.owner"), ("licence", "language.sources"), ("base", "model.base"), ("statement", "statement")])
def test_a_folder_that_says_otherwise_by_now_stops_it(language: Language, store: Store, key: str, message: str) -> None:
    """The licences are verified ones, before and after."""
    put_release(store, language, green_reports())
    if key == "owner":
        language.__dict__["owner"] = "team:others"
    elif key == "statement":
        (language.folder / "statement.md").write_text("The speakers took back their names\n", encoding="utf-8")
    else:
        (language.models[NAME].base if key == "base" else language.sources[0]).__dict__["licence"] = "CC-BY-NC-4.0"
    with pytest.raises(Problem, match=f"not published, for 1 reason: VN-RELEASE-CHANGED {message}:"):
        publish(store, language, NAME, "someone/model")


def test_a_release_older_than_its_reports_is_not_published(language: Language, store: Store) -> None:
    """A new threshold turns a gate of a stage and changes none of its files."""
    put_release(store, language, green_reports())
    stage = f"evaluation/{NAME}_behaviour"
    put(store, language, {stage: made_up_reports()[stage]}, key="9" * 16)
    with pytest.raises(Problem, match=f"1 reason: VN-RELEASE-STALE {stage}:"):
        publish(store, language, NAME, "someone/model")


def test_a_broken_list_of_waivers_is_no_list(language: Language) -> None:
    (language.folder / FILE).write_text('{"gate": "behaviour"}\n')
    with pytest.raises(Problem, match="VN-WAIVER-ROW"):
        read_waivers(language.folder)


@pytest.mark.parametrize("row", [{"ids": ["aa"]}, {"texts": ["bb"]}, {"sources": ["text"]}])
def test_a_takedown_after_the_release_stops_it_and_cannot_be_waived(language: Language, store: Store,
                                                                    row: dict[str, Any]) -> None:
    put_release(store, language, green_reports())
    (language.folder / "takedowns.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(Problem, match=r"VN-RELEASE-TAKEDOWN documents\.txt: 1 "):
        publish(store, language, NAME, "someone/model")


def test_a_path_may_hold_what_breaks_lines(tmp_path: Path) -> None:
    (tmp_path / "documents.txt").write_text(documents_text([
        {"id": f"a{number}", "raw_digest": "b", "source": "s", "path": f"inbox/{mark}.txt"}
        for number, mark in enumerate(["\u2028", "\x85", "\r", "\n", "\t", "\x1c"])]), encoding="utf-8", newline="\n")
    (tmp_path / "takedowns.jsonl").write_text('{"sources": ["s"]}\n')
    assert taken_down((tmp_path / "documents.txt").read_text(encoding="utf-8"), Suppressions.of(tmp_path)) == 6


def test_what_was_changed_by_hand_is_not_uploaded(language: Language, store: Store, hub: list[tuple[str, str, Any]],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    card = put_release(store, language, green_reports()) / "README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("0.6", "0.9"), encoding="utf-8")
    with pytest.raises(Problem, match=r"VN-RELEASE-DIGEST README\.md"):
        publish(store, language, NAME, "someone/model")
    assert hub == []


def test_what_is_uploaded(language: Language, store: Store, hub: list[tuple[str, str, Any]],
                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    put_release(store, language, green_reports())
    assert "someone/model" in publish(store, language, NAME, "someone/model")
    assert all(token == "Bearer hf_made_up" for _, token, _ in hub)
    created = next(rows[0] for path, _, rows in hub if path == "/api/repos/create")
    assert created["visibility"] == "private"
    commit = next(rows for path, _, rows in hub if path.endswith("/commit/main"))
    assert {row["value"]["path"] for row in commit if row["key"] == "file"} == {
        "README.md", "documents.txt", "evaluation.json", "data_statement.md", "config.json", "model.safetensors",
        "tasks/names/config.json", "tasks/names/task.json", "signature.json"}
    deleted = [row["value"]["path"] for row in commit if row["key"] == "deletedFile"]
    assert deleted == ["adapters/old/adapter_config.json"]
