"""Load ``behaviour/*.yaml`` of a language folder as one suite; errors name the file, line and fix.

Locates files and checks them against the language. The schema is in ``schema.py``, YAML parsing in
``config/yaml_file.py``, error messages in ``explain.py``; ``fairness.yaml`` is read by
``fairness``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vernacular.behavior_tests.explain import validate
from vernacular.behavior_tests.feedback import FILE as MARKS
from vernacular.behavior_tests.feedback import NAME as MARKS_TEST
from vernacular.behavior_tests.feedback import Mark, read_marks
from vernacular.behavior_tests.labels import columns_of
from vernacular.behavior_tests.operators.base import Operator
from vernacular.behavior_tests.schema import BehaviourTest, Pairs, Suite
from vernacular.config.explain import did_you_mean
from vernacular.config.schema import Language
from vernacular.config.strict import LONGEST_NAME
from vernacular.config.tasks import derived_labels
from vernacular.config.yaml_file import Node, read_yaml
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File, Folder
from vernacular.core.store import digest_of, digest_of_listed

FOLDER = "behaviour"
FAIRNESS = "fairness.yaml"
_OTHERS = (".md", ".csv", ".html")  # notes, and the tables written by suggest and review
MARKS_THRESHOLD = 0.1  # default for tests of marks


def folder_of(language: Language) -> Folder:
    """Return the folder of behavioral tests, existing or not."""
    return Folder.of(language.folder).folder(FOLDER)


def files_of(language: Language) -> list[File]:
    """Return the files of behavioral tests by name; empty without any."""
    return [file for name, file in folder_of(language).list_files("*.yaml") if name != FAIRNESS]


def digests(language: Language) -> dict[str, str]:
    """Return digests of the test files, as outside inputs of a stage."""
    files = files_of(language)
    return {"behaviour": digest_of_listed((file.path, file) for file in files)} if files else {}


def digests_of_marks(language: Language) -> dict[str, str]:
    """Return digests of the marks and of what excludes marks; only the stage that scores them reads these."""
    file = folder_of(language).file(MARKS)
    return {"marks": digest_of_listed([(file.path, file)]),
            "overlap_words": str(language.splits.overlap_words)} if file.exists() else {}


def marks_of(language: Language) -> list[Mark]:
    """Return the speakers' marks."""
    return read_marks(folder_of(language).file(MARKS), language)


def load_suite(language: Language) -> Suite:
    """Load all tests and word lists of ``behaviour/``, with a test for each marked task.

    Raises:
        Problem: invalid files, repeated names, unknown tasks or word lists.
    """
    parts = read_files(language)
    tests, faults = dict[str, tuple[BehaviourTest, str]](), Collector()
    lexicons = {name: lexicon for part, _ in parts for name, lexicon in part.lexicons.items()}
    for part, node in parts:
        for test, place in zip(part.tests, node.value["tests"].value if part.tests else [], strict=True):
            if test.name in tests:
                faults.add(Problem(f"the test '{test.name}' is also "
                                   f"defined at {tests[test.name][1]}", where=place.where,
                                   fix="Rename one of the two", code=Code.CONFIG_RULE))
            used = test
            with faults.collect():
                if test.task is not None:
                    check_task(test.task, language, place.value["task"].where)
                elif test.type == "invariance":
                    task = _first_task(language)
                    if task is None:
                        continue
                    used = test.model_copy(update={"task": task})
                _check_test(used, language, lexicons, place)
            tests[test.name] = (used, place.where)
    with faults.collect():
        for test in _of_marks(language, {test.task for test, _ in tests.values() if test.source}):
            tests.setdefault(test.name, (test, ""))
    faults.raise_collected()
    return Suite(keyboard=next((part.keyboard for part, _ in parts if part.keyboard), []), lexicons=lexicons,
                 tests=[test for test, _ in tests.values()])


def _first_task(language: Language) -> str | None:
    """The task that answers an invariance test that names none: the first that gives a line or a word one label."""
    return next((name for name, task in language.tasks.items() if task.answers_lines and not task.multi_label), None)


def read_files(language: Language) -> list[tuple[Suite, Node]]:
    """Load each file of tests, without checks against ``language.yaml``.

    Raises:
        Problem: invalid files, repeated word lists or keyboards.
    """
    parts, faults = list[tuple[Suite, Node]](), Collector()
    lexicons, keyboard = set[str](), ""
    for name, file in folder_of(language).list_files("*"):
        if file.suffix not in (".yaml", *_OTHERS) and not name.startswith(("~", MARKS)):
            faults.add(Problem("files of tests must end in .yaml; this one would be ignored", where=file.shown,
                               fix=f"Save it as plain text with the name {name.partition('.')[0]}.yaml, or move it "
                                   f"out of {FOLDER}/", code=Code.CONFIG_FILE))
    for file in files_of(language):
        with faults.collect():
            node = read_yaml(file)
            part = validate(Suite, node)
            if not node.value:
                raise Problem("the file contains no test, word list or keyboard", where=file.shown,
                              fix="Write some, or remove the file", code=Code.CONFIG_FILE)
            parts.append((part, node))
    for part, node in parts:
        for name in lexicons & {*part.lexicons}:
            faults.add(Problem(f"the word list '{name}' is defined in two files", where=node.value["lexicons"].where,
                               fix="Keep one; all files of the folder can use it", code=Code.CONFIG_RULE))
        lexicons.update(part.lexicons)
        if part.keyboard and keyboard:
            faults.add(Problem(f"the keyboard is also defined at {keyboard}", where=node.value["keyboard"].where,
                               fix="Keep one; it applies to all files of the folder", code=Code.CONFIG_RULE))
        keyboard = node.value["keyboard"].where if part.keyboard else keyboard
    faults.raise_collected()
    return parts


