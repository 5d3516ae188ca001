"""Settings of ``speech:``: recordings, speakers, cleaning, splits, models. Sources are in ``speech_sources``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from vernacular.config.base import Base
from vernacular.config.sources import Consent
from vernacular.config.speech_sources import SpeechSource, Use
from vernacular.config.strict import Name, Share, Strict

MOST_SECONDS = 1800.0  # of an utterance: longer ones would not fit into memory
_LARGEST_POINT = 0.9  # of a learning curve, as a share of all speech
Method = Literal["frozen", "lora", "adapter", "full", "whisper"]


class Speaker(Strict):
    """A person who speaks in recordings: what they allow, and facts that they gave."""

    pseudonym: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description=(
        "The name under which the person appears everywhere. Never a real name."), examples=["speaker-1"])
    names: list[str] = Field(default_factory=list, description=(
        "How transcripts name the person, such as a client id, initials or a real name. Only this file keeps "
        "them; artifacts have the pseudonym."), examples=[["abiayi"]])
    gender: str = Field("", description="As the person states it; scores are compared by it.", examples=["woman"])
    age: str = Field("", description="Age or group of ages, as the person states it.", examples=["30-39"])
    village: str = Field("", description="Where the person speaks the language.", examples=["Boundji"])
    consent: Consent | None = Field(None, description=(
        "The basis for using this person's recordings. Not set: that of the source."), examples=["contributor"])
    uses: list[Use] | None = Field(None, description=(
        "What the person allows, of what the source allows. Not set: all that the source allows."),
        examples=[["training", "release"]])
    withdrawn: bool = Field(False, description=(
        "True keeps every recording of the person out. `vernacular takedown CODE --speaker` also removes what was "
        "made of them."), examples=[True])


def _file_or_list(value: Any) -> str:
    return "file" if isinstance(value, str) else "list"


Speakers = Annotated[Annotated[str, Tag("file")] | Annotated[list[Speaker], Tag("list")], Discriminator(_file_or_list)]


class SpeechCleaning(Strict):
    """Which recordings are dropped, and how silence is trimmed."""

    least_seconds: float = Field(0.3, ge=0, examples=[0.5], description="Shorter utterances are dropped.")
    most_seconds: float = Field(30, gt=0, le=MOST_SECONDS, examples=[20], description=(
        "Longer utterances are dropped: cut them by a transcript with times."))
    least_snr: float = Field(8, examples=[15], description=(
        "Least signal-to-noise ratio in decibels, between 300 and 3400 Hz. Raise it for studio recordings."))
    most_clipped: Share = Field(0.01, examples=[0.001], description=(
        "Largest share of samples at the limit of the range: a microphone that was too loud."))
    least_speech: Share = Field(0.1, examples=[0.3], description=(
        "Least share of an utterance that is speech, by voice activity detection."))
    least_characters_per_second: float = Field(1, ge=0, examples=[3], description=(
        "Fewer characters of transcript per second of speech mean that the transcript is incomplete."))
    most_characters_per_second: float = Field(35, gt=0, examples=[25], description=(
        "More characters of transcript per second of speech mean that the transcript belongs to other speech."))
    most_length_deviation: float = Field(5, gt=0, examples=[4], description=(
        "Most standard deviations by which speech may be longer or shorter than usual for so many letters in its "
        "source, before its transcript is dropped."))
    trim: bool = Field(True, description="Leave out silence at the beginning and the end.", examples=[False])
    padding: float = Field(0.2, ge=0, examples=[0.1], description="Seconds of silence that trimming leaves.")
    duplicates: bool = Field(True, description=(
        "Drop recordings of the same sound, found by fingerprint."), examples=[False])


class SpeechSplits(Strict):
    """What is held out from training."""

    dev: Share = Field(0.1, gt=0, examples=[0.05], description=(
        "Share of the transcribed speech for choices, such as early stopping. Never used for training."))
    test: Share = Field(0.1, examples=[0.2], description="Share that is scored once at the end.")
    disjoint: list[Literal["speaker", "text", "session"]] = Field(
        ["speaker", "text", "session"], examples=[["text"]], description=(
            "What train, dev and test must not share, where the data allow it. The card states what they share."))
    folds: int = Field(3, ge=0, examples=[0], description=(
        "Number of speakers who are held out in turn, each with a training of its own. 0: none."))
    seed: int = Field(1, examples=[2], description="Random seed of the splits.")


class SpeechBudget(Strict):
    """How long something is trained: exactly one of minutes and steps."""

    minutes: float | None = Field(None, gt=0, examples=[5], description=(
        "Time for one training, in minutes, converted to steps by the measured speed. Give this or `steps`."))
    steps: int | None = Field(None, ge=1, examples=[1000], description=(
        "Optimizer steps of one training. Give this or `minutes`."))
    batch_seconds: float = Field(60, gt=0, examples=[120], description=(
        "Seconds of speech in an optimizer step. Lower it if memory runs out."))
    checkpoint_minutes: float = Field(1.0, gt=0, examples=[10], description=(
        "Minutes between checkpoints. A killed run loses at most this much."))

    @model_validator(mode="after")
    def _one_budget(self) -> SpeechBudget:
        if (self.minutes is None) == (self.steps is None):
            raise ValueError("exactly one of minutes and steps is needed")
        return self


class SpeechPretraining(SpeechBudget):
    """Continued pretraining of the base on untranscribed speech, with the base's own objective."""

    learning_rate: float = Field(1e-4, gt=0, examples=[5e-5], description=(
        "Highest learning rate. Halve it if the loss jumps."))
    least_hours: float = Field(10, ge=0, examples=[1], description=(
        "With fewer hours of speech this step is left out, and `vernacular plan` gives the reason. 0 always trains "
        "(docs/experiments/speech-pretraining.md)."))
    crop_seconds: float = Field(15, ge=0.5, examples=[10], description=(
        "Longest piece of an utterance that is read at once, in seconds. Lower it if memory runs out."))
    warmup: Share = Field(0.1, examples=[0.2], description="Share of the steps for learning rate warmup.")
    head_first: Share = Field(0.1, lt=1, examples=[0], description=(
        "Share of the steps in which only a new head is trained. That of HuBERT, WavLM and w2v-BERT is always new; "
        "a base of wav2vec 2.0 may have its own, and then this has no effect."))
    weight_decay: float = Field(0.01, ge=0, examples=[0.1], description="Weight decay (AdamW).")
    targets: Literal["states", "mfcc"] = Field("states", examples=["mfcc"], description=(
        "What HuBERT and WavLM predict: clusters of the base's own states, or of MFCC, which are for a base with "
        "random weights."))
    layer: Share = Field(0.67, examples=[0.75], description=(
        "Depth of the states that are clustered, as a share of the layers (`targets: states` only)."))
    clusters: int = Field(500, ge=2, le=20_000, examples=[100], description=(
        "Clusters that HuBERT and WavLM predict, and codes in each codebook of w2v-BERT. There are fewer if there is "
        "less than a second of speech for each."))
    patience: int = Field(3, ge=0, examples=[0], description=(
        "Training ends after this many evaluations without a better held-out loss. 0 disables it."))
    seed: int = Field(1, examples=[2], description="Random seed.")


