"""Select the stages of a command: of the enabled models or one model, up to a stage. Does not import Dagster."""

from __future__ import annotations

import difflib

from vernacular.catalog import stages_of
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.project import chosen_model
from vernacular.pipeline.stage import Stage


def stages_to_show(language: Language) -> tuple[dict[str, Stage], str | None]:
    """Return the stages of the enabled models, or of the one in ``VERNACULAR_MODELS``, and that name.

    Raises:
        Problem: the folder has no such model.
    """
    model = chosen_model(language.code)
    if model is not None and model not in language.model_names:
        raise Problem(f"there is no model '{model}'", where=f"{language.code} models",
                      fix=f"Choose one of: {', '.join(language.model_names)}", code=Code.COMMAND_NAME)
    return stages_of(language, model), model


def upstream(stages: dict[str, Stage], to: str | None, code: str) -> list[str]:
    """Return the stages that lead to ``to``, including itself; all if it is None.

    Raises:
        Problem: there is no such stage.
    """
    if to is None:
        return list(stages)
    if to not in stages:
        near = difflib.get_close_matches(to, stages, n=1, cutoff=0.4)
        raise Problem(f"there is no stage '{to}'", where=f"{code} --to", fix=(
            f"Did you mean {near[0]}? " if near else "") + f"The stages are: {', '.join(stages)}",
                      code=Code.COMMAND_NAME)
    wanted, open_ends = {to}, [to]
    while open_ends:
        for name in stages[open_ends.pop()].inputs:
            if name in stages and name not in wanted:
                wanted.add(name)
                open_ends.append(name)
    return [name for name in stages if name in wanted]
