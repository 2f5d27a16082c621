"""Landed files of earlier versions of a contract, as they are read now. What a version changes stands in quality/upconvert.py.

Landing is never rewritten: what is read through a step is written beside the warehouse, which each build makes anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.engine import connect, fetch
from assets.ingest.shape import literal, quote
from assets.ledger import Part
from quality.contract import Contract, landing_schema
from quality.problem import Problem
from quality.upconvert import STEPS, Step, upconverted, version_problem

FOLDER = "upconverted"


def version_problems(parts: Iterable[Part], contracts: Mapping[str, Contract]) -> list[Problem]:
    """Return a problem for each landed file that this version of the software cannot read."""
    # Reference rows of other offices' packages stand under exchange/<table>.
    named = ((part.dataset.removeprefix("exchange/"), part) for part in parts)
    found = (
        version_problem(contracts[name], part.contract_version, part.path) for name, part in named if name in contracts
    )
    return [problem for problem in found if problem is not None]


def files_of_now(
    root: Path, parts: Sequence[Part], contract: Contract, folder: Path, steps: Mapping[tuple[str, int], Step] = STEPS
) -> list[Path]:
    """Return the files of a dataset's parts, those of earlier versions brought to this one in ``<folder>/upconverted/``.

    Raises KeyError where `version_problems` has told of one.
    """
    target = folder / FOLDER / contract.dataset
    shutil.rmtree(target, ignore_errors=True)
    files = []
    for part in parts:
        file = root / part.path
        if part.contract_version < contract.version:
            target.mkdir(parents=True, exist_ok=True)
            with connect(target) as connection:
                select = _select(connection, file, part.contract_version, contract, steps)
                file = target / file.name
                connection.execute(f"COPY ({select}) TO {literal(file.as_posix())} (FORMAT parquet, COMPRESSION zstd)")
        files.append(file)
    return files


def table_of_now(root: Path, part: Part, contract: Contract, steps: Mapping[tuple[str, int], Step] = STEPS) -> pa.Table:
    """Return the rows of one landed file with the columns and types that the contract has now."""
    if part.contract_version == contract.version:
        return pq.read_table(root / part.path)
    with connect(root / "landing") as connection:
        select = _select(connection, root / part.path, part.contract_version, contract, steps)
        return fetch(connection, select).cast(landing_schema(contract))


def _select(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    version: int,
    contract: Contract,
    steps: Mapping[tuple[str, int], Step],
) -> str:
    rows = upconverted(f"SELECT * FROM read_parquet({literal(file.as_posix())})", contract, version, steps)
    known = {name for name, *_ in connection.execute(f"DESCRIBE {rows}").fetchall()}
    columns = ", ".join(
        f"CAST({quote(field.name) if field.name in known else 'NULL'} AS {_sql_type(field.type)}) AS {quote(field.name)}"
        for field in landing_schema(contract)
    )
    return f"SELECT {columns} FROM ({rows}) AS landed"


def _sql_type(arrow: pa.DataType) -> str:
    if pa.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision}, {arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "TIMESTAMP"
    if pa.types.is_date(arrow):
        return "DATE"
    return "BIGINT" if pa.types.is_integer(arrow) else "VARCHAR"
