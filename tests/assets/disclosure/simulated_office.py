"""A district's records of one year, made by chance, counted into the marts that disclosure control reads.

Sizes differ much between the communes: in some hardly anything happens in a month. Records, not counts, are made, so that
every identity between the tables holds by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from assets.disclosure.plan import Plan, make_plan
from assets.disclosure.rules import DisclosureRules
from assets.publish.marts import Column, Mart, MartReader
from assets.publish.tables import OpenTable, write_open_mart

ROOT, START = "282", date(1900, 1, 1)
MONTHS = [f"2023-{month:02d}" for month in range(1, 13)]
SPANS = {
    **{month: [month] for month in MONTHS},
    **{f"2023-Q{q + 1}": MONTHS[3 * q : 3 * q + 3] for q in range(4)},
    "2023-H1": MONTHS[:6],
    "2023-H2": MONTHS[6:],
    "2023-9M": MONTHS[:9],
    "2023": MONTHS,
}
FIELDS = ["civil status", "culture", "land"]
CHANNELS = ["online", "direct", "postal", "other"]
BASES = ["given", "original"]
COMPLAINT_CHANNELS = ["phone", "portal"]
CLASSES = ["regulation", "conduct"]
ITEMS = ["item_1", "item_2", "item_3"]
KINDS = {1: "month", 3: "quarter", 6: "half_year", 9: "nine_months", 12: "year"}


@dataclass(frozen=True)
class Records:
    """One row per case, complaint, survey form and evaluation form; `month` and `ended` are places in MONTHS, from 12
    what is open at the end of the year."""

    cases: pd.DataFrame
    complaints: pd.DataFrame
    forms: pd.DataFrame
    evaluations: pd.DataFrame


def make_records(seed: int, communes: int, scale: float = 1.0) -> Records:
    """Records of `communes` communes."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 0.45, communes)
    units = np.array([f"{10441 + 3 * i:05d}" for i in range(communes)])

    def placed(mean: float) -> pd.DataFrame:
        counts = rng.poisson(np.outer(size * mean * scale, np.ones(12)))
        u, t = np.nonzero(counts)
        repeat = counts[u, t]
        return pd.DataFrame({"unit": np.repeat(units[u], repeat), "month": np.repeat(t, repeat)})

    cases = placed(26)
    n = len(cases)
    cases["field"] = rng.choice(FIELDS, n, p=[0.55, 0.1, 0.35])
    cases["channel"] = rng.choice(CHANNELS, n, p=[0.45, 0.5, 0.04, 0.01])
    cases["ended"] = cases["month"] + rng.choice([0, 1, 2], n, p=[0.8, 0.17, 0.03])
    for basis in BASES:
        cases[basis] = rng.choice(["early", "on_day", "late", "unclassified"], n, p=[0.72, 0.17, 0.08, 0.03])
    cases["timed"] = rng.random(n) < 0.96
    cases["apologised"] = rng.random(n) < 0.6
    complaints = placed(5)
    n = len(complaints)
    complaints["channel"] = rng.choice(COMPLAINT_CHANNELS, n, p=[0.65, 0.35])
    complaints["class"] = rng.choice(CLASSES, n, p=[0.65, 0.35])
    complaints["ended"] = complaints["month"] + rng.choice([0, 1], n, p=[0.85, 0.15])
    complaints["standing"] = rng.choice(["in_time", "late", "no_due_date"], n, p=[0.86, 0.09, 0.05])
    complaints["timed"] = rng.random(n) < 0.97
    forms = placed(24)
    for item in ITEMS:
        forms[item] = rng.choice(["satisfied", "not", "missing"], len(forms), p=[0.88, 0.08, 0.04])
    evaluations = placed(5)
    evaluations["level"] = rng.choice(
        ["very_satisfied", "satisfied", "dissatisfied"], len(evaluations), p=[0.5, 0.4, 0.1]
    )
    return Records(cases, complaints, forms, evaluations)


