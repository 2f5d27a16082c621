"""Numbers and dates in text: against Python's own arithmetic, and Excel's count of days against openpyxl's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel  # type: ignore[import-untyped]
from pydantic import ValidationError

from assets.ingest.dates import DateText
from assets.ingest.numbers import DecimalMark, NumberText
from assets.ingest.readers.cells import cell_text, text_column
from assets.ingest.spec import ColumnMap

# Other tests run beside this one: what a statement takes says nothing.
PROPERTY = settings(deadline=None, max_examples=40)
Ask = Callable[[str, Sequence[str | None]], list[Any]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    connection = duckdb.connect()

    def values(sql: str, texts: Sequence[str | None]) -> list[Any]:
        found = connection.execute(f"SELECT {sql} FROM (SELECT unnest(?) AS t)", [list(texts)]).fetchall()
        return [value for (value,) in found]

    return values


# --- numbers ------------------------------------------------------------------------------------------------------------

# Text, its value where the comma is stated, and where the point is.
READINGS = [
    ("1.234,56", "1234.56", "1234.56"),
    ("1,234.56", "1234.56", "1234.56"),
    ("1.234", "1234", "1.234"),
    ("1,234", "1.234", "1234"),
    ("-1.234", "-1234", "-1.234"),
    ("1.234.567", "1234567", "1234567"),
    ("1,234,567", "1234567", "1234567"),
    ("1 234 567,5", "1234567.5", "1234567.5"),
    ("1\u00a0234\u00a0567", "1234567", "1234567"),
    ("12\u202f345", "12345", "12345"),
    ("1 234.5", "1234.5", "1234.5"),
    ("12.5", "12.5", "12.5"),
    ("12,5", "12.5", "12.5"),
    ("0.125", "0.125", "0.125"),
    ("0,125", "0.125", "0.125"),
    ("1234.567", "1234.567", "1234.567"),
    ("1234,567", "1234.567", "1234.567"),
    ("7.1250", "7.125", "7.125"),
    ("1.5e3", "1500", "1500"),
    ("+3", "3", "3"),
    *(
        (text, None, None)
        for text in ("1,2,3", "1.23,4", "12.3456,7", ",5", "1,", "1.234,567.8", "1 23", "12 345 6", "1 234.567.8")
    ),
    *((text, None, None) for text in ("0x10", "1_000", "nan", "một", "1.234 đồng", "--1", "01.234.567")),
]


@pytest.mark.parametrize(("mark", "place"), [(",", 1), (".", 2)])
def test_readings_of_numbers(ask: Ask, mark: DecimalMark, place: int) -> None:
    sql = f"try_cast({NumberText(mark).plain('t')} AS DECIMAL(18, 4))"
    found = dict(zip([row[0] for row in READINGS], ask(sql, [row[0] for row in READINGS]), strict=True))
    assert found == {row[0]: Decimal(row[place]) if row[place] else None for row in READINGS}


@PROPERTY
@given(
    st.lists(st.decimals(-99_999_999, 99_999_999, places=4), min_size=1),
    st.sampled_from(",."),
    st.sampled_from(". \u00a0,"),
)
def test_numbers_written_as_the_source_states(
    ask: Ask, numbers: list[Decimal], mark: DecimalMark, between: str
) -> None:
    if between == mark:
        between = "." if mark == "," else ","
    texts = [f"{number:,f}".translate(str.maketrans({",": between, ".": mark})) for number in numbers]
    number = NumberText(mark)
    assert ask(f"try_cast({number.plain('t')} AS DECIMAL(18, 4))", texts) == numbers
    assert ask(number.has_thousands("t"), texts) == [between in text for text in texts]
    assert ask(number.has_decimal_comma("t"), texts) == [mark == ","] * len(texts)


def test_a_number_that_is_one_in_its_file_never_looks_like_thousands(ask: Ask) -> None:
    """A workbook's 7.125 is no 7125, whatever is stated; other numbers keep their shortest text."""
    values = [7.125, -999.001, 0.125, 1234.567, 12.5, 7.0, 1e-7, 1e21, Decimal("7.125"), Decimal("7.1"), 100]
    texts = [cell_text(value) for value in values]
    assert texts[:6] == ["7.1250", "-999.0010", "0.125", "1234.567", "12.5", "7"]
    for mark in ",.":
        sql = f"CAST({NumberText(mark).plain('t')} AS DOUBLE)"  # type: ignore[arg-type]
        assert ask(sql, texts) == [float(value) for value in values]
    assert text_column([7.125, 0.5]).to_pylist() == ["7.1250", "0.5"]


