"""What two revisions state differently and why, on small revisions planted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from assets.publish.causes import REASONS
from assets.publish.changes import CHANGE_SCHEMA, compare_revisions
from assets.publish.context import PublishError

GRAINS = {
    "dim_admin_unit": ["unit_code", "unit_valid_from"],
    "dim_reporting_period": ["period_id"],
    "sipas_index": ["unit_code", "unit_valid_from", "period_id", "instrument_code", "node_code"],
    "case_settlement": ["unit_code", "unit_valid_from", "period_id", "procedure_field"],
    "sipas_ranking": ["basis", "group_code", "group_valid_from", "edition_id", "unit_code"],
    "submission_status": ["unit_code", "unit_valid_from", "dataset", "period_id"],
    "case_overdue": ["unit_code", "unit_valid_from", "period_id", "case_id"],
    "data_quality": ["input_id"],
    "period_status": ["unit_code", "unit_valid_from", "period_id"],
    "fct_case": ["case_id"],
    "fct_survey_response": ["response_id"],
}
PROVENANCE: dict[str, Any] = {
    "version": "0.1.0",
    "settings": {"estimates": "a", "title": "t", "disclosure": "d"},
    "reference": {"admin_unit": "a", "procedure": "p"},
    "specs": {"khao_sat": "k", "mot_cua": "m"},
    "corrections": "c",
    "decisions": "d",
    "marts": {name: {"audience": "open", "grain": grain} for name, grain in GRAINS.items()},
}
TABLES = """
CREATE SCHEMA marts;
CREATE TABLE marts.dim_admin_unit AS SELECT * FROM (VALUES
    ('282', DATE '1900-01-01', NULL), ('10441', DATE '1900-01-01', '282'), ('10444', DATE '1900-01-01', '282'))
    AS t (unit_code, unit_valid_from, parent_code);
CREATE TABLE marts.dim_reporting_period AS SELECT * FROM (VALUES
    ('2023-01', 'month', DATE '2022-12-15', '2023-01', '2023-01'),
    ('2023-02', 'month', DATE '2023-01-15', '2023-02', '2023-02'),
    ('2023-03', 'month', DATE '2023-02-15', '2023-03', '2023-03'),
    ('2023-Q1', 'quarter', DATE '2022-12-15', '2023-01', '2023-03'))
    AS t (period_id, period_kind, starts_on, first_month_id, last_month_id);
CREATE TABLE marts.data_quality (input_id VARCHAR, source VARCHAR, path VARCHAR, unit_code VARCHAR, period_id VARCHAR, status VARCHAR,
    rows_forgotten BIGINT DEFAULT 0);
INSERT INTO marts.data_quality VALUES
    ('i1', 'khao_sat', 'inbox/a.xlsx', '10441', '2023-01', 'landed', 0), ('i2', 'mot_cua', 'inbox/b.csv', NULL, NULL, 'landed', 0);
CREATE TABLE marts.period_status (unit_code VARCHAR, unit_valid_from DATE, period_id VARCHAR, status VARCHAR, n_revised BIGINT,
    n_reopened BIGINT);
CREATE TABLE marts.fct_survey_response AS SELECT range AS response_id, 'i1' AS input_id, 'Phiếu' AS sheet, range + 3 AS line,
    'khao_sat' AS source, '10441' AS unit_code, DATE '1900-01-01' AS unit_valid_from, '2023-01' AS month_id FROM range(12);
CREATE TABLE marts.fct_survey_answer AS SELECT range AS response_id, 'I.1' AS item_code, '4' AS level FROM range(12);
CREATE TABLE marts.fct_case AS SELECT range AS case_id, 'i2' AS input_id, NULL::VARCHAR AS sheet, range + 2 AS line,
    'mot_cua' AS source, '10444' AS unit_code, DATE '1900-01-01' AS unit_valid_from, '2023-01' AS month_id,
    CASE WHEN range < 5 THEN DATE '2023-01-10' END AS settled_on FROM range(10);
CREATE TABLE marts.sipas_index AS SELECT unit_code, DATE '1900-01-01' AS unit_valid_from, period_id, 'KS' AS instrument_code,
    'overall' AS node_code, 12::BIGINT AS n_forms, 75.5::DOUBLE AS index_pct, 'srs' AS method
    FROM (VALUES ('10441'), ('282')) AS u (unit_code), (VALUES ('2023-01'), ('2023-02'), ('2023-Q1')) AS p (period_id);
CREATE TABLE marts.case_settlement AS SELECT unit_code, DATE '1900-01-01' AS unit_valid_from, period_id, '*' AS procedure_field,
    10::BIGINT AS n_received, 5::BIGINT AS n_pending
    FROM (VALUES ('10444'), ('282')) AS u (unit_code), (VALUES ('2023-01'), ('2023-02')) AS p (period_id);
