"""What the measured processes do, one function each: our reading of a file, and the bare parts it is compared with.

Imports stand above the clock: they are a part of their own in the comparison of whole runs.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from assets.estimates import sipas_round
from assets.estimates.options import EstimateOptions
from assets.ingest.batch import stage
from assets.ingest.extract import Extract, extract
from assets.ingest.history import NONE_REMOVED, History
from assets.ingest.spec import load_specs
from assets.publish.context import PublishContext
from assets.site.write import write_site
from assets.warehouse.dbt import _invoke
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.workspace import Workspace
from benchmarks.site_marts import tables_in
from pipelines.resources import open_office
from pipelines.settings import load_settings
from quality.contract import load_contracts


def our_reading(workspace: str) -> float:
    """Read, shape and settle everything the workspace has of dataset `case`, as a run does up to its gate."""
    place = Workspace(Path(workspace))
    office = open_office(place, load_settings(place), lambda line: None)
    inputs = office.plan_of("case", lambda month: True).to_read
    context = office.ingest_context()
    office.resolve_units("282", [""])
    # pyarrow imports pandas at its first look at a numpy array; that is no part of reading.
    assert pd.__version__
    start = time.perf_counter()
    batch = stage("case", inputs, 1, [], frozenset(), NONE_REMOVED, 1.0, context, lambda line: None)
    seconds = time.perf_counter() - start
    for outcome in batch.outcomes:
        # In a file of 200 rows two or three of the planted faults may fall together.
        if outcome.refusal is not None or outcome.rows_accepted < 0.95 * outcome.rows_read:
            raise AssertionError(f"a file of the benchmark was not read as it should be: {outcome}")
    office.close()
    return seconds


def database_read(workspace: str, rows: str) -> float:
    """Copy what the one database source of a workspace brings, all rows or those changed since a first call of this."""
    place = Workspace(Path(workspace))
    [spec] = load_specs(place.sources, load_contracts(), ("282",)).usable
    kept, known = place.state / "watermark.json", place.state / "known.parquet"
    history = History(dt.date(2030, 1, 1))
    if kept.exists():
        history = replace(history, **json.loads(kept.read_text(encoding="utf-8")), known=(known,))
    start = time.perf_counter()
    found = extract(spec, place, history)
    seconds = time.perf_counter() - start
    if not isinstance(found, Extract) or found.progress is None or found.notes:
        raise AssertionError(f"the database was not read as it should be: {found}")
    if pq.read_metadata(found.file).num_rows != int(rows):
        raise AssertionError(f"not the rows that were to be read: {found.progress}")
    if not kept.exists():
        place.state.mkdir()
        found.progress.known_rows.rename(known)
        kept.write_text(json.dumps({"kind": found.progress.kind, "high": found.progress.high}), encoding="utf-8")
    return seconds


def bare_calamine(file: str) -> float:
    """Read the first sheet of a workbook into Python lists."""
    start = time.perf_counter()
    CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    return time.perf_counter() - start


def bare_calamine_loop(folder: str) -> float:
    """Read the first sheet of every workbook of a folder into Python lists."""
    files = sorted(Path(folder).iterdir())
    start = time.perf_counter()
    for file in files:
        CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    return time.perf_counter() - start


def bare_duckdb(file: str, target: str) -> float:
    """Have DuckDB read a CSV file, finding out types by itself, and write it as Parquet."""
    with duckdb.connect() as connection:
        start = time.perf_counter()
        connection.execute(f"COPY (FROM read_csv('{file}')) TO '{target}' (FORMAT parquet)").fetchall()
        return time.perf_counter() - start


def bare_inputs(inbox: str) -> float:
    """Read every file of the demo's inbox with its plain reader."""
    start = time.perf_counter()
    for file in sorted(Path(inbox).rglob("*")):
        if file.suffix == ".xlsx":
            try:
                book = CalamineWorkbook.from_path(file)
            except CalamineError:
                continue  # the demo plants a damaged file
            book.get_sheet_by_index(0).to_python()
        elif file.suffix == ".jsonl":
            for line in file.read_text(encoding="utf-8").splitlines():
                json.loads(line)
        elif file.suffix == ".sqlite":
            connection = sqlite3.connect(file)
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                connection.execute(f'SELECT * FROM "{table}"').fetchall()
            connection.close()
    return time.perf_counter() - start


def bare_exports(revision: str, target: str) -> float:
    """Export the open marts of a revision: Parquet and CSV by DuckDB, one plain workbook."""
    source, folder = Path(revision), Path(target)
    marts = sorted(path.stem for path in (source / "open" / "marts").glob("*.parquet"))
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with (
        duckdb.connect(str(source / "analyst" / "sipas.duckdb"), read_only=True) as connection,
        xlsxwriter.Workbook(str(folder / "marts.xlsx"), {"constant_memory": True, "remove_timezone": True}) as workbook,
    ):
        for mart in marts:
            for suffix in ("parquet", "csv"):
                connection.execute(f"COPY marts.{mart} TO '{folder / mart}.{suffix}' (FORMAT {suffix})").fetchall()
            sheet = workbook.add_worksheet(mart[:31])
            for number, row in enumerate(connection.execute(f"FROM marts.{mart}").fetchall()):
                sheet.write_row(number, 0, [None if value is None else str(value) for value in row])
    return time.perf_counter() - start


