"""From the sums dbt makes to the estimates table: columns, units and rounding."""

from __future__ import annotations

import math
from datetime import date

import pyarrow as pa
import pytest

from assets.estimates.sipas_index import KEY, METHOD, estimate

SUMS = {
    "unit_code": ["10462", "10462", "10462"],
    "unit_valid_from": [date(1900, 1, 1)] * 3,
    "period_id": ["2023-06"] * 3,
    "instrument_code": ["HN2023"] * 3,
    "node_code": ["I.1", "I", "I.2"],
    "breakdown": ["*", "*", "sex"],
    "breakdown_value": ["*", "*", "male"],
    "n_forms_drawn": [30, 30, 1],
    "n_forms_answered": [30, 30, 1],
    "n_answers": [30, 60, 1],
    "n_satisfied": [28, 60, 1],
    "sum_satisfied_squared": [28, 120, 1],
    "sum_satisfied_answers": [28, 120, 1],
    "sum_answers_squared": [30, 120, 1],
}


def test_figures_are_percentages_with_their_key_and_method() -> None:
    table = estimate(pa.table(SUMS))
    rows = table.to_pylist()
    assert {key: rows[0][key] for key in KEY} == {key: SUMS[key][0] for key in KEY}
    assert {row["method"] for row in rows} == {METHOD}
    assert [row["estimate_pct"] for row in rows] == [pytest.approx(100 * 28 / 30), 100, 100]
    assert [row["df"] for row in rows] == [29, 29, 0]
    assert rows[0]["se_pct"] == pytest.approx(100 * math.sqrt(28 / 30 * 2 / 30 / 29))
    assert rows[0]["n_eff"] == pytest.approx(29)
    # Clopper-Pearson of 28 out of 30 is [77.93, 99.18]; with one answer less the interval is a little wider.
    assert 77.4 < rows[0]["ci_low_pct"] < 77.9265 and 99.1822 < rows[0]["ci_high_pct"] < 99.3
    # Everyone satisfied with both items: n_eff is the forms, not the answers.
    assert (rows[1]["se_pct"], rows[1]["n_eff"]) == (0, 30)
    assert rows[2]["se_pct"] is None


def test_no_sums_give_no_rows() -> None:
    table = estimate(pa.table(SUMS).slice(0, 0))
    assert table.num_rows == 0
    assert {"estimate_pct", "se_pct", "df", "n_eff", "ci_low_pct", "ci_high_pct", "method"} <= set(table.schema.names)
