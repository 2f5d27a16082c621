"""The forms of the desk against what the landed rows say, for every unit and period of the sample, on the build of the session."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from landing_sample import Sample
from test_period_predicates import DONE, EXCLUDED, IN_PROCESSING, STOPPED, SUPPLEMENT, WITHDRAWN, current, units_at

from assets.forms.figures import Figures, Query
from assets.forms.fill.agency_evaluation import AGENCY_EVALUATION, AGENCY_EVALUATIONS
from assets.forms.fill.case_evaluation import CASE_EVALUATION
from assets.forms.fill.case_ratings import mean_of_units, mean_points
from assets.forms.fill.complaints import COMPLAINT_SUMMARY
from assets.forms.fill.data_quality import DATA_QUALITY
from assets.forms.fill.overdue import OVERDUE_LIST, OVERDUE_SUMMARY, UndisclosedFigures
from assets.forms.fill.service_quality import SERVICE_QUALITY
from assets.forms.fill.settlement import settlement_forms
from assets.forms.kind import FormKind
from assets.forms.model import Form, Line, Mark, Table
from assets.forms.scope import Territory, read_calendar
from assets.forms.subject import Subject
from assets.warehouse.engine import Warehouse

Row = dict[str, Any]
BY_FIELD, BY_UNIT = settlement_forms()
OFFICE_VIEWS = {
    "case_number": "case_id",
    "evaluated_case": "unit_code, unit_valid_from, period_id, evaluation_id",
    "index_standard": "index_code",
    "overdue_case": "unit_code, unit_valid_from, period_id, case_id",
    "delivered_file": "input_id, unit_code, unit_valid_from, period_id",
    "source_quality": "unit_code, unit_valid_from, period_id, stated, source",
    "source_rule": "unit_code, unit_valid_from, period_id, stated, source, rule_id, severity",
}


class Office:
    """The subjects of the sample and its figures."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.periods = read_calendar(query).periods
        self.figures = Figures(query, [period.period_id for period in self.periods])
        territory = Territory(query)
        self.subjects = [subject for period in self.periods for subject in territory.subjects(period, True)]

    def forms(self, kind: FormKind) -> Iterator[tuple[Subject, Form]]:
        for subject in self.subjects:
            if subject.unit.level in kind.levels and subject.period.kind in kind.period_kinds:
                form = kind.fill(subject, self.figures, "vi")
                assert form is not None
                yield subject, form

    def rows(self, sql: str) -> list[Row]:
        return self.query(sql).to_pylist()


@pytest.fixture(scope="module")
def office(duckdb_built: Warehouse) -> Office:
    return Office(duckdb_built.query)


def tables(form: Form) -> list[Table]:
    return [block for block in form.blocks if isinstance(block, Table)]


def body(form: Form, table: int = 0) -> list[Line]:
    return [line for line in tables(form)[table].lines if line.role == "body"]


def total(form: Form, table: int = 0) -> Line:
    [line] = [line for line in tables(form)[table].lines if line.role == "total"]
    return line


def key_of(subject: Subject) -> tuple[Any, ...]:
    return (subject.unit.key.code, subject.unit.key.valid_from)


# II.06


def columns_of(case: Row, subject: Subject) -> Counter[int]:
    """Columns 3 to 13 that one case is in, by the predicates as the production system has them (domain reference 4.2)."""
    first, last = subject.period.starts_on, subject.period.ends_on
    received, end, due, state = case["received_on"], case["settled_on"], case["due_on"], case["state"]
    n: Counter[int] = Counter()
    ends = state in DONE | WITHDRAWN
    if state in EXCLUDED or (ends and (end is None or end < received)):
        return n
    if first <= received <= last:
        n[4 if case["channel"] == "online" else 5] += 1
    if received < first and (not ends or end >= first):
        n[6] += 1
    if state in DONE and first <= end <= last:
        instant = case["deadline_precision"] == "instant"
        ended, promised = (case["settled_at"], case["due_at"]) if instant else (end, due)
        n[9 if due is None or ended == promised else 8 if ended < promised else 10] += 1
    if state in WITHDRAWN and first <= end <= last:
        n[9] += 1
    if received <= last:
        asked = case["supplement_requested_on"]
        waits = state in STOPPED or (state in SUPPLEMENT and (asked is None or asked <= last))
        processed = state in IN_PROCESSING or (ends and end > last) or (state in SUPPLEMENT and not waits)
        if waits or (processed and (due is None or due >= last)):
            n[12] += 1
        elif processed:
            n[13] += 1
    n[3], n[7], n[11] = n[4] + n[5] + n[6], n[8] + n[9] + n[10], n[12] + n[13]
    return n


