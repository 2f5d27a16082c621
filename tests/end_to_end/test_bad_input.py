"""Every kind of bad input: it says what, where and what to do, its rows add up, and the good source beside it lands."""

from __future__ import annotations

import io
import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from workspaces import (
    CASE_HEADER,
    FORM_HEADER,
    NAME,
    PHONE,
    Row,
    Taken,
    case_row,
    case_spec,
    csv_bytes,
    encrypted_workbook,
    form_row,
    landed,
    make_workspace,
    open_office,
    put,
    put_cases,
    put_forms,
    survey_spec,
    take,
    write_spec,
    xlsx_bytes,
)

from assets.ingest.rule_messages import rule_message
from assets.workspace import Workspace
from quality.contract import Bilingual
from quality.problem import Problem

BAD = "inbox/ho_so/a.csv"
GOOD_ROWS = 8
ROWS = [case_row(number) for number in range(1, 5)]
INSTRUMENT = "code,name_vi,name_en,aggregation_mode\nRIENG,Bộ riêng,Own,pooled_items\n"
XLSX = {"location": {"path": "inbox/ho_so/*.xlsx"}, "reader": {"kind": "workbook", "sheet": "Hồ sơ"}}


@pytest.fixture
def workspace(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Workspace]:
    """A workspace with a good source of cases; afterwards nothing of it but the quarantine may show personal data."""
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "tot", case_spec(authority="tot", location={"path": "inbox/tot/*.csv"}))
    put_cases(workspace, "inbox/tot/a.csv", [case_row(number) for number in range(GOOD_ROWS)])
    yield workspace
    captured = capfd.readouterr()
    shown = captured.out + captured.err
    assert NAME not in shown and PHONE not in shown
    assert personal_data_in(workspace) == []


def personal_data_in(workspace: Workspace) -> list[str]:
    """The files of landing/ and state/ that show the planted name or phone, staged leftovers apart."""
    office = open_office(workspace)
    found = [
        part.path
        for part in office.ledger.parts()
        if not part.dataset.startswith("quarantine/")
        and any(text in str(row) for row in landed(office, part.dataset) for text in (NAME, PHONE))
    ]
    for file in sorted(workspace.state.rglob("*")):
        if file.is_file() and any(text.encode() in file.read_bytes() for text in (NAME, PHONE)):
            found.append(file.relative_to(workspace.root).as_posix())
    return found


def assert_good_source_landed(taken: Taken) -> None:
    record = taken.records["inbox/tot/a.csv"]
    assert (record.status, record.rows_read, record.rows_accepted) == ("landed", GOOD_ROWS, GOOD_ROWS)
    assert sum(row["source"] == "tot" for row in taken.landed("case")) == GOOD_ROWS
    assert taken.gate is not None and taken.gate.passed


def assert_tells(message: Bilingual) -> None:
    """Both languages say something, and not the same."""
    assert message.vi.strip() and message.en.strip() and message.vi != message.en
    assert unicodedata.is_normalized("NFC", message.vi)


def only_problem(taken: Taken, rule: str) -> Problem:
    found = [problem for problem in taken.problems if problem.rule == rule]
    assert len(found) == 1, taken.problems
    assert_tells(found[0].message)
    for text in (found[0].render("vi"), found[0].render("en")):
        assert NAME not in text and PHONE not in text
    return found[0]


def assert_counts(taken: Taken, path: str, read: int, accepted: int, quarantined: int, duplicate: int = 0) -> None:
    record = taken.records[path]
    found = (record.rows_read, record.rows_accepted, record.rows_quarantined, record.rows_duplicate)
    assert found == (read, accepted, quarantined, duplicate)
    input_rows = [row for row in taken.quarantined if row["input_id"] == record.input_id]
    assert len(input_rows) == quarantined
    assert all(row["rules"] and row["path"] == path and row["line"] for row in input_rows)


# --- whole files -------------------------------------------------------------------------------------------------------

