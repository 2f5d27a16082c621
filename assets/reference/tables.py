"""The reference tables of a workspace: shipped rows, what its sources feed, and its own overlay, with their faults.

What a table's columns mean stands in the contracts; how sources are read stands in ingest.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path

import pyarrow as pa

from assets.reference.foreign_keys import Key, Layer, Row, Value, merged, unmatched_references
from quality.contract import Bilingual, Contract, FieldContract, landing_schema
from quality.problem import Problem, did_you_mean

_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_VIETNAMESE_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def reference_tables(
    shipped_dir: Path,
    overlay_dir: Path,
    fed: Mapping[str, pa.Table],
    contracts: Mapping[str, Contract],
    exchanged: Mapping[str, pa.Table] | None = None,
) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Return every reference table by dataset name, typed as its contract says and sorted by key, and the faults met.

    Precedence: the shipped file; instead of it the table a source feeds, when `fed` has one (columns of the contract);
    then the rows that other offices' packages brought (`exchanged`), and those of the overlay, which add to those or
    replace them by key. A faulty row or file is left out and told
    as a problem; the rest is used. So is a row whose required field refers to nothing; where the field is optional the
    row stays. A fault never raises.
    """
    problems: list[Problem] = []
    layers: dict[str, list[Layer]] = {}
    # What is shipped is not the workspace's to mend: a table it feeds may well name fewer units than the shipped ones.
    checked: dict[str, list[Layer]] = {}
    for dataset, contract in contracts.items():
        if contract.kind != "reference":
            continue
        if dataset in fed:
            own = [_fed_rows(contract, fed[dataset], problems)]
            base = []
        else:
            own = []
            base = [_shipped_rows(contract, shipped_dir / f"{dataset}.csv", problems)]
        brought = [_fed_rows(contract, exchanged[dataset], problems)] if exchanged and dataset in exchanged else []
        checked[dataset] = [*own, *brought, _file_rows(contract, overlay_dir / f"{dataset}.csv", problems)]
        layers[dataset] = [*base, *checked[dataset]]
    problems += unmatched_references(layers, checked, contracts)
    problems += _unknown_files(overlay_dir, layers)
    tables = {}
    for dataset, found in layers.items():
        rows = merged(found)
        ordered = [rows[key] for key in sorted(rows, key=_sortable)]
        tables[dataset] = pa.Table.from_pylist(ordered, schema=landing_schema(contracts[dataset]))
    return tables, problems


def _sortable(key: Key) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in key)


def _fed_rows(contract: Contract, table: pa.Table, problems: list[Problem]) -> Layer:
    """Rows of a fed table by key. Several source rows may say the same; where they differ the first is kept."""
    layer = Layer(None)
    for found in table.to_pylist():
        row: Row = {name: found.get(name) for name in contract.field_names}
        key = tuple(row[name] for name in contract.key)
        if layer.rows.setdefault(key, row) != row:
            problems.append(_duplicate(contract, key, None, None))
    return layer


def _file_rows(contract: Contract, path: Path, problems: list[Problem]) -> Layer:
    """Rows of a CSV file by key; none when there is no such file."""
    sheet = _Sheet(contract, f"{path.parent.name}/{path.name}", problems)
    layer = Layer(sheet.file)
    if not path.is_file():
        return layer
    for line, row in sheet.rows(path.read_bytes()):
        key = tuple(row[name] for name in contract.key)
        if key in layer.rows:
            problems.append(_duplicate(contract, key, sheet.file, line, layer.lines[key]))
            continue
        layer.rows[key], layer.lines[key] = row, line
    return layer


def _shipped_rows(contract: Contract, path: Path, problems: list[Problem]) -> Layer:
    """Rows of a shipped file: read once a process, for the lists of units are long."""
    if not path.is_file():
        return Layer(None)
    state = path.stat()
    layer, faults = _read_once(contract, path, state.st_mtime_ns, state.st_size)
    problems += faults
    return layer


