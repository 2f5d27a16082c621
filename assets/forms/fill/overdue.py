"""Late cases and their apologies: the full list for the office, and a summary that may be published.

The list has the columns of the appendix that one-stop software prints, and what became of each apology. The summary is
filled from open marts alone, after disclosure control has hidden what rests on few records: how many cases were late (form
II.06) and how many apologies were written is published, few or many; a share of few is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import counted, either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Column, Form, HeadCell, Language, Line, Mark, Table
from assets.forms.subject import Subject, UnitKey
from assets.text.wording import name_key, percent_text

LIST = "office.overdue_case"
APOLOGIES = "marts.case_apology"
SETTLEMENT = "marts.case_settlement"
_LATE = ("n_late", "n_late_settled", "n_late_pending")
_APOLOGIES = ("n_apology_issued", "n_apology_owed")
_STATUS = {
    "settled_late": ("Đã giải quyết", "Settled"),
    "pending_overdue": ("Đang giải quyết", "Pending"),
    "settled_late_original": ("Đã giải quyết (*)", "Settled (*)"),
    "pending_overdue_original": ("Đang giải quyết (*)", "Pending (*)"),
}


_NO_SOURCE = (
    "Chưa có nguồn số liệu về thư xin lỗi: không hồ sơ quá hạn nào của cơ quan có ngày xin lỗi.",
    "No source states apologies: no late case of the office has the day of one.",
)


class UndisclosedFigures(Exception):
    """A form for everybody was to be filled from marts that disclosure control has not gone over."""


def _title(language: Language) -> str:
    return either(
        language,
        "DANH SÁCH HỒ SƠ THỦ TỤC HÀNH CHÍNH QUÁ HẠN VÀ TÌNH HÌNH XIN LỖI",
        "LATE CASE FILES AND APOLOGIES",
    )


def _fill_list(subject: Subject, figures: Figures, language: Language) -> Form:
    cases = sorted(
        figures.of(LIST, subject.unit.key, subject.period.period_id),
        key=lambda case: (
            name_key(_unit(subject, case, language)),
            case["received_on"],
            case["record_id"] or "~",
            case["case_id"],
        ),
    )
    apologies = figures.of(APOLOGIES, subject.unit.key, subject.period.period_id)
    return official_form(
        subject,
        language,
        code="overdue_list",
        title=_title(language),
        unit_of_measure=either(language, "Đơn vị tính: hồ sơ TTHC", "Unit: case files"),
        blocks=[_list_table(language, [_case(place, case, subject, language) for place, case in enumerate(cases, 1)])],
        notes=_list_notes(cases, apologies[0] if apologies else None, language),
        landscape=True,
    )


def _states_apologies(figures: Figures) -> bool:
    """Whether the open marts tell of any apology: else none is known, which does not mean that none was written. Which source
    gives them is not said where everybody reads: of a source of few cases it would tell of one.

    Where no late case is shown, nothing speaks against it.
    """
    late = [row for row in figures.whole(APOLOGIES) if row["n_late"]]
    return not late or any(row["n_apology_issued"] for row in late)


def _unit(subject: Subject, case: Row, language: Language) -> str:
    unstated = either(language, "Không rõ đơn vị", "Unit not stated")
    return subject.names.get(UnitKey(case["own_unit_code"], case["own_unit_valid_from"]), unstated)


def _case(place: int, case: Row, subject: Subject, language: Language) -> Line:
    pending = case["overdue_status"].startswith("pending")
    moved = case["due_original_on"] not in (None, case["due_on"])
    owed = either(language, "Chưa", "Not yet") if _is_stated(case) else None
    apologised = case["apologised_on"] if case["apology_status"] == "issued" else owed
    return Line(
        (
            place,
            case["record_id"],
            case["received_on"],
            case["due_original_on"] or case["due_on"],
            case["due_on"] if moved else "",
            # What is known by the end of the period: a case that is settled since is pending in it.
            "" if pending else case["settled_on"],
            case["days_late"],
            apologised,
            _unit(subject, case, language),
            either(language, *_STATUS[case["overdue_status"]]),
        )
    )


def _is_stated(case: Row) -> bool:
    """Whether the source of the case states apologies: else none is known, which does not mean that none was written."""
    return bool(case["apologies_stated"] == "yes")


def _list_table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("STT", "No.")),
            HeadCell(say("Mã hồ sơ", "Case number")),
            HeadCell(say("Ngày tiếp nhận", "Received")),
            HeadCell(say("Ngày hẹn trả", "Due")),
            HeadCell(say("Ngày hẹn lại", "New date")),
            HeadCell(say("Ngày có kết quả", "Settled")),
            HeadCell(say("Số ngày trễ", "Days late")),
            HeadCell(say("Ngày xin lỗi", "Apology")),
            HeadCell(say("Cơ quan giải quyết", "Settled by")),
            HeadCell(say("Ghi chú", "Notes")),
        ),
    )
    columns = (
        Column("count", 0.6),
        Column("text", 3.2),
        *(Column("date", 1.3) for _ in range(4)),
        Column("count", 0.8),
        Column("date", 1.3),
        Column("text", 2.2),
        Column("text", 1.9),
    )
    return Table(columns, head, tuple(lines))


def _list_notes(cases: Sequence[Row], apologies: Row | None, language: Language) -> list[str]:
    if not cases:
        return []
    notes = [
        either(
            language,
            "Số ngày trễ tính theo lịch từ ngày hẹn trả hiện tại đến ngày có kết quả, hoặc đến hết kỳ báo cáo nếu chưa có; 0 là trễ "
            "trong ngày. (*) Chỉ quá ngày hẹn lần đầu; số ngày trễ tính từ ngày đó.",
            "Days late are calendar days from the present due date to the settlement, or to the end of the period without one; 0 is "
            "late by hours. (*) Late by the first due date alone; days are counted from it.",
        )
    ]
    unnumbered = sum(case["record_id"] is None for case in cases)
    if unnumbered:
        notes.append(
            counted(
                language,
                "{0} hồ sơ không có mã: mã chỉ được lưu ở cơ quan đã gửi dữ liệu, hoặc đã hết thời hạn lưu giữ.",
                "{0} {0:case|cases} without a number: it is kept by the office that sent them, or no longer.",
                unnumbered,
            )
        )
    unstated = sum(not _is_stated(case) for case in cases)
    if unstated:
        notes.append(
            counted(
                language,
                "Nguồn số liệu của {0} hồ sơ không nêu thư xin lỗi: cột “Ngày xin lỗi” để trống không có nghĩa là chưa xin lỗi.",
                "No apologies are stated by the source of {0} {0:case|cases}: a blank does not mean that none was written.",
                unstated,
            )
        )
    elif apologies is not None and apologies["apology_pct"] is not None:
        notes.append(
            counted(
                language,
                "Đã xin lỗi {0} trên {1} hồ sơ quá hạn ({2}).",
                "An apology was written for {0} of {1} late {1:case|cases} ({2}).",
                apologies["n_apology_issued"],
                apologies["n_late"],
                percent_text(apologies["apology_pct"], language),
            )
        )
    return notes


def _fill_summary(subject: Subject, figures: Figures, language: Language) -> Form:
    key, period_id = subject.unit.key, subject.period.period_id
    apologies = _disclosed(figures.of(APOLOGIES, key, period_id))
    fields = _disclosed(figures.of(SETTLEMENT, key, period_id))
    stated = _states_apologies(figures)
    return official_form(
        subject,
        language,
        code="overdue_summary",
        title=either(
            language,
            "CÔNG KHAI HỒ SƠ THỦ TỤC HÀNH CHÍNH QUÁ HẠN VÀ TÌNH HÌNH XIN LỖI",
            "LATE CASES AND APOLOGIES, FOR PUBLICATION",
        ),
        unit_of_measure=either(language, "Đơn vị tính: hồ sơ TTHC", "Unit: case files"),
        blocks=[
            _apology_table(language, _apologies(apologies, stated)),
            _field_table(language, _fields(fields, language)),
        ],
        notes=[
            either(
                language,
                "Hồ sơ quá hạn ở bảng thứ nhất tính theo cả ngày hẹn lần đầu và ngày hẹn hiện tại; bảng thứ hai theo ngày hẹn "
                "hiện tại. Tỷ lệ tính trên ít hồ sơ không hiển thị.",
                "Cases of the first table are late by their first or their present due date, those of the second by the present "
                "one. Shares of few cases are not shown.",
            ),
            *([] if stated else [either(language, *_NO_SOURCE)]),
        ],
    )


def _disclosed(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, which disclosure control has marked; raises UndisclosedFigures for rows that it has not seen."""
    if any("hidden" not in row for row in rows):
        raise UndisclosedFigures("a form for everybody needs the open marts, with their column `hidden`")
    return rows


