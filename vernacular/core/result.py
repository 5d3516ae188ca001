"""What results of stages are made of: frozen models, numbers, intervals, estimates.

A stage writes one ``Result`` into its report, and its readers name the same model (``Report.read_result``). The
models themselves are beside the stages, in the modules ``stage_results``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)


def _from_json(value: Any) -> Any:
    return math.nan if value is None else value


def _to_json(value: float | int) -> float | int | None:
    return value if math.isfinite(value) else None


Number = Annotated[float | int, BeforeValidator(_from_json), PlainSerializer(_to_json)]  # JSON has null for NaN
OptionalNumber = float | int | None
Interval = tuple[Number, Number, Number]  # low, mean, high of a 95% interval
SampleRow = dict[str, JsonValue]  # a row of a small table that a person reads: column -> value


class Result(BaseModel):
    """A part of what a stage found out. In JSON, a field with a default is left out if it was not set or is None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {name: value for name, value in write(self).items()
                if name not in fields or fields[name].is_required()
                or (name in self.model_fields_set and getattr(self, name) is not None)}

    def as_json(self) -> dict[str, JsonValue]:
        """As it is written."""
        return self.model_dump(mode="json")

    @classmethod
    def extending(cls, result: Result, **more: Any) -> Self:
        """A result with the fields that are set in ``result``, of a class that this one extends, and with ``more``."""
        return cls(**{name: getattr(result, name) for name in result.model_fields_set} | more)


class NoResult(Result):
    """The result of a stage whose numbers are counts of its report alone."""


class Estimate(Result):
    """A mean with the ends of its 95% interval."""

    mean: Number
    low: Number
    high: Number

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, mean, high."""
        return self.low, self.mean, self.high


class DocumentsAndWords(Result):
    """How many documents and words."""

    documents: int
    words: int
