"""The tables of the page on text, numbers and dates say what the software does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.ingest.changes import CHANGES
from assets.ingest.numbers import NumberText
from assets.ingest.shape import EARLIEST, readings, typed
from assets.ingest.spec import ColumnMap
from assets.text.mend import undo_double_utf8
from quality.contract import FieldContract, load_contracts

PAGE = Path(__file__).parents[3] / "docs" / "methods" / "text-numbers-dates.md"
DAY: FieldContract = load_contracts()["survey_response"].field("responded_on")


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is the given one, without code marks."""
    [block] = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in block.splitlines()]


def test_kinds_are_those_there_are() -> None:
    named = [kind for row in table("kind") for kind in re.findall(r"\w+\.\w+", row[0])]
    assert sorted(named) == sorted(CHANGES)


def test_bytes() -> None:
    rows = table("bytes")
    assert len(rows) == 4
    for data, *letters in rows:
        for charset, text in zip(("tcvn3", "vni", "viscii"), letters, strict=True):
            assert not text or bytes.fromhex(data).decode(charset) == text
    assert undo_double_utf8("Ná»™i vá»¥") == "Nội vụ"


@pytest.mark.parametrize("row", table('text \\| `decimal_mark: ","`'), ids=str)
def test_numbers(row: list[str]) -> None:
    text, *expected = row
    for mark, value in zip((",", "."), expected, strict=True):
        found = ask(NumberText(mark).plain("t"), text)  # type: ignore[arg-type]
        assert found == (None if value == "refused" else value)


@pytest.mark.parametrize("row", table("text \\| `formats`"), ids=str)
def test_dates(row: list[str]) -> None:
    text, formats, first, expected = row
    column = ColumnMap(
        column="Ngày", formats=(formats,) if formats else (), two_digit_years_from=int(first) if first else None
    )
    [local] = readings(DAY, column, "t", NumberText(",")).values()
    [day] = typed(DAY, "t", "Asia/Ho_Chi_Minh").values()
    found = ask(day, text, f', {local} AS "responded_on__local"')
    assert (None if found is None else str(found)) == (None if expected == "refused" else expected)
    assert EARLIEST in day


def ask(sql: str, text: str, more: str = "") -> Any:
    with duckdb.connect() as connection:
        [(value,)] = connection.execute(f"SELECT {sql} FROM (SELECT t{more} FROM (SELECT ? AS t))", [text]).fetchall()
    return value
