"""What is said to a sender about refused rows, in Vietnamese: the reason beside a row, and the notice beside all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assets.ingest.returned import CODE, INBOX_FOLDER, ORIGINAL_LINE
from assets.ingest.rule_messages import refusal_reason, rule_message
from assets.ingest.spec import SourceSpec
from assets.ledger import InputRecord, ReturnFile, RuleCount


def row_reason(rules: Iterable[Mapping[str, str | None]]) -> str:
    """Return why one row is refused: each broken rule with its column, its value and what to do, a line each."""
    lines = []
    for broken in sorted(rules, key=lambda broken: (broken["rule"] or "", broken["column"] or "")):
        rule = broken["rule"] or ""
        text = f"{rule_message(rule).vi} [{rule}]"
        if broken["column"]:
            value = f"“{broken['value']}”" if broken["value"] else "để trống"
            text = f"Cột “{broken['column']}” ({value}): {text}"
        lines.append(text)
    return "\n".join(dict.fromkeys(lines))


def rows_notice(
    file: ReturnFile, record: InputRecord, spec: SourceSpec, unit: str | None, rules: Sequence[RuleCount]
) -> list[str]:
    """Return the lines of the notice that goes with refused rows."""
    broken = [count for count in rules if count.severity != "warn"]
    return [
        "THÔNG BÁO TRẢ LẠI SỐ LIỆU",
        *_about(file, record, spec, unit),
        f"Số dòng đã đọc: {record.rows_read}; đã nhận: {record.rows_accepted}; trùng: {record.rows_duplicate}; "
        f"trả lại: {record.rows_quarantined}",
        "",
        "Lỗi (số ô hoặc dòng):",
        *(
            f"- {f'cột “{count.column_name}”' if count.column_name else 'cả dòng'}: {count.n_rows} × "
            f"{rule_message(count.rule_id).vi} [{count.rule_id}]"
            for count in sorted(broken, key=lambda count: (-count.n_rows, count.rule_id, count.column_name))
        ),
        "",
        "Cách làm:",
        "1. Sửa các ô sai ngay trong tệp trả lại này. Chỉ các dòng bị trả lại nằm trong tệp; các dòng khác đã được nhận, "
        "không gửi lại.",
        f"2. Giữ nguyên tên tệp, dòng tiêu đề và cột “{CODE}”. Cột “{ORIGINAL_LINE}” cho biết dòng đó ở đâu trong tệp đã gửi.",
        "3. Dòng không còn giá trị: xóa trắng các ô của dòng, giữ lại mã. Khi hai dòng trùng mã hồ sơ (số phiếu) mà khác "
        "nội dung: giữ dòng đúng, xóa dòng sai.",
        f"4. Gửi lại tệp cho văn phòng; văn phòng đặt tệp vào thư mục {INBOX_FOLDER}. Dòng còn sai sẽ được trả lại lần nữa.",
    ]


def file_notice(file: ReturnFile, record: InputRecord, spec: SourceSpec, unit: str | None) -> list[str]:
    """Return the lines of the notice that a file was refused whole."""
    return [
        "THÔNG BÁO KHÔNG NHẬN TỆP",
        *_about(file, record, spec, unit),
        "",
        "Lý do:",
        refusal_reason(record),
        "",
        "Cách làm: sửa tệp theo lý do trên rồi gửi lại cả tệp. Chưa có dòng nào của tệp được nhận.",
    ]


def _about(file: ReturnFile, record: InputRecord, spec: SourceSpec, unit: str | None) -> list[str]:
    return [
        f"{CODE}: {file.return_id}",
        f"Tệp đã gửi: {record.path.rpartition('/')[2]}",
        f"Nguồn: {spec.title.vi} ({spec.name})",
        *([f"Đơn vị: {unit}"] if unit else []),
        *([f"Kỳ báo cáo: {record.period_id}"] if record.period_id else []),
        f"Ngày gửi: {record.sent_on:%d/%m/%Y}; ngày trả lại: {file.returned_on:%d/%m/%Y}",
    ]