def test_ii_06_is_what_the_predicates_count_case_by_case(office: Office, sample: Sample) -> None:
    by_unit: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for case in current(sample, "case"):
        for unit in units_at(case):
            by_unit[unit].append(case)
    last_known = max(subject.period.ends_on for subject in office.subjects if subject.period.kind == "month")
    compared = 0
    for subject, form in office.forms(BY_FIELD):
        if subject.period.ends_on > last_known or not tables(form)[0].lines:
            continue
        counted: Counter[int] = Counter()
        for case in by_unit[key_of(subject)]:
            counted += columns_of(case, subject)
        assert total(form).values[2:] == tuple(counted[column] for column in range(3, 14)), subject
        compared += counted[3] > 0
    assert compared > 20


def test_the_identities_of_ii_06_hold_on_every_line_of_every_form(office: Office) -> None:
    lines = 0
    for kind in (BY_FIELD, BY_UNIT):
        for subject, form in office.forms(kind):
            for line in tables(form)[0].lines:
                column = dict(zip(range(1, 14), line.values, strict=True))
                assert column[3] == column[4] + column[5] + column[6] == column[7] + column[11], subject
                assert column[7] == column[8] + column[9] + column[10], subject
                assert column[11] == column[12] + column[13], subject
                lines += 1
            if tables(form)[0].lines:
                sums = [sum(line.values[place] for line in body(form)) for place in range(2, 13)]
                assert sums == list(total(form).values[2:]), subject
    assert lines > 100


def test_without_the_option_undated_cases_are_in_no_column_and_in_the_notes(office: Office) -> None:
    strict, _ = settlement_forms(undated_in_time=False)
    told = 0
    for (subject, printed), (_, form) in zip(office.forms(BY_FIELD), office.forms(strict), strict=True):
        if not tables(form)[0].lines:
            continue
        [row] = office.rows(
            "SELECT n_settled_no_due_date AS settled, n_pending_no_due_date AS pending FROM marts.case_settlement "
            f"WHERE procedure_field = '*' AND period_id = '{subject.period.period_id}' AND unit_code = "
            f"'{subject.unit.key.code}' AND unit_valid_from = DATE '{subject.unit.key.valid_from}'"
        )
        with_undated, without = total(printed).values, total(form).values
        assert with_undated[8] - without[8] == row["settled"] and with_undated[11] - without[11] == row["pending"]
        assert without[2] - without[6] - without[10] == row["settled"] + row["pending"]
        if row["settled"] + row["pending"]:
            assert any(
                f"lớn hơn tổng cột (7) và cột (11) là {row['settled'] + row['pending']}" in n for n in form.notes
            )
            told += 1
    assert told > 5


# Ratings


def test_case_numbers_are_those_of_the_landed_cases(duckdb_built: Warehouse, sample: Sample) -> None:
    of_key = {row["record_key"]: row["record_id"] for row in sample.rows("case")}
    found = duckdb_built.query(
        "SELECT stated.record_key, number.record_id FROM office.case_number AS number "
        "JOIN staging.stg_case AS stated ON stated.record_number = number.case_id"
    ).to_pylist()
    assert len(found) > 200
    assert all(of_key[row["record_key"]] == row["record_id"] for row in found)


