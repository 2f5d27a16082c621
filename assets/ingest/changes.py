"""The kinds of change between what stands in a cell and what is read from it; each is counted per input, none is silent.

A cell counts once under every kind that applies to it, whether its row is then accepted, refused or a duplicate. Blanks
around a value are no part of it and not counted. Where a change is made stands with the readers and in shape.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from quality.contract import Bilingual

NFC = "text.nfc"
DOUBLE_UTF8 = "text.double_utf8"
FULL_WIDTH = "text.full_width"
UPPER_CASE = "text.upper_case"
OTHER_ENCODING = "text.other_encoding"
DECIMAL_COMMA = "number.decimal_comma"
THOUSANDS = "number.thousands"
STATED_FORMAT = "date.stated_format"
SERIAL = "date.serial"
TWO_DIGIT_YEAR = "date.two_digit_year"


def _encoding(name: str) -> Bilingual:
    return Bilingual(
        vi=f"Chữ ghi bằng bảng mã {name}, đã chuyển sang Unicode",
        en=f"Letters written in {name}, read as Unicode",
    )


CHANGES: Mapping[str, Bilingual] = {
    "text.tcvn3": _encoding("TCVN3"),
    "text.vni": _encoding("VNI"),
    "text.viscii": _encoding("VISCII"),
    "text.vps": _encoding("VPS"),
    "text.cp1258": _encoding("cp1258"),
    "text.cp1252": _encoding("cp1252"),
    "text.utf_16": _encoding("UTF-16"),
    OTHER_ENCODING: Bilingual(
        vi="Chữ ghi bằng bảng mã khác đã khai báo, đã chuyển sang Unicode",
        en="Letters written in another stated encoding, read as Unicode",
    ),
    DOUBLE_UTF8: Bilingual(
        vi="UTF-8 bị mã hóa hai lần (“Ná»™i vá»¥”), đã sửa",
        en="UTF-8 encoded twice (“Ná»™i vá»¥”), repaired",
    ),
    NFC: Bilingual(
        vi="Unicode tổ hợp (dấu tách rời), đã ghép thành chữ dựng sẵn (NFC)",
        en="Decomposed Unicode (marks apart), composed (NFC)",
    ),
    FULL_WIDTH: Bilingual(
        vi="Chữ số toàn chiều rộng hoặc của hệ chữ khác, đã đổi thành 0-9",
        en="Full-width digits or those of another script, read as 0-9",
    ),
    UPPER_CASE: Bilingual(
        vi="Chữ đã đổi thành chữ hoa theo khai báo letter_case: upper",
        en="Text put in capitals as letter_case: upper says",
    ),
    DECIMAL_COMMA: Bilingual(vi="Số viết dấu phẩy thập phân", en="Number written with a decimal comma"),
    THOUSANDS: Bilingual(
        vi="Số viết có dấu chấm, dấu phẩy hoặc khoảng trắng ngăn hàng nghìn",
        en="Number written with marks or blanks between thousands",
    ),
    STATED_FORMAT: Bilingual(
        vi="Ngày đọc theo dạng đã khai báo (như dd/mm/yyyy)", en="Date read by a stated format (such as dd/mm/yyyy)"
    ),
    SERIAL: Bilingual(vi="Ngày là số thứ tự của Excel", en="Date that is a serial number of Excel"),
    TWO_DIGIT_YEAR: Bilingual(
        vi="Năm viết hai chữ số, thế kỷ theo khai báo nguồn", en="Year of two digits, its century as the source states"
    ),
}


def encoding_kind(encoding: str) -> str:
    """Return the kind of change of text that was not in UTF-8."""
    name = "utf_16" if encoding.startswith("utf-16") else encoding
    return f"text.{name}" if f"text.{name}" in CHANGES else OTHER_ENCODING
