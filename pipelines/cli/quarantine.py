"""`sipas quarantine`: the refused rows of readings that count, on the screen or as a file for the office to correct."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import typer
import xlsxwriter

from assets.ingest.engine import connect
from assets.ingest.rule_messages import refusal_reason, rule_message
from assets.ingest.shape import literal
from assets.ledger import InputRecord, Ledger
from assets.publish.tables import BYTE_ORDER_MARK, csv_batch
from assets.workspace import Workspace
from pipelines.cli.progress import console
from pipelines.cli.tables import say, show_table
from pipelines.settings import load_settings
from quality.contract import load_contracts
from quality.problem import did_you_mean

# Data rows of one XLSX sheet under its header row; past them XlsxWriter returns -1 and drops the row.
SHEET_ROWS = 1_048_575
_CELL_CHARACTERS = 32_767
_SHEET_NAME_CHARACTERS = 31
_BATCH_ROWS = 10_000
# What stands before a row's own cells. The words are the office's.
_PLACE = ("Tệp", "Nguồn", "Trang tính", "Dòng", "Cột lỗi", "Giá trị lỗi", "Quy tắc", "Lý do", "Tệp trả lời")
_WHOLE_LINE = "Nguyên văn dòng"
_REFUSED_FILES = "Tệp bị từ chối"


@dataclass(frozen=True)
class _Quarantine:
    """The refused rows and files of the readings that count. `connection` has the view ``refused``: one row per source row,
    with the path of the input that brought it back corrected, if one did."""

    connection: duckdb.DuckDBPyConnection
    files: list[tuple[InputRecord, str]]

    def count(self) -> tuple[int, int]:
        """The refused rows, and those of them that were answered."""
        [(rows, answered)] = self.connection.execute("SELECT count(*), count(answered_by) FROM refused").fetchall()
        return int(rows), int(answered)


def show_rows(workspace: Workspace, dataset: str | None, limit: int) -> None:
    """Print up to `limit` broken cells of rows not answered with place, value and rule, what the rules say, and the files
    refused whole.

    Values may be personal data: they are for the operator's screen. Raises SettingsError, typer.BadParameter.
    """
    quarantine = _open(workspace, dataset)
    with quarantine.connection as connection:
        broken = (
            "SELECT path, sheet, line, rule.column, rule.value, rule.rule "
            "FROM (SELECT path, sheet, line, unnest(rules) AS rule FROM refused WHERE answered_by IS NULL)"
        )
        rows = connection.execute(
            f"SELECT * FROM ({broken}) ORDER BY path, sheet NULLS FIRST, line, 6, 4 LIMIT {limit}"
        ).fetchall()
        counts = connection.execute(
            f"SELECT rule, count(*) FROM ({broken}) GROUP BY rule ORDER BY 2 DESC, 1"
        ).fetchall()
        total, answered = quarantine.count()
    if rows:
        show_table(
            ["file", "sheet", "line", "column", "value", "rule"], [_numbered(row) for row in rows], whole=["file"]
        )
        console.print()
        for rule, number in counts:
            say(f"{rule}: {number:,} cell(s)", "bold")
            say(f"  {rule_message(rule).en}")
            say(f"  {rule_message(rule).vi}", "dim")
    if quarantine.files:
        console.print()
        show_table(
            ["file refused whole", "source", "rule", "lý do"],
            [(record.path, record.source, rule, refusal_reason(record)) for record, rule in quarantine.files],
            whole=["file refused whole", "lý do"],
        )
    of_these = f" ({answered:,} answered, not shown)" if answered else ""
    say(f"{total:,} row(s) in quarantine{of_these}, {len(quarantine.files):,} file(s) refused whole")
    cells = sum(number for _, number in counts)
    if cells > len(rows):
        say(
            f"{len(rows):,} of {cells:,} broken cells are shown; --limit shows more, `sipas quarantine export` writes all"
        )


def export_rows(workspace: Workspace, dataset: str | None, target: Path) -> int:
    """Write every refused row with its reasons in Vietnamese and its raw cells; return the number of rows.

    A CSV file (UTF-8 with BOM) has the headings of all sources side by side, an XLSX file a sheet per source, continued on
    further sheets past 1,048,575 rows. Files refused whole follow as rows without a line (CSV) or a sheet (XLSX). No cell
    becomes a formula. Only the owner can read the file. The workspace's folder returns/ is made where the target lies in it.
    Raises SettingsError, typer.BadParameter.
    """
    writers: dict[str, Callable[[_Quarantine, Path], int]] = {".csv": _write_csv, ".xlsx": _write_xlsx}
    write = writers.get(target.suffix.lower())
    if write is None:
        raise typer.BadParameter(f"{target} ends neither in .xlsx nor in .csv")
    if target.resolve().is_relative_to(workspace.returns.resolve()):
        target.parent.mkdir(parents=True, exist_ok=True)
    if not target.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {target.absolute().parent}")
    if target.resolve().is_relative_to(workspace.published.resolve()):
        raise typer.BadParameter("refused rows hold personal data; do not put them into published/")
    quarantine = _open(workspace, dataset)
    aside: Path | None = None
    try:
        # Written aside with access for the owner alone, so that the target is whole or not there.
        with NamedTemporaryFile(dir=target.absolute().parent, suffix=target.suffix, delete=False) as file:
            aside = Path(file.name)
        rows = write(quarantine, aside)
        os.replace(aside, target)
    except OSError as error:
        raise typer.BadParameter(f"{target} cannot be written: {error.strerror}") from None
    finally:
        quarantine.connection.close()
        if aside is not None:
            aside.unlink(missing_ok=True)
    return rows


def _numbered(row: Sequence[Any]) -> list[Any]:
    """The row with its line number as text: a place is no quantity and takes no thousands separators."""
    return [str(value) if isinstance(value, int) else value for value in row]


def _open(workspace: Workspace, dataset: str | None) -> _Quarantine:
    """The quarantine of the readings that count, of one dataset or of all."""
    load_settings(workspace)
    contracts = load_contracts()
    if dataset is not None and dataset not in contracts:
        raise typer.BadParameter(f"there is no dataset {dataset}.{did_you_mean(dataset, contracts).en}")
    with closing(Ledger.of_folder(workspace.state)) as ledger:
        active = [record for record in ledger.active() if dataset is None or dataset in record.datasets.split(",")]
        reasons = {count.input_id: count.rule_id for count in ledger.rule_counts() if count.severity == "reject"}
        parts = [part.path for part in ledger.parts() if part.dataset.startswith("quarantine/")]
        answers = ledger.answered_rows()
    # Spills beside the refused rows, in the private zone.
    connection = connect(workspace.quarantine)
    connection.register(
        "counting", pa.table({"input_id": pa.array([record.input_id for record in active], pa.string())})
    )
    paths = {record.input_id: record.path for record in active}
    connection.register(
        "answered",
        pa.table(
            {
                "input_id": pa.array([row.input_id for row in answers], pa.string()),
                "sheet": pa.array([row.sheet for row in answers], pa.string()),
                "line": pa.array([row.line for row in answers], pa.int64()),
                "answered_by": pa.array([paths.get(row.answer_id) for row in answers], pa.string()),
            }
        ),
    )
    columns = "input_id VARCHAR, source VARCHAR, path VARCHAR, sheet VARCHAR, line BIGINT, raw VARCHAR"
    rules = 'rules STRUCT(rule VARCHAR, "column" VARCHAR, value VARCHAR)[]'
    connection.execute(f"CREATE TEMP TABLE nothing ({columns}, {rules})").fetchall()
    listed = ", ".join(literal((workspace.root / part).as_posix()) for part in parts)
    found = f"read_parquet([{listed}], union_by_name = true)" if parts else "nothing"
    # A row that two feeds of a reference source refuse stands twice in its file.
    connection.execute(
        "CREATE TEMP VIEW refused AS SELECT q.source, q.path, q.sheet, q.line, "
        "list_distinct(flatten(list(q.rules))) AS rules, any_value(q.raw) AS raw, "
        f"any_value(answered.answered_by) AS answered_by FROM {found} AS q LEFT JOIN answered "
        "ON answered.input_id = q.input_id AND answered.line = q.line AND answered.sheet IS NOT DISTINCT FROM q.sheet "
        "WHERE q.input_id IN (SELECT input_id FROM counting) GROUP BY q.input_id, q.source, q.path, q.sheet, q.line"
    ).fetchall()
    refused = [(record, reasons.get(record.input_id, "")) for record in active if record.status == "refused"]
    return _Quarantine(connection, refused)


# Export


def _sources(quarantine: _Quarantine) -> dict[str, list[str]]:
    """The headings of each source's raw cells, in the order of the files."""
    found = quarantine.connection.execute(
        "SELECT source, CASE WHEN json_valid(raw) AND json_type(raw) = 'OBJECT' THEN json_keys(raw) END AS keys, "
        "min((path, line)) AS first FROM refused GROUP BY source, keys ORDER BY source, first"
    ).fetchall()
    headings: dict[str, dict[str, None]] = {}
    for source, keys, _ in found:
        known = headings.setdefault(source, {})
        known.update(dict.fromkeys([_WHOLE_LINE] if keys is None else keys))
    return {source: list(known) for source, known in headings.items()}


