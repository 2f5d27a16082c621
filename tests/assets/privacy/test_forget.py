"""Forgetting a person: gone from every kind of file, counted, and not brought back by reading again or by a kill."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from workspaces import (
    CASE_HEADER,
    KEY,
    Taken,
    case_row,
    case_spec,
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

from assets.ingest.spec import SourceSpec
from assets.keys import Keyring
from assets.landing.land import sweep
from assets.privacy import forget as forget_module
from assets.privacy.forget import Forgotten, forget
from assets.privacy.rewrite import CannotRewrite, rewrite
from assets.workspace import Workspace

PERSON_PHONE, OTHER_PHONE = "0981000001", "0981000002"
TOKEN = Keyring((KEY,)).token("phone", PERSON_PHONE)
COLUMNS = {"person_name": "Chủ hồ sơ", "person_phone": "Điện thoại"}
NAMED = "Người Phải Quên"


def spec_of(path: str, reader: dict[str, Any], authority: str) -> dict[str, Any]:
    spec = case_spec(authority=authority, location={"path": path}, reader=reader, ignore=["Ghi chú"])
    [feed] = spec["feeds"]
    return spec | {"feeds": [feed | {"columns": feed["columns"] | COLUMNS}]}


def rows(person: int) -> list[dict[str, Any]]:
    """Ten cases; `person` has the number in another writing, one other mentions it in a column that is not read."""
    found = [case_row(n, **{"Điện thoại": OTHER_PHONE, "Chủ hồ sơ": "Người khác", "Ghi chú": ""}) for n in range(10)]
    found[person] |= {"Điện thoại": "+84 981 000 001", "Chủ hồ sơ": f'{NAMED}, "nhà cũ"\nxóm 2', "Ghi chú": "x"}
    found[person + 1] |= {"Ghi chú": f"gọi thay {PERSON_PHONE}"}
    return found


def fill(root: Path) -> Workspace:
    """A workspace whose CSV, XLSX, JSON Lines and SQLite inputs hold the person, in good rows and in refused ones."""
    workspace = make_workspace(root)
    header = (*CASE_HEADER, "Ghi chú")
    refused = case_row(90, **{"Điện thoại": PERSON_PHONE, "Ngày nhận": "31/06/2023", "Ghi chú": ""})
    write_spec(workspace, "chu", spec_of("inbox/chu/*.csv", {"kind": "csv"}, "chu"))
    put(workspace, "inbox/chu/a.csv", csv_bytes([*rows(3), refused], header, "\r\n"))
    write_spec(workspace, "bang", spec_of("inbox/bang/*.xlsx", {"kind": "workbook"}, "bang"))
    put(workspace, "inbox/bang/a.xlsx", xlsx_bytes(rows(5), header))
    write_spec(workspace, "kho", spec_of("x", {"kind": "database"}, "kho") | {
        "location": {"url": "sqlite:///{workspace}/inbox/kho.sqlite", "table": "ho_so"}})  # fmt: skip
    with sqlite3.connect(workspace.inbox / "kho.sqlite") as database:
        columns = ", ".join(f'"{name}" TEXT' for name in header)
        database.execute(f"CREATE TABLE ho_so ({columns})")
        marks = ", ".join("?" for _ in header)
        database.executemany(
            f"INSERT INTO ho_so VALUES ({marks})", [[row.get(name) for name in header] for row in rows(1)]
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


def forget_in(workspace: Workspace, dry_run: bool = False) -> Forgotten:
    office = open_office(workspace)
    sweep(workspace, office.ledger)
    found = forget(office, [TOKEN], dry_run=dry_run)
    office.close()
    return found


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
    header = (*CASE_HEADER, "Ghi chú")
    shutil.copy(taken_in.inbox / "chu" / "a.csv", workspace.inbox / "chu" / "a.csv")
    put(workspace, "inbox/chu/lai.csv", csv_bytes([*rows(3), more], header))
    put(workspace, "inbox/bang/lai.xlsx", xlsx_bytes([*rows(5), more], header))
    newer = case_row(3, **{"Điện thoại": "", "Ngày xong": "20/06/2023", "Ghi chú": ""})
    put(workspace, "inbox/chu/moi.csv", csv_bytes([newer], header))
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
    nested = complaint_spec(reader={"kind": "json", "path": ["items"]}, location={"path": "inbox/*.json"})
    spec = SourceSpec.model_validate({"name": "x", "digest": "0", **nested})
    with pytest.raises(CannotRewrite, match="by hand"):
        rewrite(spec, file.with_suffix(".json"), {"": [1]}, tmp_path / "aside")


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
