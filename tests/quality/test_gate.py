"""The gate over one batch: counts equal an independent pandas count, disagreement and errors close it, pages are clean."""

from __future__ import annotations

import gc
import logging
import re
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from quality import expectations
from quality.contract import Contract, day_column, load_contracts
from quality.data_docs import render_index
from quality.expectations import SENT_ON, given_column, outcomes, record_suite, run_suite
from quality.gate import (
    CHECK_NAMES,
    CRITICAL_CHECKS,
    GateThresholds,
    InputCounts,
    count_by_rule,
    distribution_drift,
    judge,
    summarise,
)
from quality.verdict import GateCheck, GateResult

N_ROWS = 400
SENT = date(2023, 6, 15)
PERSON = "Nguyễn Thị Giả Định"
PHONE = "0000 111 222"
LEVEL_SETS = {
    ("HN2023", "I.1"): tuple("12345"),
    ("HN2023", "I.2"): tuple("12345"),
    ("short", "I.1"): ("yes", "no"),
    ("short", "I.2"): ("yes", "no"),
}


def clean_frame(dataset: str) -> pd.DataFrame:
    """Return N_ROWS records of the dataset that break no rule but the presence of dates that may be blank."""
    contract = load_contracts()[dataset]
    columns: dict[str, Any] = {}
    for field in contract.fields:
        if field.type in ("date", "instant"):
            start = {"settled_at": "2023-03-01", "closed_at": "2023-03-01"}.get(field.name, "2023-02-01")
            moments = pd.Series(pd.date_range(start, periods=N_ROWS, freq="h", unit="us"))
            if field.type == "instant":
                columns[field.name] = moments
                columns[day_column(field.name)] = moments.dt.date
            else:
                columns[field.name] = moments.dt.date
            given = moments.dt.strftime("%d/%m/%Y %H:%M")
        else:
            choices = field.values or {"unit": ("10459", "10462"), "instrument": ("HN2023",)}.get(
                field.type, tuple(f"{field.name}-{i}" for i in range(N_ROWS))
            )
            given = pd.Series([choices[i % len(choices)] for i in range(N_ROWS)], dtype="str")
            columns[field.name] = given
        if field.is_checked_against_text:
            columns[f"{field.name}__given"] = given.astype("str")
    columns[SENT_ON] = pd.Series([SENT] * N_ROWS)
    if dataset == "survey_response":
        for item in ("I.1", "I.2"):
            columns[f"item__{item}"] = pd.Series([None if i % 7 == 0 else str(i % 5 + 1) for i in range(N_ROWS)])
    return pd.DataFrame(columns)


def blank(frame: pd.DataFrame, field: str, rows: list[int]) -> None:
    """Leave the field blank in the source."""
    for column in (field, f"{field}__given", day_column(field)):
        if column in frame:
            frame.loc[rows, column] = None


def unreadable(frame: pd.DataFrame, field: str, rows: list[int], text: str) -> None:
    """Give a text that has no typed value."""
    frame.loc[rows, f"{field}__given"] = text
    for column in (field, day_column(field)):
        if column in frame:
            frame.loc[rows, column] = None


def dirty_case_frame() -> pd.DataFrame:
    frame = clean_frame("case")
    blank(frame, "record_id", [1, 2])
    blank(frame, "received_at", [3])
    unreadable(frame, "received_at", [4, 5, 6], "29/02/2023")
    unreadable(frame, "channel", [7, 8], PERSON)
    unreadable(frame, "state", [9], "xong")
    unreadable(frame, "unit_code", [10, 11, 12], "Xã không có")
    unreadable(frame, "procedure_code", [13], "9.999999")
    frame.loc[[14, 15], "settled_on"] = pd.Timestamp("2023-01-01").date()
    blank(frame, "due_at", [16, 17, 18])
    unreadable(frame, "due_at", [19], "thứ hai")
    frame.loc[[20, 21, 22], ["state", "state__given"]] = "settled"
    blank(frame, "settled_at", [20, 21, 22])
    frame.loc[[23], ["state", "state__given"]] = "processing"
    blank(frame, "settled_at", [23])
    frame.loc[[24], "received_on"] = frame.loc[[24, 25], "settled_on"] = date(2032, 6, 14)
    frame.loc[[26, 27], "settled_on"] = [SENT, SENT + timedelta(days=1)]
    frame.loc[[28], "due_on"] = date(2032, 6, 14)
    frame.loc[[30], "record_id"] = f"{PERSON} {PHONE}"
    return frame