def with_late_arrivals(records: Records, seed: int) -> Records:
    """The records some weeks later: some came in for months already published, and some were stated wrongly."""
    rng = np.random.default_rng(seed)

    def later(frame: pd.DataFrame) -> pd.DataFrame:
        more = frame.iloc[rng.choice(len(frame), 12, replace=False)]
        moved = frame.copy()
        wrong = rng.choice(len(moved), 4, replace=False)
        moved.iloc[wrong, moved.columns.get_loc("unit")] = rng.permutation(moved["unit"].to_numpy()[wrong])
        return pd.concat([moved, more], ignore_index=True)

    return replace(
        records, cases=later(records.cases), complaints=later(records.complaints), forms=later(records.forms),
        evaluations=later(records.evaluations),
    )  # fmt: skip


def _counts(**conditions: str) -> str:
    return ", ".join(f"count(*) filter (where {condition}) as {name}" for name, condition in conditions.items())


def _states(prefix: str, column: str, states: Iterable[str], within: str) -> dict[str, str]:
    return {f"{prefix}{state}": f"{within} and {column} = '{state}'" for state in states}


_RECEIVED, _ENDED = "month between first and last", "ended between first and last"
_STOCKS = {"n_opening": "month < first and ended >= first", "n_pending": "month <= last and ended > last"}
_KEY = "unit_code, date '1900-01-01' as unit_valid_from, period_id"
_STANDINGS = ("early", "on_day", "late", "unclassified")
_LEVELS = ("very_satisfied", "satisfied", "dissatisfied")


def _over(records: str, *labels: str) -> str:
    """The records of each unit and of the district, under each label and under '*', in each period."""
    sets = ["select unit as unit_code, * from {0}", f"select '{ROOT}' as unit_code, * from {{0}}"]
    answer = "(" + " union all ".join(sets).format(records) + ")"
    for label in labels:
        answer = f"(select *, {label} as by_{label} from {answer} union all select *, '*' as by_{label} from {answer})"
    return f"{answer} cross join spans"


