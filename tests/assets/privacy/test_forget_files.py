"""Files of every kind that forgetting rewrites: read back by other programs, the others in their places, nothing to repair."""

from __future__ import annotations

import io
import json
import struct
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import xlsxwriter
from person_to_forget import HEADER, NAMED, OTHER_PHONE, PERSON_PHONE, forget_in, rows, spec_of
from python_calamine import CalamineWorkbook
from workbook_files import FORMULA, ods, ods_row, ods_table, ods_text, xls, xls_sharing
from workspaces import (
    case_row,
    complaint_row,
    complaint_spec,
    csv_bytes,
    landed,
    make_workspace,
    open_office,
    put,
    quarantined,
    take,
    write_spec,
    xlsx_bytes,
)

from assets.privacy.forget import Forgotten
from assets.workspace import Workspace

PERSON = 3
# The row of the person and the one that mentions them.
GONE = (PERSON, PERSON + 1)
# Decomposed, as some programs write it.
SHEET = unicodedata.normalize("NFD", "Hồ sơ")
VARIABLES = {heading: f"v{number}" for number, heading in enumerate(HEADER)}


def cells(row: dict[str, Any]) -> list[str]:
    return [row[heading] for heading in HEADER]


def put_parquet(workspace: Workspace) -> None:
    table = pa.Table.from_pylist([{heading: row[heading] for heading in HEADER} for row in rows(PERSON)])
    coded = table["Chủ hồ sơ"].dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
    table = table.set_column(table.schema.get_field_index("Chủ hồ sơ"), "Chủ hồ sơ", coded)
    table = table.append_column(pa.field("số", pa.int64(), nullable=False), pa.array(range(10)))
    table = table.append_column("nơi", pa.array([{"xã": "a", "thôn": [n]} for n in range(10)]))
    table = table.replace_schema_metadata({"nguồn": "một cửa"})
    spec = spec_of("inbox/a.parquet", {"kind": "parquet"}, "cot")
    write_spec(workspace, "cot", spec | {"ignore": [*spec["ignore"], "số", "nơi.xã", "nơi.thôn"]})
    pq.write_table(
        table, workspace.inbox / "a.parquet", row_group_size=4, compression={"số": "gzip", "Mã hồ sơ": "zstd"}
    )


def put_spss(workspace: Workspace) -> None:
    frame = pd.DataFrame([{VARIABLES[heading]: row[heading] for heading in HEADER} for row in rows(PERSON)])
    frame["muc"] = [1.0, 2.0, 99.0, float("nan"), 1.0, 2.0, 1.0, 2.0, 99.0, 1.0]
    spec = spec_of("inbox/a.sav", {"kind": "spss"}, "thong_ke")
    [feed] = spec["feeds"]
    columns = {
        name: VARIABLES[column] if isinstance(column, str) else column | {"column": VARIABLES[column["column"]]}
        for name, column in feed["columns"].items()
    }
    write_spec(workspace, "thong_ke", spec | {
        "unit": {"column": VARIABLES["Đơn vị"]}, "ignore": [VARIABLES["Ghi chú"], "muc"],
        "feeds": [feed | {"record_id": [VARIABLES["Mã hồ sơ"]], "columns": columns}]})  # fmt: skip
    pyreadstat.write_sav(
        frame, workspace.inbox / "a.sav", column_labels={"muc": "Mức độ hài lòng"}, row_compress=True, note="phiếu giấy",
        variable_value_labels={"muc": {1.0: "Hài lòng", 99.0: "Không trả lời"}}, missing_ranges={"muc": [99]},
        variable_measure={"muc": "ordinal"}, variable_format={"muc": "F4.0"},
    )  # fmt: skip


