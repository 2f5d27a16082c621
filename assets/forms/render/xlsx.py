"""A form as a workbook of one sheet, to print and to calculate with: figures and dates are typed, text is text alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

import xlsxwriter

from assets.forms.letterhead import LETTERHEADS, basis_line, left_lines, recipient_lines, right_lines
from assets.forms.model import Form, Heading, Kind, Line, Paragraph, Table
from assets.forms.render import layout
from assets.forms.text import clean, heading_place, line_texts

# Fixed, because the wall clock would change the bytes of an unchanged form.
_CREATED = datetime(2000, 1, 1)
_FACE = "Times New Roman"
_SIZE = 11
# How the reader's own Excel writes a number: with a decimal comma where it is set to Vietnamese.
_NUMBERS: dict[Kind, str] = {
    "text": "@",
    "count": "#,##0",
    "percent": '#,##0.00"%"',  # figures are percentages already, 46.66 standing for 46.66 %
    "points_1": "#,##0.0",
    "points_2": "#,##0.00",
    "date": "dd/mm/yyyy",
}
_CELL_TEXT_LENGTH = 32_767
# Characters of the sheet's letters that fit into a millimetre of paper, and points of a line's height by those of its letters.
_PER_MILLIMETRE = 0.52
_LINE = 1.3
# Points that Excel allows a row at most.
_HIGHEST = 409
_FEWEST_COLUMNS = 4
# Widest sheet, in pages.
_WIDEST = 1.15
# Lines from which on the head stays in sight, and empty rows for a signature and a name.
_LONG = 30
_ROOM = 5

# A text and how it looks, in XlsxWriter's words.
_Text = tuple[str, dict[str, Any]]


def render(form: Form) -> bytes:
    """The XLSX; the same form gives the same bytes. Several tables stand below each other, each from the first column."""
    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
            "default_format_properties": {"font_name": _FACE, "font_size": _SIZE},
        },
    )
    workbook.set_properties({"title": clean(form.title), "author": "sipas-warehouse", "created": _CREATED})
    _Sheet(workbook, form).write()
    workbook.close()
    return stream.getvalue()


class _Sheet:
    """The sheet of one form, written from top to bottom."""

    def __init__(self, workbook: Any, form: Form) -> None:
        self.form = form
        self.words = LETTERHEADS[form.language]
        self.tables = [block for block in form.blocks if isinstance(block, Table)]
        self.widths = _column_widths(form, self.tables)
        self.half = _half(self.widths)
        self.sheet = workbook.add_worksheet(_sheet_name(form))
        self.row = 0
        self._workbook = workbook
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self) -> None:
        self._page()
        self._opening()
        for block in self.form.blocks:
            if isinstance(block, Table):
                self._table(block, self.form.unit_of_measure if block is self.tables[0] else "")
            elif isinstance(block, Heading):
                self._across(block.text, bold=True, font_size=13)
            else:
                self._paragraph(block)
        self._closing()
        self.sheet.print_area(0, 0, self.row, len(self.widths) - 1)

    def _page(self) -> None:
        sheet = self.sheet
        for column, width in enumerate(self.widths):
            sheet.set_column(column, column, width)
        sheet.set_paper(9)  # A4
        inches = 25.4
        left, right = layout.sides(self.form)
        sheet.set_margins(left / inches, right / inches, layout.TOP / inches, layout.BOTTOM / inches)
        if self.form.landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.hide_gridlines(2)
        warning = f"&R&9{self.words.simulated}" if self.form.simulated else ""
        sheet.set_header(f"&C&P{warning}", {"margin": 10 / inches})

    # Parts of the form

    def _opening(self) -> None:
        form = self.form
        if form.number or form.simulated:
            warning = self.words.simulated if form.simulated else ""
            self._beside(warning, form.number, {"bold": True, "font_color": "#A00000", "align": "left"},
                         {"bold": True, "align": "right"})  # fmt: skip
        above, issuer, symbol = left_lines(form)
        state, motto, dated = right_lines(form)
        centred = {"align": "center", "font_size": 12}
        lefts: list[_Text] = [(above, centred)] if above else []
        lefts += [(issuer, {**centred, "bold": True}), (symbol, centred)]
        rights: list[_Text] = [(state, {**centred, "bold": True, "shrink": True}), (motto, {**centred, "bold": True, "underline": 1}),
                  (dated, {**centred, "italic": True})]  # fmt: skip
        self._columns(lefts, rights)
        self.row += 1
        self._across(form.title.upper(), align="center", bold=True, font_size=14)
        for text, looks in (
            (form.subtitle, {"bold": True}),
            (form.period, {"italic": True}),
            (basis_line(form), {"italic": True}),
            (self.words.addressee.format(addressee=form.addressee) if form.addressee else "", {}),
        ):
            if text:
                self._across(text, align="center", **looks)
        self.row += 1

    def _table(self, table: Table, unit: str) -> None:
        sheet = self.sheet
        if table.caption:
            self._across(table.caption, bold=True)
        if unit:
            self._across(unit, align="right", italic=True)
        first = self.row
        head = {"bold": True, "align": "center", "valign": "vcenter", "text_wrap": True, "border": 1}
        heights = [_SIZE * _LINE] * len(table.head)
        for placed in table.placed_head:
            cell = placed.cell
            last = placed.row + cell.rows - 1, placed.column + cell.columns - 1
            self._put(first + placed.row, placed.column, first + last[0], last[1], cell.text, head)
            height = self._height(cell.text, self.widths[placed.column : last[1] + 1], _SIZE, bold=True)
            # What the rows above do not hold falls to the last one that the cell covers.
            missing = height - sum(heights[placed.row : last[0] + 1])
            heights[last[0]] += max(missing, 0)
        for row, height in enumerate(heights):
            sheet.set_row(first + row, height)
        self.row += len(table.head)
        if table.numbers:
            looks = self._format({"italic": True, "font_size": 9, "align": "center", "text_wrap": True, "border": 1})
            for column, text in enumerate(table.numbers):
                sheet.write_string(self.row, column, clean(text), looks)
            self._set_height(table.numbers, 9)
            self.row += 1
        if len(self.tables) == 1:
            sheet.repeat_rows(first, self.row - 1)
            if len(table.lines) > _LONG:
                sheet.freeze_panes(self.row, 0)
        kinds = tuple(column.kind for column in table.columns)
        if not table.lines:
            looks = {"italic": True, "align": "center", "border": 1}
            self._put(self.row, 0, self.row, len(kinds) - 1, self.words.no_records, looks)
            self.row += 1
        for line in table.lines:
            self._line(line, kinds)
        self.row += 1

    def _line(self, line: Line, kinds: tuple[Kind, ...]) -> None:
        texts = line_texts(line, kinds, self.form.language)
        place = heading_place(line)
        bold = line.role != "body"
        for column in range(len(kinds) if place is None else place):
            value, kind = line.values[column], kinds[column]
            align = layout.alignment(value, kind, column)
            looks = {"border": 1, "valign": "vcenter", "align": align, "bold": bold}
            if isinstance(value, date):
                self.sheet.write_datetime(
                    self.row, column, value, self._format({**looks, "num_format": _NUMBERS["date"]})
                )
            elif isinstance(value, int | float):
                number = _NUMBERS["count" if kind in ("text", "date") else kind]
                self.sheet.write_number(self.row, column, value, self._format({**looks, "num_format": number}))
            elif texts[column]:
                looks |= {"num_format": _NUMBERS["text"], "text_wrap": True}
                self._string(self.row, column, texts[column], looks)
            else:
                self.sheet.write_blank(self.row, column, None, self._format(looks))
        if place is not None:
            looks = {"border": 1, "valign": "vcenter", "bold": True, "num_format": _NUMBERS["text"], "text_wrap": True}
            self._put(self.row, place, self.row, len(kinds) - 1, texts[place], looks)
        else:
            self._set_height(
                [text if isinstance(value, str) else "" for text, value in zip(texts, line.values, strict=True)],
                _SIZE,
                bold,
            )
        self.row += 1

    def _paragraph(self, block: Paragraph) -> None:
        self._across(block.text, align="justify", valign="top", font_size=12)

    def _closing(self) -> None:
        form, words = self.form, self.words
        if form.notes:
            self._across(words.notes, bold=True, italic=True)
            for note in form.notes:
                self._across(note)
        self.row += 1
        recipients: list[_Text] = []
        if form.recipients:
            recipients.append((words.recipients, {"bold": True, "italic": True, "align": "left"}))
            recipients += [(text, {"align": "left", "font_size": 10}) for text in recipient_lines(form)]
        signature: list[_Text] = [(text, {"bold": True, "align": "center", "font_size": 12}) for text in form.signer]
        if form.signer:
            signature.append((words.sealed, {"italic": True, "align": "center"}))
        if form.prepared_by:
            prepared: list[_Text] = [(form.prepared_by, {"bold": True, "align": "center", "font_size": 12})]
            self._columns([*prepared, (words.signed, {"italic": True, "align": "center"})], signature)
            self.row += _ROOM
            self._columns(recipients, [])
        else:
            self._columns(recipients, signature)
            self.row += _ROOM

    def _columns(self, lefts: Sequence[_Text], rights: Sequence[_Text]) -> None:
        for (left, left_looks), (right, right_looks) in zip_longest(lefts, rights, fillvalue=("", {})):
            self._beside(left, right, left_looks, right_looks)

    # Cells

    def _across(self, text: str, **looks: Any) -> None:
        """One text over the whole width, in a row as high as it needs."""
        looks = {"text_wrap": True, "valign": "vcenter", **looks}
        self.sheet.set_row(
            self.row, self._height(text, self.widths, looks.get("font_size", _SIZE), looks.get("bold", False))
        )
        self._put(self.row, 0, self.row, len(self.widths) - 1, text, looks)
        self.row += 1

    def _beside(self, left: str, right: str, left_looks: dict[str, Any], right_looks: dict[str, Any]) -> None:
        """Two texts, each over its half of the width."""
        last = len(self.widths) - 1
        sides = ((left, left_looks, 0, self.half - 1), (right, right_looks, self.half, last))
        heights = []
        for text, looks, first, end in sides:
            size = looks.get("font_size", _SIZE)
            if "shrink" not in looks:
                heights.append(self._height(text, self.widths[first : end + 1], size, looks.get("bold", False)))
            if text:
                self._put(
                    self.row, first, self.row, end, text, {"text_wrap": "shrink" not in looks, "valign": "top", **looks}
                )
        self.sheet.set_row(self.row, max(heights))
        self.row += 1

    def _put(self, row: int, column: int, last_row: int, last_column: int, text: str, looks: dict[str, Any]) -> None:
        if (row, column) != (last_row, last_column):
            self.sheet.merge_range(row, column, last_row, last_column, "", self._format(looks))
        self._string(row, column, text, looks)

    def _string(self, row: int, column: int, text: str, looks: dict[str, Any]) -> None:
        text = clean(text)
        if len(text) > _CELL_TEXT_LENGTH:
            text = text[: _CELL_TEXT_LENGTH - 1] + "…"
        self.sheet.write_string(row, column, text, self._format(looks))

    def _set_height(self, texts: Sequence[str], size: float, bold: bool = False) -> None:
        """Make the row as high as the texts in its columns need."""
        heights = [self._height(text, [width], size, bold) for text, width in zip(texts, self.widths, strict=False)]
        self.sheet.set_row(self.row, max(*heights, _SIZE * _LINE + 2) if heights else None)

    def _format(self, looks: dict[str, Any]) -> Any:
        key = tuple(sorted(looks.items()))
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format({"font_name": _FACE, "font_size": _SIZE, **looks})
        return self._formats[key]

    @staticmethod
    def _height(text: str, widths: Sequence[float], size: float, bold: bool = False) -> float:
        """Points of a row in which the text stands whole: Excel finds it out for a cell alone, and not in every program."""
        # Letters are narrower than the digits that a width counts, capitals and bold ones wider.
        capitals = sum(letter.isupper() for letter in text)
        letters = 0.75 if 2 * capitals > len(text) else 1.0 if bold else 1.1
        room = max(sum(widths) * _SIZE / size * letters, 1.0)
        lines = sum(_lines_of(piece, room) for piece in clean(text).split("\n"))
        return min(lines * size * _LINE + 2, _HIGHEST)


def _lines_of(text: str, room: float) -> int:
    """Lines that the words of a text fill, `room` letters each."""
    lines, used = 1, 0.0
    for word in text.split(" "):
        if used and used + 1 + len(word) > room:
            lines, used = lines + 1, 0.0
        over = int(len(word) // room)
        lines, used = lines + over, (used + 1 if used else 0) + len(word) - over * room
    return lines


def _column_widths(form: Form, tables: Sequence[Table]) -> list[float]:
    """Characters of each column: what the widest table asks for there, as far as the sheet then still fits a page."""
    page = layout.page_width(form) * _PER_MILLIMETRE
    widths: list[float] = []
    for table in tables:
        whole = sum(column.width for column in table.columns)
        for place, column in enumerate(table.columns):
            width = page * column.width / whole
            if place < len(widths):
                widths[place] = max(widths[place], width)
            else:
                widths.append(width)
    while len(widths) < _FEWEST_COLUMNS:
        widths.append(page / _FEWEST_COLUMNS)
    # Tables that ask for room in different columns would make the sheet wide and its print small.
    share = min(1.0, _WIDEST * page / sum(widths))
    return [round(max(width * share, 4.0), 1) for width in widths]


def _half(widths: Sequence[float]) -> int:
    """The first column of the right half: the left one has a little less than half of the width."""
    whole = sum(widths)
    return min(range(1, len(widths)), key=lambda place: abs(sum(widths[:place]) - 0.45 * whole))


def _sheet_name(form: Form) -> str:
    """The kind of form, without the signs that Excel does not take, at most 31 characters."""
    name = "".join("_" if letter in "[]:*?/\\'" else letter for letter in clean(form.code))
    return name[:31] or "form"
