"""The page's words and number formats in Vietnamese and English. What is shown where stands in the template."""

from __future__ import annotations

import unicodedata
from datetime import date

_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Vietnamese writes 1.234,5 where English writes 1,234.5.
_TO_VIETNAMESE = str.maketrans(",.", ".,")
_ALPHABET = {letter: place for place, letter in enumerate(" 0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\u0300", "\u0309", "\u0303", "\u0301", "\u0323"}


def count_text(value: int, language: str) -> str:
    text = f"{value:,d}"
    return text.translate(_TO_VIETNAMESE) if language == "vi" else text


def percent_text(value: float, language: str, decimals: int = 2) -> str:
    """A percentage given as 46.66: "46,66%" or "46.66%"."""
    text = f"{value:,.{decimals}f}%"
    return text.translate(_TO_VIETNAMESE) if language == "vi" else text


def date_text(value: date, language: str) -> str:
    """dd/mm/yyyy in Vietnamese, 14 Jun 2023 in English."""
    if language == "vi":
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
    return f"{value.day} {_MONTHS_EN[value.month - 1]} {value.year:04d}"


def name_key(text: str) -> tuple[list[int], str]:
    """Sort key of the Vietnamese alphabet (đ after d, ơ after ô); tones decide only between names otherwise alike."""
    toneless = "".join(mark for mark in unicodedata.normalize("NFD", text.lower()) if mark not in _TONES)
    letters = unicodedata.normalize("NFC", toneless)
    return [_ALPHABET.get(letter, len(_ALPHABET) + ord(letter)) for letter in letters], text


def month_text(period_id: str) -> str:
    """2023-06 as 06/2023, short enough for a column head in both languages."""
    year, _, month = period_id.partition("-")
    return f"{month}/{year}"


STATES = {
    "vi": {"on_time": "Đúng hạn", "late": "Muộn", "missing": "Thiếu", "empty": "Rỗng"},
    "en": {"on_time": "On time", "late": "Late", "missing": "Missing", "empty": "Empty"},
}
STATE_SIGNS = {"on_time": "✓", "late": "!", "missing": "✗", "empty": "○"}

WORDS = {
    "vi": {
        "language": "Tiếng Việt",
        "skip": "Đến nội dung chính",
        "contents": "Mục lục",
        "simulated": "Dữ liệu mô phỏng",
        "simulated_more": "Mọi số liệu trên trang này do chương trình tạo ra để minh họa, không phải số liệu thật.",
        "revision": "Bản công bố",
        "version": "Phiên bản phần mềm",
        "overview": "Số liệu tháng gần nhất",
        "overview_more": "Tháng gần nhất có số liệu công bố được. "
        "Mỗi tỷ lệ đi kèm tử số, mẫu số và số bản ghi không đưa vào tính.",
        "index": "Chỉ số hài lòng (SIPAS)",
        "index_more": "Tỷ lệ câu trả lời “hài lòng” và “rất hài lòng” trong số câu trả lời hợp lệ.",
        "cases": "Giải quyết hồ sơ thủ tục hành chính",
        "cases_more": "Hồ sơ đã giải quyết trong kỳ: đúng hạn (kể cả trước hạn), quá hạn, không có hạn trả.",
        "complaints": "Xử lý phản ánh, kiến nghị",
        "complaints_more": "Phản ánh, kiến nghị đã xử lý xong trong kỳ: đúng hạn, quá hạn, không có hạn xử lý.",
        "submissions": "Tình hình gửi dữ liệu",
        "submissions_more": "Từng đơn vị, từng tháng báo cáo.",
        "quality": "Chất lượng dữ liệu",
        "quality_more": "Mỗi dòng đọc được kết thúc ở đúng một nơi: "
        "được nhận, bị giữ lại, trùng, hoặc bị bản mới hơn thay thế.",
        "notes": "Phương pháp và ghi chú",
        "numerator": "Tử số",
        "denominator": "Mẫu số",
        "left_out": "Không đưa vào tính",
        "index_card": "Chỉ số hài lòng chung",
        "index_numerator": "câu trả lời hài lòng",
        "index_denominator": "câu trả lời hợp lệ",
        "index_left_out": "câu không trả lời hoặc không biết",
        "case_card": "Hồ sơ giải quyết đúng hạn",
        "case_numerator": "hồ sơ đúng hạn",
        "case_denominator": "hồ sơ đã giải quyết có hạn trả",
        "case_left_out": "hồ sơ đã giải quyết không có hạn trả",
        "complaint_card": "Phản ánh, kiến nghị đúng hạn",
        "complaint_numerator": "phản ánh đúng hạn",
        "complaint_denominator": "phản ánh đã xử lý có hạn",
        "complaint_left_out": "phản ánh đã xử lý không có hạn",
        "submission_card": "Gửi dữ liệu đúng hạn",
        "submission_numerator": "lần gửi dữ liệu đúng hạn",
        "submission_denominator": "lần phải gửi dữ liệu",
        "submission_left_out": "lần gửi dữ liệu",
        "rank": "Xếp theo chỉ số",
        "trend": "Diễn biến theo tháng",
        "by_criterion": "Theo yếu tố và tiêu chí",
        "unit": "Đơn vị",
        "from": "từ",
        "whole": "Toàn bộ",
        "month": "Tháng",
        "answers": "Câu trả lời",
        "satisfied": "Hài lòng",
        "index_pct": "Chỉ số",
        "interval": "Khoảng tin cậy 95%",
        "criterion": "Tiêu chí",
        "in_time": "Đúng hạn",
        "late": "Quá hạn",
        "no_due_date": "Không có hạn",
        "settled": "Đã giải quyết",
        "closed": "Đã xử lý xong",
        "received": "Tiếp nhận",
        "pending": "Chưa xong",
        "in_time_pct": "Tỷ lệ đúng hạn",
        "legend": "Chú giải",
        "chart_index": "Biểu đồ: chỉ số hài lòng và khoảng tin cậy 95% của từng đơn vị; số liệu ở bảng bên cạnh.",
        "chart_trend": "Biểu đồ: chỉ số hài lòng theo tháng với khoảng tin cậy 95%; số liệu ở bảng bên cạnh.",
        "chart_cases": "Biểu đồ: tỷ trọng hồ sơ đúng hạn, quá hạn và không có hạn trả của từng đơn vị; "
        "số liệu ở bảng bên cạnh.",
        "chart_complaints": "Biểu đồ: tỷ trọng phản ánh, kiến nghị đúng hạn, quá hạn và không có hạn của từng đơn vị; "
        "số liệu ở bảng bên cạnh.",
        "no_data": "Chưa có dữ liệu.",
        "hidden": "ẩn",
        "none": "–",
        "source": "Nguồn",
        "files": "Tệp",
        "files_refused": "Tệp bị từ chối",
        "rows_read": "Đọc",
        "rows_accepted": "Nhận",
        "rows_quarantined": "Bị giữ lại",
        "rows_duplicate": "Trùng",
        "rows_superseded": "Bị thay thế",
        "rows_forgotten": "Xoá theo yêu cầu",
        "rows_skipped": "Bỏ qua",
        "total": "Tổng",
        "quality_skipped": "“Bỏ qua” là dòng tiêu đề, dòng cộng hoặc dòng trống theo quy tắc của nguồn, không tính vào số dòng đọc.",
        "quality_hidden": "Các ô ghi “≥” là tổng của những tệp có số liệu hiện; số liệu của các tệp khác được ẩn.",
        "refused": "Tệp bị từ chối và lý do",
        "refused_more": "Danh sách đầy đủ ở bảng data_quality.",
        "file": "Tệp",
        "reason": "Lý do",
        "downloads": "Tải dữ liệu",
        "workbook": "Bảng tính có mọi bảng (XLSX)",
        "descriptor": "Mô tả dữ liệu (datapackage.json)",
        "table": "Bảng",
        "states_on_time": "đến trong hạn",
        "states_late": "đến sau hạn",
        "states_missing": "chưa nhận được",
        "states_empty": "có tệp nhưng không có dòng dữ liệu",
        "notes_months": "Tháng báo cáo theo lịch của cơ quan, có thể khác tháng dương lịch: {period} là từ {start} đến {end}.",
        "notes_index": "Chỉ số = 100 × số câu trả lời hài lòng hoặc rất hài lòng ÷ số câu trả lời hợp lệ. "
        "Câu bỏ trống và câu “không biết” không có trong tử số lẫn mẫu số.",
        "notes_interval": "Khoảng tin cậy 95% cho biết mức dao động do chọn mẫu. Hai đơn vị có khoảng chồng lên nhau nhiều "
        "thì thứ tự giữa chúng chưa chắc chắn.",
        "notes_due": "Hồ sơ và phản ánh không có hạn được đếm riêng, không bao giờ tính là đúng hạn.",
        "notes_hidden": "Số liệu dựa trên ít hơn {minimum} bản ghi được ẩn và ghi là “ẩn”. "
        "Dấu “–” nghĩa là không có gì để tính.",
        "notes_total": "Dòng tổng của cơ quan gồm cả bản ghi chưa rõ đơn vị.",
        "notes_cite": "Khi trích dẫn, xin ghi mã bản công bố: {revision}.",
    },
    "en": {
        "language": "English",
        "skip": "Skip to the content",
        "contents": "Contents",
        "simulated": "Simulated data",
        "simulated_more": "Every figure on this page was generated by a program for illustration; none of it is real.",
        "revision": "Revision",
        "version": "Software version",
        "overview": "The latest month",
        "overview_more": "The latest month whose figures may be shown. "
        "Each rate stands with its numerator, its denominator and the records left out.",
        "index": "Satisfaction index (SIPAS)",
        "index_more": "Share of “satisfied” and “very satisfied” among the valid answers.",
        "cases": "Settlement of cases",
        "cases_more": "Cases settled in the period: in time (early ones included), late, without a due date.",
        "complaints": "Handling of complaints",
        "complaints_more": "Complaints closed in the period: in time, late, without a due date.",
        "submissions": "Submissions",
        "submissions_more": "Each unit in each reporting month.",
        "quality": "Data quality",
        "quality_more": "Every row read ends in exactly one place: "
        "accepted, quarantined, duplicate, or superseded by a newer version.",
        "notes": "Method and notes",
        "numerator": "Numerator",
        "denominator": "Denominator",
        "left_out": "Left out",
        "index_card": "Overall satisfaction index",
        "index_numerator": "satisfied answers",
        "index_denominator": "valid answers",
        "index_left_out": "unanswered or don’t know",
        "case_card": "Cases settled in time",
        "case_numerator": "cases in time",
        "case_denominator": "settled cases with a due date",
        "case_left_out": "settled cases without a due date",
        "complaint_card": "Complaints closed in time",
        "complaint_numerator": "complaints in time",
        "complaint_denominator": "closed complaints with a due date",
        "complaint_left_out": "closed complaints without a due date",
        "submission_card": "Submissions on time",
        "submission_numerator": "submissions on time",
        "submission_denominator": "submissions owed",
        "submission_left_out": "submissions",
        "rank": "Ranked by the index",
        "trend": "Month by month",
        "by_criterion": "By factor and criterion",
        "unit": "Unit",
        "from": "from",
        "whole": "Whole",
        "month": "Month",
        "answers": "Answers",
        "satisfied": "Satisfied",
        "index_pct": "Index",
        "interval": "95% confidence interval",
        "criterion": "Criterion",
        "in_time": "In time",
        "late": "Late",
        "no_due_date": "No due date",
        "settled": "Settled",
        "closed": "Closed",
        "received": "Received",
        "pending": "Pending",
        "in_time_pct": "In-time rate",
        "legend": "Legend",
        "chart_index": "Chart: satisfaction index and 95% confidence interval of each unit; figures in the table beside.",
        "chart_trend": "Chart: satisfaction index by month with its 95% confidence interval; figures in the table beside.",
        "chart_cases": "Chart: shares of cases in time, late and without a due date by unit; figures in the table beside.",
        "chart_complaints": "Chart: shares of complaints in time, late and without a due date by unit; "
        "figures in the table beside.",
        "no_data": "No data yet.",
        "hidden": "hidden",
        "none": "–",
        "source": "Source",
        "files": "Files",
        "files_refused": "Files refused",
        "rows_read": "Read",
        "rows_accepted": "Accepted",
        "rows_quarantined": "Quarantined",
        "rows_duplicate": "Duplicate",
        "rows_superseded": "Superseded",
        "rows_forgotten": "Forgotten",
        "rows_skipped": "Skipped",
        "total": "Total",
        "quality_skipped": "“Skipped” are header, total and blank rows by the source’s rules; they are not among the rows read.",
        "quality_hidden": "A cell with “≥” sums the files whose figures are shown; those of other files are hidden.",
        "refused": "Files refused, and why",
        "refused_more": "The full list is in the table data_quality.",
        "file": "File",
        "reason": "Reason",
        "downloads": "Download the data",
        "workbook": "Workbook with every table (XLSX)",
        "descriptor": "Description of the data (datapackage.json)",
        "table": "Table",
        "states_on_time": "arrived by the due date",
        "states_late": "arrived after it",
        "states_missing": "not received",
        "states_empty": "a file came without any row of data",
        "notes_months": "Reporting months are the office’s own and may differ from calendar months: "
        "{period} runs from {start} to {end}.",
        "notes_index": "Index = 100 × answers satisfied or very satisfied ÷ valid answers. "
        "Blank and “don’t know” answers are in neither numerator nor denominator.",
        "notes_interval": "The 95% confidence interval shows how far sampling alone may move a figure. "
        "Where the intervals of two units overlap much, their order is not certain.",
        "notes_due": "Cases and complaints without a due date are counted on their own, never as in time.",
        "notes_hidden": "Figures on fewer than {minimum} records are hidden and shown as “hidden”. "
        "“–” means that there was nothing to calculate from.",
        "notes_total": "An office’s total includes the records whose unit is not known.",
        "notes_cite": "When citing, please give the revision: {revision}.",
    },
}
