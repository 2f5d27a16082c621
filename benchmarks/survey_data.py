"""A landed survey round of Hà Nội by districts, communes and villages, made by DuckDB. Nothing is measured here."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa
import yaml

from assets.landing.take_in import take_in_references
from assets.ledger import INPUT_SCHEMA
from assets.office import Office
from assets.reference.periods import reporting_months
from assets.reference.working_days import working_day_test, working_days
from assets.warehouse.asset import load_landing
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import sql_type
from assets.workspace import Workspace
from benchmarks.data import make_workspace
from pipelines.resources import open_office
from pipelines.settings import load_settings
from quality.contract import landing_schema

CITY, INSTRUMENT, ROUND = "01", "V2022", "HN-2023"
ITEMS = 33
FIRST, LAST = dt.date(2023, 3, 1), dt.date(2023, 3, 31)
VILLAGES = 5

COMMUNES = f"""
    SELECT commune.code, min(district.code) AS district, row_number() OVER (ORDER BY commune.code) - 1 AS k
    FROM unit AS commune INNER JOIN unit AS district ON commune.parent_code = district.code
    WHERE commune.level = 'commune' AND district.parent_code = '{CITY}'
        AND DATE '{FIRST}' BETWEEN commune.valid_from AND coalesce(commune.valid_to, DATE '9999-12-31')
        AND DATE '{FIRST}' BETWEEN district.valid_from AND coalesce(district.valid_to, DATE '9999-12-31')
    GROUP BY commune.code