def _rows(quarantine: _Quarantine, source: str | None) -> Iterator[tuple[list[Any], dict[str, str | None]]]:
    """Every refused row, of one source or of all: its place and reasons, and its raw cells by heading."""
    wanted = "" if source is None else f"WHERE source = {literal(source)}"
    reader = quarantine.connection.sql(
        f"SELECT source, path, sheet, line, rules, raw, answered_by FROM refused {wanted} ORDER BY source, path, sheet NULLS FIRST, line"
    ).to_arrow_reader(_BATCH_ROWS)
    for batch in reader:
        for row in batch.to_pylist():
            yield _placed(row), _cells(row["raw"])


def _placed(row: dict[str, Any]) -> list[Any]:
    rules = sorted(row["rules"], key=lambda broken: (broken["rule"], broken["column"] or ""))
    names = list(dict.fromkeys(broken["rule"] for broken in rules))

    def joined(part: str) -> str:
        return "; ".join(dict.fromkeys(broken[part] for broken in rules if broken[part]))

    reasons = "; ".join(dict.fromkeys(rule_message(name).vi for name in names))
    place = [row["path"], row["source"], row["sheet"], row["line"]]
    return [*place, joined("column"), joined("value"), ", ".join(names), reasons, row["answered_by"]]


def _cells(raw: str | None) -> dict[str, str | None]:
    """The cells by heading; a row that could not be split into cells is given as it stands."""
    try:
        cells = json.loads(raw or "{}")
    except ValueError:
        cells = None
    return cells if isinstance(cells, dict) else {_WHOLE_LINE: raw}