class SpeechModel(SpeechBudget):
    """A pretrained speech model and how it learns to transcribe the language."""

    enabled: bool = Field(True, description="Whether runs include the model.", examples=[False])
    base: Base = Field(description="The pretrained speech model, such as wav2vec 2.0, HuBERT, MMS or Whisper.")
    method: Method = Field("frozen", examples=["lora"], description=(
        "`frozen` trains a small recurrent network (CTC) on a learned mixture of the base's layers; best on a "
        "laptop. `lora` trains low-rank changes of the base, `adapter` an MMS adapter, `full` all weights; "
        "`whisper` fine-tunes a Whisper model with its decoder. These need a card or hours."))
    pretraining: SpeechPretraining | None = Field(None, description=(
        "Continued pretraining on all speech of the language, transcribed or not. Not set: none."))
    seeds: list[int] = Field(default_factory=lambda: [1], min_length=1, examples=[[1, 2, 3]], description=(
        "The model is trained once for each of these random seeds, and the scores are averaged."))
    language_model: Literal["characters", "words", "none"] = Field("characters", examples=["words"], description=(
        "What decoding uses beside the sound: n-grams of characters or of words, learned from the transcripts for "
        "training and from the text of `sources`."))
    check_transcripts: Literal["leave_out", "list", "none"] = Field("list", examples=["leave_out"], description=(
        "What is done with transcripts for training that do not fit their sound, by two short trainings on other "
        "transcripts (docs/experiments/speech-cleaning.md): `leave_out` trains without them, `list` only lists them, "
        "`none` does not look for them."))
    curve: list[float] = Field(default_factory=list, examples=[[10, 30, 60]], description=(
        "Minutes of transcribed speech to train on in further trainings: a learning curve. Points of nine tenths of "
        "the training speech (after trimming) or more are left out."))
    learning_rate: float = Field(1e-3, gt=0, examples=[2e-4], description="Highest learning rate.")
    rank: int = Field(16, ge=1, examples=[32], description="Rank of the changes (`lora` and `whisper` only).")
    new_tokens: int = Field(0, ge=0, le=20_000, examples=[300], description=(
        "Most tokens added to the tokenizer of a Whisper model (`whisper` only), learned from the transcripts for "
        "training and from the text of `sources`. 0 keeps the tokenizer, which can write every language: an hour of "
        "speech hardly trains the embeddings of new tokens (docs/experiments/speech.md)."))

    def points_below(self, minutes: float) -> list[float]:
        """Return the points of ``curve`` below nine tenths of ``minutes`` of training; more repeat the result."""
        return [point for point in self.curve if point < _LARGEST_POINT * minutes]


class SpeechBehaviour(Strict):
    """How the tests of behavior are run: silence, noise, speed, room, other speakers."""

    cases: int = Field(50, ge=1, examples=[20], description="Most utterances per test.")
    seed: int = Field(1, examples=[2], description="Random seed for drawing utterances and noise.")


class Speech(Strict):
    """Recordings of the language, and the models that learn to transcribe it."""

    sources: list[SpeechSource] = Field(min_length=1, description="The recordings, one entry each.")
    speakers: Speakers = Field(default_factory=list, examples=["speakers.tsv"], description=(
        "Who speaks: a TSV file in the language folder with the columns pseudonym, names, gender, age, village, "
        "consent, uses and withdrawn (lists separated by commas), or a list here."))
    cleaning: SpeechCleaning = Field(default_factory=SpeechCleaning, description="Which recordings are dropped.")
    splits: SpeechSplits = Field(default_factory=SpeechSplits, description=(
        "How recordings are divided into train, dev and test."))
    models: dict[Name, SpeechModel] = Field(default_factory=dict, description=(
        "The pretrained models that learn to transcribe the language, each under a name of your choice."))
    behaviour: SpeechBehaviour = Field(default_factory=SpeechBehaviour, description=(
        "How the tests of behavior are run."))

    def models_to_run(self, only: str | None = None) -> dict[str, SpeechModel]:
        """Return the enabled models by name, or only ``only``, enabled or not; empty if it is not one of these."""
        return {name: model for name, model in self.models.items() if (model.enabled if only is None else name == only)}