def site_pages(folder: str) -> float:
    """Write the site, in one language, from the open marts that stand in `folder`."""
    context = PublishContext("Chỉ số hài lòng", "Satisfaction", True, 10, ("vi",), "0")
    tables = tables_in(Path(folder) / "marts")
    start = time.perf_counter()
    write_site(tables, context, "benchmark", Path(folder) / "site")
    return time.perf_counter() - start


def round_inputs(folder: str) -> float:
    """Build what the round and the plain count both read: answers, forms, nodes and units."""
    return _models(
        folder, "+fct_survey_answer", "+int_survey_response", "+int_node_item", "+int_unit_ancestor", "stg_sampling_frame",
        "stg_survey_round", "stg_population_margin",
    )  # fmt: skip


def round_sums(folder: str) -> float:
    """Build the sums of the round, from its answers to the quadratic forms of the variance."""
    return _models(
        folder, "int_survey_form_node", "int_survey_round_response", "int_survey_round_form", "int_survey_round_place",
        "int_survey_round_group", "int_survey_round_place_sums", "int_survey_round_psu", "int_survey_round_sums",
        "dim_survey_round",
    )  # fmt: skip


def round_figures(folder: str) -> float:
    """Write the estimates of the round and build its mart; prints the number of estimates."""
    warehouse = DuckDBWarehouse(Path(folder) / "sipas.duckdb")
    start = time.perf_counter()
    print(sipas_round.write_estimates(warehouse, EstimateOptions()))
    seconds = time.perf_counter() - start
    warehouse.close()
    return seconds + _models(folder, "sipas_round")


def plain_count(folder: str, way: str) -> float:
    """Count satisfied and valid answers per unit, node and group, in one query or by commune and item first."""
    groups = ("sex", "age_band", "education", "occupation", "residence", "channel", "procedure_field")
    stated = ", ".join(f"coalesce({group}, '~') AS {group}" for group in groups)
    answers = f"""
        SELECT instrument_code, item_code, is_satisfied, placement_id, {stated}
        FROM marts.fct_survey_answer INNER JOIN (SELECT * EXCLUDE (instrument_code) FROM intermediate.int_survey_response)
        USING (response_id) WHERE answer_kind = 'valid'
    """
    places = "intermediate.int_node_item AS node USING (instrument_code, item_code)"
    units = "intermediate.int_unit_ancestor AS ancestor USING (placement_id)"

    def grouped(keys: str) -> str:
        sets = ", ".join([f"({keys})", *(f"({keys}, {group})" for group in groups)])
        return f"GROUP BY GROUPING SETS ({sets})"

    if way == "one_query":
        keys = "unit_code, unit_valid_from, node_id"
        query = f"""
            SELECT {keys}, {", ".join(groups)}, count(*) AS n, sum(is_satisfied) AS s
            FROM ({answers}) INNER JOIN {places} INNER JOIN {units} {grouped(keys)}
        """
    else:
        keys = "placement_id, instrument_code, item_code"
        listed = ", ".join(groups)
        query = f"""
            SELECT unit_code, unit_valid_from, node_id, {listed}, sum(n) AS n, sum(s) AS s
            FROM (SELECT {keys}, {listed}, count(*) AS n, sum(is_satisfied) AS s FROM ({answers}) {grouped(keys)})
            INNER JOIN {places} INNER JOIN {units} GROUP BY unit_code, unit_valid_from, node_id, {listed}
        """
    warehouse = DuckDBWarehouse(Path(folder) / "sipas.duckdb")
    with duckdb.connect(str(warehouse.path), config=warehouse.profile()["config_options"]) as connection:
        start = time.perf_counter()
        connection.execute(f"CREATE OR REPLACE TABLE plain_count AS {query}").fetchall()
        return time.perf_counter() - start


def _models(folder: str, *names: str) -> float:
    """Build models alone, without their tests; the seconds are those of the models."""
    results = _invoke(DuckDBWarehouse(Path(folder) / "sipas.duckdb"), ["run", "--select", *names], None)
    bad = [f"{result.name}: {result.message}" for result in results if not result.is_good]
    if bad or not results:
        raise AssertionError(f"models that were not built: {bad}")
    return sum(result.seconds for result in results)


TASKS: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (
        our_reading, database_read, bare_calamine, bare_calamine_loop, bare_duckdb, bare_inputs, bare_exports, site_pages, round_inputs,
        round_sums, round_figures, plain_count,
    )
}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps({"seconds": TASKS[sys.argv[1]](*sys.argv[2:])}))
