"""Official forms of a district and of a city of 579 communes, from a built warehouse to files and index: time and memory.

The city's figures are those of the demo's district, again and again under other codes; counts of the city are so many times
those of the district.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import yaml

from assets.ingest.shape import literal, quote
from benchmarks.measure import SIPAS, process
from benchmarks.report import Finding, Target

UNITS, MONTHS, CITY_COMMUNES = 22, 12, 579
MOST_SECONDS_MONTH, MOST_SECONDS_YEAR, MOST_SECONDS_CITY, MOST_MB = 15.0, 90.0, 240.0, 2048.0
ROOT, CITY = "282", "01"


def run(folder: Path, units: int = UNITS, months: int = MONTHS, communes: int = CITY_COMMUNES) -> Finding:
    """Measure in `folder`, which is empty."""
    workspace = folder / "demo"
    process([*SIPAS, "simulate", str(workspace), "--units", str(units), "--months", str(months), "--seed", "1"], folder)
    without_forms(workspace)
    process([*SIPAS, "run", "--workspace", str(workspace)], folder)
    database = workspace / "warehouse" / "sipas.duckdb"
    pointer = json.loads((workspace / "published" / "current.json").read_text(encoding="utf-8"))
    revision = workspace / "published" / pointer["path"]

    def write(source: Path, published: Path, name: str, count: int, previous: str = "") -> dict[str, float]:
        arguments = [str(source), str(published), str(folder / name), str(count), previous]
        done = process([sys.executable, "-m", "benchmarks.forms_task", *arguments], folder)
        told: dict[str, float] = json.loads(done.output.splitlines()[-1])
        return told

    month = write(database, revision, "month", 1)
    year = write(database, revision, "year", months)
    again = write(database, revision, "again", months, str(folder / "year"))
    build_city(database, revision, folder / "city", communes)
    city = write(folder / "city" / "sipas.duckdb", folder / "city", "city_forms", 1)
    runs = {
        f"{units} communes and their district, 1 month": month,
        f"{units} communes and their district, {months} months": year,
        f"the same {months} months again, nothing changed": again,
        f"{communes} communes, their districts and the city, 1 month": city,
    }
    sizes = [f"{label}: {told['files']:,} files, {told['megabytes']:,.0f} MB" for label, told in runs.items()]
    return Finding(
        "Official forms, as XLSX, DOCX and PDF in Vietnamese",
        [
            Target(f"{units} communes, 1 month", MOST_SECONDS_MONTH, month["seconds"], "s"),
            Target(f"{units} communes, {months} months", MOST_SECONDS_YEAR, year["seconds"], "s"),
            Target(f"{communes} communes, 1 month", MOST_SECONDS_CITY, city["seconds"], "s"),
            Target("peak memory of the largest", MOST_MB, city["peak_mb"], "MB"),
        ],
        [(label, told["seconds"], told["peak_mb"]) for label, told in runs.items()],
        [
            "Of each longer period (quarter, six months, nine months, year) the forms of the latest one are written along."
            " Memory is the process that fills the forms and twice the larger of the two that draw them. Measured once."
            f" What was written: {'; '.join(sizes)}."
        ],
    )


def without_forms(workspace: Path) -> None:
    """Have runs of the workspace write no official forms."""
    file = workspace / "sipas.yml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**settings, "forms": {"months": 0}}, allow_unicode=True), encoding="utf-8")


def build_city(district: Path, revision: Path, folder: Path, communes: int) -> None:
    """Make a warehouse, and the open marts of a revision, of a city of so many communes out of those of a district.

    Of what forms do not read (facts) nothing is taken along.
    """
    marts = folder / "open" / "marts"
    marts.mkdir(parents=True)
    with duckdb.connect(str(folder / "sipas.duckdb")) as connection:
        connection.execute(f"ATTACH {literal(str(district))} AS district (READ_ONLY)")
        own = "office_code IS NOT NULL AND unit_level = 'commune' AND unit_valid_to <= DATE '2025-06-30'"
        codes = [
            code
            for (code,) in connection.execute(
                f"SELECT DISTINCT unit_code FROM district.marts.dim_admin_unit WHERE {own} ORDER BY 1"
            ).fetchall()
        ]
        copies = -(-communes // len(codes))
        kept = codes[: communes - (copies - 1) * len(codes)]
        for schema in ("marts", "office", "staging"):
            connection.execute(f"CREATE SCHEMA {schema}")
        relations = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'district' "
            "AND (table_schema IN ('marts', 'office') AND table_name NOT LIKE 'fct_%' "
            "OR table_name IN ('fct_agency_score', 'stg_activity_target'))"
            " ORDER BY ALL"
        ).fetchall()
        for schema, name in relations:
            select = _of_city(connection, f"district.{schema}.{quote(name)}", name, [*codes, ROOT], kept, copies)
            connection.execute(f"CREATE TABLE {schema}.{quote(name)} AS {select}")
        for file in sorted((revision / "open" / "marts").glob("*.parquet")):
            source = f"read_parquet({literal(file.as_posix())})"
            select = _of_city(connection, source, file.stem, [*codes, ROOT], kept, copies)
            connection.execute(f"COPY ({select}) TO {literal((marts / file.name).as_posix())} (FORMAT parquet)")


def _of_city(
    connection: duckdb.DuckDBPyConnection, source: str, name: str, codes: list[str], kept: list[str], copies: int
) -> str:
    """The SELECT of a relation's rows as the city has them; a relation without units as it is."""
    columns = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    names = [column[0] for column in columns]
    if "unit_code" not in names:
        return f"SELECT * FROM {source}"
    listed = ", ".join(literal(code) for code in codes)
    some = ", ".join(literal(code) for code in [*kept, ROOT])
    each, city = [], []
    for column, kind, *_ in columns:
        cell = quote(column)
        if kind == "VARCHAR" and column.endswith("_code") and column != "office_code":
            again = f"CASE WHEN {cell} IN ({listed}) THEN lpad(CAST(copy AS VARCHAR), 2, '0') || {cell} ELSE {cell} END"
            each.append(f"{again} AS {cell}")
            city.append(f"CASE WHEN {cell} = '{ROOT}' THEN '{CITY}' ELSE {cell} END AS {cell}")
        elif column == "office_code":
            each.append(f"CASE WHEN {cell} IS NOT NULL THEN '{CITY}' END AS {cell}")
            city.append(f"'{CITY}' AS {cell}")
        else:
            each.append(cell)
            counts = kind == "BIGINT" and column.startswith("n_")
            city.append(f"CAST({cell} * {copies} AS BIGINT) AS {cell}" if counts else cell)
    rows = f"SELECT {', '.join(each)} FROM {source} CROSS JOIN range({copies}) AS copies (copy) WHERE unit_code IN ({listed})"
    rows += f" AND (copy < {copies - 1} OR unit_code IN ({some}))"
    if name == "dim_admin_unit":
        # The demo's district lies in the city already.
        city = [f"'{CITY}' AS {quote(column)}" if column == "office_code" else quote(column) for column in names]
        return f"{rows} UNION ALL SELECT {', '.join(city)} FROM {source} WHERE unit_code = '{CITY}'"
    return f"{rows} UNION ALL SELECT {', '.join(city)} FROM {source} WHERE unit_code = '{ROOT}'"
