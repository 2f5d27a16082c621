"""A published revision of a few records planted by hand, with the marts that looking things up needs."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from assets.workspace import Workspace

# Satisfied and valid answers of six forms to three items: the worked example of docs/methods/sipas-index.md.
FORMS = ((3, 3), (3, 3), (2, 2), (3, 3), (0, 3), (1, 3))

_TABLES = """
CREATE SCHEMA marts;
CREATE TABLE marts.dim_admin_unit AS FROM (VALUES
    ('282', 'Huyện Mỹ Đức', DATE '1900-01-01', NULL, 'district', NULL, NULL, '282'),
    ('10441', 'Thị trấn Đại Nghĩa', DATE '1900-01-01', NULL, 'commune', '282', DATE '1900-01-01', '282'),
    ('10459', 'Xã Bột Xuyên', DATE '1900-01-01', DATE '2023-05-31', 'commune', '282', DATE '1900-01-01', '282'),
    ('10459', 'Xã Xuyên Mới', DATE '2023-06-01', NULL, 'commune', '282', DATE '1900-01-01', '282'),
    ('10462', 'Xã An Mỹ', DATE '1900-01-01', NULL, 'commune', '282', DATE '1900-01-01', '282'),
    ('282~', 'Chưa rõ đơn vị', DATE '1900-01-01', NULL, 'unassigned', '282', DATE '1900-01-01', '282'),
    ('99999', 'Xã Khác', DATE '1900-01-01', NULL, 'commune', '01', NULL, NULL))
    AS t (unit_code, unit_name, unit_valid_from, unit_valid_to, unit_level, parent_code, parent_valid_from, office_code);
CREATE TABLE marts.dim_reporting_period AS FROM (VALUES
    ('2023-05', 'month', DATE '2023-04-15', DATE '2023-05-14', '2023-05', '2023-05', 'Tháng 5/2023', 'May 2023'),
    ('2023-06', 'month', DATE '2023-05-15', DATE '2023-06-14', '2023-06', '2023-06', 'Tháng 6/2023', 'June 2023'),
    ('2023-Q2', 'quarter', DATE '2023-03-15', DATE '2023-06-14', '2023-04', '2023-06', 'Quý II/2023', 'Quarter 2, 2023'))
    AS t (period_id, period_kind, starts_on, ends_on, first_month_id, last_month_id, label_vi, label_en);
CREATE TABLE marts.dim_survey_round AS SELECT 'dot-1' AS round_code, 'KS' AS instrument_code, DATE '2023-05-15' AS first_on,
    DATE '2023-05-31' AS last_on, 1 AS is_probability_sample, 6 AS n_forms, 2 AS n_strata, 4 AS n_psus, 0 AS n_strata_single_psu,
    2 AS n_stages, 'none' AS fpc, 90.0 AS sum_of_weights, 1.11 AS weight_deff;
CREATE TABLE marts.dim_instrument_item AS FROM (VALUES
    ('KS', 'pooled_items', 'overall', 'overall', NULL, 'satisfaction', CAST(NULL AS VARCHAR), 'Chung', 'Overall'),
    ('KS', 'pooled_items', 'I', 'factor', 'overall', 'satisfaction', NULL, 'Tiếp cận', 'Access'),
    ('KS', 'pooled_items', 'I.1', 'item', 'I', 'satisfaction', NULL, 'Trụ sở', 'Office'),
    ('KS', 'pooled_items', 'I.2', 'item', 'I', 'satisfaction', NULL, 'Thiết bị', 'Equipment'),
    ('KS', 'pooled_items', 'I.3', 'item', 'I', 'satisfaction', NULL, 'Chỗ ngồi', 'Seats'),
    ('KS', 'pooled_items', 'K.1', 'item', 'I', 'channel', NULL, 'Kênh', 'Channel'))
    AS t (instrument_code, aggregation_mode, node_code, node_level, parent_code, question_kind, answers_for, label_vi, label_en);
