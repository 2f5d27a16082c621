"""`sipas status` shows what units owed and sent from the published marts, and refused inputs from the ledger."""

from __future__ import annotations

import json
from datetime import date

import duckdb
from cli_office import Sipas, lines_with

from assets.workspace import Workspace

SINCE = date(1900, 1, 1)


def publish(workspace: Workspace) -> None:
    """A revision with the two marts that status reads."""
    folder = workspace.published / "revisions" / "r1"
    (folder / "analyst").mkdir(parents=True)
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb")) as marts:
        marts.execute("CREATE SCHEMA marts").fetchall()
        marts.execute(
            "CREATE TABLE marts.dim_admin_unit (unit_code TEXT, unit_valid_from DATE, unit_name TEXT)"
        ).fetchall()
        marts.execute(
            "CREATE TABLE marts.submission_status (unit_code TEXT, unit_valid_from DATE, dataset TEXT, period_id TEXT, "
            "submission_state TEXT, rows_accepted BIGINT, rows_quarantined BIGINT)"
        ).fetchall()
        marts.executemany(
            "INSERT INTO marts.dim_admin_unit VALUES (?, ?, ?)",
            [["10462", SINCE, "Xã An Mỹ"], ["10465", SINCE, "Xã Hồng Sơn"]],
        )
        states = [
            ("10462", "2023-06", "on_time", 12),
            ("10462", "2023-07", "missing", 0),
            ("10465", "2023-06", "late", 9),
        ]
        marts.executemany(
            "INSERT INTO marts.submission_status VALUES (?, ?, 'complaint', ?, ?, ?, 3)",
            [[unit, SINCE, month, state, rows] for unit, month, state, rows in states],
        )
    (folder / "revision.json").write_text("{}", encoding="utf-8")
    (workspace.published / "current.json").write_text(json.dumps({"revision": "r1"}), encoding="utf-8")


def test_before_the_first_run_there_is_nothing(workspace: Workspace, sipas: Sipas) -> None:
    result = sipas("status", "-w", workspace.root)
    assert result.exit_code == 0
    assert "Nothing is published yet" in result.output
    assert "put files into inbox/" in result.output


def test_before_the_first_publication_the_ledger_speaks(office: Workspace, sipas: Sipas) -> None:
    result = sipas("status", "-w", office.root)
    assert result.exit_code == 0
    [sent] = lines_with(result.output, "(so_phan_anh)")
    # dataset, landed, empty, refused, copies, rows read, rows quarantined
    assert sent.split()[1:] == ["complaint", "1", "0", "1", "0", "15", "3"]
    [refused] = lines_with(result.output, "inbox/so_2023-07.csv")
    assert "Thiếu cột" in refused
    [partly] = lines_with(result.output, "inbox/so_2023-06.csv")
    assert partly.split()[1:5] == ["landed", "15", "12", "3"]
    assert "complaint.channel.values (1)" in partly
    assert "and 1 more" in partly
    assert "due_date_missing" not in partly


def test_published_marts_say_what_was_owed(office: Workspace, sipas: Sipas) -> None:
    publish(office)
    result = sipas("status", "-w", office.root)
    assert result.exit_code == 0
    assert "Revision r1" in result.output
    [an_my] = lines_with(result.output, "Xã An Mỹ")
    # dataset, owed, on time, late, missing, empty, files refused, rows accepted, rows quarantined, months missing
    assert an_my.split()[4:] == ["complaint", "2", "1", "0", "1", "0", "0", "12", "6", "2023-07"]
    [hong_son] = lines_with(result.output, "Xã Hồng Sơn")
    assert hong_son.split()[4:] == ["complaint", "1", "0", "1", "0", "0", "0", "9", "3"]
    assert result.output.index("10462") < result.output.index("10465")


def test_one_month_only(office: Workspace, sipas: Sipas) -> None:
    publish(office)
    output = sipas("status", "-w", office.root, "--period", "2023-07").output
    assert "so_2023-06" not in output
    assert "Hồng Sơn" not in output
    assert "so_2023-07" in output


def test_a_broken_pointer_is_told_and_the_ledger_shown(office: Workspace, sipas: Sipas) -> None:
    office.published.mkdir()
    (office.published / "current.json").write_text("?", encoding="utf-8")
    result = sipas("status", "-w", office.root)
    assert result.exit_code == 0
    assert "Remove it and run" in result.output
    assert "inbox/so_2023-06.csv" in result.output
