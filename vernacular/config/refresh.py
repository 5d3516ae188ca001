"""Settings of automatic updates of a language."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from vernacular.config.strict import Strict


class Refresh(Strict):
    """What runs automatically: sources are fetched when due, and stages that depend on new text run again."""

    automatic: bool = Field(False, description=(
        "Fetch due sources and run stages affected by new text or an edit of this folder. Requires Dagster's "
        "daemon (`vernacular ui`) with the sensor `upkeep` on (docs/how-to/keep-up-to-date.md)."))
    cron: str | None = Field(None, description=(
        "When runs may start, as five fields: minute, hour, day, month, weekday. Not set: at once."),
        examples=["0 2 * * 6"])
    timezone: str = Field("UTC", description="Time zone of `cron`, as in the tz database.",
                          examples=["Africa/Blantyre"])
    rebuild_days: float = Field(28, ge=0, examples=[7], description=(
        "Days after which the corpus is recomputed and compared, to verify it (requires `automatic` and the "
        "schedule `rebuild`); 0: never."))
    warn_days: float | None = Field(None, ge=0.01, description=(
        "The UI warns if the release is older than this many days. Requires `fail_days`. Not set: no warning."),
        examples=[30])
    fail_days: float | None = Field(None, ge=0.01, description=(
        "The UI marks the release as too old after this many days. Not set: never."), examples=[60])

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str | None) -> str | None:
        if value is not None and (len(value.split()) != 5 or not croniter.is_valid(value)):
            raise ValueError(f"'{value}' does not have five fields: minute, hour, day of the month, month, day of "
                             "the week, such as `0 2 * * 6`")
        return value

    @model_validator(mode="after")
    def _windows(self) -> Refresh:
        if self.warn_days is not None and (self.fail_days is None or self.fail_days <= self.warn_days):
            raise ValueError("`warn_days` without a longer `fail_days`; write both, such as `warn_days: 30` and "
                             "`fail_days: 60`, or `fail_days` alone")
        return self

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"unknown time zone '{value}'; use one of the "
                             "tz database, such as Africa/Blantyre") from None
        return value
