"""What a delivery changes: snapshot, upsert and append, copies, changed specs and reference tables, many rows per record."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from vietnamese import in_charset
from workspaces import (
    CASE_HEADER,
    FORM_HEADER,
    TODAY,
    Row,
    Taken,
    case_row,
    case_spec,
    csv_bytes,
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
)

from assets.office import Office
from assets.workspace import Workspace

JUNE = "inbox/phieu/2023-06/10462_20230615.csv"
AGAIN = "inbox/phieu/2023-06/10462_20230618.csv"
A, B, C = (f"inbox/ho_so/{name}.csv" for name in "abc")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "ho_so", case_spec())
    return workspace


def current(office: Office, dataset: str) -> dict[str, Row]:
    """The rows that count, by record id, as the contract of the landing zone says: of a snapshot the last delivery of
    each scope, and of each record the last version."""
    active = [record for record in office.ledger.active() if record.status == "landed"]
    latest = {(record.source, record.scope_id): record.input_id for record in active}
    live = {
        record.input_id
        for record in active
        if record.delivery_kind != "snapshot" or latest[record.source, record.scope_id] == record.input_id
    }
    return {row["record_id"]: row for row in landed(office, dataset) if row["input_id"] in live}


def counts(taken: Taken, path: str) -> tuple[int, int, int, int]:
    record = taken.records[path]
    return record.rows_read, record.rows_accepted, record.rows_quarantined, record.rows_duplicate


def is_settled(workspace: Workspace, dataset: str = "case") -> bool:
    """Whether there is nothing new to take in."""
    return open_office(workspace).plan_of(dataset, lambda month: True).is_empty


# --- what is read otherwise than it stands ---------------------------------------------------------------------------------------


def test_what_was_changed_is_counted_per_input_until_it_is_read_again(workspace: Workspace) -> None:
    """An old character set, UTF-8 encoded twice, decomposed letters, full-width digits and slashed dates, side by side."""
    rows = [case_row(number, **{"Trạng thái": "Đang xử lý", "Đơn vị": "Xã Đồng Tâm"}) for number in range(1, 4)]
    put(workspace, A, in_charset(csv_bytes(rows).decode(), "vni"))
    rows[0]["Trạng thái"] = "Đang xử lý".encode().decode("latin-1")
    rows[1]["Đơn vị"] = unicodedata.normalize("NFD", "Xã Đồng Tâm")
    rows[2]["Mã hồ sơ"] = "００３"
    put_cases(workspace, B, rows)
    put_cases(workspace, C, [case_row(9, **dict.fromkeys(("Ngày nhận", "Ngày hẹn", "Ngày xong"), "2023-06-01"))])
    taken = take(workspace, "case")
    counted = {(count.input_id, count.change_kind): count.n_cells for count in taken.office.ledger.change_counts()}
    ids = {path: record.input_id for path, record in taken.records.items()}
    dates = sum(bool(row[name]) for row in rows for name in ("Ngày nhận", "Ngày hẹn", "Ngày xong"))
    marked = sum(not row[name].isascii() for row in rows for name in ("Kênh", "Trạng thái", "Đơn vị") if row[name])
    assert dates > 3 and marked > 6
    assert counted == {
        (ids[A], "text.vni"): marked,
        (ids[A], "date.stated_format"): dates,
        (ids[B], "text.double_utf8"): 1,
        (ids[B], "text.nfc"): 1,
        (ids[B], "text.full_width"): 1,
        (ids[B], "date.stated_format"): dates,
    }
    write_spec(workspace, "ho_so", case_spec(row="one case, read again"))
    again = take(workspace, "case").office.ledger.change_counts()
    assert len(again) == len(counted) and not {count.input_id for count in again} & set(ids.values())


def test_dates_numbers_and_capitals_are_counted_by_kind_where_they_were_read(workspace: Workspace) -> None:
    spec = case_spec()
    columns = spec["feeds"][0]["columns"]
    columns["procedure_code"] = {"column": "Mã TTHC", "letter_case": "upper"}
    columns["channel"]["values"] = {"Hoà giải": "direct"}
    for name in ("received_at", "due_at", "settled_at"):
        columns[name] |= {"formats": ["%d/%m/%Y", "%d/%m/%y", "excel_1900"], "two_digit_years_from": 1950}
    write_spec(workspace, "ho_so", spec)
    days = {"Ngày nhận": "45078", "Ngày hẹn": "12/06/23", "Ngày xong": "2023-06-08", "Kênh": "Hòa  giải"}
    wrong = {"Ngày nhận": "60", "Ngày hẹn": "31/06/23"}
    put_cases(
        workspace, A, [case_row(1, **days, **{"Mã TTHC": "đất"}), case_row(2, **{**days, **wrong, "Mã TTHC": "A"})]
    )
    taken = take(workspace, "case")
    [row] = taken.landed("case")
    assert (row["procedure_code"], row["channel"]) == ("ĐẤT", "direct")
    assert (str(row["received_on"]), str(row["due_on"])) == ("2023-06-01", "2023-06-12")
    assert {count.change_kind: count.n_cells for count in taken.office.ledger.change_counts()} == {
        "date.serial": 1,
        "date.two_digit_year": 1,
        "date.stated_format": 1,
        "text.upper_case": 1,
    }

    spec = survey_spec(decimal_mark=",")
    spec["feeds"][0]["columns"]["weight"] = "Trọng số"
    write_spec(workspace, "phieu", spec)
    weights = ["1.234", "1,5", "1.000,5", "0.5", "1.23,4"]
    put_forms(
        workspace, JUNE, [form_row(n, **{"Trọng số": w}) for n, w in enumerate(weights)], [*FORM_HEADER, "Trọng số"]
    )
    taken = take(workspace, "survey_response")
    found = {row["record_id"][-1]: float(row["weight"]) for row in taken.landed("survey_response")}
    assert found == {"0": 1234, "1": 1.5, "2": 1000.5, "3": 0.5}
    input_id = taken.records[JUNE].input_id
    assert {c.change_kind: c.n_cells for c in taken.office.ledger.change_counts() if c.input_id == input_id} == {
        "number.thousands": 2,
        "number.decimal_comma": 2,
        "date.stated_format": 5,
    }


# --- what replaces what --------------------------------------------------------------------------------------------------------


def test_a_snapshot_replaces_its_scope_and_no_other(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, JUNE, [form_row(1), form_row(2)])
    put_forms(workspace, JUNE.replace("10462", "10465"), [form_row(1)])
    take(workspace, "survey_response")
    put_forms(workspace, AGAIN, [form_row(2), form_row(3)])
    taken = take(workspace, "survey_response")
    assert counts(taken, AGAIN) == (2, 2, 0, 0), "what it repeats is part of the new whole, not a duplicate"
    found = current(taken.office, "survey_response")
    assert sorted(found) == ["10462/2023-06/0002", "10462/2023-06/0003", "10465/2023-06/0001"]
    assert len(taken.landed("survey_response")) == 5, "the old stays on record"


def test_files_whose_headings_differ_in_case_are_read_side_by_side(workspace: Workspace) -> None:
    """A column nobody asked for: the engine takes its two spellings for one, the files must not."""
    for path, heading in ((A, "Ghi chú"), (B, "GHI CHÚ"), (C, "Ghi chú")):
        put_cases(workspace, path, [case_row(ord(path[-5]), **{heading: "x"})], [*CASE_HEADER, heading])
    taken = take(workspace)
    assert [counts(taken, path) for path in (A, B, C)] == [(1, 1, 0, 0)] * 3


def test_two_headings_of_one_file_that_differ_in_case_are_two(workspace: Workspace) -> None:
    put_cases(workspace, A, [case_row(1, **{"KÊNH": "x"})], [*CASE_HEADER, "KÊNH"])
    taken = take(workspace)
    assert counts(taken, A) == (1, 1, 0, 0)
    assert [row["channel"] for row in taken.landed("case")] == ["direct"]


def test_a_clock_set_back_does_not_make_an_old_delivery_the_newest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came later stays later: deliveries are numbered, and the clock only says what may lie in the future."""
    put_cases(workspace, "inbox/ho_so/a.csv", [case_row(1, **{"Trạng thái": "Đang xử lý", "Ngày xong": ""})])
    take(workspace)
    monkeypatch.setattr("workspaces.TODAY", dt.date(2023, 6, 30))
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(1)])
    taken = take(workspace)
    assert counts(taken, "inbox/ho_so/b.csv") == (1, 1, 0, 0)
    [row] = current(taken.office, "case").values()
    assert row["state"] == "settled" and taken.records["inbox/ho_so/b.csv"].sent_on == dt.date(2023, 6, 30)


