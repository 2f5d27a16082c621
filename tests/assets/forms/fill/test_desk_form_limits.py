"""Forms of the desk at their limits: bands and ranks, floors, nothing at all, locked periods, what is hidden."""

from __future__ import annotations

from typing import Any

import pytest
from desk_marts import DISTRICT, FROM, MARCH, QUARTER, A, B, C, Row, figures, subject

from assets.forms.fill.agency_evaluation import AGENCY_EVALUATION, AGENCY_EVALUATIONS
from assets.forms.fill.case_evaluation import CASE_EVALUATION
from assets.forms.fill.case_ratings import mean_points
from assets.forms.fill.complaints import COMPLAINT_SUMMARY
from assets.forms.fill.data_quality import DATA_QUALITY
from assets.forms.fill.overdue import OVERDUE_LIST, OVERDUE_SUMMARY
from assets.forms.fill.service_quality import SERVICE_QUALITY
from assets.forms.fill.settlement import settlement_forms
from assets.forms.kind import FormKind
from assets.forms.kinds import form_kinds
from assets.forms.model import Form, Mark, Table
from assets.forms.options import FormOptions
from assets.forms.subject import UnitKey

BY_FIELD, BY_UNIT = settlement_forms()
RELATIONS = (
    "marts.case_settlement", "marts.complaint_handling", "marts.one_stop_evaluation", "marts.one_stop_index",
    "marts.case_apology", "marts.service_quality_766", "marts.dim_channel", "office.evaluated_case", "marts.fct_agency_score",
    "office.index_standard", "office.overdue_case", "office.source_quality", "office.source_rule",
)  # fmt: skip
COUNTS = (
    "n_opening", "n_restated", "n_received", "n_received_online", "n_received_other", "n_settled_early",
    "n_settled_on_day", "n_settled_late", "n_settled_no_due_date", "n_withdrawn", "n_pending_in_time",
    "n_pending_overdue", "n_pending_no_due_date", "n_pending_supplement", "n_unplaced_no_end",
    "n_unplaced_end_before_start", "n_unplaced_refused",
)  # fmt: skip


def evaluation(unit: UnitKey, n_forms: int, total: float, band: str, rank: int, weighting: str = "units") -> Row:
    """A row of Mẫu 03; the nine means are equal but the last, which makes up the total to the hundredth."""
    each = round(total / 9, 2)
    means = {f"index_{index}": each for index in range(1, 9)} | {"index_9": round(total - 8 * each, 2)}
    levels = {"n_dissatisfied": 0, "n_satisfied": 0, "n_very_satisfied": n_forms}
    return (
        {"unit": unit, "weighting": weighting, "n_forms": n_forms, "total_points": total, "band": band, "rank": rank}
        | {"band_vi": {"excellent": "Xuất sắc", "good": "Tốt", "medium": "Trung bình"}[band], "n_ranked": 3}
        | means
        | levels
    )


def table(form: Form, place: int = 0) -> Table:
    return [block for block in form.blocks if isinstance(block, Table)][place]


def fill(kind: FormKind, unit: UnitKey, relations: dict[str, list[Row]]) -> Form:
    period = MARCH if "month" in kind.period_kinds and "quarter" not in kind.period_kinds else QUARTER
    form = kind.fill(subject(unit, period), figures(period, {name: [] for name in RELATIONS} | relations), "vi")
    assert form is not None
    return form


def test_points_are_cut_to_one_decimal_and_bands_rest_on_the_whole() -> None:
    """14.99 prints as 14.9 and is Tốt; 15 is Xuất sắc; equal totals share a rank; 12.5 and 15.25 are the two means."""
    rows = [
        evaluation(A, 30, 15.0, "excellent", 1),
        evaluation(B, 100, 14.99, "good", 3),
        evaluation(C, 10, 15.0, "excellent", 1),
        evaluation(DISTRICT, 140, 12.5, "good", 1),
        evaluation(DISTRICT, 140, 15.25, "excellent", 1, "forms"),
    ]
    form = fill(AGENCY_EVALUATIONS, DISTRICT, {"marts.one_stop_evaluation": rows})
    lines = table(form).lines
    assert [(line.values[1], line.values[12:15]) for line in lines] == [
        ("Xã An Mỹ", (15.0, "Xuất sắc", 1)),
        ("Xã An Tiến", (14.9, "Tốt", 3)),
        ("Xã Đại Hưng", (15.0, "Xuất sắc", 1)),
        ("Tổng", (12.5, "Tốt", Mark.NOT_APPLICABLE)),
    ]
    assert lines[1].values[3] == 1.6  # 1.67, cut
    assert any("12,50 điểm (Tốt)" in note and "15,25 điểm (Xuất sắc)" in note for note in form.notes)