def put_ods(workspace: Workspace) -> None:
    write_spec(workspace, "bang", spec_of("inbox/a.ods", {"kind": "workbook"}, "bang"))
    written = [
        ods_row(*(ods_text(escaped(cell)) for cell in line)) for line in (list(HEADER), *map(cells, rows(PERSON)))
    ]
    file = ods(
        workspace.inbox / "a.ods", ods_table("".join(written), SHEET) + ods_table(ods_row(ods_text("=")), "Khác")
    )
    with zipfile.ZipFile(file, "a") as package:
        package.writestr("Thumbnails/thumbnail.png", b"a picture of the first page")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("\n", "</text:p><text:p>")


def put_xls(workspace: Workspace) -> None:
    """Two sheets, of which one is read; the unit and most other texts stand in many cells, and once in the file."""
    write_spec(workspace, "bang_cu", spec_of("inbox/a.xls", {"kind": "workbook", "sheet": "Hồ sơ"}, "bang_cu"))
    lines = [list(HEADER), *map(cells, rows(PERSON))]
    numbered = [[*line, f"số {number}" if number == 0 else float(number)] for number, line in enumerate(lines)]
    xls_sharing(workspace.inbox / "a.xls", {"Hồ sơ": numbered, "Khác": [["HS-0003", "Xã An Mỹ", 7.0]]})


def put_nested_json(workspace: Workspace) -> None:
    spec = complaint_spec(location={"path": "inbox/a.json"}, reader={"kind": "json", "path": ["donVi", "dong"]})
    [feed] = spec["feeds"]
    columns = {
        name: f"dong.{column}" if isinstance(column, str) else column | {"column": f"dong.{column['column']}"}
        for name, column in feed["columns"].items()
    }
    write_spec(workspace, "pakn", spec | {
        "ignore": ["root.ky", "donVi.ten", "dong.donVi", "dong.hoTen"], "unit": {"column": "donVi.ma"},
        "feeds": [feed | {"record_id": ["dong.maPAKN"], "columns": columns | {"person_phone": "dong.dienThoai"}}]})  # fmt: skip
    put(workspace, "inbox/a.json", json.dumps(nested(), ensure_ascii=False).encode())


def nested() -> dict[str, Any]:
    """Complaints of two units in one document; the second of the second unit is the person's."""
    made = [complaint_row(n, dienThoai=PERSON_PHONE if n == 3 else OTHER_PHONE) for n in range(5)]
    units = [{"ma": "10462", "ten": "Xã An Mỹ", "dong": part} for part in (made[:2], made[2:])]
    return {"ky": "2023-06", "donVi": units}


def put_zip(workspace: Workspace) -> None:
    write_spec(workspace, "nen", spec_of("inbox/a.zip!/so/*.csv", {"kind": "csv"}, "nen"))
    write_spec(workspace, "nen_bang", spec_of("inbox/a.zip!/*.xlsx", {"kind": "workbook"}, "nen_bang"))
    with zipfile.ZipFile(workspace.inbox / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"one set"
        archive.mkdir("so")
        archive.writestr("so/xã một.csv", csv_bytes(rows(PERSON), HEADER))
        archive.writestr("so/hai.csv", csv_bytes([case_row(50, **{"Điện thoại": OTHER_PHONE, "Ghi chú": ""})], HEADER))
        archive.writestr("đọc.txt", "không đọc".encode(), zipfile.ZIP_STORED)
        archive.writestr("b.xlsx", xlsx_bytes(rows(PERSON), HEADER))


def put_formulas(workspace: Workspace) -> None:
    """A workbook whose state column is calculated, with the results as Excel leaves them, and the person on another sheet."""
    write_spec(workspace, "cong_thuc", spec_of("inbox/a.xlsx", {"kind": "workbook"}, "cong_thuc"))
    with xlsxwriter.Workbook(workspace.inbox / "a.xlsx") as book:
        page, other = book.add_worksheet("Hồ sơ"), book.add_worksheet("Khác")
        page.write_row(0, 0, HEADER)
        for line, row in enumerate(rows(PERSON), start=1):
            page.write_row(line, 0, cells(row))
            page.write_formula(line, HEADER.index("Trạng thái"), '="Đã "&"xong"', None, "Đã xong")
        other.write(0, 0, PERSON_PHONE)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {}


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory: pytest.TempPathFactory, before: dict[str, bytes]) -> tuple[Workspace, Forgotten]:
    """A workspace of all these files after the person was forgotten; `before` holds the files as they were sent."""
    workspace = make_workspace(tmp_path_factory.mktemp("files") / "office")
    for fill in (put_parquet, put_spss, put_ods, put_xls, put_nested_json, put_zip, put_formulas):
        fill(workspace)
    before.update({file.name: file.read_bytes() for file in workspace.inbox.iterdir()})
    assert [record.rows_accepted for record in take(workspace).records.values()].count(10) == 7
    assert take(workspace, "complaint").records["inbox/a.json"].rows_accepted == 5
    return workspace, forget_in(workspace)