def test_a_refused_or_empty_resubmission_replaces_nothing(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, JUNE, [form_row(1), form_row(2)])
    take(workspace, "survey_response")
    put_forms(workspace, AGAIN, [form_row(1)], [name for name in FORM_HEADER if name != "Ngày"])
    put_forms(workspace, AGAIN.replace("18", "19"), [])
    taken = take(workspace, "survey_response")
    assert sorted(record.status for record in taken.records.values()) == ["empty", "refused"]
    assert len(current(taken.office, "survey_response")) == 2


@pytest.mark.parametrize("path", [JUNE, AGAIN.replace("18", "20")], ids=["the same path", "another path"])
def test_going_back_to_a_replaced_delivery(workspace: Workspace, path: str) -> None:
    """v1, then v2, then the bytes of v1 again: the sender went back to it, and it stands."""
    write_spec(workspace, "phieu", survey_spec())
    first, second = [form_row(1), form_row(2)], [form_row(1, **{"Trụ sở": "Bình thường"})]
    put_forms(workspace, JUNE, first)
    take(workspace, "survey_response")
    replaced = JUNE if path == JUNE else AGAIN
    put_forms(workspace, replaced, second)
    assert len(current(take(workspace, "survey_response").office, "survey_response")) == 1
    put_forms(workspace, path, first)
    taken = take(workspace, "survey_response")
    assert counts(taken, path) == (2, 2, 0, 0)
    assert len(current(taken.office, "survey_response")) == 2
    assert is_settled(workspace, "survey_response")


