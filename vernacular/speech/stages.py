"""Declares all stages of speech; each part adds its own here, in the order in which they run."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.pipeline.stage import Stage
from vernacular.speech.behavior.stages import stages as behavior_stages
from vernacular.speech.cleaning.stages import stages as cleaning_stages
from vernacular.speech.pretraining.stages import stages as pretraining_stages
from vernacular.speech.recordings.stages import stages as recordings_stages
from vernacular.speech.release.stages import stages as release_stages
from vernacular.speech.splits.stages import stages as splits_stages
from vernacular.speech.transcription.stages import stages as transcription_stages


def stages(language: Language, only_model: str | None = None) -> list[Stage]:
    """Return the stages of speech of ``language``; none for a folder without ``speech``.

    Args:
        language: the loaded folder.
        only_model: the name of one model of text or speech; None for every enabled one.
    """
    if language.speech is None:
        return []
    made = [*recordings_stages(language), *cleaning_stages(language), *splits_stages(language),
            *pretraining_stages(language, only_model)]
    for name, model in language.speech.models_to_run(only_model).items():
        made += [*transcription_stages(language, name, model), *behavior_stages(language, name, model),
                 *release_stages(language, name, model)]
    return made
