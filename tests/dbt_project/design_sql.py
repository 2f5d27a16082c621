"""The SQL of the variance macros, run on small inputs of a test's own: one row per form in, one row per cell out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import jinja2
import pyarrow as pa

from assets.warehouse.dbt import PROJECT
from assets.warehouse.engine import Warehouse

Row = dict[str, Any]

SCHEMA = "golden"
MEASURES = ("n_answers", "n_forms_answered", "weight_answered", "weighted_ss", "weighted_sn", "weighted_nn")
COUNTS = ("n_answers", "n_forms_answered", "n_strata", "n_psus", "n_single_first", "n_single_later")
DOUBLES = (
    "a", "b", *MEASURES[2:], *(f"{part}_{product}" for part in ("first", "single", "later") for product in ("aa", "ab", "bb")),
)  # fmt: skip
FIGURES = ", ".join(
    [f"CAST({name} AS bigint) AS {name}" for name in COUNTS]
    + [f"CAST({name} AS double precision) AS {name}" for name in DOUBLES]
)
# Weights of published samples have up to 13 decimals; what a landed form keeps is another matter.
WEIGHT = pa.decimal128(24, 10)
FORM = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("round_code", "stratum", "psu", "ssu", "cell")),
        pa.field("weight", WEIGHT),
        pa.field("s", pa.int64()),
        pa.field("n", pa.int64()),
    ]
)
FRAME = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("round_code", "stratum", "psu", "ssu")),
        pa.field("n_units", pa.int64()),
    ]
)

# One row per form and cell it is in; NULL in `cell` is a form of the round that is in none.
SUMS = """
    SELECT
        form.cell, place.place_id,
        sum(form.n) AS n_answers,
        sum(CASE WHEN form.n > 0 THEN 1 ELSE 0 END) AS n_forms_answered,
        sum(CASE WHEN form.n > 0 THEN form.weight ELSE 0 END) AS weight_answered,
        sum(form.weight * form.s * form.s) AS weighted_ss,
        sum(form.weight * form.s * form.n) AS weighted_sn,
        sum(form.weight * form.n * form.n) AS weighted_nn,
        sum(form.weight * form.s) AS a,
        sum(form.weight * form.n) AS b,
        CAST(sum((form.weight * form.s) * (form.weight * form.s)) AS decimal(38, 14)) AS aa,
        CAST(sum((form.weight * form.s) * (form.weight * form.n)) AS decimal(38, 14)) AS ab,
        CAST(sum((form.weight * form.n) * (form.weight * form.n)) AS decimal(38, 14)) AS bb
    FROM cells AS form
    INNER JOIN places AS place
        ON form.round_code = place.round_code
            AND coalesce(form.stratum, '') = coalesce(place.stratum, '')
            AND coalesce(form.psu, '') = coalesce(place.psu, '')
            AND coalesce(form.ssu, '') = coalesce(place.ssu, '')
    GROUP BY form.cell, place.place_id
"""


def variance_cells(
    warehouse: Warehouse, forms: Sequence[Row], cells: Sequence[Row], frame: Sequence[Row] = ()
) -> list[Row]:
    """Return the rows of `design_variance`, one per cell, for the forms of a round and the cells they are in.

    A row of `forms` has stratum, psu, ssu (None where there is none); one of `cells` also cell, weight, s and n, once per
    cell the form is in. `frame` is as the dataset sampling_frame without its round.
    """
    macros = jinja2.Environment().from_string((PROJECT / "macros" / "sampling_design.sql").read_text("utf-8")).module
    for name, rows, schema in (("form", forms, FORM), ("cell", cells, FORM), ("frame", frame, FRAME)):
        full = [{column: None for column in schema.names} | dict(row) | {"round_code": "R"} for row in rows]
        warehouse.write(SCHEMA, name, pa.Table.from_pylist(full, schema=schema))
    places = macros.sampling_places(f"{SCHEMA}.form", f"{SCHEMA}.frame")  # type: ignore[attr-defined]
    variance = macros.design_variance("sums", "places", ["cell"], list(MEASURES))  # type: ignore[attr-defined]
    found = warehouse.query(
        f"WITH cells AS (SELECT * FROM {SCHEMA}.cell), places AS ({places}), sums AS ({SUMS}), found AS ({variance})"
        f" SELECT cell, {FIGURES} FROM found ORDER BY cell"
    )
    return [dict(row) for row in found.to_pylist()]


def weight(text: str | float) -> Decimal:
    """Return a weight to ten decimals."""
    return Decimal(str(text)).quantize(Decimal(1).scaleb(-10))
