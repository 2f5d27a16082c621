"""The office's working days: Vietnam's calendar with its swapped Saturdays, and over it what reference tables state.

Counting days between two dates happens in the warehouse, with the running number given here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import holidays
import pyarrow as pa

_FIELDS: list[pa.Field[Any]] = [
    pa.field("day_on", pa.date32(), nullable=False),
    pa.field("is_working", pa.int64(), nullable=False),
    pa.field("working_day_number", pa.int64(), nullable=False),
]
WORKING_DAY_SCHEMA = pa.schema(_FIELDS)

# A deadline worked out from the last day of the data falls into the year after it.
MARGIN = timedelta(days=366)
_ONE_DAY = timedelta(days=1)

IsWorking = Callable[[date], bool]


def working_day_test(stated: pa.Table) -> IsWorking:
    """Return the test whether offices work on a day.

    Monday to Friday less public holidays, their substitutes and days swapped away, plus Saturdays worked in exchange, all
    as the package `holidays` has them for Vietnam (Labour Code 2019, article 112, and the yearly announcements); a row of
    `stated` (the reference table calendar_day) overrides the package.
    """
    calendar = holidays.country_holidays("VN")
    said = {row["day_on"]: row["is_working"] == "yes" for row in stated.to_pylist()}

    def is_working(day: date) -> bool:
        return said[day] if day in said else calendar.is_working_day(day)

    return is_working


def working_days(first: date, last: date, is_working: IsWorking) -> pa.Table:
    """Return one row per day from `MARGIN` before `first` to `MARGIN` after `last`, in order.

    `is_working` is 1 or 0. `working_day_number` counts the working days up to and including the day, so that the
    difference of two days' numbers is the number of working days after the one up to the other. ValueError when `last` is
    before `first`.
    """
    if last < first:
        raise ValueError(f"last day {last} is before first day {first}")
    day = max(first, date.min + MARGIN) - MARGIN
    end = min(last, date.max - MARGIN) + MARGIN
    days, flags, numbers = [], [], []
    number = 0
    while True:
        works = is_working(day)
        number += works
        days.append(day)
        flags.append(int(works))
        numbers.append(number)
        if day == end:
            return pa.table([days, flags, numbers], schema=WORKING_DAY_SCHEMA)
        day += _ONE_DAY
