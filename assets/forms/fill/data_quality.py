"""The data-quality statement: what became of every file and row a unit sent for a month, by source, and the rules most broken."""

from __future__ import annotations

from collections.abc import Sequence

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import Block, Column, Form, HeadCell, Heading, Language, Line, Table
from assets.forms.subject import Subject
from assets.ingest.rule_messages import rule_message
from assets.text.wording import count_text

SOURCES = "office.source_quality"
RULES = "office.source_rule"
RULES_SHOWN = 10
_FILES = ("n_inputs", "n_inputs_landed", "n_inputs_empty", "n_inputs_refused", "n_inputs_duplicate")
_ROWS = (
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_duplicate",
    "rows_superseded",
    "rows_forgotten",
    "rows_skipped",
)
_SEVERITIES = {
    "reject": ("Từ chối cả tệp", "File refused"),
    "quarantine": ("Giữ lại dòng", "Row held back"),
    "warn": ("Cảnh báo", "Warning"),
}


def _fill(subject: Subject, figures: Figures, language: Language) -> Form:
    key, period_id = subject.unit.key, subject.period.period_id
    sources, rules = figures.of(SOURCES, key, period_id), figures.of(RULES, key, period_id)
    of_period = _stated(sources, "period")
    blocks: list[Block] = [
        Heading(either(language, "I. TỆP CỦA KỲ BÁO CÁO", "I. FILES OF THE PERIOD")),
        _source_table(language, of_period),
        _rule_table(language, _stated(rules, "period")),
    ]
    if whole := _stated(sources, "office"):
        heading = either(
            language,
            "II. TỆP KHÔNG GHI ĐƠN VỊ HOẶC THÁNG, CỦA CẢ CƠ QUAN, TÍNH ĐẾN NAY",
            "II. FILES THAT STATE NO UNIT OR MONTH, OF THE WHOLE OFFICE SO FAR",
        )
        blocks += [
            Heading(heading),
            _source_table(language, whole),
            _rule_table(language, _stated(rules, "office")),
        ]
    return official_form(
        subject,
        language,
        code="data_quality",
        title=either(language, "TÌNH HÌNH CHẤT LƯỢNG DỮ LIỆU", "DATA-QUALITY STATEMENT"),
        unit_of_measure=either(language, "Đơn vị tính: tệp, dòng", "Unit: files, rows"),
        blocks=blocks,
        notes=[*_identities(of_period, language), *_meaning(language)],
        landscape=True,
    )


def _stated(rows: Sequence[Row], stated: str) -> list[Row]:
    return [row for row in rows if row["stated"] == stated]


def _source_table(language: Language, rows: Sequence[Row]) -> Table:
    def say(vi: str, en: str) -> str:
        return either(language, vi, en)

    head = (
        (
            HeadCell(say("Nguồn", "Source"), rows=2),
            HeadCell(say("Số tệp", "Files"), columns=5),
            HeadCell(say("Số dòng", "Rows"), columns=7),
        ),
        (
            HeadCell(say("Tổng số", "Total")),
            HeadCell(say("Đã nhận", "Taken in")),
            HeadCell(say("Không có dòng", "Empty")),
            HeadCell(say("Bị từ chối", "Refused")),
            HeadCell(say("Trùng", "Copies")),
            HeadCell(say("Đã đọc", "Read")),
            HeadCell(say("Được nhận", "Accepted")),
            HeadCell(say("Bị giữ lại", "Held back")),
            HeadCell(say("Trùng", "Duplicate")),
            HeadCell(say("Đã được thay", "Superseded")),
            HeadCell(say("Xóa theo yêu cầu", "Forgotten")),
            HeadCell(say("Bỏ qua", "Skipped")),
        ),
    )
    measures = (*_FILES, *_ROWS)
    ordered = sorted(rows, key=lambda row: row["source"])
    lines = [Line((row["source"], *(row[measure] for measure in measures))) for row in ordered]
    if lines:
        totals = (sum(row[measure] for row in rows) for measure in measures)
        lines.append(Line((say("Tổng số", "Total"), *totals), "total"))
    return Table((Column("text", 2.4), *(Column("count") for _ in measures)), head, tuple(lines))


def _rule_table(language: Language, rows: Sequence[Row]) -> Table:
    head = (
        (
            HeadCell(either(language, "STT", "No.")),
            HeadCell(either(language, "Nguồn", "Source")),
            HeadCell(either(language, "Quy tắc bị vi phạm nhiều nhất", "Rules most broken")),
            HeadCell(either(language, "Mã quy tắc", "Rule")),
            HeadCell(either(language, "Xử lý", "Treatment")),
            HeadCell(either(language, "Số dòng", "Rows")),
        ),
    )
    most = sorted(rows, key=lambda row: (-row["n_rows"], row["source"], row["rule_id"], row["severity"]))[:RULES_SHOWN]
    lines = [
        Line(
            (
                place,
                row["source"],
                _message(row["rule_id"], language),
                row["rule_id"],
                either(language, *_SEVERITIES.get(row["severity"], (row["severity"],) * 2)),
                row["n_rows"],
            )
        )
        for place, row in enumerate(most, start=1)
    ]
    columns = (
        Column("count", 0.5),
        Column("text", 1.5),
        Column("text", 4.6),
        Column("text", 2.7),
        Column("text", 1.2),
        Column("count", 0.8),
    )
    return Table(columns, head, tuple(lines))


def _message(rule_id: str, language: Language) -> str:
    message = rule_message(rule_id)
    return either(language, message.vi, message.en)


def _identities(rows: Sequence[Row], language: Language) -> list[str]:
    """The conservation of the period's rows, in numbers."""
    if not rows:
        return []
    read, *parts = (sum(row[measure] for row in rows) for measure in _ROWS[:-1])
    sums = " + ".join(count_text(part, language) for part in parts)
    return [
        either(
            language,
            f"Dòng đã đọc của kỳ: {count_text(read, language)} = {sums} (được nhận + bị giữ lại + trùng + đã được thay + xóa theo "
            "yêu cầu).",
            f"Rows read of the period: {count_text(read, language)} = {sums} (accepted + held back + duplicate + superseded + "
            "forgotten).",
        )
    ]


def _meaning(language: Language) -> list[str]:
    return [
        either(
            language,
            "Dòng bỏ qua là dòng tổng cộng, dòng trống theo khai báo nguồn, không nằm trong số dòng đã đọc. Một dòng có thể vi "
            "phạm nhiều quy tắc.",
            "Skipped are totals and blank rows by the source's rules, outside the rows read. A row can break several rules.",
        )
    ]


DATA_QUALITY = FormKind(
    code="data_quality",
    audience="office",
    levels=frozenset({"commune", "district", "city"}),
    period_kinds=frozenset({"month"}),
    fill=_fill,
)
