"""Writes official forms in a process of its own, with nothing imported but what that takes; prints seconds and memory."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from assets.forms.open_marts import open_marts
from assets.forms.options import FormOptions
from assets.forms.write import write_forms
from assets.warehouse.duckdb_engine import DuckDBWarehouse


def main(database: str, revision: str, target: str, months: str, previous: str) -> None:
    """Write the forms of the last months into `target`, as a run does."""
    start = time.perf_counter()
    warehouse = DuckDBWarehouse(Path(database))
    options = FormOptions(months=int(months))
    earlier = Path(previous) if previous else None
    write_forms(warehouse.query, Path(target), options, True, earlier, disclosed=open_marts(Path(revision)))
    seconds = time.perf_counter() - start
    files = [path for path in Path(target).rglob("*") if path.suffix != ".json" and path.is_file()]
    own, drawing = (
        resource.getrusage(who).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    told = {
        "seconds": seconds,
        "files": len(files),
        "megabytes": sum(path.stat().st_size for path in files) / 1e6,
        "peak_mb": own + 2 * drawing,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