def _apologies(rows: Sequence[Row], stated: bool) -> list[Line]:
    """The line of the unit and period, without apologies where no source states any."""
    return [
        Line(
            (
                *(row[name] for name in _LATE),
                *(row[name] if stated else None for name in _APOLOGIES),
                (Mark.HIDDEN if row["hidden"] else row["apology_pct"]) if stated else None,
            )
        )
        for row in rows
    ]


def _fields(rows: Sequence[Row], language: Language) -> list[Line]:
    """One line per field with a late case, and the total; the fields are left out where they rest on few records."""
    unstated = either(language, "Không rõ lĩnh vực", "Field not stated")
    late = ("n_settled_late", "n_pending_overdue")
    lines: list[Line] = []
    for row in sorted(rows, key=lambda row: (row["procedure_field"] == "~", name_key(row["procedure_field"]))):
        values = tuple(row[measure] for measure in late)
        if row["procedure_field"] == "*" or values == (0, 0):
            continue
        name = unstated if row["procedure_field"] == "~" else row["procedure_field"]
        lines.append(Line((len(lines) + 1, name, *values)))
    totals = [row for row in rows if row["procedure_field"] == "*"]
    for row in totals:
        total = either(language, "Tổng số", "Total")
        lines.append(Line((None, total, *(row[measure] for measure in late)), "total"))
    return lines


