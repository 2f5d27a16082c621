"""The gate: Great Expectations judges one batch (all input files of one run for one dataset) before it lands.

Refused rows alone do not close the gate, their rules have handled them; a share of them above the threshold, a
disagreement between the rules and the expectations, or an expectation that could not be computed does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd
from pydantic import Field

from quality.contract import Bilingual, Contract, Strict
from quality.data_docs import render_page
from quality.expectations import (
    ANSWERS_OUTSIDE,
    LevelSets,
    Outcome,
    SuitePart,
    gx_expectations,
    outcomes,
    record_suite,
    run_suite,
)
from quality.verdict import GateCheck, GateResult

# Every gate reports these checks, in this order, whatever the batch holds: Dagster declares them beforehand.
CHECK_NAMES = (
    "expectations_ran",
    "agreement",
    "rows_judged",
    "quarantine_share",
    "rows_against_last_period",
    "referential_coverage",
    "distribution_drift",
)
CRITICAL_CHECKS = frozenset({"expectations_ran", "agreement", "quarantine_share"})

# Below this many values two samples of one distribution differ by 0.1 and more by chance alone: for k categories the
# expected total variation distance is about sqrt(k / (pi * n)).
MINIMUM_VALUES_FOR_DRIFT = 100

_FILES_NAMED = 3

_NOTE = (
    "A failed expectation over the records counts rows that a rule has already quarantined or marked; "
    "only the checks above open or close the gate."
)


class GateThresholds(Strict):
    """Limits of the gate; shares and distances are fractions from 0 to 1.

    max_rows: largest batch whose rows are judged themselves; rows_ratio_low/high: rows of a file against the same
    sender's rows in the last period.
    """

    max_rows: int = Field(default=1_000_000, ge=0)
    quarantine_share: float = Field(default=0.5, ge=0, le=1)
    rows_ratio_low: float = Field(default=0.5, ge=0)
    rows_ratio_high: float = Field(default=2.0, ge=0)
    coverage: float = Field(default=0.95, ge=0, le=1)
    drift: float = Field(default=0.3, ge=0, le=1)


@dataclass(frozen=True)
class InputCounts:
    """Counts of one input file, from which its row of the summary is made.

    rows_last_period: source rows of the same sender's delivery for the period before, None when there was none;
    references_given / _resolved: values of unit, procedure and instrument fields; codes / codes_last_period: field →
    code → rows.
    """

    input_id: str
    path: str
    rows_read: int
    rows_quarantined: int
    rows_last_period: int | None = None
    references_given: int = 0
    references_resolved: int = 0
    codes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    codes_last_period: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


SUMMARY_COLUMNS = {
    "input_id": "str",
    "path": "str",
    "rows_read": "int64",
    "rows_quarantined": "int64",
    "quarantine_share": "float64",
    "rows_last_period": "Int64",
    "rows_ratio": "float64",
    "referential_coverage": "float64",
    "distribution_drift": "float64",
}


def summarise(inputs: Iterable[InputCounts]) -> pd.DataFrame:
    """Return the summary: one row per input file, columns SUMMARY_COLUMNS; null where there is nothing to compare.

    distribution_drift is the largest drift among the code fields of the file.
    """
    rows = []
    for counts in sorted(inputs, key=lambda counts: (counts.path, counts.input_id)):
        drifts = [
            drift
            for name, codes in counts.codes.items()
            if (drift := distribution_drift(codes, counts.codes_last_period.get(name, {}))) is not None
        ]
        rows.append(
            {
                "input_id": counts.input_id,
                "path": counts.path,
                "rows_read": counts.rows_read,
                "rows_quarantined": counts.rows_quarantined,
                "quarantine_share": _ratio(counts.rows_quarantined, counts.rows_read),
                "rows_last_period": counts.rows_last_period,
                "rows_ratio": _ratio(counts.rows_read, counts.rows_last_period or 0),
                "referential_coverage": _ratio(counts.references_resolved, counts.references_given),
                "distribution_drift": max(drifts, default=None),
            }
        )
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS)).astype(SUMMARY_COLUMNS)


def distribution_drift(current: Mapping[str, int], previous: Mapping[str, int]) -> float | None:
    """Return the total variation distance between two counts per code: 0 the same shares, 1 no code in common.

    Half the sum of the absolute differences of the shares (Levin and Peres, Markov Chains and Mixing Times, 4.1).
    None when either holds fewer than MINIMUM_VALUES_FOR_DRIFT values.
    """
    n_current, n_previous = sum(current.values()), sum(previous.values())
    if min(n_current, n_previous) < MINIMUM_VALUES_FOR_DRIFT:
        return None
    codes = sorted({*current, *previous})
    return sum(abs(current.get(c, 0) / n_current - previous.get(c, 0) / n_previous) for c in codes) / 2


def _ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None


def judge(
    contract: Contract,
    frame: pd.DataFrame | None,
    summary: pd.DataFrame,
    rule_counts: Mapping[str, int],
    level_sets: LevelSets,
    thresholds: GateThresholds,
    run_name: str,
) -> GateResult:
    """Judge one batch.

    frame: one row per incoming record, accepted and refused alike; the contract's fields typed (an instant `x_at`
    stands as UTC timestamp with its local day `x_on`), `<field>__given` beside every field that is not text: what the
    source gave, null when blank; for surveys `item__<code>`: the level given; SENT_ON: the day it was sent. None when the
    batch is above max_rows, or no row of it could be read.
    summary: as summarise() returns it.
    rule_counts: rule id → rows of the frame that break it (for an `in_scale` rule: forms with at least one such
    answer); ids that no expectation covers are left alone.
    run_name: stands on the page; use an id that follows from the inputs.
    """
    rows = int(summary["rows_read"].sum())
    judged = frame is not None and len(frame) <= thresholds.max_rows
    validations = []
    record_outcomes: tuple[Outcome, ...] = ()
    if frame is not None and judged:
        records = run_suite(f"{contract.dataset}.records", record_suite(contract, frame, level_sets), run_name)
        record_outcomes = outcomes(records)
        validations.append(records)
    inputs = run_suite(f"{contract.dataset}.inputs", [_summary_part(summary, thresholds)], run_name)
    input_outcomes = {outcome.name: outcome for outcome in outcomes(inputs) if outcome.name}
    validations.append(inputs)

    checks = (
        check_expectations_ran((*record_outcomes, *input_outcomes.values())),
        _agreement(record_outcomes, rule_counts, judged),
        _rows_judged(judged, rows if frame is None else len(frame), thresholds.max_rows),
        _quarantine_share(summary, input_outcomes["quarantine_share"], thresholds),
        *(
            _per_file(name, summary, input_outcomes[name], low, high, _ADVICE[name])
            for name, (_, low, high) in _bounds(thresholds).items()
        ),
    )
    passed = all(check.passed for check in checks if check.critical)
    rules = {rule: (int(rule_counts.get(rule, 0)), n) for rule, n in count_by_rule(record_outcomes).items()}
    html = render_page(f"{contract.title.en} ({run_name})", _NOTE, checks, rules, validations)
    return GateResult(contract.dataset, passed, checks, html)


def _summary_part(summary: pd.DataFrame, thresholds: GateThresholds) -> tuple[pd.DataFrame, SuitePart]:
    """Return the suite over the summary; the share of the whole batch stands in each of its rows."""
    gxe = gx_expectations()
    share = _ratio(int(summary["rows_quarantined"].sum()), int(summary["rows_read"].sum()))
    frame = summary.assign(batch_quarantine_share=pd.Series(share, index=summary.index, dtype="float64"))
    bounds = {"quarantine_share": ("batch_quarantine_share", 0.0, thresholds.quarantine_share), **_bounds(thresholds)}
    expectations = tuple(
        gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high, meta={"name": name})
        for name, (column, low, high) in bounds.items()
    )
    return frame, SuitePart(tuple(frame.columns), expectations, samples=True)


def _bounds(thresholds: GateThresholds) -> dict[str, tuple[str, float, float]]:
    """Return check → (column of the summary, lowest, highest value of a file that passes)."""
    return {
        "rows_against_last_period": ("rows_ratio", thresholds.rows_ratio_low, thresholds.rows_ratio_high),
        "referential_coverage": ("referential_coverage", thresholds.coverage, 1.0),
        "distribution_drift": ("distribution_drift", 0.0, thresholds.drift),
    }


_ADVICE = {
    "rows_against_last_period": Bilingual(
        vi="Số dòng khác nhiều so với kỳ trước; hỏi lại đơn vị gửi",
        en="The number of rows is far from the last period's; ask the sender",
    ),
    "referential_coverage": Bilingual(
        vi="Nhiều mã đơn vị, thủ tục hoặc bộ phiếu không tra được; bổ sung bảng danh mục hoặc tên gọi khác",
        en="Many unit, procedure or instrument codes are not known; add to the reference tables or aliases",
    ),
    "distribution_drift": Bilingual(
        vi="Cơ cấu theo mã khác nhiều so với kỳ trước; kiểm tra bảng quy đổi mã của nguồn",
        en="The shares of the codes are far from the last period's; check the source's value map",
    ),
}


def check_expectations_ran(found: Iterable[Outcome]) -> GateCheck:
    """Return the check that every expectation could be computed; one that raised has judged nothing."""
    raised = [f"{outcome.expectation} ({outcome.column}): {outcome.raised}" for outcome in found if outcome.raised]
    what = "; ".join(dict.fromkeys(raised))
    return GateCheck(
        name="expectations_ran",
        passed=not raised,
        critical=True,
        observed=float(len(raised)),
        expected="0",
        message_vi=f"Không tính được {len(raised)} kỳ vọng, dữ liệu chưa được kiểm tra: {what}"
        if raised
        else "Mọi kỳ vọng đều tính được",
        message_en=f"{len(raised)} expectations could not be computed, so the data are not judged: {what}"
        if raised
        else "Every expectation could be computed",
    )


def _agreement(found: tuple[Outcome, ...], rule_counts: Mapping[str, int], judged: bool) -> GateCheck:
    expected = "the same rows for every rule"
    if not judged:
        return GateCheck(
            "agreement", True, True, None, expected, "Không so sánh từng dòng", "Rows not compared one by one"
        )
    differences = []
    counted = count_by_rule(found)
    for rule, n_expectations in counted.items():
        n_rules = int(rule_counts.get(rule, 0))
        if n_rules != n_expectations:
            differences.append((rule, n_rules, n_expectations))
    answers = sum(outcome.unexpected or 0 for outcome in found if outcome.item)
    for outcome in found:
        if outcome.name == ANSWERS_OUTSIDE and int(outcome.observed or 0) != answers:
            differences.append((ANSWERS_OUTSIDE, int(outcome.observed or 0), answers))
    what_vi = "; ".join(f"{rule}: quy tắc {a} dòng, kỳ vọng {b} dòng" for rule, a, b in differences)
    what_en = "; ".join(f"{rule}: rules {a} rows, expectations {b} rows" for rule, a, b in differences)
    return GateCheck(
        name="agreement",
        passed=not differences,
        critical=True,
        observed=float(len(differences)),
        expected=expected,
        message_vi=f"Quy tắc và kỳ vọng đếm khác nhau, không nạp được: {what_vi}"
        if differences
        else f"Quy tắc và kỳ vọng đếm như nhau ở {len(counted)} quy tắc",
        message_en=f"Rules and expectations count differently, so nothing lands: {what_en}"
        if differences
        else f"Rules and expectations count the same for {len(counted)} rules",
    )


def count_by_rule(found: Iterable[Outcome]) -> dict[str, int]:
    """Return rule id → rows its expectations did not expect; rules with an expectation that raised are left out."""
    counts: dict[str, int] = {}
    raised = set()
    for outcome in found:
        if outcome.rule is None:
            continue
        if outcome.unexpected is None:
            raised.add(outcome.rule)
        else:
            counts[outcome.rule] = counts.get(outcome.rule, 0) + outcome.unexpected
    return {rule: n for rule, n in counts.items() if rule not in raised}


def _rows_judged(judged: bool, rows: int, max_rows: int) -> GateCheck:
    if judged:
        vi, en = f"Đã kiểm tra từng dòng ({rows} dòng)", f"The rows themselves were judged ({rows} rows)"
    elif rows > max_rows:
        vi = f"{rows} dòng, giới hạn là {max_rows}: chỉ kiểm tra bảng tổng hợp theo tệp, không kiểm tra từng dòng"
        en = f"{rows} rows, the limit is {max_rows}: only the summary per file was judged, not the rows themselves"
    else:
        vi, en = "Không có dòng nào đọc được để kiểm tra", "No row could be read, so there was none to judge"
    return GateCheck("rows_judged", rows <= max_rows, False, float(rows), f"≤ {max_rows} rows", vi, en)


def _quarantine_share(summary: pd.DataFrame, outcome: Outcome, thresholds: GateThresholds) -> GateCheck:
    read, quarantined = int(summary["rows_read"].sum()), int(summary["rows_quarantined"].sum())
    share = _ratio(quarantined, read)
    worst = summary.sort_values(["rows_quarantined", "path"], ascending=[False, True])
    files = _named(worst[worst["rows_quarantined"] > 0]["path"])
    return GateCheck(
        name="quarantine_share",
        passed=outcome.success,
        critical=True,
        observed=share,
        expected=f"≤ {thresholds.quarantine_share:g}",
        message_vi=f"{quarantined} trên {read} dòng bị giữ lại"
        + ("" if outcome.success else f", quá ngưỡng; xem nguồn và bản mô tả nguồn của: {files}"),
        message_en=f"{quarantined} of {read} rows quarantined"
        + ("" if outcome.success else f", above the threshold; look at the files and their source spec: {files}"),
    )


def _per_file(
    name: str, summary: pd.DataFrame, outcome: Outcome, low: float, high: float, advice: Bilingual
) -> GateCheck:
    """Return the check of one measure per file; the observed value is the worst one, or None without any."""
    values = summary[outcome.column].dropna()
    excess = pd.concat([low - values, values - high], axis=1).max(axis=1).sort_values(ascending=False, kind="stable")
    outside = excess[excess > 0].index
    files = _named(summary.loc[outside, "path"])
    return GateCheck(
        name=name,
        passed=outcome.success,
        critical=False,
        observed=None if values.empty else float(values.loc[excess.index[0]]),
        expected=f"{low:g}–{high:g}",
        message_vi="Không có tệp nào để so sánh"
        if values.empty
        else f"{len(values)} tệp so sánh được, tất cả trong giới hạn"
        if outcome.success
        else f"{len(outside)} trên {len(values)} tệp ngoài giới hạn: {files}. {advice.vi}",
        message_en="No file to compare"
        if values.empty
        else f"{len(values)} files could be compared, all within bounds"
        if outcome.success
        else f"{len(outside)} of {len(values)} files out of bounds: {files}. {advice.en}",
    )


def _named(paths: pd.Series[str]) -> str:
    names = [str(path) for path in paths.iloc[:_FILES_NAMED]]
    return ", ".join(names) + (f" (+{len(paths) - _FILES_NAMED})" if len(paths) > _FILES_NAMED else "")