@PROPERTY
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1))
def test_every_float_comes_back(ask: Ask, numbers: list[float]) -> None:
    texts = text_column(numbers).to_pylist()
    assert texts == [cell_text(number) for number in numbers]
    for mark in ",.":
        assert ask(f"CAST({NumberText(mark).plain('t')} AS DOUBLE)", texts) == numbers  # type: ignore[arg-type]


# --- dates ----------------------------------------------------------------------------------------------------------------


def read(ask: Ask, texts: Sequence[str], *formats: str, years_from: int | None = None) -> list[dt.datetime | None]:
    return ask(f"coalesce({', '.join([*DateText(formats, years_from).ways('t'), 'NULL'])})", texts)


@pytest.mark.parametrize(
    ("system", "epoch"), [("excel_1900", CALENDAR_WINDOWS_1900), ("excel_1904", CALENDAR_MAC_1904)]
)
def test_serial_numbers_of_excel(ask: Ask, system: str, epoch: dt.datetime) -> None:
    numbers = [*range(1, 60), *range(61, 800), *range(36_000, 60_000, 37), 45017.4375, 45017.99999]
    found = read(ask, [cell_text(float(number)) or "" for number in numbers], system)
    expected = [from_excel(number, epoch) for number in numbers]
    for number, day, truth in zip(numbers, found, expected, strict=True):
        assert day is not None and abs(day - truth) < dt.timedelta(milliseconds=1), number


def test_serial_numbers_at_their_edges(ask: Ask) -> None:
    first, last, *others = read(
        ask, ["1", "61", "60", "60.5", "0", "-1", "123456", "1.5.2023", "45017,5"], "excel_1900"
    )
    assert (first, last) == (dt.datetime(1900, 1, 1), dt.datetime(1900, 3, 1))
    assert others == [None] * 7  # 60 is the 29 February 1900 that never was
    assert read(ask, ["0"], "excel_1904") == [dt.datetime(1904, 1, 1)]
    assert read(ask, ["45017", "01/04/2023"], "%d/%m/%Y") == [None, dt.datetime(2023, 4, 1)]
    assert read(ask, ["45017", "01/04/2023"], "%d/%m/%Y", "excel_1900") == [dt.datetime(2023, 4, 1)] * 2


@PROPERTY
@given(st.integers(1850, 2050), st.lists(st.dates(dt.date(1850, 1, 1), dt.date(2149, 12, 31)), min_size=1, max_size=20))
def test_two_digit_years_stay_in_their_window(ask: Ask, first: int, days: list[dt.date]) -> None:
    texts = [f"{day.day}/{day.month}/{day.year % 100:02d}" for day in days]
    for text, found in zip(texts, read(ask, texts, "%d/%m/%Y", "%d/%m/%y", years_from=first), strict=True):
        day, month, year = map(int, text.split("/"))
        [full] = [one for one in range(first, first + 100) if one % 100 == year]
        try:
            expected = dt.datetime(full, month, day)
        except ValueError:  # 29 February 00
            expected = None
        assert found == expected


def test_day_and_month_are_never_swapped_and_years_never_guessed(ask: Ask) -> None:
    assert read(ask, ["13/04/2023", "04/13/2023", "3/4/2023"], "%d/%m/%Y") == [
        dt.datetime(2023, 4, 13),
        None,
        dt.datetime(2023, 4, 3),
    ]
    # Four digits where two are stated, beside a format that has four.
    assert read(ask, ["3/4/2023", "3/4/23"], "%d/%m/%Y", "%d/%m/%y", years_from=1950) == [dt.datetime(2023, 4, 3)] * 2


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ({"formats": ["%d/%m/%y"]}, "two_digit_years_from"),
        ({"formats": ["%d/%m/%Y"], "two_digit_years_from": 1950}, "two_digit_years_from"),
        ({"formats": ["excel_1900", "excel_1904"]}, "excel_1904"),
        ({"formats": ["%d%m%Y", "excel_1900"]}, "%d%m%Y"),
        ({"formats": ["excel"]}, "excel_1900"),
        ({"letter_case": "upper", "column": None, "constant": "a"}, "letter_case"),
    ],
)
def test_what_a_spec_must_state(stated: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ColumnMap.model_validate({"column": "Ngày", **stated}, strict=False)
