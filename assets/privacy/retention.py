"""Retention: what is older than an office may keep it loses its personal data; the figures, and what they are made of, stay.

Of a landed record the number, the tokens and the extra columns are blanked; dates, codes and the keyed hash stay, for every
figure is built from them anew at each run. Files of the inbox, quarantined rows and files for senders are removed.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.checkpoint import checkpoint
from assets.ingest.engine import connect, set_keys
from assets.ingest.shape import literal, quote
from assets.ledger import Part, Retained
from assets.office import Office
from assets.privacy.parts import columns_of, remove_replaced, rows_of, write_part
from quality.contract import Contract, day_column, token_column


@dataclass(frozen=True)
class _Due:
    """What is due of one dataset: rows of before a day, and the readings sent before it."""

    dataset: str
    before: dt.date
    input_ids: tuple[str, ...]
    files: tuple[Path, ...]


def months_before(day: dt.date, months: int) -> dt.date:
    """Return the day so many months earlier, or the last day of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError(day)


def retain(office: Office, months: Mapping[str, int], *, dry_run: bool) -> list[Retained]:
    """Take away what is older than so many months, per dataset; return what was taken (or would be, with `dry_run`).

    A record is as old as its business date, a file as the day it was sent. The workspace must be held by this process; run
    again after a kill, it ends what is not done yet.
    """
    work = office.workspace.landing / ".staging" / "retention"
    work.mkdir(parents=True, exist_ok=True)
    replaced: dict[str, Part | None] = {}
    done: list[Retained] = []
    dues = [_due(office, dataset, months_before(office.today, number)) for dataset, number in sorted(months.items())]
    with connect(work) as connection:
        set_keys(connection, office.keys)
        for due in dues:
            blanked, removed = 0, 0
            for part in office.ledger.parts(due.dataset):
                changed, number = _blank(connection, office, part, office.contracts[due.dataset], due, work, dry_run)
                replaced |= changed
                blanked += number
            for part in office.ledger.parts(f"quarantine/{due.dataset}"):
                changed, number = _remove(connection, office, part, due, work, dry_run)
                replaced |= changed
                removed += number
            done.append(Retained(due.dataset, due.before, office.today, len(due.files), blanked, removed))
    if not dry_run:
        checkpoint("retention.written")
        office.ledger.replace_parts(
            replaced, retained=[one for one in done if one.files_removed or one.rows_blanked or one.rows_removed]
        )
        checkpoint("retention.committed")
        remove_replaced(office.workspace, replaced)
        for due in dues:
            for file in due.files:
                file.unlink(missing_ok=True)
        _remove_returns(office, min((due.before for due in dues), default=dt.date.min))
    shutil.rmtree(work, ignore_errors=True)
    return done


def _due(office: Office, dataset: str, before: dt.date) -> _Due:
    old = [
        record for record in office.ledger.active() if dataset in record.datasets.split(",") and record.sent_on < before
    ]
    paths = {(record.source, record.path, record.content_sha) for record in old}
    root = office.workspace.root.resolve()
    # An archive goes when all that stands in it is old.
    files: dict[Path, bool] = {}
    for item in office.file_inputs():
        if item.file.resolve().is_relative_to(root):
            is_old = (item.spec.name, item.path, item.content_sha) in paths
            files[item.file] = files.get(item.file, True) and is_old
    gone = tuple(file for file, is_old in files.items() if is_old)
    return _Due(dataset, before, tuple(record.input_id for record in old), gone)


def _blank(
    connection: duckdb.DuckDBPyConnection,
    office: Office,
    part: Part,
    contract: Contract,
    due: _Due,
    work: Path,
    dry_run: bool,
) -> tuple[dict[str, Part | None], int]:
    """Blank the personal columns of the old rows of a landed part, where any is filled."""
    names = columns_of(office.workspace, part)
    private = [field.name for field in contract.fields if field.personal == "office"]
    private += [token_column(field.name) for field in contract.token_fields] + ["extra"]
    private = [name for name in private if name in names]
    day = _business_day(contract)
    is_old = f"{quote(day)} < {literal(due.before.isoformat())}::DATE" if day in names else "FALSE"
    if day is None or day not in names:
        is_old = f"input_id IN ({', '.join(map(literal, due.input_ids)) or 'NULL'})"
    filled = " OR ".join(f"{quote(name)} IS NOT NULL" for name in private)
    rows = rows_of(office.workspace, part)
    [(number,)] = connection.execute(f"SELECT count(*) FROM {rows} WHERE ({is_old}) AND ({filled})").fetchall()
    if not number or dry_run:
        return {}, int(number)
    # The hash of the contents would give the record number away to one who tries all there can be.
    listed = ", ".join(
        [f"CASE WHEN coalesce({is_old}, FALSE) THEN NULL ELSE {quote(name)} END AS {quote(name)}" for name in private]
        + [
            f"CASE WHEN coalesce({is_old}, FALSE) AND ({filled}) THEN record_hash(content_hash) ELSE content_hash END AS content_hash"
        ]
    )
    written = write_part(connection, office.workspace, part, f"SELECT * REPLACE ({listed}) FROM {rows}", work)
    return {part.path: written}, int(number)


def _business_day(contract: Contract) -> str | None:
    name = contract.business_date
    if name is not None and name not in contract.field_names:
        return name
    return day_column(name) if name is not None and contract.field(name).type == "instant" else name


def _remove(
    connection: duckdb.DuckDBPyConnection, office: Office, part: Part, due: _Due, work: Path, dry_run: bool
) -> tuple[dict[str, Part | None], int]:
    """Remove the quarantined rows of old readings; what the ledger counted of them stays counted."""
    old = f"input_id IN ({', '.join(map(literal, due.input_ids)) or 'NULL'})"
    rows = rows_of(office.workspace, part)
    [(number,)] = connection.execute(f"SELECT count(*) FROM {rows} WHERE {old}").fetchall()
    if not number or dry_run:
        return {}, int(number)
    kept = write_part(
        connection, office.workspace, part, f"SELECT * FROM {rows} WHERE NOT coalesce({old}, FALSE)", work
    )
    return {part.path: kept}, int(number)


def _remove_returns(office: Office, before: dt.date) -> None:
    """Remove files for senders that were written before the earliest of the days."""
    for file in office.workspace.returns.rglob("*"):
        if file.is_file() and dt.date.fromtimestamp(file.stat().st_mtime) < before:
            file.unlink()
