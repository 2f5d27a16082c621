"""Settle a batch that was read: which rows are duplicates, which conflict, what will land and what stays in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.opened import tables_of
from assets.ingest.outcome import StagedBatch
from assets.ingest.shape import RULES_TYPE, literal, quote, raw_cells
from quality.contract import LINEAGE, Contract, value_fields

CONFLICT_RULE = "key.conflict"


def settle(
    connection: duckdb.DuckDBPyConnection,
    batch: StagedBatch,
    contract: Contract,
    work: Path,
    landed_parts: Sequence[Path],
    inactive: frozenset[str],
    removed: pa.Table,
) -> None:
    """Decide duplicates and conflicts, write the rows to land and the rows in quarantine into `work`, and count per input.

    `removed` lists the records that were gone from their source (record_key, delivery_seq): one that comes again is no
    duplicate of what it was before.
    """
    refused_inputs = [outcome.item.input_id for outcome in batch.outcomes if outcome.refusal is not None]
    connection.register("refused_input", pa.table({"input_id": pa.array(refused_inputs, pa.string())}))
    connection.register("removed", removed)
    _find_verdicts(connection, batch, landed_parts, inactive)
    _write_landing(connection, batch, contract, work)
    _write_quarantine(connection, batch, work)
    by_id = {outcome.item.input_id: outcome for outcome in batch.outcomes}
    for input_id, verdict, number in connection.execute(
        "SELECT input_id, verdict, count(*) FROM verdict WHERE verdict IN ('duplicate', 'conflict') GROUP BY ALL"
    ).fetchall():
        if verdict == "duplicate":
            by_id[input_id].rows_duplicate += number
        else:
            by_id[input_id].rows_quarantined += number
            by_id[input_id].rules[(CONFLICT_RULE, "", "quarantine")] += number
    for _, file in batch.refused_files:
        for input_id, number in connection.execute(
            f"SELECT input_id, count(*) FROM read_parquet({literal(file.as_posix())}) "
            "WHERE input_id NOT IN (SELECT input_id FROM refused_input) GROUP BY ALL"
        ).fetchall():
            by_id[input_id].rows_quarantined += number
    if batch.dataset in batch.landed:
        for input_id, number in connection.execute(
            f"SELECT input_id, CAST(sum(source_rows) AS BIGINT) FROM read_parquet({literal(batch.landed[batch.dataset].as_posix())}) "
            "GROUP BY ALL"
        ).fetchall():
            by_id[input_id].rows_accepted += number
    for outcome in batch.outcomes:
        kept = outcome.rows_accepted + outcome.rows_quarantined + outcome.rows_duplicate
        if outcome.rows_read != kept + outcome.rows_forgotten:
            raise AssertionError(f"rows of {outcome.item.path} do not add up: {outcome}")


def _find_verdicts(
    connection: duckdb.DuckDBPyConnection, batch: StagedBatch, landed_parts: Sequence[Path], inactive: frozenset[str]
) -> None:
    """Fill the table ``verdict`` (src, row_no, input_id, verdict, source_rows) for rows that are not simply accepted.

    Inside one input, equal rows are duplicates (or one record of many rows) and different rows of one key all conflict.
    Across deliveries a row equal to the last version is a duplicate, except in a snapshot, which replaces its scope.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE verdict (src INTEGER, row_no BIGINT, input_id VARCHAR, verdict VARCHAR, source_rows BIGINT)"
    ).fetchall()
    selects = []
    for index, (spec, file) in enumerate(batch.accepted_files):
        feed = spec.record_feed
        assert feed is not None
        selects.append(
            f"SELECT {index} AS src, file_row_number AS row_no, record_key, input_id, delivery_seq, content_hash, "
            f"{feed.grain == 'many'} AS is_many, {spec.delivery.kind == 'snapshot'} AS is_snapshot "
            f"FROM read_parquet({literal(file.as_posix())}, file_row_number = true) "
            "WHERE input_id NOT IN (SELECT input_id FROM refused_input)"
        )
    if not selects:
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS {' UNION ALL '.join(selects)}").fetchall()
    connection.register("inactive", pa.table({"input_id": pa.array(sorted(inactive), pa.string())}))
    landed = "SELECT NULL AS record_key, NULL AS delivery_seq, NULL AS content_hash WHERE FALSE"
    if landed_parts:
        listed = ", ".join(literal(part.as_posix()) for part in landed_parts)
        landed = (
            f"SELECT record_key, delivery_seq, content_hash FROM read_parquet([{listed}]) "
            "WHERE input_id NOT IN (SELECT input_id FROM inactive) "
            "AND record_key IN (SELECT record_key FROM incoming WHERE NOT is_snapshot)"
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE landed_version AS {landed}").fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE suspect AS "
        "SELECT record_key FROM incoming GROUP BY record_key HAVING count(*) > 1 "
        "UNION SELECT record_key FROM landed_version"
    ).fetchall()
    connection.execute(
        """
        INSERT INTO verdict
        WITH rows AS (
            SELECT incoming.*,
                row_number() OVER (PARTITION BY record_key, input_id ORDER BY src, row_no) AS copy_no,
                count(*) OVER (PARTITION BY record_key, input_id) AS copies,
                min(content_hash) OVER (PARTITION BY record_key, input_id) AS low,
                max(content_hash) OVER (PARTITION BY record_key, input_id) AS high
            FROM incoming WHERE record_key IN (SELECT record_key FROM suspect)
        ), versions AS (
            SELECT record_key, delivery_seq, content_hash, is_snapshot FROM rows WHERE low = high AND copy_no = 1
            UNION ALL
            SELECT record_key, delivery_seq, content_hash, FALSE FROM landed_version
            UNION ALL
            SELECT record_key, delivery_seq, NULL, FALSE FROM removed
            WHERE record_key IN (SELECT record_key FROM landed_version)
        ), compared AS (
            SELECT record_key, delivery_seq, is_snapshot,
                lag(content_hash) OVER (PARTITION BY record_key ORDER BY delivery_seq) = content_hash AS is_same
            FROM versions
        ), judged AS (
            SELECT rows.src, rows.row_no, rows.input_id,
                CASE
                    WHEN low <> high THEN 'conflict'
                    WHEN compared.is_same AND NOT rows.is_snapshot THEN 'duplicate'
                    WHEN copy_no = 1 THEN 'accepted'
                    WHEN is_many THEN 'folded'
                    ELSE 'duplicate'
                END AS verdict,
                CASE WHEN is_many THEN copies ELSE 1 END AS source_rows
            FROM rows LEFT JOIN compared
                ON compared.record_key = rows.record_key AND compared.delivery_seq = rows.delivery_seq
        )
        SELECT src, row_no, input_id, verdict, source_rows FROM judged WHERE verdict <> 'accepted' OR source_rows > 1
        """
    ).fetchall()
    connection.execute("DROP TABLE incoming; DROP TABLE landed_version; DROP TABLE suspect").fetchall()


