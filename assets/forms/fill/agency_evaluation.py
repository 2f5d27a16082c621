"""Mẫu 02 and Mẫu 03: how agencies settle procedures by the nine indices; one agency with its scores, and all under one.

The layouts are those of one-stop software in use. Agencies are scored by quarter: a month has the indices that forms rate,
and no total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assets.forms.figures import Figures
from assets.forms.fill.case_ratings import (
    CIRCULAR,
    INDICES,
    LEVEL_NAMES,
    LEVELS,
    RATED_PER_CASE,
    Ratings,
    level_heads,
    mean_of_units,
    mean_points,
    ratings_of,
)
from assets.forms.fill.wording import either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Block, Column, Form, HeadCell, Heading, Language, Line, Mark, Table, Value
from assets.forms.subject import Subject, UnitKey
from assets.text.wording import decimal_text

TOTALS = "marts.one_stop_evaluation"
SCORES = "marts.one_stop_index"
AGENCY = "marts.fct_agency_score"
FORMS = "office.evaluated_case"
STANDARDS = "office.index_standard"
_NAMES = {
    "1": ("Tổng thời gian giải quyết so với thời gian quy định", "Time of settlement against the time allowed"),
    "2": ("Thời gian thực hiện của từng cơ quan, đơn vị tham gia giải quyết", "Time of each agency that takes part"),
    "3": ("Số lần phải liên hệ nơi tiếp nhận để hoàn thiện hồ sơ", "Contacts with the desk to complete the file"),
    "4": ("Số cơ quan phải liên hệ để hoàn thiện hồ sơ", "Bodies contacted to complete the file"),
    "5": (
        "Tổ chức tiếp nhận, giải quyết, trả kết quả tại Bộ phận Một cửa",
        "Receiving, settling and returning at the one-stop desk",
    ),
    "6": ("Công khai thủ tục hành chính", "Publicity of procedures"),
    "7": ("Thái độ của cán bộ, công chức, viên chức", "Attitude of staff"),
    "8": ("Tiếp thu, giải trình phản ánh, kiến nghị", "Handling of complaints"),
    "9": ("Tiến độ, chất lượng cung cấp dịch vụ công trực tuyến", "Progress and quality of online services"),
}
_SOURCES = {
    "form": ("Phiếu đánh giá", "Forms"),
    "agency": ("Tự chấm", "Own score"),
    "verified": ("Thẩm định", "Appraised"),
    "month": ("Phiếu, dữ liệu hồ sơ", "Forms and cases"),
    "computed": ("Dữ liệu hồ sơ", "Cases"),
    "mixed": ("Nhiều nguồn", "Several"),
    "none": ("Chưa có điểm", "Not scored"),
}


@dataclass(frozen=True)
class _Evaluation:
    """Points by index, what follows from them, and the ratings, of one unit and period. Both are of one weighting."""

    points: dict[str, float | None]
    total: float | None
    band: str | None
    band_vi: str | None
    rank: int | None
    n_ranked: int | None
    ratings: Ratings

    def band_in(self, language: Language) -> str | None:
        return either(language, self.band_vi or "", (self.band or "").capitalize()) or None


def _evaluation(subject: Subject, figures: Figures, key: UnitKey, weighting: str) -> _Evaluation | None:
    """A quarter as the marts have it; a month from its forms. None for a unit without a form or score in the period."""
    period = subject.period
    if period.kind == "month":
        forms = figures.of(FORMS, key, period.period_id)
        mean = mean_of_units if weighting == "units" else mean_points
        points = {index: mean(forms, index) if index in RATED_PER_CASE else None for index in INDICES}
        return _Evaluation(points, None, None, None, None, None, ratings_of(forms)) if forms else None
    for row in figures.of(TOTALS, key, period.period_id):
        if row["weighting"] == weighting:
            return _Evaluation(
                {index: row[f"index_{index}"] for index in INDICES},
                row["total_points"],
                row["band"],
                row["band_vi"],
                row["rank"],
                row["n_ranked"],
                Ratings(row["n_forms"], {level: row[f"n_{level}"] for level in LEVELS}),
            )
    return None


def _fill_one(subject: Subject, figures: Figures, language: Language) -> Form:
    """Mẫu 02."""
    key, period_id = subject.unit.key, subject.period.period_id
    weighting = "units" if subject.unit.parts else "forms"
    found = _evaluation(subject, figures, key, weighting)
    blocks: list[Block] = [
        Heading(either(language, "I. ĐÁNH GIÁ THEO CÁC CHỈ SỐ", "I. INDICES")),
        _score_table(language, _scores(subject, figures, found, weighting, language) if found else []),
        Heading(either(language, "II. MỨC ĐỘ HÀI LÒNG", "II. SATISFACTION")),
        _level_table(language, found.ratings if found else None),
    ]
    notes: list[str] = []
    if found:
        notes = [found.ratings.note(language), *_missing(subject, found, language)]
        if found.total is not None:
            counted = (
                "Tổng điểm tính theo điểm thẩm định nếu có, nếu không thì theo điểm tự chấm hoặc điểm tính từ dữ liệu."
            )
            notes.append(
                either(
                    language, counted, "The total takes the appraised points where given, else own or worked-out ones."
                )
            )
        if subject.unit.parts:
            notes += _weightings(subject, figures, language)
        if not figures.of(AGENCY, key, period_id):
            notes.append(
                either(
                    language,
                    "Điểm của đơn vị có đơn vị trực thuộc là điểm bình quân, không tách điểm tự chấm và điểm thẩm định.",
                    "Points of a unit with units below it are means; own and appraised scores are not told apart.",
                )
                if subject.unit.parts
                else either(
                    language,
                    "Chưa có điểm tự chấm, thẩm định của đơn vị trong kỳ.",
                    "The period has no score of the agency, its own or appraised.",
                )
            )
    return official_form(
        subject,
        language,
        code="agency_evaluation",
        number=either(language, "Mẫu 02", "Form 02"),
        title=either(
            language,
            "BẢNG ĐÁNH GIÁ VIỆC GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
            "EVALUATION OF THE SETTLEMENT OF ADMINISTRATIVE PROCEDURES",
        ),
        legal_basis=either(language, *CIRCULAR),
        blocks=blocks,
        notes=notes,
    )


def _scores(subject: Subject, figures: Figures, found: _Evaluation, weighting: str, language: Language) -> list[Line]:
    """One line per index, its total and band."""
    key, period_id = subject.unit.key, subject.period.period_id
    rows = {row["index_code"]: row for row in figures.of(SCORES, key, period_id) if row["weighting"] == weighting}
    agency = {row["index_code"]: row for row in figures.of(AGENCY, key, period_id)}
    standards = {row["index_code"]: row["standard_points"] for row in figures.whole(STANDARDS)}
    lines = []
    for index in INDICES:
        row, scored = rows.get(index), agency.get(index)
        points = found.points[index]
        source = row["source"] if row else ("month" if points is not None else "none")
        stated = scored is not None and source in ("agency", "verified")
        lines.append(
            Line((
                int(index),
                either(language, *_NAMES[index]),
                standards.get(index),
                scored["self_points"] if stated and scored else points,
                scored["verified_points"] if stated and scored else None,
                either(language, *_SOURCES[source]),
            ))
        )  # fmt: skip
    no = Mark.NOT_APPLICABLE
    lines.append(
        Line(
            (
                None,
                either(language, "Tổng điểm", "Total"),
                sum(standards.values()) or None,
                found.total,
                no,
                "",
            ),
            "total",
        )
    )
    band = found.band_in(language)
    lines.append(Line((None, either(language, "Xếp loại", "Band"), no, band, no, _place(found, language)), "total"))
    return lines


def _place(found: _Evaluation, language: Language) -> str:
    if found.rank is None or found.n_ranked is None or found.n_ranked < 2:
        return ""
    return either(language, f"Xếp hạng {found.rank}/{found.n_ranked}", f"Rank {found.rank} of {found.n_ranked}")


def _score_table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("Chỉ số", "Index")),
            HeadCell(say("Tên chỉ số", "Name")),
            HeadCell(say("Điểm chuẩn", "Standard")),
            HeadCell(say("Tự chấm", "Own score")),
            HeadCell(say("Thẩm định", "Appraised")),
            HeadCell(say("Nguồn điểm", "Source")),
        ),
    )
    columns = (
        Column("count", 0.7),
        Column("text", 4.4),
        Column("points_2"),
        Column("points_2"),
        Column("points_2"),
        Column("text", 2.0),
    )
    return Table(columns, head, tuple(lines))


def _level_table(language: Language, ratings: Ratings | None) -> Table:
    head = (
        (
            HeadCell(either(language, "Mức độ", "Level")),
            HeadCell(either(language, "Số phiếu", "Forms")),
            HeadCell(either(language, "Tỷ lệ", "Share")),
        ),
    )
    lines = () if ratings is None else (
        *(
            Line((either(language, *LEVEL_NAMES[level]), ratings.counts[level], ratings.share(level)))
            for level in LEVELS
        ),
        Line(
            (
                either(language, "Tổng số phiếu có trả lời", "Forms that answer"),
                ratings.n_answered,
                ratings.share(*LEVELS),
            ),
            "total",
        ),
    )  # fmt: skip
    return Table((Column("text", 3.0), Column("count"), Column("percent")), head, lines)


def _fill_all(subject: Subject, figures: Figures, language: Language) -> Form:
    """Mẫu 03."""
    whole = _evaluation(subject, figures, subject.unit.key, "units")
    lines: list[Line] = []
    if whole:
        evaluated = [(subject.names[key], _evaluation(subject, figures, key, "units")) for key in subject.unit.parts]
        lines = [_line(place, name, found, language) for place, (name, found) in enumerate(evaluated, start=1)]
        total = _line(None, either(language, "Tổng", "Total"), whole, language)
        values = list(total.values)
        values[14] = Mark.NOT_APPLICABLE
        lines.append(Line(tuple(values), "total"))
    notes: Iterable[str] = ()
    if whole:
        notes = [
            whole.ratings.note(language),
            either(
                language,
                "Điểm in một chữ số thập phân, bỏ phần sau; tổng điểm, xếp loại và xếp hạng tính trên điểm chưa cắt. Tỷ lệ mức độ "
                "hài lòng tính trên số phiếu có trả lời.",
                "Points are cut to one decimal; totals, bands and ranks rest on the points before that. Shares are of the forms "
                "that answer.",
            ),
            *_weightings(subject, figures, language),
            *_missing(subject, whole, language),
        ]
    return official_form(
        subject,
        language,
        code="agency_evaluations",
        number=either(language, "Mẫu 03", "Form 03"),
        title=either(
            language,
            "BẢNG TỔNG HỢP CHỈ SỐ THÀNH PHẦN, MỨC ĐỘ HÀI LÒNG, XẾP LOẠI",
            "INDICES, SATISFACTION AND BANDS OF ALL AGENCIES",
        ),
        legal_basis=either(language, *CIRCULAR),
        blocks=[_all_table(language, lines)],
        notes=notes,
        landscape=True,
    )


def _line(place: int | None, name: str, found: _Evaluation | None, language: Language) -> Line:
    if found is None:
        return Line((place, name, 0, *[None] * 15))
    values: list[Value] = [_cut(found.points[index]) for index in INDICES]
    shares = [found.ratings.share(level) for level in LEVELS]
    return Line(
        (place, name, found.ratings.n_forms, *values, _cut(found.total), found.band_in(language), found.rank, *shares)
    )


def _cut(points: float | None) -> float | None:
    """One decimal as the software prints it: cut, not rounded."""
    return None if points is None else round(points * 100) // 10 / 10


def _all_table(language: Language, lines: list[Line]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("TT", "No."), rows=2),
            HeadCell(say("Tên cơ quan, đơn vị", "Agency"), rows=2),
            HeadCell(say("Số phiếu", "Forms"), rows=2),
            HeadCell(say("Điểm bình quân chỉ số", "Mean points of index"), columns=9),
            HeadCell(say("Tổng điểm", "Total"), rows=2),
            HeadCell(say("Xếp loại", "Band"), rows=2),
            HeadCell(say("Xếp hạng", "Rank"), rows=2),
            HeadCell(say("Mức độ hài lòng", "Satisfaction"), columns=3),
        ),
        (
            *(HeadCell(index) for index in INDICES),
            *level_heads(language),
        ),
    )
    columns = (
        Column("count", 0.6),
        Column("text", 3.2),
        Column("count", 0.9),
        *(Column("points_1", 0.6) for _ in INDICES),
        Column("points_1", 0.9),
        Column("text", 1.3),
        Column("count", 0.8),
        *(Column("percent", 1.2) for _ in LEVELS),
    )
    return Table(columns, head, tuple(lines))


def _weightings(subject: Subject, figures: Figures, language: Language) -> list[str]:
    """The two means of a unit with units below it, where both have a total."""
    found = {weighting: _evaluation(subject, figures, subject.unit.key, weighting) for weighting in ("units", "forms")}
    texts = []
    for weighting, (vi, en) in {
        "units": ("bình quân các đơn vị, mỗi đơn vị như nhau", "each agency counts alike"),
        "forms": ("bình quân theo số phiếu", "each form counts alike"),
    }.items():
        evaluation = found[weighting]
        if evaluation and evaluation.total is not None:
            points = decimal_text(evaluation.total, language, 2)
            band = evaluation.band_in(language)
            texts.append(either(language, f"{vi}: {points} điểm ({band})", f"{en}: {points} points ({band})"))
    if not texts:
        return []
    listed = "; ".join(texts)
    return [
        either(
            language,
            f"Tổng điểm chung theo hai cách tính: {listed}. Bảng dùng cách thứ nhất.",
            f"The total by two means: {listed}. The table shows the first.",
        )
    ]


def _missing(subject: Subject, found: _Evaluation, language: Language) -> list[str]:
    """Why there is no total."""
    without = [index for index in INDICES if found.points[index] is None]
    if not without:
        return []
    listed = ", ".join(without)
    if subject.period.kind == "month":
        return [
            either(
                language,
                "Chỉ số của cơ quan (5, 8, 9) chấm theo quý, nên báo cáo tháng không có tổng điểm, xếp loại và xếp hạng.",
                "Agencies are scored (indices 5, 8, 9) by quarter, so a month has no total, band or rank.",
            )
        ]
    return [
        either(
            language,
            f"Không có tổng điểm vì thiếu chỉ số {listed}; chỉ số thiếu không tính là 0.",
            f"There is no total, for index {listed} is missing; a missing index is not taken as 0.",
        )
    ]


AGENCY_EVALUATION = FormKind(
    code="agency_evaluation",
    audience="office",
    levels=frozenset({"commune", "district", "city"}),
    period_kinds=frozenset({"month", "quarter"}),
    fill=_fill_one,
)
AGENCY_EVALUATIONS = FormKind(
    code="agency_evaluations",
    audience="office",
    levels=frozenset({"district", "city"}),
    period_kinds=frozenset({"month", "quarter"}),
    fill=_fill_all,
)
