"""The stage ``release/<model>``: the folder that leaves the machine, and the gates that decide whether it may.

Writes the model and its tokenizer into the root, ``chat/`` (the model that answers, if its gates are green),
``tasks/<task>/`` (a whole model each) or ``adapters/<task>/``,
``README.md``, ``data_statement.md``, ``evaluation.json``, ``documents.txt`` and ``signature.json`` over all of them.
They contain no path of this machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from vernacular.config.schema import Model
from vernacular.config.stage_names import chat_places
from vernacular.config.statement import read_statement
from vernacular.core.jsonl import read_jsonl
from vernacular.core.report import Report
from vernacular.core.store import Artifact, key_of
from vernacular.datasets.items import Item
from vernacular.evaluation.held_out import held_out_lines
from vernacular.instruct.stage_results import InstructResult, JudgedReply
from vernacular.modeling.base_models import is_sentence_encoder, load_model, longest_input
from vernacular.modeling.picture_towers import load_tower
from vernacular.modeling.variants import ANSWERS, MODEL_FOLDER, Arm, model_folder, released_arm
from vernacular.pipeline.stage import StageContext, determined_by
from vernacular.provenance.corpus_tables import DOCUMENTS, file_of, read_rows
from vernacular.provenance.document import BESIDE
from vernacular.release.attestation import Claims, digest_of_report, origin_digest, sign
from vernacular.release.card import write_card
from vernacular.release.documents import documents_text
from vernacular.release.export import (
    copy_model,
    export_projection,
    export_task,
    export_tower,
    is_whole_model,
    write_sentence_modules,
)
from vernacular.release.licensing import beside_rights, corpus_rights
from vernacular.release.load_check import MOST, Asked, check_release
from vernacular.release.model_check import MOST_CHATS, Chatted
from vernacular.release.result_models import ReleasedChat
from vernacular.release.results import gather
from vernacular.release.signing_key import fingerprint, own_or_new_key
from vernacular.release.stage_results import ReleaseResult
from vernacular.release.stages import stages
from vernacular.release.statement import write_statement
from vernacular.release.trust import calibration_of_seed, describe_accuracy
from vernacular.tasks.base import class_of
from vernacular.tasks.image_retrieval.kind import ImageRetrieval
from vernacular.tasks.predictor import adapter_folder
from vernacular.tasks.stage import items_of
from vernacular.tasks.stage_results import TaskResult


def run(work: StageContext, name: str, model: Model) -> Report:
    """Put the release of the model ``name`` together and sign it.

    Raises:
        Problem: the model folder or an adapter is not there, or there is no signing key and none can be made.
    """
    key = own_or_new_key()
    train = corpus_rights(list(read_rows(work.inputs["corpus/splits"] / file_of("train"))),
                          work.inputs["corpus/documents"] / DOCUMENTS)
    arm = released_arm(name, work.reports)
    folder = model_folder(arm, name, work.inputs)
    beside = beside_rights(read_jsonl(folder.parent / BESIDE), model)
    copy_model(folder, work.out)
    network = load_model(work.out, model.objective, None)
    longest = longest_input(network, model.lora.max_length)
    if is_sentence_encoder(model.base, model.objective, work.language) or any(
            not task.fine_tune for task in work.language.tasks_of(name).values()):
        write_sentence_modules(work.out, network.config.get_text_config().hidden_size, longest)
    tasks = []
    for task in work.language.tasks_of(name):
        if work.language.tasks[task].of_chats:
            continue  # ``export_chats`` does, if what it learned passes
        work.progress(f"{task}: exporting its model")
        tasks.append(_export(work, name, model, arm, task, longest))
    chats = export_chats(work, name)
    work.progress("the release is loaded by transformers and Sentence Transformers and compared")
    found = check_release(work.out, model.objective, tasks, held_out_lines(work.inputs["corpus/splits"]), longest,
                          chats)
    inputs = {stage: Artifact(folder) for stage, folder in work.inputs.items()}
    results = gather(work.language, name, model, work.reports, reloaded=found.tasks, loads=found.model,
                     seconds={stage: artifact.manifest.seconds for stage, artifact in inputs.items()},
                     signer=fingerprint(key.public_key()))
    written = read_statement(work.language.folder)
    texts = {
        "README.md": write_card(results),
        "data_statement.md": write_statement(results, written, train, beside),
        "evaluation.json": json.dumps(results.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        "documents.txt": documents_text([*train, *beside]),
    }
    for file, text in texts.items():
        (work.out / file).write_text(text, encoding="utf-8", newline="\n")
    report = Report(gates=results.release_gates)
    report.count("documents_trained_on", len(train), "documents that training drew from", "documents")
    report.count("documents_beside", len(beside), "documents beside the corpus that it drew from",
                 "documents")
    for task, one in found.tasks.items():
        report.count(f"reloaded_same_{task}", one.same, f"share of the scored answers of {task} that the released "
                     "model gives to a call of the ecosystem")
    report.count("size_mb", round(sum(path.stat().st_size for path in work.out.rglob("*") if path.is_file()) / 1e6, 2),
                 "size of the release", "MB")
    for task, scored in results.tasks.items():
        report.count(f"score_{arm}_{task}", scored.means[arm], f"mean {scored.metric} of {task}, {arm}")
        report.count(f"score_base_{task}", scored.means["base"], f"mean {scored.metric} of {task}, base")
    report.samples["gates"] = [{"gate": gate.name, "passed": gate.passed, "reason": gate.reason}
                               for gate in report.gates]
    report.set_result(ReleaseResult(
        card="README.md", reloaded=found.tasks, loads=found.model, waivers=results.waivers,
        verdicts={task: scored.verdicts for task, scored in results.tasks.items()}))
    stage, = stages(work.language, name, model)
    determined = determined_by(stage, work.language, inputs, work.root)
    sign(work.out, Claims(
        language=work.language.code, model=name, key=key_of(**determined), determined_by=origin_digest(determined),
        results_from=max(artifact.manifest.created for artifact in inputs.values()), report=digest_of_report(report),
        reports={stage: digest_of_report(report) for stage, report in work.reports.items()},
        gates=report.gates, waivers=results.waivers), key)
    return report


def export_chats(work: StageContext, name: str) -> dict[str, list[Chatted]]:
    """Copy the models that answer, each if all its gates are green; for each some requests with the judged answers."""
    found = {}
    for place, stage in chat_places(work.language, name).items():
        if stage in work.inputs and ReleasedChat.extending(
                work.reports[stage].read_result(InstructResult, stage), gates=work.reports[stage].gates).kept:
            copy_model(work.inputs[stage] / MODEL_FOLDER, work.out / place)
            judged = ((row["request"], JudgedReply.model_validate(row["after"])) for row in read_jsonl(
                work.inputs[stage] / ANSWERS))
            found[place] = [*islice((Chatted(request, reply.answer) for request, reply in judged if reply.in_format),
                                    MOST_CHATS)]
    return found


def _export(work: StageContext, name: str, model: Model, arm: Arm, task: str, longest: int) -> Asked:
    """Write what the first seed trained for one task into the release; the items to ask it again."""
    if not work.language.tasks[task].fine_tune:
        return _as_it_is(work, name, model, arm, task, longest)
    stage, seed, items = f"task/{task}_{name}", model.lora.seeds[0], items_of(work, task, model)
    result = work.reports[stage].read_result(TaskResult, stage)
    score = {row.seed: row.score for row in result.scores[arm]}[seed]
    calibration = calibration_of_seed(result, arm, seed)
    about = {"task": task, "kind": result.kind, "metric": result.metric, "seed": seed, "score": score,
             "longest": longest, "right": describe_accuracy(result, arm),
             "calibration": asdict(calibration) if calibration is not None else None}
    prompt = work.language.tasks[task].prompt
    if prompt is not None:  # users of the model need its words
        about["prompt"] = prompt.model_dump(mode="json")
    place = f"{'tasks' if is_whole_model(items.kind) else 'adapters'}/{task}"
    export_task(items.kind, adapter_folder(work.inputs[stage], arm, seed), work.out, model.objective, longest, about,
                work.out / place)
    _export_tower(work, task, work.out / place)
    scored = [row[f"{arm}_{seed}"] for row in read_jsonl(work.inputs[stage] / "predictions.jsonl")]
    most = MOST if items.kind.each_by_itself else len(items.test)
    return Asked(task, place, items.kind, items.test[:most], scored[:most], longest, seed, score)


def _export_tower(work: StageContext, task: str, to: Path) -> None:
    """Write the model of pictures of a task beside it, if it has one."""
    tower = work.language.tasks[task].tower
    if tower is not None:
        export_tower(load_tower(tower, work.language), to)


def _as_it_is(work: StageContext, name: str, model: Model, arm: Arm, task: str, longest: int) -> Asked:
    """The items to ask the released model itself, for a task that nothing was trained for."""
    stage, about = f"task/{task}_{name}", work.language.tasks[task]
    rows = list(read_jsonl(work.inputs[stage] / "predictions.jsonl"))
    if about.of_pictures:
        found, place = items_of(work, task, model), f"tasks/{task}"
        score = work.reports[stage].read_result(TaskResult, stage).means[arm]
        assert isinstance(found.kind, ImageRetrieval)
        export_projection(found.kind, work.out, longest, {
            "task": task, "kind": about.kind, "score": score, "longest": longest}, work.out / place)
        _export_tower(work, task, work.out / place)
        return Asked(task, place, found.kind, found.test, [row[arm] for row in rows], longest, None, score)
    items = [Item(row["text"], second=row.get("second", "")) for row in rows]
    return Asked(task, "", class_of(about)(about, []), items, [row[arm] for row in rows], longest, None,
                 work.reports[stage].read_result(TaskResult, stage).means[arm])
