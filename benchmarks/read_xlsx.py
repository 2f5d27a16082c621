"""A workbook of 100,000 rows to accepted rows, beside calamine alone reading the same sheet."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import add_case_source, as_workbook, make_workspace, write_cases
from benchmarks.measure import in_turns, task
from benchmarks.report import Finding, Target

ROWS = 100_000
MOST = 2.0


def run(folder: Path, rows: int = ROWS, times: int = 3) -> Finding:
    """Measure in `folder`, which is empty."""
    workspace = folder / "workspace"
    make_workspace(workspace)
    file = workspace / "inbox" / "cases.xlsx"
    write_cases(rows, folder / "cases.csv")
    file.parent.mkdir()
    as_workbook(folder / "cases.csv", file)
    add_case_source(workspace, "inbox/cases.xlsx")
    ours, bare = in_turns(
        times,
        lambda: task("our_reading", [workspace], folder),
        lambda: task("bare_calamine", [file], folder),
    )
    return Finding(
        f"Reading XLSX: {rows:,} × 25 cells to accepted rows",
        [Target("against python-calamine's own read", MOST, ours.seconds / bare.seconds, "×")],
        [("read, shape, settle, land", ours.seconds, ours.peak_mb), ("calamine alone", bare.seconds, bare.peak_mb)],
        [f"The file has {file.stat().st_size / 2**20:,.0f} MB; 14 of its columns are mapped. Median of {times}."],
    )
