"""Settings of ``tasks:``: the kind of task, the labeled items and their numbers.

A new kind needs an entry in ``COLUMNS`` and a class (see ``vernacular.tasks.base``). Nothing is
read here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vernacular.config.base import Base
from vernacular.config.labeled_data import PARTS, FileData, HubData, Transfer, is_set
from vernacular.config.prompting import Prompting
from vernacular.config.strict import Name, Strict

KindName = Literal["token_classification", "sequence_classification", "sentence_pairs", "question_answering",
                   "sentence_retrieval", "generation", "chat", "image_retrieval", "image_classification"]
# kind of task -> part of an item -> its column unless `columns:` names another.
COLUMNS: dict[str, dict[str, str]] = {
    "token_classification": {"words": "tokens", "labels": "tags"},
    "sequence_classification": {"text": "text", "label": "label"},
    "sentence_pairs": {"text": "text", "second": "second", "label": "label"},
    "question_answering": {"context": "context", "question": "question", "answers": "answers"},
    "sentence_retrieval": {"source": "source", "target": "target"},
    "generation": {"source": "source", "target": "target"},
    "chat": {"messages": "messages"},
    "image_retrieval": {"text": "text", "picture": "picture"},
    "image_classification": {"label": "label", "picture": "picture"},
}
# Part of an item -> other accepted column names if `columns:` does not name one.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "words": ("words", "forms"),
    "labels": ("labels", "ner_tags", "pos_tags", "upos", "ner", "pos"),
    "text": ("sentence", "sentence1", "text1", "premise", "tweet", "content", "review", "comment", "caption"),
    "second": ("sentence2", "text2", "hypothesis"),
    "label": ("labels", "category", "class", "topic", "sentiment", "intent", "emotion"),
    "context": ("passage", "paragraph"),
    "question": ("query",),
    "answers": ("answer",),
    "source": ("src",),
    "target": ("tgt",),
    "messages": ("conversations", "conversation"),
    "picture": ("image", "file", "file_name", "path"),
}

_DERIVED = {"document_group": "sequence_classification", "capitalised": "token_classification",
            "translations": "sentence_retrieval"}  # labels -> their kind of task
_CAUSAL_ONLY = ("generation", "chat")
_WITH_LABELS = ("token_classification", "sequence_classification", "sentence_pairs")
OF_PICTURES = ("image_retrieval", "image_classification")
_AS_IT_IS = ("sentence_retrieval", *OF_PICTURES)  # kinds that may be scored without training
_ANSWERS_LINES = ("token_classification", "sequence_classification")


def _everything() -> list[int | Literal["all"]]:
    return ["all"]


class Groups(Strict):
    """Labels derived from the group of a line's document."""

    kind: Literal["document_group"] = Field(description="The label of a line is the group of its document.")
    groups: dict[Name, list[str]] = Field(description=(
        "Each label, and patterns of its documents, written SOURCE/PATH."),
        examples=[{"law": ["bible/law/*"], "poetry": ["bible/psalms/*"]}])


class Capitalised(Strict):
    """Labels derived from capitals: which words of a lower-cased line are names.

    A word is a name if it is capitalized inside a clause in the original; the first word and words
    after punctuation are ignored. Only for cased scripts.
    """

    kind: Literal["capitalised"] = Field(description="Words that are capitalized inside a clause are names.")


class FromTranslations(Strict):
    """Pairs of the model's translations (``alignment.translations``), to be retrieved among the others.

    Only held-out documents are scored, which no model has learned from, in neither language.
    """

    kind: Literal["translations"] = Field(description="Find a sentence's translation among others.")


