"""The card and the data statement of a transcription model, from its results alone."""

from __future__ import annotations

import json

from vernacular.config.schema import Language
from vernacular.config.sources import is_local
from vernacular.config.speech_sources import AudioHubSource
from vernacular.core.report import Gate
from vernacular.release.card_metadata import hub_licence
from vernacular.release.gates import gate_table
from vernacular.release.markdown import Table, literal
from vernacular.release.statement import NOT_WRITTEN
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.release.tables import (
    behavior_table,
    curve_table,
    gaps_table,
    range_cell,
    scores_table,
    speakers_table,
)
from vernacular.speech.transcription.stage_results import best_rates


def write_card(language: Language, result: SpeechReleaseResult, gates: list[Gate], own_code: bool) -> str:
    """The whole README.md."""
    found = result.transcription
    usage = "```python\n" + "\n".join(usage_lines("path", own_code)) + "\n```"
    code = ("The folder carries the code of its network and of its decoding (`speech_*.py`), which transformers runs "
            "only with `trust_remote_code=True`. `signature.json` covers these files." if own_code else "")
    blocks: list[str | Table] = [
        _metadata(language, result), f"# {literal(language.name)}: speech to text",
        f"Transcribes {literal(language.name)}. It learned from {found.minutes:.0f} minutes of transcribed speech, on "
        f"top of {literal(result.base)} (method `{result.method}`).", usage, *([code] if code else []),
        "## How many errors it makes", f"Percent of characters and words that are wrong in the part `{found.part}` "
        f"({found.scored.greedy.utterances} utterances); in parentheses the 95% interval over utterances. Lower is "
        "better.", scores_table(found)]
    if found.speakers:
        blocks += ["Speakers whom training did not hear, each in turn:", speakers_table(found)]
    if found.without_shared is not None:
        blocks.append(f"{found.shared_texts} of the scored utterances consist of words that training has read; without "
                      f"them the character error rate is {range_cell(found.without_shared.cer)}, the word error rate "
                      f"{range_cell(found.without_shared.wer)}.")
    if found.curve:
        blocks += ["## With less speech", curve_table(found)]
    if found.language_model is not None:
        low, mean, high = found.language_model.gain
        blocks.append(f"Decoding uses {found.language_model.grams}: {mean:+.1f} points of character errors "
                      f"({low:+.1f} to {high:+.1f}).")
    blocks += behavior_blocks(result.behaviour)
    blocks += ["## Gates", gate_table(gates, {waiver.gate: waiver.by for waiver in result.waivers}),
               "## What it is not for", "It may write wrong words for people, dialects, places and microphones that it "
               "did not hear. A transcript of it is no evidence in a dispute."]
    return "\n\n".join(map(str, blocks)) + "\n"


def usage_lines(path: str, own_code: bool) -> list[str]:
    """The two lines of Python that load a release and transcribe.

    Args:
        path: of the release, or the name of a variable.
        own_code: whether it carries code of its own.
    """
    trust = ", trust_remote_code=True" if own_code else ""
    return ["from transformers import pipeline",
            f'pipeline("automatic-speech-recognition", {path}{trust})(sound)["text"]  # float32, 16 kHz, mono']


def behavior_blocks(found: SpeechBehaviorResult) -> list[str | Table]:
    """What the tests of behavior found, and the gaps between groups of speakers."""
    blocks: list[str | Table] = [
        "## How it behaves", f"{found.utterances} held-out utterances were changed, and as many sounds without speech "
        "were made. A test is red if more cases fail than it allows.", behavior_table(found)]
    if found.gaps:
        blocks += ["Percent of characters that are wrong, by how the speakers describe themselves:", gaps_table(found)]
    if found.no_gaps:
        blocks.append("Not compared: " + "; ".join(f"{name} ({why})" for name, why in found.no_gaps.items()) + ".")
    return blocks


def write_statement(language: Language, result: SpeechReleaseResult, written: str | None) -> str:
    """The whole data_statement.md."""
    texts: list[str | Table] = [] if not result.texts else [
        "## Text of the language model and of new tokens", Table(["source", "licence", "consent"], [
            [one.name, one.licence, one.consent] for one in result.texts])]
    blocks: list[str | Table] = [
        f"# Data statement: speech in {literal(language.name)}", (written or "").strip() or NOT_WRITTEN,
        "## The recordings", Table(["source", "licence", "consent", "minutes of training"], [
            [one.name, one.licence, one.consent, f"{one.minutes:.1f}"] for one in result.sources]),
        *texts,
        "## Who speaks", "As the speakers describe themselves; `not stated` where they did not.",
        Table(["gender", "age", "village", "speakers", "hours of training"], [
            [group.gender or "not stated", group.age or "not stated", group.village or "not stated",
             str(group.speakers), f"{group.hours:.2f}"] for group in result.groups]),
        "## Withdrawing", "Everyone who speaks can withdraw: the recordings, and what was made of them, are then "
        f"deleted, and the next release is trained without them. Contact: {language.owner or 'nobody is named yet'}."]
    return "\n\n".join(map(str, blocks)) + "\n"


def _metadata(language: Language, result: SpeechReleaseResult) -> str:
    best = best_rates(result.transcription.scored)
    assert language.speech is not None
    base = language.speech.models[result.model].base
    licence, licence_name = hub_licence({result.base_licence, *(one.licence for one in result.sources),
                                         *(one.licence for one in result.texts)})
    heard = {one.name for one in result.sources}
    datasets = [source.dataset for source in language.speech.sources
                if isinstance(source, AudioHubSource) and source.name in heard and not is_local(source.dataset)]
    metadata = {
        "language": [language.code], "license": licence,
        **({"license_name": licence_name, "license_link": "data_statement.md"} if licence_name else {}),
        **({"base_model": base.hub or base.name_on_hub} if base.hub or base.name_on_hub else {}),
        **({"datasets": datasets} if datasets else {}), "library_name": "transformers",
        "pipeline_tag": "automatic-speech-recognition", "tags": ["vernacular", "speech"],
        "model-index": [{"name": f"{result.model}-{language.code}", "results": [{
            "task": {"type": "automatic-speech-recognition"},
            "dataset": {"name": f"recordings of the data statement, {result.transcription.part}", "type": "vernacular"},
            "metrics": [{"type": kind, "value": round(rate.mean, 2)} for kind, rate in (
                ("cer", best.cer), ("wer", best.wer))]}]}]}
    # JSON is YAML, and needs no quoting of its own
    return "\n".join(["---", *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in metadata.items()),
                      "---"])