def test_mẫu_01_has_each_form_once_and_the_figures_of_the_marts(office: Office, sample: Sample) -> None:
    totals = {
        (row["unit_code"], row["unit_valid_from"], row["period_id"]): row
        for row in office.rows("SELECT * FROM marts.one_stop_evaluation WHERE weighting = 'forms'")
    }
    scores = {
        (row["unit_code"], row["unit_valid_from"], row["period_id"], row["index_code"]): row
        for row in office.rows("SELECT * FROM marts.one_stop_index WHERE weighting = 'forms'")
    }
    numbers = {row["record_id"] for row in sample.rows("case")}
    compared = 0
    for subject, form in office.forms(CASE_EVALUATION):
        lines = body(form)
        assert {line.values[1] for line in lines} <= numbers | {None}
        if subject.period.kind != "quarter" or not lines:
            continue
        key = (*key_of(subject), subject.period.period_id)
        assert len(lines) == totals[key]["n_forms"]
        counted, means, shares = [line.values for line in tables(form)[0].lines[-3:]]
        levels = ("dissatisfied", "satisfied", "very_satisfied")
        assert list(counted[-3:]) == [totals[key][f"n_{level}"] for level in levels]
        for place, index in enumerate(("1", "2", "3", "4", "6", "7"), start=2):
            score = scores[(*key, index)]
            if score["n_scored"]:
                assert means[place] == pytest.approx(score["mean_points"], abs=1e-9), (subject, index)
        assert means[8] == pytest.approx(totals[key]["civil_servant_points"], abs=1e-9)
        assert (shares[-1] is None) == (totals[key]["n_overall"] == 0)
        compared += 1
    assert compared > 3


def test_means_of_a_month_follow_the_rule_of_the_marts(office: Office) -> None:
    """Months are worked out here; the same rule over a quarter's forms gives the means that the mart has."""
    compared = 0
    forms: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for form in office.rows("SELECT * FROM office.evaluated_case"):
        forms[form["unit_code"], form["unit_valid_from"], form["period_id"]].append(form)
    for weighting, mean in (("forms", mean_points), ("units", mean_of_units)):
        for row in office.rows(
            f"SELECT * FROM marts.one_stop_index WHERE weighting = '{weighting}' AND n_scored > 0 AND index_code IN "
            "('1', '2', '3', '4', '7') AND period_id LIKE '%Q%' AND unit_code NOT LIKE '%~'"
        ):
            found = forms[row["unit_code"], row["unit_valid_from"], row["period_id"]]
            assert mean(found, row["index_code"]) == pytest.approx(row["mean_points"], abs=1e-9), row
            compared += 1
    assert compared > 20


def test_mẫu_02_shows_the_scores_of_both_and_what_follows(office: Office) -> None:
    stated = {
        (row["unit_code"], row["unit_valid_from"], row["period_id"], row["index_code"]): row
        for row in office.rows("SELECT * FROM marts.fct_agency_score")
    }
    both = whole = 0
    for subject, form in office.forms(AGENCY_EVALUATION):
        if subject.period.kind != "quarter" or not tables(form)[0].lines:
            continue
        for line in body(form):
            index, _, standard, own, appraised, _ = line.values
            assert standard is not None
            score = stated.get((*key_of(subject), subject.period.period_id, str(index)))
            if appraised is not None:
                assert (own, appraised) == (score["self_points"], score["verified_points"])  # type: ignore[index]
                both += own is not None
        found = next(line for line in tables(form)[0].lines if line.role == "total").values[3]
        if found is not None and not subject.unit.parts:
            counted = sum(line.values[3] if line.values[4] is None else line.values[4] for line in body(form))
            assert found == pytest.approx(counted, abs=1e-9), subject
            whole += 1
    assert both and whole


def test_mẫu_03_has_a_line_per_unit_below_and_the_plain_mean(office: Office) -> None:
    filled = 0
    for subject, form in office.forms(AGENCY_EVALUATIONS):
        if not tables(form)[0].lines:
            continue
        assert [line.values[1] for line in body(form)] == [subject.names[key] for key in subject.unit.parts]
        assert total(form).values[14] is Mark.NOT_APPLICABLE
        # District 282 begins anew within a quarter of which its communes have the whole.
        if subject.unit.key.code != "282":
            assert sum(line.values[2] for line in body(form)) <= total(form).values[2]
        filled += 1
    assert filled


# Complaints


