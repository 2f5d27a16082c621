"""Promises 1, 2 and 5 on a published tiny office, and the exit codes of `sipas run`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from said import texts
from sipas_process import Sipas
from tiny_office import MONTHS, july, june
from workspaces import (
    CASE_HEADER,
    KEY,
    NAME,
    PHONE,
    case_row,
    case_spec,
    landed,
    make_workspace,
    open_office,
    put_cases,
    quarantined,
    write_spec,
)

from assets.publish.revision import current_revision, open_current
from assets.workspace import Workspace

CopyOf = Callable[[Workspace, str], Workspace]


def mart(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Every row of a mart in the current revision's database."""
    with duckdb.connect(str(open_current(workspace) / "analyst" / "sipas.duckdb"), read_only=True) as database:
        return database.sql(f"SELECT * FROM marts.{name}").to_arrow_table().to_pylist()


# --- promise 1: every source row ends in exactly one place -----------------------------------------------------------------


def test_rows_of_every_file_add_up(two_steps: Workspace) -> None:
    quality = {row["path"]: row for row in mart(two_steps, "data_quality")}
    # read, accepted, quarantined, duplicate, superseded: counted by hand from what june() and july() write.
    expected = {
        "inbox/ho_so/a.csv": (14, 11, 1, 1, 1),
        "inbox/ho_so/b.csv": (5, 5, 0, 0, 0),
        "inbox/pakn.jsonl": (12, 12, 0, 0, 0),
        "inbox/phieu/2023-06/10462_20230615.csv": (15, 0, 1, 0, 14),
        "inbox/phieu/2023-06/10462_20230618.csv": (16, 16, 0, 0, 0),
        "inbox/phieu/2023-07/10462_20230714.csv": (11, 11, 0, 0, 0),
    }
    counts = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded")
    assert {path: tuple(row[name] for name in counts) for path, row in quality.items()} == expected
    for read, *ends in expected.values():
        assert read == sum(ends)


def test_every_quarantined_row_names_a_rule_and_a_place(two_steps: Workspace) -> None:
    rows = quarantined(open_office(two_steps))
    assert len(rows) == 2
    for row in rows:
        assert row["path"] and row["line"] and row["raw"]
        assert row["rules"] and all(rule["rule"] and rule["column"] and rule["value"] for rule in row["rules"])


# --- promise 2: the same bytes change nothing -----------------------------------------------------------------------------


def test_a_second_run_has_nothing_new(sipas: Sipas, two_steps: Workspace) -> None:
    pointer = two_steps.published / "current.json"
    before = pointer.stat().st_mtime_ns, current_revision(two_steps)
    again = sipas.run(two_steps)
    assert again.code == 0 and "Nothing new" in again.output
    assert (pointer.stat().st_mtime_ns, current_revision(two_steps)) == before


def test_a_copy_of_a_file_changes_no_figure(sipas: Sipas, two_steps: Workspace, copy_of: CopyOf) -> None:
    workspace = copy_of(two_steps, "copied")
    shutil.copy(workspace.inbox / "ho_so" / "a.csv", workspace.inbox / "ho_so" / "c.csv")
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    for name in ("case_settlement", "sipas_index", "complaint_handling", "case_overdue"):
        assert mart(workspace, name) == mart(two_steps, name)
    [copy] = [row for row in mart(workspace, "data_quality") if row["path"] == "inbox/ho_so/c.csv"]
    assert (copy["status"], copy["rows_read"], copy["rows_duplicate"]) == ("duplicate", 14, 14)


def test_month_by_month_equals_all_at_once(sipas: Sipas, two_steps: Workspace, tmp_path: Path) -> None:
    """The current figures do not depend on how many runs it took to take the files in."""
    at_once = make_workspace(tmp_path / "at_once", months=MONTHS)
    june(at_once)
    july(at_once)
    done = sipas.run(at_once)
    assert done.code == 0, done.output
    for name in ("case_settlement", "sipas_index", "complaint_handling", "submission_status", "dim_admin_unit"):
        assert mart(at_once, name) == mart(two_steps, name), name
    counts = ("path", "rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded")
    found, expected = (
        sorted(tuple(row[name] for name in counts) for row in mart(workspace, "data_quality"))
        for workspace in (at_once, two_steps)
    )
    assert found == expected