# What stands in the workbook or CSV file that is refused whole, the rule, and the place (sheet, line, column).
REFUSED: dict[str, tuple[dict[str, Any], Callable[[], bytes], str, tuple[str | None, int | None, str | None]]] = {
    "empty CSV": ({}, lambda: b"", "file.empty", (None, None, None)),
    "empty XLSX": (XLSX, lambda: b"", "file.empty", (None, None, None)),
    "blank lines only": ({}, lambda: b"\r\n \r\n", "file.empty", (None, None, None)),
    "wrong sheet": (XLSX, lambda: xlsx_bytes(ROWS, sheet="Sheet1"), "file.sheet_missing", ("Hồ sơ", None, None)),
    "missing column": (
        {},
        lambda: csv_bytes(ROWS, [name for name in CASE_HEADER if name != "Ngày nhận"]),
        "columns.missing",
        (None, None, "Ngày nhận"),
    ),
    "missing column in a workbook": (
        XLSX,
        lambda: xlsx_bytes(ROWS, [name for name in CASE_HEADER if name != "Ngày nhận"]),
        "columns.missing",
        ("Hồ sơ", None, "Ngày nhận"),
    ),
    "truncated XLSX": (XLSX, lambda: xlsx_bytes(ROWS)[:-900], "file.damaged", (None, None, None)),
    "password": (XLSX, encrypted_workbook, "file.encrypted", (None, None, None)),
    "garbage as XLSX": (XLSX, lambda: random.Random(1).randbytes(5000), "file.damaged", (None, None, None)),
    "text as XLSX": (XLSX, lambda: csv_bytes(ROWS), "file.damaged", (None, None, None)),
    "garbage as CSV": ({}, lambda: random.Random(1).randbytes(5000), "file.not_text", (None, None, None)),
    "XLSX as CSV": ({}, lambda: xlsx_bytes(ROWS), "file.not_text", (None, None, None)),
    "no header": ({}, lambda: csv_bytes(ROWS).split(b"\n", 1)[1], "columns.missing", (None, None, "Mã hồ sơ")),
    "half a character": (
        {},
        lambda: csv_bytes(ROWS).replace("Xã".encode(), b"X\xe3", 1),
        "file.encoding",
        (None, 2, None),
    ),
    "quote never closed": (
        {},
        lambda: csv_bytes(ROWS) + b'"HS-9,10462\n' + csv_bytes(ROWS),
        "file.quote_unclosed",
        (None, 6, None),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_whole(workspace: Workspace, kind: str) -> None:
    changes, content, rule, (sheet, line, column) = REFUSED[kind]
    write_spec(workspace, "xau", case_spec(**changes))
    path = BAD.replace(".csv", ".xlsx") if changes else BAD
    put(workspace, path, content())
    taken = take(workspace)
    problem = only_problem(taken, rule)
    assert (problem.file, problem.sheet, problem.line, problem.column) == (path, sheet, line, column)
    assert taken.records[path].status == "refused"
    assert taken.records[path].reason == problem.render("vi")
    assert_counts(taken, path, 0, 0, 0)
    assert taken.rules(path) == {(rule, column or ""): 1}
    assert [row for row in taken.landed("case") if row["source"] == "xau"] == []
    assert_good_source_landed(taken)


def test_missing_file(workspace: Workspace) -> None:
    write_spec(workspace, "xau", case_spec())
    taken = take(workspace)
    problem = only_problem(taken, "file.missing")
    assert problem.file == "sources/xau.yml" and "inbox/ho_so/*.csv" in problem.message.en
    assert_good_source_landed(taken)


@pytest.mark.parametrize("kind", ["CSV", "XLSX"])
def test_header_only_is_empty_not_refused(workspace: Workspace, kind: str) -> None:
    write_spec(workspace, "xau", case_spec(**(XLSX if kind == "XLSX" else {})))
    path = f"inbox/ho_so/a.{kind.lower()}"
    put(workspace, path, xlsx_bytes([]) if kind == "XLSX" else csv_bytes([]))
    taken = take(workspace)
    assert taken.records[path].status == "empty"
    assert only_problem(taken, "file.no_rows").file == path
    assert_counts(taken, path, 0, 0, 0)
    assert_good_source_landed(taken)


def test_renamed_column_is_named_with_the_nearest_one(workspace: Workspace) -> None:
    write_spec(workspace, "xau", case_spec())
    put(workspace, BAD, csv_bytes(ROWS).replace("Ngày nhận".encode(), "Ngày nhận HS".encode(), 1))
    taken = take(workspace)
    problem = only_problem(taken, "columns.missing")
    assert problem.column == "Ngày nhận" and "sources/xau.yml" in problem.message.en
    assert "“Ngày nhận HS”" in problem.message.en and "“Ngày nhận HS”" in problem.message.vi
    assert_good_source_landed(taken)


def test_extra_column_is_told_and_not_read(workspace: Workspace) -> None:
    write_spec(workspace, "xau", case_spec())
    put(workspace, BAD, csv_bytes([row | {"Ghi chú": NAME} for row in ROWS], [*CASE_HEADER, "Ghi chú"]))
    taken = take(workspace)
    problem = only_problem(taken, "columns.unknown")
    assert (problem.file, problem.column) == (BAD, "Ghi chú")
    assert_counts(taken, BAD, 4, 4, 0)
    assert_good_source_landed(taken)


def test_unknown_unit_in_the_path_refuses_that_file_alone(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, "inbox/phieu/2023-06/10462_20230615.csv", [form_row(number) for number in range(5)])
    bad = "inbox/phieu/2023-06/99999_20230615.csv"
    put_forms(workspace, bad, [form_row(number) for number in range(5)])
    taken = take(workspace, "survey_response")
    problem = only_problem(taken, "unit.unknown")
    assert problem.file == bad and "99999" in problem.message.en
    assert_counts(taken, bad, 0, 0, 0)
    assert_counts(taken, "inbox/phieu/2023-06/10462_20230615.csv", 5, 5, 0)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("inbox/phieu/2023-06/10462_20230230.csv", "location.sent"),
        ("inbox/phieu/2023-13/10462_20230615.csv", "location.period"),
    ],
)
def test_impossible_date_in_a_path(workspace: Workspace, path: str, rule: str) -> None:
    write_spec(workspace, "phieu", survey_spec())
    good = "inbox/phieu/2023-06/10465_20230615.csv"
    for file in (good, path):
        put_forms(workspace, file, [form_row(1)])
    taken = take(workspace, "survey_response")
    assert only_problem(taken, rule).file == path
    assert list(taken.records) == [good]
    again = open_office(workspace)
    assert again.plan_of("survey_response", lambda month: True).is_empty


