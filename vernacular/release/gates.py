"""The conditions for publishing a release, each with its reason. Its only input is the results of the release.

``publish`` checks one more, which may change later: whether a document of the training text has been taken down.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from vernacular.core.report import Gate
from vernacular.pipeline.stage import GateSpec
from vernacular.release.markdown import Table, interval_text
from vernacular.release.result_models import ReleasedTask, ReleaseResults
from vernacular.release.rights import Rights, name_of_base
from vernacular.release.stage_results import ModelCheck, TaskCheck
from vernacular.release.waivers import ALL, Waiver

LOADS = "loads_in_ecosystem"
SAME, NEAR = 0.995, 0.005  # share of the answers that must be equal; how far a task's score (of 1) may differ
CLOSE = 1e-4  # how far a probability or a number of an embedding may differ
CHAT = "chat"
CHAT_SPEC = GateSpec(CHAT, "Models that answer keep chat format, English answers, refusals and text in the base's "
                     "languages; else the release does not contain them.", False)
SPECS = (
    GateSpec("licences_verified", "The licence of every source and of the base is known.", False),
    GateSpec("consent_known", "The consent basis of every source is known.", False),
    GateSpec("adapted_not_worse_than_control", "The extended tokenizer does no harm compared with the same training "
             "without it.", False),
    GateSpec("released_not_worse_than_base", "The released model is not worse than the base.", False),
    GateSpec("no_contamination", "Training text shares no line with held-out text.", False),
    GateSpec("behaviour", "Every behavioral test passes.", False),
    GateSpec("retention", "Forgetting of the base's languages stays below the limit.", False),
    GateSpec("no_planted_phrase", "A scan for planted phrases was run, and found none.", False),
    GateSpec(LOADS, "Loaded by transformers and Sentence Transformers alone, the release gives the scored answers.",
             False),
    GateSpec(ALL, "Every gate of the release is green, or waived by a named person. A red one stops publishing, not "
             "the local build.", False),
)


def unverified(rights: Rights) -> list[str]:
    """Names of the sources, of labelled data, and of the base, whose licence nobody has verified."""
    found = [text.name for text in rights.texts if text.licence == "unverified"]
    found += [f"the labels of {task}" for task, labels in rights.labels.items()
              if labels and labels.licence == "unverified"]
    found += [rights.base_name] if rights.base.licence == "unverified" else []
    found += [name_of_base(model) for model in (rights.instruct, *rights.pictures)
              if model is not None and model.licence == "unverified"]
    return [*dict.fromkeys(found)]


def no_consent(rights: Rights) -> list[str]:
    """Names of the sources of which nobody knows on what basis their text may be used."""
    return [*dict.fromkeys(text.name for text in rights.texts if text.consent == "unknown")]


def release_gates(results: ReleaseResults) -> list[Gate]:
    """Every gate but the last, ``publishable``, which follows from these and from what was waived.

    ``results`` are taken in the order of ``evaluation.json``, so that the file gives the same gates and reasons.
    """
    results = ReleaseResults.model_validate(json.loads(json.dumps(results.as_json(), sort_keys=True)))
    no_licence, unasked = unverified(results.rights), no_consent(results.rights)
    tests = results.behaviour.gates if results.behaviour else []
    red = [gate.name for gate in tests if not gate.passed]
    reviewed = {name for name, test in results.behaviour.tests.items() if test.reviewed != "none"
                } if results.behaviour else set()
    failing = [f"{kind}: {', '.join(f'{name}{_failing(results, name)}' for name in names)}" for kind, names in (
        ("reviewed by a speaker", [name for name in red if name in reviewed]),
        ("unreviewed", [name for name in red if name not in reviewed])) if names]
    return [
        Gate(name="licences_verified", passed=not no_licence, value=len(no_licence), threshold=0, reason=(
            f"nobody has verified the licence of {', '.join(no_licence)}" if no_licence
            else "every source and the base name their licence"),
            fix="Find it out and write it as `licence:` of the source or base, then run again; nothing is "
                "retrained"),
        Gate(name="consent_known", passed=not unasked, value=len(unasked), threshold=0, reason=(
            f"on what basis the text may be used is unknown for {', '.join(unasked)}" if unasked
            else "the consent basis of every source is known"),
            fix="Write it as `consent:` of the source, then run again; nothing is retrained"),
        _against_control(results),
        _against_base(results),
        _copied(results, "corpus/splits", "no_contamination", "no_contamination"),
        Gate(name="behaviour", passed=bool(tests) and not red, value=len(red), threshold=0, reason=(
            f"red tests, {'; '.join(failing)}" if red else
            f"{len(tests)} tests are green, {len(reviewed)} of them reviewed by a speaker" if tests
            else "no behavioral test was run"),
            fix="Have a speaker `vernacular review` them; then fix what fails, "
                "or `vernacular waive` the gate" if tests
            else "Enable `behaviour:` in language.yaml"),
        _retention(results),
        _copied(results, f"evaluation/{results.model.name}_attack", "no_planted_phrase", "no_planted_phrase"),
        *([_chat(results)] if results.model.instruct is not None else []),
        loads_gate(results.reloaded, results.loads) if results.reloaded is not None else Gate(
            name=LOADS, passed=False, reason="the release is not there yet"),
    ]


def _failing(results: ReleaseResults, name: str) -> str:
    """The failure rate of a test, in parentheses, so that a waiver covers this rate."""
    rate = results.behaviour.tests[name].adapted.rate if results.behaviour else None
    if rate is None:
        return " (no case)"
    return f" ({rate:.0%} fail)" if rate >= 0.01 else " (under 1% fail)"


def publishable(gates: Sequence[Gate], waivers: Sequence[Waiver]) -> Gate:
    """Whether all of ``gates`` are green or waived."""
    waived = {waiver.gate: waiver.by for waiver in waivers}
    not_yet = [gate.name for gate in gates if not gate.passed and gate.name not in waived]
    text = f"may not be published: {', '.join(not_yet)}" if not_yet else "every gate of the release is green"
    if waived:
        text += "; waived: " + ", ".join(f"{gate} by {by}" for gate, by in waived.items())
    return Gate(name=ALL, passed=not not_yet, value=len(not_yet), threshold=0, reason=text,
                fix="Fix each of these, or waive it as a named person: `vernacular waive`")


def gate_table(gates: Sequence[Gate], waived: Mapping[str, str]) -> Table:
    """The card's table of all gates, and by whom each is waived; ``verification`` compares it with the signed ones."""
    return Table(["gate", "result"], [
        [gate.name, "green" if gate.passed else f"red, waived by {waived[gate.name]}" if gate.name in waived else "red"]
        for gate in gates])


