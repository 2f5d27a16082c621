"""`sipas run` on the demo as a whole, beside the sum of its parts run bare, and a second run with nothing new."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb
import yaml

from assets.warehouse.dbt import PROJECT
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from benchmarks.forms import without_forms
from benchmarks.measure import SIPAS, Measured, in_turns, process, stages, task
from benchmarks.report import Finding, Target

MOST = 2.0
MOST_SECONDS_NOTHING_NEW = 10.0

IMPORTS = (
    "import dagster, dagster_dbt, dbt.cli.main, dbt.adapters.duckdb, great_expectations, great_expectations.expectations, "
    "duckdb, jinja2, pandas, pyarrow, pydantic, python_calamine, rich, scipy.stats, sqlalchemy, typer, "
    "xlsxwriter, yaml"
)
IMPORTS_OF_DBT = "import dbt.cli.main, dbt.adapters.duckdb"
DBT_OPTIONS = ("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable", "--quiet")


def run(folder: Path, units: int = 22, months: int = 12, times: int = 3) -> Finding:
    """Measure in `folder`, which is empty."""
    demo = folder / "demo"
    process([*SIPAS, "simulate", str(demo), "--units", str(units), "--months", str(months), "--seed", "1"], folder)
    # Official forms have a benchmark of their own, and no bare part to be compared with.
    without_forms(demo)
    numbers = iter(range(times))

    def whole() -> Measured:
        workspace = folder / f"run_{next(numbers)}"
        shutil.copytree(demo, workspace)
        # A machine that runs the demo for the first time has no parsed dbt project; neither has the dbt command.
        shutil.rmtree(folder / "sipas-warehouse", ignore_errors=True)
        return process([*SIPAS, "run", "--workspace", str(workspace)], folder)

    ours, imports, imports_of_dbt = in_turns(
        times,
        whole,
        lambda: process([sys.executable, "-c", IMPORTS], folder),
        lambda: process([sys.executable, "-c", IMPORTS_OF_DBT], folder),
    )
    workspace = folder / "run_0"
    revision = workspace / "published" / json.loads(_pointer(workspace).read_text(encoding="utf-8"))["path"]
    # A run begins by removing the embedded warehouse of the one before, also when it then finds nothing new.
    landed = folder / "landed.duckdb"
    shutil.copyfile(workspace / "warehouse" / "sipas.duckdb", landed)
    again, reads, phase_1, phase_2, exports = in_turns(
        times,
        lambda: process([*SIPAS, "run", "--workspace", str(workspace)], folder),
        lambda: task("bare_inputs", [demo / "inbox"], folder),
        lambda: _dbt(landed, folder / "dbt", "phase_1"),
        lambda: _dbt(landed, folder / "dbt", "phase_2"),
        lambda: task("bare_exports", [revision, folder / "exports"], folder),
    )
    parts = [
        ("imports", imports),
        ("reads: calamine, json, sqlite3", reads),
        ("dbt build, phase 1", phase_1),
        ("dbt build, phase 2", phase_2),
        ("exports: COPY, XlsxWriter", exports),
    ]
    total = sum(part.seconds for _, part in parts)
    strict = total - 2 * imports_of_dbt.seconds
    return Finding(
        f"The demo: {units} units × {months} months, from an empty workspace to a published revision",
        [
            Target("`sipas run` against the sum of its parts run bare", MOST, ours.seconds / total, "×"),
            Target("a run with nothing new", MOST_SECONDS_NOTHING_NEW, again.seconds, "s"),
        ],
        [
            ("`sipas run`, whole process", ours.seconds, ours.peak_mb),
            *((f"– {name}", seconds, None) for name, seconds in stages(ours)),
            ("sum of the parts", total, None),
            *((f"– {name}", part.seconds, part.peak_mb) for name, part in parts),
            ("a run with nothing new", again.seconds, again.peak_mb),
        ],
        [
            f"Each `dbt build` is a process of its own and imports dbt again. With imports counted once, the parts take "
            f"{strict:.2f} s and the ratio is {ours.seconds / strict:.2f} ×. Median of {times}."
        ],
    )


def _pointer(workspace: Path) -> Path:
    return workspace / "published" / "current.json"


def _dbt(landed: Path, folder: Path, phase: str) -> Measured:
    """Run the dbt command for one phase on a copy of what the run's warehouse, `landed`, held of landing and estimates."""
    database = folder / "sipas.duckdb"
    if phase == "phase_1":
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(landed, database)
        with duckdb.connect(str(database)) as connection:
            for schema in ("marts", "intermediate", "staging"):
                connection.execute(f"DROP SCHEMA {schema} CASCADE").fetchall()
        profile = DuckDBWarehouse(database).profile()
        profiles = {"sipas": {"target": "run", "outputs": {"run": profile}}}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")
    dbt = Path(sys.executable).with_name("dbt")
    places = ("--project-dir", PROJECT, "--profiles-dir", folder, "--target-path", folder / "t", "--log-path", folder)
    return process([str(dbt), "build", "--select", f"tag:{phase}", *DBT_OPTIONS, *map(str, places)], folder)
