"""Inputs of the benchmarks: CSV files made by DuckDB and the workspace around them. Same numbers, same bytes. Nothing is measured here."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import zipfile
from pathlib import Path

import duckdb
import xlsxwriter
import yaml

from pipelines.simulate.profile import EXAMPLE_FOLDER, load_profile

FORMAT = "%d/%m/%Y %H:%M:%S"
DAY_FORMAT = "%d/%m/%Y"

# A few faults, so that rows take every way through the code; they are not counted.
NOT_A_DATE = "31/02/2023 08:00:00"
UNKNOWN_UNIT = "Xã Không Có"

LEVELS = ("Rất không hài lòng", "Không hài lòng", "Bình thường", "Hài lòng", "Rất hài lòng")
CHANNELS = {"Trực tiếp": "direct", "Trực tuyến": "online", "Bưu chính": "postal"}
# Workbooks that are made cell by cell where thousands are wanted.
MODELS = 20
COMPLAINT_CHANNELS = {"Điện thoại": "phone", "Thư điện tử": "email", "Đơn thư": "letter", "Trực tiếp": "in_person"}
CLASSES = {"Quy định, chính sách, TTHC": "regulation", "Hành vi của CBCC": "conduct", "Khác": "other"}

CASE_IGNORED = (
    "TenTTHC",
    "ChuHoSo",
    "SoDienThoai",
    "SoGiayTo",
    "DiaChi",
    "TrichYeuHoSo",
    "NgayTra",
    "CanBoTiepNhan",
    "CanBoXuLy",
    "SoBienNhan",
    "GhiChu",
)


def _pick(values: tuple[str, ...], salt: str) -> str:
    """SQL of one of the values, drawn by the row's number."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"[{listed}][1 + CAST(hash(i, '{salt}') % {len(values)} AS INTEGER)]"


def _draw(salt: str, below: int) -> str:
    """SQL of a whole number from 0 to `below` - 1, drawn by the row's number."""
    return f"CAST(hash(i, '{salt}') % {below} AS INTEGER)"


