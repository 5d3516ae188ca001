"""What is known before a run of the pretraining of models of speech: whether there is speech enough for it."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.core.report import Remark
from vernacular.core.store import Store
from vernacular.remarks.rules import little_speech
from vernacular.speech.pretraining.pretraining_speech import read_pretraining_speech


def speech_remarks(language: Language, store: Store, model: str | None = None) -> list[Remark]:
    """Return a remark for each model of speech whose pretraining is left out, or may be while the hours are unknown."""
    if language.speech is None:
        return []
    clean, splits = (store.current(language.code, stage) for stage in ("speech/clean", "speech/splits"))
    wanted = {name: one.pretraining for name, one in language.speech.models_to_run(model).items() if one.pretraining}
    hours = None
    if wanted and clean is not None and splits is not None:
        hours = read_pretraining_speech(clean.folder, splits.folder).hours
    found = [little_speech(name, hours, settings.least_hours) for name, settings in wanted.items()]
    return [remark for remark in found if remark is not None]
