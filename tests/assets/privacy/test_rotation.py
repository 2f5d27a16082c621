"""Another key: every hash changes and every relation between them stays, new deliveries meet the old, the forgotten stay out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from workspaces import (
    KEY,
    KEYS,
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
    take,
    write_spec,
)

from assets.keys import Keyring
from assets.landing.land import sweep
from assets.privacy import rotation as rotation_module
from assets.privacy.forget import forget
from assets.privacy.rotation import OtherKey, rotate
from assets.workspace import Workspace
from quality.contract import load_contracts

ROTATED = Keyring((KEY, b"the second secret of the tests"))
AGAIN = Keyring((*ROTATED.secrets, b"the third secret of the tests"))
GONE = "0981000001"


def fill(root: Path) -> Workspace:
    workspace = make_workspace(root)
    spec = case_spec(ignore=["Chủ hồ sơ"])
    spec["feeds"][0]["columns"] |= {"person_phone": "Điện thoại"}
    write_spec(workspace, "ho_so", spec)
    rows = [case_row(number, **{"Điện thoại": f"09810000{number:02d}"}) for number in range(12)]
    put(workspace, "inbox/ho_so/a.csv", csv_bytes(rows))
    # The same authority numbers both, so that a complaint finds the case it is about.
    spec = complaint_spec(authority="mot_cua")
    spec["feeds"][0]["columns"] |= {"case_number": "hoSo"}
    write_spec(workspace, "pakn", spec)
    put_complaints(workspace, "inbox/pakn.jsonl", [complaint_row(n, hoSo=f"HS-{n:04d}") for n in range(2, 6)])
    take(workspace)
    take(workspace, "complaint")
    office = open_office(workspace)
    assert office.ledger.is_bound_to(KEYS.key_id)
    forget(office, [KEYS.token("phone", GONE)], dry_run=False)
    office.close()
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return fill(tmp_path / "office")


def rotate_in(workspace: Workspace, keys: Keyring) -> int:
    office = open_office(workspace, keys)
    sweep(workspace, office.ledger)
    number = rotate(workspace, office.ledger, keys, load_contracts())
    office.close()
    return number


def read(workspace: Workspace, keys: Keyring) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    office = open_office(workspace, keys)
    found = landed(office, "case"), landed(office, "complaint")
    office.close()
    return found


def without_hashes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows by line, without what is a keyed hash: all that a figure is made of."""
    kept = [{name: value for name, value in row.items() if not name.endswith(("_key", "_token"))} for row in rows]
    return sorted(kept, key=lambda row: row["line"])


def pairs(cases: list[dict[str, Any]], complaints: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """Which complaint (line) is about which case (line)."""
    return {(a["line"], b["line"]) for a in complaints for b in cases if a["case_key"] == b["record_key"]}


def test_hashes_change_and_nothing_else(workspace: Workspace) -> None:
    before = read(workspace, KEYS)
    assert rotate_in(workspace, ROTATED) == 2
    after = read(workspace, ROTATED)
    assert [without_hashes(rows) for rows in after] == [without_hashes(rows) for rows in before]
    assert pairs(*after) == pairs(*before) and len(pairs(*after)) == 4
    for old, new in zip(before, after, strict=True):
        assert not {row["record_key"] for row in old} & {row["record_key"] for row in new}
    [two] = [row for row in after[0] if row["record_id"] == "HS-0002"]
    assert two["person_phone_token"] == ROTATED.token("phone", "0981000002")
    assert rotate_in(workspace, ROTATED) == 0, "nothing is left to do"


@pytest.mark.parametrize("keys", [ROTATED, AGAIN], ids=["once", "two at a time"])
def test_new_deliveries_meet_the_old_and_the_forgotten_stay_out(workspace: Workspace, keys: Keyring) -> None:
    rotate_in(workspace, keys)
    rows = [case_row(n, **{"Điện thoại": f"09810000{n:02d}"}) for n in (0, 1, 2, 3)]
    rows[3] |= {"Ngày xong": "20/06/2023"}
    rows.append(case_row(70, **{"Điện thoại": GONE}))
    put(workspace, "inbox/ho_so/b.csv", csv_bytes(rows))
    record = take(workspace, keys=keys).records["inbox/ho_so/b.csv"]
    counts = (record.rows_read, record.rows_accepted, record.rows_duplicate, record.rows_forgotten)
    # Each meets its record. What repeats counts as a newer version once, for the hash of its contents holds a token; the
    # forgotten person's record and another of theirs do not come in.
    assert counts == (5, 3, 0, 2)
    cases, _ = read(workspace, keys)
    assert len(cases) == 11 + 3 and len({row["record_key"] for row in cases}) == 11
    put(workspace, "inbox/ho_so/c.csv", csv_bytes([*rows, case_row(80)]))
    record = take(workspace, keys=keys).records["inbox/ho_so/c.csv"]
    assert (record.rows_accepted, record.rows_duplicate, record.rows_forgotten) == (1, 3, 2)
    assert {mark.key_id for mark in open_office(workspace, keys).ledger.tombstones()} == {keys.key_id}


@pytest.mark.parametrize("point", ["rotation.written", "rotation.committed"])
def test_after_a_kill_rotating_again_ends_it(workspace: Workspace, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(Exception):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    before = read(workspace, KEYS)
    with monkeypatch.context() as patched:
        patched.setattr(rotation_module, "checkpoint", die)
        with pytest.raises(Killed):
            rotate_in(workspace, ROTATED)
    rotate_in(workspace, ROTATED)
    after = read(workspace, ROTATED)
    assert [without_hashes(rows) for rows in after] == [without_hashes(rows) for rows in before]
    office = open_office(workspace, ROTATED)
    assert office.ledger.key_mark() == ROTATED.key_id
    parts = {part.path for part in office.ledger.parts()}
    sweep(workspace, office.ledger)
    assert {file.relative_to(workspace.root).as_posix() for file in workspace.landing.glob("*/*.parquet")} == parts


def test_keys_of_records_gone_from_their_source_come_along(workspace: Workspace) -> None:
    office = open_office(workspace)
    [case] = [row for row in landed(office, "case") if row["record_id"] == "HS-0005"]
    office.ledger.commit([], [], [], removed={case["input_id"]: pa.array([case["record_key"]])})
    office.close()
    rotate_in(workspace, ROTATED)
    office = open_office(workspace, ROTATED)
    [case] = [row for row in landed(office, "case") if row["record_id"] == "HS-0005"]
    assert office.ledger.removed()["record_key"].to_pylist() == [case["record_key"]]


def test_another_key_is_refused(workspace: Workspace) -> None:
    with pytest.raises(OtherKey):
        rotate_in(workspace, Keyring((b"not the key of this workspace", b"nor is this one any at all")))