@pytest.mark.parametrize("kind", ["upsert", "append"])
def test_upsert_and_append_leave_what_they_do_not_name(workspace: Workspace, kind: str) -> None:
    write_spec(workspace, "ho_so", case_spec(delivery={"kind": kind}))
    put_cases(workspace, A, [case_row(1), case_row(2)])
    take(workspace)
    put_cases(workspace, B, [case_row(2, **{"Ngày xong": "09/06/2023"}), case_row(3)])
    taken = take(workspace)
    assert counts(taken, B) == (2, 2, 0, 0)
    found = current(taken.office, "case")
    assert sorted(found) == ["HS-0001", "HS-0002", "HS-0003"]
    assert str(found["HS-0002"]["settled_on"]) == "2023-06-09"


def test_the_same_record_of_another_authority_is_another_record(workspace: Workspace) -> None:
    write_spec(workspace, "khac", case_spec(authority="khac", location={"path": "inbox/khac/*.csv"}))
    put_cases(workspace, A, [case_row(1)])
    put_cases(workspace, "inbox/khac/a.csv", [case_row(1)])
    taken = take(workspace)
    assert len({row["record_key"] for row in taken.landed("case")}) == 2


def test_the_same_record_by_another_source_of_one_authority_is_a_duplicate(workspace: Workspace) -> None:
    write_spec(workspace, "khac", case_spec(location={"path": "inbox/khac/*.csv"}))
    put_cases(workspace, A, [case_row(1), case_row(2)])
    put_cases(workspace, "inbox/khac/a.csv", [case_row(2), case_row(3)])
    taken = take(workspace)
    assert len(taken.landed("case")) == 3
    assert sum(record.rows_duplicate for record in taken.records.values()) == 1


def test_many_rows_of_one_record_fold_into_it(workspace: Workspace) -> None:
    """An event log: equal rows are one record of several source rows, rows that disagree are refused."""
    feed = {**case_spec()["feeds"][0], "grain": "many"}
    write_spec(workspace, "ho_so", case_spec(feeds=[feed]))
    rows = [case_row(1), case_row(2), case_row(1), case_row(1), case_row(3), case_row(3, **{"Kênh": "Trực tuyến"})]
    put_cases(workspace, A, rows)
    taken = take(workspace, quarantine_share=1)
    assert counts(taken, A) == (6, 4, 2, 0)
    assert {row["record_id"]: row["source_rows"] for row in taken.landed("case")} == {"HS-0001": 3, "HS-0002": 1}
    put_cases(workspace, B, [case_row(1), case_row(1), case_row(4)])
    assert counts(take(workspace), B) == (3, 1, 0, 2), "all rows of a record that is known are duplicates"


# --- the same bytes ------------------------------------------------------------------------------------------------------------