def independent_counts(frame: pd.DataFrame, contract: Contract) -> dict[str, int]:
    """Count every rule with pandas alone."""
    counts: dict[str, int] = {}
    for field in contract.fields:
        prefix = f"{contract.dataset}.{field.name}"
        given = frame[given_column(field)].notna().to_numpy()
        typed = frame[field.name].notna().to_numpy()
        if field.required:
            counts[f"{prefix}.required"] = int((~given).sum())
        if field.type in ("date", "instant", "integer", "decimal"):
            counts[f"{prefix}.type"] = int((given & ~typed).sum())
        elif field.type == "code":
            counts[f"{prefix}.values"] = int((given & ~frame[field.name].isin(field.values).to_numpy()).sum())
        elif field.is_checked_against_text:
            counts[f"{prefix}.unknown"] = int((given & ~typed).sum())
        if field.happened:
            days = frame[day_column(field.name) if field.type == "instant" else field.name]
            counts[f"{prefix}.future"] = sum(day > SENT for day in days if not pd.isna(day))
    for rule in contract.rules:
        field = contract.field(rule.field)
        given = frame[given_column(field)]
        blank_cell = [value is None or value != value for value in given]
        if rule.kind == "present":
            counts[rule.id] = sum(blank_cell)
        elif rule.kind == "present_when" and rule.when is not None:
            counts[rule.id] = sum(
                b and s in rule.when.in_ for b, s in zip(blank_cell, frame[rule.when.field], strict=True)
            )
        elif rule.kind == "not_before" and rule.other is not None:
            days = zip(frame[day_column(rule.field)], frame[day_column(rule.other)], strict=True)
            counts[rule.id] = sum(a < b for a, b in days if not pd.isna(a) and not pd.isna(b))
    return counts


def one_input(frame: pd.DataFrame, quarantined: int = 0, **more: Any) -> pd.DataFrame:
    return summarise([InputCounts("in1", "khao_sat/10459.xlsx", len(frame), quarantined, **more)])


def judge_case(frame: pd.DataFrame, counts: dict[str, int], **thresholds: Any) -> GateResult:
    return judge(
        load_contracts()["case"], frame, one_input(frame, 20), counts, {}, GateThresholds(**thresholds), "run-1"
    )


def check(result: GateResult, name: str) -> GateCheck:
    return next(check for check in result.checks if check.name == name)


def test_planted_errors_are_counted_exactly() -> None:
    frame, contract = dirty_case_frame(), load_contracts()["case"]
    found = count_by_rule(outcomes(run_suite("case.records", record_suite(contract, frame, {}), "run-1")))
    assert found == independent_counts(frame, contract)
    assert {rule: rows for rule, rows in found.items() if rows} == {
        "case.record_id.required": 2,
        "case.unit_code.unknown": 3,
        "case.procedure_code.unknown": 1,
        "case.channel.values": 2,
        "case.state.values": 1,
        "case.received_at.required": 1,
        "case.received_at.type": 3,
        "case.due_at.type": 1,
        "case.received_at.future": 1,
        "case.settled_at.future": 3,
        "case.settled_before_received": 2,
        "case.finished_without_end": 3,
        "case.due_date_missing": 3,
    }


@pytest.mark.parametrize("dataset", ["complaint", "survey_response"])
def test_other_datasets_count_like_pandas(dataset: str) -> None:
    frame, contract = clean_frame(dataset), load_contracts()[dataset]
    blank(frame, "unit_code", [5, 6])
    if dataset == "complaint":
        unreadable(frame, "class", [1], "khác lạ")
        frame.loc[[2, 3], "closed_on"] = pd.Timestamp("2022-01-01").date()
        frame.loc[[4], "published_on"] = date(2032, 1, 1)
    else:
        unreadable(frame, "responded_on", [1], "31/02/2023")
        unreadable(frame, "instrument_code", [2], "HN1999")
        frame.loc[[4], "responded_on"] = date(2032, 1, 1)
    result = judge(
        contract,
        frame,
        one_input(frame),
        independent_counts(frame, contract),
        LEVEL_SETS,
        GateThresholds(),
        "run-1",
    )
    assert result.passed, result.checks
    assert check(result, "agreement").passed


