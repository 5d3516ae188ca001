"""What an entry of ``tasks:`` may say: the kind of task, where its labelled items come from, at which sizes.

A new kind is an entry in ``COLUMNS`` (and a class, see ``vernacular.tasks.kind``). Reads nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vernacular.config.licences import Licence
from vernacular.config.prompting import Prompting
from vernacular.config.sources import _ENCODING, Encoding, check_pinned
from vernacular.config.strict import Name, Share, Strict

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = ("train", "dev", "test")
KindName = Literal["token_classification", "sequence_classification", "sentence_pairs", "question_answering",
                   "sentence_retrieval", "generation"]
# kind of task -> what an item is made of -> the column it is read from unless `columns:` names another.
COLUMNS: dict[str, dict[str, str]] = {
    "token_classification": {"words": "tokens", "labels": "tags"},
    "sequence_classification": {"text": "text", "label": "label"},
    "sentence_pairs": {"text": "text", "second": "second", "label": "label"},
    "question_answering": {"context": "context", "question": "question", "answers": "answers"},
    "sentence_retrieval": {"source": "source", "target": "target"},
    "generation": {"source": "source", "target": "target"},
}

_DERIVED = {"document_group": "sequence_classification", "capitalised": "token_classification",
            "translations": "sentence_retrieval"}  # labels -> the kind of task that they are for
_CAUSAL_ONLY = ("generation",)
_WITH_LABELS = ("token_classification", "sequence_classification", "sentence_pairs")
_ANSWERS_LINES = ("token_classification", "sequence_classification")


def _everything() -> list[int | Literal["all"]]:
    return ["all"]


class Groups(Strict):
    """Labels derived from where a line stands: the group of its document."""

    kind: Literal["document_group"]
    groups: dict[Name, list[str]] = Field(description="label -> globs over 'source/path' of documents")


class Capitalised(Strict):
    """Labels derived from capitals: in a lower-cased line, which words are names.

    A word is a name if it is capitalised inside a clause in the original; the first word and a word after any
    punctuation are ignored. Only for scripts with letter case.
    """

    kind: Literal["capitalised"]


class FromTranslations(Strict):
    """Pairs of the model's translations (``alignment.translations``), each to be found among the others.

    Scored are those of held-out documents, which no model has learned from, in neither language.
    """

    kind: Literal["translations"]


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
            if self.data is not None and _said(self.data, key):
                raise ValueError(f"transfer reads train alone: remove {key} from its data"
                                 + (", and say transfer: {train: NUMBER}" if key == "most" else ""))
        return self


def _said(settings: Strict, key: str) -> bool:
    """Whether ``key`` holds anything but its default, which a dump of settings writes, too."""
    field = type(settings).model_fields[key]
    return bool(getattr(settings, key) != field.get_default(call_default_factory=True))


class Task(Strict):
    """A downstream task: its kind, where its labelled items come from and how many are used.

    Either ``labels:``, derived from the text itself, or ``data:``, made by people.
    """

    kind: KindName
    labels: Annotated[Groups | Capitalised | FromTranslations, Field(discriminator="kind")] | None = Field(
        None, description="labels derived from the text, or pairs from the model's translations")
    data: Annotated[FileData | HubData, Field(discriminator="kind")] | None = Field(
        None, description="labelled data")
    language: str | None = Field(None, description=(
        "ISO 639-3 code of its items, where these are in a language of the base: what was kept of it is shown, and "
        "guarded, under retention"))
    tags: Literal["bio", "plain"] = Field("bio", description=(
        "token_classification on `data`: entities in IOB2 (B-PER, I-PER, O), scored whole, or plain tags such as parts "
        "of speech, scored word by word"))
    multi_label: bool = Field(False, description="sequence_classification on `data`: an item may have several labels, "
                                                 "or none")
    unanswerable: bool = Field(False, description="question_answering: a question may have no answer in its context")
    prefix: str = Field("", description="sentence_retrieval: put before every sentence, where the base was trained so "
                                        "(e5: \"query: \")")
    csls: bool = Field(False, description="sentence_retrieval: correct similarities for sentences that are near to all "
                                          "others (CSLS)")
    prompt: Prompting | None = Field(None, description=(
        "generation: how a causal model is asked. sequence_classification on `data`: also score causal models that "
        "were not fine-tuned, by the likelihood of label words"))
    fine_tune: bool = Field(True, description="sentence_retrieval: false scores the models as they are, by their mean "
                                              "states, without any training, adapter or seed")
    transfer: Transfer | None = Field(None, description=(
        "also score what labels in a language of the base teach, without a label of the target language"))
    train: int = Field(200, ge=8, description="derived items to learn from")
    dev: int = Field(400, ge=8, description="derived items for choices")
    test: int = Field(600, ge=8, description="derived items that are scored")
    curve: list[Annotated[int, Field(ge=8)] | Literal["all"]] = Field(
        default_factory=_everything, min_length=1, description=(
            "how many items to learn from, ascending: each smaller number is part of the larger ones; `all` is every "
            "item there is. The models of the largest are kept"))
    description: str = Field("", description="one line for the card")

    @model_validator(mode="after")
    def _labels_fit(self) -> Task:
        if (self.labels is None) == (self.data is None):
            raise ValueError("a task needs exactly one of labels (derived) and data (labelled)")
        if self.labels is not None:
            wanted = _DERIVED[self.labels.kind]
            if self.kind != wanted:
                raise ValueError(f"labels of kind {self.labels.kind} need kind: {wanted}")
        for role in self.data.columns if self.data else ():
            known = COLUMNS[self.kind]
            if role not in known:
                raise ValueError(f"columns: an item of {self.kind} has no '{role}'; it has {', '.join(known)}")
        if self.language is not None and self.data is None:
            raise ValueError("language needs data: derived labels are of the folder's own text")
        if not self.fine_tune and self.kind != "sentence_retrieval":
            raise ValueError("fine_tune: false needs kind: sentence_retrieval; the head of others has to be trained")
        if not self.fine_tune and self.curve != ["all"]:
            raise ValueError("fine_tune: false learns from no items; remove curve")
        if self.multi_label and (self.data is None or self.kind != "sequence_classification"):
            raise ValueError("multi_label needs kind: sequence_classification and data")
        return self

    @model_validator(mode="after")
    def _only_where_meant(self) -> Task:
        for key, kind in (("unanswerable", "question_answering"), ("prefix", "sentence_retrieval"),
                          ("csls", "sentence_retrieval")):
            if getattr(self, key) and self.kind != kind:
                raise ValueError(f"{key} needs kind: {kind}")
        if _said(self, "tags") and (self.kind != "token_classification" or self.data is None):
            raise ValueError("tags needs kind: token_classification and data")
        for part in PARTS if self.data is not None else ():
            if _said(self, part):
                size = getattr(self, part)
                raise ValueError(f"{part} counts derived items; of data say most: {{{part}: {size}}}"
                                 + (f", or curve: [{size}]" if part == "train" else ""))
        if self.kind == "generation" and self.prompt is None:
            raise ValueError("generation needs prompt: {format: \"English: {source}\\nChichewa: {target}\"}")
        if self.prompt is not None and self.kind not in ("generation", "sequence_classification"):
            raise ValueError("prompt needs kind: generation or sequence_classification")
        if self.prompt is not None and (self.multi_label or self.data is None):
            raise ValueError("prompt needs data with one label for an item")
        for key, kind in (("label_words", "sequence_classification"), ("longest_answer", "generation")):
            if self.prompt is not None and _said(self.prompt, key) and self.kind != kind:
                raise ValueError(f"prompt: {key} needs kind: {kind}")
        return self

    @model_validator(mode="after")
    def _data_only_where_meant(self) -> Task:
        if self.data is None:
            return self
        if self.data.repair_bio and (self.kind != "token_classification" or self.tags != "bio"):
            raise ValueError("repair_bio needs kind: token_classification and tags: bio")
        if _said(self.data, "separator") and not self.multi_label:
            raise ValueError("separator needs multi_label: true")
        for part in ("dev", "test"):
            if _said(self.data, f"{part}_share") and getattr(self.data, part) is not None:
                raise ValueError(f"{part}_share is of train, where {part} names no items; remove one of the two")
        return self

    @model_validator(mode="after")
    def _transfer_fits(self) -> Task:
        if self.transfer is None:
            return self
        if self.kind not in _WITH_LABELS:
            raise ValueError(f"transfer needs kind: {', '.join(_WITH_LABELS[:-1])} or {_WITH_LABELS[-1]}")
        if self.transfer.through is not None and self.labels is None:
            raise ValueError("transfer: {through: translations} needs derived labels; for labelled data say "
                             "transfer: {data: ...}")
        if self.transfer.data is not None and self.labels is not None and self.labels.kind == "capitalised":
            raise ValueError("transfer: {data: ...} fits no labels from capitals; say transfer: "
                             "{through: translations}")
        if self.multi_label:
            raise ValueError("transfer needs one label for an item: remove multi_label, or transfer")
        if self.language is not None:
            raise ValueError("transfer needs a task in the target language: remove language, or transfer")
        for role in self.transfer.data.columns if self.transfer.data is not None else ():
            if role not in COLUMNS[self.kind]:
                raise ValueError(f"transfer: columns: an item of {self.kind} has no '{role}'; it has "
                                 f"{', '.join(COLUMNS[self.kind])}")
        return self

    @model_validator(mode="after")
    def _curve_ascends(self) -> Task:
        numbers = [size for size in self.curve if size != "all"]
        if self.curve != sorted(set(numbers)) + ["all"] * (len(self.curve) > len(set(numbers))) or (
                self.curve.count("all") > 1):
            raise ValueError("curve must ascend, each size once, with `all` last: [50, 100, 500, all]")
        return self

    def fits(self, objective: str) -> bool:
        """Whether it can be learned on a base model of this objective."""
        return objective == "causal" or self.kind not in _CAUSAL_ONLY

    @property
    def of_translations(self) -> bool:
        """Whether its items are pairs of the model's translations: a model without them does without this task."""
        return isinstance(self.labels, FromTranslations)

    @property
    def reads_translations(self) -> bool:
        """Whether its items, or what it learns from or leaves out, depend on the model's translations."""
        return self.of_translations or self.transfer is not None

    @property
    def answers_lines(self) -> bool:
        """Whether what is learned says something of a single line or its words, as behavioural tests ask."""
        return self.kind in _ANSWERS_LINES

    @property
    def transferred(self) -> Task | None:
        """The labelled data of ``transfer`` as a task of its own, of the same kind; None where there is none."""
        if self.transfer is None or self.transfer.data is None:
            return None
        return self.model_copy(update={"data": self.transfer.data, "transfer": None})

    def columns(self) -> dict[str, str | int]:
        """What an item is made of -> the column that holds it."""
        return {**COLUMNS[self.kind], **(self.data.columns if self.data else {})}