def test_nobody_is_left_and_the_next_run_has_nothing_to_do(forgotten: tuple[Workspace, Forgotten]) -> None:
    workspace, found = forgotten
    assert found.rows_inbox == 7 * 2 + 1 and len(found.records) == 7 * 2 + 1
    assert found.by_hand == [
        "inbox/a.xlsx: the rows are gone, and the person still stands elsewhere in the file, "
        "as on a sheet that is not read or in a comment"
    ]
    assert not take(workspace).records and not take(workspace, "complaint").records
    # Read as new, the rewritten files need no repair and do not bring the person back.
    office = open_office(workspace)
    lines = Counter((row["record_key"], row["line"]) for row in landed(office, "case"))
    office.close()
    for spec in workspace.sources.glob("*.yml"):
        spec.write_text(spec.read_text(encoding="utf-8").replace("vi: ", "vi: lại "), encoding="utf-8")
    again = [*take(workspace).records.values(), *take(workspace, "complaint").records.values()]
    assert sorted(record.rows_read for record in again) == [1, 4, *[8] * 7]
    assert sum(record.rows_forgotten + record.rows_quarantined for record in again) == 0
    office = open_office(workspace)
    assert Counter((row["record_key"], row["line"]) for row in landed(office, "case")) == lines
    assert not quarantined(office)
    office.close()


def test_parquet_has_nulls_there_and_is_else_as_it_was(
    forgotten: tuple[Workspace, Forgotten], before: dict[str, bytes]
) -> None:
    file = forgotten[0].inbox / "a.parquet"
    was = pq.read_table(io.BytesIO(before["a.parquet"]))
    left = duckdb.sql(f"SELECT * FROM read_parquet('{file}')").fetchall()
    sent = duckdb.from_arrow(was).fetchall()
    assert left == [(None,) * len(row) if number in GONE else row for number, row in enumerate(sent)]
    old, new = (pq.ParquetFile(source) for source in (io.BytesIO(before["a.parquet"]), file))
    assert new.schema_arrow.metadata == old.schema_arrow.metadata
    assert [field.type for field in new.schema_arrow] == [field.type for field in old.schema_arrow]
    groups = [
        [(group.num_rows, group.column(index).compression) for index in range(group.num_columns)]
        for group in (source.metadata.row_group(number) for source in (old, new) for number in range(3))
    ]
    assert groups[:3] == groups[3:]
    # Nor does a dictionary of values keep the name.
    for number in range(3):
        coded = new.read_row_group(number, columns=["Chủ hồ sơ"]).column(0)
        assert all(NAMED not in text for chunk in coded.chunks for text in chunk.dictionary.to_pylist())


