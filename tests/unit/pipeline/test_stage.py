"""The runner: skips what is done, resumes what was killed, stops at a red gate."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.panics import panic
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.report import Gate, Remark, Report
from vernacular.core.store import Store, remade
from vernacular.pipeline.stage import Stage, StageContext, inputs_of, lookup, run_stage


def writes(text: str, calls: list[str] | None = None,
           gates: list[Gate] | None = None) -> Callable[[StageContext], Report]:
    def run(work: StageContext) -> Report:
        if calls is not None:
            calls.append(text)
        (work.out / "a.txt").write_text(text)
        return Report(gates=gates or [])
    return run


def stage(name: str, run: Callable[[StageContext], Report], inputs: tuple[str, ...] = ()) -> Stage:
    return Stage(name=name, version="1", inputs=inputs, settings=lambda language: language.splits, run=run,
                 description="")


def test_unchanged_work_is_skipped_and_changed_settings_are_not(language: Language, store: Store) -> None:
    calls: list[str] = []
    first = stage("corpus/one", writes("x", calls))
    assert lookup(first, language, store) is None
    one = run_stage(first, language, store)
    assert run_stage(first, language, store).folder == one.folder and calls == ["x"]
    assert lookup(first, language, store) is not None
    changed = language.model_copy(update={"splits": language.splits.model_copy(update={"dev": 0.3})})
    assert run_stage(first, changed, store).folder != one.folder and calls == ["x", "x"]
    renamed = language.model_copy(update={"name": "Another"})
    run_stage(first, renamed, store)
    assert calls == ["x", "x"]
    assert run_stage(replace(first, version="2"), language, store).folder != one.folder
    assert run_stage(replace(first, outside=lambda _, __: {"source/a": "1"}), language, store).folder != one.folder


def test_a_remark_is_printed_as_the_stage_ends_and_stored(language: Language, store: Store) -> None:
    remark, lines = Remark(code="VN-FEW-STEPS", what="12 steps", fix="Set more"), list[str]()
    made = run_stage(stage("corpus/one", lambda work: Report(remarks=[remark])), language, store, lines.append)
    assert lines == ["remark: 12 steps. Set more [VN-FEW-STEPS]"] and made.manifest.report.remarks == [remark]
    again = store.current(language.code, "corpus/one")
    assert again is not None and again.manifest.report.remarks == [remark]


def test_going_back_to_old_settings_points_back(language: Language, store: Store) -> None:
    first = stage("corpus/one", writes("x"))
    one = run_stage(first, language, store)
    run_stage(replace(first, version="2"), language, store)
    run_stage(first, language, store)
    current = store.current("qaa", "corpus/one")
    assert current is not None and current.folder == one.folder


def test_an_input_with_the_same_bytes_keeps_what_follows(language: Language, store: Store) -> None:
    calls: list[str] = []
    second = stage("corpus/two", writes("y", calls), ("corpus/one",))
    run_stage(stage("corpus/one", writes("x")), language, store)
    run_stage(second, language, store)
    run_stage(replace(stage("corpus/one", writes("x")), version="2"), language, store)
    run_stage(second, language, store)
    assert calls == ["y"]
    run_stage(replace(stage("corpus/one", writes("z")), version="3"), language, store)
    run_stage(second, language, store)
    assert calls == ["y", "y"]


def test_a_stage_that_reads_reports_is_made_again_with_each(language: Language, store: Store) -> None:
    calls: list[str] = []
    second = replace(stage("corpus/two", writes("y", calls), ("corpus/one",)), depends_on_reports=True)
    first = stage("corpus/one", writes("x", gates=[Gate(name="few", passed=True, reason="3 of 40 fail")]))
    run_stage(first, language, store)
    made = run_stage(second, language, store)
    assert run_stage(second, language, store).folder == made.folder and calls == ["y"]
    red = stage("corpus/one", writes("x", gates=[Gate(name="few", passed=False, reason="3 of 40 fail")]))
    now = run_stage(replace(red, version="2"), language, store)
    assert remade(made.manifest, {"corpus/one": now}) == ["corpus/one"]
    run_stage(second, language, store)
    assert calls == ["y", "y"]


def test_a_source_that_changes_during_a_stage_is_not_published(language: Language,
                                                                                      store: Store) -> None:
    lies = ["one"]

    def run(work: StageContext) -> Report:
        (work.out / "a.txt").write_text(lies[0])
        lies[0] = "two"
        return Report()

    first = replace(stage("corpus/one", run), outside=lambda _, __: {"source/a": lies[0]})
    with pytest.raises(TransientProblem, match="VN-STAGE-STOPPED"):
        run_stage(first, language, store)
    assert store.current("qaa", "corpus/one") is None
    assert (run_stage(first, language, store).folder / "a.txt").read_text() == "two"
    lies[0] = "one"
    assert lookup(first, language, store) is None


def test_a_missing_input_names_the_command(language: Language, store: Store) -> None:
    with pytest.raises(Problem, match=r"corpus/one.*vernacular run qaa.*VN-STAGE-INPUT"):
        run_stage(stage("corpus/two", writes("y"), ("corpus/one",)), language, store)


def test_a_red_blocking_gate_stops_what_follows_and_a_warning_does_not(language: Language, store: Store) -> None:
    for blocking in (False, True):
        gate = Gate(name="enough", passed=False, reason="too few words", blocking=blocking)
        first = replace(stage("corpus/one", writes("x", gates=[gate])), version=str(blocking))
        run_stage(first, language, store)
        second = stage("corpus/two", writes("y"), ("corpus/one",))
        if blocking:
            with pytest.raises(Problem, match=r"enough.*VN-STAGE-INPUT"):
                run_stage(second, language, store)
        else:
            assert list(inputs_of(second, language, store)) == ["corpus/one"]
            run_stage(second, language, store)


def test_a_failing_run_publishes_nothing_and_resumes_from_scratch_folder(language: Language, store: Store) -> None:
    def run(work: StageContext) -> Report:
        checkpoint = work.scratch / "step"
        assert not list(work.out.iterdir())
        (work.out / "half.txt").write_text("half")
        if not checkpoint.exists():
            checkpoint.write_text("5")
            raise RuntimeError("killed")
        (work.out / "half.txt").write_text("resumed at " + checkpoint.read_text())
        return Report()

    first = stage("corpus/one", run)
    with pytest.raises(RuntimeError):
        run_stage(first, language, store)
    assert store.current("qaa", "corpus/one") is None and lookup(first, language, store) is None
    artifact = run_stage(first, language, store)
    assert (artifact.folder / "half.txt").read_text() == "resumed at 5"
    assert artifact.manifest.files == {"half.txt": 12}


def test_a_panic_is_a_problem_of_the_stage(language: Language, store: Store) -> None:
    def run(work: StageContext) -> Report:
        panic()
        return Report()

    with pytest.raises(Problem) as caught:
        run_stage(stage("corpus/one", run), language, store)
    assert caught.value.where == "qaa corpus/one"


def _die(language: Language, root: Path) -> None:
    def run(work: StageContext) -> Report:
        (work.scratch / "step").write_text("7")
        (work.out / "a.txt").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
        return Report()

    run_stage(stage("corpus/one", run), language, Store(root))


def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(language: Language, store: Store) -> None:
    process = multiprocessing.get_context("fork").Process(target=_die, args=(language, store.root))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert store.current("qaa", "corpus/one") is None

    def run(work: StageContext) -> Report:
        (work.out / "b.txt").write_text((work.scratch / "step").read_text())
        return Report()

    artifact = run_stage(stage("corpus/one", run), language, store)
    assert artifact.manifest.files == {"b.txt": 1} and (artifact.folder / "b.txt").read_text() == "7"


@pytest.mark.parametrize("moment", ["before it is current", "before its work folder is deleted"])
def test_a_kill_after_an_artifact_is_whole_leaves_nothing_beside_it(language: Language, store: Store,
                                                                    moment: str) -> None:
    first = stage("corpus/one", writes("x"))

    remove = shutil.rmtree

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def killed() -> None:
        if moment == "before it is current":
            Store.point = die  # type: ignore[method-assign]
        else:
            shutil.rmtree = lambda path, **more: (  # type: ignore[assignment]
                die() if path.name.startswith(".work-") else remove(path, **more))
        run_stage(first, language, store)

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    artifact = run_stage(first, language, store)
    current = store.current("qaa", "corpus/one")
    assert current is not None and current.folder == artifact.folder
    assert not (artifact.folder.parent / f".work-{artifact.manifest.key}").exists()


def test_two_processes_do_not_do_the_same_work(language: Language, store: Store) -> None:
    first = stage("corpus/one", lambda work: run_stage(first, language, store).manifest.report)
    with pytest.raises(Problem, match="VN-STAGE-BUSY"):
        run_stage(first, language, store)
