"""What an entry of ``tasks:`` may say of labelled data: files and the hub, in the language or in one of the base.

Reads nothing; ``vernacular.tasks.data`` does.
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

    licence: Licence = Field("unverified", description="SPDX id of the labels' licence; publishing is refused while "
                                                       "it is unverified")
    url: str = Field("", description="where a person can read about the labels")
    columns: dict[str, str | int] = Field(default_factory=dict, description=(
        "what an item is made of -> the column that holds it, where its name is another (docs/tasks.md); a number, "
        "from 0, or from -1 for the last, in CoNLL"))
    separator: str = Field("|", min_length=1, description="between the labels of an item with several, where they "
                                                               "stand in one text, as in csv and tsv")
    repair_bio: bool = Field(False, description="an I- tag that goes on with nothing begins an entity, and is counted; "
                                                "without this it is refused")
    dev_share: Share = Field(0.1, description="of the training items, where there is no dev part")
    test_share: Share = Field(0.2, description="of the training items, where there is no test part")
    most: dict[Part, Annotated[int, Field(ge=8)]] = Field(default_factory=dict, description=(
        "part -> use no more than this many items of it, drawn without looking at their labels"))


class FileData(Data):
    """Labelled files, in the language folder or elsewhere."""

    kind: Literal["files"]
    folder: str = Field(".", description="relative to the language folder, or absolute")
    train: str = Field(description="a glob relative to `folder`")
    dev: str | None = Field(None, description="the same; without it a share of train")
    test: str | None = Field(None, description="the same; without it a share of train")
    format: Literal["conll", "conllu", "csv", "tsv", "jsonl", "parallel"] | None = Field(None, description=(
        "of the files, where their ending does not say it (.conll, .conllu, .csv, .tsv, .jsonl). parallel: two files "
        "that agree line by line, such as train.en and train.nya; columns: {source: en, target: nya} are their "
        "endings, and `train: train.*` names both"))
    quoted: bool | None = Field(None, description="whether a file puts quotes around cells: csv does if this is not "
                                                   "said; of tsv it is only asked where both readings are possible")
    encoding: Encoding | None = Field(None, description=_ENCODING)


class HubData(Data):
    """A labelled dataset on the Hugging Face hub at a commit."""

    kind: Literal["hub"]
    dataset: str = Field(description="id on the hub, such as masakhane/masakhaner2, or a folder with files that the "
                                     "library reads, written ./NAME (in the language folder) or absolute")
    config: str | None = Field(None, description="name of the configuration")
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$", description="commit on the hub, so that the same "
                                                                            "items are read next year")
    train: str = Field("train", description="name of the split")
    dev: str | None = Field(None, description="name of the split; without it a share of train")
    test: str | None = Field(None, description="name of the split; without it a share of train")

    @model_validator(mode="after")
    def _pinned(self) -> HubData:
        check_pinned(self.dataset, self.revision)
        return self


class Transfer(Strict):
    """Learn from labels in a language of the base alone, and score in the target language (zero-shot transfer).

    Either ``through:``, the task's own derived labels carried to translations, or ``data:``, made by people.
    """

    train_language: str = Field(description="ISO 639-3 code of the language of the items that are learned from, such "
                                            "as eng; the base knows it")
    through: Literal["translations"] | None = Field(None, description=(
        "for derived labels: an item is the translation of a line of a training document, with the label of that line. "
        "Read from `alignment.translations` of the model; a model without them has no score"))
    data: Annotated[FileData | HubData, Field(discriminator="kind")] | None = Field(None, description=(
        "labelled data in that language, with the labels of the task; only `train` is read"))
    train: int = Field(2000, ge=8, description="items to learn from, drawn without looking at their labels")

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