# --- single rows --------------------------------------------------------------------------------------------------------

# The change to one sound row, the rule it breaks, and the column told (the value is the cell).
BROKEN_CELLS = {
    "wrong type": ({"Ngày hẹn": "hôm sau"}, "case.due_at.type", "Ngày hẹn"),
    "impossible date": ({"Ngày nhận": "29/02/2023"}, "case.received_at.type", "Ngày nhận"),
    "month and day swapped": ({"Ngày hẹn": "06/13/2023"}, "case.due_at.type", "Ngày hẹn"),
    "day of another century": ({"Ngày hẹn": "12/06/0023"}, "case.due_at.type", "Ngày hẹn"),
    "unknown unit": ({"Đơn vị": "Xã Không Có"}, "case.unit_code.unknown", "Đơn vị"),
    "unit of another district": ({"Đơn vị": "Phường Phúc Xá"}, "case.unit_code.unknown", "Đơn vị"),
    "unknown procedure": ({"Mã TTHC": "9.999999"}, "case.procedure_code.unknown", "Mã TTHC"),
    "unmapped value": ({"Kênh": "Bồ câu"}, "case.channel.values", "Kênh"),
    "blank where required": ({"Trạng thái": " "}, "case.state.required", "Trạng thái"),
    "blank record id": ({"Mã hồ sơ": ""}, "case.record_id.required", "Mã hồ sơ"),
    "end before start": ({"Ngày xong": "31/05/2023"}, "case.settled_before_received", "Ngày xong"),
}


PROCEDURES = "code,name,field\n1.000001,Đăng ký,Đất đai\n".encode()


@pytest.mark.parametrize("kind", BROKEN_CELLS)
def test_one_broken_cell(workspace: Workspace, kind: str) -> None:
    change, rule, column = BROKEN_CELLS[kind]
    put(workspace, "reference/procedure.csv", PROCEDURES)
    write_spec(workspace, "xau", case_spec())
    put_cases(workspace, BAD, [*ROWS[:2], case_row(7, **change), *ROWS[2:]])
    taken = take(workspace)
    assert_counts(taken, BAD, 5, 4, 1)
    [row] = taken.quarantined
    assert (row["sheet"], row["line"], row["source"]) == (None, 4, "xau")
    assert row["rules"] == [{"rule": rule, "column": column, "value": change[column].strip() or None}]
    assert PHONE in row["raw"], "the sender gets the whole row back"
    assert taken.rules(BAD)[rule, column] == 1
    assert_tells(rule_message(rule))
    assert_good_source_landed(taken)


