"""The table of index set 766 (Quyết định 766/QĐ-TTg): each item with its numerator, denominator, rate and points.

Items that need data the warehouse does not have are not in it, so neither is a total of points.
"""

from __future__ import annotations

from collections.abc import Sequence

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Column, Form, HeadCell, Language, Line, Table
from assets.forms.subject import Subject
from assets.text.wording import decimal_text, percent_text

MART = "marts.service_quality_766"
_GROUPS = {
    "progress": ("Tiến độ, kết quả giải quyết", "Progress and results"),
    "online": ("Cung cấp dịch vụ trực tuyến", "Online services"),
    "digitisation": ("Số hóa hồ sơ", "Digitisation"),
    "satisfaction": ("Mức độ hài lòng", "Satisfaction"),
}
_NUMERALS = ("I", "II", "III", "IV")


def _fill(subject: Subject, figures: Figures, language: Language) -> Form:
    rows = figures.of(MART, subject.unit.key, subject.period.period_id)
    return official_form(
        subject,
        language,
        code="service_quality_766",
        title=either(
            language,
            "KẾT QUẢ THỰC HIỆN BỘ CHỈ SỐ PHỤC VỤ NGƯỜI DÂN, DOANH NGHIỆP TRONG THỰC HIỆN THỦ TỤC HÀNH CHÍNH",
            "INDEX SET 766: HOW PEOPLE AND BUSINESSES ARE SERVED IN ADMINISTRATIVE PROCEDURES",
        ),
        legal_basis=either(language, "Quyết định số 766/QĐ-TTg ngày 23/06/2022", "Decision 766/QĐ-TTg of 23 Jun 2022"),
        blocks=[_table(language, _lines(rows, language))],
        notes=_notes(language) if rows else (),
        landscape=True,
    )


def _lines(rows: Sequence[Row], language: Language) -> list[Line]:
    lines: list[Line] = []
    groups = [group for group in _GROUPS if any(row["item_group"] == group for row in rows)]
    for numeral, group in zip(_NUMERALS, groups, strict=False):
        lines.append(Line((numeral, either(language, *_GROUPS[group]), *[None] * 7), "section"))
        for row in sorted((row for row in rows if row["item_group"] == group), key=lambda row: row["item_code"]):
            lines.append(
                Line(
                    (
                        row["item_code"],
                        either(language, row["item_vi"], row["item_en"] or row["item_vi"]),
                        row["numerator"],
                        row["n_denominator"],
                        row["n_left_out"],
                        row["rate_pct"],
                        row["points"],
                        row["maximum_points"],
                        _remark(row, language),
                    )
                )
            )
    return lines


def _remark(row: Row, language: Language) -> str:
    """What the mart's note says, and a threshold below 100 %."""
    remarks = []
    if row["note"] == "working_days" and row["mean_days"] is not None:
        days = decimal_text(row["mean_days"], language, 2)
        remarks.append(either(language, f"Bình quân {days} ngày làm việc/hồ sơ", f"{days} working days per case"))
    if row["note"] == "synchronisation_assumed":
        remarks.append(
            either(language, "Chưa có tỷ lệ đồng bộ, tính là 100%", "Synchronisation not supplied, taken as 100%")
        )
    if row["note"] == "synchronisation_given":
        rate = percent_text(row["synchronisation_pct"], language)
        remarks.append(either(language, f"Đã nhân với tỷ lệ đồng bộ {rate}", f"Times the synchronisation of {rate}"))
    if row["note"] == "procedures_of_workspace":
        remarks.append(
            either(language, "Theo danh mục thủ tục chung của cơ quan", "By the office's list of procedures")
        )
    if row["threshold_pct"] is not None and row["threshold_pct"] < 100:
        rate = percent_text(row["threshold_pct"], language)
        remarks.append(either(language, f"Điểm tối đa từ {rate}", f"Full marks from {rate}"))
    return "; ".join(remarks)


def _table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("Mã", "Item")),
            HeadCell(say("Chỉ tiêu", "Name")),
            HeadCell(say("Tử số", "Numerator")),
            HeadCell(say("Mẫu số", "Denominator")),
            HeadCell(say("Không tính được", "Left out")),
            HeadCell(say("Tỷ lệ", "Rate")),
            HeadCell(say("Điểm", "Points")),
            HeadCell(say("Điểm tối đa", "Maximum")),
            HeadCell(say("Ghi chú", "Notes")),
        ),
    )
    columns = (
        Column("text", 0.7),
        Column("text", 4.0),
        *(Column("count", 1.1) for _ in range(3)),
        Column("percent", 1.1),
        Column("points_2"),
        Column("points_2"),
        Column("text", 2.6),
    )
    return Table(columns, head, tuple(lines))


def _notes(language: Language) -> tuple[str, ...]:
    return (
        either(
            language,
            "Chỉ gồm các chỉ tiêu tính được từ hồ sơ, phản ánh kiến nghị, phiếu đánh giá và danh mục thủ tục; nhóm công khai, minh "
            "bạch và các chỉ tiêu cần nguồn khác không có trong bảng, nên không cộng tổng điểm.",
            "Only items that follow from cases, complaints, forms and the list of procedures; transparency and items that need "
            "other sources are not in the table, so points are not added up.",
        ),
        either(
            language,
            "Điểm và điểm tối đa để trống ở chỉ tiêu chưa có nguồn nào nêu điểm tối đa; tỷ lệ để trống khi không có gì để tính.",
            "Points and maximum are empty where no source gives the maximum; a rate is empty where nothing can be judged.",
        ),
    )


SERVICE_QUALITY = FormKind(
    code="service_quality_766",
    audience="office",
    levels=frozenset({"commune", "district", "city"}),
    period_kinds=frozenset({"month", "quarter", "year"}),
    fill=_fill,
)
