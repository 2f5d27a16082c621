"""Sound files of every kind that there is a reader for, with the spec that reads them."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
from workbook_files import ods, ods_row, ods_table, ods_text, xls
from workspaces import (
    CASE_HEADER,
    FORM_HEADER,
    case_row,
    case_spec,
    complaint_row,
    complaint_spec,
    csv_bytes,
    form_row,
    survey_spec,
    xlsx_bytes,
)

ROWS = 12


@dataclass(frozen=True)
class Sample:
    """One kind of file: its bytes, the rows in it, and the spec of the source."""

    name: str
    suffix: str
    dataset: str
    content: bytes
    spec: Mapping[str, Any]
    is_text: bool = False
    is_archive: bool = False
    rows: int = ROWS


def _case(name: str, pattern: str, reader: dict[str, Any]) -> dict[str, Any]:
    return case_spec(location={"path": f"inbox/{name}/{pattern}"}, reader=reader, authority=name)


def _json() -> bytes:
    records = [{**complaint_row(number)} for number in range(ROWS)]
    return json.dumps(records, ensure_ascii=False, indent=1).encode()


def _json_lines() -> bytes:
    return b"".join(json.dumps(complaint_row(number), ensure_ascii=False).encode() + b"\n" for number in range(ROWS))


def _two_row_header() -> bytes:
    """A survey workbook as communes send it: a banner, a header of two rows with merged cells, a total."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["BẢNG TỔNG HỢP PHIẾU KHẢO SÁT"])
    sheet.append(["Số phiếu", "Ngày", "Giới tính", "Tiếp cận", None, "Họ tên"])
    sheet.append([None, None, None, "Trụ sở", "Trang thiết bị", None])
    sheet.merge_cells("A1:F1")
    sheet.merge_cells("D2:E2")
    for column in "ABCF":
        sheet.merge_cells(f"{column}2:{column}3")
    for number in range(ROWS):
        sheet.append([form_row(number)[heading] for heading in FORM_HEADER])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _survey_workbook_spec(name: str) -> dict[str, Any]:
    spec = survey_spec(
        location={"path": f"inbox/{name}/*.xlsx"},
        reader={"kind": "workbook", "header_rows": 2},
        delivery={"kind": "upsert"},
        unit={"constant": "10462"},
        authority=name,
    )
    responses, answers = spec["feeds"]
    responses.pop("scope_id_with")
    answers["items"] = {"I.1": "Tiếp cận / Trụ sở", "I.2": "Tiếp cận / Trang thiết bị"}
    return spec


def _zipped(name: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return written.getvalue()


def _as_tcvn3(text: str) -> bytes:
    """The text in TCVN3, which the program reads and never writes; capitals lose their marks' case, as fonts have it."""
    letters = {bytes([byte]).decode("tcvn3", "replace"): byte for byte in range(0x80, 0x100)}
    return bytes(
        ord(letter) if letter.isascii() else letters.get(letter, letters.get(letter.lower(), 0x3F)) for letter in text
    )


def _written(write: Callable[[Path], object]) -> bytes:
    """The bytes of a file that something writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sample"
        write(file)
        return file.read_bytes()


def _ods(file: Path) -> object:
    rows = [CASE_HEADER, *([row[heading] for heading in CASE_HEADER] for row in _CASES)]
    return ods(file, ods_table("".join(ods_row(*map(ods_text, row)) for row in rows)))


def _xls(file: Path) -> object:
    return xls(file, [CASE_HEADER, *([row[heading] for heading in CASE_HEADER] for row in _CASES)])


# SPSS has no blanks in names.
_SPSS = {heading: f"v{number}" for number, heading in enumerate(CASE_HEADER)}


def _spss(file: Path) -> None:
    frame = pd.DataFrame([{_SPSS[heading]: cell for heading, cell in row.items()} for row in _CASES])
    named = file.with_suffix(".sav")
    pyreadstat.write_sav(frame, str(named))
    named.rename(file)


def _spss_spec() -> dict[str, Any]:
    spec = _case("spss", "*.sav", {"kind": "spss"})
    [feed] = spec["feeds"]
    columns = {
        name: _SPSS[column] if isinstance(column, str) else column | {"column": _SPSS[column["column"]]}
        for name, column in feed["columns"].items()
    }
    return spec | {
        "unit": {"column": _SPSS["Đơn vị"]},
        "feeds": [feed | {"record_id": [_SPSS["Mã hồ sơ"]], "columns": columns}],
        "ignore": [_SPSS[heading] for heading in spec["ignore"]],
    }


_CASES = [case_row(number) for number in range(ROWS)]
_CSV = csv_bytes(_CASES)
SAMPLES = (
    Sample("csv", ".csv", "case", _CSV, _case("csv", "*.csv", {"kind": "csv"}), is_text=True),
    Sample(
        "semicolons", ".txt", "case", csv_bytes(_CASES, newline="\r\n").replace(b",", b";"),
        _case("semicolons", "*.txt", {"kind": "csv"}), is_text=True,
    ),
    Sample("xlsx", ".xlsx", "case", xlsx_bytes(_CASES), _case("xlsx", "*.xlsx", {"kind": "workbook"}), is_archive=True),
    Sample(
        "two_rows", ".xlsx", "survey_response", _two_row_header(), _survey_workbook_spec("two_rows"), is_archive=True
    ),
    Sample(
        "jsonl", ".jsonl", "complaint", _json_lines(),
        complaint_spec(location={"path": "inbox/jsonl/*.jsonl"}, authority="jsonl"), is_text=True,
    ),
    Sample(
        "json", ".json", "complaint", _json(),
        complaint_spec(
            location={"path": "inbox/json/*.json"}, authority="json", reader={"kind": "json"}
        ),
        is_text=True,
    ),
    Sample(
        "utf16", ".csv", "case", _CSV.decode().encode("utf-16"), _case("utf16", "*.csv", {"kind": "csv"})
    ),
    Sample("tcvn3", ".csv", "case", _as_tcvn3(_CSV.decode()), _case("tcvn3", "*.csv", {"kind": "csv"})),
    Sample("ods", ".ods", "case", _written(_ods), _case("ods", "*.ods", {"kind": "workbook"}), is_archive=True),
    Sample("xls", ".xls", "case", _written(_xls), _case("xls", "*.xls", {"kind": "workbook"})),
    Sample(
        "parquet", ".parquet", "case", _written(lambda file: pq.write_table(pa.Table.from_pylist(_CASES), file)),
        _case("parquet", "*.parquet", {"kind": "parquet"}),
    ),
    Sample("spss", ".sav", "case", _written(_spss), _spss_spec()),
    Sample(
        "zipped", ".zip", "case", _zipped("so/a.csv", _CSV), _case("zipped", "*.zip!/so/*.csv", {"kind": "csv"}),
        is_archive=True,
    ),
)  # fmt: skip
