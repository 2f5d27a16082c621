"""Landed and quarantined parts written anew: another file beside the old one, which the ledger then names instead."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from assets.ingest.shape import literal
from assets.ledger import Part
from assets.workspace import Workspace


def rows_of(workspace: Workspace, part: Part) -> str:
    """Return the SQL of a part's rows."""
    return f"read_parquet({literal((workspace.root / part.path).as_posix())})"


def columns_of(workspace: Workspace, part: Part) -> list[str]:
    """Return the columns of a part; of an earlier version of its contract some may be missing."""
    return list(pq.read_schema(workspace.root / part.path).names)


def write_part(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, part: Part, select: str, work: Path
) -> Part | None:
    """Write what `select` gives, in its order, beside a part; None when it gives no row. It counts when the ledger names it.

    A file that no ledger row names is swept away by the next run, so a kill leaves the old part as it was.
    """
    folder = (workspace.root / part.path).parent
    names = (f"{part.batch_id}.{number}.parquet" for number in count(1))
    name = next(name for name in names if not (folder / name).exists())
    aside = work / name
    connection.execute(f"COPY ({select}) TO {literal(aside.as_posix())} (FORMAT parquet, COMPRESSION zstd)").fetchall()
    rows = pq.read_metadata(aside).num_rows
    if not rows:
        aside.unlink()
        return None
    with aside.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(aside, folder / name)
    path = (folder / name).relative_to(workspace.root).as_posix()
    return Part(path, part.dataset, part.batch_id, part.contract_version, rows)


def remove_replaced(workspace: Workspace, paths: Iterable[str]) -> None:
    """Remove the files of parts that the ledger no longer names."""
    for path in paths:
        (workspace.root / path).unlink(missing_ok=True)
