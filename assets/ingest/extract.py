"""Databases as inputs: the rows are first copied aside as text, so that they have an identity and are read once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from assets.ingest.readers import open_input
from assets.ingest.readers.table import OWN_COLUMNS, InputRefused
from assets.ingest.spec import SourceSpec
from assets.workspace import Workspace
from quality.contract import Bilingual
from quality.problem import Problem


@dataclass(frozen=True)
class Extract:
    """A database's rows as text in a Parquet file; `content_sha` depends on the rows, not on their order."""

    label: str
    file: Path
    content_sha: str


def extract(spec: SourceSpec, workspace: Workspace) -> Extract | Problem:
    """Copy the table or query of a database source into the workspace's private zone; a fault comes back as a problem."""
    place = f"sources/{spec.name}.yml"
    location = spec.location
    url = os.environ.get(location.url_env) if location.url_env else location.url
    if url is None:
        text = Bilingual(
            vi=f"Biến môi trường {location.url_env} chưa được đặt",
            en=f"Set the environment variable {location.url_env}",
        )
        return Problem("database.url", text, file=place)
    url = url.replace("{workspace}", workspace.root.resolve().as_posix())
    folder = workspace.landing / ".extract"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{spec.name}.parquet"
    try:
        [table] = open_input(url, spec.reader, table=location.table, query=location.query)
        writer: pq.ParquetWriter | None = None
        for batch in table.batches:
            writer = writer or pq.ParquetWriter(file, batch.schema, compression="lz4")
            writer.write_batch(batch)
        if writer is None:
            text = Bilingual(vi="Bảng không có dòng nào", en="The table or query has no rows")
            return Problem("database.empty", text, file=place)
        writer.close()
    except InputRefused as refusal:
        text = Bilingual(vi=refusal.message_vi, en=refusal.message_en)
        return Problem(refusal.rule, text, file=place, column=refusal.column)
    return Extract(f"{location.table or 'query'}@{spec.name}", file, _fingerprint(file))


def _fingerprint(file: Path) -> str:
    """Return a hash of the rows that does not depend on their order (a database promises none)."""
    with duckdb.connect() as connection:
        relation = connection.read_parquet(file.as_posix())
        cells = ", ".join(
            f'coalesce("{name.replace(chr(34), chr(34) * 2)}", chr(30))'
            for name in relation.columns
            if name not in OWN_COLUMNS
        )
        heads = "|".join(relation.columns)
        counted = connection.execute(
            f"SELECT count(*), sum(CAST(md5_number_lower(r) AS HUGEINT)), sum(CAST(md5_number_upper(r) AS HUGEINT)) "
            f"FROM (SELECT concat_ws(chr(31), {cells}) AS r FROM read_parquet(?))",
            [file.as_posix()],
        ).fetchall()
        digest = connection.execute("SELECT sha256(?)", [f"{heads}|{counted}"]).fetchall()
    return str(digest[0][0])
