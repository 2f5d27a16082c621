"""The frame that respondents are drawn from: one row per person or household in a CSV or XLSX file.

How many are drawn and which stands in size and draw.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from assets.ingest.readers import InputRefused, open_input
from assets.ingest.readers.options import CsvOptions, ReaderOptions, WorkbookOptions
from assets.ingest.readers.table import FAULT, LINE, OWN_COLUMNS, heading_text
from quality.problem import did_you_mean


class FrameError(Exception):
    """The frame cannot be used; the message says why and names lines, never cells, which may be personal data."""


@dataclass(frozen=True)
class Frame:
    """Rows of a frame as text: `table` has one string column per heading, `lines` the line of each row in the file."""

    table: pa.Table
    lines: list[int]

    def column(self, heading: str) -> list[str]:
        """Return the cells under a heading, trimmed and in NFC, "" where blank. Raises FrameError for an unknown heading."""
        name = heading_text(heading)
        if name not in self.table.column_names:
            hint = did_you_mean(name, self.table.column_names).en
            raise FrameError(f"the frame has no column “{heading}”.{hint}")
        return [
            " ".join(unicodedata.normalize("NFC", cell or "").split()) for cell in self.table.column(name).to_pylist()
        ]


def read_frame(path: Path) -> Frame:
    """Read a .csv or .xlsx file (its first visible sheet). Raises FrameError when it cannot be read or has no rows."""
    kinds: dict[str, ReaderOptions] = {".csv": CsvOptions(kind="csv"), ".xlsx": WorkbookOptions(kind="workbook")}
    options = kinds.get(path.suffix.lower())
    if options is None:
        raise FrameError(f"{path.name} ends neither in .csv nor in .xlsx")
    try:
        [raw] = open_input(path, options)
        table = pa.Table.from_batches(raw.batches)
    except InputRefused as refused:
        place = f", line {refused.line}" if refused.line else ""
        raise FrameError(f"{path.name}{place}: {refused}") from None
    except ValueError:
        # No batch: a header without rows.
        raise FrameError(f"{path.name} has no rows under its header") from None
    lines = table.column(LINE).to_pylist()
    for line, fault in zip(lines, table.column(FAULT).to_pylist(), strict=True):
        if fault:
            raise FrameError(f"{path.name}, line {line}: the row cannot be read ({fault}); mend it")
    return Frame(table.select([name for name in table.column_names if name not in OWN_COLUMNS]), lines)


def strata_of(frame: Frame, column: str | None) -> list[str]:
    """Return the stratum of every row; "" for all where no column is given.

    Raises FrameError for a blank stratum, and for a column that tells nearly every row apart: that is no stratum, and
    the names of strata are shown.
    """
    if column is None:
        return [""] * len(frame.lines)
    strata = frame.column(column)
    blank = [line for line, stratum in zip(frame.lines, strata, strict=True) if not stratum]
    if blank:
        raise FrameError(f"{len(blank)} row(s) have no stratum under “{column}”, the first in line {blank[0]}")
    if len(set(strata)) > len(strata) / 2:
        raise FrameError(f"“{column}” has {len(set(strata))} values on {len(strata)} rows: it is no stratum")
    return strata