def test_every_broken_cell_in_one_workbook(workspace: Workspace) -> None:
    """The same mistakes in a sheet: each row is told with its sheet and sheet row, and sound rows between them land."""
    put(workspace, "reference/procedure.csv", PROCEDURES)
    write_spec(workspace, "xau", case_spec(**XLSX))
    broken = [case_row(100 + number, **change) for number, (change, _, _) in enumerate(BROKEN_CELLS.values())]
    sound = [case_row(number) for number in range(len(broken))]
    put(workspace, "inbox/ho_so/a.xlsx", xlsx_bytes([row for pair in zip(sound, broken, strict=True) for row in pair]))
    taken = take(workspace)
    assert_counts(taken, "inbox/ho_so/a.xlsx", 2 * len(broken), len(broken), len(broken))
    expected = {
        3 + 2 * number: [{"rule": rule, "column": column, "value": change[column].strip() or None}]
        for number, (change, rule, column) in enumerate(BROKEN_CELLS.values())
    }
    assert {row["line"]: row["rules"] for row in taken.quarantined} == expected
    assert {row["sheet"] for row in taken.quarantined} == {"Hồ sơ"}
    assert_good_source_landed(taken)


def test_answer_outside_the_scale(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    good, bad = (f"inbox/phieu/2023-06/{unit}_20230615.csv" for unit in ("10462", "10465"))
    put_forms(workspace, good, [form_row(number) for number in range(5)])
    broken = form_row(5, **{"Trụ sở": "Tạm được", "Trang thiết bị": "9"})
    put_forms(workspace, bad, [form_row(1), broken, form_row(2)])
    taken = take(workspace, "survey_response")
    assert_counts(taken, bad, 3, 2, 1)
    [row] = taken.quarantined
    rule = "survey_answer.outside_scale"
    assert row["line"] == 3 and row["rules"] == [
        {"rule": rule, "column": "Trụ sở", "value": "Tạm được"},
        {"rule": rule, "column": "Trang thiết bị", "value": "9"},
    ]
    assert_tells(rule_message(rule))
    assert_counts(taken, good, 5, 5, 0)
    assert len(taken.landed("survey_answer")) == 2 * 7
    assert taken.gate is not None and taken.gate.passed


def test_row_with_nul_bytes_and_row_of_another_width(workspace: Workspace) -> None:
    write_spec(workspace, "xau", case_spec())
    lines = csv_bytes([*ROWS, case_row(5), case_row(6)]).split(b"\n")
    lines[2] = lines[2].replace(b"HS-0002", b"HS-\x000002")
    lines[4] += b",one cell too many"
    put(workspace, BAD, b"\n".join(lines))
    taken = take(workspace)
    assert_counts(taken, BAD, 6, 4, 2)
    broken = {row["line"]: [rule["rule"] for rule in row["rules"]] for row in taken.quarantined}
    assert broken == {3: ["row.nul"], 5: ["row.width"]}
    assert all(NAME in row["raw"] for row in taken.quarantined)
    for rule in ("row.nul", "row.width"):
        assert_tells(rule_message(rule))
    assert_good_source_landed(taken)


def test_mixed_newlines(workspace: Workspace) -> None:
    write_spec(workspace, "xau", case_spec())
    head, *lines = csv_bytes([*ROWS, case_row(5, **{"Kênh": "Bồ câu"}), case_row(6)]).splitlines()
    ends = (b"\n", b"\r\n", b"\r", b"\r\n", b"\n", b"\r\n")
    put(workspace, BAD, head + b"\r\n" + b"".join(line + end for line, end in zip(lines, ends, strict=True)))
    taken = take(workspace)
    assert_counts(taken, BAD, 6, 5, 1)
    assert taken.quarantined[0]["line"] == 6
    assert_good_source_landed(taken)


def test_decomposed_unicode_means_the_same(workspace: Workspace) -> None:
    """Headings, values and a unit's name as macOS writes them."""
    write_spec(workspace, "xau", case_spec())
    put(workspace, BAD, unicodedata.normalize("NFD", csv_bytes(ROWS).decode()).encode())
    taken = take(workspace)
    assert_counts(taken, BAD, 4, 4, 0)
    assert {row["unit_code"] for row in taken.landed("case")} == {"10462"}
    assert {row["state"] for row in taken.landed("case")} == {"settled"}
    assert_good_source_landed(taken)


# --- keys -----------------------------------------------------------------------------------------------------------------


def test_duplicate_keys_in_one_file(workspace: Workspace) -> None:
    """An identical row is a duplicate; rows that differ under one key are all refused: which is right is not known."""
    write_spec(workspace, "xau", case_spec())
    rows = [*ROWS, case_row(1), case_row(8), case_row(8, **{"Ngày hẹn": "15/06/2023"})]
    put_cases(workspace, BAD, rows)
    taken = take(workspace)
    assert_counts(taken, BAD, 7, 4, 2, 1)
    assert [row["line"] for row in taken.quarantined] == [7, 8]
    for row in taken.quarantined:
        assert row["rules"] == [{"rule": "key.conflict", "column": "Mã hồ sơ", "value": "HS-0008"}]
        assert "HS-0008" in row["raw"]
    assert_tells(rule_message("key.conflict"))
    assert_good_source_landed(taken)


def test_rows_that_conflict_keep_their_cells_as_they_were_sent(workspace: Workspace) -> None:
    """Words instead of codes, times as written, and the cells that no field is made of."""
    write_spec(workspace, "xau", case_spec())
    one = case_row(8, **{"Ngày nhận": "01/06/2023 17:00", "Kênh": " Trực  tiếp", "Ngày xong": ""})
    other = {**one, "Ngày hẹn": "15/06/2023"}
    put_cases(workspace, BAD, [*ROWS, one, other])
    taken = take(workspace, quarantine_share=1)
    assert_counts(taken, BAD, 6, 4, 2)
    assert [(row["line"], json.loads(row["raw"])) for row in taken.quarantined] == [(6, one), (7, other)]


def test_rows_that_conflict_over_two_sheets_are_told_apart(workspace: Workspace) -> None:
    """The two rows stand on the same line of their sheets, one of which lacks a column that no field is made of."""
    write_spec(workspace, "xau", case_spec(**XLSX | {"reader": {"kind": "workbook", "sheet": "Hồ sơ*"}}))
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([case_row(1), case_row(8)], sheet="Hồ sơ 1")))
    page = book.create_sheet("Hồ sơ 2")
    other = case_row(8, **{"Kênh": "Trực tuyến"})
    for row in (CASE_HEADER[:-1], list(case_row(2).values())[:-1], list(other.values())[:-1]):
        page.append(row)
    file = put(workspace, "inbox/ho_so/a.xlsx", b"")
    book.save(file)
    taken = take(workspace, quarantine_share=1)
    assert_counts(taken, "inbox/ho_so/a.xlsx", 4, 2, 2)
    assert [(row["sheet"], row["line"], json.loads(row["raw"])) for row in taken.quarantined] == [
        ("Hồ sơ 1", 3, case_row(8)),
        ("Hồ sơ 2", 3, {name: other[name] for name in CASE_HEADER[:-1]}),
    ]


