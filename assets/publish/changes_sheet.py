"""What changed in the open figures since the revision before, as `changes.csv` and `changes.xlsx`.

These are the only files of a revision whose bytes follow from another revision besides, the one they are held against; it is
named in them and in revision.json. What differs, and why, is found by changes.py and causes.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from assets.publish.causes import REASONS
from assets.publish.changes import CHANGE_SCHEMA
from assets.publish.context import PublishContext
from assets.publish.tables import BYTE_ORDER_MARK, OpenTable, csv_batch
from assets.publish.workbook import CELL_TEXT_LENGTH, CREATED, PLAIN_TEXT_OPTIONS, write_date
from assets.text.wording import FIRST_DAY

# Lines in both files: more than anybody reads, and few enough for a small machine. The files say when there were more.
MOST_LINES = 200_000
_CHANGES = {
    "changed": "đã đổi / changed",
    "added": "dòng mới / added",
    "removed": "dòng không còn / removed",
}
_ROW = ("mart", "unit_code", "unit_valid_from", "period_id", "key")
_COLUMNS = tuple(name for name in CHANGE_SCHEMA.names if name != "detail")  # open changes have none
_HEADS = (
    ("Bảng", "Mart", 26), ("Nội dung", "Name", 34), ("Mã đơn vị", "Unit code", 11), ("Đơn vị", "Unit", 26),
    ("Từ ngày", "Valid from", 11), ("Kỳ", "Period", 10), ("Dòng", "Row", 34), ("Thay đổi", "Change", 22),
    ("Cột", "Column", 22), ("Tên cột", "Column name", 30), ("Trước", "Before", 14), ("Sau", "After", 14), ("Lý do", "Reason", 40),
)  # fmt: skip


@dataclass(frozen=True)
class Changes:
    """What changed since `base`; no base, no lines. `is_cut`: there were more lines than are told."""

    base: str | None
    lines: pa.Table
    is_cut: bool = False

    def of_units(self, codes: Sequence[str]) -> Changes:
        """The lines about units of these codes."""
        return Changes(self.base, self.lines.filter(pc.is_in(self.lines["unit_code"], pa.array(codes))), self.is_cut)


NOTHING = Changes(None, CHANGE_SCHEMA.empty_table())


def write_changes(
    changes: Changes, tables: Sequence[OpenTable], context: PublishContext, revision: str, folder: Path
) -> None:
    """Write `<folder>/changes.csv` and `changes.xlsx`.

    A number that is no longer shown gives no number: of two revisions it stood in the one before only. Nor do the figures of
    a row that rests on a few records more or fewer than before: their differences would be what these few say.
    """
    lines = _without_few(_without_withdrawn(changes.lines), tables, context.minimum_n)
    _write_csv(lines.select(_COLUMNS), folder / "changes.csv")
    _write_workbook(Changes(changes.base, lines, changes.is_cut), tables, context, revision, folder / "changes.xlsx")


def _without_withdrawn(lines: pa.Table) -> pa.Table:
    for before, after in (("before", "after"), ("before_text", "after_text")):
        shown = pc.if_else(pc.is_null(lines[after]), pa.scalar(None, lines.schema.field(before).type), lines[before])
        lines = lines.set_column(lines.schema.get_field_index(before), lines.schema.field(before), shown)
    return lines


def _without_few(lines: pa.Table, tables: Sequence[OpenTable], minimum_n: int) -> pa.Table:
    n_columns = {(table.mart.name, column) for table in tables for column in table.mart.n_columns}
    rows = list(zip(*(lines[name].to_pylist() for name in _ROW), strict=True))
    values = (lines[name].to_pylist() for name in ("mart", "column", "before", "after"))
    few = {
        row
        for row, mart, column, before, after in zip(rows, *values, strict=True)
        if (mart, column) in n_columns and None not in (before, after) and 0 < abs(after - before) < minimum_n
    }
    told = pa.array([row not in few for row in rows], pa.bool_())
    for name in ("before", "after", "before_text", "after_text"):
        field = lines.schema.field(name)
        kept = pc.if_else(told, lines[name], pa.scalar(None, field.type))
        lines = lines.set_column(lines.schema.get_field_index(name), field, kept)
    return lines


def _write_csv(lines: pa.Table, path: Path) -> None:
    options = pa_csv.WriteOptions(include_header=False, eol="\r\n", quoting_style="needed")
    with path.open("wb") as sink:
        sink.write(BYTE_ORDER_MARK + ",".join(lines.schema.names).encode() + b"\r\n")
        with pa_csv.CSVWriter(sink, lines.schema, write_options=options) as writer:
            for batch in lines.to_batches():
                writer.write_batch(csv_batch(batch))


def _write_workbook(
    changes: Changes, tables: Sequence[OpenTable], context: PublishContext, revision: str, path: Path
) -> None:
    workbook = xlsxwriter.Workbook(str(path), PLAIN_TEXT_OPTIONS)
    workbook.set_properties({"title": context.title_vi, "author": "sipas-warehouse", "created": CREATED})
    bold = workbook.add_format({"bold": True})
    _write_summary(workbook, bold, changes, tables, context, revision)
    sheet = workbook.add_worksheet("Thay đổi")
    number, text = workbook.add_format({"num_format": "#,##0.######"}), workbook.add_format({"num_format": "@"})
    day = workbook.add_format({"num_format": "dd/mm/yyyy"})
    for place, (vi, _, width) in enumerate(_HEADS):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, vi, bold)
    for place, (_, en, _) in enumerate(_HEADS):
        sheet.write_string(1, place, en, bold)
    row = 2
    for row, values in enumerate(_rows(changes.lines, tables), start=2):
        for place, value in enumerate(values):
            if value is None:
                continue
            if isinstance(value, float):
                sheet.write_number(row, place, value, number)
            elif isinstance(value, str):
                sheet.write_string(row, place, value[:CELL_TEXT_LENGTH], text)
            else:
                write_date(sheet, row, place, value, day)
    sheet.freeze_panes(2, 0)
    sheet.autofilter(1, 0, max(row, 2), len(_HEADS) - 1)
    sheet.repeat_rows(0, 1)
    sheet.set_landscape()
    workbook.close()


def _write_summary(
    workbook: Any, bold: Any, changes: Changes, tables: Sequence[OpenTable], context: PublishContext, revision: str
) -> None:
    sheet = workbook.add_worksheet("Tóm tắt")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 40)
    sheet.set_column(3, 5, 16)
    said = [(context.title_vi, context.title_en), ("Bản công bố / Revision", revision)]
    said.append(("So với bản / Held against revision", changes.base or "chưa có bản trước / there is none before"))
    if context.simulated:
        said.append(("DỮ LIỆU MÔ PHỎNG", "SIMULATED DATA"))
    if changes.is_cut:
        said.append(
            (f"Chỉ liệt kê {MOST_LINES:,} thay đổi đầu tiên", f"Only the first {MOST_LINES:,} changes are listed")
        )
    for row, pair in enumerate(said):
        sheet.write_string(row, 0, pair[0], bold)
        sheet.write_string(row, 1, pair[1])
    start = len(said) + 1
    for place, name in enumerate(["Bảng / Mart", "Nội dung", "Content", *_CHANGES.values()]):
        sheet.write_string(start, place, name, bold)
    counted = changes.lines.group_by(["mart", "change"]).aggregate([([], "count_all")]).to_pylist()
    counts = {(one["mart"], one["change"]): one["count_all"] for one in counted}
    row = start + 1
    for table in tables:
        found = [counts.get((table.mart.name, change), 0) for change in _CHANGES]
        if any(found):
            for place, value in enumerate([table.mart.name, table.mart.label_vi, table.mart.label_en]):
                sheet.write_string(row, place, value)
            for place, count in enumerate(found, start=3):
                sheet.write_number(row, place, count)
            row += 1
    if not counts:
        sheet.write_string(row, 0, "không có thay đổi / nothing changed")


def _rows(lines: pa.Table, tables: Sequence[OpenTable]) -> Iterator[list[Any]]:
    """The cells of each line under _HEADS."""
    marts = {table.mart.name: table.mart.label_vi for table in tables}
    columns = {(table.mart.name, column.name): column.label_vi for table in tables for column in table.columns}
    units = _unit_names(tables)
    for batch in lines.to_batches():
        for line in batch.to_pylist():
            unit = (line["unit_code"], line["unit_valid_from"])
            values = [
                line["before"] if line["before_text"] is None else line["before_text"],
                line["after"] if line["after_text"] is None else line["after_text"],
            ]
            yield [
                line["mart"], marts.get(line["mart"]), line["unit_code"], units.get(unit),
                None if line["unit_valid_from"] == FIRST_DAY else line["unit_valid_from"],
                line["period_id"], line["key"], _CHANGES[line["change"]], line["column"],
                columns.get((line["mart"], line["column"])), *values, _reasons(line["reason"]),
            ]  # fmt: skip


def _reasons(codes: str | None) -> str | None:
    if not codes:
        return None
    return "; ".join(REASONS[code].vi for code in codes.split(";"))


def _unit_names(tables: Sequence[OpenTable]) -> Mapping[tuple[str, Any], str]:
    for table in tables:
        if table.mart.name == "dim_admin_unit":
            units = pq.read_table(table.parquet, columns=["unit_code", "unit_valid_from", "unit_name"]).to_pylist()
            return {(unit["unit_code"], unit["unit_valid_from"]): unit["unit_name"] for unit in units}
    return {}
