"""What the previous revision told and counted: its open files as anyone has them, and its true figures from the analysts'
database, which tell whether a row that it hid is still the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.disclosure.rows import TABLES, applies, fits, keys

_DATABASE = Path("analyst") / "sipas.duckdb"
_TABLES = Path("open") / "marts"
_HIDDEN = "hidden"


@dataclass(frozen=True)
class Previous:
    """`shown`: names of the subjects' rows that the revision's open tables show."""

    database: duckdb.DuckDBPyConnection
    shown: frozenset[str]

    def frame(self, sql: str) -> pd.DataFrame | None:
        """The answer on the revision's own figures; None where it had no such table or column."""
        try:
            answer: pd.DataFrame = self.database.sql(sql).to_arrow_table().to_pandas()
            return answer
        except (duckdb.CatalogException, duckdb.BinderException):
            return None


@contextmanager
def open_previous(revision: Path) -> Iterator[Previous | None]:
    """What a revision's folder tells; None where it lacks the analysts' database."""
    database = revision / _DATABASE
    if not database.is_file():
        yield None
        return
    with duckdb.connect(str(database), read_only=True) as connection:
        yield Previous(connection, frozenset(_shown(revision / _TABLES)))


def _shown(folder: Path) -> Iterator[str]:
    for table, entries in TABLES.items():
        path = folder / f"{table}.parquet"
        if not path.is_file():
            continue
        file = pq.ParquetFile(path)
        here = [entry for entry in entries if fits(entry, file.schema_arrow)]
        for batch in file.iter_batches():
            if _HIDDEN in batch.schema.names:
                batch = batch.filter(pc.invert(batch.column(_HIDDEN)))
            for entry in here:
                told = applies(entry, batch)
                for column in entry.columns[:1]:
                    told = pc.and_(told, pc.is_valid(batch.column(column)))
                yield from pc.unique(pc.drop_null(keys(entry, batch.filter(told)))).to_pylist()
