"""Mẫu 01: how the people who handed in a case file rated it, one row per file, for the commune that keeps the files.

The layout is that of one-stop software in use. No source gives the bands of a civil servant's total, so their column stays
empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assets.forms.figures import Figures, Row
from assets.forms.fill.case_ratings import CIRCULAR, LEVELS, RATED_PER_CASE, level_heads, mean_points, ratings_of
from assets.forms.fill.wording import counted, either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Column, Form, HeadCell, Language, Line, Mark, Table, Value
from assets.forms.subject import Subject
from assets.text.wording import decimal_text, percent_text

FORMS = "office.evaluated_case"
INDICES = "marts.one_stop_index"
# Scored once for the whole desk, by quarter.
_OF_THE_DESK = ("5", "8", "9")


def _fill(subject: Subject, figures: Figures, language: Language) -> Form:
    key, period_id = subject.unit.key, subject.period.period_id
    forms = sorted(
        figures.of(FORMS, key, period_id),
        key=lambda form: (form["evaluated_on"], form["record_id"] or "~", form["evaluation_id"]),
    )
    notes = []
    if forms:
        notes.append(ratings_of(forms).note(language))
        notes += _desk(figures.of(INDICES, key, period_id), language)
        notes += gaps_of(forms, language)
    return official_form(
        subject,
        language,
        code="case_evaluation",
        number=either(language, "Mẫu 01", "Form 01"),
        title=either(
            language,
            "TỔNG HỢP KẾT QUẢ ĐÁNH GIÁ CÁC CHỈ SỐ THÀNH PHẦN; XẾP LOẠI CÁN BỘ, CÔNG CHỨC VÀ MỨC ĐỘ HÀI LÒNG THÔNG QUA "
            "PHIẾU ĐÁNH GIÁ",
            "RATINGS OF CASE FILES: INDICES, CIVIL SERVANTS' POINTS AND SATISFACTION",
        ),
        legal_basis=either(language, *CIRCULAR),
        blocks=[_table(language, _lines(forms, language))],
        notes=notes,
        landscape=True,
    )


def _lines(forms: Sequence[Row], language: Language) -> list[Line]:
    """One line per form, then sums, means and shares."""
    if not forms:
        return []
    indices = [f"index_{index}" for index in RATED_PER_CASE]
    lines = [
        Line((
            place,
            form["record_id"],
            *(form[name] for name in indices),
            form["civil_servant_points"],
            "",
            *(1 if form["overall"] == level else "" for level in LEVELS),
        ))
        for place, form in enumerate(forms, start=1)
    ]  # fmt: skip
    ratings = ratings_of(forms)
    sums: list[Value] = [_sum(form[name] for form in forms) for name in indices]
    means = {index: mean_points(forms, index) for index in RATED_PER_CASE}
    staff = [mean for index, mean in means.items() if index != "6" and mean is not None]
    shares = [ratings.share(level) for level in LEVELS]
    no = Mark.NOT_APPLICABLE
    total = counted(language, "Tổng số ({0} phiếu)", "Total ({0} {0:form|forms})", len(forms))
    lines += [
        Line(
            (
                None,
                total,
                *sums,
                _sum(form["civil_servant_points"] for form in forms),
                no,
                *(ratings.counts[level] for level in LEVELS),
            ),
            "total",
        ),
        Line(
            (
                None,
                either(language, "Điểm bình quân chỉ số", "Mean points"),
                *means.values(),
                # As the marts have it: the sum of the five means, where there are five.
                round(sum(staff), 2) if len(staff) == 5 else None,
                *[no] * 4,
            ),
            "total",
        ),
        Line(
            (
                None,
                either(language, "Tỷ lệ % hài lòng", "Satisfaction, %"),
                *[no] * 8,
                *(None if share is None else percent_text(share, language) for share in shares),
            ),
            "total",
        ),
    ]
    return lines


def _sum(values: Iterable[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return sum(given) if given else None


def _table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("TT", "No."), rows=2),
            HeadCell(say("Hồ sơ", "Case file"), rows=2),
            HeadCell(say("Điểm chỉ số", "Points of index"), columns=6),
            HeadCell(say("Tổng điểm đánh giá CBCC (1+2+3+4+7)", "Civil servants' points (1+2+3+4+7)"), rows=2),
            HeadCell(say("Xếp loại hoàn thành nhiệm vụ", "Band"), rows=2),
            HeadCell(say("Mức độ hài lòng", "Satisfaction"), columns=3),
        ),
        (
            *(HeadCell(index) for index in RATED_PER_CASE),
            *level_heads(language),
        ),
    )
    columns = (
        Column("count", 0.6),
        Column("text", 4.0),
        *(Column("points_2", 0.8) for _ in RATED_PER_CASE),
        Column("points_2", 1.6),
        Column("text", 1.4),
        *(Column("count", 1.1) for _ in LEVELS),
    )
    return Table(columns, head, tuple(lines))


def _desk(indices: Sequence[Row], language: Language) -> list[str]:
    """The indices scored for the whole desk, where its period has them."""
    points = {row["index_code"]: row["mean_points"] for row in indices if row["weighting"] == "forms"}
    listed = ", ".join(
        either(language, "chỉ số {}: {}", "index {}: {}").format(index, decimal_text(points[index], language, 2))
        for index in _OF_THE_DESK
        if points.get(index) is not None
    )
    if listed:
        return [either(language, f"Điểm chấm chung cho Bộ phận Một cửa: {listed}.", f"Scored for the desk: {listed}.")]
    return [
        either(
            language,
            "Chỉ số 5, 8, 9 chấm chung cho Bộ phận Một cửa theo quý, không theo từng hồ sơ.",
            "Indices 5, 8 and 9 are scored for the whole desk, by quarter.",
        )
    ]


def gaps_of(forms: Sequence[Row], language: Language) -> list[str]:
    """What a reader could take for a zero."""
    notes = [
        either(
            language,
            "Cột xếp loại hoàn thành nhiệm vụ để trống: chưa có nguồn nào nêu thang xếp loại của tổng điểm năm chỉ số.",
            "The band is left empty: no source gives the bands of the total of five indices.",
        )
    ]
    partial = sum(form["civil_servant_points"] is None for form in forms)
    if partial:
        notes.append(
            counted(
                language,
                "{0} phiếu không có tổng điểm vì thiếu điểm của ít nhất một trong năm chỉ số.",
                "{0} {0:form has|forms have} no total, for one of the five indices is not scored.",
                partial,
            )
        )
    unknown = sum(form["record_id"] is None for form in forms)
    if unknown:
        notes.append(
            counted(
                language,
                "{0} phiếu không có mã hồ sơ: không ghi hồ sơ nào có trong dữ liệu, hoặc mã không được lưu ở đây.",
                "{0} {0:form|forms} without a case number: {0:it names|they name} no case that is known, or its number is not "
                "kept here.",
                unknown,
            )
        )
    return notes


CASE_EVALUATION = FormKind(
    code="case_evaluation",
    audience="office",
    levels=frozenset({"commune"}),
    period_kinds=frozenset({"month", "quarter"}),
    fill=_fill,
    lists_cases=True,
)