@pytest.mark.parametrize("together", [True, False], ids=["one run", "two runs"])
def test_duplicate_keys_across_files(workspace: Workspace, together: bool) -> None:
    """Of an upsert an identical later row is a duplicate, and a different one lands as the newer version."""
    write_spec(workspace, "xau", case_spec())
    put_cases(workspace, BAD, ROWS)
    taken = None if together else take(workspace)
    newer: list[Row] = [case_row(1), case_row(2, **{"Ngày xong": "09/06/2023"}), case_row(9)]
    put_cases(workspace, "inbox/ho_so/b.csv", newer)
    taken = take(workspace)
    assert_counts(taken, "inbox/ho_so/b.csv", 3, 2, 0, 1)
    versions = [row for row in taken.landed("case") if row["record_id"] == "HS-0002" and row["source"] == "xau"]
    assert [str(row["settled_on"]) for row in versions] == ["2023-06-08", "2023-06-09"], "the newer arrived later"
    assert len({row["record_key"] for row in versions}) == 1
    assert sum(row["source"] == "tot" for row in taken.landed("case")) == GOOD_ROWS


# --- specs -----------------------------------------------------------------------------------------------------------------


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """A spec of cases with one place changed."""
    spec = case_spec()
    place: Any = spec
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return spec


COLUMNS = ("feeds", 0, "columns")