CREATE TABLE marts.data_quality AS FROM (VALUES
    ('i1', 'khao_sat', 'inbox/khao_sat/10462_2.xlsx', '10462', '2023-06', DATE '2023-06-16', 'landed', NULL, 2, 0, 0),
    ('i0', 'khao_sat', 'inbox/khao_sat/10462_1.xlsx', '10462', '2023-06', DATE '2023-06-15', 'landed', NULL, 0, 0, 5),
    ('i9', 'khao_sat', 'inbox/khao_sat/0912345678.xlsx', '10462', '2023-06', DATE '2023-06-15', 'refused', 'thiếu cột', 0, 0, 0),
    ('i2', 'khao_sat', 'inbox/khao_sat/10441.xlsx', '10441', '2023-06', DATE '2023-06-16', 'landed', NULL, 0, 1, 0),
    ('k1', 'reference/corrections', 'reference/corrections.yml', NULL, NULL, DATE '2023-06-20', 'landed', NULL, 0, 0, 0),
    ('i3', 'mot_cua', 'ho_so@mot_cua', NULL, NULL, DATE '2023-06-20', 'landed', NULL, 0, 0, 0))
    AS t (input_id, source, path, unit_code, period_id, sent_on, status, reason, rows_quarantined, rows_duplicate, rows_superseded);
ALTER TABLE marts.data_quality ADD COLUMN rows_forgotten BIGINT DEFAULT 0;
ALTER TABLE marts.data_quality ADD COLUMN records_removed BIGINT DEFAULT 0;
ALTER TABLE marts.data_quality ADD COLUMN cells_changed BIGINT DEFAULT 0;
CREATE TABLE marts.period_status (unit_code VARCHAR, unit_valid_from DATE, period_id VARCHAR, status VARCHAR,
    locked_revision VARCHAR, n_revised BIGINT, n_reopened BIGINT, n_pending_new BIGINT, n_pending_changed BIGINT,
    n_pending_gone BIGINT);
CREATE TABLE marts.fct_survey_response (response_id BIGINT, input_id VARCHAR, sheet VARCHAR, line BIGINT, source VARCHAR,
    unit_code VARCHAR, unit_valid_from DATE, month_id VARCHAR, instrument_code VARCHAR, responded_on DATE);
CREATE TABLE marts.fct_survey_answer (response_id BIGINT, item_code VARCHAR, level VARCHAR, answer_kind VARCHAR,
    is_satisfied BIGINT);
CREATE TABLE marts.sipas_index (unit_code VARCHAR, unit_valid_from DATE, period_id VARCHAR, instrument_code VARCHAR,
    node_code VARCHAR, node_level VARCHAR, n_forms BIGINT, n_forms_answered BIGINT, n_answers BIGINT, n_satisfied BIGINT,
    n_dont_know BIGINT, n_missing BIGINT, n_parts BIGINT, index_pct DOUBLE, estimate_pct DOUBLE, ci_low_pct DOUBLE,
    ci_high_pct DOUBLE, n_eff DOUBLE, method VARCHAR);
CREATE TABLE marts.fct_case AS FROM (VALUES
    (1, 'i3', 2, '10462', DATE '2023-05-16', DATE '2023-05-20', 'placed', 'settled', 'early', 'online'),
    (2, 'i3', 3, '10462', DATE '2023-05-17', DATE '2023-06-14', 'placed', 'settled', 'late', 'direct'),
    (3, 'i3', 4, '10462', DATE '2023-05-10', DATE '2023-05-15', 'placed', 'settled', 'on_day', 'direct'),
    (4, 'i3', 7, '10462', DATE '2023-05-10', DATE '2023-05-16', 'placed', 'settled', 'no_due_date', 'direct'),
    (5, 'i3', 8, '10462', DATE '2023-05-10', DATE '2023-06-15', 'placed', 'settled', 'early', 'direct'),
    (6, 'i3', 9, '282~', DATE '2023-05-20', NULL, 'placed', 'processing', NULL, 'direct'),
    (7, 'i3', 10, '10462', DATE '2023-05-20', DATE '2023-05-21', 'unplaced_refused', NULL, NULL, 'direct'))
    AS t (case_id, input_id, line, unit_code, received_on, settled_on, flow_status, outcome, timeliness, channel);