"""
# Stratum: district; PSU: commune; SSU: one of five villages; every form has a weight of its own.
FORM = {
    "record_key": "md5(CAST(i AS VARCHAR))",
    "input_id": "'in-1'",
    "delivery_seq": "1",
    "source_rows": "1",
    "source": "'round'",
    "office_code": f"'{CITY}'",
    "record_id": "CAST(i AS VARCHAR)",
    "unit_code": "commune.code",
    "instrument_code": f"'{INSTRUMENT}'",
    "responded_on": f"DATE '{FIRST}' + CAST(hash(i, 'day') % 31 AS INTEGER)",
    "mode": "'paper'",
    "weight": "5 + CAST(hash(i, 'weight') % 400000 AS INTEGER) / 10000",
    "stratum": "commune.district",
    "psu": "commune.code",
    "ssu": f"'village ' || hash(i, 'village') % {VILLAGES}",
}
ANSWERS = {
    "sex": ("male", "female"),
    "age_band": ("18-24", "25-34", "35-49", "50-60", "60+"),
    "education": ("primary", "lower_secondary", "upper_secondary", "vocational", "university", "other"),
    "occupation": (
        "retired", "not_working", "freelance", "student", "private_sector", "public_sector", "other",
    ),
    "residence": ("urban", "rural"),
    "channel": ("direct", "online", "postal", "other"),
    "procedure_field": tuple(f"field {number}" for number in range(10)),
}  # fmt: skip
ANSWER = {
    "record_key": "form.record_key",
    "input_id": "'in-1'",
    "delivery_seq": "1",
    "item_code": "item.node_code",
    "level": "CAST(1 + least(4, hash(form.record_key, item.node_code) % 7) AS VARCHAR)",
}


def land_round(folder: Path, forms: int) -> None:
    """Make a workspace of Hà Nội in `folder` with a round of so many forms landed in its warehouse, nothing built yet."""
    workspace = Workspace(folder / "workspace")
    make_workspace(workspace.root)
    written = yaml.safe_load(workspace.settings_file.read_text(encoding="utf-8"))
    workspace.settings_file.write_text(
        yaml.safe_dump(written | {"roots": [CITY]}, allow_unicode=True), encoding="utf-8"
    )
    (workspace.reference / "survey_round.csv").write_text(
        f"code,instrument_code,first_on,last_on,is_probability_sample\n{ROUND},{INSTRUMENT},{FIRST},{LAST},yes\n",
        encoding="utf-8",
    )
    office = open_office(workspace, load_settings(workspace), lambda line: None)
    take_in_references(office)
    files = _write(office, folder, forms)
    with duckdb.connect() as connection:
        drawn = connection.sql(_frame(files["survey_response"])).to_arrow_table()
    frame = drawn.cast(landing_schema(office.contracts["sampling_frame"]))
    warehouse = DuckDBWarehouse(folder / "sipas.duckdb")
    load_landing(office, warehouse)
    is_working = working_day_test(office.reference["calendar_day"])
    whole: dict[str, pa.Table] = {
        "input": pa.Table.from_pylist([_input(forms)], INPUT_SCHEMA),
        "reporting_month": reporting_months(FIRST, LAST, 14, 2, is_working),
        "working_day": working_days(FIRST, LAST, is_working),
        "sampling_frame": frame,
    }
    schemas = {name: table.schema for name, table in whole.items()}
    schemas |= {name: landing_schema(office.contracts[name]) for name in files}
    warehouse.load(whole | {name: [file] for name, file in files.items()}, schemas)
    warehouse.close()
    office.close()


def _write(office: Office, folder: Path, forms: int) -> dict[str, Path]:
    """Write the forms, one commune after another as offices send them, and their answers; one answer in 100 is blank."""
    stated = {
        name: f"CASE WHEN hash(i, '{name}') % 50 > 0 THEN [{', '.join(repr(value) for value in values)}]"
        f"[1 + CAST(hash(i, '{name}') % {len(values)} AS INTEGER)] END"
        for name, values in ANSWERS.items()
    }
    files = {name: folder / f"{name}.parquet" for name in ("survey_response", "survey_answer")}
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.register("unit", office.reference["admin_unit"])
        connection.register("node", office.reference["instrument_item"])
        connection.execute(f"CREATE TABLE commune AS {COMMUNES}").fetchall()
        schema = landing_schema(office.contracts["survey_response"])
        connection.execute(
            f"COPY (SELECT {_columns(schema, FORM | stated)} FROM range({forms}) AS t(i) INNER JOIN commune"
            f" ON commune.k = i * (SELECT count(*) FROM commune) // {forms}) TO '{files['survey_response']}'"
        ).fetchall()
        schema = landing_schema(office.contracts["survey_answer"])
        connection.execute(
            f"COPY (SELECT {_columns(schema, ANSWER)} FROM read_parquet('{files['survey_response']}') AS form, node AS item"
            f" WHERE item.instrument_code = '{INSTRUMENT}' AND item.node_level = 'item'"
            " AND item.question_kind = 'satisfaction' AND hash(form.record_key, item.node_code, 'blank') % 100 > 0)"
            f" TO '{files['survey_answer']}'"
        ).fetchall()
    return files


def _frame(forms: Path) -> str:
    """SQL of the frame: more communes and villages than were drawn, and five times the people."""
    drawn = f"FROM read_parquet('{forms}')"
    return f"""
        SELECT '{ROUND}' AS round_code, stratum, NULL AS psu, NULL AS ssu, 2 * count(DISTINCT psu) AS n_units
        {drawn} GROUP BY stratum
        UNION ALL SELECT '{ROUND}', stratum, psu, NULL, 2 * count(DISTINCT ssu) {drawn} GROUP BY stratum, psu
        UNION ALL SELECT '{ROUND}', stratum, psu, ssu, 5 * count(*) {drawn} GROUP BY stratum, psu, ssu
    """


def _columns(schema: pa.Schema, values: dict[str, str]) -> str:
    return ", ".join(
        f'CAST({values.get(field.name, "NULL")} AS {sql_type(field.type)}) AS "{field.name}"' for field in schema
    )


def _input(forms: int) -> dict[str, object]:
    return {
        "input_id": "in-1", "source": "round", "office_code": CITY, "path": "round.parquet", "delivery_kind": "upsert",
        "delivery_seq": 1, "datasets": "survey_response survey_answer", "status": "landed", "rows_read": forms,
        "rows_accepted": forms, "rows_quarantined": 0, "rows_duplicate": 0, "rows_skipped": 0,
    }  # fmt: skip