def test_a_total_that_lacks_an_index_is_none_and_said() -> None:
    row = evaluation(A, 3, 15.0, "excellent", 1, "forms") | {
        "index_5": None, "total_points": None, "band": None, "band_vi": None, "rank": None, "n_ranked": None,
    }  # fmt: skip
    form = fill(AGENCY_EVALUATION, A, {"marts.one_stop_evaluation": [row]})
    assert [line.values[3] for line in table(form).lines if line.role == "total"] == [None, None]
    assert any("thiếu chỉ số 5" in note for note in form.notes)


def rated(unit: UnitKey, number: int, **more: Any) -> Row:
    row = {"unit": unit, "evaluation_id": number, "own_unit_code": unit.code, "own_unit_valid_from": unit.valid_from}
    row |= {"record_id": f"HS-{number}", "evaluated_on": MARCH.starts_on, "civil_servant_points": None, "overall": None}
    return row | {f"index_{index}": None for index in (1, 2, 3, 4, 6, 7)} | more


@pytest.mark.parametrize(
    ("points", "mean"), [([1, 2, 2, 2, 2, 2, 2, 2], 1.88), ([2.0], 2.0), ([1, 1, 2], 1.33), ([], None)]
)
def test_means_round_half_up_to_two_decimals(points: list[float], mean: float | None) -> None:
    assert mean_points([rated(A, number, index_1=value) for number, value in enumerate(points)], "1") == mean


def test_ratings_state_numerator_denominator_and_what_is_left_out() -> None:
    forms = [
        rated(A, 1, overall="satisfied", index_1=2.0),
        rated(A, 2, overall="dissatisfied"),
        rated(A, 3),
        rated(A, 4, overall="very_satisfied", record_id=None),
    ]
    form = fill(CASE_EVALUATION, A, {"office.evaluated_case": forms})
    assert [line.values[1] for line in table(form).lines[:4]] == ["HS-1", "HS-2", "HS-3", None]
    assert table(form).lines[4].values[-3:] == (1, 1, 1)
    assert table(form).lines[6].values[-3:] == ("33,33%", "33,33%", "33,33%")
    assert "2/3 phiếu" in form.notes[0] and "66,67%" in form.notes[0] and "không tính 1 phiếu" in form.notes[0]
    assert any("4 phiếu không có tổng điểm" in note for note in form.notes)
    assert any("1 phiếu không có mã hồ sơ" in note for note in form.notes)
    # No source gives the bands of a civil servant's total.
    assert {line.values[9] for line in table(form).lines[:4]} == {""}


def settled(unit: UnitKey, **counts: int) -> Row:
    return {"unit": unit, "procedure_field": "*"} | dict.fromkeys(COUNTS, 0) | counts


def test_what_a_locked_period_did_not_know_and_unplaced_cases_are_noted() -> None:
    row = settled(
        A, n_opening=3, n_restated=1, n_received=2, n_received_other=1, n_settled_early=5, n_unplaced_refused=4
    )
    form = fill(BY_FIELD, A, {"marts.case_settlement": [row]})
    assert table(form).lines[-1].values[2:] == (5, 0, 2, 3, 5, 5, 0, 0, 0, 0, 0)
    assert any("Cột (6) khác" in note and " 1 hồ sơ" in note for note in form.notes)
    assert any("Cột (5) gồm 1 hồ sơ" in note for note in form.notes)
    assert any("4 hồ sơ không được tiếp nhận" in note for note in form.notes)


def test_cases_without_a_due_date_are_in_columns_9_and_12_as_the_setting_says() -> None:
    row = settled(A, n_received=3, n_settled_no_due_date=1, n_pending_no_due_date=2)
    for undated_in_time, columns in (
        (True, (3, 0, 3, 0, 1, 0, 1, 0, 2, 2, 0)),
        (False, (3, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0)),
    ):
        [kind] = [
            kind for kind in form_kinds(FormOptions(undated_in_time=undated_in_time)) if kind.code == BY_FIELD.code
        ]
        form = fill(kind, A, {"marts.case_settlement": [row]})
        assert table(form).lines[-1].values[2:] == columns
        assert any("không có ngày hẹn trả" in note and " 1 đã" in note for note in form.notes)


