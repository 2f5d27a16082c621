"""A designed survey of a million people, three stages: every index and breakdown with its error, against a plain count of them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import BenchmarkFailed, task
from benchmarks.report import Finding, Target
from benchmarks.survey_data import ITEMS, land_round

FORMS = 1_000_000
MOST_TIMES = 3.0
MOST_MB = 3072.0


def run(folder: Path, forms: int = FORMS) -> Finding:
    """Measure in `folder`, which is empty."""
    land_round(folder, forms)
    task("round_inputs", [folder], folder)
    plain = task("plain_count", [folder, "one_query"], folder)
    by_unit = task("plain_count", [folder, "by_unit_first"], folder)
    sums = task("round_sums", [folder], folder)
    figures = task("round_figures", [folder], folder)
    cells = int(figures.output.splitlines()[0])
    if not cells:
        raise BenchmarkFailed("the round has no estimate")
    seconds = sums.seconds + figures.seconds
    return Finding(
        f"A survey round of {forms:,} forms x {ITEMS} items in three stages: {cells:,} estimates",
        [
            Target("time over a plain group-by of the same cells", MOST_TIMES, seconds / plain.seconds, "×"),
            Target("peak memory", MOST_MB, max(sums.peak_mb, figures.peak_mb), "MB"),
        ],
        [
            ("sums and variance per unit, node and group, from the answers", sums.seconds, sums.peak_mb),
            ("estimates, intervals and the mart", figures.seconds, figures.peak_mb),
            ("plain group-by, one query", plain.seconds, plain.peak_mb),
            ("plain group-by, by commune first", by_unit.seconds, by_unit.peak_mb),
        ],
        [
            "The plain group-by counts satisfied and valid answers per unit, node and group: answers joined with their forms,"
            " nodes and units, grouped by eight grouping sets. Written by hand so that it counts by commune and item first and"
            " adds up afterwards, it takes the time of the last row; that is the way ours goes too, with the products of each"
            " form and the places of the design on top. Both read the same tables of answers and forms.",
            "Measured once; DuckDB with 1 GB and two threads.",
        ],
    )
