"""The monthly summary of complaints and petitions: opening and closing balance, in time and late, by class and channel.

The layout of the circular's own form II.05 was not found; the columns are those of `complaint_handling`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import COMPLAINT_CLASSES, counted, either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Column, Form, HeadCell, Language, Line, Table, Value
from assets.forms.subject import Subject
from assets.text.wording import name_key, percent_text

MART = "marts.complaint_handling"


def _fill(subject: Subject, figures: Figures, language: Language) -> Form:
    rows = {(row["channel"], row["class"]): row for row in figures.of(MART, subject.unit.key, subject.period.period_id)}
    total = rows.get(("*", "*"))
    classes = [(either(language, *names), rows.get(("*", code))) for code, names in COMPLAINT_CLASSES.items()]
    channels = [
        (either(language, channel["label_vi"], channel["label_en"]), rows.get((channel["channel"], "*")))
        for channel in sorted(
            figures.whole("marts.dim_channel"), key=lambda row: (row["channel"] == "~", name_key(row["label_vi"]))
        )
        if channel["dataset"] == "complaint"
    ]
    lines: list[Line] = []
    if total is not None:
        by_class = either(language, "Theo phân loại", "By class")
        by_channel = either(language, "Theo kênh tiếp nhận", "By channel")
        lines = [
            *_section("I", by_class, classes),
            *_section("II", by_channel, channels),
            Line((None, either(language, "Tổng số", "Total"), *_columns(total)), "total"),
        ]
    return official_form(
        subject,
        language,
        code="complaint_summary",
        title=either(
            language,
            "TỔNG HỢP KẾT QUẢ TIẾP NHẬN, XỬ LÝ PHẢN ÁNH, KIẾN NGHỊ",
            "COMPLAINTS AND PETITIONS RECEIVED AND HANDLED",
        ),
        legal_basis=either(
            language, "Nghị định số 20/2008/NĐ-CP ngày 14/02/2008", "Decree 20/2008/NĐ-CP of 14 Feb 2008"
        ),
        unit_of_measure=either(language, "Đơn vị tính: phản ánh, kiến nghị", "Unit: complaints and petitions"),
        blocks=[_table(language, lines)],
        notes=notes_of(total, language) if total is not None else (),
        landscape=True,
    )


def _section(numeral: str, heading: str, parts: Iterable[tuple[str, Row | None]]) -> list[Line]:
    """A heading and one line per part that had a complaint in hand."""
    shown = [(name, row) for name, row in parts if row is not None and row["n_opening"] + row["n_received"] > 0]
    return [
        Line((numeral, heading, *[None] * 11), "section"),
        *(Line((place, name, *_columns(row))) for place, (name, row) in enumerate(shown, start=1)),
    ]


def _columns(row: Row) -> tuple[Value, ...]:
    """Columns 3 to 13 of one line."""
    in_time = row["n_pending"] - row["n_pending_overdue"] - row["n_pending_no_due_date"]
    return (
        row["n_opening"],
        row["n_received"],
        row["n_closed"],
        row["n_closed_in_time"],
        row["n_closed_late"],
        row["n_closed_no_due_date"],
        row["n_pending"],
        in_time,
        row["n_pending_overdue"],
        row["n_pending_no_due_date"],
        row["in_time_pct"],
    )


def _table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    undated = say("Không có hạn", "No deadline")
    head = (
        (
            HeadCell(say("STT", "No."), rows=2),
            HeadCell(say("Nội dung", "Complaints"), rows=2),
            HeadCell(say("Tồn kỳ trước", "Opening balance"), rows=2),
            HeadCell(say("Nhận trong kỳ", "Received"), rows=2),
            HeadCell(say("Đã xử lý", "Closed"), columns=4),
            HeadCell(say("Đang xử lý (tồn cuối kỳ)", "Pending (closing balance)"), columns=4),
            HeadCell(say("Tỷ lệ đúng hạn", "In time"), rows=2),
        ),
        (
            HeadCell(say("Tổng số", "Total")),
            HeadCell(say("Đúng hạn", "In time")),
            HeadCell(say("Quá hạn", "Late")),
            HeadCell(undated),
            HeadCell(say("Tổng số", "Total")),
            HeadCell(say("Trong hạn", "In time")),
            HeadCell(say("Quá hạn", "Overdue")),
            HeadCell(undated),
        ),
    )
    numbers = (
        "(1)", "(2)", "(3)", "(4)", "(5) = (6)+(7)+(8)", "(6)", "(7)", "(8)", "(9) = (10)+(11)+(12)", "(10)", "(11)",
        "(12)", "(13) = (6):[(6)+(7)]",
    )  # fmt: skip
    columns = (Column("count", 0.6), Column("text", 3.0), *(Column("count") for _ in range(10)), Column("percent", 1.2))
    return Table(columns, head, tuple(lines), numbers)


def notes_of(total: Row, language: Language) -> tuple[str, ...]:
    say = partial(counted, language)

    notes = [say("Cột (3) + cột (4) = cột (5) + cột (9).", "Column (3) + column (4) = column (5) + column (9).")]
    undated = total["n_closed_no_due_date"]
    if undated:
        notes.append(
            say(
                "Tỷ lệ ở cột (13) không tính {0} phản ánh, kiến nghị đã xử lý không có hạn; so với thời hạn tính được theo số "
                "ngày làm việc: {1} trong hạn, {2} quá hạn.",
                "The rate of column (13) leaves out {0} closed {0:complaint|complaints} without a deadline; by the limit worked out in "
                "working days {1} {1:was|were} in time and {2} late.",
                undated,
                total["n_closed_in_term"],
                total["n_closed_past_term"],
            )
        )
        if total["in_time_or_term_pct"] is not None:
            counts = (total["n_in_time_or_term"], total["n_with_due_date_or_term"])
            notes.append(
                say(
                    "Tính cả hạn được giao và thời hạn tính được: {0}/{1} đúng hạn",
                    "By the deadline given or else the limit worked out: {0} of {1} in time",
                    *counts,
                )
                + f" ({percent_text(total['in_time_or_term_pct'], language)})."
            )
    if total["n_restated"]:
        notes.append(
            say(
                "Cột (3) khác số tồn cuối kỳ trước {0}, do dữ liệu đến sau khi kỳ trước đã khóa.",
                "Column (3) differs from the closing balance of the period before by {0}, for data came after it was locked.",
                total["n_restated"],
            )
        )
    unplaced = (total["n_unplaced_no_end"], total["n_unplaced_end_before_start"])
    if any(unplaced):
        notes.append(
            say(
                "Không nằm trong biểu: {0} phản ánh, kiến nghị đã xong nhưng không có ngày xử lý xong, {1} xử lý xong trước "
                "ngày tiếp nhận.",
                "Not in this form: {0} {0:complaint that is|complaints that are} done without an end date, {1} closed before "
                "receipt.",
                *unplaced,
            )
        )
    return tuple(notes)


COMPLAINT_SUMMARY = FormKind(
    code="complaint_summary",
    audience="office",
    levels=frozenset({"commune", "district", "city"}),
    period_kinds=frozenset({"month"}),
    fill=_fill,
)