def test_complaints_balance_and_are_those_of_the_period(office: Office) -> None:
    received = Counter(
        (row["unit_code"], row["unit_valid_from"], row["month_id"])
        for row in office.rows("SELECT * FROM marts.fct_complaint WHERE flow_status = 'placed'")
    )
    compared = 0
    for subject, form in office.forms(COMPLAINT_SUMMARY):
        for line in tables(form)[0].lines:
            if line.role == "section":
                continue
            column = dict(zip(range(1, 14), line.values, strict=True))
            assert column[3] + column[4] == column[5] + column[9], subject
            assert column[5] == column[6] + column[7] + column[8], subject
            assert column[9] == column[10] + column[11] + column[12], subject
        if subject.unit.level == "commune" and tables(form)[0].lines:
            assert total(form).values[3] == received[*key_of(subject), subject.period.period_id], subject
            classes, channels = sections(form)
            for place in range(2, 12):
                assert sum(line.values[place] for line in classes) == total(form).values[place]
                assert sum(line.values[place] for line in channels) == total(form).values[place]
            compared += 1
    assert compared > 20


def sections(form: Form) -> list[list[Line]]:
    parts: list[list[Line]] = []
    for line in tables(form)[0].lines:
        if line.role == "section":
            parts.append([])
        elif line.role == "body":
            parts[-1].append(line)
    return parts


# Late cases


def test_the_list_has_every_late_case_below_the_unit_and_no_later_knowledge(office: Office) -> None:
    late = Counter(
        (row["unit_code"], row["unit_valid_from"], row["period_id"])
        for row in office.rows("SELECT * FROM marts.case_overdue")
    )
    totals = {
        (row["unit_code"], row["unit_valid_from"], row["period_id"]): row["n_late"]
        for row in office.rows("SELECT * FROM marts.case_apology")
    }
    listed = 0
    for subject, form in office.forms(OVERDUE_LIST):
        lines = body(form)
        assert len(lines) == totals.get((*key_of(subject), subject.period.period_id), 0), subject
        if subject.unit.level == "commune":
            assert len(lines) == late[*key_of(subject), subject.period.period_id]
        for line in lines:
            assert line.values[1] and (line.values[5] == "" or line.values[5] <= subject.period.ends_on)
            assert line.values[6] >= 0
        listed += len(lines)
    assert listed > 50


def test_apologies_are_judged_by_the_source_of_each_case(office: Office) -> None:
    inputs = {
        row["input_id"]: (row["office_code"], row["source"]) for row in office.rows("SELECT * FROM staging.stg_input")
    }
    cases = {row["case_id"]: row for row in office.rows("SELECT * FROM marts.fct_case")}
    stating = {inputs[row["input_id"]] for row in cases.values() if row["apologised_on"] is not None}
    listed = office.rows("SELECT * FROM office.overdue_case")
    assert listed and all(
        row["apologies_stated"] == ("yes" if inputs[cases[row["case_id"]]["input_id"]] in stating else "no")
        for row in listed
    )


class Disclosed:
    """The marts with the column that disclosure control adds; `few` says which rows it hides."""

    def __init__(self, query: Query, few: str) -> None:
        self._query, self._few = query, few

    def __call__(self, sql: str) -> Any:
        return self._query(sql.replace("SELECT *", f"SELECT *, {self._few} AS hidden"))


def test_the_form_for_everybody_shows_no_hidden_figure_and_names_no_case(office: Office, sample: Sample) -> None:
    periods = [period.period_id for period in office.periods]
    few = "(unit_code = '10441')"
    figures = Figures(Disclosed(office.query, few), periods)
    numbers = {row["record_id"] for row in sample.rows("case")}
    seen = hidden = 0
    for subject in office.subjects:
        if subject.period.kind != "month":
            continue
        form = OVERDUE_SUMMARY.fill(subject, figures, "vi")
        assert form is not None
        values = [value for table in tables(form) for line in table.lines for value in line.values]
        assert not numbers & {value for value in values if isinstance(value, str)}
        shares = [value for value in values[5:6] if value is not None]
        assert Mark.HIDDEN not in values[:5], (
            "how many cases were late, and how many apologies were written, is told of all"
        )
        if subject.unit.key.code == "10441":
            assert set(shares) <= {Mark.HIDDEN}
            hidden += len(shares)
        else:
            assert Mark.HIDDEN not in values
            seen += len(shares)
    assert seen and hidden


