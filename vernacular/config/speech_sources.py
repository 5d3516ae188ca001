"""Settings of ``speech: sources:``: where recordings and their transcripts are. Nothing is read here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vernacular.config.licences import Licence
from vernacular.config.sources import Consent, Encoding, check_pinned
from vernacular.config.strict import Name, Strict

Use = Literal["training", "release", "playing"]


class TableTranscripts(Strict):
    """A TSV or CSV file with a row per recording, or per segment of one."""

    kind: Literal["table"] = Field(description="A TSV or CSV file.")
    file: str = Field("index.tsv", examples=["transcripts.csv"], description=(
        "The file, relative to the source's folder. Columns: `file`, and any of `text`, `speaker`, `session`, "
        "`start`, `end` (seconds), `translation`, `split`."))
    columns: dict[Literal["file", "text", "speaker", "session", "start", "end", "translation", "split"], str] = Field(
        default_factory=dict, examples=[{"file": "path", "text": "sentence"}], description=(
            "Names of the columns in the file, where they differ."))
    encoding: Encoding | None = Field(None, examples=["windows-1252"], description=(
        "Encoding of the file if it is not Unicode."))


class ElanTranscripts(Strict):
    """An ELAN file (.eaf) beside each recording, with the same name."""

    kind: Literal["elan"] = Field(description="ELAN files (.eaf) beside the recordings.")
    tier: str | None = Field(None, examples=["transcription"], description=(
        "Linguistic type, or name, of the tiers with the transcript. Not set: all top tiers with times."))
    translation_tier: str | None = Field(None, examples=["translation"], description=(
        "Linguistic type, or name, of the tiers with the translation. Not set: no translation."))


class TextGridTranscripts(Strict):
    """A Praat TextGrid beside each recording, with the same name."""

    kind: Literal["textgrid"] = Field(description="Praat TextGrid files beside the recordings.")
    tier: str | None = Field(None, examples=["sentence"], description=(
        "Name of the interval tier with the transcript. Not set: the only interval tier."))
    translation_tier: str | None = Field(None, examples=["gloss"], description=(
        "Name of the interval tier with the translation. Not set: no translation."))


class CommonVoiceTranscripts(Strict):
    """The layout of Mozilla Common Voice: ``clips/`` and ``validated.tsv``."""

    kind: Literal["common_voice"] = Field(description="The layout of Mozilla Common Voice.")
    file: str = Field("validated.tsv", examples=["train.tsv"], description=(
        "The table, relative to the source's folder."))


class NoTranscripts(Strict):
    """Recordings without transcripts."""

    kind: Literal["none"] = Field(description="No transcripts.")


Transcripts = Annotated[TableTranscripts | ElanTranscripts | TextGridTranscripts | CommonVoiceTranscripts |
                        NoTranscripts, Field(discriminator="kind")]


class SpeechSourceBase(Strict):
    """Settings of every source of recordings: origin, license and consent."""

    name: Name = Field(description="Unique short name of the source. Lower-case letters, digits and _.",
                       examples=["stories"])
    licence: Licence = Field(examples=["CC-BY-4.0"], description=(
        "SPDX id of the recordings' license, `LicenseRef-NAME` for other terms, or `unverified`, which prevents "
        "publishing."))
    consent: Consent = Field(description=(
        "The basis for using the recordings; `unknown` prevents publishing until consent is clear."))
    uses: list[Use] = Field(["training"], examples=[["training", "release", "playing"]],
                            description=(
        "What the speakers allow: `training` of models, `release` of such models, `playing` of recordings on the page "
        "and in the UI. A voice is personal data: what is not listed is not allowed."))
    speaker: str = Field("", examples=["speaker-1"], description=(
        "Who speaks in all recordings, if transcripts do not state it: a pseudonym or name of `speakers`."))
    splits: Literal["given", "made"] = Field("made", examples=["given"], description=(
        "`given` keeps the division that the transcripts state (column `split`: train, dev, test); `made` divides "
        "by `speech.splits`."))
    url: str = Field("", description="Where a person can read about the source.",
                     examples=["https://example.org/about"])


class AudioSource(SpeechSourceBase):
    """Recordings in a folder."""

    kind: Literal["audio"] = Field(description="Recordings in a folder.")
    folder: str = Field(".", examples=["recordings"], description=(
        "The folder: relative to the language folder, or absolute."))
    files: str = Field("**", examples=["clips/*.wav"], description=(
        "Pattern of the recordings, relative to `folder`; `**` means any folders. Files with other endings than "
        "wav, flac, mp3, ogg, opus and oga are no recordings."))
    transcripts: Transcripts = Field(description="Where the transcripts are.")


class AudioInboxSource(SpeechSourceBase):
    """A folder that people drop recordings into; transcripts are files of the same name."""

    kind: Literal["inbox"] = Field(description="A folder that people drop recordings into.")
    folder: str = Field("recordings", examples=["/srv/speech/bemba"], description=(
        "The folder, relative to the language folder or absolute. A recording's transcript is a file of the same "
        "name that ends in .txt, .eaf or .TextGrid; a subfolder's name is the session."))


class AudioHubSource(SpeechSourceBase):
    """A dataset with audio: on the Hugging Face hub at a revision, or a local folder of parquet files."""

    kind: Literal["hub"] = Field(description="A dataset with audio on the Hugging Face hub, or a folder of it.")
    dataset: str = Field(examples=["google/fleurs"], description=(
        "Hub id (owner/name), or a folder of parquet files, written ./NAME or absolute."))
    config: str | None = Field(None, examples=["lg_ug"], description=(
        "Name of the dataset's configuration. Not set: its only one."))
    split: str = Field("train", examples=["validation"], description="Split of the dataset to read.")
    revision: str | None = Field(None, examples=["af9c13333eb981300149d5ca60a8e9d659b276b9"], description=(
        "Commit on the hub, 40 letters and digits. Required for an id; a folder has none."))
    audio_field: str = Field("audio", examples=["speech"], description="Column with the recording.")
    text_field: str | None = Field(None, examples=["transcription"], description=(
        "Column with the transcript. Not set: no transcripts."))
    speaker_field: str | None = Field(None, examples=["speaker_id"], description="Column with the speaker.")
    translation_field: str | None = Field(None, examples=["translation"], description="Column with the translation.")
    most_recordings: int | None = Field(None, ge=1, examples=[1000], description=(
        "Most recordings to use. Not set: all."))

    @model_validator(mode="after")
    def _pinned(self) -> AudioHubSource:
        check_pinned(self.dataset, self.revision)
        return self


SpeechSource = Annotated[AudioSource | AudioInboxSource | AudioHubSource, Field(discriminator="kind")]
