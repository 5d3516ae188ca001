"""The gates of a transcription model's release, from its results; ``vernacular verify`` computes them again."""

from __future__ import annotations

import json
from collections.abc import Sequence

from vernacular.core.report import Gate
from vernacular.release.verification import Evaluated
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.release.stage_results import HeardFrom, SpeechReleaseResult, SpeechTextFacts
from vernacular.speech.release.stages import BEHAVIOR, LOADS, USES

_SHOWN = 8  # speakers in the reason of a gate
_SAME = 0.95  # share of the utterances asked again that must get the scored text


def read_evaluation(data: bytes) -> Evaluated | None:
    """What the ``evaluation.json`` of a transcription model says; None for another kind of release.

    Raises:
        ValueError: it is one of a transcription model that this version cannot read.
    """
    found = json.loads(data)
    if not isinstance(found, dict) or "transcription" not in found:
        return None
    result = SpeechReleaseResult.model_validate(found, extra="ignore")
    return Evaluated(result.language, result.model, speech_gates(result), result.release_gates, result.waivers)


def speech_gates(result: SpeechReleaseResult) -> list[Gate]:
    """Every gate but the last, ``publishable``, from the results alone."""
    owned: list[SpeechTextFacts] = [*result.sources, *result.texts]
    unknown = [one.name for one in owned if one.licence == "unverified"]
    unknown += [result.base] if result.base_licence == "unverified" else []
    unasked = [one.name for one in result.texts if one.consent == "unknown"] + _named(result.consent_unknown)
    kept = sum(one.utterances for one in result.not_for_release)
    worst = max(high for _, _, high in result.transcription.differences.values())
    return [
        Gate(name="licences_verified", passed=not unknown, value=len(unknown), threshold=0,
             reason=f"nobody has verified the licence of {', '.join(unknown)}" if unknown else
             "every source and the base name their licence", fix="Find it out and write it as `licence:`"),
        Gate(name="consent_known", passed=not unasked, value=len(unasked), threshold=0,
             reason=f"on what basis this may be used is unknown: {', '.join(unasked)}" if unasked else
             "every source, or its speakers, state their consent basis", fix="Ask, and write it as `consent:`"),
        Gate(name=USES, passed=not kept, value=kept, threshold=0,
             reason=f"a release is not allowed by {', '.join(_named(result.not_for_release))}" if kept else
             "every utterance of the training may be used for a release",
             fix="Ask those who speak, and add `release` to the `uses` of source and speaker; or leave `training` out "
                 "of them, and run again. Nobody else can waive it"),
        Gate(name="better_than_baselines", passed=worst < 0, value=worst, threshold=0,
             reason=f"the upper end of the difference to the better baseline is {worst:+.1f} points",
             fix="Train longer, or use a base that heard more languages"),
        behavior_gate(result.behaviour),
        Gate(name=LOADS, passed=result.same >= _SAME, value=result.same, threshold=_SAME,
             reason=f"{result.same:.0%} of {result.asked} utterances get the scored text from `pipeline`",
             fix="Report it with the version of transformers")]


def behavior_gate(found: SpeechBehaviorResult) -> Gate:
    """Whether every test of behavior passes; the reason has the rates, so that a waiver covers these rates.

    Tests are taken by name, as ``evaluation.json`` has them, so that the file gives the same reason.
    """
    asked = [name for name, test in found.tests.items() if test.cases]
    red = [f"{name} ({test.rate:.0%} fail)" for name, test in sorted(found.tests.items()) if not test.passed]
    return Gate(name=BEHAVIOR, passed=bool(asked) and not red, value=len(red), threshold=0,
                reason=f"red tests: {', '.join(red)}" if red else f"{len(asked)} tests are green" if asked else
                "no test of behavior had an utterance", fix="Add recordings of this kind, or have a responsible person "
                "`vernacular waive` the gate")


def _named(some: Sequence[HeardFrom]) -> list[str]:
    named = [f"{one.source}{f' {one.speaker}' if one.speaker else ''} ({one.utterances} utterances)"
             for one in some[:_SHOWN]]
    return [*named, *([f"{len(some) - _SHOWN} more"] if len(some) > _SHOWN else [])]
