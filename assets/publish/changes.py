"""Figures that two revisions of a workspace state differently, as one table. Why they differ is found in causes.py.

Works on two revision folders alone: on the analysts' databases, or, for what may be shown to everybody, on the open
files, where a hidden figure is NULL on both sides and so gives no line.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from assets.ingest.shape import literal, quote
from assets.periods.figures import RECORD_NUMBERS
from assets.publish.causes import Causes
from assets.publish.context import PublishError
from assets.publish.disclosure import HIDDEN_COLUMN
from assets.publish.marts import MART_SCHEMA

Audience = Literal["analyst", "open"]

CHANGE_SCHEMA = pa.schema(
    [
        ("mart", pa.string()),
        ("unit_code", pa.string()),
        ("unit_valid_from", pa.date32()),
        ("period_id", pa.string()),
        ("key", pa.string()),
        ("change", pa.string()),
        ("column", pa.string()),
        ("before", pa.float64()),
        ("after", pa.float64()),
        ("before_text", pa.string()),
        ("after_text", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
_MEMORY_LIMIT = "1GB"
# Lists, single records, files and decisions: no figures. What changed in them is the reason of the figures that did.
_NO_FIGURES = ("dim_", "fct_", "data_quality", "period_")
_UNIT_COLUMNS = ("group_code", "unit_code")
_PERIOD_COLUMNS = ("period_id", "edition_id")


@dataclass(frozen=True)
class _Compared:
    """One mart of both revisions: the columns of its grain and the others, each with whether it is a number."""

    name: str
    grain: tuple[str, ...]
    figures: tuple[tuple[str, bool], ...]

    def first_of(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.grain), None)


def compare_revisions(before: Path, after: Path, audience: Audience = "analyst", most: int | None = None) -> pa.Table:
    """Return the figures that differ between two revision folders, as CHANGE_SCHEMA, totally ordered.

    One row per changed column of a row that both have (`change` "changed"; numbers stand in `before` and `after`, other
    values in `before_text` and `after_text`), and one per row that one of them has alone ("added", "removed"; `column` is
    NULL). `key` names the rest of the row's grain, `reason` holds codes of causes.REASONS parted by ";", `detail` what
    they are about; `unit_code` is the unit above where a row is about a group. "open" reads figures from `open/` alone, takes
    from the analysts' databases, if they are there, which dataset a file brought, and gives no detail.
    `most`: so many rows at most, the first of that order.
    Raises PublishError for a folder that is no revision.
    """
    with _both(before, after, audience) as database:
        marts = _compared(database, before, after, audience)
        causes = Causes(database, _provenance(before), _provenance(after), audience == "analyst")
        lines: list[tuple[Any, ...]] = []
        for mart in marts:
            lines += _lines(database, mart, None if most is None else most - len(lines))
    rows = [(*line, *causes.of(*line[:5])) for line in lines]
    columns = list(zip(*rows, strict=True)) or [()] * len(CHANGE_SCHEMA)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, CHANGE_SCHEMA, strict=True)],
        schema=CHANGE_SCHEMA,
    )


@contextlib.contextmanager
def _both(before: Path, after: Path, audience: Audience) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the marts of both revisions as `before.marts.<mart>` and `after.marts.<mart>`."""
    with duckdb.connect(config={"memory_limit": _MEMORY_LIMIT}) as database:
        for name, folder in (("before", before), ("after", after)):
            if audience == "analyst":
                path = folder / "analyst" / "sipas.duckdb"
                if not path.is_file():
                    raise PublishError(f"{folder} holds no analyst/sipas.duckdb; name the folder of a kept revision.")
                database.execute(f"ATTACH {literal(str(path.resolve()))} AS {name} (READ_ONLY)")
                continue
            tables = sorted((folder / "open" / "marts").glob("*.parquet"))
            if not tables:
                raise PublishError(f"{folder} holds no open/marts; name the folder of a kept revision.")
            database.execute(f"ATTACH ':memory:' AS {name}")
            database.execute(f"CREATE SCHEMA {name}.{MART_SCHEMA}")
            for table in tables:
                database.execute(
                    f"CREATE VIEW {name}.{MART_SCHEMA}.{quote(table.stem)} AS SELECT * FROM read_parquet({literal(str(table))})"
                )
            _show_facts(database, name, folder / "analyst" / "sipas.duckdb")
        yield database


def _show_facts(database: duckdb.DuckDBPyConnection, name: str, analyst: Path) -> None:
    """Give the open marts the facts' inputs, which tell whose records a file brought; no figure is compared in them."""
    if not analyst.is_file():
        return
    database.execute(f"ATTACH {literal(str(analyst.resolve()))} AS {name}_analyst (READ_ONLY)")
    facts = database.execute(
        "SELECT table_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ? AND column_name = 'input_id'"
        " AND starts_with(table_name, 'fct_')",
        [f"{name}_analyst", MART_SCHEMA],
    ).fetchall()
    for (fact,) in facts:
        columns = f"SELECT input_id FROM {name}_analyst.{MART_SCHEMA}.{quote(fact)}"
        database.execute(f"CREATE VIEW {name}.{MART_SCHEMA}.{quote(fact)} AS {columns}")


def _provenance(folder: Path) -> dict[str, Any]:
    """What the revision says it is made of; of one that an older version of the software published, that version alone."""
    found: dict[str, Any] = {}
    # revision.json is written last: a revision in the making has none yet.
    for name in ("revision.json", "provenance.json"):
        with contextlib.suppress(FileNotFoundError):
            found |= json.loads((folder / name).read_text(encoding="utf-8"))
    return found