MARTS = {
    "case_settlement": f"""select {_KEY}, by_field as procedure_field, 0 as n_withdrawn,
        {_counts(
            n_received=_RECEIVED, n_settled=_ENDED, n_working_days=f"{_ENDED} and timed", **_STOCKS,
            **_states("n_received_", "channel", CHANNELS, _RECEIVED),
            **_states("n_settled_", "given", ("early", "on_day", "late"), _ENDED),
            n_settled_no_due_date=f"{_ENDED} and given = 'unclassified'",
            n_in_time=f"{_ENDED} and given in ('early', 'on_day')", n_with_due_date=f"{_ENDED} and given <> 'unclassified'",
        )}
        from {_over("cases", "field")} group by unit_code, period_id, by_field
        having by_field = '*' or n_opening + n_received > 0""",
    "case_supplement_basis": " union all ".join(
        f"""select {_KEY}, '{basis}' as basis, {_counts(
            n_settled=_ENDED, **_states("n_", basis, _STANDINGS, _ENDED),
            n_in_time=f"{_ENDED} and {basis} in ('early', 'on_day')", n_classified=f"{_ENDED} and {basis} <> 'unclassified'",
        )} from {_over("cases")} group by unit_code, period_id having n_settled > 0"""
        for basis in BASES
    ),
    # Cases in processing are not late yet.
    "case_apology": f"""select {_KEY}, {_counts(
            n_late=_ENDED, n_late_settled=_ENDED, n_late_pending="false",
            n_apology_issued=f"{_ENDED} and apologised", n_apology_owed=f"{_ENDED} and not apologised",
        )}, 100.0 * n_apology_issued / n_late as apology_pct
        from {_over("(select * from cases where 'late' in (given, original))")} group by unit_code, period_id""",
    "complaint_handling": f"""select {_KEY}, by_channel as channel, by_class as class,
        {_counts(
            n_received=_RECEIVED, n_closed=_ENDED, n_working_days=f"{_ENDED} and timed", **_STOCKS,
            n_received_no_due_date=f"{_RECEIVED} and standing = 'no_due_date'",
            **_states("n_closed_", "standing", ("in_time", "late", "no_due_date"), _ENDED),
            n_with_due_date=f"{_ENDED} and standing <> 'no_due_date'",
            n_with_due_date_or_term=f"{_ENDED} and standing <> 'no_due_date'",
        )}
        from {_over("complaints", "channel", "class")} group by unit_code, period_id, by_channel, by_class
        having (by_channel = '*' and by_class = '*') or n_opening + n_received > 0""",
    "one_stop_evaluation": f"""select {_KEY}, weighting,
        {_counts(n_forms=_RECEIVED, n_overall=_RECEIVED, **_states("n_", "level", _LEVELS, _RECEIVED))}
        from {_over("evaluations")} cross join (values ('forms'), ('units')) as kinds(weighting)
        where last - first in (2, 11) group by unit_code, period_id, weighting having n_forms > 0""",
    "sipas_index": " union all ".join(
        f"""select {_KEY}, 'HN2023' as instrument_code, '{node}' as node_code, '{level}' as node_level,
        {_counts(n_forms=_RECEIVED, n_forms_answered=f"{_RECEIVED} and (" + " or ".join(f"{i} <> 'missing'" for i in items) + ")")},
        {" + ".join(f"count(*) filter (where {_RECEIVED} and {i} <> 'missing')" for i in items)} as n_answers,
        {" + ".join(f"count(*) filter (where {_RECEIVED} and {i} = 'satisfied')" for i in items)} as n_satisfied
        from {_over("forms")} group by unit_code, period_id having n_forms > 0"""
        for node, level, items in [*((item, "item", [item]) for item in ITEMS), ("T", "overall", ITEMS)]
    ),
    # Asked of those alone who are not satisfied with the first item: few.
    "survey_question": f"""select {_KEY}, 'HN2023' as instrument_code, 'W' as question_code, option_code,
        {_counts(n_forms=_RECEIVED, n_valid=f"{_RECEIVED} and item_1 <> 'satisfied'",
                 n_answers=f"{_RECEIVED} and item_1 <> 'satisfied' and item_2 = option_code")}
        from {_over("forms")} cross join (values ('satisfied'), ('not'), ('missing')) as options(option_code)
        group by unit_code, period_id, option_code having n_forms > 0""",
    "service_quality_766": f"""
        select {_KEY}, '2.2' as item_code, {_counts(
            numerator=f"{_ENDED} and timed", n_denominator=f"{_ENDED} and timed", n_left_out=f"{_ENDED} and not timed"
        )} from {_over("cases")} group by unit_code, period_id having n_denominator + n_left_out > 0
        union all
        select {_KEY}, '3.3' as item_code, {_counts(
            numerator=f"{_RECEIVED} and channel = 'online'", n_denominator=_RECEIVED, n_left_out="false"
        )} from {_over("cases")} group by unit_code, period_id having n_denominator > 0
        union all
        select {_KEY}, '5.1b' as item_code, {_counts(
            numerator=f"{_RECEIVED} and class = 'conduct'", n_denominator=_RECEIVED, n_left_out="false"
        )} from {_over("complaints")} group by unit_code, period_id having n_denominator > 0""",
}  # fmt: skip