def _found(results: ReleaseResults, stage: str, name: str) -> Gate | None:
    return next((gate for gate in results.gates.get(stage, []) if gate.name == name), None)


def _copied(results: ReleaseResults, stage: str, theirs: str, name: str) -> Gate:
    """A gate of an earlier stage as one of the release; red where it was not measured."""
    found = _found(results, stage, theirs)
    if found is None:
        return Gate(name=name, passed=False, reason="not measured")
    return Gate(name=name, passed=found.passed, reason=found.reason, value=found.value, threshold=found.threshold)


def _retention(results: ReleaseResults) -> Gate:
    """Forgetting of the base's languages: on text by the gate of that stage, on tasks by the paired interval."""
    gate = _copied(results, f"evaluation/{results.model.name}_retention", "base_languages_kept", "retention")
    tasks = {task: found for task, found in results.tasks.items() if found.language}
    worse, unknown = _worse(tasks, f"{results.released.arm}_minus_base")
    if not tasks:
        return gate
    text = (f"worse than the base on {', '.join(worse)}" if worse else f"not measured: {', '.join(unknown)}" if unknown
            else f"no worse than the base on {', '.join(tasks)}")
    return gate.model_copy(update={"passed": gate.passed and not worse and not unknown,
                                   "reason": f"{gate.reason}; {text}"})


def _chat(results: ReleaseResults) -> Gate:
    """The gates of the model that answers as one. A waiver publishes the rest of the release, never this model."""
    missing = [stage for stage in results.missing if stage.startswith(("instruct/", "chat/"))]
    if missing or not results.chats:
        return Gate(name=CHAT, passed=False, reason=f"not measured: {', '.join(missing) or CHAT}")
    red = [f"{place}: {gate.name} ({gate.reason})" for place, chat in results.chats.items() for gate in chat.gates
           if not gate.passed]
    return Gate(name=CHAT, passed=all(chat.kept for chat in results.chats.values()), value=len(red), threshold=0,
                reason=f"the release does not contain what fails: {'; '.join(red)}" if red else
                f"all gates on {', '.join(results.chats)} are green",
                fix="Lower `instruct.scale`, train fewer steps, or remove `instruct:`")