def _settled(index: int, file: Path) -> str:
    """SQL of one source's accepted rows with their verdicts, refused inputs left out."""
    return (
        f"FROM read_parquet({literal(file.as_posix())}, file_row_number = true) AS r "
        f"LEFT JOIN verdict ON verdict.src = {index} AND verdict.row_no = r.file_row_number "
        "WHERE r.input_id NOT IN (SELECT input_id FROM refused_input)"
    )


def _write_landing(connection: duckdb.DuckDBPyConnection, batch: StagedBatch, contract: Contract, work: Path) -> None:
    columns = [column.name for column in (*LINEAGE, *value_fields(contract))] + ["extra"]
    listed = ", ".join(
        "coalesce(verdict.source_rows, r.source_rows) AS source_rows" if name == "source_rows" else f"r.{quote(name)}"
        for name in columns
    )
    records, answers = [], []
    answer_dataset = None
    for index, (spec, file) in enumerate(batch.accepted_files):
        kept = f"{_settled(index, file)} AND coalesce(verdict.verdict, 'accepted') = 'accepted'"
        records.append(f"SELECT {listed} {kept}")
        feed = spec.answer_feed
        if feed is not None:
            answer_dataset = feed.dataset
            codes = ", ".join(f"r.{quote('item__' + code)} AS {quote(code)}" for code in feed.items)
            names = ", ".join(quote(code) for code in feed.items)
            answers.append(
                f'SELECT record_key, input_id, delivery_seq, item_code, "level" FROM '
                f"(UNPIVOT (SELECT r.record_key, r.input_id, r.delivery_seq, {codes} {kept}) "
                f'ON {names} INTO NAME item_code VALUE "level")'
            )
    for dataset, selects in ((batch.dataset, records), (answer_dataset, answers)):
        if dataset is None or not selects:
            continue
        target = work / f"{dataset}.landed.parquet"
        union = " UNION ALL ".join(f"({select})" for select in selects)
        connection.execute(
            # The lowest level is a fifth quicker than the usual one, and here no larger.
            f"COPY ({union}) TO {literal(target.as_posix())} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        ).fetchall()
        if pq.read_metadata(target).num_rows:
            batch.landed[dataset] = target


def _write_quarantine(connection: duckdb.DuckDBPyConnection, batch: StagedBatch, work: Path) -> None:
    """Write one row per refused source row: where it stands, the rules it breaks with their values, its raw cells."""
    selects = []
    for spec, file in batch.refused_files:
        selects.append(
            f"SELECT input_id, {literal(spec.name)} AS source, sheet, line, rules, raw "
            f"FROM read_parquet({literal(file.as_posix())}) WHERE input_id NOT IN (SELECT input_id FROM refused_input)"
        )
    for index, (spec, file) in enumerate(batch.accepted_files):
        feed = spec.record_feed
        assert feed is not None
        identity = literal(", ".join(feed.record_id or feed.surrogate))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE conflict_{index} AS "
            f"SELECT r.input_id, r.sheet, r.line, r.record_id {_settled(index, file)} AND verdict.verdict = 'conflict'"
        ).fetchall()
        _read_again(connection, batch, f"conflict_{index}", f"raw_{index}")
        selects.append(
            f"SELECT c.input_id, {literal(spec.name)} AS source, c.sheet, c.line, "
            f'CAST([struct_pack(rule := {literal(CONFLICT_RULE)}, "column" := {identity}, value := c.record_id)] '
            f"AS {RULES_TYPE}) AS rules, again.raw FROM conflict_{index} AS c LEFT JOIN raw_{index} AS again "
            "ON again.input_id = c.input_id AND again.line = c.line AND again.sheet IS NOT DISTINCT FROM c.sheet"
        )
    if not selects:
        return
    paths = pa.table(
        {
            "input_id": [outcome.item.input_id for outcome in batch.outcomes],
            "path": [outcome.item.path for outcome in batch.outcomes],
        }
    )
    connection.register("input_path", paths)
    target = work / "quarantine.parquet"
    connection.execute(
        f"COPY (SELECT q.input_id, q.source, p.path, q.sheet, q.line, q.rules, q.raw "
        f"FROM ({' UNION ALL '.join(selects)}) AS q INNER JOIN input_path AS p USING (input_id) "
        f"ORDER BY p.path, q.sheet, q.line) TO {literal(target.as_posix())} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    if pq.read_metadata(target).num_rows:
        batch.quarantined = target


def _read_again(connection: duckdb.DuckDBPyConnection, batch: StagedBatch, wanted: str, target: str) -> None:
    """Make the table `target` (input_id, sheet, line, raw) of the rows that the table `wanted` names, cells as sent.

    Which rows conflict is known only when all are read, and they are few: reading their inputs again costs less than
    keeping the cells of every row.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} (input_id VARCHAR, sheet VARCHAR, line BIGINT, raw VARCHAR)"
    ).fetchall()
    inputs = {input_id for (input_id,) in connection.execute(f"SELECT DISTINCT input_id FROM {wanted}").fetchall()}
    for item in (outcome.item for outcome in batch.outcomes if outcome.item.input_id in inputs):
        for table in tables_of(item):
            place = (item.input_id, table.sheet or None)
            for rows in table.batches:
                connection.register("rows_again", pa.Table.from_batches([rows]))
                connection.execute(
                    f"INSERT INTO {target} SELECT $1, $2, r._line, {raw_cells(rows.schema.names, 'r')} FROM rows_again AS r "
                    f"WHERE r._line IN (SELECT line FROM {wanted} WHERE input_id = $1 AND sheet IS NOT DISTINCT FROM $2)",
                    place,
                ).fetchall()
                connection.unregister("rows_again")