ALTER TABLE marts.fct_case ADD COLUMN sheet VARCHAR;
ALTER TABLE marts.fct_case ADD COLUMN source VARCHAR DEFAULT 'mot_cua';
ALTER TABLE marts.fct_case ADD COLUMN unit_valid_from DATE DEFAULT DATE '1900-01-01';
ALTER TABLE marts.fct_case ADD COLUMN month_id VARCHAR DEFAULT '2023-06';
CREATE TABLE marts.case_settlement AS FROM (VALUES
    ('10462', 3, 2, 1, 4, 1, 50.0), ('282', 3, 3, 1, 4, 2, 33.333333))
    AS t (unit_code, n_opening, n_received, n_received_online, n_settled, n_pending, online_pct);
ALTER TABLE marts.case_settlement ADD COLUMN period_id VARCHAR DEFAULT '2023-06';
ALTER TABLE marts.case_settlement ADD COLUMN n_in_time BIGINT DEFAULT 2;
ALTER TABLE marts.case_settlement ADD COLUMN n_with_due_date BIGINT DEFAULT 3;
ALTER TABLE marts.case_settlement ADD COLUMN in_time_pct DOUBLE DEFAULT 66.666667;
ALTER TABLE marts.case_settlement ADD COLUMN n_settled_early BIGINT DEFAULT 1;
ALTER TABLE marts.case_settlement ADD COLUMN n_settled_on_day BIGINT DEFAULT 1;
ALTER TABLE marts.case_settlement ADD COLUMN n_settled_late BIGINT DEFAULT 1;
ALTER TABLE marts.case_settlement ADD COLUMN n_settled_no_due_date BIGINT DEFAULT 1;
ALTER TABLE marts.case_settlement ADD COLUMN n_received_direct BIGINT DEFAULT 1;
ALTER TABLE marts.case_settlement ADD COLUMN n_received_postal BIGINT DEFAULT 0;
ALTER TABLE marts.case_settlement ADD COLUMN n_withdrawn BIGINT DEFAULT 0;
ALTER TABLE marts.case_settlement ADD COLUMN n_pending_overdue BIGINT DEFAULT 0;
ALTER TABLE marts.case_settlement ADD COLUMN unit_valid_from DATE DEFAULT DATE '1900-01-01';
ALTER TABLE marts.case_settlement ADD COLUMN procedure_field VARCHAR DEFAULT '*';
ALTER TABLE marts.case_settlement ADD COLUMN n_received_other BIGINT DEFAULT 0;
"""
_INDEX = """
INSERT INTO marts.sipas_index SELECT '{unit}', DATE '1900-01-01', '2023-06', 'KS', node, 'factor', {forms}, {forms}, {valid},
    {satisfied}, 0, {missing}, 1, round(100.0 * {satisfied} / {valid}, 6), round(100.0 * {satisfied} / {valid}, 6), 24.97, 97.01, 5.94,
    'srs_korn_graubard' FROM (VALUES ('overall'), ('I')) AS n (node)