# A spec with one mistake, the rule, and what the message must name.
SPEC_MISTAKES = {
    "unknown key": ({**case_spec(), "ingore": ["STT"]}, "spec.unknown_key", "“ignore”"),
    "unknown field": (changed((*COLUMNS, "chanel"), "Kênh"), "spec.field", "“channel”"),
    "unknown dataset": (changed(("feeds", 0, "dataset"), "cases"), "spec.dataset", "“case”"),
    "unmapped required field": (
        {**case_spec(), "feeds": [{"dataset": "case", "record_id": ["Mã hồ sơ"], "columns": {"state": "Trạng thái"}}]},
        "spec.field_missing",
        "received_at",
    ),
    "missing key": (
        {key: value for key, value in case_spec().items() if key != "authority"},
        "spec.missing_key",
        "auth",
    ),
    "unknown zone": ({**case_spec(), "time_zone": "Asia/HoChiMinh"}, "spec.value", "Asia/Ho_Chi_Minh"),
    "unknown group": ({**case_spec(), "unit": {"group": "unit"}}, "spec.value", "{unit}"),
    "absolute path": (changed(("location", "path"), "/inbox/*.csv"), "spec.value", "workspace"),
    "group named twice": (changed(("location", "path"), "inbox/{unit}/{unit}.csv"), "spec.value", "unit"),
    "half a pattern": (
        changed((*COLUMNS, "channel"), {"column": "Kênh", "patterns": {"^(Trực": "direct"}}),
        "spec.value",
        "^(Trực",
    ),
    "format of Excel": (
        changed((*COLUMNS, "due_at"), {"column": "Ngày hẹn", "formats": ["dd/mm/yyyy"]}),
        "spec.value",
        "%d/%m/%Y",
    ),
    "unknown directive": (
        changed((*COLUMNS, "due_at"), {"column": "Ngày hẹn", "formats": ["%d/%m/%Q"]}),
        "spec.value",
        "%Q",
    ),
    "value map to an unknown code": (
        changed((*COLUMNS, "channel"), {"column": "Kênh", "values": {"Trực tiếp": "dirrect"}}),
        "spec.code",
        "“direct”",
    ),
}


@pytest.mark.parametrize("kind", SPEC_MISTAKES)
def test_spec_with_a_mistake(workspace: Workspace, kind: str) -> None:
    spec, rule, named = SPEC_MISTAKES[kind]
    write_spec(workspace, "xau", spec)
    put_cases(workspace, BAD, ROWS)
    taken = take(workspace)
    found = [problem for problem in taken.problems if problem.rule == rule]
    assert found, taken.problems
    assert found[0].file == "sources/xau.yml" and found[0].line
    assert_tells(found[0].message)
    assert named in found[0].message.en
    assert BAD not in taken.records
    assert_good_source_landed(taken)


def test_spec_that_is_no_yaml(workspace: Workspace) -> None:
    (workspace.sources / "xau.yml").write_text("title: {vi: Hồ sơ\nrow: [", encoding="utf-8")
    taken = take(workspace)
    problem = only_problem(taken, "spec.yaml")
    assert problem.file == "sources/xau.yml" and problem.line
    assert_good_source_landed(taken)


def test_spec_with_a_repeated_key(workspace: Workspace) -> None:
    """The last of two column maps would silently win."""
    path = write_spec(workspace, "xau", case_spec())
    text = path.read_text(encoding="utf-8").replace("  columns:\n", "  columns:\n    due_at: Ngày xong\n")
    path.write_text(text, encoding="utf-8")
    put_cases(workspace, BAD, ROWS)
    taken = take(workspace)
    problem = only_problem(taken, "spec.repeated_key")
    lines = text.splitlines()
    first, second = (number for number, line in enumerate(lines, 1) if line.startswith("    due_at:"))
    assert (problem.file, problem.line, problem.column) == ("sources/xau.yml", second, "feeds.0.columns.due_at")
    assert f"line {first} already" in problem.message.en
    assert BAD not in taken.records
    assert_good_source_landed(taken)


def test_spec_in_decomposed_unicode(workspace: Workspace) -> None:
    """A spec saved by an editor that decomposes letters names the same headings and values."""
    path = write_spec(workspace, "xau", case_spec())
    path.write_text(unicodedata.normalize("NFD", path.read_text(encoding="utf-8")), encoding="utf-8")
    put_cases(workspace, BAD, ROWS)
    taken = take(workspace)
    assert_counts(taken, BAD, 4, 4, 0)
    assert {row["channel"] for row in taken.landed("case")} == {"direct"}