def test_the_same_bytes_again_change_nothing(workspace: Workspace) -> None:
    file = put_cases(workspace, A, [case_row(1), case_row(2, **{"Kênh": "Bồ câu"})])
    take(workspace)
    before = (workspace.state / "ledger.sqlite").read_bytes()
    file.touch()
    assert is_settled(workspace)
    again = take(workspace)
    assert again.records == {} and again.gate is None
    assert (workspace.state / "ledger.sqlite").read_bytes() == before


def test_the_same_bytes_at_another_path_are_a_copy(workspace: Workspace) -> None:
    file = put_cases(workspace, A, [case_row(1), case_row(2, **{"Kênh": "Bồ câu"})])
    take(workspace)
    shutil.copy(file, workspace.root / B)
    taken = take(workspace)
    assert taken.records[B].status == "duplicate" and counts(taken, B) == (2, 0, 0, 2)
    assert len(taken.landed("case")) == 1
    assert is_settled(workspace)


def test_two_copies_that_arrive_together(workspace: Workspace) -> None:
    for path in (A, B, C):
        put_cases(workspace, path, [case_row(1), case_row(2)])
    taken = take(workspace)
    assert [taken.records[path].status for path in (A, B, C)] == ["landed", "duplicate", "duplicate"]
    assert len(taken.landed("case")) == 2


def test_equal_bytes_of_two_units_are_two_deliveries(workspace: Workspace) -> None:
    """Where the path says which unit the rows belong to, equal files say different things."""
    write_spec(
        workspace,
        "ho_so",
        case_spec(
            location={"path": "inbox/don_vi/{unit}_{sent}.csv"},
            unit={"group": "unit"},
            feeds=[{**case_spec()["feeds"][0], "scope_id_with": ["unit"]}],
            ignore=["Đơn vị", "Chủ hồ sơ", "Điện thoại"],
        ),
    )
    paths = [f"inbox/don_vi/{unit}_20230615.csv" for unit in ("10462", "10465")]
    for path in paths:
        put_cases(workspace, path, [case_row(1), case_row(2)])
    taken = take(workspace)
    assert [counts(taken, path) for path in paths] == [(2, 2, 0, 0), (2, 2, 0, 0)]
    assert {row["unit_code"] for row in taken.landed("case")} == {"10462", "10465"}
    put_cases(workspace, paths[0].replace("15", "16"), [case_row(1), case_row(2)])
    assert [record.status for record in take(workspace).records.values()] == ["duplicate"]


def test_a_changed_file_is_a_new_delivery_and_the_old_stays_on_record(workspace: Workspace) -> None:
    put_cases(workspace, A, [case_row(1)])
    take(workspace)
    put_cases(workspace, A, [case_row(1, **{"Ngày hẹn": "13/06/2023"}), case_row(2)])
    taken = take(workspace)
    assert counts(taken, A) == (2, 2, 0, 0)
    assert [record.path for record in taken.office.ledger.active()] == [A, A]
    assert len(current(taken.office, "case")) == 2


def test_a_database_is_asked_by_content(workspace: Workspace) -> None:
    """The order in which a database gives its rows, and how often it is asked, change nothing; a changed row is news."""
    file = workspace.inbox / "mot_cua.sqlite"
    headings = ", ".join(f'"{name}"' for name in CASE_HEADER)

    def fill(rows: list[Row]) -> None:
        file.unlink(missing_ok=True)
        with sqlite3.connect(file) as connection:
            connection.execute(f"CREATE TABLE ho_so ({headings})")
            marks = ", ".join("?" * len(CASE_HEADER))
            values = [[row[name] for name in CASE_HEADER] for row in rows]
            connection.executemany(f"INSERT INTO ho_so VALUES ({marks})", values)
        connection.close()

    location = {"url": "sqlite:///{workspace}/inbox/mot_cua.sqlite", "table": "ho_so"}
    write_spec(workspace, "ho_so", case_spec(location=location, reader={"kind": "database"}))
    fill([case_row(1), case_row(2)])
    first = take(workspace)
    assert counts(first, "ho_so@ho_so") == (2, 2, 0, 0)
    fill([case_row(2), case_row(1)])
    assert is_settled(workspace)
    fill([case_row(2), case_row(1, **{"Ngày xong": "10/06/2023"})])
    assert counts(take(workspace), "ho_so@ho_so") == (2, 1, 0, 1)


# --- changed specs and reference tables --------------------------------------------------------------------------------------------


