"""Forgetting a person: gone from every kind of file, counted, and not brought back by reading again or by a kill."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import openpyxl
import pytest
from person_to_forget import HEADER, NAMED, OTHER_PHONE, PERSON_PHONE, TOKEN, forget_in, rows, spec_of
from workspaces import (
    Taken,
    case_row,
    complaint_row,
    complaint_spec,
    csv_bytes,
    landed,
    make_workspace,
    open_office,
    put,
    put_complaints,
    quarantined,
    take,
    write_spec,
    xlsx_bytes,
)

from assets.privacy import forget as forget_module
from assets.privacy.forget import forget
from assets.workspace import Workspace


def fill(root: Path) -> Workspace:
    """A workspace whose CSV, XLSX, JSON Lines and SQLite inputs hold the person, in good rows and in refused ones."""
    workspace = make_workspace(root)
    refused = case_row(90, **{"Điện thoại": PERSON_PHONE, "Ngày nhận": "31/06/2023", "Ghi chú": ""})
    write_spec(workspace, "chu", spec_of("inbox/chu/*.csv", {"kind": "csv"}, "chu"))
    put(workspace, "inbox/chu/a.csv", csv_bytes([*rows(3), refused], HEADER, "\r\n"))
    write_spec(workspace, "bang", spec_of("inbox/bang/*.xlsx", {"kind": "workbook"}, "bang"))
    put(workspace, "inbox/bang/a.xlsx", xlsx_bytes(rows(5), HEADER))
    write_spec(workspace, "kho", spec_of("x", {"kind": "database"}, "kho") | {
        "location": {"url": "sqlite:///{workspace}/inbox/kho.sqlite", "table": "ho_so"}})  # fmt: skip
    with sqlite3.connect(workspace.inbox / "kho.sqlite") as database:
        columns = ", ".join(f'"{name}" TEXT' for name in HEADER)
        database.execute(f"CREATE TABLE ho_so ({columns})")
        marks = ", ".join("?" for _ in HEADER)
        database.executemany(
            f"INSERT INTO ho_so VALUES ({marks})", [[row.get(name) for name in HEADER] for row in rows(1)]
        )
    database.close()
    spec = complaint_spec(ignore=["hoTen"])
    [feed] = spec["feeds"]
    write_spec(
        workspace, "pakn", spec | {"feeds": [feed | {"columns": feed["columns"] | {"person_phone": "dienThoai"}}]}
    )
    put_complaints(
        workspace, "inbox/pakn.jsonl", [complaint_row(n, dienThoai=PERSON_PHONE if n == 2 else "") for n in range(5)]
    )
    return workspace


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = fill(tmp_path_factory.mktemp("forget") / "office")
    take(workspace)
    take(workspace, "complaint")
    put(workspace, "returns/tra_lai.csv", f"Lý do,Điện thoại\nsai ngày,{PERSON_PHONE}\n".encode())
    put(workspace, "returns/khac.csv", f"Lý do,Điện thoại\nsai ngày,{OTHER_PHONE}\n".encode())
    return workspace


@pytest.fixture
def workspace(taken_in: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(taken_in.root, tmp_path / "office")))


def texts_of(workspace: Workspace) -> str:
    """All that the private zone says, unpacked."""
    said = []
    for file in sorted(path for name in ("inbox", "returns") for path in (workspace.root / name).rglob("*")):
        if file.suffix == ".xlsx":
            said += [str(row) for page in openpyxl.load_workbook(file) for row in page.iter_rows(values_only=True)]
        elif file.is_file():
            said.append(file.read_bytes().decode("utf-8", "replace"))
    office = open_office(workspace)
    said += [str(landed(office, name)) for name in ("case", "complaint")] + [str(quarantined(office))]
    office.close()
    return "\n".join(said)


def counts(taken: Taken) -> dict[str, tuple[int, ...]]:
    names = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_forgotten")
    return {path: tuple(getattr(record, name) for name in names) for path, record in taken.records.items()}


def assert_gone(workspace: Workspace) -> None:
    said = texts_of(workspace)
    for text in (PERSON_PHONE, "981 000 001", NAMED, TOKEN):
        assert text not in said, text
    assert OTHER_PHONE in said, "the others stay"


def test_a_person_is_gone_from_every_place_and_counted(workspace: Workspace) -> None:
    counted = forget_in(workspace, dry_run=True)
    assert PERSON_PHONE in texts_of(workspace), "a dry run changes nothing"
    found = forget_in(workspace)
    # CSV: the person, one who mentions them, the refused row; XLSX and SQLite: two each; JSON Lines: one.
    assert (found.rows_inbox, found.rows_quarantine, found.files_returned, found.by_hand) == (8, 1, 1, [])
    assert len(found.records) == found.rows_landing == 6
    assert (counted.records, counted.rows_inbox, counted.rows) == (found.records, found.rows_inbox, found.rows)
    assert_gone(workspace)
    office = open_office(workspace)
    for record in office.ledger.active():
        kept = record.rows_accepted + record.rows_quarantined + record.rows_duplicate
        assert record.rows_read == kept + record.rows_forgotten, record.path
    assert sum(record.rows_forgotten for record in office.ledger.active()) == found.rows_landing + found.rows_quarantine
    marks = {(mark.purpose, mark.key_id) for mark in office.ledger.tombstones()}
    assert marks == {("person", office.keys.key_id), ("record", office.keys.key_id)}
    assert not [rule for rule in office.ledger.rule_counts() if rule.rule_id == "case.received_at.type"]


def test_lines_of_the_others_stay_where_they_were(workspace: Workspace) -> None:
    before = {(row["record_key"], row["line"]) for row in landed(open_office(workspace), "case")}
    forget_in(workspace)
    again = {(row["record_key"], row["line"]) for row in landed(open_office(workspace), "case")}
    assert again < before
    with (workspace.inbox / "chu" / "a.csv").open("rb") as file:
        assert file.read().count(b"\n") == 13, "a header, eleven rows, and the line end within the cell that is gone"


def test_a_rewritten_file_is_no_new_delivery(workspace: Workspace) -> None:
    forget_in(workspace)
    taken = take(workspace)
    # The database is another database now; what is left of it repeats what landed.
    assert counts(taken) == {"ho_so@kho": (8, 0, 0, 8, 0)}
    assert counts(take(workspace, "complaint")) == {}


def test_reading_the_old_file_again_does_not_bring_the_person_back(taken_in: Workspace, workspace: Workspace) -> None:
    forget_in(workspace)
    more = case_row(60, **{"Điện thoại": OTHER_PHONE, "Ghi chú": ""})
    shutil.copy(taken_in.inbox / "chu" / "a.csv", workspace.inbox / "chu" / "a.csv")
    put(workspace, "inbox/chu/lai.csv", csv_bytes([*rows(3), more], HEADER))
    put(workspace, "inbox/bang/lai.xlsx", xlsx_bytes([*rows(5), more], HEADER))
    newer = case_row(3, **{"Điện thoại": "", "Ngày xong": "20/06/2023", "Ghi chú": ""})
    put(workspace, "inbox/chu/moi.csv", csv_bytes([newer], HEADER))
    found = counts(take(workspace))
    assert "inbox/chu/a.csv" not in found, "the bytes that were delivered are that delivery still"
    # The one who mentions the number in a column that is not read is known by the record that was forgotten with it.
    assert found["inbox/chu/lai.csv"] == (11, 1, 0, 8, 2)
    assert found["inbox/bang/lai.xlsx"] == (11, 1, 0, 8, 2)
    assert found["inbox/chu/moi.csv"] == (1, 0, 0, 0, 1), "nor does a later state of the record without the number"
    office = open_office(workspace)
    assert TOKEN not in str(landed(office, "case")) and PERSON_PHONE not in str(quarantined(office))


class Killed(Exception):
    """Stands for SIGKILL: nothing runs after it."""


@pytest.mark.parametrize("point", ["forget.tombstones", "forget.noted", "forget.inbox", "forget.parts"])
def test_after_a_kill_the_same_command_ends_it(
    workspace: Workspace, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        if name == point:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(forget_module, "checkpoint", die)
        with pytest.raises(Killed):
            forget_in(workspace)
    # A run in between takes nothing in for it: the files are the deliveries they were, or nothing of them is kept.
    between = counts(take(workspace))
    assert set(between) <= {"ho_so@kho"}
    forget_in(workspace)
    assert_gone(workspace)


def test_what_cannot_be_read_or_rewritten_is_told(workspace: Workspace, tmp_path: Path) -> None:
    file = workspace.inbox / "bang" / "a.xlsx"
    write_spec(workspace, "bang", spec_of("inbox/bang/*", {"kind": "workbook"}, "bang"))
    file.rename(file.with_suffix(".xls"))
    found = forget_in(workspace)
    assert found.by_hand == ["inbox/bang/a.xls: file.damaged, so nobody could be looked for in it"]


def test_folders_of_others_are_told_and_left(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "ngoai", spec_of("{chung}/a.csv", {"kind": "csv"}, "ngoai"))
    (tmp_path / "chung").mkdir()
    sent = csv_bytes(rows(3), HEADER)
    (tmp_path / "chung" / "a.csv").write_bytes(sent)
    office = open_office(workspace)
    office.folders = {"chung": tmp_path / "chung"}
    found = forget(office, [TOKEN], dry_run=False)
    office.close()
    assert found.by_hand == ["{chung}/a.csv: lies outside the workspace; 2 row(s) stay there"]
    assert (tmp_path / "chung" / "a.csv").read_bytes() == sent
