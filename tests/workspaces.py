"""Builders of tiny workspaces: settings, source specs, and CSV and XLSX inputs with planted personal data."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import yaml

from assets.estimates.options import EstimateOptions
from assets.keys import Keyring
from assets.landing.take_in import take_in, take_in_references
from assets.ledger import InputRecord
from assets.office import Office
from assets.workspace import Workspace
from quality.gate import GateThresholds
from quality.problem import Problem
from quality.verdict import GateResult

KEY = b"a-key-for-the-tests-of-sipas"
KEYS = Keyring((KEY,))
TODAY = dt.date(2023, 7, 20)

# Made up by rule: no such family name, and no network gives out numbers that begin with four zeros.
NAME = "Zừ Văn Bịa Đặt"
PHONE = "0000123456"

CASE_HEADER = (
    "Mã hồ sơ",
    "Đơn vị",
    "Mã TTHC",
    "Kênh",
    "Trạng thái",
    "Ngày nhận",
    "Ngày hẹn",
    "Ngày xong",
    "Chủ hồ sơ",
    "Điện thoại",
)
FORM_HEADER = ("Số phiếu", "Ngày", "Giới tính", "Trụ sở", "Trang thiết bị", "Họ tên")
COMPLAINT_HEADER = ("maPAKN", "donVi", "kenh", "trangThai", "ngayNhan", "hanXuLy", "ngayXong", "hoTen")

Row = dict[str, Any]


def make_workspace(root: Path, **settings: Any) -> Workspace:
    """Return a workspace of Mỹ Đức district (282) with settings and a key, and without sources."""
    workspace = Workspace(root)
    for folder in (workspace.sources, workspace.reference, workspace.inbox):
        folder.mkdir(parents=True)
    (root / "demo.key").write_bytes(KEY + b"\n")
    content = {
        "name": "thu",
        "title": {"vi": "Huyện thử", "en": "Test district"},
        "roots": ["282"],
        "key": {"file": "demo.key"},
        "simulated": True,
        # Official forms are written where a test is about them.
        "forms": {"months": 0},
        **settings,
    }
    workspace.settings_file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return workspace


def write_no_forms(root: Path) -> None:
    """Have no official forms written in a simulated workspace."""
    with (root / "sipas.yml").open("a", encoding="utf-8") as settings:
        settings.write("forms: {months: 0}\n")


def open_office(workspace: Workspace, keys: Keyring = KEYS, **thresholds: Any) -> Office:
    """Return the office of a test workspace, as the command opens it, on a fixed day."""
    return Office(
        workspace=workspace,
        roots=("282",),
        cut_off_day=14,
        working_days=2,
        thresholds=GateThresholds(**thresholds),
        estimates=EstimateOptions(),
        keys=keys,
        folders={},
        today=TODAY,
        tell=lambda line: None,
    )


# Specs


def case_spec(**changes: Any) -> dict[str, Any]:
    """A source of cases in CSV files, one row per case; `changes` replace whole top-level keys."""
    columns: dict[str, Any] = {
        "procedure_code": "Mã TTHC",
        "channel": {"column": "Kênh", "values": {"Trực tiếp": "direct", "Trực tuyến": "online"}},
        "state": {"column": "Trạng thái", "values": {"Đang xử lý": "processing", "Đã xong": "settled"}},
        **{
            name: {"column": heading, "formats": ["%d/%m/%Y", "%d/%m/%Y %H:%M"]}
            for name, heading in (("received_at", "Ngày nhận"), ("due_at", "Ngày hẹn"), ("settled_at", "Ngày xong"))
        },
    }
    return {
        "title": {"vi": "Hồ sơ", "en": "Cases"},
        "row": "one case",
        "authority": "mot_cua",
        "delivery": {"kind": "upsert"},
        "location": {"path": "inbox/ho_so/*.csv"},
        "reader": {"kind": "csv"},
        "unit": {"column": "Đơn vị"},
        "feeds": [{"dataset": "case", "record_id": ["Mã hồ sơ"], "columns": columns}],
        "ignore": ["Chủ hồ sơ", "Điện thoại"],
        **changes,
    }


def survey_spec(**changes: Any) -> dict[str, Any]:
    """A source of survey forms in CSV files: a snapshot of unit and period."""
    return {
        "title": {"vi": "Phiếu", "en": "Forms"},
        "row": "one form",
        "authority": "phieu_xa",
        "delivery": {"kind": "snapshot", "scope": ["unit", "period"]},
        "location": {"path": "inbox/phieu/{period}/{unit}_{sent}.csv"},
        "reader": {"kind": "csv"},
        "unit": {"group": "unit"},
        "feeds": [
            {
                "dataset": "survey_response",
                "record_id": ["Số phiếu"],
                "scope_id_with": ["unit", "period"],
                "columns": {
                    "instrument_code": {"constant": "HN2023"},
                    "responded_on": {"column": "Ngày", "formats": ["%d/%m/%Y"]},
                    "sex": {"column": "Giới tính", "values": {"Nam": "male", "Nữ": "female"}},
                },
            },
            {
                "dataset": "survey_answer",
                "items": {"I.1": "Trụ sở", "I.2": "Trang thiết bị"},
                "values": {"Rất hài lòng": "5", "Hài lòng": "4", "Bình thường": "3"},
            },
        ],
        "ignore": ["Họ tên"],
        **changes,
    }


def complaint_spec(**changes: Any) -> dict[str, Any]:
    """A source of complaints in JSON Lines."""
    return {
        "title": {"vi": "Phản ánh", "en": "Complaints"},
        "row": "one complaint",
        "authority": "cong_pakn",
        "delivery": {"kind": "upsert"},
        "location": {"path": "inbox/pakn.jsonl"},
        "reader": {"kind": "jsonl"},
        "unit": {"column": "donVi"},
        "feeds": [
            {
                "dataset": "complaint",
                "record_id": ["maPAKN"],
                "columns": {
                    "channel": {"column": "kenh", "values": {"Cổng": "website"}},
                    "state": {"column": "trangThai", "values": {"Xong": "done", "Đang xử lý": "in_progress"}},
                    "received_at": "ngayNhan",
                    "due_at": "hanXuLy",
                    "closed_at": "ngayXong",
                },
            }
        ],
        "ignore": ["hoTen"],
        **changes,
    }


def write_spec(workspace: Workspace, name: str, spec: Mapping[str, Any]) -> Path:
    """Write sources/<name>.yml."""
    path = workspace.sources / f"{name}.yml"
    path.write_text(yaml.safe_dump(dict(spec), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


# Inputs


def case_row(number: int, **changes: Any) -> Row:
    """A sound case of Xã An Mỹ; `changes` by heading."""
    return {
        "Mã hồ sơ": f"HS-{number:04d}",
        "Đơn vị": "Xã An Mỹ",
        "Mã TTHC": "1.000001",
        "Kênh": "Trực tiếp",
        "Trạng thái": "Đã xong",
        "Ngày nhận": "01/06/2023",
        "Ngày hẹn": "12/06/2023",
        "Ngày xong": "08/06/2023",
        "Chủ hồ sơ": NAME,
        "Điện thoại": PHONE,
        **changes,
    }


def form_row(number: int, **changes: Any) -> Row:
    """A sound form; `changes` by heading."""
    return {
        "Số phiếu": f"{number:04d}",
        "Ngày": "05/06/2023",
        "Giới tính": "Nữ",
        "Trụ sở": "Hài lòng",
        "Trang thiết bị": "Bình thường",
        "Họ tên": NAME,
        **changes,
    }


def complaint_row(number: int, **changes: Any) -> Row:
    """A sound complaint of Xã An Mỹ; `changes` by key."""
    return {
        "maPAKN": f"PA-{number:04d}",
        "donVi": "10462",
        "kenh": "Cổng",
        "trangThai": "Xong",
        "ngayNhan": "2023-06-01 08:00:00",
        "hanXuLy": "2023-06-10 17:00:00",
        "ngayXong": "2023-06-09 09:00:00",
        "hoTen": NAME,
        **changes,
    }


def csv_bytes(rows: Iterable[Row], header: Sequence[str] = CASE_HEADER, newline: str = "\n") -> bytes:
    """The rows as UTF-8 CSV under the header; a heading that a row lacks is a blank cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline)
    writer.writerow(header)
    writer.writerows([row.get(heading, "") for heading in header] for row in rows)
    return text.getvalue().encode()


