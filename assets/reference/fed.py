"""What landed sources of reference tables say now."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from assets.landing.versions import table_of_now
from assets.ledger import Ledger
from assets.workspace import Workspace
from quality.contract import Contract


def fed_tables(workspace: Workspace, ledger: Ledger, contracts: Mapping[str, Contract]) -> dict[str, pa.Table]:
    """Return what sources have fed into each reference table, the newest delivery first; only tables that a source feeds.

    Of a snapshot's deliveries only the last of each scope counts.
    """
    landed = [record for record in ledger.active() if record.status == "landed"]
    latest = {(record.source, record.scope_id): record.input_id for record in landed}
    live = [
        record
        for record in landed
        if record.delivery_kind != "snapshot" or latest[(record.source, record.scope_id)] == record.input_id
    ]
    tables: dict[str, list[pa.Table]] = {}
    parts = {part.path: part for part in ledger.parts()}
    for record in reversed(live):
        for dataset in record.datasets.split(","):
            path = f"landing/{dataset}/{record.input_id}.parquet"
            if contracts[dataset].kind == "reference" and path in parts:
                tables.setdefault(dataset, []).append(table_of_now(workspace.root, parts[path], contracts[dataset]))
    return {dataset: pa.concat_tables(found) for dataset, found in tables.items()}
