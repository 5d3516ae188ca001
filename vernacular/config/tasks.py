"""What an entry of ``tasks:`` may say: the kind of task, where its labelled items come from, at which sizes.

A new kind is an entry in ``COLUMNS`` (and a class, see ``vernacular.tasks.base``). Reads nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vernacular.config.labeled_data import PARTS, FileData, HubData, Transfer, said
from vernacular.config.prompting import Prompting
from vernacular.config.strict import Name, Strict

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
# What an item is made of -> how its column may be called as well, where `columns:` says nothing.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "words": ("words", "forms"),
    "labels": ("labels", "ner_tags", "pos_tags", "upos", "ner", "pos"),
    "text": ("sentence", "sentence1", "text1", "premise", "tweet", "content", "review", "comment"),
    "second": ("sentence2", "text2", "hypothesis"),
    "label": ("labels", "category", "class", "topic", "sentiment", "intent", "emotion"),
    "context": ("passage", "paragraph"),
    "question": ("query",),
    "answers": ("answer",),
    "source": ("src",),
    "target": ("tgt",),
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

    kind: Literal["document_group"] = Field(description="The label of a line is the group of its document.")
    groups: dict[Name, list[str]] = Field(description=(
        "Each label, and patterns of its documents, which are written SOURCE/PATH."),
        examples=[{"law": ["bible/law/*"], "poetry": ["bible/psalms/*"]}])


class Capitalised(Strict):
    """Labels derived from capitals: in a lower-cased line, which words are names.

    A word is a name if it is capitalised inside a clause in the original; the first word and a word after any
    punctuation are ignored. Only for scripts with letter case.
    """

    kind: Literal["capitalised"] = Field(description="Words that are capitalized inside a clause are names.")


class FromTranslations(Strict):
    """Pairs of the model's translations (``alignment.translations``), each to be found among the others.

    Scored are those of held-out documents, which no model has learned from, in neither language.
    """

    kind: Literal["translations"] = Field(description="A sentence's translation is to be found among others.")


class Task(Strict):
    """A downstream task: its kind, where its labelled items come from and how many are used.

    Either ``labels:``, derived from the text itself, or ``data:``, made by people.
    """

    kind: KindName = Field(description=(
        "What is asked: a label for each word (names, parts of speech), for a text, or for two texts; an answer in a "
        "text; a translation among others; or text that a causal model writes (docs/tasks.md)."))
    labels: Annotated[Groups | Capitalised | FromTranslations, Field(discriminator="kind")] | None = Field(
        None, description=(
            "Labels derived from the text itself, without work for people. Give either this or `data`."))
    data: Annotated[FileData | HubData, Field(discriminator="kind")] | None = Field(
        None, description="Labels made by people, in files or on the hub. Give either this or `labels`.")
    language: str | None = Field(None, description=(
        "ISO 639-3 code of the items' language, for a task in a language of the base: it shows what was forgotten. Not "
        "set: the folder's own language."), examples=["eng"])
    tags: Literal["auto", "bio", "plain"] = Field("auto", description=(
        "`bio`: entities over several words (B-PER, I-PER, O), scored whole. `plain`: a label for each word, such as "
        "parts of speech. `auto`: `bio` if tags begin with B- or I-, `plain` if none does (`token_classification` "
        "with `data` only)."))
    multi_label: bool = Field(False, description=(
        "An item may have several labels, or none (`sequence_classification` with `data` only)."))
    unanswerable: bool = Field(False, description=(
        "A question may have no answer in its text (`question_answering` only)."))
    prefix: str = Field("", description=(
        "Text that is put before every sentence, where the base was trained so (`sentence_retrieval` only)."),
        examples=["query: "])
    csls: bool = Field(False, description=(
        "Correct similarities for sentences that are close to all others (CSLS; `sentence_retrieval` only)."))
    prompt: Prompting | None = Field(None, description=(
        "How a causal model is asked. `generation` needs it; in `sequence_classification` with `data` it also scores "
        "causal models that were not fine-tuned."))
    fine_tune: bool = Field(True, description=(
        "False scores the models as they are, without training, which takes seconds (`sentence_retrieval` only)."))
    transfer: Transfer | None = Field(None, description=(
        "Also score what labels in a language of the base teach, without a label of the target language."))
    train: int = Field(200, ge=8, examples=[100], description=(
        "Derived items to learn from (`labels` only). For `data` use `curve` or `data.most`."))
    dev: int = Field(400, ge=8, examples=[200], description="Derived items to choose by (`labels` only).")
    test: int = Field(600, ge=8, examples=[1000], description=(
        "Derived items that are scored (`labels` only). More give narrower intervals."))
    curve: list[Annotated[int, Field(ge=8)] | Literal["all"]] = Field(
        default_factory=_everything, min_length=1, description=(
            "Numbers of items to learn from, ascending; `all` is every item. Each is trained and scored, so time grows "
            "with them. Use it to see how many labels are worth making "
            "(docs/experiments/when-it-pays.md)."), examples=[[50, 100, "all"]])
    description: str = Field("", description="What the task is, in one line for the model card.",
                             examples=["topics of news, labeled by two speakers"])

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
        if said(self, "tags") and (self.kind != "token_classification" or self.data is None):
            raise ValueError("tags needs kind: token_classification and data")
        for part in PARTS if self.data is not None else ():
            if said(self, part):
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
            if self.prompt is not None and said(self.prompt, key) and self.kind != kind:
                raise ValueError(f"prompt: {key} needs kind: {kind}")
        return self

    @model_validator(mode="after")
    def _data_only_where_meant(self) -> Task:
        if self.data is None:
            return self
        if said(self.data, "repair_bio") and (self.kind != "token_classification" or self.tags == "plain"):
            raise ValueError("repair_bio needs kind: token_classification and tags: bio")
        if said(self.data, "most_unmatched") and "source" not in COLUMNS[self.kind]:
            raise ValueError("most_unmatched is for pairs: kind: sentence_retrieval or generation")
        if said(self.data, "separator") and not self.multi_label:
            raise ValueError("separator needs multi_label: true")
        for part in ("dev", "test"):
            if said(self.data, f"{part}_share") and getattr(self.data, part) is not None:
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

    def names_of_columns(self) -> dict[str, list[str | int]]:
        """What an item is made of -> how the column that holds it may be called; the first that is there counts."""
        given: dict[str, str | int] = self.data.columns if self.data else {}
        return {role: [given[role]] if role in given else [name, *OTHER_NAMES.get(role, ())]
                for role, name in COLUMNS[self.kind].items()}


def derived_labels(task: Task) -> list[str]:
    """The labels by index; none of pairs of translations."""
    if task.of_translations:
        return []
    return sorted(task.labels.groups) if isinstance(task.labels, Groups) else ["O", "NAME"]