def put(workspace: Workspace, path: str, content: bytes) -> Path:
    """Write a file of the workspace."""
    file = workspace.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def put_cases(workspace: Workspace, path: str, rows: Iterable[Row], header: Sequence[str] = CASE_HEADER) -> Path:
    return put(workspace, path, csv_bytes(rows, header))


def put_forms(workspace: Workspace, path: str, rows: Iterable[Row], header: Sequence[str] = FORM_HEADER) -> Path:
    return put(workspace, path, csv_bytes(rows, header))


def put_complaints(workspace: Workspace, path: str, rows: Iterable[Row]) -> Path:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return put(workspace, path, "".join(lines).encode())


def xlsx_bytes(rows: Iterable[Row], header: Sequence[str] = CASE_HEADER, sheet: str = "Hồ sơ") -> bytes:
    """The rows as a workbook of one sheet."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    page.append(list(header))
    for row in rows:
        page.append([row.get(heading) for heading in header])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def encrypted_workbook() -> bytes:
    """What Excel writes for a workbook with a password begins so: an OLE file that holds an EncryptedPackage."""
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (108 * 4)
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * (126 * 4)
    entries = b""
    for name, kind, child in (("Root Entry", 5, 1), ("EncryptedPackage", 2, 0xFFFFFFFF)):
        text = name.encode("utf-16-le") + b"\0\0"
        fields = struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        entries += text.ljust(64, b"\0") + fields + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)
    return header + table + entries + bytes(256)


# What was taken in


@dataclass
class Taken:
    """One dataset taken in once: the readings by path, the problems noted, and the quarantined rows."""

    office: Office
    gate: GateResult | None
    records: dict[str, InputRecord]
    problems: list[Problem]
    quarantined: list[Row]

    def landed(self, dataset: str) -> list[Row]:
        """Every landed row of the dataset, of all batches."""
        return landed(self.office, dataset)

    def rules(self, path: str) -> dict[tuple[str, str], int]:
        """(rule, column) → rows of one input."""
        input_id = self.records[path].input_id
        counts = self.office.ledger.rule_counts()
        return {(count.rule_id, count.column_name): count.n_rows for count in counts if count.input_id == input_id}


def take(workspace: Workspace, dataset: str = "case", keys: Keyring = KEYS, **thresholds: Any) -> Taken:
    """Take in what is new for the dataset through the real gate; every input's rows must add up."""
    office = open_office(workspace, keys, **thresholds)
    take_in_references(office)
    taken = take_in(office, dataset, lambda month: True)
    for record in taken.records:
        kept = record.rows_accepted + record.rows_quarantined + record.rows_duplicate
        assert record.rows_read == kept + record.rows_forgotten, record
    refused = [row for row in quarantined(office) if row["input_id"] in {record.input_id for record in taken.records}]
    return Taken(office, taken.gate, {record.path: record for record in taken.records}, office.problems, refused)


def landed(office: Office, dataset: str) -> list[Row]:
    """The rows of the dataset's recorded files that count, in order of arrival and line."""
    inactive = office.ledger.retired_ids()
    rows = [row for part in office.ledger.parts(dataset) for row in _rows(office.workspace.root / part.path)]
    kept = [row for row in rows if row["input_id"] not in inactive]
    return sorted(kept, key=lambda row: (row["delivery_seq"], row.get("line") or 0, row["record_key"]))


def quarantined(office: Office) -> list[Row]:
    """The recorded quarantine of every dataset."""
    parts = [part for part in office.ledger.parts() if part.dataset.startswith("quarantine/")]
    return [row for part in parts for row in _rows(office.workspace.root / part.path)]


def _rows(file: Path) -> list[Row]:
    return list(pq.read_table(file).to_pylist())
