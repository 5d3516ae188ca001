"""Lists of stages that several packages read, by name; each package declares its own in its module ``stages``."""

from __future__ import annotations

from vernacular.config.schema import Language

DOCUMENTS, IDENTIFIER, CLEAN, SPLITS = CORPUS = (
    "corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits")
HOLD_DOCUMENTS = (DOCUMENTS, CLEAN, SPLITS)  # the artifacts with rows of documents
EVALUATIONS = ("likelihood", "retention", "behaviour", "fairness", "attack")


def model_stages(name: str) -> tuple[str, str, str]:
    """The tokenizer and both pretrainings of the model ``name``: what is needed to load any of its arms."""
    return f"tokenizer/{name}", f"model/{name}", f"model/{name}_control"


def chat_tasks(language: Language, name: str) -> list[str]:
    """The tasks of conversations of the model ``name``."""
    return [task for task, about in language.tasks_of(name).items() if about.of_chats]


def chat_places(language: Language, name: str) -> dict[str, str]:
    """Folder in a release of each model that answers -> its stage; empty without an instruct model."""
    if language.models[name].instruct is None:
        return {}
    return {"chat": f"instruct/{name}",
            **{f"tasks/{task}": f"chat/{task}_{name}" for task in chat_tasks(language, name)}}


def task_stages(language: Language, name: str) -> tuple[str, ...]:
    """The tasks of the model ``name``."""
    return tuple(f"task/{task}_{name}" for task in language.tasks_of(name))


def release_inputs(language: Language, name: str) -> list[str]:
    """The stages that a release of the model ``name`` is made from, in their order."""
    aligned = (f"alignment/{name}",) if language.models[name].alignment is not None else ()
    answering = (f"instruct/{name}",) if language.models[name].instruct is not None else ()
    return [*CORPUS, *aligned, *model_stages(name), *answering, *task_stages(language, name),
            *(f"chat/{task}_{name}" for task in chat_tasks(language, name)),
            *(f"evaluation/{name}_{kind}" for kind in EVALUATIONS)]