def test_a_changed_spec_reads_again_and_retires(workspace: Workspace) -> None:
    put_cases(workspace, A, [case_row(1), case_row(2, **{"Kênh": "Bồ câu"})])
    put_cases(workspace, B, [case_row(3)])
    first = take(workspace)
    assert counts(first, A) == (2, 1, 1, 0)
    original = write_spec(workspace, "ho_so", case_spec()).read_bytes()
    feed = case_spec()["feeds"][0]
    channel = {"column": "Kênh", "values": {"Trực tiếp": "direct", "Bồ câu": "other"}}
    write_spec(workspace, "ho_so", case_spec(feeds=[{**feed, "columns": {**feed["columns"], "channel": channel}}]))
    second = take(workspace)
    assert counts(second, A) == (2, 2, 0, 0) and counts(second, B) == (1, 1, 0, 0)
    assert len(second.office.ledger.retired_ids()) == 2
    assert len(second.landed("case")) == 3 and is_settled(workspace)
    # The old spec comes back: the readings under it are made anew, not brought back.
    (workspace.sources / "ho_so.yml").write_bytes(original)
    third = take(workspace)
    assert counts(third, A) == (2, 1, 1, 0) and len(third.landed("case")) == 2
    assert len(third.office.ledger.retired_ids()) == 4 and is_settled(workspace)


ALIAS = "office_code,name,unit_code\n282,Xã An Mĩ,10462\n"


def test_a_changed_reference_reads_only_inputs_with_refused_rows(workspace: Workspace) -> None:
    put_cases(workspace, A, [case_row(1), case_row(2, **{"Đơn vị": "Xã An Mĩ"})])
    put_cases(workspace, B, [case_row(3)])
    assert counts(take(workspace), A) == (2, 1, 1, 0)
    put(workspace, "reference/unit_alias.csv", ALIAS.encode())
    taken = take(workspace)
    assert list(taken.records) == [A] and counts(taken, A) == (2, 2, 0, 0)
    assert {row["unit_code"] for row in taken.landed("case")} == {"10462"}
    assert len(taken.office.ledger.retired_ids()) == 1 and is_settled(workspace)


def test_reading_again_does_not_make_an_old_delivery_newer(workspace: Workspace) -> None:
    """June has a row that an alias mends later; July's newer state of another case in it stays the newer one."""
    put_cases(workspace, A, [case_row(1), case_row(2, **{"Đơn vị": "Xã An Mĩ"})])
    take(workspace)
    put_cases(workspace, B, [case_row(1, **{"Ngày xong": "20/06/2023"})])
    take(workspace)
    put(workspace, "reference/unit_alias.csv", ALIAS.encode())
    taken = take(workspace)
    assert counts(taken, A) == (2, 2, 0, 0)
    found = current(taken.office, "case")
    assert str(found["HS-0001"]["settled_on"]) == "2023-06-20" and "HS-0002" in found


def test_reading_again_does_not_bring_back_a_replaced_snapshot(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec(unit={"column": "Họ tên"}, ignore=[]))
    put_forms(workspace, JUNE, [form_row(1, **{"Họ tên": "Xã An Mỹ"}), form_row(2, **{"Họ tên": "Xã An Mĩ"})])
    take(workspace, "survey_response")
    put_forms(workspace, AGAIN, [form_row(number, **{"Họ tên": "Xã An Mỹ"}) for number in (1, 3)])
    take(workspace, "survey_response")
    put(workspace, "reference/unit_alias.csv", ALIAS.encode())
    taken = take(workspace, "survey_response")
    assert sorted(current(taken.office, "survey_response")) == ["10462/2023-06/0001", "10462/2023-06/0003"]


def test_a_fed_reference_table_replaces_the_shipped_one(workspace: Workspace) -> None:
    """A catalogue that a source brings makes unknown procedures known; its own broken rows are refused with a reason."""
    spec: dict[str, Any] = {
        "title": {"vi": "Danh mục", "en": "Catalogue"},
        "row": "one procedure",
        "authority": "cong_dvc",
        "delivery": {"kind": "snapshot"},
        "location": {"path": "inbox/danh_muc.csv"},
        "reader": {"kind": "csv"},
        "feeds": [{"dataset": "procedure", "columns": {"code": "Mã", "name": "Tên"}}],
    }
    write_spec(workspace, "danh_muc", spec)
    put(workspace, "inbox/danh_muc.csv", "Mã,Tên\n1.000001,Đăng ký\n2.0,\n".encode())
    put_cases(workspace, A, [case_row(1), case_row(2, **{"Mã TTHC": "9.9"})])
    taken = take(workspace)
    assert counts(taken, A) == (2, 1, 1, 0)
    [catalogue] = [record for record in taken.office.ledger.active() if record.source == "danh_muc"]
    assert (catalogue.rows_read, catalogue.rows_accepted, catalogue.rows_quarantined) == (2, 1, 1)
    put(workspace, "inbox/danh_muc.csv", "Mã,Tên\n1.000001,Đăng ký\n9.9,Khai sinh\n".encode())
    assert counts(take(workspace), A) == (2, 2, 0, 0)
    assert is_settled(workspace)


