"""The pages of stages and gates list what is declared."""

from __future__ import annotations

from pathlib import Path

from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.reference.graph_pages import gates_page, stages_page

NYA = Path(__file__).parents[3] / "languages" / "nya"


def test_every_stage_and_gate_has_a_row() -> None:
    stages, gates = stages_page(), gates_page()
    for stage in stages_of(load_language(NYA), "minilm").values():
        name = "task/<task>_<model>" if stage.name.startswith("task/") else stage.name.replace("minilm", "<model>")
        assert f"\n## `{name}`\n" in stages and f"| {stage.version} |" in stages
        for gate in [] if name.endswith("_behaviour") else stage.gates:
            assert f"| `{gate.name}` | `{name}` |" in gates
            assert f"`{gate.name}`" in stages
    assert "minilm" not in stages + gates and "Chichewa" not in stages + gates
