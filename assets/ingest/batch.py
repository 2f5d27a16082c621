"""Read the due inputs of one record dataset, check every row, and settle what becomes of it. Committing stands in land.py."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.checkpoint import checkpoint
from assets.ingest.engine import connect
from assets.ingest.outcome import InputOutcome, StagedBatch
from assets.ingest.plan import PlannedInput
from assets.ingest.readers.table import InputRefused
from assets.ingest.settle import settle
from assets.ingest.shape import literal
from assets.ingest.source_reader import IngestContext, SourceReader
from assets.ledger import ARRIVAL_STEP

# A share says little about fewer rows than these; what is broken in them counts towards the gate's share of the batch.
JUDGED_ROWS = 20


def stage(
    dataset: str,
    items: Sequence[PlannedInput],
    first_seq: int,
    landed_parts: Sequence[Path],
    inactive: frozenset[str],
    removed: pa.Table,
    refuse_above: float,
    context: IngestContext,
    tell: Callable[[str], None],
) -> StagedBatch:
    """Read and check `items` (all feeding `dataset`) and settle duplicates, conflicts and refusals against what is landed.

    `landed_parts` are the committed Parquet files of the dataset, `inactive` the readings in them that no longer count,
    `removed` the records that were gone from their source (record_key, delivery_seq). An
    input with a larger share of broken rows than `refuse_above` (0 to 1) is refused whole.
    """
    work = context.work / dataset
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    outcomes = [InputOutcome(item, seq) for item, seq in zip(items, delivery_seqs(items, first_seq), strict=True)]
    by_spec: dict[str, list[InputOutcome]] = defaultdict(list)
    for outcome in outcomes:
        by_spec[outcome.item.spec.name].append(outcome)
    batch = StagedBatch(dataset, outcomes, {}, None, [], [])
    with connect(work) as connection:
        for name, group in by_spec.items():
            tell(f"{dataset}: {name}, {len(group)} input(s)")
            SourceReader(connection, group, context, work, batch).run()
        checkpoint("ingest.read")
        _refuse_broken(connection, batch, refuse_above)
        settle(connection, batch, context.contracts[dataset], work, landed_parts, inactive, removed)
    checkpoint("ingest.settled")
    return batch


def _refuse_broken(connection: duckdb.DuckDBPyConnection, batch: StagedBatch, refuse_above: float) -> None:
    """Refuse whole the inputs most of whose rows are broken: a template changed, and the other senders need not wait."""
    by_id = {outcome.item.input_id: outcome for outcome in batch.outcomes if outcome.refusal is None}
    for _, file in batch.refused_files:
        for input_id, broken in connection.execute(
            f"SELECT input_id, count(*) FROM read_parquet({literal(file.as_posix())}) GROUP BY ALL"
        ).fetchall():
            outcome = by_id.get(input_id)
            if outcome is None or outcome.rows_read < JUDGED_ROWS or broken <= refuse_above * outcome.rows_read:
                continue
            if outcome.item.answer is not None:
                # Rows that were broken once: what is still wrong among them goes back by itself.
                continue
            (rule, column, _), times = max(outcome.rules.items(), key=lambda found: (found[1], found[0]))
            outcome.refuse(
                InputRefused(
                    "file.broken_rows",
                    f"{broken} trên {outcome.rows_read} dòng sai, nhiều nhất là {rule} ({times} dòng); so lại mẫu biểu với khai "
                    f"báo nguồn bằng lệnh sipas sources check {outcome.item.spec.name}, sửa tệp rồi gửi lại",
                    f"{broken} of {outcome.rows_read} rows are broken, most often by {rule} ({times} row(s)); compare the file "
                    f"with its spec (sipas sources check {outcome.item.spec.name}), mend it and send it again",
                    column=column or None,
                )
            )


def delivery_seqs(items: Sequence[PlannedInput], first_seq: int) -> list[int]:
    """Return the number of each reading in the order of arrival: a new one comes last, one made again keeps its place."""
    arrivals = count(first_seq, ARRIVAL_STEP)
    return [next(arrivals) if item.replaced_seq is None else item.replaced_seq + 1 for item in items]
