"""The index by survey round against a second computation: recursion over the stages, form by form, in exact fractions."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import sqrt
from typing import Any

import pytest
from landing_design import ROUNDS
from landing_plan import CALIBRATED
from landing_sample import Sample
from test_period_predicates import climb
from test_survey_index import UNDER, Row, counts_of, forms

from assets.warehouse.engine import Warehouse

__all__ = ["forms"]

COUNTS = ("n_forms", "n_forms_answered", "n_answers", "n_satisfied", "n_dont_know")
Key = tuple[str, str, str, str, str]


def days_of(form: Row) -> str | None:
    return next((code for code, first, last, _ in ROUNDS if first <= form["responded_on"] <= last), None)


def lacks(form: Row) -> str | None:
    """What keeps a form out of the round of its days: only R1 has both places and weights on some forms and not on others."""
    if days_of(form) != "R1":
        return None
    if not (form["stratum"] or form["psu"] or form["ssu"]):
        return "n_forms_no_place"
    return None if form["weight"] else "n_forms_no_weight"


def round_of(form: Row) -> str | None:
    return None if lacks(form) else days_of(form)


def place(form: Row) -> tuple[Any, ...]:
    """Stratum, PSU, SSU and the form itself, the units of the stages a form is drawn through."""
    units = tuple(form[name] for name in ("stratum", "psu", "ssu") if name == "stratum" or form[name])
    return (*units, f"form {form['record_key']}")


class Design:
    """The design of a round, from its forms and the frame."""

    def __init__(self, code: str, forms: list[Row], frame: list[Row]) -> None:
        self.drawn: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
        for form in forms:
            units = place(form)
            for depth in range(1, len(units)):
                self.drawn[units[:depth]].add(units[depth])
        sizes = {(row["stratum"], row["psu"], row["ssu"]): row["n_units"] for row in frame if row["round_code"] == code}
        self.size = {within: sizes.get((*within, None, None)[:3]) for within in self.drawn}
        short = {within[0] for within, drawn in self.drawn.items() if (self.size[within] or 0) < len(drawn)}
        self.with_fpc = {within[0] for within in self.drawn} - short

    def fraction(self, within: tuple[Any, ...]) -> Fraction:
        size = self.size[within]
        return Fraction(len(self.drawn[within]), size) if within[0] in self.with_fpc and size else Fraction(0)

    def variance(self, values: dict[tuple[Any, ...], Fraction], within: tuple[Any, ...]) -> Fraction | None:
        """Of the total of `values` (by place of the form) below a stratum or cluster; None where one unit leaves it open."""
        inside = {units: value for units, value in values.items() if units[: len(within)] == within}
        if not inside:
            return Fraction(0)
        n, f = len(self.drawn[within]), self.fraction(within)
        totals: dict[Any, Fraction] = defaultdict(Fraction)
        for units, value in inside.items():
            totals[units[len(within)]] += value
        if f == 1:
            own = Fraction(0)
        elif n == 1:
            return None
        else:
            mean = sum(totals.values()) / n
            spread = sum((total - mean) ** 2 for total in totals.values()) + (n - len(totals)) * mean**2
            own = (1 - f) * n / (n - 1) * spread
        if f == 0:
            return own
        for unit in totals:
            if (*within, unit) in self.drawn:
                below = self.variance(values, (*within, unit))
                if below is None:
                    return None
                own += f * below
        return own


def cells(forms: list[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for form in forms:
        code = round_of(form)
        for unit, _ in climb(form["unit_code"], form["responded_on"]):
            for node in UNDER:
                for breakdown in ("*", "sex", "age_band"):
                    value = "*" if breakdown == "*" else form[breakdown] or "~"
                    if code:
                        found[code, unit, node, breakdown, value].append(form)
    return found


def test_every_cell_is_what_the_recursion_gives(sample: Sample, forms: list[Row], duckdb_built: Warehouse) -> None:
    designs = {
        code: Design(code, [form for form in forms if round_of(form) == code], sample.rows("sampling_frame"))
        for code, *_ in ROUNDS
    }
    rows = {
        (row["round_code"], row["unit_code"], row["node_code"], row["breakdown"], row["breakdown_value"]): row
        for row in duckdb_built.query("SELECT * FROM marts.sipas_round").to_pylist()
    }
    expected = cells(forms)
    assert set(rows) == set(expected)
    # Their weights are others; see test_calibrated_round.
    expected = {key: members for key, members in expected.items() if key[0] not in CALIBRATED}
    seen = {"none": 0, "some": 0}
    for key, members in expected.items():
        row, node = rows[key], key[2]
        counts = [counts_of(form, node) for form in members]
        assert {name: row[name] for name in COUNTS} == {name: sum(c[name] for c in counts) for name in COUNTS}
        assert row["n_missing"] == row["n_forms"] * len(UNDER[node]) - row["n_answers"] - row["n_dont_know"]
        weights = [Fraction(form["weight"] or 1) for form in members]
        total = sum(w * c["n_answers"] for w, c in zip(weights, counts, strict=True))
        if not total:
            assert row["index_pct"] is row["estimate_pct"] is row["se_pct"] is row["df"] is row["method"] is None
            continue
        share = sum(w * c["n_satisfied"] for w, c in zip(weights, counts, strict=True)) / total
        values = {
            place(form): w * (c["n_satisfied"] - share * c["n_answers"]) / total
            for form, w, c in zip(members, weights, counts, strict=True)
            if c["n_answers"]
        }
        design = designs[key[0]]
        strata = {units[:1] for units in values}
        parts = [design.variance(values, stratum) for stratum in strata]
        assert row["index_pct"] == pytest.approx(100 * row["n_satisfied"] / row["n_answers"], abs=1e-9)
        assert row["estimate_pct"] == pytest.approx(100 * float(share), abs=1e-9)
        assert row["df"] == len({units[:2] for units in values}) - len(strata)
        if None in parts:
            assert row["se_pct"] is None and row["method"] == "taylor_no_se_single_psu", key
            seen["none"] += 1
            continue
        variance = sum(part for part in parts if part)
        assert row["se_pct"] == pytest.approx(100 * sqrt(variance), abs=1e-8), key
        if variance == 0:
            assert row["se_pct"] == 0 and row["method"] in ("taylor_clopper_pearson", "taylor_no_interval"), key
        seen["some"] += 1
    assert min(seen.values()) > 20


def test_what_is_said_of_a_round(sample: Sample, forms: list[Row], duckdb_built: Warehouse) -> None:
    rows = {row["round_code"]: row for row in duckdb_built.query("SELECT * FROM marts.dim_survey_round").to_pylist()}
    assert set(rows) == {code for code, *_ in ROUNDS}
    for code, row in rows.items():
        inside = [form for form in forms if round_of(form) == code]
        design = Design(code, inside, sample.rows("sampling_frame"))
        strata = [within for within in design.drawn if len(within) == 1]
        assert row["n_forms"] == len(inside)
        assert row["n_strata"] == len(strata)
        assert row["n_psus"] == sum(len(design.drawn[stratum]) for stratum in strata)
        assert row["n_strata_fpc"] == len(design.with_fpc)
        assert row["n_stages"] == max((len(place(form)) - 1 for form in inside), default=0)
    assert [rows[code]["fpc"] for code in ("R1", "R2", "R3", "R0")] == ["some_strata", "every_stratum", "none", None]


def test_only_probability_samples_carry_a_flag(duckdb_built: Warehouse) -> None:
    rows = duckdb_built.query(
        "SELECT round_code, count(presentation) AS flags, count(method) AS estimates FROM marts.sipas_round GROUP BY 1"
    ).to_pylist()
    found = {row["round_code"]: (row["flags"], row["estimates"]) for row in rows}
    assert found["R1"][0] == found["R1"][1] > 0
    assert found["R3"] == (0, found["R3"][1]) and found["R3"][1] > 0


def test_a_simple_random_sample_agrees_with_the_reporting_period(duckdb_built: Warehouse) -> None:
    """February's forms are all those of the reporting month of that unit: counts and percentages are the same ones."""
    columns = (
        "unit_code, node_code, n_forms, n_forms_answered, n_answers, n_satisfied, n_dont_know, n_missing, index_pct"
    )
    [(month,)] = (
        duckdb_built.query(
            "SELECT period_id FROM marts.dim_reporting_period WHERE period_kind = 'month' AND starts_on <= DATE '2025-02-05'"
            " AND ends_on >= DATE '2025-02-05'"
        )
        .to_pandas()
        .itertuples(index=False, name=None)
    )
    by_round = duckdb_built.query(
        f"SELECT {columns} FROM marts.sipas_round WHERE round_code = 'R2' AND breakdown = '*' ORDER BY 1, 2"
    ).to_pylist()
    by_month = duckdb_built.query(
        f"SELECT {columns} FROM marts.sipas_index WHERE period_id = '{month}' ORDER BY 1, 2"
    ).to_pylist()
    assert by_round and by_round == by_month


