"""Whether a run has nothing to do is determined without Dagster, and correctly."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.up_to_date import Look, forget_reported, look, note_reported
from tests.generate import write_language
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Gate, Report
from vernacular.core.store import Store
from vernacular.pipeline.stage import GateSpec, Stage, StageContext, run_stage, silent


@pytest.fixture
def language(tmp_path: Path) -> Language:
    return load_language(write_language(tmp_path / "languages", documents=3))


def stages_for(passed: bool = True, blocking: bool = False, version: str = "1", outside: str = "a",
               fetch: object = None) -> dict[str, Stage]:
    def run(work: StageContext) -> Report:
        (work.out / "text").write_text(version)
        return Report(gates=[Gate(name="enough", passed=passed, reason="3 of 5", blocking=blocking)])

    first = Stage("corpus/documents", version, (), lambda language: {}, run, "First.",
                  gates=(GateSpec("enough", "There are five.", blocking),),
                  outside=lambda language, root: {"source/text": outside}, prepare=fetch)  # type: ignore[arg-type]
    second = Stage("corpus/clean", "1", ("corpus/documents",), lambda language: {}, lambda work: Report(), "Second.")
    return {stage.name: stage for stage in (first, second)}


def make(stages: dict[str, Stage], language: Language, home: Path) -> Store:
    """Run the stages up to one that fails, and record them as reported to the history."""
    store = Store(home / "artifacts")
    for stage in stages.values():
        try:
            artifact = run_stage(stage, language, store)
        except Problem:
            break
        note_reported(home, language.slug, {stage.name: artifact.manifest.key})
    return store


def looked(stages: dict[str, Stage], language: Language, home: Path) -> Look:
    return look(stages, language, Store(home / "artifacts"), home, silent)


def test_nothing_is_to_do_once_all_was_made_and_reported(language: Language, tmp_path: Path) -> None:
    stages = stages_for(passed=False)
    assert looked(stages, language, tmp_path) == Look(frozenset(), None)
    make(stages, language, tmp_path)
    found = looked(stages, language, tmp_path)
    assert found.fresh == stages.keys()
    assert found.checks is not None
    assert [(check.stage, check.name, check.blocking) for check in found.checks] == [
        ("corpus/documents", "enough", False)]


@pytest.mark.parametrize("changed", [{"version": "2"}, {"outside": "b"}])
def test_a_change_is_seen(language: Language, tmp_path: Path, changed: dict[str, str]) -> None:
    make(stages_for(), language, tmp_path)
    assert looked(stages_for(**changed), language, tmp_path) == Look(frozenset(), None)  # type: ignore[arg-type]


def test_an_artifact_that_is_gone_or_no_longer_current_is_seen(language: Language, tmp_path: Path) -> None:
    stages = stages_for()
    store = make(stages, language, tmp_path)
    make(stages_for(version="2"), language, tmp_path)
    assert looked(stages, language, tmp_path).checks is None, "another one is current"
    make(stages, language, tmp_path)
    assert looked(stages, language, tmp_path).checks is not None
    (store.home("qaa", "corpus/clean") / "current").unlink()
    assert looked(stages, language, tmp_path) == Look(frozenset({"corpus/documents"}), None)


def test_what_was_not_reported_to_the_history_is_reported(language: Language, tmp_path: Path) -> None:
    stages = stages_for()
    make(stages, language, tmp_path)
    forget_reported(tmp_path, language.slug)
    assert looked(stages, language, tmp_path) == Look(frozenset(stages), None)


def test_a_red_blocking_check_is_left_to_the_run(language: Language, tmp_path: Path) -> None:
    stages = stages_for(passed=False, blocking=True)
    make(stages, language, tmp_path)
    assert looked(stages, language, tmp_path) == Look(frozenset({"corpus/documents"}), None)
    first = {"corpus/documents": stages["corpus/documents"]}
    assert looked(first, language, tmp_path).checks is None


def test_what_is_due_on_the_network_is_fetched(language: Language, tmp_path: Path) -> None:
    asked: list[str] = []

    def fetch(language: Language, root: Path, progress: object) -> None:
        asked.append(language.code)

    def fail(language: Language, root: Path, progress: object) -> None:
        raise Problem("no answer", where="a site", fix="Try later", code=Code.SOURCE_NETWORK)

    make(stages_for(), language, tmp_path)
    assert looked(stages_for(fetch=fetch), language, tmp_path).checks is not None
    assert asked == ["qaa"]
    assert looked(stages_for(fetch=fetch, outside="b"), language, tmp_path).checks is None
    assert asked == ["qaa"], "a run will fetch it"
    with pytest.raises(Problem, match=Code.SOURCE_NETWORK):
        looked(stages_for(fetch=fail), language, tmp_path)
