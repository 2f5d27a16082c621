"""Form II.06 of Circular 01/2020/TT-VPCP: how cases were settled, by field (II.06a) and by unit (II.06b).

The thirteen columns come from `case_settlement`, which counts by the period predicates of the form. The form adds withdrawn
cases to column 9 and waiting ones to column 12, and has no column for cases without a due date.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import counted, either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Column, Form, HeadCell, Language, Line, Table, Value
from assets.forms.subject import Subject
from assets.text.wording import name_key

MART = "marts.case_settlement"
PERIODS = frozenset({"quarter", "half_year", "nine_months", "year"})
_COUNTS = (
    "n_opening", "n_restated", "n_received", "n_received_online", "n_received_other", "n_settled_early",
    "n_settled_on_day", "n_settled_late", "n_settled_no_due_date", "n_withdrawn", "n_pending_in_time",
    "n_pending_overdue", "n_pending_no_due_date", "n_pending_supplement", "n_unplaced_no_end",
    "n_unplaced_end_before_start", "n_unplaced_refused",
)  # fmt: skip


def settlement_forms(undated_in_time: bool = True) -> tuple[FormKind, ...]:
    """Both forms. `undated_in_time`: cases without a due date stand in columns 9 and 12, as the software that prints the
    form has it; otherwise in no column, and the notes say by how many column 3 exceeds columns 7 and 11."""
    return (
        FormKind(
            code="case_settlement_by_field",
            audience="office",
            levels=frozenset({"commune", "district", "city"}),
            period_kinds=PERIODS,
            fill=partial(_by_field, undated_in_time),
        ),
        FormKind(
            code="case_settlement_by_unit",
            audience="office",
            levels=frozenset({"district", "city"}),
            period_kinds=PERIODS,
            fill=partial(_by_unit, undated_in_time),
        ),
    )


def _by_field(undated_in_time: bool, subject: Subject, figures: Figures, language: Language) -> Form:
    rows = figures.of(MART, subject.unit.key, subject.period.period_id)
    unstated = either(language, "Không rõ lĩnh vực", "Field not stated")
    named = {row["procedure_field"]: row for row in rows}
    total = named.pop("*", None)
    fields = sorted(named, key=lambda field: (field == "~", name_key(field)))
    lines = [(unstated if field == "~" else field, named[field]) for field in fields]
    return _form(
        subject,
        language,
        "case_settlement_by_field",
        "Biểu số II.06a/VPCP/KSTT",
        either(language, "Lĩnh vực, công việc giải quyết theo cấp", "Field of the work settled"),
        lines,
        total,
        undated_in_time,
    )


def _by_unit(undated_in_time: bool, subject: Subject, figures: Figures, language: Language) -> Form:
    period_id = subject.period.period_id
    total = _all_fields(figures.of(MART, subject.unit.key, period_id))
    lines = []
    for key in subject.unit.parts:
        row = _all_fields(figures.of(MART, key, period_id))
        lines.append((subject.names[key], row or dict.fromkeys(_COUNTS, 0)))
    rest = _rest(total, (row for _, row in lines))
    if rest:
        lines.append((_rest_name(rest, language), rest))
    return _form(
        subject,
        language,
        "case_settlement_by_unit",
        "Biểu số II.06b/VPCP/KSTT",
        either(language, "Đơn vị", "Unit"),
        lines if total else [],
        total,
        undated_in_time,
    )


def _all_fields(rows: Iterable[Row]) -> Row | None:
    return next((row for row in rows if row["procedure_field"] == "*"), None)


def _rest(total: Row | None, parts: Iterable[Row]) -> Row | None:
    """What the unit has beyond its parts: its own desk, and cases whose unit is not known. None where that is nothing."""
    if total is None:
        return None
    parts = list(parts)
    rest = {name: total[name] - sum(part[name] for part in parts) for name in _COUNTS}
    return rest if any(rest.values()) else None


def _rest_name(rest: Row, language: Language) -> str:
    if min(rest.values()) < 0:
        # The unit began or ended within the period, of which its parts have the whole.
        return either(language, "Điều chỉnh do thay đổi đơn vị trong kỳ", "Adjustment for units changed in the period")
    return either(language, "Đơn vị khác hoặc không rõ đơn vị", "Other units, or unit not stated")


def _form(
    subject: Subject,
    language: Language,
    code: str,
    number: str,
    of_what: str,
    lines: list[tuple[str, Row]],
    total: Row | None,
    undated_in_time: bool,
) -> Form:
    body = [Line((place, name, *_columns(row, undated_in_time))) for place, (name, row) in enumerate(lines, start=1)]
    if total is not None:
        sums = _columns(total, undated_in_time)
        body.append(Line((None, either(language, "Tổng số", "Total"), *sums), "total"))
    return official_form(
        subject,
        language,
        code=code,
        number=number,
        title=either(
            language,
            "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT",
            "SETTLEMENT OF ADMINISTRATIVE PROCEDURES AT THE BODIES THAT SETTLE THEM",
        ),
        legal_basis=either(
            language, "Thông tư số 01/2020/TT-VPCP ngày 21/10/2020", "Circular 01/2020/TT-VPCP of 21 Oct 2020"
        ),
        unit_of_measure=either(language, "Đơn vị tính: số hồ sơ TTHC", "Unit: case files"),
        blocks=[_table(language, of_what, body)],
        notes=notes_of(total, language, undated_in_time) if total is not None else (),
        landscape=True,
    )


def _columns(row: Row, undated_in_time: bool) -> tuple[Value, ...]:
    """Columns 3 to 13 of one line."""
    online, direct = row["n_received_online"], row["n_received"] - row["n_received_online"]
    settled_undated = row["n_settled_no_due_date"] if undated_in_time else 0
    pending_undated = row["n_pending_no_due_date"] if undated_in_time else 0
    settled = (
        row["n_settled_early"],
        row["n_settled_on_day"] + row["n_withdrawn"] + settled_undated,
        row["n_settled_late"],
    )
    pending = (
        row["n_pending_in_time"] + row["n_pending_supplement"] + pending_undated,
        row["n_pending_overdue"],
    )
    received = (online, direct, row["n_opening"])
    return (sum(received), *received, sum(settled), *settled, sum(pending), *pending)


def _table(language: Language, of_what: str, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    in_total = say("Tổng số", "Total")
    head = (
        (
            HeadCell(say("STT", "No."), rows=3),
            HeadCell(of_what, rows=3),
            HeadCell(say("Số hồ sơ nhận giải quyết", "Cases received for settlement"), columns=4),
            HeadCell(say("Số lượng hồ sơ đã giải quyết", "Cases settled"), columns=4),
            HeadCell(say("Số lượng hồ sơ đang giải quyết", "Cases being settled"), columns=3),
        ),
        (
            HeadCell(in_total, rows=2),
            HeadCell(say("Trong kỳ", "In the period"), columns=2),
            HeadCell(say("Từ kỳ trước", "From before"), rows=2),
            HeadCell(in_total, rows=2),
            HeadCell(say("Trước hạn", "Early"), rows=2),
            HeadCell(say("Đúng hạn", "On time"), rows=2),
            HeadCell(say("Quá hạn", "Late"), rows=2),
            HeadCell(in_total, rows=2),
            HeadCell(say("Trong hạn", "In time"), rows=2),
            HeadCell(say("Quá hạn", "Overdue"), rows=2),
        ),
        (
            HeadCell(say("Trực tuyến", "Online")),
            HeadCell(say("Trực tiếp, dịch vụ bưu chính", "In person or by post")),
        ),
    )
    numbers = (
        "(1)", "(2)", "(3) = (4)+(5)+(6)", "(4)", "(5)", "(6)", "(7) = (8)+(9)+(10)", "(8)", "(9)", "(10)",
        "(11) = (12)+(13)", "(12)", "(13)",
    )  # fmt: skip
    columns = (Column("count", 0.6), Column("text", 3.2), *(Column("count") for _ in range(11)))
    return Table(columns, head, tuple(lines), numbers)


def notes_of(total: Row, language: Language, undated_in_time: bool) -> tuple[str, ...]:
    """What the columns hold beyond their heads, and the cases that no column holds, each with its count where there are any."""

    say = partial(counted, language)

    settled, pending = total["n_settled_no_due_date"], total["n_pending_no_due_date"]
    notes = [
        say(
            "Cột (9) gồm {0} hồ sơ công dân rút; cột (12) gồm {1} hồ sơ chờ bổ sung, chờ thực hiện nghĩa vụ tài chính "
            "hoặc tạm dừng.",
            "Column (9) holds {0} withdrawn {0:case|cases}; column (12) holds {1} that {1:waits|wait} for a supplement or a "
            "payment, or {1:is|are} stopped.",
            total["n_withdrawn"],
            total["n_pending_supplement"],
        )
    ]
    if settled or pending:
        notes.append(
            say(
                "Hồ sơ không có ngày hẹn trả, không xếp được đúng hạn hay quá hạn: {0} đã giải quyết được cộng vào cột (9), "
                "{1} đang giải quyết được cộng vào cột (12).",
                "Cases without a due date, which cannot be judged: {0} settled {0:is|are} added to column (9), {1} in "
                "processing to column (12).",
                settled,
                pending,
            )
            if undated_in_time
            else say(
                "Hồ sơ không có ngày hẹn trả, không xếp được đúng hạn hay quá hạn, không nằm trong cột nào: {0} đã giải "
                "quyết, {1} đang giải quyết; cột (3) vì vậy lớn hơn tổng cột (7) và cột (11) là {2}.",
                "Cases without a due date, which cannot be judged, stand in no column: {0} settled, {1} in processing; "
                "column (3) therefore exceeds columns (7) and (11) by {2}.",
                settled,
                pending,
                settled + pending,
            )
        )
    if total["n_received_other"]:
        notes.append(
            say(
                "Cột (5) gồm {0} hồ sơ nhận qua kênh khác hoặc không rõ kênh.",
                "Column (5) holds {0} {0:case|cases} received by another channel or one not stated.",
                total["n_received_other"],
            )
        )
    if total["n_restated"]:
        notes.append(
            say(
                "Cột (6) khác số đang giải quyết cuối kỳ trước {0} hồ sơ, do dữ liệu đến sau khi kỳ trước đã khóa.",
                "Column (6) differs from what the period before closed with by {0}, for data came after it was locked.",
                total["n_restated"],
            )
        )
    unplaced = (total["n_unplaced_no_end"], total["n_unplaced_end_before_start"], total["n_unplaced_refused"])
    if any(unplaced):
        notes.append(
            say(
                "Không nằm trong biểu: {0} hồ sơ đã xong nhưng không có ngày kết thúc, {1} hồ sơ kết thúc trước ngày tiếp "
                "nhận, {2} hồ sơ không được tiếp nhận.",
                "Not in this form: {0} {0:case that is|cases that are} done without an end date, {1} ended before receipt, {2} "
                "refused at the desk.",
                *unplaced,
            )
        )
    return tuple(notes)