@lru_cache(maxsize=64)
def _read_once(contract: Contract, path: Path, changed_ns: int, size: int) -> tuple[Layer, tuple[Problem, ...]]:
    """Rows and faults of a file as it stands; nobody changes them."""
    faults: list[Problem] = []
    return _file_rows(contract, path, faults), tuple(faults)


def _duplicate(contract: Contract, key: Key, file: str | None, line: int | None, first: int | None = None) -> Problem:
    shown = ", ".join(f"{name} = {value}" for name, value in zip(contract.key, key, strict=True))
    vi = f" ở dòng {first}" if first else ""
    en = f" in line {first}" if first else ""
    message = Bilingual(
        vi=f"{contract.title.vi}: khoá ({shown}) đã có{vi}; dòng đầu được giữ, hãy xoá hoặc sửa dòng này",
        en=f"{contract.title.en}: the key ({shown}) was met before{en}; the first row is kept, delete or mend this one",
    )
    return Problem("reference.duplicate_key", message, file=file, line=line, column=", ".join(contract.key))


def _unknown_files(overlay_dir: Path, tables: Collection[str]) -> list[Problem]:
    problems = []
    for path in sorted(overlay_dir.glob("*.csv")):
        if path.stem not in tables:
            hint = did_you_mean(path.stem, tables)
            message = Bilingual(
                vi=f"Không có danh mục “{path.stem}”.{hint.vi} Đổi tên hoặc xoá tệp",
                en=f"There is no reference table “{path.stem}”.{hint.en} Rename or remove the file",
            )
            problems.append(Problem("reference.unknown_table", message, file=f"{overlay_dir.name}/{path.name}"))
    return problems


