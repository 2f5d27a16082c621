"""What the gate judges: the incoming rows of a staged batch as a frame, and a summary row per input file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.engine import connect, fetch
from assets.ingest.outcome import StagedBatch
from assets.ingest.shape import literal, quote
from assets.ledger import InputRecord
from quality.contract import Contract, day_column, key_column
from quality.expectations import SENT_ON
from quality.gate import InputCounts
from quality.personal import mask

REFERENCES = ("unit", "procedure", "instrument")


def incoming_frame(
    batch: StagedBatch, contract: Contract, work: Path, max_rows: int, today: dt.date
) -> pd.DataFrame | None:
    """Return one row per incoming source row that could be split into cells, accepted and refused alike.

    Columns: the contract's fields, ``<field>__given`` beside every field that is not text, ``item__<code>`` for answers, and
    SENT_ON; None when the batch has more rows than `max_rows`. Accepted cells were given as they are typed.
    """
    if sum(outcome.rows_read for outcome in batch.outcomes) > max_rows:
        return None
    values = [field.name for field in contract.kept_fields]
    values += [day_column(field.name) for field in contract.fields if field.type == "instant"]
    values += [key_column(field.refers_to) for field in contract.fields if field.refers_to is not None]
    checked = [field.name for field in contract.fields if field.is_checked_against_text]
    selects = []
    for files, is_accepted in ((batch.accepted_files, True), (batch.refused_files, False)):
        for spec, file in files:
            columns = [quote(name) for name in values]
            for name in checked:
                given = quote(f"{name}__given")
                columns.append(f"CAST({quote(name)} AS VARCHAR) AS {given}" if is_accepted else given)
            feed = spec.answer_feed
            columns += [quote(f"item__{code}") for code in (feed.items if feed else ())]
            fault = "" if is_accepted else " AND fault IS NULL"
            selects.append(
                f"SELECT {', '.join(columns)}, {SENT_ON} FROM read_parquet({literal(file.as_posix())}) "
                f"INNER JOIN sending USING (input_id) WHERE input_id NOT IN (SELECT input_id FROM refused_input){fault}"
            )
    if not selects:
        return None
    with connect(work) as connection:
        _register_refused(connection, batch)
        sent = [(outcome.item.input_id, outcome.item.sent_on(today)) for outcome in batch.outcomes]
        names, days = zip(*sent, strict=True)
        connection.register("sending", pa.table({"input_id": names, SENT_ON: pa.array(days, pa.date32())}))
        # By way of Arrow the texts stay in its buffers: a third of the memory, and a tenth of the time.
        frame: pd.DataFrame = fetch(connection, " UNION ALL BY NAME ".join(selects)).to_pandas(date_as_object=False)
        return frame


def input_counts(
    batch: StagedBatch, contract: Contract, known: Sequence[InputRecord], landed_parts: Sequence[Path], work: Path
) -> list[InputCounts]:
    """Return the summary counts of every input of the batch but answers, with those of the same sender's last period beside them."""
    codes = [field.name for field in contract.fields if field.type == "code"]
    references = [field.name for field in contract.fields if field.type in REFERENCES]
    with connect(work) as connection:
        _register_refused(connection, batch)
        current = _code_counts(connection, [file for _, file in batch.accepted_files], codes)
        earlier = _code_counts(connection, landed_parts, codes)
        given, resolved = Counter[str](), Counter[str]()
        for files, suffix in ((batch.accepted_files, ""), (batch.refused_files, "__given")):
            for _, file in files:
                sums = " + ".join(f"count({quote(name + suffix)})" for name in references) or "0"
                found = " + ".join(f"count({quote(name)})" for name in references) or "0"
                for input_id, n_given, n_resolved in connection.execute(
                    f"SELECT input_id, {sums}, {found} FROM read_parquet({literal(file.as_posix())}) GROUP BY ALL"
                ).fetchall():
                    given[input_id] += n_given
                    resolved[input_id] += n_resolved
    last = {
        (record.source, record.unit_code, record.period_id): record
        for record in known
        if record.status == "landed" and record.delivery_kind != "answer"
    }
    counts = []
    for outcome in batch.outcomes:
        item = outcome.item
        if item.answer is not None:
            # Rows that were refused before say nothing about a delivery's shares and numbers.
            continue
        before = last.get((item.spec.name, outcome.unit_code, _month_before(item.period_id)))
        if item.spec.location.watermark is not None:
            before = None  # what has changed since the last read is like neither all rows nor the changes before
        counts.append(
            InputCounts(
                input_id=item.input_id,
                path=mask(item.path),
                rows_read=outcome.rows_read,
                rows_quarantined=outcome.rows_quarantined,
                rows_last_period=before.rows_read if before else None,
                references_given=given[item.input_id],
                references_resolved=resolved[item.input_id],
                codes=current.get(item.input_id, {}),
                codes_last_period=earlier.get(before.input_id, {}) if before else {},
            )
        )
    return counts


def _register_refused(connection: duckdb.DuckDBPyConnection, batch: StagedBatch) -> None:
    refused = [(outcome.item.input_id,) for outcome in batch.outcomes if outcome.refusal is not None]
    connection.execute("CREATE TEMP TABLE refused_input (input_id VARCHAR)").fetchall()
    if refused:
        connection.executemany("INSERT INTO refused_input VALUES (?)", refused)


def _code_counts(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], codes: Sequence[str]
) -> dict[str, dict[str, Mapping[str, int]]]:
    """Return input → field → code → rows."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    if not files:
        return {}
    listed = ", ".join(literal(file.as_posix()) for file in files)
    # Files of an earlier version of the contract may lack a code that it has now.
    known = {name for file in files for name in pq.read_schema(file).names}
    for name in (name for name in codes if name in known):
        for input_id, code, number in connection.execute(
            f"SELECT input_id, {quote(name)}, count(*) FROM read_parquet([{listed}], union_by_name = true) "
            f"WHERE {quote(name)} IS NOT NULL GROUP BY ALL"
        ).fetchall():
            counts.setdefault(input_id, {}).setdefault(name, {})[code] = number
    return {input_id: dict(fields) for input_id, fields in counts.items()}


def _month_before(period_id: str | None) -> str | None:
    if period_id is None:
        return None
    year, month = (int(part) for part in period_id.split("-"))
    return f"{year:04d}-{month - 1:02d}" if month > 1 else f"{year - 1:04d}-12"
