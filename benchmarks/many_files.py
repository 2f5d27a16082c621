"""Ten thousand small workbooks to accepted rows, beside a bare loop of calamine over the same files."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import add_case_source, make_workspace, write_small_workbooks
from benchmarks.measure import in_turns, task
from benchmarks.report import Finding, Target

FILES = 10_000
ROWS = 200
# No less than half the rate.
MOST = 2.0


def run(folder: Path, files: int = FILES, times: int = 1) -> Finding:
    """Measure in `folder`, which is empty."""
    workspace = folder / "workspace"
    make_workspace(workspace)
    inbox = workspace / "inbox" / "cases"
    write_small_workbooks(files, ROWS, folder, inbox)
    add_case_source(workspace, "inbox/cases/*.xlsx")
    ours, bare = in_turns(
        times,
        lambda: task("our_reading", [workspace], folder),
        lambda: task("bare_calamine_loop", [inbox], folder),
    )
    size = sum(file.stat().st_size for file in inbox.iterdir()) / 2**20
    return Finding(
        f"Reading many small files: {files:,} XLSX of {ROWS} × 25 cells to accepted rows",
        [Target("against a bare loop of python-calamine", MOST, ours.seconds / bare.seconds, "×")],
        [
            ("read, shape, settle", ours.seconds, ours.peak_mb),
            ("calamine alone, file by file", bare.seconds, bare.peak_mb),
        ],
        [
            f"The files have {size:,.0f} MB. Measured once, one after the other."
            if times == 1
            else f"Median of {times}."
        ],
    )