def _grains(folder: Path) -> dict[str, tuple[str, ...]]:
    """The grain of each mart as provenance.json has it; of the open ones alone where an older version published it."""
    if marts := _provenance(folder).get("marts"):
        return {name: tuple(mart["grain"]) for name, mart in marts.items()}
    package: dict[str, Any] = {"resources": []}
    with contextlib.suppress(FileNotFoundError):
        package = json.loads((folder / "open" / "datapackage.json").read_text(encoding="utf-8"))
    return {
        resource["name"]: tuple(resource["schema"]["primaryKey"])
        for resource in package["resources"]
        if "primaryKey" in resource.get("schema", {})
    }


def _compared(
    database: duckdb.DuckDBPyConnection, before: Path, after: Path, audience: Audience
) -> tuple[_Compared, ...]:
    grains = _grains(before) | _grains(after)
    columns = {name: _columns(database, name) for name in ("before", "after")}
    marts = []
    for mart in sorted(columns["before"].keys() & columns["after"].keys()):
        old, new = columns["before"][mart], columns["after"][mart]
        grain = grains.get(mart, ())
        # A mart without a stated grain, or one that is another now, has no rows to hold against each other.
        known = grain and set(grain) <= old.keys() & new.keys()
        if known and not mart.startswith(_NO_FIGURES) and not RECORD_NUMBERS & set(grain):
            figures = tuple((name, old[name] and new[name]) for name in new if name in old and name not in grain)
            marts.append(_Compared(mart, grain, figures))
    return tuple(marts)


def _columns(database: duckdb.DuckDBPyConnection, name: str) -> dict[str, dict[str, bool]]:
    """By mart, its columns in their order and whether each is a number."""
    found: dict[str, dict[str, bool]] = {}
    for mart, column, kind in database.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? ORDER BY table_name, column_index",
        [name, MART_SCHEMA],
    ).fetchall():
        is_number = kind.startswith(("BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "DECIMAL"))
        found.setdefault(mart, {})[column] = is_number
    return found


def _lines(database: duckdb.DuckDBPyConnection, mart: _Compared, most: int | None) -> list[tuple[Any, ...]]:
    """CHANGE_SCHEMA without reason and detail, in the order of the key, then of the columns; the first `most`."""
    same = " AND ".join(f"b.{quote(name)} IS NOT DISTINCT FROM a.{quote(name)}" for name in mart.grain)
    differs = " OR ".join(f"b.{quote(name)} IS DISTINCT FROM a.{quote(name)}" for name, _ in mart.figures) or "FALSE"
    keys = ", ".join(
        f"CASE WHEN b.is_there THEN b.{quote(name)} ELSE a.{quote(name)} END AS {quote(name)}" for name in mart.grain
    )
    values = "".join(
        f", b.{quote(name)} AS {quote('b_' + name)}, a.{quote(name)} AS {quote('a_' + name)}"
        for name, _ in mart.figures
    )
    table = f"{MART_SCHEMA}.{quote(mart.name)}"
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE differing AS SELECT {keys}{values}, "
        "CASE WHEN b.is_there IS NULL THEN 'added' WHEN a.is_there IS NULL THEN 'removed' ELSE 'changed' END AS change "
        f"FROM (SELECT *, TRUE AS is_there FROM before.{table}) AS b "
        f"FULL JOIN (SELECT *, TRUE AS is_there FROM after.{table}) AS a ON {same} "
        f"WHERE b.is_there IS NULL OR a.is_there IS NULL OR {differs}"
    )
    unit, period = mart.first_of(_UNIT_COLUMNS), mart.first_of(_PERIOD_COLUMNS)
    valid_from = None if unit is None else unit.replace("_code", "_valid_from")
    rest = [name for name in mart.grain if name not in (unit, valid_from, period)]
    parts = ", ".join(f"{literal(name + '=')} || CAST({quote(name)} AS VARCHAR)" for name in rest)
    head = ", ".join(
        (
            literal(mart.name),
            "NULL" if unit is None else quote(unit),
            "NULL" if valid_from is None or valid_from not in mart.grain else quote(valid_from),
            "NULL" if period is None else quote(period),
            f"concat_ws(', ', {parts})" if parts else "''",
            "change",
        )
    )
    branches = [f"SELECT {head}, NULL, NULL, NULL, NULL, NULL, 0 FROM differing WHERE change <> 'changed'"]
    has_hidden = any(name == HIDDEN_COLUMN.name for name, _ in mart.figures)
    for place, (name, is_number) in enumerate(mart.figures, start=1):
        old, new = quote("b_" + name), quote("a_" + name)
        pair = [f"CAST({value} AS {'DOUBLE' if is_number else 'VARCHAR'})" for value in (old, new)]
        cells = ", ".join((*pair, "NULL", "NULL") if is_number else ("NULL", "NULL", *pair))
        condition = f"change = 'changed' AND {old} IS DISTINCT FROM {new}"
        if has_hidden and name != HIDDEN_COLUMN.name:
            # Of a row that was hidden, or is hidden now, that alone is told.
            flags = [quote(side + HIDDEN_COLUMN.name) for side in ("b_", "a_")]
            condition += f" AND {flags[0]} IS NOT DISTINCT FROM {flags[1]}"
        branches.append(f"SELECT {head}, {literal(name)}, {cells}, {place} FROM differing WHERE {condition}")
    found = database.execute(
        f"SELECT * FROM ({' UNION ALL '.join(branches)}) ORDER BY 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5, 6, 12"
        + ("" if most is None else f" LIMIT {most}")
    ).fetchall()
    return [line[:-1] for line in found]