def test_unknown_item_stops_that_source_alone(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    good = "inbox/phieu/2023-06/10462_20230615.csv"
    put_forms(workspace, good, [form_row(number) for number in range(5)])
    spec = survey_spec(authority="khac", location={"path": "inbox/khac/{period}/{unit}_{sent}.csv"})
    spec["feeds"][1]["items"] = {"I.1": "Trụ sở", "I.22": "Trang thiết bị"}
    write_spec(workspace, "xau", spec)
    put_forms(workspace, "inbox/khac/2023-06/10462_20230615.csv", [form_row(1)], FORM_HEADER)
    taken = take(workspace, "survey_response")
    problem = only_problem(taken, "spec.item")
    assert (problem.file, problem.column) == ("sources/xau.yml", "I.22") and "“I.2”" in problem.message.en
    assert_counts(taken, good, 5, 5, 0)
    assert list(taken.records) == [good]
    assert open_office(workspace).plan_of("survey_response", lambda month: True).is_empty


def test_item_on_a_scale_without_levels(workspace: Workspace) -> None:
    """A mistake in the workspace's own instrument is told, and stops neither the run nor the other instruments."""
    header = "instrument_code,node_code,node_level,parent_code,position,scale_code,label_vi,label_en\n"
    put(workspace, "reference/instrument.csv", INSTRUMENT.encode())
    put(workspace, "reference/instrument_item.csv", f"{header}RIENG,1,item,,1,sipas55,Câu 1,Item 1\n".encode())
    write_spec(workspace, "phieu", survey_spec())
    good = "inbox/phieu/2023-06/10462_20230615.csv"
    put_forms(workspace, good, [form_row(number) for number in range(5)])
    taken = take(workspace, "survey_response")
    problem = only_problem(taken, "reference.unknown_code")
    assert (problem.file, problem.line, problem.value) == ("reference/instrument_item.csv", 2, "sipas55")
    assert "“sipas5”" in problem.message.en
    assert_counts(taken, good, 5, 5, 0)


def test_database_that_is_not_there(workspace: Workspace) -> None:
    spec = case_spec(
        location={"url": "sqlite:///{workspace}/inbox/none.sqlite", "table": "ho_so"}, reader={"kind": "database"}
    )
    write_spec(workspace, "xau", spec)
    taken = take(workspace)
    [problem] = [problem for problem in taken.problems if problem.file == "sources/xau.yml"]
    assert "none.sqlite" in problem.message.en
    assert_tells(problem.message)
    assert_good_source_landed(taken)


def test_a_file_of_mostly_broken_rows_is_refused_alone(workspace: Workspace) -> None:
    """A changed template in one large file keeps no other sender's file, nor the gate, from anything."""
    write_spec(workspace, "xau", case_spec())
    rows = [case_row(number, **{"Ngày nhận": "31/06/2023"}) for number in range(15)]
    put_cases(workspace, BAD, rows + [case_row(number) for number in range(15, 27)])
    taken = take(workspace)
    assert taken.gate is not None and taken.gate.passed
    problem = only_problem(taken, "file.broken_rows")
    assert problem.file == BAD and problem.column == "Ngày nhận"
    for text in (problem.message.vi, problem.message.en):
        assert "15" in text and "27" in text and "case.received_at.type" in text
    assert taken.records[BAD].status == "refused"
    assert_good_source_landed(taken)
    put_cases(workspace, BAD, rows[:13] + [case_row(number) for number in range(15, 28)])
    assert_counts(take(workspace), BAD, 26, 13, 13)


def test_a_share_of_refused_rows_above_the_threshold_closes_the_gate(workspace: Workspace) -> None:
    """What closes the gate lands nothing of the batch, and the next run with the file mended takes all of it in."""
    write_spec(workspace, "xau", case_spec())
    put_cases(workspace, BAD, [case_row(number, **{"Ngày nhận": "31/06/2023"}) for number in range(9)])
    taken = take(workspace)
    assert taken.gate is not None and not taken.gate.passed
    [check] = [check for check in taken.gate.checks if not check.passed and check.critical]
    assert check.name == "quarantine_share" and BAD in check.message_vi and BAD in check.message_en
    assert taken.records == {} and taken.office.ledger.parts() == []
    put_cases(workspace, BAD, ROWS)
    mended = take(workspace)
    assert_counts(mended, BAD, 4, 4, 0)
    assert_good_source_landed(mended)
