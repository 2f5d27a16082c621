"""The open files once more for each district, cut from the open files themselves: nothing that was hidden comes back.

A district's folder holds the rows of its units, what is above them in `dim_admin_unit`, and whole the marts that are not
about units. A district that holds every unit the office reports on gets none: the whole is its package.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.publish.changes_sheet import Changes, write_changes
from assets.publish.context import PublishContext
from assets.publish.datapackage import write_datapackage
from assets.publish.marts import BATCH_ROWS
from assets.publish.tables import OpenTable, TableWriter
from assets.publish.workbook import write_workbook

UNITS = "dim_admin_unit"
_LEVEL = "district"
_UNIT = ("unit_code", "unit_valid_from")
_PARENT = ("parent_code", "parent_valid_from")
# A character that no code has.
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class District:
    """One district that the office reports on. `units`: keys of its units and of itself; `above`: of what is above it."""

    code: str
    name: str
    units: frozenset[str]
    above: frozenset[str]


def districts_of(units: pa.Table) -> tuple[District, ...]:
    """The districts of `dim_admin_unit` that the office reports on, by code; none where one of them holds all its units.

    A district whose unit began anew under its code (other borders) is one district.
    """
    rows = {_key(row[_UNIT[0]], row[_UNIT[1]]): row for row in units.to_pylist()}
    parent = {key: _key(row[_PARENT[0]], row[_PARENT[1]]) for key, row in rows.items() if row[_PARENT[0]] is not None}
    own = {key for key, row in rows.items() if row["office_code"] is not None}
    members: dict[str, set[str]] = {}
    above: dict[str, set[str]] = {}
    for key in own:
        path = [key]
        while (upper := parent.get(path[-1])) in rows and upper not in path:
            path.append(upper)
        for place, step in enumerate(path):
            if rows[step]["unit_level"] == _LEVEL and step in own:
                members.setdefault(rows[step]["unit_code"], set()).add(key)
                above.setdefault(rows[step]["unit_code"], set()).update(path[place + 1 :])
                break
    if any(own <= held for held in members.values()):
        return ()
    latest = {row["unit_code"]: row["unit_name"] for _, row in sorted(rows.items())}
    return tuple(
        District(code, latest[code], frozenset(members[code]), frozenset(above[code])) for code in sorted(members)
    )


def write_districts(
    tables: Sequence[OpenTable], changes: Changes, context: PublishContext, revision: str, folder: Path
) -> tuple[District, ...]:
    """Write `<folder>/<code>/` for each district: marts, workbook, data package, changes. Each mart is read once; return them."""
    by_name = {table.mart.name: table for table in tables}
    if UNITS not in by_name:
        return ()
    districts = districts_of(pq.read_table(by_name[UNITS].parquet))
    for district in districts:
        (folder / district.code / "marts").mkdir(parents=True)
    cut = [_cut(table, districts, folder) for table in tables]
    for place, district in enumerate(districts):
        own, root = [tables_of[place] for tables_of in cut], folder / district.code
        about = replace(
            context,
            title_vi=f"{context.title_vi}: {district.name}",
            title_en=f"{context.title_en}: {district.name}",
        )
        write_workbook(own, about, revision, root / "marts.xlsx")
        write_datapackage(own, root / "marts.xlsx", about, revision, root / "datapackage.json", district.code)
        codes = sorted({key.partition(_BETWEEN)[0] for key in district.units})
        write_changes(changes.of_units(codes), own, about, revision, root)
    return districts


def _cut(table: OpenTable, districts: Sequence[District], folder: Path) -> list[OpenTable]:
    """The table of each district, in their order."""
    targets = [folder / district.code / "marts" for district in districts]
    if _UNIT[0] not in table.schema.names:
        return [_copy(table, target) for target in targets]
    owners = _owners(districts, with_above=table.mart.name == UNITS)
    is_versioned = _UNIT[1] in table.schema.names
    if not is_versioned:
        owners = {key.partition(_BETWEEN)[0]: places for key, places in owners.items()}
    known = pa.array(list(owners), pa.string())
    places = [set(found) for found in owners.values()]
    with ExitStack() as open_files, pq.ParquetFile(table.parquet) as parquet:
        writers = [open_files.enter_context(TableWriter(table.mart, table.schema, target)) for target in targets]
        for batch in parquet.iter_batches(BATCH_ROWS):
            rows = pc.index_in(_keys(batch, is_versioned), known)
            present = [index for index in pc.unique(rows).to_pylist() if index is not None]
            for place, writer in enumerate(writers):
                wanted = pa.array([index for index in present if place in places[index]], pa.int32())
                if len(wanted):
                    writer.write(batch.filter(pc.is_in(rows, wanted)).cast(table.schema))
    return [writer.table for writer in writers]


def _owners(districts: Sequence[District], with_above: bool) -> Mapping[str, list[int]]:
    """By key of a unit, the places of the districts that show it."""
    owners: dict[str, list[int]] = {}
    for place, district in enumerate(districts):
        for key in sorted(district.units | district.above if with_above else district.units):
            owners.setdefault(key, []).append(place)
    return owners


def _copy(table: OpenTable, folder: Path) -> OpenTable:
    copies = [Path(shutil.copyfile(file, folder / file.name)) for file in (table.parquet, table.csv)]
    return replace(table, parquet=copies[0], csv=copies[1])


def _keys(batch: pa.RecordBatch, is_versioned: bool) -> pa.Array:
    codes = batch.column(_UNIT[0])
    if not is_versioned:
        return codes
    return pc.binary_join_element_wise(codes, batch.column(_UNIT[1]).cast(pa.string()), _BETWEEN)


def _key(code: object, valid_from: object) -> str:
    return f"{code}{_BETWEEN}{valid_from}"
