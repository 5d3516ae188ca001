"""Find every error in a language folder with the readers of a run, and summarize the content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.bases.places import classifiers_lacking
from vernacular.behavior_tests.load import check_expected, load_suite, marks_of, read_files
from vernacular.behavior_tests.schema import Suite
from vernacular.catalog import stages_of
from vernacular.cleaning.approvals import accepted_ids, accepted_losses
from vernacular.cli.checking.texts import TextsFound, read_texts_of
from vernacular.config.labeled_data import FileData
from vernacular.config.load import examine_language, folder_named, folders_of
from vernacular.config.schema import Language
from vernacular.config.statement import stated
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem, as_problem
from vernacular.core.files import Folder
from vernacular.core.project import Project
from vernacular.datasets.labeled import picture_file
from vernacular.datasets.notes import DataNote
from vernacular.datasets.pictures import missing_picture
from vernacular.evaluation.fairness.plan import check_name_label, load_plan
from vernacular.langid.seed import seed_file
from vernacular.provenance.suppression_list import Suppressions
from vernacular.release.waivers import read_waivers
from vernacular.sources.formats import read_text
from vernacular.tasks.labeled_items import Items, load_items, load_transfer_items


@dataclass
class Checked:
    """The result of checking one folder."""

    code: str  # of the language
    faults: Collector = field(default_factory=Collector)  # its errors
    language: Language | None = None  # its settings, without invalid entries; None if unreadable
    suite: Suite | None = None  # its behavioral tests; None if invalid
    items: dict[str, Items] = field(default_factory=dict)  # of the tasks with valid labeled files
    texts: TextsFound = field(default_factory=TextsFound)  # of the sources and translations
    stages: int = 0  # number of stages in a run

    @property
    def remarks(self) -> list[DataNote]:
        """Notes of the readers."""
        return [*(remark for items in self.items.values() for remark in items.remarks), *self.texts.remarks]


def check_all(project: Project, code: str | None) -> list[Checked]:
    """Check every language folder, or that of ``code``.

    Raises:
        Problem: there are no language folders, or not this one.
    """
    folders = folders_of(project.languages) if code is None else [folder_named(project.languages, code)]
    if not folders:
        raise Problem("there is no language folder", where=str(project.languages),
                      fix="Create one with `vernacular new CODE`", code=Code.CONFIG_FILE)
    found = []
    for folder in folders:
        checked = Checked(folder.name)
        try:
            _check(folder, project.artifacts, checked)
        except Exception as error:  # one folder must not hide errors of the others
            if code is not None:
                raise
            checked.faults.add(as_problem(error, folder.name))
        found.append(checked)
    return found


def _check(folder: Path, root: Path, checked: Checked) -> None:
    examined = examine_language(folder)
    language, faults = examined.language, examined.faults
    checked.faults, checked.language = faults, language
    if language is None:
        return
    strange = Folder.of(folder).find_strange()
    for problem in strange:
        faults.add(problem)
    if strange:  # read nothing from a folder with links, pipes or devices
        return
    records: tuple[Callable[[Path], object], ...] = (stated, Suppressions.of, accepted_ids, accepted_losses,
                                                  read_waivers)
    for read in records:
        with faults.collect():
            read(folder)
    with faults.collect():
        seed = seed_file(language)
        if seed.exists():
            read_text(seed, seed.shown, limits=language.limits)
    with faults.collect():
        marks_of(language)
    with faults.collect():
        if examined.whole:
            checked.suite = load_suite(language)
        else:  # tests may refer to a task that was left out
            read_files(language)
    _check_tasks(language, root, checked)
    with faults.collect():
        checked.texts = read_texts_of(language, root, faults)
    with faults.collect():
        stages = stages_of(language)
        checked.stages = len(stages)
        for stage in stages.values():
            stage.settings_data(language)
    if examined.whole:
        _check_labels_asked(language, checked)
        for problem in classifiers_lacking(language):
            faults.add(problem)


def _check_tasks(language: Language, root: Path, checked: Checked) -> None:
    """Read the labeled files of every task."""
    for name, task in language.tasks.items():
        if not isinstance(task.data, FileData):
            continue
        with checked.faults.collect():
            checked.items[name] = load_items(language, name, root)
            if task.of_pictures:
                check_pictures(language, name, task, checked.items[name])
        other = task.transferred
        if other is not None and isinstance(other.data, FileData) and name in checked.items:
            with checked.faults.collect():
                load_transfer_items(language, name, root, checked.items[name])


def check_pictures(language: Language, name: str, task: Task, items: Items) -> None:
    """Check that the file of each picture exists; a run reads them.

    Raises:
        Problem: all that do not.
    """
    faults, names = Collector(), {item.second for part in (items.train, items.dev, items.test) for item in part}
    for picture in sorted(names):
        with faults.collect():
            file = picture_file(language, name, task, language.folder, picture)
            if not file.exists():
                raise missing_picture(file)
    faults.raise_collected()


def _check_labels_asked(language: Language, checked: Checked) -> None:
    """Check that tasks have the labels named in tests and comparisons."""
    labels = {name: found.kind.labels for name, found in checked.items.items()}
    with checked.faults.collect():
        load_plan(language)
        check_name_label(language, labels)
    if checked.suite is not None:
        with checked.faults.collect():
            check_expected(checked.suite, language, labels)