def test_cases_of_no_unit_below_have_a_line_of_their_own() -> None:
    rows = [settled(A, n_received=2, n_settled_late=2), settled(DISTRICT, n_received=3, n_settled_late=3)]
    lines = table(fill(BY_UNIT, DISTRICT, {"marts.case_settlement": rows})).lines
    assert [(line.values[1], line.values[2]) for line in lines] == [
        ("Xã An Mỹ", 2), ("Xã An Tiến", 0), ("Xã Đại Hưng", 0), ("Đơn vị khác hoặc không rõ đơn vị", 1), ("Tổng số", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [AGENCY_EVALUATION, AGENCY_EVALUATIONS, CASE_EVALUATION, BY_FIELD, BY_UNIT, COMPLAINT_SUMMARY, OVERDUE_LIST,
     OVERDUE_SUMMARY, SERVICE_QUALITY, DATA_QUALITY],
    ids=lambda kind: str(kind.code),
)  # fmt: skip
def test_a_period_without_records_gives_empty_tables(kind: FormKind) -> None:
    form = fill(kind, DISTRICT if "district" in kind.levels else A, {})
    assert all(not block.lines for block in form.blocks if isinstance(block, Table))


@pytest.mark.parametrize("issued", [0, 3])
def test_apologies_that_no_source_states_are_not_said_to_be_none(issued: int) -> None:
    late = {"n_late": 11, "n_late_settled": 9, "n_late_pending": 2}
    row = {"unit": A, "n_apology_issued": issued, "n_apology_owed": 11 - issued, "apology_pct": 100 * issued / 11}
    case = {"unit": A, "case_id": "1", "record_id": "H26", "received_on": FROM, "due_original_on": None, "due_on": FROM,
            "settled_on": FROM, "days_late": 3, "apology_status": "owed", "apologised_on": None,
            "overdue_status": "settled_late", "own_unit_code": "A", "own_unit_valid_from": FROM,
            "apologies_stated": "yes" if issued else "no"}  # fmt: skip
    given = {"marts.case_apology": [row | late | {"hidden": False}], "office.overdue_case": [case]}
    listed, summary = fill(OVERDUE_LIST, A, given), fill(OVERDUE_SUMMARY, A, given)
    assert any("Nguồn số liệu của 1 hồ sơ không nêu thư xin lỗi" in note for note in listed.notes) == (issued == 0)
    assert any("Chưa có nguồn số liệu về thư xin lỗi" in note for note in summary.notes) == (issued == 0)
    assert table(listed).lines[0].values[7] == ("Chưa" if issued else None)
    assert table(summary).lines[0].values[:3] == (11, 9, 2)
    assert table(summary).lines[0].values[3:5] == ((3, 8) if issued else (None, None))
    assert any("Đã xin lỗi" in note for note in listed.notes) == bool(issued)


def test_a_hidden_row_shows_how_many_were_late_and_not_the_share_of_few_that_got_an_apology() -> None:
    late = {"n_late": 4, "n_late_settled": 3, "n_late_pending": 1, "n_apology_issued": 3, "n_apology_owed": 1}
    hidden = {"unit": A, "hidden": True, "apology_pct": None} | late
    field = {"unit": A, "procedure_field": "Hộ tịch", "n_settled_late": 11, "n_pending_overdue": 0, "hidden": False}
    form = fill(OVERDUE_SUMMARY, A, {"marts.case_apology": [hidden], "marts.case_settlement": [field]})
    assert table(form).lines[0].values == (4, 3, 1, 3, 1, Mark.HIDDEN)
    assert table(form, 1).lines[0].values == (1, "Hộ tịch", 11, 0)


def test_late_cases_of_a_unit_whose_cases_are_hidden_are_shown() -> None:
    total = {"unit": A, "procedure_field": "*", "n_settled_late": 2, "n_pending_overdue": 0, "hidden": True}
    form = fill(OVERDUE_SUMMARY, A, {"marts.case_settlement": [total]})
    assert [line.values for line in table(form, 1).lines] == [(None, "Tổng số", 2, 0)]
