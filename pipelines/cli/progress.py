"""What the command prints: progress, problems and the summary of a run. Lines carry no personal data."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from quality.personal import mask
from quality.problem import Problem

if TYPE_CHECKING:
    from assets.delivery.outcome import Outcome
    from pipelines.run import RunReport

console = Console(soft_wrap=True)

PROBLEMS_SHOWN = 40


class Progress:
    """A moving line on a terminal; plain lines with seconds in a log."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._status: Status | None = console.status("starting") if sys.stdout.isatty() else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def stage(self, name: str) -> None:
        """Show that a stage begins."""
        console.print(f"{time.monotonic() - self._start:6.1f} s  {name}", highlight=False)

    def detail(self, line: str) -> None:
        """Show what the stage is doing, on a terminal only."""
        if self._status is not None:
            self._status.update(escape(line))


def show_problems(problems: Iterable[Problem]) -> None:
    """Print problems, each on a line of its own in both languages; past a limit only their number."""
    listed = list(problems)
    for problem in listed[:PROBLEMS_SHOWN]:
        console.print(f"! {problem.render('en')}", style="yellow", markup=False, highlight=False)
        console.print(f"  {mask(problem.message.vi)}", style="dim", markup=False, highlight=False)
    if len(listed) > PROBLEMS_SHOWN:
        console.print(f"… and {len(listed) - PROBLEMS_SHOWN} more; see `sipas status`", style="yellow")


def show_summary(report: RunReport) -> None:
    """Print what a run did: rows, checks, the revision and where to look."""
    log = report.log
    checks = [check.passed for _, check in log.checks]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("inputs taken in", f"{len(log.records):,}")
    for label, name in (
        ("rows read", "rows_read"),
        ("  accepted", "rows_accepted"),
        ("  quarantined", "rows_quarantined"),
        ("  duplicate", "rows_duplicate"),
        ("  forgotten", "rows_forgotten"),
    ):
        if name != "rows_forgotten" or log.total(name):
            table.add_row(label, f"{log.total(name):,}")
    table.add_row("earlier rows superseded", f"{log.rows_superseded:,}")
    if log.returned:
        table.add_row("returned to senders", f"{len(log.returned):,} file(s) in returns/")
    table.add_row("checks passed", f"{sum(checks) + log.nodes_good:,}")
    table.add_row("checks failed", f"{len(checks) - sum(checks) + len(log.nodes_bad):,}")
    console.print(table)
    for dataset, check in log.checks:
        if not check.passed:
            verdict = "FAILED" if check.critical else "warning"
            line = f"{verdict}: {dataset} {check.name}: {check.message_en}"
            console.print(line, style="yellow", markup=False, highlight=False)
            console.print(f"  {check.message_vi}", style="dim", markup=False, highlight=False)
    for failure in report.failures:
        console.print(f"FAILED: {failure}", style="red", markup=False, highlight=False)
    if report.folder is None:
        console.print(f"Nothing was published; the revision stays {report.revision or 'none'}.", highlight=False)
        return
    verb = "Published revision" if report.ending.value == "published" else "Nothing new; the revision stays"
    console.print(f"{verb} {report.revision}", style="green", highlight=False)
    for label, place in (
        ("site", "open/site/index.html"),
        ("forms", "office/forms"),
        ("workbook", "open/marts.xlsx"),
        ("what changed", "open/changes.xlsx"),
        ("analyst database", "analyst/sipas.duckdb"),
        ("checks", "quality/data_docs/index.html"),
    ):
        if (report.folder / place).exists():
            console.print(f"  {label:17} {report.folder / place}", highlight=False)
    show_deliveries(log.deliveries)


def show_deliveries(outcomes: Iterable[Outcome], dry_run: bool = False) -> None:
    """Print what came, or would come, of each delivery, a failure in both languages."""
    verb = "Would be delivered" if dry_run else "Delivered"
    for outcome in outcomes:
        if outcome.failure is None:
            console.print(f"{verb}: {outcome.message.en}", style="green", markup=False, highlight=False)
            continue
        console.print(
            f"! {outcome.message.en}; tried again by the next run and by `sipas deliver`",
            style="yellow", markup=False, highlight=False,
        )  # fmt: skip
        console.print(f"  {outcome.message.vi}", style="dim", markup=False, highlight=False)
