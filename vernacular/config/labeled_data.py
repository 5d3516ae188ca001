"""What an entry of ``tasks:`` may say of labelled data: files and the hub, in the language or in one of the base.

Reads nothing; ``vernacular.datasets`` does.
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
    """What labelled data of every kind may say: which column holds what, and how much of it is used."""

    licence: Licence = Field("unverified", description=(
        "SPDX id of the labels' license. Publishing is refused while it is `unverified`."), examples=["CC-BY-4.0"])
    url: str = Field("", description="Where a person can read about the labels.",
                     examples=["https://example.org/labels"])
    columns: dict[str, str | int] = Field(default_factory=dict, description=(
        "What an item is made of, and the column that holds it where its name is another. In CoNLL, and in tables "
        "without a header, a number, from 0 or from -1 for the last (docs/tasks.md)."),
        examples=[{"text": "sentence", "label": "topic"}])
    separator: str = Field("|", min_length=1, description=(
        "What stands between the labels of an item with several (`multi_label`), in csv and tsv."), examples=[";"])
    repair_bio: bool = Field(True, description=(
        "Read an I- tag that continues no entity as B-, and tags in BIOES as IOB2, and count them. False refuses such "
        "a file."))
    dev_share: Share = Field(0.1, examples=[0.2], description=(
        "Share of the training items that becomes the dev part, where `dev` is not set."))
    test_share: Share = Field(0.2, examples=[0.3], description=(
        "Share of the training items that becomes the test part, where `test` is not set."))
    most_unmatched: Share = Field(0.05, examples=[0.2], description=(
        "Most pairs of which one side may be empty, as a share of all. They are left out and counted; more are "
        "refused (`sentence_retrieval` and `generation` only)."))
    most: dict[Part, Annotated[int, Field(ge=8)]] = Field(default_factory=dict, description=(
        "Most items of a part that are used, drawn without a look at their labels. Set it to save time."),
        examples=[{"dev": 400, "test": 1000}])


class FileData(Data):
    """Labelled files, in the language folder or elsewhere."""

    kind: Literal["files"] = Field(description="Labeled files on this machine.")
    folder: str = Field(".", description="Folder of the files, relative to the language folder or absolute.",
                        examples=["tasks/topics"])
    train: str = Field(description="Pattern of the files to learn from, relative to `folder`.",
                       examples=["train.csv"])
    dev: str | None = Field(None, description=(
        "Files to choose by, such as when training ends. Not set: `dev_share` of the training items."),
        examples=["dev.csv"])
    test: str | None = Field(None, description=(
        "Files that are scored. Not set: `test_share` of the training items."), examples=["test.csv"])
    format: Literal["conll", "conllu", "csv", "tsv", "jsonl", "parallel"] | None = Field(None, description=(
        "Format of the files. Not set: by their ending. `parallel`: two files that agree line by line, such as "
        "train.en and train.nya; `train: train.*` names both, and `columns: {source: en, target: nya}` their endings."),
        examples=["conll"])
    quoted: bool | None = Field(None, description=(
        "Whether cells of csv and tsv may have quotes. Not set: csv yes, tsv as the file shows."), examples=[False])
    encoding: Encoding | None = Field(None, description=_ENCODING, examples=["windows-1252"])


class HubData(Data):
    """A labelled dataset on the Hugging Face hub at a commit."""

    kind: Literal["hub"] = Field(description="A labeled dataset on the Hugging Face hub, or a folder of its files.")
    dataset: str = Field(description=(
        "Id on the hub (owner/name), or a folder with files that the `datasets` library reads, written ./NAME (in the "
        "language folder) or absolute."), examples=["masakhane/masakhaner2"])
    config: str | None = Field(None, description="Name of the configuration. Not set: its only one.",
                               examples=["nya"])
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$", description=(
        "Commit on the hub, so that the same items are read next year. Needed for an id; a folder has none."),
        examples=["0123456789abcdef0123456789abcdef01234567"])
    train: str = Field("train", description="Split to learn from.", examples=["training"])
    dev: str | None = Field(None, description="Split to choose by. Not set: `dev_share` of the training items.",
                            examples=["validation"])
    test: str | None = Field(None, description="Split that is scored. Not set: `test_share` of the training items.",
                             examples=["test"])

    @model_validator(mode="after")
    def _pinned(self) -> HubData:
        check_pinned(self.dataset, self.revision)
        return self


class Transfer(Strict):
    """Learn from labels in a language of the base alone, and score in the target language (zero-shot transfer).

    Either ``through:``, the task's own derived labels carried to translations, or ``data:``, made by people.
    """

    train_language: str = Field(description=(
        "ISO 639-3 code of the language of the items that are learned from; the base knows it."), examples=["eng"])
    through: Literal["translations"] | None = Field(None, description=(
        "For derived labels: learn from the translations of training lines, with the lines' labels. The model needs "
        "`alignment.translations`. Give either this or `data`."), examples=["translations"])
    data: Annotated[FileData | HubData, Field(discriminator="kind")] | None = Field(None, description=(
        "Labeled data in that language, with the labels of the task; only `train` is read. Give either this or "
        "`through`."))
    train: int = Field(2000, ge=8, examples=[500], description=(
        "Items to learn from, drawn without a look at their labels."))

    @model_validator(mode="after")
    def _one_source(self) -> Transfer:
        if (self.through is None) == (self.data is None):
            raise ValueError("transfer needs exactly one of through (translations) and data (labelled)")
        for key in ("dev", "test", "dev_share", "test_share", "most"):
            if self.data is not None and said(self.data, key):
                raise ValueError(f"transfer reads train alone: remove {key} from its data"
                                 + (", and say transfer: {train: NUMBER}" if key == "most" else ""))
        return self


def said(settings: Strict, key: str) -> bool:
    """Whether ``key`` holds anything but its default, which a dump of settings writes, too."""
    field = type(settings).model_fields[key]
    return bool(getattr(settings, key) != field.get_default(call_default_factory=True))