"""
# Women among An Mỹ's respondents (the first two forms), and the ranks of the two communes with an index by `overall`.
WOMEN_AND_RANKS = (
    "ALTER TABLE marts.fct_survey_response ADD COLUMN sex VARCHAR",
    "UPDATE marts.fct_survey_response SET sex = 'female' WHERE response_id IN (0, 1)",
    "CREATE TABLE marts.sipas_index_breakdown AS SELECT * REPLACE (6 AS n_satisfied, 6 AS n_answers, 0 AS n_missing, 100.0 AS index_pct),"
    " 'sex' AS breakdown, 'female' AS breakdown_value FROM marts.sipas_index WHERE unit_code = '10462'",
    """CREATE TABLE marts.sipas_ranking AS SELECT 'period' AS basis, '282' AS group_code, DATE '1900-01-01' AS group_valid_from,
        '2023-06' AS edition_id, 'KS' AS instrument_code, 'overall' AS node_code, unit_code, DATE '1900-01-01' AS unit_valid_from,
        'commune' AS unit_level, n_forms_answered, ranked_pct, index_rank, low AS rank_low_marginal, high AS rank_high_marginal,
        low AS rank_low_simultaneous, high AS rank_high_simultaneous, reason_en, 'mrsw_normal' AS method
    FROM (VALUES ('10462', 6, 70.588235, 1, 1, 2, NULL), ('10441', 1, 33.333333, 2, 1, 2, NULL), ('10459', 0, NULL, NULL, NULL, NULL,
        'No valid answer')) AS t (unit_code, n_forms_answered, ranked_pct, index_rank, low, high, reason_en)""",
)
# A round with two strata of two clusters, Đại Nghĩa's form not among those drawn; An Mỹ split in two, half of it in Xã Khác with
# Đại Nghĩa; An Mỹ's change from May; and what an item weighs for another, where all forms answer alike.
ROUND_NOW_CHANGE_AND_DRIVER = (
    "CREATE TABLE marts.fct_survey_round_form AS SELECT 'dot-1' AS round_code, response_id,"
    " CASE WHEN response_id < 6 THEN 'drawn' ELSE 'no_place' END AS standing,"
    " CAST(CASE WHEN response_id < 3 THEN 20 ELSE 10 END AS DECIMAL(18, 4)) AS weight,"
    " CASE WHEN response_id < 3 THEN 'A' WHEN response_id < 6 THEN 'B' END AS stratum,"
    " ['a1', 'a1', 'a2', 'b1', 'b2', 'b2', NULL][response_id + 1] AS psu, NULL AS ssu FROM marts.fct_survey_response",
    "CREATE TABLE marts.survey_calibration (round_code VARCHAR, status VARCHAR)",
    """CREATE TABLE marts.sipas_round AS SELECT * EXCLUDE (period_id) REPLACE (80.0 AS estimate_pct, 41.5 AS ci_low_pct,
        98.25 AS ci_high_pct, 'taylor_korn_graubard' AS method), 'dot-1' AS round_code, '*' AS breakdown, '*' AS breakdown_value,
        15.25 AS se_pct, 2 AS df, 1.5 AS deff, 'suppress' AS presentation, 'n_eff_below_30' AS presentation_reason
    FROM marts.sipas_index WHERE unit_code = '10462'""",
    "CREATE TABLE marts.dim_unit_now AS FROM (VALUES ('10462', 'x', 0.5), ('10462', '99999', 0.5), ('10441', '99999', 1))"
    " AS t (unit_code, now_code, share)",
    "ALTER TABLE marts.dim_unit_now ADD COLUMN unit_valid_from DATE DEFAULT DATE '1900-01-01'",
    "ALTER TABLE marts.dim_unit_now ADD COLUMN now_valid_from DATE DEFAULT DATE '1900-01-01'",
    """CREATE TABLE marts.sipas_index_now AS SELECT * REPLACE ('99999' AS unit_code, 4.0 AS n_forms, 4.0 AS n_forms_answered,
        11.5 AS n_answers, 7.0 AS n_satisfied, 0.5 AS n_missing, 60.869565 AS index_pct), 3.0 AS n_forms_allocated,
        3.0 AS n_forms_answered_allocated, 8.5 AS n_answers_allocated, 6.0 AS n_satisfied_allocated
    FROM marts.sipas_index WHERE unit_code = '10462' AND node_code = 'overall'""",
    "ALTER TABLE marts.sipas_index ADD COLUMN se_pct DOUBLE",
    "ALTER TABLE marts.sipas_index ADD COLUMN df BIGINT",
    """INSERT INTO marts.sipas_index SELECT * REPLACE ('2023-05' AS period_id, 1 AS n_forms_answered, 5 AS n_answers,
        3 AS n_satisfied, 60.0 AS index_pct, 60.0 AS estimate_pct)
    FROM marts.sipas_index WHERE unit_code = '10462' AND node_code = 'overall'""",
    """CREATE TABLE marts.sipas_change AS SELECT 'period' AS basis, '10462' AS unit_code, DATE '1900-01-01' AS unit_valid_from,
        'KS' AS instrument_code, 'overall' AS node_code, '2023-06' AS edition_id, '2023-05' AS previous_edition_id,
        'previous' AS comparison, 'KS' AS previous_instrument_code, 'overall' AS previous_node_code, 6 AS n_forms_answered,
        17 AS n_answers, 12 AS n_satisfied, 70.588235 AS index_pct, 1 AS n_forms_answered_before, 5 AS n_answers_before,
        3 AS n_satisfied_before, 60.0 AS previous_index_pct, 10.588235 AS change_pct, NULL::DOUBLE AS change_estimate_pct,
        NULL::DOUBLE AS se_change_pct, NULL::DOUBLE AS df, NULL::DOUBLE AS ci_low_pct, NULL::DOUBLE AS ci_high_pct,
        NULL::DOUBLE AS p_value, NULL::DOUBLE AS p_adjusted, 0 AS n_tests, 'untested' AS direction, NULL AS presentation,
        'yes' AS comparable, 'Quá ít phiếu' AS reason_vi, 'Too few forms' AS reason_en, 'welch_t_holm' AS method""",
    "ALTER TABLE marts.fct_survey_answer ADD COLUMN instrument_code VARCHAR DEFAULT 'KS'",
    "ALTER TABLE marts.dim_instrument_item ADD COLUMN scale_code VARCHAR DEFAULT 'five'",
    "ALTER TABLE marts.dim_instrument_item ADD COLUMN position BIGINT DEFAULT 1",
    "CREATE TABLE marts.dim_answer_level AS SELECT 'five' AS scale_code, CAST(range AS VARCHAR) AS level, 'valid' AS answer_kind"
    " FROM range(1, 6)",
    """CREATE TABLE marts.survey_driver AS SELECT '10462' AS unit_code, DATE '1900-01-01' AS unit_valid_from, '2023-06' AS period_id,
        'KS' AS instrument_code, 'I.3' AS outcome_code, unnest(['I.1', 'I.2']) AS predictor_code, 6 AS n_forms,
        5 AS n_forms_complete, 1 AS n_forms_incomplete, 0 AS n_predictors, NULL::DOUBLE AS correlation,
        NULL::DOUBLE AS relative_weight, NULL::DOUBLE AS r_squared, NULL::DOUBLE AS share_pct, NULL AS caution,
        'outcome_constant' AS weight_missing_reason""",
)
_GRAINS = {
    "sipas_index": ["unit_code", "unit_valid_from", "period_id", "instrument_code", "node_code"],
    "case_settlement": ["unit_code", "unit_valid_from", "period_id", "procedure_field"],
}


def plant_revision(workspace: Workspace, name: str, *changes: str) -> Path:
    """Publish the planted revision, after some statements, as the current one of a workspace; return its folder.

    An Mỹ has the six forms of FORMS on lines 3 to 8, but that of line 6 is a correction's; Đại Nghĩa has one form, 1 of 3
    satisfied. In June 2 of An Mỹ's 3 cases with a due date were settled in time, and one more without; one case of an
    unknown unit is pending.
    """
    folder = workspace.published / "revisions" / name
    (folder / "analyst").mkdir(parents=True)
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb")) as database:
        database.begin()  # one commit: each costs a wait for the disk
        database.execute(_TABLES)
        for place, (satisfied, valid) in enumerate([*FORMS, (1, 3)]):
            is_correction, unit = place == 3, "10462" if place < 6 else "10441"
            at = "'k1', NULL, 12" if is_correction else f"'{'i1' if place < 6 else 'i2'}', 'Phiếu', {place + 3}"
            source = "reference/corrections" if is_correction else "khao_sat"
            database.execute(
                f"INSERT INTO marts.fct_survey_response VALUES ({place}, {at}, '{source}', '{unit}', DATE '1900-01-01',"
                " '2023-06', 'KS', DATE '2023-05-20')"
            )
            for item in range(valid):
                answer = f"({place}, 'I.{item + 1}', '4', 'valid', {int(item < satisfied)})"
                database.execute(f"INSERT INTO marts.fct_survey_answer VALUES {answer}")
        for unit, forms, satisfied, valid, missing in (
            ("10462", 6, 12, 17, 1),
            ("10441", 1, 1, 3, 0),
            ("282", 7, 13, 20, 1),
        ):
            database.execute(_INDEX.format(unit=unit, forms=forms, satisfied=satisfied, valid=valid, missing=missing))
        for change in changes:
            database.execute(change)
        database.commit()
    made = {"version": "0.1.0", "settings": {}, "reference": {}, "specs": {}}
    marts = {mart: {"audience": "open", "grain": grain} for mart, grain in _GRAINS.items()}
    (folder / "provenance.json").write_text(json.dumps(made | {"marts": marts}))
    (folder / "revision.json").write_text(json.dumps({"revision": name, "version": "0.1.0"}))
    (workspace.published / "current.json").write_text(json.dumps({"revision": name}))
    return folder
