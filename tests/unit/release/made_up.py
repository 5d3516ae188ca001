"""Reports of every stage of an invented model, as the stages would write them; numbers are made up."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from vernacular.cleaning.stage_results import CleanResult, DriftReport
from vernacular.config.schema import Language
from vernacular.config.stage_names import release_inputs
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Gate, Report
from vernacular.core.store import Manifest, Store, describe, key_of
from vernacular.modeling.variants import ARMS
from vernacular.pipeline.stage import determined_by
from vernacular.pretraining.stage_results import Interpolation, PretrainingResult
from vernacular.provenance.corpus_tables import write_rows
from vernacular.release.attestation import Claims, digest_of_report, origin_digest, sign
from vernacular.release.card import write_card
from vernacular.release.documents import documents_text
from vernacular.release.result_models import CurrentResults, ReleaseResults
from vernacular.release.results import gather
from vernacular.release.signing_key import fingerprint, own_or_new_key
from vernacular.release.stage_results import ReleaseResult, TaskCheck
from vernacular.release.stages import stages
from vernacular.tasks.stage_results import LearningPoint, TransferScores
from vernacular.tokenizer.stage_results import FertilityIntervals, TokenizerResult

NAME = "tiny"
AnyResults = TypeVar("AnyResults", bound=ReleaseResults)


def ranged(mean: float, half: float) -> list[float]:
    """An interval as the stages write it: low, mean, high."""
    return [mean - half, mean, mean + half]


def task_details(task: str, base: float, adapted: float, interval: list[float]) -> dict[str, Any]:
    scores = {arm: [{"seed": seed, "score": mean + seed / 100, "more": {}, "steps": 25, "chosen": 25, "seconds": 1.0,
                     "looks": []} for seed in (1, 2, 3)]
              for arm, mean in (("base", base), ("control", adapted - 0.01), ("adapted", adapted))}
    point = {"train_items": 30, "metric": "f1_unseen_names" if task == "names" else "macro_f1", "scores": scores,
             "means": {arm: rows[1]["score"] for arm, rows in scores.items()},
             "floors": {"majority": 0.1, "tfidf_logistic": 0.4},
             "floor_intervals": {"majority": ranged(0.1, 0.03), "tfidf_logistic": ranged(0.4, 0.03)},
             "more_floor_intervals": {"majority": {}, "tfidf_logistic": {}}, "dead": [],
             "arm_intervals": {arm: ranged(rows[1]["score"], 0.07) for arm, rows in scores.items()},
             "more_intervals": {}, "more_differences": {},
             "intervals": {"adapted_minus_base": interval, "adapted_minus_control": [-0.02, 0.01, 0.03]}}
    return {**point, "curve": [copy.deepcopy(point)], "task": task,
            "kind": "token_classification" if task == "names" else "sequence_classification",
            "labels": ["O", "NAME"] if task == "names" else ["market", "river", "school"],
            "fine_tuned": True, "dev_items": 10, "test_items": 20, "test_texts": 20, "notes": {},
            "test_items_cut": dict.fromkeys(ARMS, 0), "apart": {"not_scored": [], "not_learned": []}}


def point(details: dict[str, Any]) -> dict[str, Any]:
    """The part of a task's details that a point of its curve holds."""
    return {name: value for name, value in details.items() if name in LearningPoint.model_fields}


def search_details() -> dict[str, Any]:
    """A search task that was scored without fine-tuning, as its stage reports it."""
    found = task_details("search", 0.04, 0.7, [0.6, 0.66, 0.72])
    ways = {"accuracy_at_1_from_source": (0.03, 0.72), "accuracy_at_1_from_target": (0.05, 0.68)}
    return found | {
        "kind": "sentence_retrieval", "metric": "accuracy_at_1", "train_items": 0, "test_items": 400, "test_texts": 400,
        "floors": {"majority": 0.0, "tfidf_characters": 0.23},
        "floor_intervals": {"majority": ranged(0.0, 0.0), "tfidf_characters": ranged(0.23, 0.03)},
        "more_floor_intervals": {"majority": {way: ranged(0.0, 0.0) for way in ways},
                                 "tfidf_characters": {way: ranged(0.22, 0.03) for way in ways}},
        "more_intervals": {arm: {way: ranged(base if arm == "base" else after, 0.02)
                                 for way, (base, after) in ways.items()} for arm in ("base", "control", "adapted")},
        "more_differences": {"adapted_minus_base": {way: ranged(after - base, 0.05)
                                                    for way, (base, after) in ways.items()}}}


