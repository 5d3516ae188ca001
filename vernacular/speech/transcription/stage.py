"""The stage ``speech/transcription_<model>``: trains the model and its baselines, and scores what they write.

Writes ``trainings/<name>/`` (the trained weights), ``alphabet.json``, ``language_model.npz``, ``transcripts.jsonl``
with a row for each scored utterance, and ``alignment.jsonl`` with a row for each checked transcript.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from vernacular.config.speech import SpeechModel
from vernacular.core.jsonl import write_jsonl
from vernacular.core.plots import points
from vernacular.core.report import Gate, Report
from vernacular.pipeline.parallel import in_processes
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.speech.model_code.speech_pipeline import LANGUAGE_MODEL
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.arms import ALIGNER, CONTROL, RELEASED, methods_of
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import Budget
from vernacular.speech.transcription.method import Method
from vernacular.speech.transcription.parts import Parts, read_parts, shared_texts
from vernacular.speech.transcription.scoring import Edits, count_edits, difference, error_rates, pooled
from vernacular.speech.transcription.stage_results import (
    CURVE_TITLE,
    TRANSCRIPTS,
    CurvePoint,
    HeldOutSpeaker,
    LanguageModelFacts,
    TranscriptionResult,
    best_rates,
)
from vernacular.speech.transcription.trainings import Heard, Trainings, scored
from vernacular.speech.transcription.transcript_check import ALIGNMENT, Checked, check_transcripts, transcripts_gate

ALPHABET, TRAININGS, CURVE = "alphabet.json", "trainings", "learning_curve.png"
_MOST_EMPTY = 0.5  # share of utterances without text from which a model counts as collapsed


@dataclass(frozen=True)
class _Results:
    """All trainings of the stage."""

    released: list[Heard]  # one for each seed
    baselines: dict[str, Heard]
    speakers: dict[str, tuple[Parts, Heard]]
    curve: list[tuple[Parts, Heard]]


def run(work: StageContext, name: str, model: SpeechModel) -> Report:
    """Train, score, compare with the baselines.

    Raises:
        Problem: too few utterances, or the base cannot be used.
    """
    parts, part, folds = read_parts(work.inputs["speech/clean"], work.inputs["speech/splits"])
    wanted = {one.id: one for some in (parts, *folds.values()) for one in (*some.train, *some.choose, *some.score)}
    train = {one.id: one for some in (parts, *folds.values()) for one in some.train}
    methods = methods_of(work, name, model, [*wanted.values()], [*train.values()], _text_of(work))
    aligner = methods.pop(ALIGNER, methods[RELEASED])
    checked = check_transcripts(aligner if isinstance(aligner, FrozenMethod) else None, [*parts.train, *parts.choose],
                                model.check_transcripts, model.seeds[0], work.scratch, work.progress)
    parts = checked.without_suspects(parts)
    folds = {speaker: checked.without_suspects(fold) for speaker, fold in folds.items()}
    alphabet = Alphabet.of(one.text for one in (*parts.train, *parts.choose))
    results = _train(work, methods, model, parts, folds, alphabet)
    report = _report(parts, part, alphabet, results, checked)
    draw_curve(work.out, report)
    (work.out / ALPHABET).write_text(json.dumps(alphabet.symbols, ensure_ascii=False), encoding="utf-8")
    search = results.released[0].search
    if search is not None:
        arrays: dict[str, Any] = {**search.model.arrays(), **({} if search.words is None else search.words.arrays())}
        np.savez_compressed(work.out / LANGUAGE_MODEL, **arrays)
    shutil.copytree(work.scratch / TRAININGS, work.out / TRAININGS)
    write_jsonl(work.out / TRANSCRIPTS, _rows(parts, results))
    checked.write(work.out / ALIGNMENT)
    return report


def _train(work: StageContext, methods: Mapping[str, Method], model: SpeechModel, parts: Parts,
           folds: Mapping[str, Parts], alphabet: Alphabet) -> _Results:
    text = _text_of(work)
    trainings = {arm: Trainings(method, alphabet, work.scratch / TRAININGS, text, model.language_model,
                                work.progress)
                 for arm, method in methods.items()}
    ours, first = trainings.pop(RELEASED), model.seeds[0]
    budget = Budget(model.steps, None if model.minutes is None else model.minutes * 60)
    released = [ours.run(f"seed_{first}", parts, budget, first)]
    facts = released[0].facts
    equal = Budget(facts.steps)  # of all other trainings of the same method
    jobs = [partial(ours.run, f"seed_{seed}", parts, equal, seed) for seed in model.seeds[1:]]
    for number, fold in enumerate(folds.values()):
        one = replace(ours, alphabet=Alphabet.of(row.text for row in (*fold.train, *fold.choose)))
        jobs.append(partial(one.run, f"held_out_{number}", fold, equal, first))
    jobs += [partial(one.run, arm, parts, equal if model.method == "frozen" or arm == CONTROL else Budget(
        seconds=facts.seconds), first, False) for arm, one in trainings.items()]
    limited = {minutes: some for minutes in model.points_below(parts.minutes)
               if (some := parts.limited(minutes)).minutes < parts.minutes}  # the last utterance may be a long one
    jobs += [partial(ours.run, f"minutes_{minutes:g}", some, equal, first) for minutes, some in limited.items()]
    # a head uses one core; other methods train the base on all of them
    heard = iter(in_processes(jobs) if model.method == "frozen" else [job() for job in jobs])
    released += [next(heard) for _ in model.seeds[1:]]
    speakers = {speaker: (fold, next(heard)) for speaker, fold in folds.items()}
    baselines = {arm: next(heard) for arm in trainings}
    curve = [(some, next(heard)) for some in limited.values()]
    return _Results(released, baselines, speakers, curve)


def _text_of(work: StageContext) -> list[str]:
    """The lines of the language's corpus for training; none without a corpus."""
    folder = work.inputs.get("corpus/splits")
    return [] if folder is None else [line for row in read_rows(folder / file_of("train"), ["text"])
                                      for line in row["text"].split("\n")]


