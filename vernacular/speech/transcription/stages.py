"""Declares the stage ``speech/transcription_<model>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel
from vernacular.config.stage_names import SPLITS
from vernacular.core.entry_point import EntryPoint
from vernacular.modeling.base_files import fingerprints
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.speech.transcription.stage_results import TranscriptionResult

SPEECH = ("speech/recordings", "speech/clean", "speech/splits")
SPECS = (GateSpec("writes", "The model writes text for at least half of the utterances: CTC has not collapsed to "
                  "blanks.", True),
         GateSpec("better_than_baselines", "Its character error rate is lower than with log-mel features and with "
                  "random weights, beyond chance.", False),
         GateSpec("transcripts_fit", "At most 5% of the transcripts for training do not fit their sound, by models "
                  "that did not learn from them.", False))


def _settings(language: Language, model: SpeechModel) -> dict[str, JsonValue]:
    return model.model_dump(mode="json", exclude={"enabled", "pretraining", "checkpoint_minutes"})


def _outside(language: Language, root: Path, model: SpeechModel) -> dict[str, str]:
    return fingerprints(model.base, language)


def text_inputs(language: Language, model: SpeechModel) -> tuple[str, ...]:
    """The stage whose text the language model of the decoding and new tokens are learned from, if there is one."""
    return (SPLITS,) if language.sources and (model.language_model != "none" or model.new_tokens) else ()


def stages(language: Language, name: str, model: SpeechModel) -> list[Stage]:
    """The stage that trains and scores the speech model ``name``."""
    text = text_inputs(language, model)
    pretrained = (f"speech/pretrained_{name}",) if model.pretraining is not None else ()
    return [Stage(
        name=f"speech/transcription_{name}", version="3", inputs=(*SPEECH, *pretrained, *text),
        run=EntryPoint("vernacular.speech.transcription.stage:run", name=name, model=model),
        result=TranscriptionResult, seed=model.seeds[0], heavy=True, kinds=("pytorch", "transformers"),
        settings=partial(_settings, model=model), outside=partial(_outside, model=model), gates=SPECS,
        description=f"`{name}` learns to transcribe {language.name}, beside log-mel features and the same network with "
                    "random weights; error rates on the scored part and on speakers who were held out in turn.")]