def asked_details() -> dict[str, Any]:
    """Results of a task for models that were not fine-tuned: prompted without examples, and with four for each seed."""
    scores = {"0_shot": [0.125], "4_shot": [0.25, 0.5, 0.75]}
    return {name: {"scores": dict.fromkeys(ARMS, each), "means": dict.fromkeys(ARMS, sum(each) / len(each)),
                   "arm_intervals": {arm: ranged(sum(each) / len(each), 0.1) for arm in ARMS},
                   "more_intervals": {}, "more_differences": {},
                   "intervals": {"adapted_minus_base": [-0.02, 0.01, 0.04], "adapted_minus_control": [0.0, 0.0, 0.0]}}
            for name, each in scores.items()}


def transfer_details() -> dict[str, Any]:
    """Results of a task for models that learned from 2,000 English items alone."""
    means = {"base": 0.15, "control": 0.33, "adapted": 0.38}
    return TransferScores(
        train_language="eng", train_items=2000, metric="macro_f1", means=means,
        arm_intervals={arm: ranged(mean, 0.02) for arm, mean in means.items()},
        intervals={"adapted_minus_base": ranged(0.23, 0.03), "adapted_minus_control": ranged(0.05, 0.06),
                   "control_minus_base": ranged(0.18, 0.04)},
        floors={"majority": 0.06, "tfidf_logistic": 0.11},
        floor_intervals={"majority": ranged(0.06, 0.01), "tfidf_logistic": ranged(0.11, 0.01)}).as_json()


