"""Settings of labeled data for ``tasks:``: files and hub datasets.

Nothing is read here; ``vernacular.datasets`` does that.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vernacular.config.licences import Licence
from vernacular.config.sources import _ENCODING, Encoding, check_pinned
from vernacular.config.strict import Share, Strict

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = ("train", "dev", "test")


class Data(Strict):
    """Settings that all labeled data shares: columns, and how much is used."""

    licence: Licence = Field("unverified", description=(
        "SPDX id of the labels' license. Publishing is refused while it is `unverified`."), examples=["CC-BY-4.0"])
    url: str = Field("", description="Where a person can read about the labels.",
                     examples=["https://example.org/labels"])
    columns: dict[str, str | int] = Field(default_factory=dict, description=(
        "Parts of an item, and the column of each if it has another name. In CoNLL and tables without a header, a "
        "number from 0 (-1 is the last) (docs/reference/labeled-data.md)."),
        examples=[{"text": "sentence", "label": "topic"}])
    separator: str = Field("|", min_length=1, description=(
        "Separator of an item's labels (`multi_label`), in csv and tsv."), examples=[";"])
    repair_bio: bool = Field(True, description=(
        "Convert orphan I- tags to B- and BIOES tags to IOB2, and count them. False rejects such a file."))
    dev_share: Share = Field(0.1, examples=[0.2], description=(
        "Share of the training items used as dev items if `dev` is not set."))
    test_share: Share = Field(0.2, examples=[0.3], description=(
        "Share of the training items used as test items if `test` is not set."))
    most_unmatched: Share = Field(0.05, examples=[0.2], description=(
        "Largest share of pairs with one empty side. They are skipped and counted; a file with more is rejected "
        "(`sentence_retrieval` and `generation` only)."))
    most: dict[Part, Annotated[int, Field(ge=8)]] = Field(default_factory=dict, description=(
        "Most items used per split, drawn regardless of their labels. Set it to save time."),
        examples=[{"dev": 400, "test": 1000}])


class FileData(Data):
    """Labeled files, in the language folder or elsewhere."""

    kind: Literal["files"] = Field(description="Labeled files on this machine.")
    folder: str = Field(".", description="Folder of the files, relative to the language folder or absolute.",
                        examples=["tasks/topics"])
    train: str = Field(description="Pattern of the training files, relative to `folder`.",
                       examples=["train.csv"])
    dev: str | None = Field(None, description=(
        "Files of dev items, such as for early stopping. Not set: `dev_share` of the training items."),
        examples=["dev.csv"])
    test: str | None = Field(None, description=(
        "Files of test items. Not set: `test_share` of the training items."), examples=["test.csv"])
    format: Literal["conll", "conllu", "csv", "tsv", "jsonl", "parallel"] | None = Field(None, description=(
        "Format of the files. Not set: by their ending. `parallel`: two files with matching lines, such as train.en "
        "and train.nya; `train: train.*` names both, and `columns: {source: en, target: nya}` their endings."),
        examples=["conll"])
    quoted: bool | None = Field(None, description=(
        "Whether cells of csv and tsv may be quoted. Not set: csv yes, tsv detected from the file."), examples=[False])
    encoding: Encoding | None = Field(None, description=_ENCODING, examples=["windows-1252"])


class HubData(Data):
    """A labeled dataset on the Hugging Face hub at a commit."""

    kind: Literal["hub"] = Field(description="A labeled dataset on the Hugging Face hub, or a folder of its files.")
    dataset: str = Field(description=(
        "Id on the hub (owner/name), or a folder with files that the `datasets` library reads, written ./NAME (in the "
        "language folder) or absolute."), examples=["masakhane/masakhaner2"])
    config: str | None = Field(None, description="Name of the configuration. Not set: its only one.",
                               examples=["nya"])
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$", description=(
        "Commit on the hub, so that the items never change. Required for an id; a folder has none."),
        examples=["0123456789abcdef0123456789abcdef01234567"])
    train: str = Field("train", description="Split of training items.", examples=["training"])
    dev: str | None = Field(None, description="Split of dev items. Not set: `dev_share` of the training items.",
                            examples=["validation"])
    test: str | None = Field(None, description="Split of test items. Not set: `test_share` of the training items.",
                             examples=["test"])

    @model_validator(mode="after")
    def _pinned(self) -> HubData:
        check_pinned(self.dataset, self.revision)
        return self


class Transfer(Strict):
    """Train only on labels in a language of the base, and score in the target language (zero-shot transfer).

    Either ``through:``, the task's derived labels projected to translations, or ``data:``, manual
    labels.
    """

    train_language: str = Field(description=(
        "ISO 639-3 code of the language of the training items; the base model knows it."), examples=["eng"])
    through: Literal["translations"] | None = Field(None, description=(
        "For derived labels: train on the translations of training lines, with the lines' labels. The model needs "
        "`alignment.translations`. Give either this or `data`."), examples=["translations"])
    data: Annotated[FileData | HubData, Field(discriminator="kind")] | None = Field(None, description=(
        "Labeled data in that language, with the labels of the task; only `train` is read. Give either this or "
        "`through`."))
    train: int = Field(2000, ge=8, examples=[500], description=(
        "Training items, drawn regardless of their labels."))

    @model_validator(mode="after")
    def _one_source(self) -> Transfer:
        if (self.through is None) == (self.data is None):
            raise ValueError("transfer needs exactly one of through (translations) and data (labeled)")
        for key in ("dev", "test", "dev_share", "test_share", "most"):
            if self.data is not None and is_set(self.data, key):
                raise ValueError(f"transfer reads only train: remove {key} from its data"
                                 + (", and set transfer: {train: NUMBER}" if key == "most" else ""))
        return self


def is_set(settings: Strict, key: str) -> bool:
    """Whether ``key`` has another value than its default."""
    field = type(settings).model_fields[key]
    return bool(getattr(settings, key) != field.get_default(call_default_factory=True))
