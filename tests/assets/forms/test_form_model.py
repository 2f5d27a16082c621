"""What a form may be, and how its values are written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.forms.letterhead import LETTERHEADS
from assets.forms.model import Column, HeadCell, Kind, Line, Mark, Table, Value
from assets.forms.text import clean, heading_place, line_texts, value_text


def table(*head: tuple[HeadCell, ...], columns: int = 3) -> Table:
    return Table((Column("count"),) * columns, head, ())


def test_head_cells_that_span_rows_keep_their_place_below() -> None:
    whole = table((HeadCell("a", rows=2), HeadCell("b", columns=2)), (HeadCell("c"), HeadCell("d")))
    assert [(p.cell.text, p.row, p.column) for p in whole.placed_head] == [
        ("a", 0, 0), ("b", 0, 1), ("c", 1, 1), ("d", 1, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "head",
    [
        [(HeadCell("a"), HeadCell("b"))],  # one column is left
        [(HeadCell("a", columns=4),)],
        [(HeadCell("a", columns=3, rows=2),)],  # runs out below
        [(HeadCell("a"), HeadCell("b", rows=2), HeadCell("c")), (HeadCell("d", columns=2), HeadCell("e"))],
    ],
)
def test_a_head_that_does_not_fit_its_columns_is_refused(head: list[tuple[HeadCell, ...]]) -> None:
    with pytest.raises(ValueError, match="head"):
        table(*head)


@pytest.mark.parametrize(
    ("value", "kind", "vi", "en"),
    [
        (1234567, "count", "1.234.567", "1,234,567"),
        (-5, "count", "-5", "-5"),
        (46.66, "percent", "46,66%", "46.66%"),
        (100, "percent", "100,00%", "100.00%"),
        (3.125, "percent", "3,13%", "3.13%"),  # half up, as Excel shows it
        (2.675, "points_2", "2,68", "2.68"),
        (-2.5, "points_1", "-2,5", "-2.5"),
        (1234.5, "points_2", "1.234,50", "1,234.50"),
        (date(2023, 6, 4), "date", "04/06/2023", "04/06/2023"),
        (None, "percent", "–", "–"),
        (Mark.HIDDEN, "count", "ẩn", "hidden"),
        (Mark.NOT_APPLICABLE, "count", "×", "×"),
        ("=1+1", "count", "=1+1", "=1+1"),
    ],
)  # fmt: skip
def test_a_value_is_written(value: Value, kind: Kind, vi: str, en: str) -> None:
    assert value_text(value, kind, "vi") == vi
    assert value_text(value, kind, "en") == en


@given(st.integers(-(10**8), 10**8))
def test_points_are_what_they_count(hundredths: int) -> None:
    text = value_text(hundredths / 100, "points_2", "vi")
    assert int(text.replace(".", "").replace(",", "")) == hundredths


def test_a_dash_stands_for_no_figure_but_not_before_a_total_or_in_a_section() -> None:
    kinds: tuple[Kind, ...] = ("count", "text", "count")
    assert line_texts(Line((None, "a", None)), kinds, "vi") == ["–", "a", "–"]
    assert line_texts(Line((None, "a", None), "total"), kinds, "vi") == ["", "a", "–"]
    assert line_texts(Line((None, "a", None), "section"), kinds, "vi") == ["", "a", ""]


def test_a_section_that_is_a_heading_alone_runs_to_the_end_of_the_line() -> None:
    assert heading_place(Line(("I", "Cấp xã", None), "section")) == 1
    assert heading_place(Line(("Cấp xã", None, None), "section")) == 0
    assert heading_place(Line((None, "Cấp xã", 5), "section")) is None
    assert heading_place(Line(("Cấp xã", None, None), "total")) is None


def test_unwritable_characters_go_and_no_others() -> None:
    assert clean("a\x00\x08\x0b\ud800\uffffb\tc\r\nd") == "ab\tc\nd"


def test_both_languages_have_all_words() -> None:
    vi, en = LETTERHEADS["vi"], LETTERHEADS["en"]
    assert all(getattr(vi, name) and getattr(en, name) != getattr(vi, name) for name in vi.__dataclass_fields__)