def _against_control(results: ReleaseResults) -> Gate:
    """The effect of the new tokens: on text by the gate of the likelihood stage, on tasks by the paired interval."""
    tie = _found(results, f"evaluation/{results.model.name}_likelihood", "adapted_not_worse_than_control")
    worse, unknown = _worse(results.tasks, "adapted_minus_control")
    unknown += _not_run(results)
    if tie is None:
        unknown.insert(0, "likelihood")
    elif not tie.passed:
        worse.insert(0, f"likelihood ({tie.reason})")
    if results.released.arm == "control":
        return Gate(name="adapted_not_worse_than_control", passed=True, reason=(
            "the control is released, with the original tokenizer: it predicts dev text better"))
    return _none_worse("adapted_not_worse_than_control", worse, unknown, "the extended tokenizer does harm on",
                       "on no measure worse than the control with the original tokenizer, ties aside"
                       + _with_fewer(results, "adapted_minus_control"))


def _against_base(results: ReleaseResults) -> Gate:
    """The effect of the whole training: likelihood and tasks of the released arm against the base."""
    name = f"{results.released.arm}_minus_base"
    worse, unknown = _worse({task: found for task, found in results.tasks.items() if not found.language}, name)
    unknown += _not_run(results)
    interval = results.likelihood.differences.get(name) if results.likelihood else None
    if interval is None or not _is_number(interval):
        unknown.insert(0, "likelihood")
    elif interval[0] > 0:  # lower is better
        worse.insert(0, f"likelihood ({interval_text(interval)})")
    return _none_worse("released_not_worse_than_base", worse, unknown, "worse than the base before any training on",
                       "on no measure worse than the base beyond chance" + _with_fewer(results, name))


def _none_worse(name: str, worse: list[str], unknown: list[str], harm: str, good: str) -> Gate:
    text = f"{harm} {', '.join(worse)}" if worse else f"not measured: {', '.join(unknown)}" if unknown else good
    return Gate(name=name, passed=not worse and not unknown, value=len(worse), threshold=0, reason=text)


def _not_run(results: ReleaseResults) -> list[str]:
    return [stage for stage in results.missing if stage.startswith("task/")]


def _worse(tasks: Mapping[str, ReleasedTask], difference: str) -> tuple[list[str], list[str]]:
    """Those of ``tasks`` that are worse beyond the paired 95 % interval, and those without one.

    Only released adapters count, and prompting without fine-tuning, as users prompt a causal model.
    """
    worse, unknown = list[str](), list[str]()
    for task, found in tasks.items():
        for where, point in ((task, found), *((f"{task} {way.replace('_', '-')}", asked) for way, asked in
                                              found.untrained.items())):
            interval = point.intervals.get(difference)
            if interval is None or not _is_number(interval):
                unknown.append(where)
            elif interval[2] < 0:
                worse.append(f"{where} ({interval_text(interval)})")
    return worse, unknown


def _is_number(interval: Sequence[float]) -> bool:
    """Whether no bound is NaN, which no comparison finds worse."""
    return all(math.isfinite(bound) for bound in interval)


def _with_fewer(results: ReleaseResults, difference: str) -> str:
    """Where it is worse with fewer labels, which does not fail the gate: of many points, some are worse by chance."""
    worse = [f"{task} of {point.train_items} labels ({interval_text(interval)})"
             for task, found in results.tasks.items() for point in found.curve[:-1]
             if (interval := point.intervals.get(difference)) is not None and interval[2] < 0]
    return f"; but with fewer labels it is, on {', '.join(worse)}" if worse else ""


def loads_gate(tasks: Mapping[str, TaskCheck], calls: Mapping[str, ModelCheck]) -> Gate:
    """Whether transformers and Sentence Transformers give the measured answers, from ``load_check``.

    One answer of a task may differ: sums differ in their last bits, and a near tie may turn.
    """
    worst = min([*(one.same for one in tasks.values()), *(one.same for one in calls.values())], default=1.0)
    off = [f"{task}: {one.same:.1%} of {one.answers} answers are the same, {one.score:.3f} instead of "
           f"{one.score_before:.3f}" for task, one in tasks.items()
           if not (one.same >= min(SAME, 1 - 1 / max(1, one.answers))  # so that NaN is off, too
                   and abs(one.score - one.score_before) <= max(NEAR, 1 / max(1, one.answers)) * max(
                       1.0, one.score_before))]
    off += [f"{call}: {one.same:.1%} of {one.items} texts give the same answer, numbers differ by "
            f"{one.difference:.1g}" for call, one in calls.items()
            if not (one.same >= 1 and one.difference <= CLOSE)]
    ours = [task for task, one in tasks.items() if not one.alone]
    text = "; ".join(off) or (f"transformers and Sentence Transformers give at least {worst:.1%} of the scored answers")
    return Gate(name=LOADS, passed=not off, value=worst, threshold=SAME, reason=text + (
        f"; checked through Vernacular, since they have no such call: {', '.join(ours)}" if ours else ""))
