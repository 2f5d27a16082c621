"""The working-day calendar against the published days off and swapped Saturdays (domain reference 5.6)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assets.reference.tables import reference_tables
from assets.reference.working_days import MARGIN, working_day_test, working_days
from quality.contract import landing_schema, load_contracts

SHIPPED = Path(__file__).resolve().parents[3] / "assets" / "reference" / "shipped"
CALENDAR_DAY = landing_schema(load_contracts()["calendar_day"])
FIRST, LAST = date(2023, 1, 1), date(2026, 12, 31)

# Days off as published, Saturdays and Sundays among them left in: they are off in any case.
DAYS_OFF = {
    2023: "01-01 01-02 01-20 01-21 01-22 01-23 01-24 01-25 01-26 04-29 04-30 05-01 05-02 05-03 09-01 09-02 09-04",
    2024: "01-01 02-08 02-09 02-10 02-11 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
    2025: "01-01 01-27 01-28 01-29 01-30 01-31 02-01 04-07 04-30 05-01 05-02 09-01 09-02",
    # 02/01 is the shipped row; the rest is the package's.
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-26 04-27 04-30 05-01 08-31 09-01 09-02 11-24",
}
SATURDAYS_WORKED = {date(2024, 5, 4), date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)}


def by_day(stated: pa.Table) -> dict[date, dict[str, Any]]:
    table = working_days(FIRST, LAST, working_day_test(stated))
    return {row["day_on"]: row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    tables, problems = reference_tables(SHIPPED, tmp_path_factory.mktemp("no_overlay"), {}, load_contracts())
    assert problems == []
    return tables["calendar_day"]


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_the_days_worked_are_those_published(shipped: pa.Table, year: int) -> None:
    off = {date.fromisoformat(f"{year}-{day}") for day in DAYS_OFF[year].split()}
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year == 2024))]
    expected = [day for day in days if day in SATURDAYS_WORKED or (day.weekday() < 5 and day not in off)]
    calendar = by_day(shipped)
    assert [day for day in days if calendar[day]["is_working"] == 1] == expected


def test_the_number_counts_the_working_days_passed(shipped: pa.Table) -> None:
    calendar = by_day(shipped)
    assert min(calendar) == FIRST - MARGIN
    assert max(calendar) == LAST + MARGIN
    assert len(calendar) == (LAST - FIRST).days + 1 + 2 * MARGIN.days
    passed = 0
    for day in sorted(calendar):
        passed += calendar[day]["is_working"]
        assert calendar[day]["working_day_number"] == passed
    # Thursday 25/04/2024 to Monday 06/05/2024: 26/04, 02/05, 03/05, Saturday 04/05 and 06/05 are worked.
    number = {day: row["working_day_number"] for day, row in calendar.items()}
    assert number[date(2024, 5, 6)] - number[date(2024, 4, 25)] == 5


def test_what_an_office_states_goes_before_the_package() -> None:
    stated = pa.Table.from_pylist(
        [
            {"day_on": date(2026, 8, 22), "is_working": "no", "reason": None},
            {"day_on": date(2023, 6, 7), "is_working": "no", "reason": "Mất điện"},
            {"day_on": date(2023, 6, 10), "is_working": "yes", "reason": "Làm bù"},
            {"day_on": date(2023, 9, 4), "is_working": "yes", "reason": None},
        ],
        CALENDAR_DAY,
    )
    calendar = by_day(stated)
    assert [calendar[day]["is_working"] for day in stated["day_on"].to_pylist()] == [0, 0, 1, 1]


@pytest.mark.parametrize("day", [date.min, date(203, 2, 1), date(2501, 7, 1), date.max])
def test_a_mistyped_year_does_not_stop_the_calendar(day: date) -> None:
    table = working_days(day, day, working_day_test(CALENDAR_DAY.empty_table()))
    assert day in table["day_on"].to_pylist()


def test_days_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="before first day"):
        working_days(LAST, FIRST, working_day_test(CALENDAR_DAY.empty_table()))
