"""Reporting months and the day a submission for one is due. Quarters and years are made of them in the warehouse."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from assets.reference.working_days import IsWorking

_FIELDS: list[pa.Field[Any]] = [
    pa.field("month_id", pa.string(), nullable=False),
    pa.field("starts_on", pa.date32(), nullable=False),
    pa.field("ends_on", pa.date32(), nullable=False),
    pa.field("due_on", pa.date32(), nullable=False),
]
REPORTING_MONTH_SCHEMA = pa.schema(_FIELDS)

# The last day every month has; a later cut-off would give February no such day.
LAST_CUT_OFF_DAY = 28
_ONE_DAY = timedelta(days=1)


def month_of(day: date, cut_off_day: int) -> str:
    """Return the reporting month (``2023-06``) a local date falls in.

    With cut-off day 14, the 15th and later belong to the next month (NĐ 09/2019/NĐ-CP as applied: 15 → 14); 0 means
    calendar months. ValueError when the cut-off day is not within 0..28.
    """
    year, month = _month_of(day, cut_off_day)
    return f"{year:04d}-{month:02d}"


def reporting_months(first: date, last: date, cut_off_day: int, working_days: int, is_working: IsWorking) -> pa.Table:
    """Return every reporting month that holds a day of `first`..`last`, one row each, in order.

    `starts_on` and `ends_on` are local dates, both inclusive; `due_on` is the `working_days`-th day after `ends_on` that
    `is_working`. ValueError when `last` is before `first` or
    the cut-off day is not within 0..28.
    """
    if last < first:
        raise ValueError(f"last day {last} is before first day {first}")
    year, month = _month_of(first, cut_off_day)
    end = _month_of(last, cut_off_day)
    rows = []
    while (year, month) <= end:
        following = (year + month // 12, month % 12 + 1)
        if cut_off_day == 0:
            starts_on, ends_on = date(year, month, 1), date(*following, 1) - _ONE_DAY
        else:
            before = (year - 1, 12) if month == 1 else (year, month - 1)
            starts_on, ends_on = date(*before, cut_off_day) + _ONE_DAY, date(year, month, cut_off_day)
        due_on = _working_day_after(ends_on, working_days, is_working)
        rows.append(
            {"month_id": f"{year:04d}-{month:02d}", "starts_on": starts_on, "ends_on": ends_on, "due_on": due_on}
        )
        year, month = following
    return pa.Table.from_pylist(rows, schema=REPORTING_MONTH_SCHEMA)


def _month_of(day: date, cut_off_day: int) -> tuple[int, int]:
    if not 0 <= cut_off_day <= LAST_CUT_OFF_DAY:
        raise ValueError(f"cut-off day {cut_off_day} is not within 0..{LAST_CUT_OFF_DAY}")
    if cut_off_day == 0 or day.day <= cut_off_day:
        return day.year, day.month
    return day.year + day.month // 12, day.month % 12 + 1


def _working_day_after(day: date, count: int, is_working: IsWorking) -> date:
    """The `count`-th working day after a day; the day itself when the count is 0."""
    for _ in range(count):
        day += _ONE_DAY
        while not is_working(day):
            day += _ONE_DAY
    return day
