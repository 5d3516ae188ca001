"""The stage ``speech/release_<model>``: the folder that leaves the machine, and the gates that decide whether it may.

It contains no recording and no path of this machine. ``evaluation.json`` has every number; ``signature.json`` covers
all files.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np

from vernacular.config.speech import SpeechModel
from vernacular.config.statement import read_statement
from vernacular.core.jsonl import read_jsonl
from vernacular.core.report import Report
from vernacular.core.store import Artifact, key_of
from vernacular.pipeline.stage import StageContext, determined_by
from vernacular.release.attestation import Claims, digest_of_report, origin_digest, sign
from vernacular.release.gates import publishable
from vernacular.release.load_check import run_calls
from vernacular.release.signing_key import own_or_new_key
from vernacular.release.waivers import in_force, read_waivers
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.release.card import write_card, write_statement
from vernacular.speech.release.export import copy_language_model, export_frozen, export_tuned
from vernacular.speech.release.gates import speech_gates
from vernacular.speech.release.permissions import heard_utterances
from vernacular.speech.release.results import gather_result
from vernacular.speech.release.stages import USES, stages
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.arms import head_settings, start_of
from vernacular.speech.transcription.stage import ALPHABET, TRAININGS
from vernacular.speech.transcription.stage_results import TRANSCRIPTS, TranscriptionResult
from vernacular.speech.utterance import load_audio, read_utterances

_ASKED = 20  # scored utterances that the finished release transcribes again


def run(work: StageContext, name: str, model: SpeechModel) -> Report:
    """Put the release of the speech model ``name`` together and sign it.

    Raises:
        Problem: the new release does not load, or there is no signing key and none can be made.
    """
    key = own_or_new_key()
    stage = f"speech/transcription_{name}"
    inputs = {one: Artifact(folder) for one, folder in work.inputs.items()}
    trained = work.inputs[stage]
    found = work.reports[stage].read_result(TranscriptionResult, stage)
    tested = f"speech/behaviour_{name}"
    behavior = work.reports[tested].read_result(SpeechBehaviorResult, tested)
    export_model(work, name, model, work.out)
    asked, same = _ask(work, trained, own_code=(work.out / "speech_model.py").is_file())
    result = gather_result(work.language, name, found, behavior, heard_utterances(inputs),
                           work.inputs["speech/recordings"], asked, same)
    gates = speech_gates(result)
    waivers = [one for one in in_force(read_waivers(work.language.folder), name, gates) if one.gate != USES]
    gates.append(publishable(gates, waivers))
    result = result.model_copy(update={"waivers": waivers, "release_gates": gates})
    texts = {"README.md": write_card(work.language, result, gates, (work.out / "speech_model.py").is_file()),
             "data_statement.md": write_statement(work.language, result, read_statement(work.language.folder)),
             "evaluation.json": json.dumps(result.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"}
    for file, text in texts.items():
        (work.out / file).write_text(text, encoding="utf-8", newline="\n")
    report = Report(gates=gates)
    report.count("same", same, "share of the scored utterances asked again for which `pipeline` gives the scored text")
    report.count("size_mb", round(sum(path.stat().st_size for path in work.out.rglob("*") if path.is_file()) / 1e6, 2),
                 "size of the release", "MB")
    report.set_result(result)
    declared, = stages(work.language, name, model)
    determined = determined_by(declared, work.language, inputs, work.root)
    sign(work.out, Claims(
        language=work.language.code, model=name, key=key_of(**determined), determined_by=origin_digest(determined),
        results_from=max(artifact.manifest.created for artifact in inputs.values()), report=digest_of_report(report),
        reports={one: digest_of_report(report) for one, report in work.reports.items()}, gates=gates, waivers=waivers),
        key)
    return report


def export_model(work: StageContext, name: str, model: SpeechModel, to: Path) -> None:
    """Write the trained model of the first seed, with its language model, into the folder ``to``."""
    stage = f"speech/transcription_{name}"
    trained, found = work.inputs[stage], work.reports[stage].read_result(TranscriptionResult, stage)
    weights = trained / TRAININGS / f"seed_{model.seeds[0]}"
    facts = found.language_model
    decoding = {} if facts is None else {"weight": float(facts.weight), "bonus": float(facts.bonus),
                                              "words": float(facts.words)}
    alphabet = Alphabet(tuple(json.loads((trained / ALPHABET).read_text(encoding="utf-8"))))
    if model.method == "frozen":
        export_frozen(start_of(work, name, model), weights, alphabet, head_settings(model), decoding, to)
    else:
        export_tuned(weights, to, alphabet, decoding)
    if decoding:
        copy_language_model(trained, to)


def _ask(work: StageContext, trained: Path, own_code: bool) -> tuple[int, float]:
    """Transcribe scored utterances with ``pipeline`` alone; how many, and the share with the scored text."""
    rows = list(read_jsonl(trained / TRANSCRIPTS))[:_ASKED]
    utterances = {one.id: one for one in read_utterances(work.inputs["speech/clean"])}
    with tempfile.TemporaryDirectory() as place:
        paths = [str(Path(place) / f"{number}.npy") for number in range(len(rows))]
        for path, row in zip(paths, rows, strict=True):
            np.save(path, load_audio(work.inputs["speech/recordings"], utterances[row["id"]]), allow_pickle=False)
        (texts,) = run_calls([{"call": "automatic-speech-recognition", "folder": str(work.out), "inputs": paths,
                               "own_code": own_code}])
    scored = [row["greedy"] if row["decoded"] is None else row["decoded"] for row in rows]
    return len(rows), float(np.mean([text.strip() == ours for text, ours in zip(texts, scored, strict=True)]))
