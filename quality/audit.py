"""The audit: Great Expectations over the aggregate marts after the second dbt phase; a failed audit publishes nothing.

What dbt's own tests say about the marts stands in the dbt project; batches are judged in gate.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from quality.data_docs import render_page
from quality.expectations import Outcome, SuitePart, gx_expectations, outcomes, run_suite
from quality.gate import check_expectations_ran
from quality.verdict import GateCheck, GateResult

# Percent points. Published doubles are rounded to six places, and locked figures are published ones.
TOLERANCE = 1e-6

UNIT = ("unit_code", "unit_valid_from")
GRAINS: dict[str, tuple[str, ...]] = {
    "sipas_index": (*UNIT, "period_id", "instrument_code", "node_code"),
    "case_settlement": (*UNIT, "period_id", "procedure_field"),
    "complaint_handling": (*UNIT, "period_id", "channel", "class"),
    "data_quality": ("input_id",),
}

# Every audit reports these checks, in this order; all of them are critical.
CHECK_NAMES = (
    "expectations_ran",
    "sipas_index.grain",
    "sipas_index.range",
    "sipas_index.share",
    "sipas_index.counts",
    "sipas_index.interval",
    "case_settlement.grain",
    "case_settlement.stock",
    "case_settlement.carry_over",
    "complaint_handling.grain",
    "complaint_handling.stock",
    "complaint_handling.carry_over",
    "data_quality.grain",
    "data_quality.conservation",
)


def audit(frames: Mapping[str, pd.DataFrame], run_name: str = "marts") -> GateResult:
    """Audit the aggregate marts: mart name → its rows, with the columns the marts declare.

    Needs sipas_index, case_settlement, complaint_handling and data_quality; other marts are left alone. A mart or a
    column that is missing fails the audit, and says so.
    """
    validations = []
    found: list[Outcome] = []
    for mart, measures in _MEASURES.items():
        rows = frames.get(mart)
        frame = _measured(rows, GRAINS[mart], measures) if rows is not None else pd.DataFrame()
        part = SuitePart(tuple(frame.columns), tuple(_expectations(mart, measures)), samples=False)
        validation = run_suite(f"marts.{mart}", [(frame, part)], run_name)
        validations.append(validation)
        found += outcomes(validation)
    by_name = {outcome.name: outcome for outcome in found}
    checks = (check_expectations_ran(found), *(_check(by_name[name]) for name in CHECK_NAMES[1:]))
    passed = all(check.passed for check in checks)
    note = "Each expectation below is one of the checks above; one that fails keeps the marts from being published."
    html = render_page(f"Audit of the marts ({run_name})", note, checks, {}, validations)
    return GateResult("marts", passed, checks, html)


# ── measures: one column per identity, zero (or at most zero) where it holds, null where it does not apply ─────────

Measure = Callable[[pd.DataFrame], "pd.Series[float]"]


def _n(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    numbers: pd.Series[float] = pd.to_numeric(frame[column]).astype("float64")
    return numbers


def _index_out_of_range(frame: pd.DataFrame) -> pd.Series[float]:
    """Percent points by which the index leaves 0 to 100."""
    index = _n(frame, "index_pct")
    return pd.concat([-index, index - 100], axis=1).max(axis=1, skipna=False)


def _index_error(frame: pd.DataFrame) -> pd.Series[float]:
    """Percent points between index_pct and 100 * n_satisfied / n_answers; infinite where one of them is null alone.

    Null where the index is a mean of several parts, which the counts of its row do not give.
    """
    index, answers = _n(frame, "index_pct"), _n(frame, "n_answers")
    share = 100 * _n(frame, "n_satisfied") / answers.where(answers != 0)
    error = (index - share).abs().mask(index.isna() != share.isna(), float("inf"))
    return error.mask(_n(frame, "n_parts") > 1)


def _satisfied_above_answers(frame: pd.DataFrame) -> pd.Series[float]:
    return _n(frame, "n_satisfied") - _n(frame, "n_answers")


def _estimate_out_of_interval(frame: pd.DataFrame) -> pd.Series[float]:
    """Percent points by which the estimate leaves its own interval."""
    estimate = _n(frame, "estimate_pct")
    sides = [_n(frame, "ci_low_pct") - estimate, estimate - _n(frame, "ci_high_pct")]
    return pd.concat(sides, axis=1).max(axis=1, skipna=False)


def _case_stock(frame: pd.DataFrame) -> pd.Series[float]:
    return _n(frame, "n_opening") + _n(frame, "n_received") - _sum(frame, "n_settled", "n_withdrawn", "n_pending")


def _complaint_stock(frame: pd.DataFrame) -> pd.Series[float]:
    return _n(frame, "n_opening") + _n(frame, "n_received") - _sum(frame, "n_closed", "n_pending")


def _conservation(frame: pd.DataFrame) -> pd.Series[float]:
    """Source rows that ended in no place, or in two; null where the file could not be read at all."""
    return _n(frame, "rows_read") - _sum(
        frame, "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_forgotten"
    )


def _carry_over(grain: tuple[str, ...]) -> Measure:
    """Return the measure: opening stock of a month, what was restated apart, less the stock pending at the end of the month
    before.

    Null for the first month of a row's unit and class, and for periods that are not months.
    """

    def measure(frame: pd.DataFrame) -> pd.Series[float]:
        keys = [column for column in grain if column != "period_id"]
        months = frame["period_id"].astype("str").str.fullmatch(r"\d{4}-\d{2}").astype(bool)
        rows = (
            frame.loc[months, keys]
            .astype("str")
            .assign(
                month=_month_number(frame.loc[months, "period_id"].astype("str")),
                opening=(_n(frame, "n_opening") - _n(frame, "n_restated"))[months],
                pending=_n(frame, "n_pending")[months],
            )
        )
        before = rows.drop(columns="opening").assign(month=rows["month"] + 1).drop_duplicates([*keys, "month"])
        joined = rows.drop(columns="pending").merge(before, on=[*keys, "month"], how="left", validate="m:1")
        difference = (joined["opening"] - joined["pending"]).set_axis(rows.index)
        return difference.reindex(frame.index)

    return measure


def _month_number(month_ids: pd.Series[str]) -> pd.Series[int]:
    """Return months since year 0 of ids such as 2023-06, so that the next month is one more."""
    numbers: pd.Series[int] = month_ids.str[:4].astype("int64") * 12 + month_ids.str[5:].astype("int64")
    return numbers


def _sum(frame: pd.DataFrame, *columns: str) -> pd.Series[float]:
    total = _n(frame, columns[0])
    for column in columns[1:]:
        total = total + _n(frame, column)
    return total


# Mart → check → (measure, lowest, highest value of a row that passes).
_MEASURES: dict[str, dict[str, tuple[Measure, float | None, float]]] = {
    "sipas_index": {
        "range": (_index_out_of_range, None, TOLERANCE),
        "share": (_index_error, None, TOLERANCE),
        "counts": (_satisfied_above_answers, None, 0.0),
        "interval": (_estimate_out_of_interval, None, TOLERANCE),
    },
    "case_settlement": {
        "stock": (_case_stock, 0.0, 0.0),
        "carry_over": (_carry_over(GRAINS["case_settlement"]), 0.0, 0.0),
    },
    "complaint_handling": {
        "stock": (_complaint_stock, 0.0, 0.0),
        "carry_over": (_carry_over(GRAINS["complaint_handling"]), 0.0, 0.0),
    },
    "data_quality": {"conservation": (_conservation, 0.0, 0.0)},
}

_MESSAGES = {
    "grain": ("Có dòng trùng khoá", "rows share their key"),
    "range": ("Chỉ số ngoài khoảng 0–100", "rows have an index outside 0–100"),
    "share": ("Chỉ số khác 100 × hài lòng / trả lời", "rows have an index other than 100 × satisfied / answers"),
    "counts": ("Số hài lòng lớn hơn số trả lời", "rows have more satisfied answers than answers"),
    "interval": ("Ước lượng nằm ngoài khoảng tin cậy", "rows have an estimate outside its interval"),
    "stock": (
        "Tồn đầu kỳ + tiếp nhận khác đã giải quyết + tồn cuối kỳ",
        "rows break opening + received = ended + pending",
    ),
    "carry_over": (
        "Tồn đầu tháng khác tồn cuối tháng trước",
        "rows open with another stock than the month before closed",
    ),
    "conservation": ("Số dòng đọc khác tổng số dòng theo nơi đến", "files have rows that ended in no place or in two"),
}


def _measured(
    rows: pd.DataFrame, grain: tuple[str, ...], measures: Mapping[str, tuple[Measure, float | None, float]]
) -> pd.DataFrame:
    """Return the grain and one column per measure; a measure whose columns are missing is left out, and then fails."""
    rows = rows.reset_index(drop=True)
    frame = rows.filter(items=list(grain)).astype("str")
    for name, (measure, _, _) in measures.items():
        try:
            frame[name] = measure(rows)
        except KeyError:
            continue
    return frame


def _expectations(mart: str, measures: Mapping[str, tuple[Measure, float | None, float]]) -> list[Any]:
    gxe = gx_expectations()
    grain, meta = GRAINS[mart], {"name": f"{mart}.grain"}
    expectations: list[Any] = [
        gxe.ExpectCompoundColumnsToBeUnique(column_list=list(grain), meta=meta)
        if len(grain) > 1
        else gxe.ExpectColumnValuesToBeUnique(column=grain[0], meta=meta)
    ]
    for name, (_, low, high) in measures.items():
        expectations.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=name, min_value=low, max_value=high, meta={"name": f"{mart}.{name}"}
            )
        )
    return expectations


def _check(outcome: Outcome) -> GateCheck:
    name = outcome.name or ""
    mart, _, rule = name.partition(".")
    vi, en = _MESSAGES[rule]
    n = outcome.unexpected
    if outcome.raised:
        message_vi, message_en = (
            f"{mart}: không kiểm tra được: {outcome.raised}",
            f"{mart}: not checked: {outcome.raised}",
        )
    elif outcome.success:
        message_vi, message_en = f"{mart}: không có dòng nào sai", f"{mart}: holds for every row"
    else:
        message_vi, message_en = f"{mart}: {vi} ({n} dòng)", f"{mart}: {n} {en}"
    return GateCheck(name, outcome.success, True, None if n is None else float(n), "0 rows", message_vi, message_en)