def write_marts(records: Records, path: Path, months: int = 12) -> None:
    """The marts in schema `marts` of a DuckDB file, as a warehouse or a revision holds them, as they stand when the first
    `months` months have data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spans = [
        (period, MONTHS.index(inside[0]), min(MONTHS.index(inside[-1]), months - 1))
        for period, inside in SPANS.items()
        if MONTHS.index(inside[0]) < months
    ]
    with duckdb.connect(str(path)) as database:
        for name, frame in vars(records).items():
            database.register(name, frame[frame["month"] < months])
        database.register("spans", pd.DataFrame(spans, columns=["period_id", "first", "last"]))
        units = sorted({unit for frame in vars(records).values() for unit in frame["unit"]})
        database.register(
            "units",
            pd.DataFrame(
                [(ROOT, START, "district", "01", START), *((unit, START, "commune", ROOT, START) for unit in units)],
                columns=["unit_code", "unit_valid_from", "unit_level", "parent_code", "parent_valid_from"],
            ),
        )
        database.register(
            "periods",
            pd.DataFrame(
                [(p, KINDS[len(SPANS[p])], 2023, SPANS[p][0], SPANS[p][-1]) for p, _, _ in spans],
                columns=["period_id", "period_kind", "year", "first_month_id", "last_month_id"],
            ),
        )
        database.execute("create schema marts")
        database.execute(
            "create table marts.dim_admin_unit as select * replace (cast(unit_valid_from as date) as unit_valid_from,"
            " cast(parent_valid_from as date) as parent_valid_from) from units"
        )
        database.execute("create table marts.dim_reporting_period as select * from periods")
        for name, sql in MARTS.items():
            database.execute(f"create table marts.{name} as {sql}")


GRAINS = {
    "case_settlement": (["procedure_field"], ["n_received", "n_with_due_date", "n_working_days"]),
    "case_supplement_basis": (["basis"], ["n_settled", "n_classified"]),
    "case_apology": ([], ["n_late"]),
    "complaint_handling": (
        ["channel", "class"],
        ["n_received", "n_with_due_date", "n_with_due_date_or_term", "n_working_days"],
    ),
    "one_stop_evaluation": (["weighting"], ["n_forms", "n_overall"]),
    "sipas_index": (["instrument_code", "node_code"], ["n_forms_answered"]),
    "survey_question": (["instrument_code", "question_code", "option_code"], ["n_valid"]),
    "service_quality_766": (["item_code"], ["n_denominator"]),
}


def write_open(database: Path, folder: Path, plan: Plan) -> dict[str, OpenTable]:
    """The open tables of the marts under a plan."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(database), read_only=True) as connection:
        reader = MartReader(lambda sql: connection.sql(sql).to_arrow_table())
        names = {name: connection.table(f"marts.{name}").columns for name in MARTS}
        return {name: write_open_mart(_mart(name, names[name]), reader, folder, plan) for name in MARTS}


# What an office did late stands in hidden rows too.
ALWAYS_SHOWN = {
    "case_settlement": ("n_settled_late",),
    "case_supplement_basis": ("n_late",),
    "case_apology": ("n_late", "n_late_settled", "n_late_pending", "n_apology_issued", "n_apology_owed"),
    "complaint_handling": ("n_closed_late",),
}


def _mart(name: str, column_names: list[str]) -> Mart:
    own, n_columns = GRAINS[name]
    grain = ("unit_code", "unit_valid_from", "period_id", *own)
    shown = ALWAYS_SHOWN.get(name, ())
    columns = tuple(
        Column(c, c, c, "", None, c not in shown and (c.startswith("n_") or c in ("numerator", "apology_pct")))
        for c in column_names
    )
    return Mart(name, "open", name, name, "", tuple(n_columns), None, grain, columns)


def plan_of(database: Path, rules: DisclosureRules, previous: Path | None = None) -> Plan:
    with duckdb.connect(str(database), read_only=True) as connection:
        return make_plan(lambda sql: connection.sql(sql).to_arrow_table(), MARTS, rules, previous)


def publish(
    records: Records, folder: Path, rules: DisclosureRules, previous: Path | None = None, months: int = 12
) -> Plan:
    """A revision's folder with what disclosure control reads of it: the analysts' database and the open tables."""
    database = folder / "analyst" / "sipas.duckdb"
    write_marts(records, database, months)
    plan = plan_of(database, rules, previous)
    write_open(database, folder / "open" / "marts", plan)
    return plan
