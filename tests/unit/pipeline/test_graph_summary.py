"""The outline of a language: what a graph shows of it, without its settings."""

from __future__ import annotations

from vernacular.catalog import stages_of
from vernacular.config.schema import Language
from vernacular.pipeline.graph_summary import outline_of


def test_an_outline_has_the_stages_with_their_gates_and_the_sources(language: Language) -> None:
    stages = stages_of(language)
    outline = outline_of(language, stages)
    assert [stage.name for stage in outline.stages] == list(stages)
    assert {stage.name for stage in outline.stages} >= {"corpus/documents", "release/tiny"}
    assert any(gate.blocking for stage in outline.stages for gate in stage.gates)
    assert [(source.name, source.licence) for source in outline.sources] == [("text", "CC0-1.0")]


def test_a_version_depends_on_the_settings_of_its_stage_alone(language: Language) -> None:
    before, other = (
        {stage.name: stage.version for stage in outline_of(changed, stages_of(changed)).stages}
        for changed in (language, language.model_copy(update={
            "splits": language.splits.model_copy(update={"dev": 0.3})})))
    assert {name for name in before if before[name] != other[name]} == {"corpus/splits"}
