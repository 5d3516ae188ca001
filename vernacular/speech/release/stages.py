"""Declares the stage ``speech/release_<model>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language
from vernacular.config.sources import Source
from vernacular.config.speech import SpeechModel
from vernacular.config.speech_sources import SpeechSource
from vernacular.config.statement import statement_of
from vernacular.core.entry_point import EntryPoint
from vernacular.core.store import digest_of_listed
from vernacular.modeling.base_files import fingerprints
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.release.waivers import ALL, versions
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.transcription.stages import SPEECH, text_inputs

LOADS, BEHAVIOR, USES = "loads_in_ecosystem", "behaviour", "uses_allow_release"
SPECS = (
    GateSpec("licences_verified", "The licence of every source of speech, of the text of the language model and of the "
             "base is known.", False),
    GateSpec("consent_known", "The consent basis of all speech and of the text of the language model is known.", False),
    GateSpec(USES, "Everyone whom training heard allows a release. It cannot be waived.", False),
    GateSpec("better_than_baselines", "The model makes fewer errors than both baselines, beyond chance.", False),
    GateSpec(BEHAVIOR, "Every test of behavior is green, such as silence, noise, telephone, another voice.", False),
    GateSpec(LOADS, "`pipeline` of transformers alone gives the scored texts.", False),
    GateSpec(ALL, "Every gate of the release is green, or waived by a named person.", False),
)


def _settings(language: Language, model: SpeechModel) -> dict[str, JsonValue]:
    assert language.speech is not None
    return {"language": language.model_dump(mode="json", include={"code", "name", "autonym", "owner"}),
            "texts": {one.name: _rights(one) for one in language.sources} if text_inputs(language, model) else {},
            "sources": {one.name: _rights(one) for one in language.speech.sources},
            "model": model.model_dump(mode="json", exclude={"enabled", "checkpoint_minutes"})}


def _rights(source: Source | SpeechSource) -> dict[str, JsonValue]:
    return {"licence": source.licence, "consent": source.consent}


def _outside(language: Language, root: Path, model: SpeechModel) -> dict[str, str]:
    file = statement_of(language.folder)
    written = {"statement": digest_of_listed([(file.path, file)])} if file.exists() else {}
    return fingerprints(model.base, language) | written | versions(language.folder)


def stages(language: Language, name: str, model: SpeechModel) -> list[Stage]:
    """The stage that makes the release of the speech model ``name``."""
    pretrained = (f"speech/pretrained_{name}",) if model.pretraining is not None else ()
    return [Stage(
        name=f"speech/release_{name}", version="3",
        inputs=(*SPEECH, *pretrained, *text_inputs(language, model), f"speech/transcription_{name}",
                f"speech/behaviour_{name}"),
        run=EntryPoint("vernacular.speech.release.stage:run", name=name, model=model), result=SpeechReleaseResult,
        settings=partial(_settings, model=model), outside=partial(_outside, model=model),
        kinds=("huggingface", "python"), gates=SPECS, heavy=True, depends_on_reports=True, includes_licenses=True,
        description=f"`{name}` for {language.name}: the model that transcribes, its card, data statement with hours by "
                    "group of speakers, every number, and a signature.")]
