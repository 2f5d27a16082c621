"""A million rows of CSV to accepted rows, beside DuckDB reading the same file to Parquet."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import add_case_source, make_workspace, write_cases
from benchmarks.measure import in_turns, task
from benchmarks.report import Finding, Target

ROWS = 1_000_000
MOST = 4.0
MOST_MB = 2048.0


def run(folder: Path, rows: int = ROWS, times: int = 3) -> Finding:
    """Measure in `folder`, which is empty."""
    workspace = folder / "workspace"
    make_workspace(workspace)
    file = workspace / "inbox" / "cases.csv"
    write_cases(rows, file)
    add_case_source(workspace, "inbox/cases.csv")
    ours, bare = in_turns(
        times,
        lambda: task("our_reading", [workspace], folder),
        lambda: task("bare_duckdb", [file, folder / "bare.parquet"], folder),
    )
    return Finding(
        f"Reading CSV: {rows:,} × 25 cells to accepted rows",
        [
            Target("against DuckDB's own read to Parquet", MOST, ours.seconds / bare.seconds, "×"),
            Target("peak memory", MOST_MB, ours.peak_mb, "MB"),
        ],
        [("read, shape, settle, land", ours.seconds, ours.peak_mb), ("DuckDB alone", bare.seconds, bare.peak_mb)],
        [f"The file has {file.stat().st_size / 2**20:,.0f} MB; 14 of its columns are mapped. Median of {times}."],
    )