def test_psu_totals_add_up_to_the_estimates(duckdb_built: Warehouse) -> None:
    """Where every form is in a cluster, its totals make the estimate."""
    rows = duckdb_built.query(
        "SELECT round_code, unit_code, node_code, CAST(100 * sum(a) AS double) / sum(b) AS pct"
        " FROM intermediate.int_survey_round_psu WHERE round_code = 'R3' GROUP BY ALL"
    ).to_pylist()
    assert rows
    for row in rows:
        [whole] = duckdb_built.query(
            "SELECT estimate_pct FROM marts.sipas_round WHERE breakdown = '*' AND round_code = '{round_code}'"
            " AND unit_code = '{unit_code}' AND node_code = '{node_code}'".format(**row)
        ).to_pylist()
        assert row["pct"] == pytest.approx(whole["estimate_pct"], abs=1e-9)


def test_forms_without_place_or_weight_are_left_out_and_counted(forms: list[Row], duckdb_built: Warehouse) -> None:
    [row] = duckdb_built.query("SELECT * FROM marts.dim_survey_round WHERE round_code = 'R1'").to_pylist()
    kept = [form for form in forms if round_of(form) == "R1"]
    out = [lacks(form) for form in forms if days_of(form) == "R1" and lacks(form)]
    assert row["n_forms"] == len(kept)
    for reason in ("n_forms_no_place", "n_forms_no_weight"):
        assert row[reason] == out.count(reason) > 0
