"""Before anything is spent: whether the folders can be used, and what a run would compute.

What that takes is in ``vernacular.forecast``; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vernacular.artifacts import Store
from vernacular.config.labeled_data import FileData
from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.config.statement import stated
from vernacular.corpus.acceptance import accepted_ids, accepted_losses
from vernacular.corpus.losses import closing_lines
from vernacular.corpus.suppression import Suppressions
from vernacular.errors import Problem, as_problem
from vernacular.files import Folder
from vernacular.project import Project
from vernacular.release.waivers import read_waivers
from vernacular.stages import Stage, lookup, stages_of

if TYPE_CHECKING:
    from vernacular.tasks.data import Items


@dataclass(frozen=True)
class Step:
    """What a run would do with one stage: ``reuse``, ``run``, or ``stop`` at a red gate."""

    stage: str
    action: str
    why: str


def steps_of(stages: Mapping[str, Stage], language: Language, store: Store) -> list[Step]:
    """What a run would do, stage by stage; whatever follows a stage that is to run is to run as well."""
    steps: list[Step] = []
    fresh: set[str] = set()
    missing = to_fetch(language, store.root)
    for name, stage in stages.items():
        waits = [source for source in stage.inputs if source in fresh]
        if waits:
            fresh.add(name)
            steps.append(Step(name, "run", f"after {waits[0]}" + (f" and {len(waits) - 1} more" if waits[1:] else "")))
            continue
        if missing.get(name):
            fresh.add(name)
            steps.append(Step(name, "run", f"fetches {', '.join(missing[name])} first"))
            continue
        try:
            found = lookup(stage, language, store)
        except Problem as problem:
            fresh.add(name)
            waits_for_network = any(missing.values()) and not stage.inputs
            steps.append(Step(name, "run", "once what it reads is fetched") if waits_for_network
                         else Step(name, "stop", str(problem)))
            continue
        if found is not None:
            steps.append(Step(name, "reuse", f"made {found.manifest.created}"))
        else:
            fresh.add(name)
            before = store.current(language.code, name)
            steps.append(Step(name, "run", "not made yet" if before is None else "something it depends on has changed"))
    return steps


def network_needs(language: Language, root: Path) -> dict[str, dict[str, bool]]:
    """What of a language comes from the network when it runs: stage -> what it fetches -> whether it lies here already.

    Args:
        language: with its sources, texts to contrast with, labelled data, base models and the texts beside these.
        root: of the store.
    """
    from vernacular.corpus.sources import network_sources, place_of
    from vernacular.models import fetched
    from vernacular.tasks.data import fetched_over_network, not_fetched

    def lies(source: Source, role: str) -> bool:
        return place_of(language, source, root, role).mirror.exists()

    found: dict[str, dict[str, bool]] = {
        "corpus/documents": {source.name: place.mirror.exists() for source, place in network_sources(language, root)},
        "corpus/identifier": {f"{source.name} ({code})": lies(source, f"contrast-{code}")
                              for code, sources in language.identification.contrast.items()
                              for source in sources if isinstance(source, NetworkSource)}}
    missing = not_fetched(language, root)
    found["corpus/clean"] = {f"the data of {name}": name not in missing
                             for name in fetched_over_network(language, root)}
    for name, model in language.models_to_run().items():
        found[f"tokenizer/{name}"] = {
            **({f"the base of {name}": fetched(model.base)} if model.base.hub else {}),
            **{f"{source.name} ({role} of {name})": lies(source, role) for source, role in model.beside
               if isinstance(source, NetworkSource)}}
    return found


def to_fetch(language: Language, root: Path) -> dict[str, list[str]]:
    """Stage -> what it fetches first, for nothing of it lies below ``root``, the store's, yet.

    Labelled data in a folder on this machine is fetched, too.
    """
    from vernacular.tasks.data import not_fetched

    found = {stage: [name for name, here in needs.items() if not here]
             for stage, needs in network_needs(language, root).items()}
    found["corpus/clean"] = [f"the data of {name}" for name in not_fetched(language, root)]
    return {stage: missing for stage, missing in found.items() if missing}


def check_labels(language: Language, root: Path) -> dict[str, Items]:
    """Read the tasks' labelled files, so that a bad row, or a test of a label they lack, is known before anything runs.

    Returns:
        the items of each task that has such files.

    Raises:
        Problem: the first one, with its file and line.
    """
    from vernacular.evaluation.behaviour.load import check_expected, load_suite
    from vernacular.evaluation.fairness.plan import check_name_label
    from vernacular.tasks.data import load_items, load_transfer_items

    items = {name: load_items(language, name, root) for name, task in language.tasks.items()
             if isinstance(task.data, FileData)}
    for name, found in items.items():
        other = language.tasks[name].transferred
        if other is not None and isinstance(other.data, FileData):
            load_transfer_items(language, name, root, found)
    labels = {name: found.kind.labels for name, found in items.items()}
    check_expected(load_suite(language), language, labels)
    check_name_label(language, labels)
    return items


def _check_records(folder: Path) -> None:
    """Read what people wrote down in a language folder besides its settings and tests.

    Raises:
        Problem: the first file that cannot be read, with its line.
    """
    stated(folder)
    Suppressions.of(folder)
    accepted_ids(folder)
    accepted_losses(folder)
    read_waivers(folder)


def check_all(project: Project, code: str | None) -> tuple[list[str], list[Problem]]:
    """A line for every language that can be used, and the problems of those that cannot.

    For ``code`` alone, where it is given, with a line for each thing that the folder lacks.

    Raises:
        Problem: there are no language folders, or not this one.
    """
    from vernacular.config.load import find_language, load_all
    from vernacular.evaluation.behaviour.load import load_suite
    from vernacular.evaluation.behaviour.schema import UNREVIEWED
    from vernacular.lacking import lacking

    found: Mapping[str, Language | Problem]
    found = load_all(project.languages) if code is None else {code: find_language(project.languages, code)}
    if not found:
        raise Problem("there is no language folder", where=str(project.languages),
                      fix="`vernacular new CODE` writes one")
    lines, broken = [], []
    for name, language in found.items():
        if isinstance(language, Problem):
            broken.append(language)
            continue
        try:
            strange = Folder.of(language.folder).find_strange()
            if strange:
                broken += strange
                continue
            _check_records(language.folder)
            stages = stages_of(language)
            for stage in stages.values():
                stage.settings_data(language)
            items = check_labels(language, project.artifacts)
        except Exception as error:  # one folder must not hide what is wrong with the others
            if code is not None and not isinstance(error, Problem):
                raise
            broken.append(as_problem(error, name))
            continue
        off = [model for model, settings in language.models.items() if not settings.enabled]
        also = f" ({', '.join(off)} with --model)" if off else ""
        sources = ", ".join(source.name for source in language.sources)
        suite = load_suite(language)
        needs = [name for names in network_needs(language, project.artifacts).values() for name in names]
        reviewed = sum(suite.review_of(test) != UNREVIEWED for test in suite.tests)
        outdated = [test.name for test in suite.tests if suite.outdated(test)]
        lines.append(f"{name}: good. {language.name}, sources: {sources}; "
                     f"models: {', '.join(language.models_to_run()) or 'none enabled'}{also}; {len(stages)} stages; "
                     f"{len(suite.tests)} behavioural tests, {reviewed} reviewed"
                     + (f" (changed since: {', '.join(outdated)})" if outdated else "")
                     + (f"; needs the network: {', '.join(needs)}" if needs else ""))
        if code is not None:
            lines += [f"note: {one}" for one in lacking(language, suite, project.artifacts, items)]
            clean = Store(project.artifacts).current(language.code, "corpus/clean")
            lines += [f"last run: {line}" for line in closing_lines(clean)] if clean else []
    return lines, broken
