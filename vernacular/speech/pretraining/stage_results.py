"""The result of a pretraining of speech. Loads no torch."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Number, OptionalNumber, Result


class SpeechPretrainingResult(Result):
    """The result of ``speech/pretrained_<model>``; without training all but the first four fields are 0 or empty."""

    trained: bool  # whether there is a ``model/``; if not, the base is used as it is
    reason: str  # why not
    hours: Number  # of speech that may be used for training
    speakers: list[str]  # pseudonyms of those who speak in it, transcribed or not
    objective: str = ""
    clusters: int = 0  # or codes, that are predicted; 0 for wav2vec 2.0
    held_out: int = 0  # utterances whose loss is measured
    steps: int = 0
    planned_steps: int = 0  # those of the budget
    minutes: Number = 0.0  # in training steps
    passes: Number = 0.0  # over the speech
    curve: list[tuple[int, Number]] = Field(default_factory=list)  # (step, held-out nats per masked frame)
    before: OptionalNumber = None  # held-out nats per masked frame of the base, with a trained head
    after: OptionalNumber = None  # of what is kept