def _apology_table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("Hồ sơ quá hạn", "Late cases"), columns=3),
            HeadCell(say("Thư xin lỗi", "Apologies"), columns=3),
        ),
        (
            HeadCell(say("Tổng số", "Total")),
            HeadCell(say("Đã giải quyết", "Settled")),
            HeadCell(say("Đang giải quyết", "Pending")),
            HeadCell(say("Đã gửi", "Written")),
            HeadCell(say("Chưa gửi", "Owed")),
            HeadCell(say("Tỷ lệ đã gửi", "Share written")),
        ),
    )
    return Table((*(Column("count") for _ in range(5)), Column("percent")), head, tuple(lines))


def _field_table(language: Language, lines: list[Line]) -> Table:
    head = (
        (
            HeadCell(either(language, "STT", "No.")),
            HeadCell(either(language, "Lĩnh vực", "Field")),
            HeadCell(either(language, "Giải quyết quá hạn", "Settled late")),
            HeadCell(either(language, "Đang giải quyết, quá hạn", "Pending, overdue")),
        ),
    )
    return Table((Column("count", 0.5), Column("text", 3.0), Column("count"), Column("count")), head, tuple(lines))


OVERDUE_LIST = FormKind(
    code="overdue_list",
    audience="office",
    levels=frozenset({"commune", "district"}),
    period_kinds=frozenset({"month"}),
    fill=_fill_list,
    lists_cases=True,
)
OVERDUE_SUMMARY = FormKind(
    code="overdue_summary",
    audience="open",
    levels=frozenset({"commune", "district", "city"}),
    period_kinds=frozenset({"month"}),
    fill=_fill_summary,
)
