"""Each private part of Dagster is where it was and still has what is used of it. To be run first after an upgrade."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster
import pytest

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("assets/dagster_internals.py", "tests/dagster_internals.py")  # of the project, and of its tests alone


def private_imports(path: Path) -> Iterator[tuple[str, str]]:
    """Each part that a module imports from a private module of Dagster: the module's name and its own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dagster._"):
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("dagster._"))


IMPORTS = {name: (module, place) for place in PLACES for module, name in private_imports(ROOT / place)}


def find(name: str) -> Any:
    module, place = IMPORTS[name]
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(f"Dagster {dagster.__version__} has no {name} in {module}. Find where it went, or do without it, "
                    f"and correct {place}")


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_it_is_where_it_was(name: str) -> None:
    assert find(name) is not None


def test_no_other_module_imports_private_parts() -> None:
    folders = [ROOT / folder for folder in ("assets", "benchmarks", "pipelines", "tests", "vernacular", "deploy")]
    wrong = {f"{path.relative_to(ROOT)}: {module}" for folder in folders for path in sorted(folder.rglob("*.py"))
             if path.relative_to(ROOT).as_posix() not in PLACES for module, _ in private_imports(path)}
    assert not wrong, f"import them through {' or '.join(PLACES)}, with a test here"


def takes(*names: str) -> Callable[[Any], bool]:
    return lambda function: set(names) <= set(inspect.signature(function).parameters)


def has(*names: str) -> Callable[[Any], bool]:
    return lambda part: all(hasattr(part, name) for name in names)


def columns(*names: str) -> Callable[[Any], bool]:
    return lambda table: set(names) <= set(table.c.keys())


def records(*names: str) -> Callable[[Any], bool]:
    return lambda part: set(names) <= set(part._fields)


# What is used of each part of the project, in words, and whether it is there.
NEEDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "AssetCheckExecutionsTable": ("results of checks are JSON in its column evaluation_event",
                                  columns("id", "asset_key", "evaluation_event")),
    "AssetExecutionType": ("observable sources are assets of the type OBSERVATION", has("OBSERVATION")),
    "AssetKeyTable": ("the last materialization of an asset is JSON in it",
                      columns("id", "asset_key", "last_materialization")),
    "CodePointer": ("the code location is named by module and attribute",
                    lambda part: takes("module_name", "definition", "working_directory")(part.from_module)),
    "DATA_VERSION_TAG": ("observations of sources have this tag in histories of today",
                         "dagster/data_version".__eq__),
    "DagsterPipesExecutionError": ("it is raised when a process of Pipes fails, with the exit code", lambda part: (
        str(part("code -9")) == "code -9")),
    "DagsterUserCodeProcessError": ("its message is shown without a traceback", lambda part: part(
        "why", user_code_process_error_infos=[]).user_code_process_error_infos == []),
    "ErrorSource": ("a step that was stopped has the source INTERRUPT", has("INTERRUPT")),
    "ExecuteExternalJobArgs": ("the server hands a run over as it", records("job_origin", "run_id", "instance_ref")),
    "ExecuteRunArgs": ("`dagster api execute_run` hands a run over as it", records("run_id", "instance_ref")),
    "ExecuteStepArgs": ("`dagster api execute_step` hands a run over as it", records("run_id", "instance_ref")),
    "IMPLICIT_ASSET_JOB_NAME": ("runs without a job of their own are of this one", "__ASSET_JOB".__eq__),
    "InstigatorType": ("sensors are asked for by it", has("SENSOR")),
    "JobTickTable": ("ticks are JSON in its column tick_body", columns("id", "tick_body")),
    "LegacyEventLogStorage": ("it keeps the storages of one database in _storage",
                              lambda part: "_storage" in inspect.getsource(part)),
    "LocalComputeLogManager": ("it says where the file of a log key lies",
                               lambda part: takes("log_key", "extension")(part.get_captured_local_path)),
    "PRIORITY_TAG": ("the queue orders runs by it", "dagster/priority".__eq__),
    "ReconstructableRepository": ("a job of it can be reconstructed", has("get_definition", "get_reconstructable_job")),
    "RemoteJobOrigin": ("the UI finds the job of a run by it", records("repository_origin", "job_name")),
    "RemoteRepositoryOrigin": ("it is of a code location", records("code_location_origin", "repository_name")),
    "RepositorySnap": ("it is what a page loads", lambda part: takes("repository_def", "defer_snapshots")(
        part.from_def)),
    "SCHEDULE_NAME_TAG": ("runs of a schedule have it", "dagster/schedule_name".__eq__),
    "SENSOR_NAME_TAG": ("runs of a sensor have it", "dagster/sensor_name".__eq__),
    "SINGLETON_REPOSITORY_NAME": ("it is the repository of a code location", "__repository__".__eq__),
    "SensorInstigatorData": ("the last tick of a sensor is noted in it, in seconds since 1970",
                             records("last_tick_timestamp", "last_tick_start_timestamp")),
    "SerializableErrorInfo": ("an error has a message, a stack and a class", records("message", "stack", "cls_name")),
    "SqlEventLogStorage": ("events lie in files of runs and in an index", has("run_connection", "index_connection")),
    "SqlEventLogStorageTable": ("events are JSON in its column event", columns("id", "run_id", "asset_key", "event")),
    "SqlScheduleStorage": ("ticks lie in a database", has("connect")),
    "UnresolvedAssetJobDefinition": ("define_asset_job returns it", lambda part: isinstance(
        dagster.define_asset_job("a"), part)),
    "create_execution_plan": ("a run starts from a plan", takes("job", "run_config")),
    "execute_run_iterator": ("a run gives its events one by one", takes("job", "dagster_run", "instance")),
    "get_external_pipeline_subset_result": ("it is what a run of some assets asks the code location", takes(
        "repo_def", "recon_repo", "job_name", "asset_selection")),
    "location_origin_from_module_name": ("the origin of a code location, as workspace.yaml gives it", takes(
        "module_name", "attribute", "working_directory", "location_name")),
}


def test_every_part_of_the_project_has_a_test() -> None:
    assert set(NEEDS) == {name for name, (_, place) in IMPORTS.items() if place == PLACES[0]}


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_it_still_has_what_is_used_of_it(name: str) -> None:
    need, there = NEEDS[name]
    try:
        good = there(find(name))
    except (AttributeError, TypeError):
        good = False
    assert good, f"{name} of Dagster {dagster.__version__} has changed. What is used of it: {need}. See {PLACES[0]}"
