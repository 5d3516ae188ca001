"""A run through Dagster that fails outside of any stage."""

from __future__ import annotations

from pathlib import Path

from tests.project import make_place
from vernacular.core.codes import Code


def test_a_run_that_dagster_cannot_begin_is_no_success(tmp_path: Path) -> None:
    """As with a dagster.yaml of a version that named its modules differently."""
    place = make_place(tmp_path)
    path = tmp_path / "dagster.yaml"
    settings = path.read_text(encoding="utf-8")
    assert "module: pipelines.run_queue" in settings
    path.write_text(settings.replace("module: pipelines.run_queue", "module: pipelines.of_before"), encoding="utf-8")
    done = place.run("run", "qaa", "--to", "corpus/documents")
    assert done.returncode == 2 and "pipelines.of_before" in done.stderr and Code.CONFIG_FILE in done.stderr
    assert not (place.artifacts / "qaa" / "corpus").exists()