def test_the_form_for_everybody_is_not_filled_from_the_warehouse(office: Office) -> None:
    [subject] = [one for one in office.subjects if (one.unit.key.code, one.period.period_id) == ("10441", "2025-03")]
    with pytest.raises(UndisclosedFigures):
        OVERDUE_SUMMARY.fill(subject, office.figures, "vi")


# Index set 766 and data quality


def test_the_766_table_has_the_items_of_the_mart(office: Office) -> None:
    rows = {
        (row["unit_code"], row["unit_valid_from"], row["period_id"], row["item_code"]): row
        for row in office.rows("SELECT * FROM marts.service_quality_766")
    }
    compared = 0
    for subject, form in office.forms(SERVICE_QUALITY):
        for line in body(form):
            row = rows[*key_of(subject), subject.period.period_id, line.values[0]]
            names = ("item_vi", "numerator", "n_denominator", "n_left_out", "rate_pct", "points", "maximum_points")
            assert list(line.values[1:8]) == [row[name] for name in names]
            compared += 1
        n_items = sum(key[:3] == (*key_of(subject), subject.period.period_id) for key in rows)
        assert len(body(form)) == n_items
    assert compared > 50


def test_every_file_is_in_the_statement_of_a_root_once(office: Office) -> None:
    """By source: the files of the month in the first part, those without a unit or month in the second."""
    root_inputs = {
        row["input_id"]: row
        for row in office.rows(
            "SELECT quality.*, sent.office_code FROM marts.data_quality AS quality "
            "JOIN staging.stg_input AS sent ON sent.input_id = quality.input_id WHERE sent.office_code = '01'"
        )
    }
    for subject, form in office.forms(DATA_QUALITY):
        for table in tables(form)[::2]:
            for line in table.lines:
                files, rows = line.values[1:6], line.values[6:13]
                assert files[0] == sum(files[1:]) and rows[0] == sum(rows[1:6]), subject
        if subject.unit.key.code == "01" and subject.period.period_id == "2025-01":
            shown = Counter({line.values[0]: line.values[1] for line in body(form)})
            shown.update({line.values[0]: line.values[1] for line in body(form, 2)})
            wanted = Counter(
                row["source"]
                for row in root_inputs.values()
                if row["period_id"] == "2025-01" or row["unit_code"] is None or row["period_id"] is None
            )
            assert shown == wanted and len(wanted) > 3


@pytest.mark.parametrize("view", OFFICE_VIEWS)
def test_the_views_of_the_office_are_the_same_on_both_engines(
    view: str, duckdb_built: Warehouse, postgres_built: Warehouse
) -> None:
    order = ", ".join(f"{column}" for column in OFFICE_VIEWS[view].split(", "))
    one, other = (
        sorted(engine.query(f"SELECT * FROM office.{view} ORDER BY {order}").to_pylist(), key=str)
        for engine in (duckdb_built, postgres_built)
    )
    assert one and one == other


@pytest.mark.parametrize(
    "kind",
    [CASE_EVALUATION, AGENCY_EVALUATION, AGENCY_EVALUATIONS, BY_FIELD, BY_UNIT, COMPLAINT_SUMMARY, OVERDUE_LIST,
     SERVICE_QUALITY, DATA_QUALITY],
    ids=lambda kind: str(kind.code),
)  # fmt: skip
def test_both_languages_have_the_same_figures(kind: FormKind, office: Office) -> None:
    filled = 0
    for subject, form in office.forms(kind):
        english = kind.fill(subject, office.figures, "en")
        assert english is not None and english.code == form.code and english.title != form.title
        for one, other in zip(tables(form), tables(english), strict=True):
            assert one.columns == other.columns and len(one.lines) == len(other.lines)
            for line, same in zip(one.lines, other.lines, strict=True):
                numbers = [value for value in line.values if not isinstance(value, str)]
                assert numbers == [value for value in same.values if not isinstance(value, str)]
        filled += any(table.lines for table in tables(form))
    assert filled
