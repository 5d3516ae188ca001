"""Reading ``behaviour/*.yaml`` of a language folder: one suite, with errors that name the file, the line and the fix.

Holds the finding of the files and the checks against the language. What a file may say is in ``schema.py``; YAML itself
in ``config/yaml_file.py``. ``fairness.yaml`` is read by ``fairness``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vernacular.artifacts import digest_of_files
from vernacular.config.explain import did_you_mean
from vernacular.config.schema import Language
from vernacular.config.yaml_file import Node, read_yaml
from vernacular.errors import Problem
from vernacular.evaluation.behaviour.schema import BehaviourTest, Suite

FOLDER = "behaviour"
FAIRNESS = "fairness.yaml"
Kind = TypeVar("Kind", bound=BaseModel)


def files_of(language: Language) -> list[Path]:
    """The files with behavioural tests, in the order of their names; empty where the folder has none."""
    return sorted(path for path in (language.folder / FOLDER).glob("*.yaml") if path.name != FAIRNESS)


def digests(language: Language) -> dict[str, str]:
    """The files of tests as an entry of what a stage reads outside the artifact root."""
    files = files_of(language)
    return {"behaviour": digest_of_files(language.folder, files)} if files else {}


def load_suite(language: Language) -> Suite:
    """All tests and word lists of the folder ``behaviour/``.

    Raises:
        Problem: a file that cannot be used, a name that stands twice, a task or word list that is not there.
    """
    tests: dict[str, tuple[BehaviourTest, str]] = {}
    lexicons: dict[str, Any] = {}
    parts: list[tuple[Suite, Node]] = []
    for path in files_of(language):
        node = read_yaml(path, shown(language, path))
        part = validate(Suite, node)
        parts.append((part, node))
        for name, lexicon in part.lexicons.items():
            if name in lexicons:
                raise Problem(f"the word list '{name}' is written in two files", where=node.value["lexicons"].where,
                              fix="Keep one; every file of the folder may use it")
            lexicons[name] = lexicon
    for part, node in parts:
        for test, place in zip(part.tests, node.value["tests"].value if part.tests else [], strict=True):
            if test.name in tests:
                raise Problem(f"the test '{test.name}' stands at {tests[test.name][1]} too", where=place.where,
                              fix="Rename one of the two")
            check_task(test.task, language, place.value["task"].where)
            _check_test(test, language, lexicons, place)
            tests[test.name] = (test, place.where)
    return Suite(lexicons=lexicons, tests=[test for test, _ in tests.values()])


def shown(language: Language, path: Path) -> str:
    """``path`` as messages call it: ``languages/nya/behaviour/names.yaml``."""
    return f"{language.folder.parent.name}/{path.relative_to(language.folder.parent).as_posix()}"


def check_task(task: str, language: Language, where: str) -> None:
    """Refuse a ``task`` that the folder does not have.

    Raises:
        Problem: with the tasks that there are.
    """
    if task not in language.tasks:
        raise Problem(f"there is no task '{task}' in language.yaml{did_you_mean(task, language.tasks)}", where=where,
                      fix=f"Use one of: {', '.join(language.tasks) or 'none yet, so remove this'}")
    if not language.tasks[task].answers_lines:
        raise Problem(f"the task '{task}' labels no single line or word", where=where,
                      fix="Use a task of token_classification or sequence_classification")


def _check_test(test: BehaviourTest, language: Language, lexicons: Iterable[str], place: Node) -> None:
    missing = sorted(test.lexicons_used() - set(lexicons))
    if missing:
        raise Problem(f"the test '{test.name}' uses the word list '{missing[0]}', which is not there"
                      f"{did_you_mean(missing[0], lexicons)}", where=place.where, fix="Add it under lexicons:")
    kind = language.tasks[test.task].kind
    if kind != "token_classification" and test.compare == "changed":
        raise Problem(f"the test '{test.name}' compares words, but the task '{test.task}' labels whole lines",
                      where=place.where, fix="Remove compare, or use a token_classification task")
    if kind == "token_classification" and test.type == "directional":
        raise Problem(f"the directional test '{test.name}' needs a task that labels whole lines", where=place.where,
                      fix="Use a sequence_classification task, or type: invariance")


def validate(kind: type[Kind], node: Node) -> Kind:
    """``node`` as a ``kind``.

    Raises:
        Problem: the first error, with its file and line; an unknown key comes first, for it often explains the others.
    """
    try:
        return kind.model_validate(node.plain())
    except ValidationError as error:
        errors = [item for item in error.errors(include_url=False) if _is_meant(item["loc"], node)]
        errors = sorted(errors or error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")
        raise _problem(errors[0], node) from None


def _is_meant(loc: tuple[int | str, ...], root: Node) -> bool:
    """Whether an error belongs to the form that was written, where a value may have two forms."""
    _, node = _walk(loc, root)
    mapping = isinstance(node.value, dict)
    return not ("FromText" in loc and isinstance(node.value, list)) and not ("list[str]" in loc and mapping)


def _walk(loc: tuple[int | str, ...], node: Node) -> tuple[list[str], Node]:
    """The path as written in the file, and the deepest node on it; the tags of unions are not written."""
    path: list[str] = []
    for part in loc:
        if isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            path.append(str(part + 1))
        elif isinstance(node.value, dict) and part in node.value:
            node = node.value[str(part)]
            path.append(str(part))
    return path, node


def _problem(error: Any, root: Node) -> Problem:
    path, node = _walk(error["loc"], root)
    key, place = str(error["loc"][-1]) if error["loc"] else "", ".".join(path)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return Problem(f"unknown key '{key}' at {place}", where=node.where, fix="Rename or remove it; the language "
                       "template's behaviour/ shows the keys")
    if error["type"] == "missing":
        return Problem(f"the key '{key}' is missing in {place or 'the file'}", where=node.where, fix=f"Add `{key}:`")
    if error["type"] == "value_error":
        return Problem(f"{place + ': ' if place else ''}{message}", where=node.where, fix="Correct this entry")
    written = "" if isinstance(node.value, dict | list) else f", not {str(node.value)[:60]!r}"
    return Problem(f"{place}: {message[:1].lower()}{message[1:]}{written}", where=node.where, fix="Correct this entry")