def test_a_bad_code_left_in_the_typed_column_counts_once() -> None:
    frame = clean_frame("case")
    frame.loc[[1, 2], ["channel", "channel__given"]] = "bưu tá"
    unreadable(frame, "channel", [3], "bưu tá")
    counts = independent_counts(frame, load_contracts()["case"])
    assert counts["case.channel.values"] == 3
    assert judge_case(frame, counts).passed


@pytest.mark.parametrize("as_arrow", [False, True])
def test_days_compare_whatever_type_holds_them(as_arrow: bool) -> None:
    frame = dirty_case_frame()
    for column in ("received_on", "settled_on"):
        frame[column] = frame[column].astype("date32[pyarrow]") if as_arrow else pd.to_datetime(frame[column])
    contract = load_contracts()["case"]
    found = count_by_rule(outcomes(run_suite("case.records", record_suite(contract, frame, {}), "run-1")))
    assert found["case.settled_before_received"] == 2


def test_answers_outside_the_scale_of_their_instrument() -> None:
    frame, contract = clean_frame("survey_response"), load_contracts()["survey_response"]
    frame.loc[[10, 11], "item__I.1"] = "9"
    frame.loc[[11, 12], "item__I.2"] = PERSON
    frame.loc[[20, 21, 22], ["instrument_code", "instrument_code__given"]] = "short"
    frame.loc[[20, 21, 22], "item__I.1"] = ["yes", "no", "5"]
    frame.loc[[20, 21, 22], "item__I.2"] = ["no", None, "maybe"]
    unreadable(frame, "instrument_code", [30], "HN1999")
    frame.loc[[30], "item__I.1"] = "99"
    counts = independent_counts(frame, contract) | {"survey_answer.outside_scale": 4}
    result = judge(contract, frame, one_input(frame), counts, LEVEL_SETS, GateThresholds(), "run-1")
    assert check(result, "agreement").passed, check(result, "agreement").message_en
    assert PERSON not in result.html.decode()
    found = outcomes(run_suite("survey.records", record_suite(contract, frame, LEVEL_SETS), "run-1"))
    forms = [o.unexpected for o in found if o.rule == "survey_answer.outside_scale"]
    assert forms == [4]
    per_item = {column: [o.unexpected for o in found if o.column == column] for column in ("item__I.1", "item__I.2")}
    assert per_item == {"item__I.1": [2, 1], "item__I.2": [2, 1]}
    answers_instead_of_forms = judge(
        contract,
        frame,
        one_input(frame),
        counts | {"survey_answer.outside_scale": 6},
        LEVEL_SETS,
        GateThresholds(),
        "run-1",
    )
    assert not answers_instead_of_forms.passed


def test_an_item_the_instrument_does_not_have_allows_no_answer() -> None:
    frame, contract = clean_frame("survey_response"), load_contracts()["survey_response"]
    frame["item__IX.9"] = None
    frame.loc[[1, 2], "item__IX.9"] = "5"
    found = count_by_rule(outcomes(run_suite("s", record_suite(contract, frame, LEVEL_SETS), "run-1")))
    assert found["survey_answer.outside_scale"] == 2


def test_answers_counted_without_any_item_disagree() -> None:
    frame, contract = clean_frame("survey_response"), load_contracts()["survey_response"]
    frame = frame.drop(columns=["item__I.1", "item__I.2"])
    counts = {"survey_answer.outside_scale": 1}
    result = judge(contract, frame, one_input(frame), counts, LEVEL_SETS, GateThresholds(), "run-1")
    assert "survey_answer.outside_scale: rules 1 rows, expectations 0 rows" in check(result, "agreement").message_en