def _file_row(record: InputRecord, rule: str) -> list[Any]:
    return [record.path, record.source, None, None, None, None, rule, refusal_reason(record), None]


def _write_csv(quarantine: _Quarantine, path: Path) -> int:
    headings = list(dict.fromkeys(name for names in _sources(quarantine).values() for name in names))
    names = [*_PLACE, *_distinct(headings)]
    schema = pa.schema([(name, pa.int64() if name == "Dòng" else pa.string()) for name in names])
    options = pyarrow.csv.WriteOptions(include_header=False, eol="\r\n", quoting_style="needed")
    rows = 0

    def flush(waiting: list[list[Any]]) -> None:
        columns = [list(column) for column in zip(*waiting, strict=True)]
        arrays = [pa.array(column, item.type) for column, item in zip(columns, schema, strict=True)]
        text.write_batch(csv_batch(pa.RecordBatch.from_arrays(arrays, schema=schema)))
        waiting.clear()

    with path.open("wb") as sink:
        sink.write(BYTE_ORDER_MARK)
        head = pa.RecordBatch.from_arrays([pa.array([name]) for name in names], names=names)
        pyarrow.csv.write_csv(csv_batch(head), sink, options)
        with pyarrow.csv.CSVWriter(sink, schema, write_options=options) as text:
            waiting: list[list[Any]] = []
            for place, cells in _rows(quarantine, None):
                waiting.append([*place, *(cells.get(name) for name in headings)])
                rows += 1
                if len(waiting) == _BATCH_ROWS:
                    flush(waiting)
            waiting += [[*_file_row(record, rule), *(None for _ in headings)] for record, rule in quarantine.files]
            if waiting:
                flush(waiting)
    return rows