def _report(parts: Parts, part: str, alphabet: Alphabet, results: _Results, checked: Checked) -> Report:
    references = [one.text for one in parts.score]
    ours = _edits(references, results.released)
    greedy = pooled([count_edits(references, one.greedy) for one in results.released])
    baselines = {name: scored(parts, [heard]) for name, heard in results.baselines.items()}
    # a baseline's single training counts once for every seed of ours
    differences = {name: difference(greedy, pooled([count_edits(references, heard.greedy)] * len(results.released)))
                   for name, heard in results.baselines.items()}
    shared = shared_texts(parts)
    others = [row for row, known in enumerate(shared) if not known]
    search = results.released[0].search
    language_model = None if search is None else LanguageModelFacts(
        order=search.model.order, weight=search.weight, bonus=search.bonus,
        words=0.0 if search.words is None else search.words.share,
        texts=int(search.model.contexts[()][1][0]), gain=difference(ours, greedy))
    main = scored(parts, results.released)
    result = TranscriptionResult(
        part=part, minutes=parts.minutes, symbols=list(alphabet.symbols), scored=main, baselines=baselines,
        differences=differences, language_model=language_model,
        speakers=[HeldOutSpeaker(speaker=speaker, minutes=fold.minutes, scored=scored(fold, [heard]))
                  for speaker, (fold, heard) in results.speakers.items()],
        curve=[CurvePoint(minutes=some.minutes, scored=scored(some, [heard])) for some, heard in results.curve],
        transcripts=checked.facts, shared_texts=sum(shared), confidence=_confidence(references, results.released[0]),
        **({"without_shared": error_rates(_edits([references[row] for row in others], [
            _only(heard, others) for heard in results.released]), [parts.score[row].speaker for row in others])}
           if others and len(others) < len(shared) else {}))
    report = Report(gates=gates_of(result))
    _count(report, result)
    report.samples["transcripts"] = [
        {"spoken": utterance.text, "written": (heard.decoded or heard.greedy)[row]}
        for heard in results.released[:1] for row, utterance in enumerate(parts.score[:8])]
    report.samples["transcripts that do not fit their sound"] = checked.samples()
    report.set_result(result)
    return report


