"""Whom text, labels and base of a release belong to, by the current language.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ConfigDict, Field

from vernacular.cleaning.stage_results import CleanResult
from vernacular.config.base import Base
from vernacular.config.schema import Language, Model
from vernacular.config.tasks import Task
from vernacular.core.report import Report
from vernacular.core.result import OptionalNumber, Result


class _Text(Result):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    name: str
    licence: str
    consent: str
    text_register: str = Field(alias="register")
    url: str


class SourceFacts(_Text):
    """A source of the corpus as language.yaml has it now, and the words that were kept of it."""

    kind: str
    quality: str
    dataset: str
    words_kept: OptionalNumber


class MixedInText(_Text):
    """A text beside the corpus that the model was trained on, and what it is for."""

    role: str


class LabelRights(Result):
    """License and address of labels that people made."""

    licence: str
    url: str


@dataclass(frozen=True)
class Rights:
    """The origin of text, labels and base, by the language folder."""

    texts: list[SourceFacts | MixedInText]  # sources of the corpus, and texts beside it
    labels: dict[str, LabelRights | None]  # task -> rights in its labels; None where they were derived
    base: Base  # whom the base belongs to
    base_name: str  # what the base is called
    instruct: Base | None = None  # its instruction-tuned sibling, if there is one
    pictures: list[Base] = field(default_factory=list)  # models of pictures that it contains, or learned from


def claimed_rights(language: Language, name: str) -> Rights:
    """The origin of text, labels and base of the model ``name`` by the current folder, even if no stage has run."""
    model = language.models[name]
    return Rights([*source_facts(language, None), *mixed_in_texts(model)],
                  {task: label_rights(found) for task, found in language.tasks_of(name).items()}, model.base,
                  base_name(model), None if model.instruct is None else model.instruct.model,
                  picture_models([task.tower for task in language.tasks_of(name).values()], teacher_of(model)))


def teacher_of(model: Model) -> Base | None:
    """The model of pictures and texts that translations are learned from; None where it is the base."""
    return None if model.alignment is None else model.alignment.teacher


def picture_models(towers: Iterable[Base | None], teacher: Base | None) -> list[Base]:
    """The distinct models among the towers of the tasks and the teacher."""
    found = list[Base]()
    for base in (*towers, teacher):
        if base is not None and base not in found:
            found.append(base)
    return found


def base_name(model: Model) -> str:
    """What the base of a model is called."""
    return name_of_base(model.base)


def name_of_base(base: Base) -> str:
    """What a model that others made is called."""
    return base.hub or base.package or str(base.path)


def label_rights(task: Task) -> LabelRights | None:
    """Whom the labels of a task belong to; None where they were derived."""
    return LabelRights(licence=task.data.licence, url=task.data.url) if task.data else None


def source_facts(language: Language, clean: Report | None) -> list[SourceFacts]:
    """The sources as the folder has them now, with the words that ``corpus/clean`` kept."""
    words = clean.read_result(CleanResult, "corpus/clean").words_by_source if clean else {}
    return [SourceFacts(
        name=source.name, kind=source.kind, licence=source.licence, consent=source.consent,
        text_register=source.text_register, quality=source.quality, url=source.url,
        dataset=getattr(source, "dataset", ""),
        words_kept=words.get(f"{source.name} ({source.text_register})")) for source in language.sources]


def mixed_in_texts(model: Model) -> list[MixedInText]:
    """The texts beside the language's own that the model is trained on, and what each is for."""
    sides = {"translated": "sentences with a translation", "translation": "their translations"}
    texts = [(source, sides[role]) for source, role in (model.alignment.beside if model.alignment is not None else ())]
    texts += [(entry.source, "a related language") for entry in model.pretraining.related]
    texts += [(source, "the base's languages") for source in model.retention if model.pretraining.replay]
    return [MixedInText(name=source.name, licence=source.licence, consent=source.consent,
                        text_register=source.text_register, url=source.url, role=role) for source, role in texts]