def _distinct(headings: Sequence[str]) -> list[str]:
    """The headings of raw cells, marked where one is called like a column that stands before the cells."""
    return [f"{name} (2)" if name in _PLACE else name for name in headings]


def _write_xlsx(quarantine: _Quarantine, path: Path) -> int:
    workbook = xlsxwriter.Workbook(
        str(path),
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    rows = 0
    for source, headings in _sources(quarantine).items():
        sheets = _Sheets(workbook, source, [*_PLACE, *_distinct(headings)])
        for place, cells in _rows(quarantine, source):
            sheets.write([*place, *(cells.get(name) for name in headings)])
            rows += 1
    if quarantine.files or not rows:
        sheets = _Sheets(workbook, _REFUSED_FILES, _PLACE)
        for record, rule in quarantine.files:
            sheets.write(_file_row(record, rule))
    workbook.close()
    return rows


class _Sheets:
    """One source's rows on as many sheets as they need, each under the header."""

    def __init__(self, workbook: Any, name: str, headings: Sequence[str]) -> None:
        self._workbook = workbook
        self._name = "".join(" " if letter in "[]:*?/\\'" else letter for letter in name)
        self._headings = headings
        self._head = workbook.add_format(
            {"bold": True, "bg_color": "#123F5A", "font_color": "#FFFFFF", "text_wrap": True}
        )
        self._text = workbook.add_format({"num_format": "@"})
        self._begin()

    def _begin(self) -> None:
        # A later part of the same source, or a source whose name is cut to that of another.
        taken = {name.casefold() for name in self._workbook.sheetnames}
        suffixes = chain([""], (f" ({number})" for number in count(2)))
        names = (self._name[: _SHEET_NAME_CHARACTERS - len(suffix)] + suffix for suffix in suffixes)
        self._sheet = self._workbook.add_worksheet(next(name for name in names if name.casefold() not in taken))
        self._sheet.freeze_panes(1, 4)
        self._sheet.set_column(0, 0, 36)
        self._sheet.set_column(1, len(self._headings) - 1, 18)
        self._rows = 0
        for column, heading in enumerate(self._headings):
            self._sheet.write_string(0, column, heading, self._head)

    def write(self, values: Sequence[Any]) -> None:
        """Write one row; texts stay texts whatever they begin with, and one longer than a cell is cut with an ellipsis."""
        if self._rows == SHEET_ROWS:
            self._begin()
        self._rows += 1
        for column, value in enumerate(values):
            if value is None or value == "":
                continue
            if isinstance(value, int):
                done = self._sheet.write_number(self._rows, column, value)
            else:
                fitting = value if len(value) <= _CELL_CHARACTERS else value[: _CELL_CHARACTERS - 1] + "…"
                done = self._sheet.write_string(self._rows, column, fitting, self._text)
            if done != 0:
                raise AssertionError(f"XlsxWriter refused row {self._rows + 1}, column {column + 1}: {done}")