def _of_marks(language: Language, read: set[str | None]) -> list[BehaviourTest]:
    """Return a test for each marked task whose marks no test of the folder reads."""
    marks = marks_of(language)
    return [BehaviourTest.model_validate({
        "name": _name_of_marks(task), "capability": "speakers' marks", "type": "minimum", "task": task,
        "author": "speakers, on the page of `vernacular try`", "from": "marks", "threshold": MARKS_THRESHOLD,
        "description": "answers marked right are given, answers marked wrong are not",
        **_reviewed([mark for mark in marks if mark.task == task])})
        for task in sorted({mark.task for mark in marks} - read)]


def _name_of_marks(task: str) -> str:
    name = MARKS_TEST.format(task=task)
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME - 7]}_{digest_of(task)[:6]}"


def _reviewed(marks: Sequence[Mark]) -> dict[str, Any]:
    """Return the review fields: marks count as reviewed if each has an author and a date."""
    if not all(mark.by and mark.when for mark in marks):
        return {}
    names = ", ".join(dict.fromkeys(mark.by for mark in marks))
    return {"reviewed": {"by": names, "on": max(mark.when for mark in marks)[:10]}}


def check_task(task: str, language: Language, where: str) -> None:
    """Reject a ``task`` that does not exist, or that does not label single lines or words."""
    if task not in language.tasks:
        raise Problem(f"unknown task '{task}' in language.yaml{did_you_mean(task, language.tasks)}", where=where,
                      fix=f"Use one of: {', '.join(language.tasks) or 'none yet, so remove this'}",
                      code=Code.CONFIG_VALUE)
    if not language.tasks[task].answers_lines:
        raise Problem(f"the task '{task}' does not label lines or words", where=where,
                      fix="Use a task of token_classification or sequence_classification", code=Code.CONFIG_RULE)
    if language.tasks[task].multi_label:  # a test compares a single label
        raise Problem(f"the task '{task}' is multi-label (multi_label), which tests cannot judge",
                      where=where, fix="Use a task with one label per text", code=Code.CONFIG_RULE)


def check_lists(who: str, steps: Sequence[Operator], slots: set[str], lexicons: Mapping[str, Any], where: str) -> None:
    """Reject a word list that does not exist, or is of the wrong kind.

    Args:
        who: the user of the lists, for messages.
        steps: operators that use lists.
        slots: lists used by templates.
        lexicons: existing lists.
        where: file and line.
    """
    wanted = {(name, False) for name in slots.union(*(step.lists() for step in steps))}
    for name, pairs in sorted(wanted | {(name, True) for step in steps for name in step.pair_lists()}):
        if name not in lexicons:
            raise Problem(f"{who} uses the word list '{name}', which does not exist{did_you_mean(name, lexicons)}",
                          where=where, fix="Add it under lexicons:" if not pairs else
                          f"Add it under lexicons: as `{name}: {{pairs: {{word: other word}}}}`",
                          code=Code.CONFIG_RULE)
        if isinstance(lexicons[name], Pairs) != pairs:
            raise Problem(f"{who} needs {'pairs' if pairs else 'words'}, but '{name}' is a list of "
                          f"{'words' if pairs else 'pairs'}", where=where, fix="Use another list, or write it "
                          + ("as `{pairs: {word: other word}}`" if pairs else "as `[word, word]`"),
                          code=Code.CONFIG_RULE)


def check_expected(suite: Suite, language: Language, labels: Mapping[str, Sequence[str]]) -> None:
    """Reject expected labels that the task's labeled data does not have.

    ``labels``: task -> its labels, for tasks whose data was read.
    """
    faults = Collector()
    for test in suite.tests:
        label, known = test.expect.label if test.expect else None, labels.get(test.task or "")
        if label is not None and known is not None and not columns_of(known, label):
            faults.add(Problem(f"the test '{test.name}' expects the label '{label}', which '{test.task}' lacks"
                               f"{did_you_mean(label, known)}", where=f"{language.code} {FOLDER}",
                               fix=f"Its labels: {', '.join(known)}", code=Code.DATA_LABEL))
    faults.raise_collected()


def _check_test(test: BehaviourTest, language: Language, lexicons: Mapping[str, Any], place: Node) -> None:
    check_lists(f"the test '{test.name}'", [*test.before, *test.change], set(test.slots()), lexicons, place.where)
    if test.task is None:
        return
    task, label = language.tasks[test.task], test.expect.label if test.expect else None
    if label is not None and task.labels is not None and not columns_of(derived_labels(task), label):
        raise Problem(f"the test '{test.name}' expects the label '{label}', which '{test.task}' lacks"
                      f"{did_you_mean(label, derived_labels(task))}", where=place.value["expect"].where,
                      fix=f"Its labels: {', '.join(derived_labels(task))}", code=Code.DATA_LABEL)
    by_word = task.kind == "token_classification"
    if not by_word and test.compare == "changed":
        raise Problem(f"the test '{test.name}' compares words, but the task '{test.task}' labels whole lines",
                      where=place.where, fix="Remove compare, or use a token_classification task",
                      code=Code.CONFIG_RULE)
    if by_word and test.type == "directional":
        raise Problem(f"the directional test '{test.name}' needs a task that labels lines", where=place.where,
                      fix="Use a sequence_classification task, or type: invariance", code=Code.CONFIG_RULE)
    if by_word and test.type == "minimum" and not test.keeps_words:
        raise Problem(f"the test '{test.name}' expects a label for the changed words, but its change does not "
                      "preserve the number "
                      "of words", where=place.where, fix="Use type: invariance, or another change",
                      code=Code.CONFIG_RULE)
