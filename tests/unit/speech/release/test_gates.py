"""Gates of a release of speech follow from its numbers, and a waiver covers a gate as it was."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.reporting.speech.made_up import MODEL, behavior, released
from vernacular.release.gates import publishable
from vernacular.release.waivers import in_force, read_waivers, waive
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.release.gates import behavior_gate, read_evaluation, speech_gates
from vernacular.speech.release.stages import BEHAVIOR, SPECS


def test_a_red_test_stops_the_release_until_somebody_waives_it(tmp_path: Path) -> None:
    gates = speech_gates(released(behaviour=behavior(silent=False)))
    assert [gate.name for gate in gates if not gate.passed] == [BEHAVIOR]
    assert {gate.name for gate in gates} < {spec.name for spec in SPECS}
    assert not publishable(gates, []).passed
    waive(tmp_path, MODEL, gates, BEHAVIOR, "Ada", "it is used with speech alone")
    assert publishable(gates, in_force(read_waivers(tmp_path), MODEL, gates)).passed


def test_another_rate_needs_another_waiver(tmp_path: Path) -> None:
    gates = speech_gates(released(behaviour=behavior(silent=False)))
    waive(tmp_path, MODEL, gates, BEHAVIOR, "Ada", "it is used with speech alone")
    worse = [gate.model_copy(update={"reason": "red tests: silence (10% fail)"}) for gate in gates]
    assert not in_force(read_waivers(tmp_path), MODEL, worse)


def test_untested_is_red() -> None:
    assert not behavior_gate(SpeechBehaviorResult(tests={}, utterances=0)).passed


def test_verify_computes_the_same_gates() -> None:
    result = released(behaviour=behavior(silent=False))
    found = read_evaluation(json.dumps(result.as_json()).encode())
    assert found is not None and found.computed == speech_gates(result)
