"""Which of the rows read from a database are new, what came late, which records are gone. Asking the database stands in extract.py.

Of every row that a source gave, its known rows keep a hash of its key, a hash of its cells and its watermark: no cell itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from assets.ingest.clean_cells import with_clean_cells
from assets.ingest.history import History
from assets.ingest.readers.database import WatermarkKind
from assets.ingest.readers.table import LINE, OWN_COLUMNS, SEQ
from assets.ingest.shape import literal, quote, record_id
from assets.ingest.spec import SourceSpec
from assets.ingest.watermark import ISO, SQL_TYPES

# So many files of known rows are read side by side; then they are put together into one.
MOST_FILES = 32


def key_headings(spec: SourceSpec) -> tuple[str, ...]:
    """Return the columns that tell the source's records apart."""
    feed = spec.record_feed
    assert feed is not None
    return feed.record_id or feed.surrogate


def hashed(headings: Iterable[str]) -> str:
    """Return the SQL of a hash of the cells under the headings."""
    cells = ", ".join(f"coalesce({quote(name)}, chr(30))" for name in headings)
    return f"md5_number_lower(concat_ws(chr(31), {cells}))"


class Increment:
    """The rows just read from one source, beside those known before, in an engine of their own."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, spec: SourceSpec, kind: WatermarkKind, rows: Path, history: History
    ) -> None:
        """Take the rows of the Parquet file `rows`. Raises ValueError when a watermark's text is no moment in ISO form."""
        assert spec.location.watermark is not None
        self._connection = connection
        self._spec = spec
        self._rows = rows
        self._type = SQL_TYPES[kind]
        self._watermark = quote(spec.location.watermark.column)
        self._history = history
        self._columns = [name for name in pa.parquet.read_schema(rows).names if name not in OWN_COLUMNS]
        if kind == "text" and self._number(
            f"SELECT count(*) FROM {self._file(rows)} "
            f"WHERE {self._watermark} IS NOT NULL AND NOT regexp_full_match({self._watermark}, {literal(ISO)})"
        ):
            raise ValueError("text that is no moment in ISO form")
        self._run(
            f"CREATE TEMP TABLE incoming AS SELECT {quote(LINE)} AS line, {hashed(key_headings(spec))} AS key, "
            f'{hashed(self._columns)} AS "row", {self._typed} AS watermark FROM {self._file(rows)}'
        )
        self._show_known(history.known)
        # A record that changed brings all its rows: whether they agree is judged of them together.
        self._run(
            "CREATE TEMP TABLE changed AS SELECT DISTINCT incoming.key FROM incoming "
            'LEFT JOIN (SELECT key, "row" FROM known WHERE key IN (SELECT key FROM incoming)) AS before '
            'ON before.key = incoming.key AND before."row" = incoming."row" WHERE before.key IS NULL'
        )
        self.rows_read = self._number("SELECT count(*) FROM incoming")
        self.rows_new = self._number("SELECT count(*) FROM incoming SEMI JOIN changed USING (key)")

    @property
    def rows_without_watermark(self) -> int:
        return self._number("SELECT count(*) FROM incoming WHERE watermark IS NULL")

    def high(self, latest: str | None) -> str | None:
        """Return the largest watermark among the rows read and before, none later than `latest` counted, as text."""
        bound = "TRUE" if latest is None else f"watermark < CAST({literal(latest)} AS {self._type})"
        before = f"CAST({literal(self._history.high)} AS {self._type})"
        [[high]] = self._connection.execute(
            f"SELECT CAST(greatest(max(watermark) FILTER (WHERE {bound}), {before}) AS VARCHAR) FROM incoming"
        ).fetchall()
        return None if high is None else str(high)

    def write_new(self, target: Path) -> None:
        """Write the rows of records that are new or changed, in the order they were read."""
        self._run(
            f"COPY (SELECT source.* FROM {self._file(self._rows)} AS source WHERE source.{quote(LINE)} IN "
            "(SELECT line FROM incoming SEMI JOIN changed USING (key)) "
            f"ORDER BY source.{quote(LINE)}) TO {literal(target.as_posix())} (FORMAT parquet, COMPRESSION lz4)"
        )

    def rows_expected_below(self, low: str) -> int:
        """Return how many known rows below `low` should still be there: those of which nothing newer was read now."""
        return self._number(
            f"SELECT count(*) FROM known WHERE watermark < CAST({literal(low)} AS {self._type}) "
            "AND key NOT IN (SELECT key FROM incoming)"
        )

    def take_keys(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take the keys and watermarks of all rows that the source holds now."""
        headings = key_headings(self._spec)
        self._run(f"CREATE TEMP TABLE present (record_id VARCHAR, key UBIGINT, watermark {self._type})")
        feed = self._spec.record_feed
        assert feed is not None
        for batch in batches:
            # Cleaning counts by delivery; all keys are one.
            delivery = pa.array(np.zeros(batch.num_rows, np.int64))
            keys, _ = with_clean_cells(pa.Table.from_batches([batch]).append_column(SEQ, delivery), headings)
            self._connection.register("keys", keys)
            self._run(f"INSERT INTO present SELECT {record_id(feed)}, {hashed(headings)}, {self._typed} FROM keys")
            self._connection.unregister("keys")

    def rows_late(self, low: str) -> int:
        """Return how many rows that the source holds below `low` were never read as they are. Needs `take_keys`."""
        return self._number(
            f"SELECT count(*) FROM present WHERE watermark < CAST({literal(low)} AS {self._type}) AND NOT EXISTS "
            "(SELECT 1 FROM known WHERE known.key = present.key AND known.watermark = present.watermark)"
        )

    def write_removed(self, target: Path) -> tuple[int, int]:
        """Write the keys of landed records that the source no longer holds; return how many, of how many. Needs `take_keys`."""
        history = self._history
        self._run("CREATE TEMP TABLE gone (record_key VARCHAR)")
        if not history.landed:
            return 0, 0
        self._connection.register("retired", pa.table({"input_id": pa.array(sorted(history.retired), pa.string())}))
        self._connection.register("removed", history.removed)
        listed = ", ".join(literal(part.as_posix()) for part in history.landed)
        self._run(
            f"""
            CREATE TEMP TABLE standing AS
            WITH landed AS (
                SELECT record_key, min(record_id) AS record_id, max(delivery_seq) AS delivery_seq
                FROM read_parquet([{listed}], union_by_name = true)
                WHERE source = {literal(self._spec.name)} AND input_id NOT IN (SELECT input_id FROM retired)
                GROUP BY record_key
                -- Without its number, which retention takes, a record cannot be missed.
                HAVING min(record_id) IS NOT NULL
            ), removal AS (
                SELECT record_key, max(delivery_seq) AS delivery_seq FROM removed GROUP BY record_key
            )
            SELECT landed.record_key, landed.record_id
            FROM landed LEFT JOIN removal ON removal.record_key = landed.record_key
            WHERE removal.delivery_seq IS NULL OR removal.delivery_seq < landed.delivery_seq
            """
        )
        self._run("INSERT INTO gone SELECT record_key FROM standing ANTI JOIN present USING (record_id)")
        self._run(
            f"COPY (SELECT record_key FROM gone ORDER BY record_key) TO {literal(target.as_posix())} (FORMAT parquet)"
        )
        return self._number("SELECT count(*) FROM gone"), self._number("SELECT count(*) FROM standing")

    def write_known(self, target: Path, is_whole: bool, has_keys: bool) -> bool:
        """Write what is known from now on; return whether it stands alone or adds to the files before.

        `is_whole`: all rows of the source were read. `has_keys`: so were the keys, which say what is gone.
        """
        gone = (
            "SELECT key FROM known ANTI JOIN present USING (key)" if has_keys else "SELECT key FROM known WHERE FALSE"
        )
        new = 'SELECT key, "row", watermark FROM incoming SEMI JOIN changed USING (key)'
        if is_whole:
            rows = 'SELECT key, "row", watermark FROM incoming'
        elif len(self._history.known) >= MOST_FILES:
            rows = (
                f'SELECT key, "row", watermark FROM known WHERE key NOT IN (SELECT key FROM changed) AND key NOT IN ({gone}) '
                f"UNION ALL {new}"
            )
            is_whole = True
        else:
            rows = f"{new} UNION ALL SELECT key, NULL, NULL FROM ({gone})"
        self._run(f"COPY ({rows}) TO {literal(target.as_posix())} (FORMAT parquet, COMPRESSION lz4)")
        return is_whole

    @property
    def _typed(self) -> str:
        return f"CAST({self._watermark} AS {self._type})"

    def _show_known(self, files: Sequence[Path]) -> None:
        """Make the relation ``known`` (key, row, watermark): of each key the rows of the last file that has it."""
        if not files:
            self._run('CREATE TEMP TABLE known AS SELECT key, "row", watermark FROM incoming WHERE FALSE')
            return
        whole, *more = files
        selects = [
            f'SELECT {number} AS number, key, "row", watermark FROM {self._file(file)}'
            for number, file in enumerate(more)
        ] or [f'SELECT 0 AS number, key, "row", watermark FROM {self._file(whole)} WHERE FALSE']
        self._run(
            f"CREATE TEMP TABLE newer AS SELECT * EXCLUDE (last) FROM (SELECT *, max(number) OVER (PARTITION BY key) AS last "
            f"FROM ({' UNION ALL '.join(selects)})) WHERE number = last"
        )
        self._run(
            f'CREATE TEMP VIEW known AS SELECT key, "row", watermark FROM {self._file(whole)} '
            "WHERE key NOT IN (SELECT key FROM newer) "
            'UNION ALL SELECT key, "row", watermark FROM newer WHERE "row" IS NOT NULL'
        )

    def _file(self, file: Path) -> str:
        return f"read_parquet({literal(file.as_posix())})"

    def _run(self, statement: str) -> None:
        self._connection.execute(statement).fetchall()

    def _number(self, statement: str) -> int:
        [[number]] = self._connection.execute(statement).fetchall()
        return int(number)
