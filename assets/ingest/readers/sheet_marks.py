"""What a look at a sheet's bytes shows before the parser has them: its extent, and cells the parser would leave blank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from assets.ingest.readers.limits import CELL_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_SHEET_BYTES
from assets.ingest.readers.table import InputRefused

# 0-based sheet row -> [(0-based sheet column, text such as #N/A)]
ErrorCells = dict[int, list[tuple[int, str]]]

# first row, first column, last row, last column; from 0
MergedCells = Sequence[tuple[int, int, int, int]]

# Stands in a cell whose formula the program that wrote the file never worked out; it is not worked out here either.
UNCALCULATED = "#FORMULA!"


@dataclass
class SheetMarks:
    """Rows and columns of the area that holds values, the bytes of its texts when each cell has its own copy, the cells
    the parser leaves blank though they hold something, and merged cells where the parser does not tell them."""

    rows: int = 0
    columns: int = 0
    text_bytes: int = 0
    errors: ErrorCells = field(default_factory=dict)
    merged: MergedCells | None = None

    @property
    def is_too_large(self) -> bool:
        area = self.rows * self.columns
        return area > MAX_CELLS or self.columns > MAX_COLUMNS or area * CELL_BYTES + self.text_bytes > MAX_SHEET_BYTES

    def take(self, row: int, column: int) -> None:
        """Count a cell that holds a value."""
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)


def column_letters(index: int) -> str:
    """The letters Excel gives to a 0-based column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


@cache
def column_index(letters: bytes) -> int:
    """The 0-based column of Excel's letters."""
    index = 0
    for letter in letters:
        index = index * 26 + letter - ord("A") + 1
    return index - 1


def encrypted(path: Path) -> InputRefused:
    """The refusal of a file that opens only with a password."""
    return InputRefused(
        "file.encrypted",
        f"Tệp “{path.name}” được đặt mật khẩu. Hãy đề nghị đơn vị bỏ mật khẩu rồi gửi lại.",
        f"The file {path.name!r} is protected by a password. Ask the sender to remove it and send the file again.",
    )


def too_large_sheet(path: Path, name: str, marks: SheetMarks) -> InputRefused:
    """The refusal of a sheet whose area or texts are beyond all measure."""
    area = f"A1:{column_letters(max(marks.columns - 1, 0))}{marks.rows}"
    return InputRefused(
        "file.too_large",
        f"Trang tính “{name}” của tệp “{path.name}” dùng vùng {area}, quá {MAX_CELLS:,} ô hoặc quá nhiều chữ. "
        "Hãy xóa các dòng và cột trống có ô lạc ở ngoài bảng, hoặc gửi dữ liệu ở dạng CSV.",
        f"Sheet {name!r} of {path.name!r} uses the area {area}, more than {MAX_CELLS:,} cells or too much text. "
        "Delete stray cells beyond the table, or send the data as CSV.",
        sheet=name,
    )
