"""What a stage reports: counts, samples, plots, gates, remarks, and the result itself."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.result import Result, SampleRow

_Result = TypeVar("_Result", bound=Result)


class Count(BaseModel):
    """A number and its meaning in one line, stored beside the data."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    value: float | int
    meaning: str
    unit: str = ""


class Gate(BaseModel):
    """A rule, whether it passed, the ``reason``, and a default fix for a failed gate."""

    model_config = ConfigDict(extra="forbid")

    name: str
    passed: bool
    reason: str
    value: float | None = None
    threshold: float | None = None
    blocking: bool = False
    fix: str = ""

    @property
    def message(self) -> str:
        """The reason, followed by the fix if the gate failed."""
        return f"{self.reason}. {self.fix}" if self.fix and not self.passed else self.reason


class Remark(BaseModel):
    """A setting that works but loses quality unnoticed; the rules are in ``vernacular.remarks``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(description="stable, such as VN-FEW-STEPS")
    what: str = Field(description="the observation, and the measurement that shows its cost")
    fix: str = Field(description="what to do, with key and value")

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.what}. {self.fix} [{self.code}]"


class Report(BaseModel):
    """The report of a result, shown in the Dagster UI, on the command line and in the card.

    ``samples`` are small tables (lists of rows by name); ``plots`` map a title to a PNG file in the
    artifact folder; ``details`` is the stage's result as JSON: ``set_result`` writes it, ``read_result``
    reads it.
    """

    model_config = ConfigDict(extra="forbid")

    counts: dict[str, Count] = Field(default_factory=dict)
    samples: dict[str, list[SampleRow]] = Field(default_factory=dict)
    plots: dict[str, str] = Field(default_factory=dict)
    gates: list[Gate] = Field(default_factory=list)
    remarks: list[Remark] = Field(default_factory=list)
    details: dict[str, JsonValue] = Field(default_factory=dict)

    def set_result(self, result: Result) -> None:
        """Keep the result of the stage."""
        self.details = result.as_json()

    def read_result(self, model: type[_Result], stage: str) -> _Result:
        """The result of the stage.

        Args:
            model: what the stage declares as its ``result``.
            stage: name of the stage, for the message.

        Raises:
            Problem: this is not such a result: another version of the stage wrote it, or the file was changed.
        """
        try:
            return model.model_validate(self.details)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole of it"
            raise Problem(f"the result is not a {model.__name__} of this version ({place}: "
                          f"{first['msg']})", where=stage,
                          fix=f"Delete the current artifact of {stage} and run the language again",
                          code=Code.RESULT_UNREADABLE) from None

    def remark(self, *remarks: Remark | None) -> None:
        """Add those of ``remarks`` that are not None."""
        self.remarks += [remark for remark in remarks if remark is not None]

    def count(self, name: str, value: float | int, meaning: str, unit: str = "") -> None:
        """Add the number ``name``, a stable identifier that includes its unit."""
        self.counts[name] = Count(value=value, meaning=meaning, unit=unit)
