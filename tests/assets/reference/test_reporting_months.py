"""Reporting months and due days, against published dates (domain reference 4.3 and 5.6)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest

from assets.reference import periods
from assets.reference.periods import month_of
from assets.reference.working_days import working_day_test
from quality.contract import landing_schema, load_contracts

CALENDAR_DAY = landing_schema(load_contracts()["calendar_day"])


def reporting_months(first: date, last: date, cut_off_day: int, working_days: int) -> pa.Table:
    is_working = working_day_test(CALENDAR_DAY.empty_table())
    return periods.reporting_months(first, last, cut_off_day, working_days, is_working)


def due(first: date, cut_off_day: int, working_days: int) -> date:
    day: date = reporting_months(first, first, cut_off_day, working_days).column("due_on")[0].as_py()
    return day


def test_a_month_runs_from_the_fifteenth_to_the_fourteenth() -> None:
    months = reporting_months(date(2022, 12, 15), date(2023, 12, 14), 14, 2).to_pylist()
    assert [month["month_id"] for month in months] == [f"2023-{number:02d}" for number in range(1, 13)]
    assert (months[0]["starts_on"], months[0]["ends_on"]) == (date(2022, 12, 15), date(2023, 1, 14))
    june = months[5]
    assert (june["starts_on"], june["ends_on"], june["due_on"]) == (
        date(2023, 5, 15),
        date(2023, 6, 14),
        date(2023, 6, 16),
    )
    assert months[11]["ends_on"] == date(2023, 12, 14)


def test_months_follow_each_other_without_gap_or_overlap() -> None:
    for cut_off_day in (0, 1, 14, 28):
        months = reporting_months(date(2019, 12, 31), date(2024, 3, 1), cut_off_day, 2).to_pylist()
        for before, after in pairwise(months):
            assert after["starts_on"] == before["ends_on"] + timedelta(days=1)
        for month in months:
            for day in (month["starts_on"], month["ends_on"]):
                assert month_of(day, cut_off_day) == month["month_id"]


def test_calendar_months() -> None:
    [february] = reporting_months(date(2024, 2, 3), date(2024, 2, 20), 0, 2).to_pylist()
    assert (february["starts_on"], february["ends_on"]) == (date(2024, 2, 1), date(2024, 2, 29))
    assert month_of(date(2023, 5, 31), 0) == "2023-05"


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2023, 6, 14), "2023-06"),
        (date(2023, 6, 15), "2023-07"),
        (date(2023, 12, 14), "2023-12"),
        (date(2023, 12, 15), "2024-01"),
        (date(2023, 12, 31), "2024-01"),
    ],
)
def test_month_of_a_day(day: date, month: str) -> None:
    assert month_of(day, 14) == month


def test_due_day_passes_over_weekends_and_holidays() -> None:
    # 14/07/2023 is a Friday; 20..26/01/2023 is Tết; 01..04/09/2023 National Day with its substitute.
    assert due(date(2023, 7, 1), 14, 2) == date(2023, 7, 18)
    assert due(date(2023, 1, 10), 19, 2) == date(2023, 1, 30)
    assert due(date(2023, 8, 10), 0, 1) == date(2023, 9, 5)
    # 10/3 lunar fell on Saturday 29/04/2023: 2 and 3 May were off as well.
    assert due(date(2023, 4, 10), 28, 1) == date(2023, 5, 4)


@pytest.mark.parametrize(
    ("friday", "saturday", "next_working_day"),
    [
        (date(2019, 1, 4), date(2019, 1, 5), date(2019, 1, 7)),
        (date(2024, 5, 3), date(2024, 5, 4), date(2024, 5, 6)),
        (date(2025, 4, 25), date(2025, 4, 26), date(2025, 4, 28)),
        (date(2026, 8, 21), date(2026, 8, 22), date(2026, 8, 24)),
    ],
)
def test_a_saturday_worked_in_exchange_counts(friday: date, saturday: date, next_working_day: date) -> None:
    assert due(friday, friday.day, 1) == saturday
    assert due(friday, friday.day, 2) == next_working_day


def test_the_day_off_in_exchange_does_not_count() -> None:
    # 29/04/2024 (a Monday) was off for the Saturday 04/05; 30/04 and 01/05 are holidays.
    assert due(date(2024, 4, 26), 26, 1) == date(2024, 5, 2)


def test_no_working_days_means_the_cut_off_itself() -> None:
    assert due(date(2023, 6, 1), 14, 0) == date(2023, 6, 14)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cut-off day 29 is not within 0\.\.28"):
        month_of(date(2023, 1, 1), 29)
    with pytest.raises(ValueError, match="before first day"):
        reporting_months(date(2023, 2, 1), date(2023, 1, 1), 14, 2)


def test_the_office_calendar_decides_when_a_delivery_is_due() -> None:
    # 16/06/2023, a Friday, is the second working day after the cut-off; the office states that it does not work then.
    stated = pa.Table.from_pylist([{"day_on": date(2023, 6, 16), "is_working": "no", "reason": None}], CALENDAR_DAY)
    months = periods.reporting_months(date(2023, 6, 1), date(2023, 6, 1), 14, 2, working_day_test(stated))
    assert months.column("due_on").to_pylist() == [date(2023, 6, 19)]