CREATE TABLE marts.sipas_ranking AS SELECT 'period' AS basis, '282' AS group_code, DATE '1900-01-01' AS group_valid_from,
    '2023-01' AS edition_id, unit_code, place::BIGINT AS index_rank FROM (VALUES ('10441', 1), ('10444', 2)) AS t (unit_code, place);
CREATE TABLE marts.submission_status AS SELECT '10441' AS unit_code, DATE '1900-01-01' AS unit_valid_from, 'survey_response' AS dataset,
    '2023-02' AS period_id, 'missing' AS submission_state;
CREATE TABLE marts.case_overdue AS SELECT '10444' AS unit_code, DATE '1900-01-01' AS unit_valid_from, '2023-02' AS period_id,
    1::BIGINT AS case_id, 3::BIGINT AS days_late;
"""

MakeRevision = Callable[..., Path]


@pytest.fixture
def make_revision(tmp_path: Path) -> MakeRevision:
    def make(name: str, *changes: str, **provenance: Any) -> Path:
        """The planted revision after some statements, and what it says it is made of."""
        folder = tmp_path / name
        (folder / "analyst").mkdir(parents=True)
        (folder / "open" / "marts").mkdir(parents=True)
        with duckdb.connect(str(folder / "analyst" / "sipas.duckdb")) as database:
            database.begin()  # one commit: each costs a wait for the disk
            database.execute(TABLES)
            for change in changes:
                database.execute(change)
            database.commit()
            for (table,) in database.sql("SELECT table_name FROM duckdb_tables()").fetchall():
                if not table.startswith("fct_"):
                    rows = database.sql(f"SELECT * FROM marts.{table}").to_arrow_table()
                    pq.write_table(rows, folder / "open" / "marts" / f"{table}.parquet")
        (folder / "provenance.json").write_text(json.dumps(PROVENANCE | provenance))
        return folder

    return make


def _lines(before: Path, after: Path, *columns: str) -> list[tuple[Any, ...]]:
    rows = compare_revisions(before, after).to_pylist()
    return [tuple(row[name] for name in columns) for row in rows]


NEW_FILE: Sequence[str] = (
    "INSERT INTO marts.data_quality VALUES ('i3', 'khao_sat', 'inbox/c.xlsx', '10441', '2023-02', 'landed', 0)",
    "INSERT INTO marts.fct_survey_response VALUES (50, 'i3', 'Phiếu', 3, 'khao_sat', '10441', DATE '1900-01-01', '2023-02')",
    "INSERT INTO marts.fct_survey_answer VALUES (50, 'I.1', '2')",
    "UPDATE marts.sipas_index SET n_forms = 13, index_pct = 70.25 WHERE period_id <> '2023-01'",
    "UPDATE marts.submission_status SET submission_state = 'late'",
)


def test_a_revision_held_against_itself_differs_in_nothing(make_revision: MakeRevision) -> None:
    table = compare_revisions(make_revision("a"), make_revision("b"))
    assert table.num_rows == 0 and table.schema == CHANGE_SCHEMA


def test_a_new_file_is_the_reason_in_its_unit_the_units_above_and_the_periods_over_it(
    make_revision: MakeRevision,
) -> None:
    told = "inbox/c.xlsx (+1)"
    assert _lines(
        make_revision("a"), make_revision("b", *NEW_FILE), "mart", "unit_code", "period_id", "column", "before", "after", "reason", "detail"
    ) == [
        *[
            ("sipas_index", unit, period, column, before, after, "new_file", told)
            for unit in ("10441", "282")
            for period in ("2023-02", "2023-Q1")
            for column, before, after in (("n_forms", 12.0, 13.0), ("index_pct", 75.5, 70.25))
        ],
        ("submission_status", "10441", "2023-02", "submission_state", None, None, "new_file", "inbox/c.xlsx"),
    ]  # fmt: skip


def test_texts_stand_beside_numbers_and_rows_that_one_side_has_alone_are_told_once(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b",
        "UPDATE marts.sipas_index SET method = 'none' WHERE unit_code = '282' AND period_id = '2023-01'",
        "DELETE FROM marts.sipas_index WHERE unit_code = '10441' AND period_id = '2023-01'",
        version="0.2.0",
    )
    columns = ("unit_code", "change", "column", "before", "before_text", "after_text", "reason", "detail")
    assert _lines(make_revision("a"), after, *columns) == [
        ("10441", "removed", None, None, None, None, "software", "software: 0.1.0 → 0.2.0"),
        ("282", "changed", "method", None, "srs", "none", "software", "software: 0.1.0 → 0.2.0"),
    ]


def test_an_answer_that_a_correction_changed(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b",
        "INSERT INTO marts.data_quality VALUES ('k1', 'reference/corrections', 'reference/corrections.yml', NULL, NULL, 'landed', 0)",
        "UPDATE marts.fct_survey_response SET input_id = 'k1', source = 'reference/corrections', line = 2 WHERE response_id = 3",
        "UPDATE marts.fct_survey_answer SET level = '1' WHERE response_id = 3",
        "UPDATE marts.sipas_index SET index_pct = 74 WHERE unit_code = '10441' AND period_id = '2023-01'",
        corrections="other",
    )
    assert _lines(make_revision("a"), after, "column", "reason", "detail") == [
        ("index_pct", "superseded;correction", "inbox/a.xlsx (−1); reference/corrections.yml (+1)")
    ]


def test_a_person_who_was_forgotten_is_the_reason(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b",
        "UPDATE marts.data_quality SET rows_forgotten = 1 WHERE input_id = 'i1'",
        "DELETE FROM marts.fct_survey_response WHERE response_id = 3",
        "UPDATE marts.sipas_index SET n_forms = 11 WHERE unit_code = '10441' AND period_id = '2023-01'",
    )
    assert _lines(make_revision("a"), after, "column", "reason", "detail") == [
        ("n_forms", "forgotten", "inbox/a.xlsx (−1)")
    ]


def test_the_same_answers_under_other_numbers_are_no_change(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b",
        "UPDATE marts.fct_survey_response SET response_id = 100 - response_id",
        "UPDATE marts.fct_survey_answer SET response_id = 100 - response_id",
        "UPDATE marts.sipas_index SET index_pct = 1 WHERE unit_code = '10441' AND period_id = '2023-01'",
    )
    assert _lines(make_revision("a"), after, "reason") == [("unknown",)]


def test_a_case_weighs_on_every_later_month_until_it_is_settled(make_revision: MakeRevision) -> None:
    changes = (
        "UPDATE marts.case_settlement SET n_received = 9",
        "UPDATE marts.data_quality SET input_id = 'i9' WHERE input_id = 'i2'",
    )
    settled = make_revision(
        "b", *changes, "DELETE FROM marts.fct_case WHERE case_id = 1", "UPDATE marts.fct_case SET input_id = 'i9'"
    )
    open_still = make_revision(
        "c", *changes, "DELETE FROM marts.fct_case WHERE case_id = 9", "UPDATE marts.fct_case SET input_id = 'i9'"
    )
    before = make_revision("a")
    columns = ("unit_code", "period_id", "reason", "detail")
    file = ("file_changed", "inbox/b.csv (−1)")
    # Settled on 10 January: the month from 15 January on holds nothing of it.
    assert _lines(before, settled, *columns) == [
        ("10444", "2023-01", *file), ("10444", "2023-02", "other_figures", ""),
        ("282", "2023-01", *file), ("282", "2023-02", "other_figures", ""),
    ]  # fmt: skip
    assert {line[2:] for line in _lines(before, open_still, *columns)} == {file}


def test_a_rank_follows_the_figures_of_its_group(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b",
        "INSERT INTO marts.fct_survey_response VALUES (50, 'i1', 'Phiếu', 90, 'khao_sat', '10441', DATE '1900-01-01', '2023-01')",
        "UPDATE marts.sipas_ranking SET index_rank = 3 - index_rank",
        specs=PROVENANCE["specs"] | {"khao_sat": "other"},
    )
    assert _lines(make_revision("a"), after, "unit_code", "key", "reason", "detail") == [
        ("282", f"basis=period, unit_code={unit}", "read_differently;spec", "inbox/a.xlsx (+1); spec: khao_sat")
        for unit in ("10441", "10444")
    ]


def test_what_follows_other_figures_is_told_beside_what_touches_all(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b", *NEW_FILE[:3], "UPDATE marts.sipas_ranking SET index_rank = 3 - index_rank",
        "UPDATE marts.case_settlement SET n_pending = 6", version="0.2.0",
    )  # fmt: skip
    assert set(_lines(make_revision("a"), after, "mart", "reason")) == {
        ("sipas_ranking", "software;other_figures"), ("case_settlement", "software"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("section", "name", "marts", "reason"),
    [
        ("reference", "admin_unit", {"sipas_index", "case_settlement"}, "territory"),
        ("reference", "procedure", {"case_settlement"}, "reference"),
        ("settings", "estimates", {"sipas_index"}, "settings"),
        ("settings", "title", set(), "settings"),
        ("settings", "disclosure", set(), "settings"),
    ],
)
def test_lists_and_settings_are_told_where_they_decide(
    make_revision: MakeRevision, section: str, name: str, marts: set[str], reason: str
) -> None:
    after = make_revision(
        "b",
        "UPDATE marts.sipas_index SET index_pct = 1",
        "UPDATE marts.case_settlement SET n_pending = 6",
        **{section: PROVENANCE[section] | {name: "other"}},
    )
    told = set(_lines(make_revision("a"), after, "mart", "reason"))
    assert {mart for mart, given in told if given == reason} == marts
    assert {given for _, given in told} <= {reason, "unknown"}


def test_a_decision_about_the_period_is_told(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b",
        "INSERT INTO marts.period_status VALUES ('10441', DATE '1900-01-01', '2023-01', 'locked', 1, 0)",
        "UPDATE marts.sipas_index SET n_forms = 13 WHERE period_id = '2023-01' AND unit_code = '10441'",
    )
    assert _lines(make_revision("a"), after, "reason", "detail") == [
        ("period_decision", "period locked, accepted 1 time(s), reopened 0 time(s)")
    ]


def test_lists_of_single_records_are_no_figures(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b", "UPDATE marts.case_overdue SET days_late = 4", "UPDATE marts.data_quality SET status = 'empty'"
    )
    assert compare_revisions(make_revision("a"), after).num_rows == 0


def test_open_files_tell_of_nothing_that_is_hidden_in_both(make_revision: MakeRevision) -> None:
    hide = [
        "ALTER TABLE marts.sipas_index ADD COLUMN hidden BOOLEAN DEFAULT FALSE",
        "UPDATE marts.sipas_index SET n_forms = NULL, index_pct = NULL, hidden = TRUE WHERE unit_code = '10441'",
    ]
    before = make_revision("a", "UPDATE marts.sipas_index SET n_forms = 3", *hide)
    after = make_revision(
        "b", "UPDATE marts.sipas_index SET n_forms = 4 WHERE unit_code = '10441' OR period_id = '2023-02'", *hide,
        "UPDATE marts.sipas_index SET hidden = TRUE, n_forms = NULL WHERE unit_code = '282' AND period_id = '2023-01'", *NEW_FILE[:1],
    )  # fmt: skip
    rows = compare_revisions(before, after, "open").to_pylist()
    told = [
        tuple(row[c] for c in ("unit_code", "period_id", "column", "before", "after_text", "reason", "detail"))
        for row in rows
    ]
    assert told == [
        ("282", "2023-01", "hidden", None, "true", "new_file", None),
        ("282", "2023-02", "n_forms", 3.0, None, "new_file", None),
        ("282", "2023-Q1", "n_forms", 3.0, None, "new_file", None),
    ]


def test_open_files_alone_are_enough(make_revision: MakeRevision) -> None:
    folders = [make_revision("a"), make_revision("b", *NEW_FILE)]
    for folder in folders:
        (folder / "analyst" / "sipas.duckdb").unlink()
    rows = compare_revisions(*folders, "open").to_pylist()
    assert {(row["mart"], row["reason"]) for row in rows} == {
        ("sipas_index", "new_file"),
        ("submission_status", "new_file"),
    }
    with pytest.raises(PublishError, match=r"holds no analyst/sipas.duckdb"):
        compare_revisions(*folders)


def test_a_corrected_case_is_no_reason_of_survey_figures_in_the_open_files(make_revision: MakeRevision) -> None:
    after = make_revision(
        "b", *NEW_FILE,
        "INSERT INTO marts.data_quality VALUES ('k', 'reference/corrections', 'reference/corrections.csv', NULL, NULL, 'landed', 0)",
        "UPDATE marts.fct_case SET input_id = 'k', source = 'reference/corrections' WHERE case_id = 1",
        "UPDATE marts.case_settlement SET n_pending = 6 WHERE period_id = '2023-01'",
    )  # fmt: skip
    rows = compare_revisions(make_revision("a"), after, "open").to_pylist()
    assert {(row["mart"], row["reason"]) for row in rows} == {
        ("sipas_index", "new_file"),
        ("submission_status", "new_file"),
        ("case_settlement", "correction"),
    }
    assert {row["detail"] for row in rows} == {None}


def test_reasons_of_a_revision_without_provenance(make_revision: MakeRevision) -> None:
    before, after = (
        make_revision("a"),
        make_revision("b", "UPDATE marts.case_settlement SET n_pending = 6", version="0.2.0"),
    )
    (before / "provenance.json").unlink()
    assert set(_lines(before, after, "mart", "reason")) == {("case_settlement", "unknown")}
    (before / "revision.json").write_text('{"version": "0.1.0"}')
    assert set(_lines(before, after, "mart", "reason")) == {("case_settlement", "software")}


def test_every_reason_has_its_words() -> None:
    assert all(words.vi and words.en for words in REASONS.values())