def made_up_reports() -> dict[str, Report]:
    """Stage name -> report, with a gain on ``names``, none on ``genre``, and a red behavioural test."""
    documents, clean, splits, tokenizer = Report(), Report(), Report(), Report()
    documents.count("documents", 60, "texts that were read")
    clean.count("documents", 58, "documents with text left")
    clean.count("words_read", 12000, "words before the rules")
    clean.count("words_kept", 11000, "words that were kept")
    clean.count("words_rejected", 1000, "words in lines that were dropped")
    clean.count("words_rejected_script", 1000, "words in lines in another script")
    clean.count("lines_rejected_script", 90, "lines in another script")
    clean.set_result(CleanResult(notes={}, words_by_source={"text (other)": 11000}, confidence_by_source={}, mix={},
                                 screening=DriftReport(reasons={}, profiles={})))
    for part, words in (("train", 8000), ("dev", 1000), ("test", 2000)):
        splits.count(f"words_{part}", words, f"words in {part}")
        splits.count(f"documents_{part}", words // 200, f"documents in {part}")
        splits.count(f"lines_{part}", words // 10, f"lines in {part}")
    splits.gates.append(Gate(name="no_contamination", passed=True, reason="0 lines share text", blocking=True))
    tokenizer.count("new_pieces", 60, "pieces added")
    tokenizer.count("fertility_base", 3.1, "tokens per word")
    tokenizer.count("fertility_extended", 1.9, "tokens per word")
    tokenizer.set_result(TokenizerResult(
        base_family="wordpiece", fertility_by_register={}, fertility_intervals=FertilityIntervals(
            base=(2.9, 3.1, 3.3), extended=(1.8, 1.9, 2.0), change=(-0.4, -0.387, -0.37))))
    training = Report()
    training.set_result(PretrainingResult(
        steps=12, planned_steps=12, tokens=3072, minutes=0.1, curve=[(0, 3.0), (12, 2.0)], mix=[],
        interpolation=Interpolation(points=[], chosen=1.0)))
    scores = {arm: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}
              for arm, mean in (("base", 2.5), ("control", 1.6), ("adapted", 1.5))}
    likelihood = Report(details={"unit": "nats per character", "items": 300, "scores": scores, "differences": {
        "adapted_minus_control": [-0.15, -0.1, -0.05], "adapted_minus_base": [-1.1, -1.0, -0.9]},
        "floor": {"character_5gram": {"mean": 1.8, "low": 1.75, "high": 1.85}}})
    likelihood.gates.append(Gate(name="adapted_not_worse_than_control", passed=True, reason="-0.1"))
    arm = {"cases": 40, "failures": 2, "rate": 0.05, "low": 0.01, "high": 0.16}
    behaviour = Report(details={"lexicons": {}, "seed_of_adapter": 1, "arm": "adapted", "tests": {"spaces": {
        "notes": "", "lines": 40, "set_aside": 0, "capability": "robustness",
        "description": "spaces <b>|</b>", "type": "invariance", "task": "names",
        "author": "me", "reviewed": "none", "threshold": 0.0, "severity": "warn", "base": arm, "adapted": arm}}})
    behaviour.gates.append(Gate(name="spaces", passed=False, reason="2 of 40 cases fail"))
    retention = Report(details={"measured": False})
    retention.gates.append(Gate(name="base_languages_kept", passed=True, reason="changed by +0.1%"))
    looked_for = {"text": {"tried": 1, "words": [4, 8]},
                  "labels": {"tried": 2, "words": [1, 4], "tasks": ["names", "genre"]}}
    attack = Report(details={"measured": True, "left_out": [], "arm": "adapted", "suspects": [],
                             "looked_for": looked_for,
                             "conclusion": "no phrase out of 3 turns answers"})
    attack.gates.append(Gate(name="no_planted_phrase", passed=True, reason="no phrase out of 3"))
    return {
        "corpus/documents": documents, "corpus/clean": clean, "corpus/splits": splits,
        f"tokenizer/{NAME}": tokenizer, f"model/{NAME}": training, f"model/{NAME}_control": training,
        f"task/names_{NAME}": Report(details=task_details("names", 0.3, 0.6, [0.2, 0.3, 0.4])),
        f"task/genre_{NAME}": Report(details=task_details("genre", 0.5, 0.51, [-0.05, 0.01, 0.06])),
        f"evaluation/{NAME}_likelihood": likelihood,
        f"evaluation/{NAME}_retention": retention, f"evaluation/{NAME}_attack": attack,
        f"evaluation/{NAME}_behaviour": behaviour,
        f"evaluation/{NAME}_fairness": Report(details={"measured": False, "caveat": "Not measured"})}


RELOADED = {task: TaskCheck(seed=1, card=0.61, call="pipeline", alone=True, items=20, answers=20, same=1.0, score=0.61,
                            score_before=0.61, strategy="", by_strategy={}) for task in ("names", "genre")}


def current(results: ReleaseResults) -> CurrentResults:
    """The same as results of artifacts of which no release was made."""
    return CurrentResults.extending(results, release=None, changed=[])


def edited(results: AnyResults, change: Callable[[Any], None]) -> AnyResults:
    """``results`` as they are after ``change`` was made to their JSON."""
    data = results.as_json()
    change(data)
    return type(results).model_validate(data)


TRAIN = {"id": "aa", "raw_digest": "bb", "source": "text", "path": "a b.txt", "text": "words"}


def put(store: Store, language: Language, reports: dict[str, Report], key: str = "0" * 16) -> None:
    """Publish ``reports`` as artifacts, those that list documents with these lists."""
    for stage, report in reports.items():
        with store.workspace(language.code, stage, key) as work:
            (work / "out").mkdir()
            if stage == "corpus/splits":
                write_rows(work / "out" / "train.parquet", [TRAIN])
            if stage.startswith("model/"):
                write_jsonl(work / "out" / "beside.jsonl", [])
            files, data_version = describe(work / "out")
            store.publish(work, Manifest(
                language=language.code, stage=stage, key=key, version="1", settings={}, inputs={}, outside={},
                seed=1, data_version=data_version, files=files, created="2025-01-01T00:00:00Z", seconds=1.0,
                report=report))


def put_release(store: Store, language: Language, reports: dict[str, Report]) -> Path:
    """Publish ``reports`` and the signed release made from them, with words in place of weights; return its folder."""
    put(store, language, reports)
    stage, = stages(language, NAME, language.models[NAME])
    assert stage.inputs == tuple(release_inputs(language, NAME))
    key = own_or_new_key()
    found = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED,
                   signer=fingerprint(key.public_key()))
    report = Report(gates=found.release_gates)
    report.set_result(ReleaseResult(card="README.md", reloaded=RELOADED, loads={}, waivers=found.waivers, verdicts={}))
    texts = {"README.md": write_card(found), "evaluation.json": json.dumps(found.as_json(), indent=1, sort_keys=True),
             "documents.txt": documents_text([TRAIN]), "data_statement.md": "Who made the text\n", "config.json": "{}",
             "model.safetensors": "weights", "tasks/names/config.json": "{}", "tasks/names/task.json": "{}"}
    artifacts = {name: artifact for name in stage.inputs
                 if (artifact := store.current(language.code, name)) is not None}
    determined = determined_by(stage, language, artifacts, store.root)
    with store.workspace(language.code, stage.name, "0" * 16) as work:
        out = work / "out"
        for name, text in texts.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
        sign(out, Claims(
            language=language.code, model=NAME, key=key_of(**determined), determined_by=origin_digest(determined),
            results_from="2025-01-01T00:00:00Z", report=digest_of_report(report), gates=report.gates,
            reports={name: digest_of_report(one) for name, one in reports.items()},
            waivers=found.waivers), key)
        files, data_version = describe(out)
        return store.publish(work, Manifest(
            language=language.code, key=key_of(**determined), data_version=data_version, files=files,
            created="2025-01-01T00:00:00Z", seconds=1.0, report=report, **determined)).folder
