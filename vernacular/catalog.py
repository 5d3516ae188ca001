"""The list of all stages of a language; no other module lists them."""

from __future__ import annotations

from vernacular.alignment.stages import stages as alignment_stages
from vernacular.config.schema import Language
from vernacular.corpus.stages import stages as corpus_stages
from vernacular.evaluation.stages import stages as evaluation_stages
from vernacular.instruct.stages import stages as instruct_stages
from vernacular.pipeline.stage import Stage
from vernacular.pretraining.stages import stages as pretraining_stages
from vernacular.release.stages import stages as release_stages
from vernacular.speech.stages import stages as speech_stages
from vernacular.tasks.stages import stages as task_stages
from vernacular.tokenizer.stages import stages as tokenizer_stages


def stages_of(language: Language, only_model: str | None = None) -> dict[str, Stage]:
    """Return all stages of a language by name, in an order in which they can run.

    Args:
        language: the loaded folder.
        only_model: the name of one model (enabled or not); None for every enabled one.

    Raises:
        Problem: a file in ``behaviour/`` is invalid.
    """
    stages: list[Stage] = [*corpus_stages(language)] if language.sources else []
    stages += speech_stages(language, only_model)
    for name, model in language.models_to_run(only_model).items():
        for declared in (alignment_stages, tokenizer_stages, pretraining_stages, instruct_stages, task_stages,
                         evaluation_stages, release_stages):
            stages += declared(language, name, model)
    return {stage.name: stage for stage in stages}
