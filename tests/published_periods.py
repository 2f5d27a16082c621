"""A published revision as small as decisions about periods need it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from workspaces import make_workspace

from assets.workspace import Workspace


def publish_periods(root: Path) -> Workspace:
    """A district with two communes, one of which is another unit from 15/05/2023 on, and a revision of a quarter."""
    made = make_workspace(root)
    folder = made.published / "revisions" / "rev1"
    (folder / "analyst").mkdir(parents=True)
    (folder / "revision.json").write_text("{}")
    (made.published / "current.json").write_text(json.dumps({"revision": "rev1"}))
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb")) as marts:
        marts.execute("CREATE SCHEMA marts")
        marts.execute(
            """
            CREATE TABLE marts.dim_admin_unit AS FROM (VALUES
                ('D', 'Huyện', DATE '1900-01-01', NULL, 'district', NULL, 'D'),
                ('A', 'Xã A', DATE '1900-01-01', NULL, 'commune', 'D', 'D'),
                ('B', 'Xã B', DATE '1900-01-01', DATE '2023-05-14', 'commune', 'D', 'D'),
                ('C', 'Xã C', DATE '2023-05-15', NULL, 'commune', 'D', 'D'),
                ('D~', 'Chưa rõ', DATE '1900-01-01', NULL, 'unassigned', 'D', 'D'),
                ('X', 'Tỉnh', DATE '1900-01-01', NULL, 'province', NULL, NULL)
            ) AS t (unit_code, unit_name, unit_valid_from, unit_valid_to, unit_level, parent_code, office_code)
            """
        )
        marts.execute(
            """
            CREATE TABLE marts.dim_reporting_period AS FROM (VALUES
                ('2023-04', 'month', DATE '2023-03-15', DATE '2023-04-14'),
                ('2023-05', 'month', DATE '2023-04-15', DATE '2023-05-14'),
                ('2023-06', 'month', DATE '2023-05-15', DATE '2023-06-14'),
                ('2023-Q2', 'quarter', DATE '2023-03-15', DATE '2023-06-14')
            ) AS t (period_id, period_kind, starts_on, ends_on)
            """
        )
        marts.execute(
            "CREATE TABLE marts.data_quality AS SELECT 'in-1' AS input_id, 'late.csv' AS path, 's' AS source, "
            "'A' AS unit_code, '2023-06' AS period_id"
        )
        marts.execute(
            "CREATE TABLE marts.period_pending (unit_code VARCHAR, period_id VARCHAR, dataset VARCHAR, input_id VARCHAR, "
            "n_new BIGINT, n_changed BIGINT, n_gone BIGINT)"
        )
        marts.execute(
            """
            CREATE TABLE marts.case_settlement AS
            SELECT u AS unit_code, DATE '1900-01-01' AS unit_valid_from, p AS period_id, '*' AS procedure_field,
                CAST(ascii(u) AS BIGINT) AS n_received
            FROM (VALUES ('A'), ('B'), ('C'), ('D'), ('D~')) AS t (u), (VALUES ('2023-05'), ('2023-06'), ('2023-Q2')) AS s (p)
            """
        )
        marts.execute(
            "CREATE TABLE marts.sipas_ranking AS SELECT b AS basis, 'D' AS group_code, 'A' AS unit_code, "
            "DATE '1900-01-01' AS unit_valid_from, '2023-06' AS edition_id FROM (VALUES ('period'), ('round')) AS t (b)"
        )
        marts.execute(
            "CREATE TABLE marts.case_overdue AS SELECT 'A' AS unit_code, DATE '1900-01-01' AS unit_valid_from, "
            "'2023-06' AS period_id, 1 AS case_id"
        )
    return made


def wait_for(workspace: Workspace, unit: str, period: str) -> None:
    database = workspace.published / "revisions" / "rev1" / "analyst" / "sipas.duckdb"
    with duckdb.connect(str(database)) as marts:
        marts.execute("INSERT INTO marts.period_pending VALUES (?, ?, 'case', 'in-1', 1, 0, 0)", [unit, period])
