"""What a training of a transcription model found out. Loads no torch."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Estimate, Interval, Number, Result

TRANSCRIPTS = "transcripts.jsonl"  # in the artifact: a row for each scored utterance
CURVE_TITLE = "Learning curve"  # of the plot


class ErrorRates(Result):
    """Error rates in percent; intervals over utterances, and over speakers where there are at least five."""

    utterances: int
    cer: Estimate  # characters, spaces included
    wer: Estimate  # words
    cer_over_speakers: Estimate | None = None
    wer_over_speakers: Estimate | None = None


class TrainingFacts(Result):
    """What one training did."""

    seed: int
    steps: int
    seconds: Number
    chosen: int  # step of the kept weights
    looks: list[tuple[int, Number]]  # (step, character error rate of the utterances that choose)
    mixture: list[Number] = Field(default_factory=list)  # weight of each layer; empty where there is no mixture
    new_tokens: int = 0  # in the decoder of a Whisper model


class Scored(Result):
    """A method on the scored part; the mean over seeds has the edits of all."""

    greedy: ErrorRates  # of the likeliest path
    decoded: ErrorRates | None = None  # with the language model
    empty: Number  # share of the utterances for which the likeliest path writes nothing
    trainings: list[TrainingFacts]


def best_rates(scored: Scored) -> ErrorRates:
    """The rates of what the release writes: with the language model if there is one."""
    return scored.decoded or scored.greedy


class HeldOutSpeaker(Result):
    """A speaker whom the training did not hear."""

    speaker: str
    minutes: Number  # of training
    scored: Scored


class CurvePoint(Result):
    """A training on a part of the audio."""

    minutes: Number
    scored: Scored


class LanguageModelFacts(Result):
    """The n-gram model of the decoding."""

    order: int
    weight: Number
    bonus: Number
    words: Number = 0.0  # share of known words in the probability of a word; 0 without a model of words
    texts: int  # lines that it was learned from
    gain: Interval  # low, mean, high of the difference of character error rates, decoded minus greedy, in points

    @property
    def grams(self) -> str:
        """What is counted, for a person."""
        return f"{self.order}-grams of characters" + (" and n-grams of words" if self.words else "")


class TranscriptCheck(Result):
    """Which transcripts for training fit their sound, by models that did not learn from them."""

    checked: int  # transcripts
    suspect: int
    left_out: bool  # whether training does without the suspects
    limit: Number | None = None  # share of other transcripts that fit better, from which one is suspect
    wrong: Number = 0.0  # estimated share of transcripts of other utterances
    lost: Number = 0.0  # estimated share of the right transcripts that are suspect
    reason: str = ""  # why it is not known


class TranscriptionResult(Result):
    """The result of ``speech/transcription_<model>``."""

    part: str  # the scored one: test, or dev where there is no test
    minutes: Number  # of audio that training heard
    symbols: list[str]
    scored: Scored  # the released method
    baselines: dict[str, Scored]  # log_mel and random_weights, at the same number of steps
    # low, mean, high of our character error rate minus the baseline's, in points
    differences: dict[str, Interval]
    speakers: list[HeldOutSpeaker]
    curve: list[CurvePoint]
    language_model: LanguageModelFacts | None = None
    transcripts: TranscriptCheck | None = None  # None in releases of before
    shared_texts: int = 0  # scored utterances whose text, or one of whose words, training has read
    without_shared: ErrorRates | None = None  # of the others
    # rank correlation of confidence and character error rate of the scored utterances; the nearer to -1 the better
    confidence: Number
