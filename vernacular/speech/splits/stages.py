"""Declares the stage ``speech/splits``."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechSplits
from vernacular.config.strict import Strict
from vernacular.core.entry_point import EntryPoint
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.speech.splits.stage_results import SpeechSplitsResult

GATES = (GateSpec("no_shared_text", "No training utterance has the text of a held-out one, unless the source states "
                  "its split.", True),
         GateSpec("disjoint", "Train shares nothing with dev and test that `speech.splits.disjoint` "
                  "lists.", False))


class SpeechSplitsSettings(Strict):
    """Settings of ``speech/splits``."""

    splits: SpeechSplits
    given: list[str]  # sources that keep the split that they state


def stages(language: Language) -> list[Stage]:
    """The stage that holds speech of ``language`` out from training."""
    return [Stage(
        name="speech/splits", version="1", inputs=("speech/clean",), settings=_settings,
        run=EntryPoint("vernacular.speech.splits.stage:run"), result=SpeechSplitsResult, gates=GATES,
        description="Train, dev and test by speaker, session and text as far as the data allow, and speakers who are "
                    "held out in turn (`folds.json`). `speech.splits` has the shares.")]


def _settings(language: Language) -> SpeechSplitsSettings:
    assert language.speech is not None
    given = sorted(source.name for source in language.speech.sources if source.splits == "given")
    return SpeechSplitsSettings(splits=language.speech.splits, given=given)