def test_spss_keeps_its_labels_and_what_it_declares_missing(
    forgotten: tuple[Workspace, Forgotten], before: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "a.sav").write_bytes(before["a.sav"])
    (old, was), (new, now) = (
        pyreadstat.read_sav(file, user_missing=True, apply_value_formats=False)
        for file in (tmp_path / "a.sav", forgotten[0].inbox / "a.sav")
    )
    kept = [number for number in range(10) if number not in GONE]
    pd.testing.assert_frame_equal(new.iloc[kept], old.iloc[kept])
    assert (new.iloc[list(GONE)].isna() | (new.iloc[list(GONE)] == "")).all(axis=None)
    # The time of writing, and the width of texts: as many bytes as the longest that is left.
    others = {"creation_time", "modification_time", "original_variable_types", "variable_storage_width"}
    assert all(vars(now)[name] == value for name, value in vars(was).items() if name not in others)
    assert now.original_variable_types["muc"].startswith(was.original_variable_types["muc"])
    assert NAMED.encode() not in (forgotten[0].inbox / "a.sav").read_bytes()


def test_ods_has_empty_cells_there_and_no_picture_of_the_page(forgotten: tuple[Workspace, Forgotten]) -> None:
    file = forgotten[0].inbox / "a.ods"
    with zipfile.ZipFile(file) as package:
        assert package.testzip() is None
        assert package.namelist() == ["mimetype", "content.xml", "META-INF/manifest.xml"]
        assert package.infolist()[0].compress_type == zipfile.ZIP_STORED
        content = ElementTree.fromstring(package.read("content.xml"))
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    first, other = content.iter(f"{table}table")
    shown = [
        ["".join(cell.itertext()) for cell in row.iter(f"{table}table-cell")] for row in first.iter(f"{table}table-row")
    ]
    sent = [[cell.replace("\n", "") for cell in cells(row)] for row in rows(PERSON)]
    assert shown == [list(HEADER), *([""] * len(HEADER) if n in GONE else row for n, row in enumerate(sent))]
    assert "".join(other.itertext()) == "="
    assert len(CalamineWorkbook.from_path(file).get_sheet_by_name(SHEET).to_python()) == 11


def test_xls_has_blank_cells_there_and_texts_that_others_show_stay(forgotten: tuple[Workspace, Forgotten]) -> None:
    file = forgotten[0].inbox / "a.xls"
    book = CalamineWorkbook.from_path(file)
    shown = book.get_sheet_by_name("Hồ sơ").to_python(skip_empty_area=False)
    sent = [list(HEADER), *map(cells, rows(PERSON))]
    for number, line in enumerate(sent):
        blank = number - 1 in GONE
        assert shown[number][: len(HEADER)] == ([""] * len(HEADER) if blank else line)
        assert shown[number][len(HEADER)] == ("số 0" if number == 0 else "" if blank else number)
    # On the other sheet, which no source reads, the number of the case still stands.
    assert book.get_sheet_by_name("Khác").to_python() == [["HS-0003", "Xã An Mỹ", 7.0]]
    held = file.read_bytes()
    assert NAMED.encode("utf-16-le") not in held and "HS-0004".encode("utf-16-le") not in held
    assert "HS-0003".encode("utf-16-le") in held


def test_an_xls_file_with_a_formula_over_several_cells_is_left(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "bang_cu", spec_of("inbox/a.xls", {"kind": "workbook"}, "bang_cu"))
    formula = (FORMULA, struct.pack("<dHIH", 3.0, 0, 0, 0))
    shared = (0x4BC, bytes(10))
    xls(
        workspace.inbox / "a.xls",
        [["Mã", "Điện thoại", "n"], ["HS-1", PERSON_PHONE, formula, shared], ["HS-2", OTHER_PHONE, 1.0]],
    )
    sent = (workspace.inbox / "a.xls").read_bytes()
    [told] = forget_in(workspace).by_hand
    assert "a formula over several cells begins in a row that goes" in told
    assert (workspace.inbox / "a.xls").read_bytes() == sent


