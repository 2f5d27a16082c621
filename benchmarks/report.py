"""What a benchmark found, and the page it is written to: targets beside measured values, met or missed."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import ROOT
from pipelines.version import software_version

PAGE = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("duckdb", "pyarrow", "python-calamine", "dagster", "dbt-core", "dbt-duckdb", "great-expectations", "pandas")


@dataclass(frozen=True)
class Target:
    """One promise: what is measured, the most it may be (or the least), what it was, in one unit.

    × is a ratio of two times; the others are MB, kB, s and %.
    """

    what: str
    bound: float
    measured: float
    unit: str
    is_least: bool = False

    @property
    def line(self) -> list[str]:
        is_met = self.measured >= self.bound if self.is_least else self.measured <= self.bound
        sign = "≥" if self.is_least else "≤"
        return [
            self.what,
            f"{sign} {self._shown(self.bound)}",
            self._shown(self.measured),
            "met" if is_met else "**missed**",
        ]

    def _shown(self, value: float) -> str:
        return {"MB": f"{value:,.0f} MB", "kB": f"{value:,.0f} kB", "×": f"{value:.2f} ×", "%": f"{value:.2f} %"}.get(
            self.unit, f"{value:.1f} s"
        )


@dataclass(frozen=True)
class Table:
    """Measured values that have no target, under a title of their own."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Finding:
    """The outcome of one benchmark: targets, the times behind them (label, seconds, peak MB or None), notes, tables."""

    title: str
    targets: Sequence[Target]
    rows: Sequence[tuple[str, float, float | None]]
    notes: Sequence[str] = field(default=())
    tables: Sequence[Table] = field(default=())

    def render(self) -> str:
        """Return the section of the page."""
        rows = [[label, f"{seconds:.2f}", f"{peak:,.0f}" if peak else ""] for label, seconds, peak in self.rows]
        return "\n".join(
            [
                f"## {self.title}",
                "",
                _table(["target", "bound", "measured", ""], [target.line for target in self.targets]),
                *(["", _table(["measured", "seconds", "peak MB"], rows)] if rows else []),
                *(f"\n{note}" for note in self.notes),
                *(f"\n### {table.title}\n\n{_table(table.head, table.rows)}" for table in self.tables),
                "",
            ]
        )


def write_page(findings: Sequence[Finding], path: Path = PAGE) -> None:
    """Write all findings of one run with the machine they were measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = [
        "# Benchmarks",
        "",
        "Written by `make bench`; do not edit. All figures of a benchmark come from one run of it on the machine below. What is",
        "compared is the ratio of two times in that run; the seconds themselves differ from machine to machine. Coverage is the",
        "same on all.",
        "",
        machine(),
        "",
    ]
    path.write_text("\n".join([*head, *(finding.render() for finding in findings)]), encoding="utf-8")


def machine() -> str:
    """Return the machine, the date and the versions as a table."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rows = [
        ["date", str(dt.date.today())],
        ["processor", f"{_processor()}, {os.cpu_count()} cores"],
        ["memory", f"{memory:.0f} GB"],
        ["system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"],
        ["sipas-warehouse", software_version()],
        *([name, version(name)] for name in PACKAGES),
    ]
    return _table(["", ""], rows)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
