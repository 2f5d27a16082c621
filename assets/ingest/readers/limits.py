"""How much a file may hold before it is refused: files come from strangers, and a refusal may take 1 GB of memory.

Each limit stands well above what offices send and below what one reading can bear. What is done about a file that is
too large stands with its reader.
"""

from __future__ import annotations

from pathlib import Path

from assets.ingest.readers.table import InputRefused

# Any file: more than a district's case files of ten years as CSV, and hashed in a minute or two.
MAX_FILE_BYTES = 16 << 30

# As many columns as a sheet of Excel can have.
MAX_COLUMNS = 16_384

# The workbook parser lays a sheet out as a full rectangle, however few of its cells are filled, and copies every text.
MAX_CELLS = 30_000_000
CELL_BYTES = 32
MAX_SHEET_BYTES = 2 << 30

# Parts of a workbook that the parser holds whole: texts, styles, the list of sheets.
MAX_HELD_PART_BYTES = 256 << 20

# Members of an archive. A workbook has tens; a set of a month's sheets has one per commune.
MAX_ENTRIES = 20_000
MAX_MEMBER_BYTES = 4 << 30
MAX_ARCHIVE_BYTES = 16 << 30
# Sheets of real tables shrink 5 to 60 times; what shrinks more than this above SMALL_PART is made to do harm.
MAX_RATIO = 400
SMALL_PART = 64 << 20

# One record of JSON, held in memory as some thirty times its size at worst; a line of JSON Lines, or a whole document
# that is one object.
MAX_RECORD_CHARACTERS = 16 << 20

# A row group of Parquet, unpacked; writers make them of 64 to 512 MB.
MAX_ROW_GROUP_BYTES = 2 << 30

# Rows times variables of an SPSS file, which is gone through from its beginning for every part of its rows.
MAX_STATISTICS_CELLS = 200_000_000

# SPSS and old Excel files are held whole or read several times over.
MAX_HELD_FILE_BYTES = 512 << 20


def require_size(path: Path, most: int) -> None:
    """Refuse a file of more than `most` bytes."""
    size = path.stat().st_size
    if size > most:
        raise too_large(
            path,
            f"có {size >> 20:,} MB, quá {most >> 20:,} MB",
            f"has {size >> 20:,} MB, more than {most >> 20:,} MB",
        )


def require_columns(path: Path, columns: int) -> None:
    """Refuse a table of more columns than any office has."""
    if columns > MAX_COLUMNS:
        raise too_large(path, f"có quá {MAX_COLUMNS:,} cột", f"has more than {MAX_COLUMNS:,} columns")


def too_large(path: Path, what_vi: str, what_en: str, *, line: int | None = None) -> InputRefused:
    """The refusal of a file that holds more than a file of its kind may."""
    return InputRefused(
        "file.too_large",
        f"Tệp “{path.name}” {what_vi}. Hãy kiểm tra nguồn gốc của tệp; nếu tệp đúng, hãy chia nhỏ rồi gửi lại.",
        f"The file {path.name!r} {what_en}. Check where it comes from; if it is sound, send it in parts.",
        line=line,
    )