def test_a_wrong_rule_count_closes_the_gate() -> None:
    frame = dirty_case_frame()
    counts = independent_counts(frame, load_contracts()["case"])
    assert judge_case(frame, counts).passed
    result = judge_case(frame, counts | {"case.unit_code.unknown": 2})
    assert not result.passed
    agreement = check(result, "agreement")
    assert agreement.critical and not agreement.passed
    assert "case.unit_code.unknown: rules 2 rows, expectations 3 rows" in agreement.message_en
    assert "case.unit_code.unknown: quy tắc 2 dòng, kỳ vọng 3 dòng" in agreement.message_vi


def test_rules_without_an_expectation_are_left_alone() -> None:
    frame = clean_frame("case")
    assert judge_case(frame, {"case.duplicate_key": 17}).passed


def test_an_expectation_that_raises_closes_the_gate_and_says_why() -> None:
    frame = dirty_case_frame()
    counts = independent_counts(frame, load_contracts()["case"])
    result = judge_case(frame.drop(columns="settled_on"), counts)
    ran = check(result, "expectations_ran")
    assert not result.passed and ran.critical and not ran.passed
    assert "the batch has no column settled_on" in ran.message_en
    html = result.html.decode()
    assert "the batch has no column settled_on" in html
    assert "Traceback" not in html and "site-packages" not in html


