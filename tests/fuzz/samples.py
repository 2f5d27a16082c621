"""Sound files of every kind that there is a reader for, with the spec that reads them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openpyxl
from workspaces import (
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
    return json.dumps({"data": {"items": records}}, ensure_ascii=False, indent=1).encode()


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
            location={"path": "inbox/json/*.json"}, authority="json", reader={"kind": "json", "path": ["data", "items"]}
        ),
        is_text=True,
    ),
)  # fmt: skip
