"""Every private part of Dagster (``dagster._*``) that this project uses; no other module imports one.

Dagster may move or change these in any release. ``tests/unit/assets/test_dagster_internals.py`` has a test for each, to
be run first after an upgrade. A part that becomes public moves to its users as ``from dagster import``.
"""

# The code location of this project as Dagster loads it, and where the UI finds a run's job.
from dagster._core.code_pointer import CodePointer

# The data version of a source, as an observable asset and as a tag of an observation.
from dagster._core.definitions.assets.definition.asset_spec import AssetExecutionType

# The job of all assets, of which the runs are where there are too many languages for a job each.
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.definitions.selector import SINGLETON_REPOSITORY_NAME

# What ``define_asset_job`` returns.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# An interrupt that is shown as one sentence, and the failure of a process that Pipes started.
from dagster._core.errors import DagsterPipesExecutionError, DagsterUserCodeProcessError

# A run in this process, event by event; whether a step failed by an interrupt.
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.external_data import RepositorySnap

# The last tick of a sensor, which a wrong clock may have put into the future.
from dagster._core.scheduler.instigation import InstigatorType, SensorInstigatorData

# The tables that a takedown cleans.
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.legacy_storage import LegacyEventLogStorage

# Where the UI's server finds the logs of runs, beside which it finds pictures.
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.storage.schedules.sql_schedule_storage import SqlScheduleStorage

# Tags of runs: their priority in the queue, and what started them.
from dagster._core.storage.tags import PRIORITY_TAG, SCHEDULE_NAME_TAG, SENSOR_NAME_TAG
from dagster._core.workspace.load import location_origin_from_module_name
from dagster._grpc.impl import get_external_pipeline_subset_result

# What a process of a run is handed, from which it knows the run's languages.
from dagster._grpc.types import ExecuteExternalJobArgs, ExecuteRunArgs, ExecuteStepArgs
from dagster._utils.error import SerializableErrorInfo

__all__ = [
    "DATA_VERSION_TAG",
    "IMPLICIT_ASSET_JOB_NAME",
    "PRIORITY_TAG",
    "SCHEDULE_NAME_TAG",
    "SENSOR_NAME_TAG",
    "SINGLETON_REPOSITORY_NAME",
    "AssetCheckExecutionsTable",
    "AssetExecutionType",
    "AssetKeyTable",
    "CodePointer",
    "DagsterPipesExecutionError",
    "DagsterUserCodeProcessError",
    "ErrorSource",
    "ExecuteExternalJobArgs",
    "ExecuteRunArgs",
    "ExecuteStepArgs",
    "InstigatorType",
    "JobTickTable",
    "LegacyEventLogStorage",
    "LocalComputeLogManager",
    "ReconstructableRepository",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "RepositorySnap",
    "SensorInstigatorData",
    "SerializableErrorInfo",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "SqlScheduleStorage",
    "UnresolvedAssetJobDefinition",
    "create_execution_plan",
    "execute_run_iterator",
    "get_external_pipeline_subset_result",
    "location_origin_from_module_name",
]