# --- promise 5: what names a person stays in the private zone --------------------------------------------------------------


def secrets_of(workspace: Workspace) -> set[str]:
    """The planted name and phone, the key, and every record id and record key that landed."""
    office = open_office(workspace)
    rows = [row for name in ("case", "complaint", "survey_response") for row in landed(office, name)]
    found = {NAME, NAME.split()[0], PHONE, KEY.decode()}
    return found | {row["record_id"] for row in rows} | {row["record_key"] for row in rows}


def test_nothing_published_names_a_person_or_a_record(two_steps: Workspace) -> None:
    secrets = secrets_of(two_steps)
    assert len(secrets) > 60
    files = [path for path in sorted(two_steps.published.rglob("*")) if path.is_file() and not path.is_symlink()]
    assert {path.suffix for path in files} >= {".parquet", ".csv", ".xlsx", ".html", ".json", ".duckdb"}
    for path in files:
        said = list(texts(path))
        for secret in secrets:
            assert not any(secret in text for text in said), path


def test_no_column_of_a_mart_holds_an_identifier(two_steps: Workspace) -> None:
    with duckdb.connect(str(open_current(two_steps) / "analyst" / "sipas.duckdb"), read_only=True) as database:
        columns = database.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall()
    assert columns
    kept_back = {"record_id", "record_key", "content_hash", "extra", "raw"}
    assert [column for column in columns if column[1] in kept_back] == []


# --- exit codes ------------------------------------------------------------------------------------------------------------


def test_a_closed_gate_publishes_nothing_and_exits_1(sipas: Sipas, published: Workspace, copy_of: CopyOf) -> None:
    workspace = copy_of(published, "closed")
    before = current_revision(workspace)
    ledger = (workspace.state / "ledger.sqlite").read_bytes()
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(number, **{"Ngày nhận": "31/06/2023"}) for number in range(9)])
    done = sipas.run(workspace)
    assert done.code == 1, done.output
    assert "quarantine_share" in done.output and "Nothing was published" in done.output
    assert "Traceback" not in done.output
    assert current_revision(workspace) == before
    assert (workspace.state / "ledger.sqlite").read_bytes() == ledger, "none of the batch counts"
    (workspace.inbox / "ho_so" / "b.csv").unlink()
    assert sipas.run(workspace).code == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cut_off_dya": 14}, "cut_off_day"),
        ({"time_zone": "Asia/HoChiMinh"}, "time_zone"),
        ({"roots": []}, "roots"),
        ({"key": {"file": "none.key"}}, "none.key"),
        ({"engine": {"kind": "postgres"}}, "url_env"),
        ({"months": {"first": "2023-13"}}, "2023-06"),
    ],
    ids=["unknown key", "zone", "no root", "no secret key", "engine", "month"],
)
def test_settings_that_cannot_be_used_exit_2(sipas: Sipas, tmp_path: Path, change: dict[str, Any], named: str) -> None:
    workspace = make_workspace(tmp_path / "office", **change)
    done = sipas.run(workspace)
    assert done.code == 2, done.output
    assert named in done.output and "Traceback" not in done.output
    assert not workspace.published.exists()


@pytest.mark.parametrize("arguments", [("--period", "2023-13"), ("--from", "2023-07", "--to", "2023-06"), ("--perio",)])
def test_wrong_usage_exits_2(sipas: Sipas, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = sipas.run(make_workspace(tmp_path / "office"), *arguments)
    assert done.code == 2 and "Traceback" not in done.output


def test_a_folder_that_is_no_workspace_exits_2(sipas: Sipas, tmp_path: Path) -> None:
    done = sipas.run(Workspace(tmp_path))
    assert done.code == 2 and "sipas init" in done.output


def test_a_spec_with_a_mistake_stops_its_source_alone(sipas: Sipas, published: Workspace, copy_of: CopyOf) -> None:
    workspace = copy_of(published, "mistaken")
    write_spec(workspace, "moi", {**case_spec(authority="moi"), "ingore": ["STT"]})
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(number) for number in range(60, 64)], CASE_HEADER)
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    assert "sources/moi.yml" in done.output and "“ignore”" in done.output
    assert any(row["path"] == "inbox/ho_so/b.csv" for row in mart(workspace, "data_quality"))
