"""The audit of the marts: sound marts pass; each planted break of an identity is named."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from quality.audit import CHECK_NAMES, audit

UNIT = {"unit_code": "10459", "unit_valid_from": pd.Timestamp("1900-01-01").date()}


def sound_marts() -> dict[str, pd.DataFrame]:
    index = {**UNIT, "period_id": "2023-06", "instrument_code": "HN2023"}
    stock = {**UNIT, "n_withdrawn": 1}
    return {
        "sipas_index": pd.DataFrame(
            [
                {**index, "node_code": "I.1", "n_answers": 3, "n_satisfied": 2, "n_parts": 1, "index_pct": 200 / 3}
                | {"estimate_pct": 200 / 3, "ci_low_pct": 20.0, "ci_high_pct": 94.0},
                {**index, "node_code": "I.2", "n_answers": 10, "n_satisfied": 10, "n_parts": 1, "index_pct": 100.0}
                | {"estimate_pct": 100.0, "ci_low_pct": 69.2, "ci_high_pct": 100.0},
                {**index, "node_code": "I.3", "n_answers": 0, "n_satisfied": 0, "n_parts": 1, "index_pct": None}
                | {"estimate_pct": None, "ci_low_pct": None, "ci_high_pct": None},
                # The mean of I.1 and I.2, without an interval.
                {**index, "node_code": "I", "n_answers": 13, "n_satisfied": 12, "n_parts": 2, "index_pct": 250 / 3}
                | {"estimate_pct": None, "ci_low_pct": None, "ci_high_pct": None},
            ]
        ),
        "case_settlement": pd.DataFrame(
            [
                {**stock, "period_id": "2022-12", "procedure_field": "*", "n_opening": 0, "n_received": 10}
                | {"n_restated": 0, "n_settled": 6, "n_pending": 3},
                {**stock, "period_id": "2023-01", "procedure_field": "*", "n_opening": 3, "n_received": 10}
                | {"n_restated": 0, "n_settled": 7, "n_pending": 5},
                {**stock, "period_id": "2023-Q1", "procedure_field": "*", "n_opening": 4, "n_received": 10}
                | {"n_restated": 0, "n_settled": 7, "n_pending": 6},
            ]
        ),
        "complaint_handling": pd.DataFrame(
            [
                {**UNIT, "period_id": "2023-01", "channel": "*", "class": "*", "n_opening": Decimal(0)}
                | {"n_restated": 0, "n_received": Decimal(5), "n_closed": Decimal(2), "n_pending": Decimal(3)},
                {**UNIT, "period_id": "2023-02", "channel": "*", "class": "*", "n_opening": Decimal(4)}
                # January was locked when one more came.
                | {"n_restated": 1, "n_received": Decimal(0), "n_closed": Decimal(4), "n_pending": Decimal(0)},
            ]
        ),
        "data_quality": pd.DataFrame(
            [
                {"input_id": "a", "rows_read": 10, "rows_accepted": 7, "rows_quarantined": 1}
                | {"rows_duplicate": 1, "rows_superseded": 1, "rows_forgotten": 0},
                {"input_id": "b", "rows_read": None, "rows_accepted": None, "rows_quarantined": None}
                | {"rows_duplicate": None, "rows_superseded": None, "rows_forgotten": None},
            ]
        ),
    }


def failed(marts: dict[str, pd.DataFrame]) -> set[str]:
    result = audit(marts)
    names = {check.name for check in result.checks if not check.passed}
    assert result.passed == (not names)
    assert all(check.critical for check in result.checks)
    return names


def test_sound_marts_pass() -> None:
    result = audit(sound_marts())
    assert result.passed, [check for check in result.checks if not check.passed]
    assert tuple(check.name for check in result.checks) == CHECK_NAMES
    assert result.html == audit(sound_marts()).html


def test_marts_without_rows_pass() -> None:
    assert failed({name: frame.iloc[:0] for name, frame in sound_marts().items()}) == set()


@pytest.mark.parametrize(
    ("mart", "row", "column", "value", "broken"),
    [
        ("sipas_index", 0, "index_pct", 66.66667, {"share"}),
        ("sipas_index", 0, "index_pct", 66.666667, set()),
        ("sipas_index", 0, "index_pct", None, {"share"}),
        ("sipas_index", 2, "index_pct", 0.0, {"share"}),
        ("sipas_index", 1, "n_satisfied", 11, {"counts", "share"}),
        ("sipas_index", 3, "n_parts", 1, {"share"}),
        ("sipas_index", 1, "index_pct", 100.5, {"range", "share"}),
        ("sipas_index", 0, "ci_low_pct", 70.0, {"interval"}),
        ("sipas_index", 0, "ci_high_pct", 60.0, {"interval"}),
        ("sipas_index", 1, "node_code", "I.1", {"grain"}),
        ("case_settlement", 2, "n_settled", 8, {"stock"}),
        ("case_settlement", 1, "n_opening", 4, {"stock", "carry_over"}),
        ("case_settlement", 1, "period_id", "2022-12", {"grain"}),
        ("complaint_handling", 0, "n_received", Decimal(6), {"stock"}),
        ("complaint_handling", 1, "n_opening", Decimal(2), {"stock", "carry_over"}),
        ("complaint_handling", 1, "n_restated", 0, {"carry_over"}),
        ("data_quality", 0, "rows_superseded", 0, {"conservation"}),
        ("data_quality", 1, "input_id", "a", {"grain"}),
    ],
)
def test_a_planted_break_is_named(mart: str, row: int, column: str, value: object, broken: set[str]) -> None:
    marts = sound_marts()
    values = marts[mart][column].tolist()
    values[row] = value
    marts[mart][column] = pd.Series(values, dtype=object)
    assert failed(marts) == {f"{mart}.{name}" for name in broken}


def test_a_broken_identity_says_what_and_how_many() -> None:
    marts = sound_marts()
    marts["case_settlement"].loc[2, "n_settled"] = 8
    check = next(check for check in audit(marts).checks if check.name == "case_settlement.stock")
    assert check.observed == 1
    assert check.message_en == "case_settlement: 1 rows break opening + received = ended + pending"
    assert check.message_vi.startswith("case_settlement: Tồn đầu kỳ")


def test_a_mart_or_column_that_is_missing_fails() -> None:
    marts = sound_marts()
    del marts["data_quality"]
    assert failed(marts) == {"expectations_ran", "data_quality.grain", "data_quality.conservation"}
    marts = sound_marts()
    marts["case_settlement"] = marts["case_settlement"].drop(columns="n_withdrawn")
    assert failed(marts) == {"expectations_ran", "case_settlement.stock"}
