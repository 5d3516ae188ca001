"""A model that answers is released only with every gate green, whatever is waived, and the card shows what it kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import write_instruct, write_llama
from tests.unit.instruct.judged import GOOD
from tests.unit.release.made_up import NAME, RELOADED, made_up_reports, task_details
from vernacular.config.base import Base
from vernacular.config.schema import Instruct, Language
from vernacular.config.tasks import Task
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Gate, Report
from vernacular.core.result import Estimate
from vernacular.instruct.chat_tests import judge
from vernacular.instruct.gates import GATES, summarize
from vernacular.instruct.requests import SIMPLE
from vernacular.instruct.stage_results import InstructResult, MeasuredModel, MeasuredScale
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.chat import replies
from vernacular.modeling.variants import ANSWERS, MODEL_FOLDER
from vernacular.pipeline.stage import StageContext
from vernacular.release.bundle import export_chats
from vernacular.release.card import write_card
from vernacular.release.export import copy_model
from vernacular.release.gates import CHAT, publishable, release_gates, unverified
from vernacular.release.load_check import check_release
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather
from vernacular.release.stages import stages
from vernacular.release.waivers import Waiver


def answering(language: Language, licence: str = "apache-2.0") -> Language:
    """The language with an instruct model."""
    instruct = Instruct(model=Base(package="llm-tiny", path="model", licence=licence), scale=0.5)  # type: ignore[call-arg]
    model = language.models[NAME].model_copy(update={"instruct": instruct, "objective": "causal"})
    return language.model_copy(update={"models": {NAME: model}})


def report_of(red: str = "") -> Report:
    text = Estimate(mean=1.5, low=1.4, high=1.6)
    measured = MeasuredModel(language=text, english=text, chats=summarize(GOOD))
    report = Report(gates=[Gate(name=name, passed=name != red, reason="it is so") for name in GATES])
    report.set_result(InstructResult(
        instruct="llm-tiny", scale=0.5, arm="adapted", same_as_base=False, unit="bits per byte", lines=10,
        english_lines=10, before=measured, after=measured, added_tokens=0,
        differences={"language": (-0.3, -0.2, -0.1), "english": (0.0, 0.1, 0.2)},
        scales=[MeasuredScale(scale=scale, language=1.25, english=1.5, chats=summarize(GOOD), lost_refusals=0)
                for scale in (0, 0.5, 1)]))
    return report


def results_of(language: Language, report: Report | None) -> ReleaseResults:
    reports = made_up_reports() | ({f"instruct/{NAME}": report} if report is not None else {})
    return gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)


def chat_gate(results: ReleaseResults) -> Gate | None:
    return next((gate for gate in release_gates(results) if gate.name == CHAT), None)


def test_the_release_has_the_gate_only_with_an_instruct_model(language: Language) -> None:
    assert chat_gate(results_of(language, None)) is None
    with_model = answering(language)
    for found, report in ((False, None), (False, report_of(GATES[2])), (True, report_of())):
        gate = chat_gate(results_of(with_model, report))
        assert gate is not None and gate.passed == found
    assert f"instruct/{NAME}" in results_of(with_model, None).missing
    for one in (language, with_model):
        stage, = stages(one, NAME, one.models[NAME])
        assert (CHAT in {spec.name for spec in stage.gates}) == (one is with_model)


@pytest.mark.parametrize("red", ["", *GATES])
def test_the_card_says_whether_it_contains_the_model(language: Language, red: str) -> None:
    card = write_card(results_of(answering(language), report_of(red)))
    assert ('pipeline("text-generation", "chat")' in card) == (not red)
    assert "## Chat" in card and "1.250" in card and f"{len(GOOD)} of {len(GOOD)}" in card
    assert not red or f"`{red}`" in card
    assert "## Chat" not in write_card(results_of(language, None))


@pytest.mark.parametrize("red", ["", "refusals_kept"])
def test_what_it_learned_from_conversations_is_a_model_of_its_own(language: Language, red: str) -> None:
    task = Task.model_validate({"kind": "chat", "data": {"kind": "files", "train": "a.jsonl", "licence": "CC0-1.0"}})
    language = answering(language).model_copy(update={"tasks": {"talk": task}})
    scores = Report(details=task_details("talk", 20.0, 30.0, [5.0, 10.0, 15.0]) | {
        "kind": "chat", "metric": "chrf", "labels": []})
    reports = made_up_reports() | {f"instruct/{NAME}": report_of(), f"task/talk_{NAME}": scores}
    unmeasured = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    gate = chat_gate(unmeasured)
    assert gate is not None and not gate.passed and f"chat/talk_{NAME}" in unmeasured.missing
    reports[f"chat/talk_{NAME}"] = report_of(red)
    found = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    gate, card = chat_gate(found), write_card(found)
    assert gate is not None and gate.passed == (not red) and "## Chat: talk" in card
    assert ('pipeline("text-generation", "tasks/talk")' in card) == (not red)
    assert 'pipeline("text-generation", "chat")' in card


def test_the_licence_of_the_instruct_model_counts(language: Language) -> None:
    known, unknown = (results_of(answering(language, licence), report_of()) for licence in ("apache-2.0", "unverified"))
    assert [*unverified(unknown.rights)] == [*unverified(known.rights), "llm-tiny"]


def test_a_waiver_does_not_bring_the_model_into_the_release(language: Language, tmp_path: Path) -> None:
    report = report_of("refusals_kept")
    gate = chat_gate(results_of(answering(language), report))
    assert gate is not None
    waiver = Waiver(gate=CHAT, model=NAME, gate_reason=gate.reason, by="A Person", reason="the rest is useful", date="")
    assert publishable([gate], [waiver]).passed
    assert not export_chats(work_of(answering(language), tmp_path, report), NAME)
    assert not (tmp_path / "out" / CHAT).exists()


def work_of(language: Language, folder: Path, report: Report) -> StageContext:
    """The work of a release whose model that answers is a tiny one."""
    artifact = folder / "instruct"
    base = write_llama(folder / "base", turns=True)
    path = write_instruct(base, artifact / MODEL_FOLDER, moved=0.2, seed=1)
    request = "the red fox"
    reply, = replies(load_model(path, "causal"), load_tokenizer(path), [[{"role": "user", "content": request}]], "here")
    judged = judge(SIMPLE[0][0], reply).model_copy(update={"in_format": True})  # it is a random model
    write_jsonl(artifact / ANSWERS, [{"request": request, "after": judged.as_json()}])
    copy_model(base, folder / "out")
    stage = f"instruct/{NAME}"
    return StageContext(language, {}, {stage: artifact}, {stage: report}, folder / "out", folder, 1, print,
                        *[folder] * 3)


def test_a_call_of_the_ecosystem_gives_the_judged_answers(language: Language, tmp_path: Path) -> None:
    chats = export_chats(work_of(answering(language), tmp_path, report_of()), NAME)
    found = check_release(tmp_path / "out", "causal", [], [], 64, chats).model
    assert found[CHAT].items == 1 and found[CHAT].same == 1.0