def test_a_row_that_an_ods_file_writes_once_for_several_goes_alone(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "bang", spec_of("inbox/a.ods", {"kind": "workbook"}, "bang"))
    same = ods_row(*(ods_text(cell) for cell in cells(rows(PERSON)[0])), times=5)
    person = ods_row(*(ods_text(escaped(cell)) for cell in cells(rows(PERSON)[PERSON])), times=2)
    ods(workspace.inbox / "a.ods", ods_table(ods_row(*map(ods_text, HEADER)) + same + person + same))
    take(workspace)
    assert forget_in(workspace).by_hand == []
    shown = CalamineWorkbook.from_path(workspace.inbox / "a.ods").get_sheet_by_name("S").to_python()
    assert [row[0] for row in shown] == [HEADER[0], *["HS-0000"] * 5, "", "", *["HS-0000"] * 5]


def test_a_nested_document_has_an_empty_object_there(forgotten: tuple[Workspace, Forgotten]) -> None:
    left = json.loads((forgotten[0].inbox / "a.json").read_text(encoding="utf-8"))
    wanted = nested()
    wanted["donVi"][1]["dong"][1] = {}
    assert left == wanted


def test_a_json_document_keeps_the_places_of_the_others(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    spec = complaint_spec(location={"path": "inbox/*.json"}, reader={"kind": "json"}, ignore=["hoTen", "dienThoai"])
    write_spec(workspace, "pakn", spec)
    items = [complaint_row(number, dienThoai=PERSON_PHONE if number == 1 else "") for number in range(4)]
    put(workspace, "inbox/a.json", json.dumps(items, ensure_ascii=False).encode())
    before = take(workspace, "complaint").landed("complaint")
    assert forget_in(workspace).rows_inbox == 1
    left = json.loads((workspace.inbox / "a.json").read_text(encoding="utf-8"))
    assert left == [items[0], {}, *items[2:]]
    after = landed(open_office(workspace), "complaint")
    assert [row["line"] for row in after] == [row["line"] for row in before if row["line"] != 2]


def test_in_an_archive_only_the_files_of_the_person_are_others(
    forgotten: tuple[Workspace, Forgotten], before: dict[str, bytes]
) -> None:
    with (
        zipfile.ZipFile(forgotten[0].inbox / "a.zip") as new,
        zipfile.ZipFile(io.BytesIO(before["a.zip"])) as old,
    ):
        assert new.testzip() is None and new.comment == old.comment
        assert [(one.filename, one.date_time, one.compress_type, one.external_attr) for one in new.infolist()] == [
            (one.filename, one.date_time, one.compress_type, one.external_attr) for one in old.infolist()
        ]
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
        assert changed == ["so/xã một.csv", "b.xlsx"]
        assert NAMED not in new.read("so/xã một.csv").decode()
        [page] = openpyxl.load_workbook(io.BytesIO(new.read("b.xlsx"))).worksheets
        assert [page.cell(line, 1).value for line in range(2, 12)] == [
            None if number in GONE else f"HS-{number:04d}" for number in range(10)
        ]


def test_results_of_formulas_stay_what_they_were(forgotten: tuple[Workspace, Forgotten]) -> None:
    page = openpyxl.load_workbook(forgotten[0].inbox / "a.xlsx", data_only=True)["Hồ sơ"]
    states = [page.cell(line, HEADER.index("Trạng thái") + 1).value for line in range(2, 12)]
    assert states == [None if number in GONE else "Đã xong" for number in range(10)]


def test_what_would_not_read_as_it_did_is_left_as_it_was_sent(tmp_path: Path) -> None:
    """Written again a SAV file is in UTF-8, and the spec states another encoding."""
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "thong_ke", spec_of("inbox/a.sav", {"kind": "spss", "encoding": "cp1258"}, "thong_ke"))
    frame = pd.DataFrame({"ma": ["HS-1", "HS-2"], "so": [PERSON_PHONE, OTHER_PHONE], "ghi": ["é", "é"]})
    pyreadstat.write_sav(frame, workspace.inbox / "a.sav")
    sent = (workspace.inbox / "a.sav").read_bytes()
    found = forget_in(workspace)
    assert found.by_hand == [
        "inbox/a.sav: 1 row(s) stay; written again it would not read as it did: take the rows out by hand"
    ]
    assert (workspace.inbox / "a.sav").read_bytes() == sent
