"""How a language is kept up to date by itself: whether, and when."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from vernacular.config.strict import Strict


class Refresh(Strict):
    """What happens without a person: sources are fetched when due, and what depends on new text is made again."""

    automatic: bool = Field(False, description="fetch what is due and run what new text or an edit of this folder asks "
                                               "for, while Dagster's daemon runs and its sensor `upkeep` is on")
    cron: str | None = Field(None, description="when runs may start, as five fields (`0 2 * * 6`: Saturdays at two); "
                                               "at once if left out")
    timezone: str = Field("UTC", description="of `cron`, such as Africa/Blantyre")
    rebuild_days: float = Field(28, ge=0, description="if `automatic`, the corpus is verified after so many days: "
                                                      "made anew from the stored documents and compared, while the "
                                                      "schedule `rebuild` is on; 0: never")
    warn_days: float | None = Field(None, ge=0.01, description="the UI warns when the release was not made for so many "
                                                               "days; needs `fail_days`")
    fail_days: float | None = Field(None, ge=0.01, description="and calls it too old after so many; never if left out")

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str | None) -> str | None:
        if value is not None and (len(value.split()) != 5 or not croniter.is_valid(value)):
            raise ValueError(f"'{value}' is no time of five fields: minute, hour, day of the month, month, day of the "
                             "week, such as `0 2 * * 6`")
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
            raise ValueError(f"there is no time zone '{value}'; write one of the tz database, such as "
                             "Africa/Blantyre") from None
        return value
