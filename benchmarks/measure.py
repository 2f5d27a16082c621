"""Runs one command in a fresh process and says how long it took and how much memory it held. What is run stands elsewhere."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIPAS = (sys.executable, "-m", "pipelines.cli.main")

_STAGE = re.compile(r"^ *(\d+\.\d) s  (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """One process: seconds of wall clock (its own count where it gives one), peak resident memory in MB, and its output."""

    seconds: float
    peak_mb: float
    output: str


class BenchmarkFailed(Exception):
    """A measured process ended badly; the message holds the end of its output."""


def process(command: Sequence[str], cache: Path) -> Measured:
    """Run a command to its end, from start of the process; dbt's parsed project is kept in `cache`, not in the user's own."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)
        # wait4 and not getrusage(RUSAGE_CHILDREN), which gives the largest of all children so far.
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if child.returncode:
        raise BenchmarkFailed(f"{' '.join(command[:6])} ended with {child.returncode}:\n{text[-3000:]}")
    return Measured(seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2), text)


def task(name: str, arguments: Sequence[str | Path], cache: Path) -> Measured:
    """Run one function of tasks.py; the seconds are those of the work, without interpreter and imports."""
    done = process([sys.executable, "-m", "benchmarks.tasks", name, *map(str, arguments)], cache)
    seconds = json.loads(done.output.splitlines()[-1])["seconds"]
    return Measured(seconds, done.peak_mb, done.output)


def median(runs: Sequence[Measured]) -> Measured:
    """Return the run of the median time, with the highest memory of all."""
    middle = statistics.median_low(run.seconds for run in runs)
    found = next(run for run in runs if run.seconds == middle)
    return Measured(found.seconds, max(run.peak_mb for run in runs), found.output)


def in_turns(times: int, *measured: Callable[[], Measured]) -> list[Measured]:
    """Return the median of each, measured in turns, so that a slow minute of the machine meets all of them."""
    rounds = [[one() for one in measured] for _ in range(times)]
    return [median(runs) for runs in zip(*rounds, strict=True)]


def stages(run: Measured) -> list[tuple[str, float]]:
    """Return the stages of a `sipas run` with their seconds; `start`, its first line, holds the imports before it too."""
    begun = [(name, float(at)) for at, name in _STAGE.findall(run.output)]
    begun[0] = (begun[0][0], 0.0)
    ends = [at for _, at in begun[1:]] + [run.seconds]
    return [(name, end - at) for (name, at), end in zip(begun, ends, strict=True)]