def test_a_raising_expectation_quotes_no_value() -> None:
    frame = clean_frame("case")
    frame["settled_on"] = pd.Series([PERSON, 1] * (len(frame) // 2), dtype=object)
    result = judge_case(frame, {})
    ran = check(result, "expectations_ran")
    assert not result.passed and "TypeError" in ran.message_en
    assert PERSON not in result.html.decode() and PERSON not in str(result.checks)


def test_the_share_of_quarantined_rows_is_judged_over_the_batch() -> None:
    frame, contract = clean_frame("case"), load_contracts()["case"]
    files = [InputCounts("a", "a.xlsx", 300, 0), InputCounts("b", "b.xlsx", 100, 100)]
    summary = summarise(files)
    assert summary["quarantine_share"].tolist() == [0.0, 1.0]

    def verdict(threshold: float) -> GateResult:
        return judge(contract, frame, summary, {}, {}, GateThresholds(quarantine_share=threshold), "run-1")

    open_gate, closed_gate = verdict(0.25), verdict(0.2499)
    assert open_gate.passed and check(open_gate, "quarantine_share").observed == 0.25
    share = check(closed_gate, "quarantine_share")
    assert not closed_gate.passed and not share.passed
    assert "100 of 400 rows quarantined" in share.message_en and "b.xlsx" in share.message_en
    assert "a.xlsx" not in share.message_en


def test_measures_against_the_last_period_warn_and_do_not_block() -> None:
    even, skewed = {"direct": 500, "online": 500}, {"direct": 900, "online": 100}
    summary = summarise(
        [
            InputCounts("a", "a.xlsx", 1000, 0, 1000, 100, 100, {"channel": even}, {"channel": even}),
            InputCounts("b", "b.xlsx", 100, 0, 1000, 100, 60, {"channel": skewed}, {"channel": even}),
            InputCounts("c", "c.xlsx", 10, 0),
        ]
    )
    result = judge(load_contracts()["case"], clean_frame("case"), summary, {}, {}, GateThresholds(), "run-1")
    assert result.passed
    for name, observed in {
        "rows_against_last_period": 0.1,
        "referential_coverage": 0.6,
        "distribution_drift": 0.4,
    }.items():
        warning = check(result, name)
        assert not warning.passed and not warning.critical
        assert warning.observed == pytest.approx(observed)
        assert "1 of 2 files" in warning.message_en and "b.xlsx" in warning.message_en


def test_distribution_drift() -> None:
    assert distribution_drift({"a": 100}, {"a": 300}) == 0
    assert distribution_drift({"a": 100}, {"b": 100}) == 1
    assert distribution_drift({"a": 80, "b": 20}, {"a": 50, "b": 50}) == pytest.approx(0.3)
    assert distribution_drift({"a": 99}, {"a": 100}) is None
    assert distribution_drift({"a": 1000}, {}) is None


def test_above_the_limit_only_the_summary_is_judged() -> None:
    frame = dirty_case_frame()
    for given in (frame, None):
        result = judge(
            load_contracts()["case"], given, one_input(frame), {}, {}, GateThresholds(max_rows=N_ROWS - 1), "run-1"
        )
        rows = check(result, "rows_judged")
        assert result.passed and not rows.passed and not rows.critical
        assert rows.observed == N_ROWS and "only the summary per file" in rows.message_en


def test_a_batch_none_of_whose_rows_could_be_read() -> None:
    summary = summarise([InputCounts("x", "x.xlsx", 0, 0)])
    result = judge(load_contracts()["case"], None, summary, {}, {}, GateThresholds(), "run-1")
    assert result.passed and "No row could be read" in check(result, "rows_judged").message_en


def test_a_batch_without_rows_passes() -> None:
    empty = clean_frame("case").iloc[:0]
    for summary in (one_input(empty), summarise([])):
        result = judge(load_contracts()["case"], empty, summary, {}, {}, GateThresholds(), "run-1")
        assert result.passed, result.checks


def test_every_gate_reports_the_declared_checks() -> None:
    result = judge_case(clean_frame("case"), {})
    assert tuple(check.name for check in result.checks) == CHECK_NAMES
    assert {check.name for check in result.checks if check.critical} == CRITICAL_CHECKS


def test_the_page_is_the_same_bytes_and_needs_no_network() -> None:
    frame = dirty_case_frame()
    counts = independent_counts(frame, load_contracts()["case"])
    first, second = judge_case(frame, counts), judge_case(frame.copy(), counts)
    assert first.html == second.html
    html = first.html.decode()
    assert "<script" not in html and not re.search(r"(src|href)=\"?(https?:)?//", html) and "url(" not in html
    assert "case.settled_before_received" in html and "case.records" in html and "case.inputs" in html
    index = render_index("Gates", [first, second]).decode()
    assert 'href="case.html"' in index


def test_no_value_of_a_row_that_may_be_personal_reaches_the_page() -> None:
    frame = dirty_case_frame()
    frame.loc[[40, 41], "record_id"] = [PERSON, PHONE]
    frame.loc[[42], "procedure_field"] = PERSON
    frame.loc[[43], ["channel", "channel__given"]] = PHONE
    unreadable(frame, "due_at", [44], f"{PERSON} {PHONE}")
    result = judge_case(frame, {})
    text = result.html.decode() + str(result.checks)
    for value in (PERSON, PHONE, "29/02/2023", "Xã không có", "9.999999", "record_id-50"):
        assert value not in text


def test_dates_in_the_wrong_order_are_shown_as_samples() -> None:
    frame = dirty_case_frame()
    assert "2023-01-01" in judge_case(frame, {}).html.decode()


def test_text_from_a_source_is_escaped() -> None:
    frame = clean_frame("case")
    summary = summarise([InputCounts("x", "<script>alert(1)</script>.xlsx", N_ROWS, N_ROWS)])
    result = judge(load_contracts()["case"], frame, summary, {}, {}, GateThresholds(), "run-1")
    assert "<script" not in result.html.decode()


def test_the_engine_writes_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """One of its loggers asks for INFO by itself and tells of a temporary folder when the context is made."""
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.INFO)
    expectations._batch_definition.cache_clear()
    judge_case(clean_frame("case").drop(columns="settled_on"), {})
    assert [record for record in caplog.records if record.name.startswith("great_expectations")] == []


def test_earlier_batches_are_given_back() -> None:
    def live_frames() -> int:
        gc.collect()
        return sum(type(thing) is pd.DataFrame for thing in gc.get_objects())

    frame = dirty_case_frame()
    judge_case(frame, {})
    before = live_frames()
    for _ in range(3):
        judge_case(frame, {})
    assert live_frames() <= before


def test_a_batch_whose_name_is_all_digits_has_its_page() -> None:
    """An id of hexadecimal digits can look like a year that no calendar has."""
    frame = clean_frame("case")
    result = judge(load_contracts()["case"], frame, one_input(frame), {}, {}, GateThresholds(), "2107694077891221")
    assert b"2107694077891221" in result.html
