"""Who sent the data owed, and in time: one line per unit, from `submission_rate` (marts); states as in submission_status."""

from __future__ import annotations

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import official_form
from assets.forms.kind import FormKind
from assets.forms.model import Column, Form, HeadCell, Language, Line, Table, Value
from assets.forms.subject import Subject, UnitKey

CODE = "submissions"
MART = "marts.submission_rate"
_ALL = "*"
_WORDS: dict[Language, dict[str, str]] = {
    "vi": {
        "title": "Tình hình gửi dữ liệu và tính đúng hạn",
        "unit_of_measure": "Đơn vị tính: lượt gửi (một loại dữ liệu của một đơn vị trong một tháng)",
        "number": "TT",
        "unit": "Đơn vị",
        "expected": "Số lượt phải gửi",
        "sent": "Đã gửi",
        "on_time": "Đúng hạn",
        "late": "Quá hạn",
        "empty": "Báo không phát sinh",
        "empty_all": "Tổng số",
        "empty_late": "Trong đó quá hạn",
        "missing": "Chưa gửi",
        "missing_all": "Tổng số",
        "missing_refused": "Trong đó tệp bị từ chối",
        "completeness": "Tỷ lệ đã gửi (%)",
        "timeliness": "Tỷ lệ đúng hạn (%)",
        "total": "Tổng số",
        "note_identity": "Cột (3) = (4) + (5) + (6) + (8).",
        "note_rates": "Cột (10) = [(3) - (8)] / (3) x 100%; cột (11) = [(4) + (6) - (7)] / (3) x 100%.",
        "note_other": "Tổng số gồm {count} lượt của chính cơ quan và của đơn vị không còn nằm trong danh sách.",
    },
    "en": {
        "title": "Data sent, and in time",
        "unit_of_measure": "Unit: deliveries owed (one dataset of one unit in one month)",
        "number": "No.",
        "unit": "Unit",
        "expected": "Owed",
        "sent": "Sent",
        "on_time": "On time",
        "late": "Late",
        "empty": "Reported zero",
        "empty_all": "In all",
        "empty_late": "Of these late",
        "missing": "Missing",
        "missing_all": "In all",
        "missing_refused": "Of these with refused files",
        "completeness": "Sent (%)",
        "timeliness": "In time (%)",
        "total": "Total",
        "note_identity": "Column (3) = (4) + (5) + (6) + (8).",
        "note_rates": "Column (10) = [(3) - (8)] / (3) x 100%; column (11) = [(4) + (6) - (7)] / (3) x 100%.",
        "note_other": "The total holds {count} owed by the office itself and by units that are no longer in the list.",
    },
}
_COUNTS = ("n_expected", "n_on_time", "n_late", "n_empty", "n_empty_late", "n_missing", "n_missing_refused")
_RATES = ("completeness_pct", "timeliness_pct")


def _fill(subject: Subject, figures: Figures, language: Language) -> Form | None:
    words, unit, period = _WORDS[language], subject.unit, subject.period
    total = _row(figures, unit.key, period.period_id)
    if total is None:
        return None
    parts = [(subject.names[key], row) for key in unit.parts if (row := _row(figures, key, period.period_id))]
    lines = [
        Line((place, name, *_values(row)))
        for place, (name, row) in enumerate(parts, start=1)
    ]  # fmt: skip
    other = total["n_expected"] - sum(row["n_expected"] for _, row in parts)
    notes = [words["note_identity"], words["note_rates"]]
    if parts and other:
        notes.append(words["note_other"].format(count=other))
    return official_form(
        subject,
        language,
        code=CODE,
        title=words["title"],
        unit_of_measure=words["unit_of_measure"],
        blocks=(_table(words, [*lines, Line((None, words["total"], *_values(total)), "total")]),),
        notes=notes,
        landscape=True,
    )


def _row(figures: Figures, unit: UnitKey, period_id: str) -> Row | None:
    return next((row for row in figures.of(MART, unit, period_id) if row["dataset"] == _ALL), None)


def _values(row: Row) -> tuple[Value, ...]:
    return (*(row[name] for name in _COUNTS), *(row[name] for name in _RATES))


def _table(words: dict[str, str], lines: list[Line]) -> Table:
    head = (
        (
            HeadCell(words["number"], rows=2),
            HeadCell(words["unit"], rows=2),
            HeadCell(words["expected"], rows=2),
            HeadCell(words["sent"], columns=2),
            HeadCell(words["empty"], columns=2),
            HeadCell(words["missing"], columns=2),
            HeadCell(words["completeness"], rows=2),
            HeadCell(words["timeliness"], rows=2),
        ),
        tuple(
            HeadCell(words[name])
            for name in ("on_time", "late", "empty_all", "empty_late", "missing_all", "missing_refused")
        ),
    )
    columns = (
        Column("count", 0.6),
        Column("text", 3.2),
        *(Column("count") for _ in _COUNTS),
        *(Column("percent", 1.1) for _ in _RATES),
    )
    return Table(columns, head, tuple(lines), tuple(f"({place})" for place in range(1, len(columns) + 1)))


SUBMISSIONS = FormKind(
    code=CODE,
    audience="open",
    levels=frozenset({"district", "city"}),
    period_kinds=frozenset({"month", "quarter", "year"}),
    fill=_fill,
)
