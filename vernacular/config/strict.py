"""The base of all settings classes: unknown keys are rejected, values are immutable."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME = r"^[a-z][a-z0-9_]*$"
LONGEST_NAME = 40
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=LONGEST_NAME)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A settings class: unknown keys are rejected, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)