class Task(Strict):
    """A downstream task: its kind, its labeled items (derived, or in ``data:``) and how many are used."""

    kind: KindName = Field(description=(
        "What is predicted: a label for each word (names, parts of speech), for a text, or for two texts; an answer in "
        "a text; a translation among others; text that a causal model generates; the answers of a model in chats; or a "
        "picture for a text, and the class of a picture by the names of the classes "
        "(docs/reference/tasks.md)."))
    labels: Annotated[Groups | Capitalised | FromTranslations, Field(discriminator="kind")] | None = Field(
        None, description=(
            "Labels derived from the text, without manual work. Give either this or `data`."))
    data: Annotated[FileData | HubData, Field(discriminator="kind")] | None = Field(
        None, description="Manual labels, in files or on the hub. Give either this or `labels`.")
    language: str | None = Field(None, description=(
        "ISO 639-3 code of the items' language, for a task in a language of the base: it measures forgetting. Not "
        "set: the folder's own language."), examples=["eng"])
    tags: Literal["auto", "bio", "plain"] = Field("auto", description=(
        "`bio`: entities of several words (B-PER, I-PER, O), scored as a whole. `plain`: a label for each word, "
        "such as parts of speech. `auto`: `bio` if tags begin with B- or I-, else `plain` (`token_classification` "
        "with `data` only)."))
    multi_label: bool = Field(False, description=(
        "An item may have several labels, or none (`sequence_classification` with `data` only)."))
    unanswerable: bool = Field(False, description=(
        "A question may have no answer in its text (`question_answering` only)."))
    tower: Base | None = Field(None, description=(
        "Model that turns pictures into vectors: CLIP, SigLIP, or an image model such as ViT. It is not trained "
        "(`image_retrieval` and `image_classification` only)."))
    prefix: str = Field("", description=(
        "Text put before every sentence, if the base was trained with it (`sentence_retrieval`, `image_retrieval` and "
        "`image_classification` only)."),
        examples=["query: "])
    csls: bool = Field(False, description=(
        "Correct similarities for sentences that are close to all others (CSLS; `sentence_retrieval` only)."))
    prompt: Prompting | None = Field(None, description=(
        "How a causal model is prompted. `generation` needs it; in `sequence_classification` with `data` it also "
        "scores causal models without fine-tuning."))
    fine_tune: bool = Field(True, description=(
        "False scores the models as they are, without training, which takes seconds (`sentence_retrieval`; with "
        "`alignment.teacher` also `image_retrieval` and `image_classification`)."))
    transfer: Transfer | None = Field(None, description=(
        "Also score what labels in a language of the base contribute, without labels in the target language."))
    train: int = Field(200, ge=8, examples=[100], description=(
        "Derived training items (`labels` only). For `data` use `curve` or `data.most`."))
    dev: int = Field(400, ge=8, examples=[200], description="Derived dev items (`labels` only).")
    test: int = Field(600, ge=8, examples=[1000], description=(
        "Derived test items (`labels` only). More give narrower intervals."))
    curve: list[Annotated[int, Field(ge=8)] | Literal["all"]] = Field(
        default_factory=_everything, min_length=1, description=(
            "Numbers of training items, ascending; `all` is every item. Each is trained and scored, so time grows "
            "with them. Use it to see how many "
            "labels are worth making (docs/experiments/when-it-pays.md)."), examples=[[50, 100, "all"]])
    description: str = Field("", description="What the task is, in one line for the model card.",
                             examples=["topics of news, labeled by two speakers"])

    @model_validator(mode="after")
    def _labels_fit(self) -> Task:
        if self.labels is not None and (self.kind == "chat" or self.of_pictures):
            raise ValueError(f"{self.kind} needs data: its items cannot be derived from text")
        if (self.labels is None) == (self.data is None):
            raise ValueError("a task needs exactly one of labels (derived) and data (labeled)")
        if self.labels is not None:
            wanted = _DERIVED[self.labels.kind]
            if self.kind != wanted:
                raise ValueError(f"labels of kind {self.labels.kind} need kind: {wanted}")
        for role in self.data.columns if self.data else ():
            known = COLUMNS[self.kind]
            if role not in known:
                raise ValueError(f"columns: an item of {self.kind} has no '{role}'; it has {', '.join(known)}")
        if self.language is not None and self.data is None:
            raise ValueError("language needs data: derived labels are in the folder's own language")
        if not self.fine_tune and self.kind not in _AS_IT_IS:
            raise ValueError(f"fine_tune: false needs kind: {', '.join(_AS_IT_IS)}; other kinds have a head to train")
        if (self.tower is not None) != self.of_pictures:
            raise ValueError(f"tower needs kind: {' or '.join(OF_PICTURES)}, and these need tower: the model that "
                             "turns pictures into vectors")
        if self.tower is not None and (self.tower.precision != "float32" or self.tower.licence == "unverified"):
            raise ValueError("tower must be float32 and its licence known: a release contains it")
        if not self.fine_tune and self.curve != ["all"]:
            raise ValueError("fine_tune: false uses no training items; remove curve")
        if self.multi_label and (self.data is None or self.kind != "sequence_classification"):
            raise ValueError("multi_label needs kind: sequence_classification and data")
        return self

    @model_validator(mode="after")
    def _only_where_meant(self) -> Task:
        for key, kinds in (("unanswerable", ("question_answering",)), ("prefix", _AS_IT_IS),
                           ("csls", ("sentence_retrieval",))):
            if getattr(self, key) and self.kind not in kinds:
                raise ValueError(f"{key} needs kind: {' or '.join(kinds)}")
        if is_set(self, "tags") and (self.kind != "token_classification" or self.data is None):
            raise ValueError("tags needs kind: token_classification and data")
        for part in PARTS if self.data is not None else ():
            if is_set(self, part):
                size = getattr(self, part)
                raise ValueError(f"{part} counts derived items; for data write most: {{{part}: {size}}}"
                                 + (f", or curve: [{size}]" if part == "train" else ""))
        if self.kind == "generation" and self.prompt is None:
            raise ValueError("generation needs prompt: {format: \"English: {source}\\nChichewa: {target}\"}")
        if self.prompt is not None and self.kind not in ("generation", "sequence_classification"):
            raise ValueError("prompt needs kind: generation or sequence_classification")
        if self.prompt is not None and (self.multi_label or self.data is None):
            raise ValueError("prompt needs data with one label per item")
        for key, kind in (("label_words", "sequence_classification"), ("longest_answer", "generation")):
            if self.prompt is not None and is_set(self.prompt, key) and self.kind != kind:
                raise ValueError(f"prompt: {key} needs kind: {kind}")
        return self

    @model_validator(mode="after")
    def _data_only_where_meant(self) -> Task:
        if self.data is None:
            return self
        if is_set(self.data, "repair_bio") and (self.kind != "token_classification" or self.tags == "plain"):
            raise ValueError("repair_bio needs kind: token_classification and tags: bio")
        if is_set(self.data, "most_unmatched") and "source" not in COLUMNS[self.kind]:
            raise ValueError("most_unmatched needs kind: sentence_retrieval or generation")
        if is_set(self.data, "separator") and not self.multi_label:
            raise ValueError("separator needs multi_label: true")
        for part in ("dev", "test"):
            if is_set(self.data, f"{part}_share") and getattr(self.data, part) is not None:
                raise ValueError(f"{part}_share splits train, but {part} already names items; remove one of the two")
        return self

    @model_validator(mode="after")
    def _transfer_fits(self) -> Task:
        if self.transfer is None:
            return self
        if self.kind not in _WITH_LABELS:
            raise ValueError(f"transfer needs kind: {', '.join(_WITH_LABELS[:-1])} or {_WITH_LABELS[-1]}")
        if self.transfer.through is not None and self.labels is None:
            raise ValueError("transfer: {through: translations} needs derived labels; for labeled data write "
                             "transfer: {data: ...}")
        if self.transfer.data is not None and self.labels is not None and self.labels.kind == "capitalised":
            raise ValueError("transfer: {data: ...} does not fit labels from capitals; write transfer: {through: "
                             "translations}")
        if self.multi_label:
            raise ValueError("transfer needs one label per item: remove multi_label, or transfer")
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
            raise ValueError("curve must ascend without repeats, with `all` last: [50, 100, 500, all]")
        return self

    def fits(self, objective: str) -> bool:
        """Whether a base model with this objective can learn it."""
        return objective == "masked" if self.of_pictures else objective == "causal" or self.kind not in _CAUSAL_ONLY

    @property
    def of_pictures(self) -> bool:
        """Whether its items have a picture."""
        return self.kind in OF_PICTURES

    @property
    def needs_teacher(self) -> bool:
        """Whether it is scored by what the alignment with a picture model learned; other models skip it."""
        return self.of_pictures and not self.fine_tune

    @property
    def of_chats(self) -> bool:
        """Whether it is learned by the model that answers; models without `instruct` skip it."""
        return self.kind == "chat"

    @property
    def of_translations(self) -> bool:
        """Whether its items are pairs of the model's translations; models without translations skip it."""
        return isinstance(self.labels, FromTranslations)

    @property
    def reads_translations(self) -> bool:
        """Whether its items, training data or exclusions depend on the model's translations."""
        return self.of_translations or self.transfer is not None

    @property
    def answers_lines(self) -> bool:
        """Whether it predicts something about a single line or its words, as behavioral tests require."""
        return self.kind in _ANSWERS_LINES

    @property
    def transferred(self) -> Task | None:
        """The labeled data of ``transfer`` as a task of the same kind, or None."""
        if self.transfer is None or self.transfer.data is None:
            return None
        return self.model_copy(update={"data": self.transfer.data, "transfer": None})

    def columns(self) -> dict[str, str | int]:
        """Part of an item -> its column."""
        return {**COLUMNS[self.kind], **(self.data.columns if self.data else {})}

    def names_of_columns(self) -> dict[str, list[str | int]]:
        """Part of an item -> accepted column names; the first match is used."""
        given: dict[str, str | int] = self.data.columns if self.data else {}
        return {role: [given[role]] if role in given else [name, *OTHER_NAMES.get(role, ())]
                for role, name in COLUMNS[self.kind].items()}


def derived_labels(task: Task) -> list[str]:
    """Return the labels by index; empty for pairs of translations."""
    if task.of_translations:
        return []
    return sorted(task.labels.groups) if isinstance(task.labels, Groups) else ["O", "NAME"]