def _write(select: str, rows: int, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute(
            f"COPY ({select.format(rows=rows)}) TO '{target.as_posix()}' (FORMAT csv, HEADER)"
        ).fetchall()


def write_cases(rows: int, target: Path) -> None:
    """Write case files as CSV: 25 columns, of which the spec reads 14. Received from 15/12/2022 to 14/12/2023.

    In 1,000 rows about 3 have a date that does not exist, 2 an unknown unit, 3 no due date and 1 repeats the row before.
    """
    profile = load_profile()
    units = tuple(unit.title for unit in profile.units)
    codes = tuple(procedure.code for procedure in profile.procedures)
    names = tuple(procedure.name for procedure in profile.procedures)
    fields = tuple(procedure.field for procedure in profile.procedures)
    _write(
        f"""
        WITH numbered AS (
            SELECT CASE WHEN hash(n, 'again') % 1000 = 0 AND n > 0 THEN n - 1 ELSE n END AS i FROM range({{rows}}) AS t(n)
        ), timed AS (
            SELECT i, timestamp '2022-12-15 07:30:00'
                    + to_seconds({_draw("day", 365)} * 86400 + {_draw("second", 32400)}) AS received,
                3 + {_draw("term", 25)} AS term, {_draw("lead", 14)} - 11 AS late
            FROM numbered
        )
        SELECT
            'MD-' || lpad(CAST(i AS VARCHAR), 8, '0') AS "MaHoSo",
            CASE WHEN hash(i, 'lost') % 500 = 0 THEN '{UNKNOWN_UNIT}' ELSE {_pick(units, "unit")} END AS "DonVi",
            {_pick(codes, "procedure")} AS "MaTTHC",
            {_pick(names, "procedure")} AS "TenTTHC",
            {_pick(fields, "procedure")} AS "TenLinhVuc",
            {_pick(tuple(CHANNELS), "channel")} AS "KenhThucHien",
            CASE WHEN hash(i, 'open') % 20 = 0 THEN '4' ELSE '9' END AS "TrangThaiHoSoId",
            CASE WHEN hash(i, 'wrong') % 333 = 0 THEN '{NOT_A_DATE}' ELSE strftime(received, '{FORMAT}') END AS "NgayTiepNhan",
            CASE WHEN hash(i, 'no due') % 333 <> 1 THEN strftime(received + to_days(term), '{FORMAT}') END AS "NgayHenTra",
            CASE WHEN hash(i, 'open') % 20 <> 0
                THEN strftime(received + to_days(greatest(term + late, 0)), '{FORMAT}') END AS "NgayKetThucXuLy",
            CASE WHEN hash(i, 'more') % 50 = 0
                THEN strftime(received + to_days(1), '{FORMAT}') END AS "NgayYeuCauBoSung",
            CASE WHEN hash(i, 'who') % 12 = 0 THEN 'Tổ chức' ELSE 'Cá nhân' END AS "LoaiDoiTuong",
            CAST(term AS VARCHAR) AS "ThoiGianThucHien",
            CAST({_draw("fee", 40)} * 5000 AS VARCHAR) AS "LePhi",
            'Nguyễn Thị Mô Phỏng ' || {_draw("name", 90000)} AS "ChuHoSo",
            '0000' || lpad(CAST({_draw("phone", 1000000)} AS VARCHAR), 6, '0') AS "SoDienThoai",
            '000' || lpad(CAST({_draw("card", 1000000000)} AS VARCHAR), 9, '0') AS "SoGiayTo",
            'Thôn ' || {_draw("village", 12)} || ', ' || {_pick(units, "unit")} AS "DiaChi",
            'Đề nghị giải quyết hồ sơ số ' || i || ' theo quy định' AS "TrichYeuHoSo",
            CASE WHEN hash(i, 'open') % 20 <> 0
                THEN strftime(received + to_days(greatest(term + late, 0) + 1), '{FORMAT}') END AS "NgayTra",
            'Cán bộ ' || {_draw("desk", 60)} AS "CanBoTiepNhan",
            'Cán bộ ' || {_draw("officer", 200)} AS "CanBoXuLy",
            'BN' || CAST(100000000 + i AS VARCHAR) AS "SoBienNhan",
            'Tại bộ phận một cửa' AS "HinhThucTra",
            CASE WHEN hash(i, 'note') % 9 = 0 THEN 'Đã gọi điện, hẹn lại' END AS "GhiChu"
        FROM timed
        """,
        rows,
        target,
    )


def write_forms(rows: int, target: Path) -> None:
    """Write survey forms as CSV, one row per form with its 21 items; one answer in 100 is blank, one in 10,000 is no level."""
    profile = load_profile()
    units = tuple(unit.title for unit in profile.units)
    items = ",\n".join(
        f"""CASE hash(i, '{item.code}') % 10000 WHEN 0 THEN 'Tạm được' ELSE
            CASE WHEN hash(i, '{item.code}') % 100 <> 1 THEN {_pick((*LEVELS, *LEVELS[3:], *LEVELS[3:]), item.code + "?")} END
            END AS "{item.code}" """
        for item in profile.items
    )
    _write(
        f"""
        SELECT
            'P' || lpad(CAST(i AS VARCHAR), 7, '0') AS "Số phiếu",
            {_pick(units, "unit")} AS "Đơn vị",
            strftime(date '2022-12-15' + {_draw("day", 365)}, '{DAY_FORMAT}') AS "Ngày",
            {_pick(("Nam", "Nữ"), "sex")} AS "Giới tính",
            {items}
        FROM range({{rows}}) AS t(i)
        """,
        rows,
        target,
    )


def write_complaints(rows: int, target: Path) -> None:
    """Write complaints as CSV; one in 50 has no unit, one in 20 no deadline, one in 10 is open."""
    units = tuple(unit.title for unit in load_profile().units)
    _write(
        f"""
        WITH timed AS (
            SELECT i, date '2022-12-15' + {_draw("day", 365)} AS received, 5 + {_draw("term", 20)} AS term,
                {_draw("lead", 15)} - 11 AS late
            FROM range({{rows}}) AS t(i)
        )
        SELECT
            'PA' || lpad(CAST(i AS VARCHAR), 7, '0') AS "Số",
            CASE WHEN hash(i, 'lost') % 50 <> 0 THEN {_pick(units, "unit")} END AS "Đơn vị",
            {_pick(tuple(COMPLAINT_CHANNELS), "channel")} AS "Kênh",
            {_pick(tuple(CLASSES), "class")} AS "Phân loại",
            {_pick(("Đất đai", "Hộ tịch", "Xây dựng", "Môi trường"), "topic")} AS "Lĩnh vực",
            'Nội dung phản ánh số ' || i AS "Nội dung",
            CASE WHEN hash(i, 'open') % 10 = 0 THEN 'Đang xử lý' ELSE 'Đã giải quyết' END AS "Trạng thái",
            strftime(received, '{DAY_FORMAT}') AS "Ngày tiếp nhận",
            CASE WHEN hash(i, 'no due') % 20 <> 0 THEN strftime(received + term, '{DAY_FORMAT}') END AS "Hạn xử lý",
            CASE WHEN hash(i, 'open') % 10 <> 0
                THEN strftime(received + greatest(term + late, 0), '{DAY_FORMAT}') END AS "Ngày xử lý xong"
        FROM timed
        """,
        rows,
        target,
    )


def as_workbook(source: Path, target: Path) -> None:
    """Write a CSV file of cases as a workbook of one sheet: dates and numbers as Excel holds them, the rest as text."""
    dates = {"NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayYeuCauBoSung", "NgayTra"}
    numbers = {"TrangThaiHoSoId", "ThoiGianThucHien", "LePhi"}
    with (
        xlsxwriter.Workbook(str(target), {"constant_memory": True}) as workbook,
        source.open(encoding="utf-8", newline="") as file,
    ):
        sheet = workbook.add_worksheet("Hồ sơ")
        date_format = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        rows = csv.reader(file)
        headings = next(rows)
        sheet.write_row(0, 0, headings)
        for row, values in enumerate(rows, start=1):
            for column, (name, text) in enumerate(zip(headings, values, strict=True)):
                if name in numbers:
                    sheet.write_number(row, column, int(text))
                elif name in dates and text and text != NOT_A_DATE:
                    sheet.write_datetime(row, column, dt.datetime.strptime(text, FORMAT), date_format)
                elif text:
                    sheet.write_string(row, column, text)


def write_small_workbooks(files: int, rows: int, work: Path, target: Path) -> None:
    """Write workbooks of so many cases each, all with numbers of their own: a few are made cell by cell, the others from them."""
    target.mkdir(parents=True)
    write_cases(MODELS * rows, work / "models.csv")
    head, *lines = (work / "models.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    models = []
    for number in range(min(files, MODELS)):
        part = lines[number * rows : (number + 1) * rows]
        (work / "model.csv").write_text("".join([head, *part]), encoding="utf-8")
        as_workbook(work / "model.csv", work / "model.xlsx")
        with zipfile.ZipFile(work / "model.xlsx") as archive:
            models.append({name: archive.read(name) for name in archive.namelist()})
    for number in range(files):
        with zipfile.ZipFile(target / f"{number:05d}.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in models[number % len(models)].items():
                archive.writestr(name, content.replace(b"MD-0", b"MD-%d-" % number))


def make_workspace(root: Path) -> None:
    """Make a workspace of Mỹ Đức without sources: the demo's settings and reference tables, and a key."""
    root.mkdir(parents=True)
    shutil.copyfile(EXAMPLE_FOLDER / "sipas.yml", root / "sipas.yml")
    (root / "reference").mkdir()
    for name in ("procedure.csv", "unit_alias.csv"):
        shutil.copyfile(EXAMPLE_FOLDER / "reference" / name, root / "reference" / name)
    (root / "demo.key").write_text("not-secret-" * 6 + "\n", encoding="utf-8")
    (root / "sources").mkdir()


def add_case_source(root: Path, path: str) -> None:
    """Add the spec of the cases at `path` (relative to the workspace; the kind of reader follows from its suffix)."""
    reader: dict[str, object] = {"kind": "csv"} if path.endswith(".csv") else {"kind": "workbook", "header_rows": 1}
    moments = {
        "received_at": "NgayTiepNhan",
        "due_at": "NgayHenTra",
        "settled_at": "NgayKetThucXuLy",
        "supplement_requested_at": "NgayYeuCauBoSung",
    }
    feed: dict[str, object] = {
        "dataset": "case",
        "record_id": ["MaHoSo"],
        "columns": {
            "procedure_code": "MaTTHC",
            "procedure_field": "TenLinhVuc",
            "channel": {"column": "KenhThucHien", "values": CHANNELS},
            "state": {"column": "TrangThaiHoSoId", "values": {"4": "processing", "9": "settled"}},
            **{field: {"column": heading, "formats": [FORMAT]} for field, heading in moments.items()},
        },
        "extra": ["LoaiDoiTuong", "ThoiGianThucHien", "LePhi", "HinhThucTra"],
    }
    _add_source(root, "cases", "one case file", path, reader, [feed], [*CASE_IGNORED], "DonVi")


def add_form_source(root: Path, path: str) -> None:
    """Add the spec of the survey forms at `path`."""
    feeds: list[dict[str, object]] = [
        {
            "dataset": "survey_response",
            "record_id": ["Số phiếu"],
            "columns": {
                "instrument_code": {"constant": "HN2023"},
                "mode": {"constant": "paper"},
                "responded_on": {"column": "Ngày", "formats": [DAY_FORMAT]},
                "sex": {"column": "Giới tính", "values": {"Nam": "male", "Nữ": "female"}},
            },
        },
        {
            "dataset": "survey_answer",
            "items": {item.code: item.code for item in load_profile().items},
            "values": {level: str(number) for number, level in enumerate(LEVELS, start=1)},
        },
    ]
    _add_source(root, "forms", "one paper form", path, {"kind": "csv"}, feeds, [], "Đơn vị")


def add_complaint_source(root: Path, path: str) -> None:
    """Add the spec of the complaints at `path`."""
    moments = {"received_at": "Ngày tiếp nhận", "due_at": "Hạn xử lý", "closed_at": "Ngày xử lý xong"}
    feed: dict[str, object] = {
        "dataset": "complaint",
        "record_id": ["Số"],
        "columns": {
            "channel": {"column": "Kênh", "values": COMPLAINT_CHANNELS},
            "class": {"column": "Phân loại", "values": CLASSES},
            "topic": "Lĩnh vực",
            "state": {"column": "Trạng thái", "values": {"Đang xử lý": "in_progress", "Đã giải quyết": "done"}},
            **{field: {"column": heading, "formats": [DAY_FORMAT]} for field, heading in moments.items()},
        },
    }
    _add_source(root, "complaints", "one complaint", path, {"kind": "csv"}, [feed], ["Nội dung"], "Đơn vị")


def _add_source(
    root: Path,
    name: str,
    row: str,
    path: str,
    reader: dict[str, object],
    feeds: list[dict[str, object]],
    ignore: list[str],
    unit_column: str,
) -> None:
    spec = {
        "title": {"vi": f"{name} (đo tốc độ)", "en": f"{name} (benchmark)"},
        "row": row,
        "office": "282",
        "authority": f"benchmark_{name}",
        "delivery": {"kind": "upsert"},
        "location": {"path": path},
        "reader": reader,
        "time_zone": "Asia/Ho_Chi_Minh",
        "deadline_precision": "date",
        "unit": {"column": unit_column},
        "feeds": feeds,
        "ignore": ignore,
    }
    text = yaml.safe_dump(spec, allow_unicode=True, sort_keys=False)
    (root / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")
