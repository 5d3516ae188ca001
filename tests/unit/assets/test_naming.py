"""How old a release may be: what the folder says, as a policy that Dagster's own daemon judges by."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from dagster import AssetKey, AssetMaterialization

from pipelines.build import build_definitions
from tests.dagster_internals import FreshnessDaemon, FreshnessState, set_clock
from tests.generate import TINY_MODEL, write_language
from tests.unit.pipelines.workspace import workspace_in
from vernacular.config.refresh import Refresh
from vernacular.core.project import Project

DAY = 86_400.0
SPLITS = [AssetKey([code, "corpus", "splits"]) for code in ("qaa", "qab")]


def test_the_last_stages_of_a_language_have_the_policy_and_no_others(tmp_path: Path) -> None:
    days = {"warn_days": 30, "fail_days": 60}
    write_language(tmp_path / "languages", "qaa", documents=3, models={"tiny": TINY_MODEL}, refresh=days)
    write_language(tmp_path / "languages", "qab", documents=3, models={"tiny": TINY_MODEL}, refresh={"automatic": True})
    write_language(tmp_path / "languages", "qac", documents=3, models={"tiny": {**TINY_MODEL, "enabled": False}},
                   refresh={"fail_days": 60})
    project = Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts")
    graph = build_definitions(project).resolve_asset_graph()
    policies = {key.to_user_string(): policy for key in graph.get_all_asset_keys()
                if (policy := graph.get(key).freshness_policy_or_from_metadata) is not None}
    assert set(policies) == {"qaa/release/tiny", "qac/corpus/splits"}
    assert [policies[name].fail_window.to_timedelta().days for name in sorted(policies)] == [60, 60]
    assert policies["qaa/release/tiny"].warn_window.to_timedelta().days == 30
    assert policies["qac/corpus/splits"].warn_window is None


@pytest.mark.parametrize("wrong", [{"warn_days": 3}, {"warn_days": 3, "fail_days": 3}, {"fail_days": 0}])
def test_days_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="fail_days"):
        Refresh.model_validate(wrong)


def test_the_daemon_warns_and_fails_when_the_days_have_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, refresh in (("qaa", {"warn_days": 1, "fail_days": 2}), ("qab", {})):
        write_language(tmp_path / "languages", code, documents=3, refresh=refresh,
                       models={"tiny": {**TINY_MODEL, "enabled": False}})
    with workspace_in(tmp_path, monkeypatch) as workspace:
        instance = workspace.instance
        assert FreshnessDaemon.daemon_type() in instance.get_required_daemon_types()

        def states(days: float) -> list[FreshnessState]:
            set_clock(monkeypatch, lambda: time.time() + days * DAY)
            list(FreshnessDaemon().run_iteration(workspace))
            found = instance.get_freshness_state_records(SPLITS)
            return [found[key].freshness_state for key in SPLITS]

        assert states(0) == [FreshnessState.UNKNOWN, FreshnessState.NOT_APPLICABLE]
        for key in SPLITS:
            instance.report_runless_asset_event(AssetMaterialization(key))
        for days, state in ((0.9, FreshnessState.PASS), (1.1, FreshnessState.WARN), (2.1, FreshnessState.FAIL)):
            assert states(days) == [state, FreshnessState.NOT_APPLICABLE]
