"""`python -m benchmarks [--only NAME]`: measures in a temporary folder; a run of all writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import coverage, database, demo_run, forms, many_files, million, read_csv, read_xlsx, site, survey_round
from benchmarks.measure import BenchmarkFailed
from benchmarks.report import PAGE, Finding, write_page

BENCHMARKS: dict[str, Callable[[Path], Finding]] = {
    "xlsx": read_xlsx.run,
    "csv": read_csv.run,
    "many_files": many_files.run,
    "database": database.run,
    "demo": demo_run.run,
    "million": million.run,
    "forms": forms.run,
    "coverage": coverage.run,
    "survey_round": survey_round.run,
    "site": site.run,
}


def main() -> int:
    """Run the benchmarks and print what they find; the exit code is 1 when one could not be run, whatever the targets."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark; the page is not written then")
    only = parser.parse_args().only
    findings = []
    for name in [only] if only else BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="sipas-bench-") as folder:
            try:
                finding = _apart(BENCHMARKS[name], Path(folder))
            except BenchmarkFailed as failure:
                print(f"{name}: {failure}", file=sys.stderr)
                return 1
        print(finding.render(), flush=True)
        findings.append(finding)
    if only is None:
        write_page(findings)
        print(f"Written to {PAGE}")
    return 0


def _apart(benchmark: Callable[[Path], Finding], folder: Path) -> Finding:
    """Run the benchmark in a process of its own: what it starts inherits the peak memory of the one that starts it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(benchmark, folder).result()


if __name__ == "__main__":
    sys.exit(main())