@dataclass
class _Sheet:
    """One CSV file being read; faults are added to `problems` with their place."""

    contract: Contract
    file: str
    problems: list[Problem]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return self.contract.field_names

    def rows(self, content: bytes) -> Iterator[tuple[int, Row]]:
        """Yield line number and typed row of every faultless row."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            self.tell("encoding", "Tệp không phải UTF-8; lưu lại dạng CSV UTF-8", "Not UTF-8; save as CSV UTF-8", line)
            return
        header = text.partition("\n")[0]
        # Excel in Vietnamese separates by semicolons.
        delimiter = ";" if ";" in header and "," not in header else ","
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            columns = self.columns([_clean(name) for name in next(reader, [])])
            if columns is None:
                return
            for cells in reader:
                line = reader.line_num - sum(cell.count("\n") for cell in cells)
                if any(map(_clean, cells)):
                    row = self.row(columns, cells, line)
                    if row is not None:
                        yield line, row
        except csv.Error as error:
            self.tell(
                "csv",
                "Dòng không đọc được như CSV; các dòng sau bị bỏ; kiểm tra dấu ngoặc kép",
                f"The line cannot be read ({error}); the rest is left out; check the quotation marks",
                reader.line_num,
            )

    def columns(self, header: list[str]) -> list[FieldContract | None] | None:
        """The field of each column (None for an unknown one); no list when a required field has no column."""
        known = self.contract.field_names
        found: list[FieldContract | None] = []
        for name in header:
            repeated = any(field is not None and field.name == name for field in found)
            if name in known and not repeated:
                found.append(self.contract.field(name))
                continue
            found.append(None)
            if name:
                hint = did_you_mean(name, known)
                self.tell(
                    "repeated_column" if repeated else "unknown_column",
                    f"Cột “{name}” bị lặp; xoá một cột"
                    if repeated
                    else f"Không có cột “{name}”.{hint.vi} Sửa tên hoặc xoá cột",
                    f"The column “{name}” stands twice; remove one"
                    if repeated
                    else f"There is no column “{name}”.{hint.en} Rename or remove it",
                    1,
                    name,
                )
        missing = [field for field in self.contract.fields if field.required and field not in found]
        for field in missing:
            self.tell(
                "missing_column",
                f"Thiếu cột bắt buộc “{field.name}” ({field.label.vi}); thêm cột vào dòng đầu",
                f"The required column “{field.name}” is missing; add it to the first line",
                1,
                field.name,
            )
        return None if missing else found

    def row(self, columns: list[FieldContract | None], cells: list[str], line: int) -> Row | None:
        """The typed row, or None after telling what is wrong with it."""
        if len(cells) > len(columns) and any(_clean(cell) for cell in cells[len(columns) :]):
            self.tell(
                "too_many_cells",
                f"Dòng có {len(cells)} ô, tiêu đề có {len(columns)}; đặt ngoặc kép quanh ô có dấu phẩy",
                f"The row has {len(cells)} cells, the header {len(columns)}; quote a cell that holds a comma",
                line,
            )
            return None
        row: Row = dict.fromkeys(self.names)
        sound = True
        for field, cell in zip(columns, cells, strict=False):
            if field is not None:
                try:
                    row[field.name] = _typed(field, _clean(cell))
                except _Unfit as unfit:
                    sound = False
                    self.tell(unfit.rule, unfit.message.vi, unfit.message.en, line, field.name, cell)
        for field in self.contract.fields:
            if field.required and row[field.name] is None and sound:
                sound = False
                self.tell(
                    "required", "Ô bắt buộc bị trống; điền giá trị", "Required but blank; fill it in", line, field.name
                )
        start, end = row.get("valid_from"), row.get("valid_to")
        if isinstance(start, date) and isinstance(end, date) and end < start:
            sound = False
            self.tell(
                "dates_reversed",
                f"Đến ngày {end} trước từ ngày {start}; kiểm tra lại hai ngày",
                f"Ends {end}, before it begins {start}; check both dates",
                line,
                "valid_to",
            )
        return row if sound else None

    def tell(self, rule: str, vi: str, en: str, line: int, column: str | None = None, value: str | None = None) -> None:
        message = Bilingual(vi=vi, en=en)
        self.problems.append(Problem(f"reference.{rule}", message, self.file, line=line, column=column, value=value))


class _Unfit(Exception):
    """A cell that is no value of its field."""

    def __init__(self, rule: str, message: Bilingual) -> None:
        super().__init__(message.en)
        self.rule = rule
        self.message = message


def _clean(cell: str) -> str:
    return unicodedata.normalize("NFC", cell).replace("\u00a0", " ").strip()


def _typed(field: FieldContract, text: str) -> Value:
    """The cell as the field's type; None when blank; `_Unfit` when it is no such value."""
    if not text:
        return None
    if field.type == "date":
        return _date(text)
    if field.type == "integer":
        if not re.fullmatch(r"-?\d+", text):
            raise _Unfit(
                "integer",
                Bilingual(vi=f"“{text}” không phải số nguyên", en=f"“{text}” is not a whole number; write digits only"),
            )
        return int(text)
    if field.type == "decimal":
        # Excel in Vietnamese writes a decimal comma.
        if not re.fullmatch(r"-?\d{1,14}([.,]\d{1,4})?", text):
            raise _Unfit(
                "decimal",
                Bilingual(
                    vi=f"“{text}” không phải số có tối đa 4 chữ số thập phân",
                    en=f"“{text}” is not a number of at most 4 decimals; write it as 92.5",
                ),
            )
        return Decimal(text.replace(",", "."))
    if field.values and text not in field.values:
        hint = did_you_mean(text, field.values)
        allowed = ", ".join(field.values)
        raise _Unfit(
            "value",
            Bilingual(
                vi=f"“{text}” không có trong: {allowed}.{hint.vi}", en=f"“{text}” is not one of: {allowed}.{hint.en}"
            ),
        )
    return text


def _date(text: str) -> date:
    """An ISO date, or day/month/year as Excel in Vietnamese writes it."""
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = match.groups()
    elif match := _VIETNAMESE_DATE.fullmatch(text):
        day, month, year = match.groups()
    else:
        raise _bad_date(text)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise _bad_date(text) from None


def _bad_date(text: str) -> _Unfit:
    return _Unfit(
        "date",
        Bilingual(
            vi=f"“{text}” không phải ngày có thật; viết dạng 2025-06-30 hoặc 30/06/2025",
            en=f"“{text}” is not a real date; write it as 2025-06-30 or 30/06/2025",
        ),
    )