# --- the day it was sent --------------------------------------------------------------------------------------------------------


def test_dates_after_the_day_in_the_path_are_refused_on_any_day(workspace: Workspace) -> None:
    """The file of 15/06 is read on 20/07: what it says of 16/06 had not happened when it was sent."""
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, JUNE, [form_row(1, Ngày="15/06/2023"), form_row(2, Ngày="16/06/2023")])
    taken = take(workspace, "survey_response")
    assert counts(taken, JUNE) == (2, 1, 1, 0) and taken.rules(JUNE) == {
        ("survey_response.responded_on.future", "Ngày"): 1
    }
    assert taken.gate is not None and taken.gate.passed


def test_read_again_an_input_is_as_old_as_it_was(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a day in its path an input is of the day it was first seen: no verdict changes because days have passed."""
    put_cases(workspace, A, [case_row(1, **{"Ngày xong": "20/07/2023"}), case_row(2, **{"Ngày xong": "21/07/2023"})])
    first = take(workspace)
    assert counts(first, A) == (2, 1, 1, 0) and first.rules(A) == {("case.settled_at.future", "Ngày xong"): 1}
    monkeypatch.setattr("workspaces.TODAY", TODAY + dt.timedelta(days=30))
    assert is_settled(workspace)
    write_spec(workspace, "ho_so", case_spec(row="one case file"))
    again = take(workspace)
    assert counts(again, A) == (2, 1, 1, 0)
    assert again.records[A].sent_on == first.records[A].sent_on == TODAY
    put_cases(workspace, B, [case_row(2, **{"Ngày xong": "21/07/2023"})])
    assert counts(take(workspace), B) == (1, 1, 0, 0), "sent anew it is of the day it came"


# --- part of a file -------------------------------------------------------------------------------------------------------------


def test_a_refusal_in_the_middle_of_a_file_leaves_none_of_its_rows(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault shows only after earlier chunks were shaped and written aside."""
    monkeypatch.setattr("assets.ingest.source_reader.CHUNK_ROWS", 3)
    rows = [case_row(number, **({"Kênh": "Bồ câu"} if number == 2 else {})) for number in range(8)]
    file = put_cases(workspace, A, rows)
    file.write_bytes(file.read_bytes() + b'"HS-9,an open quote\n' + file.read_bytes())
    put_cases(workspace, B, [case_row(number) for number in range(5, 12)])
    taken = take(workspace)
    assert taken.records[A].status == "refused" and counts(taken, A) == (0, 0, 0, 0)
    assert taken.rules(A) == {("file.quote_unclosed", ""): 1}
    assert counts(taken, B) == (7, 7, 0, 0), "rows of the refused file are no duplicates' originals"
    assert taken.quarantined == [] and {row["input_id"] for row in taken.landed("case")} == {taken.records[B].input_id}


def test_chunks_do_not_change_the_outcome(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.ingest.source_reader.CHUNK_ROWS", 2)
    put_cases(workspace, A, [case_row(number % 5, **{"Kênh": "Bồ câu"} if number == 3 else {}) for number in range(9)])
    put_cases(workspace, B, [case_row(number) for number in range(4, 7)])
    taken = take(workspace)
    # 0, 1, 2, 4 and the second 3 stay; 0 to 2 come twice; B brings 5 and 6.
    assert counts(taken, A) == (9, 5, 1, 3) and counts(taken, B) == (3, 2, 0, 1)
    assert sorted(row["record_id"] for row in taken.landed("case")) == [f"HS-{number:04d}" for number in range(7)]


def test_only_wanted_months_are_taken_in(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, JUNE, [form_row(1)])
    put_forms(workspace, JUNE.replace("2023-06", "2023-07"), [form_row(1)])
    office = open_office(workspace)
    [item] = office.plan_of("survey_response", lambda month: month == "2023-07").to_read
    assert item.period_id == "2023-07"