def gates_of(result: TranscriptionResult) -> list[Gate]:
    """The gates of the stage."""
    worst = max(high for _, _, high in result.differences.values())
    return [
        Gate(name="writes", passed=result.scored.empty < _MOST_EMPTY, value=result.scored.empty,
             threshold=_MOST_EMPTY, reason=f"{result.scored.empty:.0%} of the utterances get no text: "
             "CTC writes blanks only", fix="Train longer, raise the learning rate, or add recordings"),
        Gate(name="better_than_baselines", passed=worst < 0, value=worst, threshold=0,
             reason="the upper end of the difference of character error rates to log-mel features and to random "
                    f"weights is {worst:+.1f} points", fix="Train longer, or use a base that heard more languages"),
        *([] if result.transcripts is None else [transcripts_gate(result.transcripts)])]


def _count(report: Report, result: TranscriptionResult) -> None:
    best = best_rates(result.scored)
    report.count("cer", best.cer.mean, f"character error rate of {result.part}", "%")
    report.count("wer", best.wer.mean, f"word error rate of {result.part}", "%")
    report.count("cer_without_language_model", result.scored.greedy.cer.mean, "the same of the likeliest path", "%")
    for name, baseline in result.baselines.items():
        report.count(f"cer_{name}", baseline.greedy.cer.mean, f"of the likeliest path, {name.replace('_', ' ')}", "%")
    for row in result.speakers:
        report.count(f"cer_held_out_{row.speaker}", best_rates(row.scored).cer.mean,
                     "character error rate of this speaker, whom training did not hear", "%")
    report.count("minutes", result.minutes, "audio that training heard", "minutes")
    if result.transcripts is not None:
        report.count("suspect_transcripts", result.transcripts.suspect, "transcripts for training that do not fit "
                     "their sound", "utterances")
    report.count("steps", result.scored.trainings[0].steps, "optimizer steps of every training")


def draw_curve(out: Path, report: Report) -> None:
    """Write the learning curve into ``out``, if there is one, and add it to the plots of ``report``."""
    found = report.read_result(TranscriptionResult, "speech/transcription")
    if not found.curve:
        return
    runs = sorted([*((float(one.minutes), one.scored) for one in found.curve), (float(found.minutes), found.scored)],
                  key=lambda one: one[0])
    lines = {"characters": [(minutes, [float(best_rates(scored).cer.mean)]) for minutes, scored in runs],
             "words": [(minutes, [float(best_rates(scored).wer.mean)]) for minutes, scored in runs]}
    floors = {f"characters, {name.replace('_', ' ')}": [(minutes, float(baseline.greedy.cer.mean))
                                                        for minutes in (runs[0][0], runs[-1][0])]
              for name, baseline in found.baselines.items()}
    points(out / CURVE, CURVE_TITLE, "minutes of transcribed speech", "errors (%)", lines, floors)
    report.plots[CURVE_TITLE] = CURVE


def _edits(references: Sequence[str], heard: Sequence[Heard]) -> Edits:
    return pooled([count_edits(references, one.decoded or one.greedy) for one in heard])


def _only(heard: Heard, rows: Sequence[int]) -> Heard:
    return replace(heard, greedy=[heard.greedy[row] for row in rows],
                   decoded=None if heard.decoded is None else [heard.decoded[row] for row in rows])


def _confidence(references: Sequence[str], heard: Heard) -> float:
    edits = count_edits(references, heard.greedy)
    return float(spearmanr(heard.confidence, edits.characters / np.maximum(1, edits.all_characters)).statistic)


def _rows(parts: Parts, results: _Results) -> list[dict[str, str | float | None]]:
    first = results.released[0]
    return [{"id": utterance.id, "speaker": utterance.speaker, "text": utterance.text, "greedy": first.greedy[row],
             "decoded": None if first.decoded is None else first.decoded[row], "confidence": first.confidence[row],
             **{name: heard.greedy[row] for name, heard in results.baselines.items()}}
            for row, utterance in enumerate(parts.score)]
