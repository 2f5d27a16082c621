"""Reporting months and working days of the simulation, counted in days since 1970-01-01 so that numpy can use them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import holidays
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_EPOCH = date(1970, 1, 1)
_SATURDAY = 5
DAY_SECONDS = 86_400


def to_day(day: date) -> int:
    """Return the number of days since 1970-01-01."""
    return (day - _EPOCH).days


def to_date(day: int) -> date:
    """Return the date that many days after 1970-01-01."""
    return _EPOCH + timedelta(days=int(day))


def past_february(year: int) -> int:
    """Return the number after February's last in that year: 29 for 2023, a day people do write."""
    return monthrange(year, 2)[1] + 1


@dataclass(frozen=True)
class ReportingMonth:
    """A reporting month; both days are inclusive local days since 1970-01-01."""

    month_id: str
    starts: int
    ends: int

    @property
    def days(self) -> Ints:
        return np.arange(self.starts, self.ends + 1, dtype=np.int64)


def reporting_months(year: int, cut_off_day: int, count: int) -> list[ReportingMonth]:
    """Return the month before the year and the first `count` months of it, each from the day after one cut-off to the next."""
    ends = [date(year - 1, 11, cut_off_day), date(year - 1, 12, cut_off_day)]
    ends += [date(year, month, cut_off_day) for month in range(1, count + 1)]
    return [ReportingMonth(f"{end:%Y-%m}", to_day(before) + 1, to_day(end)) for before, end in pairwise(ends)]


class WorkingDays:
    """Vietnamese working days of three years around `year`, with the Saturdays worked in exchange for bridge days."""

    def __init__(self, year: int) -> None:
        calendar = holidays.country_holidays("VN", years=range(year - 1, year + 2))
        worked: Collection[date] = calendar.weekend_workdays
        first, last = to_day(date(year - 1, 1, 1)), to_day(date(year + 1, 12, 31))
        self.days: Ints = np.array(
            [
                day
                for day in range(first, last + 1)
                if to_date(day) in worked or (to_date(day).weekday() < _SATURDAY and to_date(day) not in calendar)
            ],
            dtype=np.int64,
        )

    def within(self, month: ReportingMonth) -> Ints:
        """Return the working days of the month."""
        return self.days[(self.days >= month.starts) & (self.days <= month.ends)]

    def after(self, days: Ints, count: Ints) -> Ints:
        """Return the `count`-th working day after each day; count 0 gives the day itself or the next working day."""
        place = np.where(
            count == 0,
            np.searchsorted(self.days, days, side="left"),
            np.searchsorted(self.days, days, side="right") + count - 1,
        )
        return self.days[np.minimum(place, len(self.days) - 1)]

    def after_one(self, day: int, count: int) -> int:
        """Return the `count`-th working day after one day."""
        return int(self.after(np.array([day]), np.array([count]))[0])
