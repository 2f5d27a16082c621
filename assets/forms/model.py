"""What an official form is, before anyone draws it: titles, tables with spanned heads, notes and a signature block.

A form holds typed figures, not their text; how a number or a date is written is settled once, in `text.py`, for the three
renderers alike. Nothing here reads marts or knows a file format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal

Language = Literal["vi", "en"]
Format = Literal["xlsx", "docx", "pdf"]
# How the values of a column are written: a whole number, a percentage already multiplied by 100 (two decimals), points with
# one decimal or two, a dd/mm/yyyy date, or a text as it stands.
Kind = Literal["text", "count", "percent", "points_1", "points_2", "date"]


class Mark(Enum):
    """What stands in a cell instead of a value."""

    HIDDEN = "hidden"  # the figure rests on too few records to be shown to everybody
    NOT_APPLICABLE = "not applicable"  # the form has no value here, such as a total of ranks


# None means that there was nothing to calculate from; it is written as a dash, never as 0.
Value = str | int | float | date | Mark | None


@dataclass(frozen=True)
class HeadCell:
    """One cell of a table's head; it covers `columns` columns and `rows` rows from where it stands."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True)
class PlacedHead:
    """A head cell with the row and column, from 0, of its upper left corner."""

    cell: HeadCell
    row: int
    column: int


@dataclass(frozen=True)
class Column:
    """One column below the head. `width` is relative to the other columns of the table."""

    kind: Kind
    width: float = 1.0


@dataclass(frozen=True)
class Line:
    """One row of a table's body, a value per column. A `section` line's first filled cell is its heading (Roman numerals,
    levels of government); a `total` line is written in bold."""

    values: tuple[Value, ...]
    role: Literal["body", "section", "total"] = "body"


@dataclass(frozen=True)
class Table:
    """A table whose `head` rows are filled left to right, cells that span rows keeping their place in the rows below.

    `numbers` is the row of column numbers under the head, such as "(3) = (4) + (5) + (6)"; empty for none.
    `lines` is what stands in the body, totals included, in order; an empty tuple is drawn as one line saying that the
    period has no records.
    """

    columns: tuple[Column, ...]
    head: tuple[tuple[HeadCell, ...], ...]
    lines: tuple[Line, ...]
    numbers: tuple[str, ...] = ()
    caption: str = ""

    def __post_init__(self) -> None:
        wrong = [line for line in self.lines if len(line.values) != len(self.columns)]
        if wrong or (self.numbers and len(self.numbers) != len(self.columns)):
            raise ValueError(f"a line of the table {self.caption!r} does not have {len(self.columns)} values")
        covered = sum(placed.cell.rows * placed.cell.columns for placed in self.placed_head)
        if covered != len(self.head) * len(self.columns):
            raise ValueError(f"the head of the table {self.caption!r} does not cover its {len(self.columns)} columns")

    @property
    def placed_head(self) -> tuple[PlacedHead, ...]:
        """The head cells where they stand. Raises ValueError for one that would stand outside the table or on another."""
        taken: set[tuple[int, int]] = set()
        placed = []
        for row, cells in enumerate(self.head):
            column = 0
            for cell in cells:
                while (row, column) in taken:
                    column += 1
                corners = {(row + y, column + x) for y in range(cell.rows) for x in range(cell.columns)}
                fits = row + cell.rows <= len(self.head) and column + cell.columns <= len(self.columns)
                if not fits or corners & taken:
                    raise ValueError(f"the head cell {cell.text!r} of the table {self.caption!r} has no room")
                taken |= corners
                placed.append(PlacedHead(cell, row, column))
        return tuple(placed)


@dataclass(frozen=True)
class Heading:
    """A heading inside a report: "I. KẾT QUẢ CHUNG" is level 1, "1. …" level 2."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text, justified."""

    text: str


Block = Table | Heading | Paragraph


@dataclass(frozen=True)
class Form:
    """One form of one unit and period, in one language.

    `code` names the kind of form in file names and in the index, `number` what the legal text calls it ("Biểu II.06a"),
    `issuer_above` and `issuer` the two lines of the letterhead, `addressee` the office that receives it ("" for none),
    `period` the period in words with its two dates, `unit_of_measure` "Đơn vị tính: hồ sơ TTHC" or "". `place` begins the
    line of place and date, whose day is left for the person who signs. `signer` is one line per rank of the signature
    block ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"), `recipients` the lines under "Nơi nhận:".
    """

    code: str
    number: str
    language: Language
    unit_code: str
    period_id: str
    issuer_above: str
    issuer: str
    place: str
    document_symbol: str
    title: str
    subtitle: str
    legal_basis: str
    period: str
    unit_of_measure: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    signer: tuple[str, ...]
    recipients: tuple[str, ...]
    addressee: str = ""
    landscape: bool = False
    simulated: bool = False
    prepared_by: str = field(default="")
