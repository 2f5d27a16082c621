"""Forget a person: take their rows out of inbox, landing, quarantine and returns, and leave a tombstone.

The tombstone comes first and the files follow, each in one step, so that after a kill the same command ends what it began:
what a run would read again is dropped from the first step on. Of what is published only the forms go that list their cases.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.checkpoint import checkpoint
from assets.ingest.engine import connect
from assets.ingest.opened import tables_of
from assets.ingest.plan import PlannedInput
from assets.ingest.readers import InputRefused
from assets.ingest.shape import literal, quote
from assets.ingest.stamp import sha256_of
from assets.keys import PERSON, RECORD
from assets.ledger import Part, Removed, Tombstone
from assets.office import Office
from assets.privacy.parts import columns_of, remove_replaced, rows_of, write_part
from assets.privacy.published import forms_naming, take_out
from assets.privacy.rewrite import (
    CannotRewrite,
    database_file,
    delete_from_database,
    rewrite,
    rows_of_database,
)
from assets.privacy.tokens import Wanted
from quality.contract import Contract, key_column, token_column
from quality.personal import mask


@dataclass
class Forgotten:
    """What of a person was found, or taken away: rows per place, the records they make up, and what is left to do by hand.

    linked: other tokens that stand in the same landed rows, by which the same person may be known elsewhere.
    """

    tokens: frozenset[str]
    records: set[str] = field(default_factory=set)
    rows_inbox: int = 0
    rows_landing: int = 0
    rows_quarantine: int = 0
    files_returned: int = 0
    files_published: int = 0
    linked: set[str] = field(default_factory=set)
    by_hand: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The rows of all places together."""
        return self.rows_inbox + self.rows_landing + self.rows_quarantine + self.files_returned


@dataclass
class _File:
    """A file that a source reads, the places of the person's rows in it, and the readings of its present bytes."""

    item: PlannedInput
    places: dict[str, set[int]]
    input_ids: list[str]
    # The sheets' own names, where they named a person.
    titles: dict[str, str]

    @property
    def rows(self) -> int:
        return sum(len(lines) for lines in self.places.values())


def forget(office: Office, tokens: Collection[str], *, dry_run: bool) -> Forgotten:
    """Take the people of these tokens out of the private zone, for good; with `dry_run` only count.

    The workspace must be held by this process. Run again after a kill, it ends what is not done yet.
    """
    wanted = Wanted(frozenset(tokens), office.keys)
    found = Forgotten(wanted.tokens)
    work = office.workspace.landing / ".staging" / "forget"
    work.mkdir(parents=True, exist_ok=True)
    files = list(_inbox_rows(office, wanted, found))
    databases = dict(_database_rows(office, wanted))
    with connect(work) as connection:
        connection.register("wanted", pa.table({"token": pa.array(sorted(wanted.tokens), pa.string())}))
        _find_records(connection, office, wanted, files, found)
        _add_lines_of_records(connection, office, files, found.records)
        found.rows_inbox += sum(file.rows for file in files) + sum(map(len, databases.values()))
        if not dry_run:
            _leave_tombstones(office, wanted, found.records)
            checkpoint("forget.tombstones")
            _rewrite_inbox(office, wanted, files, found, work)
            for (database, table), rows in databases.items():
                delete_from_database(database, table, rows)
            checkpoint("forget.inbox")
        # While the landed rows still tell the numbers.
        _take_out_forms(connection, office, found, dry_run)
        _rewrite_private_zone(connection, office, wanted, found, work, dry_run)
    _remove_returns(office, wanted, found, dry_run)
    if not dry_run:
        # Copies of databases, of servers and of object stores: each run fetches what it lacks.
        for copies in office.workspace.landing.glob(".*"):
            shutil.rmtree(copies, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    return found


def _leave_tombstones(office: Office, wanted: Wanted, records: Collection[str]) -> None:
    marks = [(token, PERSON) for token in sorted(wanted.tokens)] + [(key, RECORD) for key in sorted(records)]
    office.ledger.bury(Tombstone(token, purpose, office.keys.key_id, office.today) for token, purpose in marks)


# Where the rows are


def _inbox_rows(office: Office, wanted: Wanted, found: Forgotten) -> Iterator[_File]:
    """Yield every file that a source reads, with the places of the person's rows in it; told what could not be read."""
    readings: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for record in office.ledger.active():
        readings[record.source, record.path, record.content_sha].append(record.input_id)
    for item in office.file_inputs():
        places: dict[str, set[int]] = defaultdict(set)
        titles: dict[str, str] = {}
        try:
            for table in tables_of(item):
                titles |= {table.sheet: table.title} if table.title else {}
                if any(wanted.in_text(heading) for heading in table.columns):
                    found.by_hand.append(f"{mask(item.path)}: stands in the header; write the header anew")
                for rows in table.batches:
                    lines = rows.column("_line").to_pylist()
                    places[table.sheet].update(lines[index] for index in wanted.in_rows(rows))
        except InputRefused as refusal:
            found.by_hand.append(f"{mask(item.path)}: {refusal.rule}, so nobody could be looked for in it")
            continue
        yield _File(item, places, readings[item.spec.name, item.path, item.content_sha], titles)


def _database_rows(office: Office, wanted: Wanted) -> Iterator[tuple[tuple[Path, str], list[int]]]:
    for spec in office.specs.usable:
        file = database_file(spec, office.workspace.root)
        if file is not None and (rows := rows_of_database(file, str(spec.location.table), wanted)):
            yield (file, str(spec.location.table)), rows


def _find_records(
    connection: duckdb.DuckDBPyConnection,
    office: Office,
    wanted: Wanted,
    files: Collection[_File],
    found: Forgotten,
) -> None:
    """Fill in the keys of the records that are of the person: by token, by a number in an extra column, by their line."""
    known = {tombstone.token for tombstone in office.ledger.tombstones() if tombstone.purpose == RECORD}
    lines = [
        (input_id, sheet, line)
        for file in files
        for input_id in file.input_ids
        for sheet, rows in file.places.items()
        for line in rows
    ]
    connection.register(
        "line_of_person",
        pa.table(
            {
                "input_id": pa.array([input_id for input_id, _, _ in lines], pa.string()),
                "sheet": pa.array([sheet for _, sheet, _ in lines], pa.string()),
                "line": pa.array([line for _, _, line in lines], pa.int64()),
            }
        ),
    )
    # A tombstone of a record that is there still: an earlier call was killed before it came so far.
    connection.register("known_record", pa.table({"record_key": pa.array(sorted(known), pa.string())}))
    for part, contract in _record_parts(office):
        rows, names = rows_of(office.workspace, part), columns_of(office.workspace, part)
        tokens = [name for field in contract.token_fields if (name := token_column(field.name)) in names]
        by_token = (
            " OR ".join(f"coalesce({quote(name)} IN (SELECT token FROM wanted), FALSE)" for name in tokens) or "FALSE"
        )
        listed = "".join(f", {quote(name)}" for name in tokens)
        for key, *others in connection.execute(
            f"SELECT record_key{listed} FROM {rows} WHERE {by_token} OR record_key IN (SELECT record_key FROM known_record) "
            "OR (input_id, coalesce(sheet, ''), line) IN (SELECT (input_id, sheet, line) FROM line_of_person)"
        ).fetchall():
            found.records.add(key)
            found.linked |= {other for other in others if other is not None} - wanted.tokens
        for key, extra in connection.execute(
            f"SELECT record_key, extra FROM {rows} WHERE extra IS NOT NULL"
        ).fetchall():
            if wanted.in_text(extra):
                found.records.add(key)


def _add_lines_of_records(
    connection: duckdb.DuckDBPyConnection, office: Office, files: Collection[_File], records: Collection[str]
) -> None:
    """Add to each file the places from which the records landed: their other rows need not name the person."""
    connection.register("record", pa.table({"record_key": pa.array(sorted(records), pa.string())}))
    at: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for part, contract in _record_parts(office):
        rows = rows_of(office.workspace, part)
        for input_id, sheet, line in connection.execute(
            f"SELECT input_id, coalesce(sheet, ''), line FROM {rows} WHERE {_goes(office, part, contract)}"
        ).fetchall():
            at[input_id].append((sheet, line))
    for file in files:
        for input_id in file.input_ids:
            for sheet, line in at.get(input_id, ()):
                file.places.setdefault(sheet, set()).add(line)


def _record_parts(office: Office) -> Iterator[tuple[Part, Contract]]:
    for part in office.ledger.parts():
        contract = office.contracts.get(part.dataset)
        if contract is not None and contract.kind == "record":
            yield part, contract


# What is done


def _rewrite_inbox(office: Office, wanted: Wanted, files: Collection[_File], found: Forgotten, work: Path) -> None:
    for file in files:
        item = file.item
        if not file.rows:
            continue
        if not item.file.resolve().is_relative_to(office.workspace.root.resolve()):
            found.by_hand.append(f"{mask(item.path)}: lies outside the workspace; {file.rows} row(s) stay there")
            continue
        if item.file.is_relative_to(office.workspace.landing):
            found.by_hand.append(f"{mask(item.path)}: is a copy from an object store; {file.rows} row(s) stay there")
            continue
        try:
            written, whole = rewrite(item, file.places, file.titles, work)
        except CannotRewrite as problem:
            found.by_hand.append(f"{mask(item.path)}: {file.rows} row(s) stay; {problem}")
            continue
        if wanted.in_file(written):
            found.by_hand.append(
                f"{mask(item.path)}: the rows are gone, and the person still stands elsewhere in the file, "
                "as on a sheet that is not read or in a comment"
            )
        with whole.open("rb") as stream:
            os.fsync(stream.fileno())
        office.ledger.note_rewriting(item.path, sha256_of(written), item.content_sha)
        checkpoint("forget.noted")
        os.replace(whole, item.file)


def _take_out_forms(connection: duckdb.DuckDBPyConnection, office: Office, found: Forgotten, dry_run: bool) -> None:
    numbers: set[str] = set()
    for part, contract in _record_parts(office):
        landed = columns_of(office.workspace, part)
        for name in (one.name for one in contract.fields if one.personal == "office" and one.name in landed):
            rows = connection.execute(
                f"SELECT DISTINCT {quote(name)} FROM {rows_of(office.workspace, part)} "
                f"WHERE {quote(name)} IS NOT NULL AND ({_goes(office, part, contract)})"
            ).fetchall()
            numbers.update(number for (number,) in rows)
    for revision, files in forms_naming(office.workspace, numbers).items() if numbers else ():
        found.files_published += len(files)
        if not dry_run:
            take_out(revision, files, office.today)


def _rewrite_private_zone(
    connection: duckdb.DuckDBPyConnection, office: Office, wanted: Wanted, found: Forgotten, work: Path, dry_run: bool
) -> None:
    """Write the landed and quarantined parts that hold the person anew, and put all in place with one ledger transaction."""
    workspace = office.workspace
    replaced: dict[str, Part | None] = {}
    removed: list[Removed] = []
    for part in office.ledger.parts():
        contract = office.contracts.get(part.dataset)
        if part.dataset.startswith("quarantine/"):
            goes, gone = _quarantined(connection, office, part, wanted)
            found.rows_quarantine += sum(one.quarantined for one in gone)
        elif contract is not None and contract.kind != "reference":
            goes = _goes(office, part, contract)
            gone, rows = _landed(connection, office, part, contract, goes)
            found.rows_landing += rows if contract.kind == "record" else 0
            if not rows:
                continue
        else:
            continue
        if goes is not None and not dry_run:
            kept = f"SELECT * EXCLUDE (file_row_number) FROM {_numbered(office, part)} WHERE NOT ({goes})"
            replaced[part.path] = write_part(connection, workspace, part, kept, work)
            removed += gone
    if replaced:
        checkpoint("forget.parts")
        office.ledger.replace_parts(replaced, removed)
        remove_replaced(workspace, replaced)


def _numbered(office: Office, part: Part) -> str:
    path = (office.workspace.root / part.path).as_posix()
    return f"read_parquet({literal(path)}, file_row_number = true)"


def _goes(office: Office, part: Part, contract: Contract) -> str:
    """Return the SQL of whether a landed row is of a forgotten record, or about one."""
    names = columns_of(office.workspace, part)
    keys = [key_column(field.refers_to) for field in contract.fields if field.refers_to is not None]
    keys = ["record_key", *(name for name in keys if name in names)]
    return " OR ".join(f"coalesce({quote(name)} IN (SELECT record_key FROM record), FALSE)" for name in keys)


def _landed(
    connection: duckdb.DuckDBPyConnection, office: Office, part: Part, contract: Contract, goes: str
) -> tuple[list[Removed], int]:
    """Return the source rows that go, per input, and how many landed rows they are."""
    source_rows = "sum(source_rows)" if contract.kind == "record" else "0"
    counts = connection.execute(
        f"SELECT input_id, CAST({source_rows} AS BIGINT), count(*) FROM {rows_of(office.workspace, part)} "
        f"WHERE {goes} GROUP BY ALL"
    ).fetchall()
    return [Removed(input_id, n, 0) for input_id, n, _ in counts if n], sum(rows for *_, rows in counts)


def _quarantined(
    connection: duckdb.DuckDBPyConnection, office: Office, part: Part, wanted: Wanted
) -> tuple[str | None, list[Removed]]:
    """Return the SQL of whether a quarantined row goes (None: none does) and the rows that do, per input."""
    rows = pq.read_table(office.workspace.root / part.path, columns=["input_id", "rules", "raw"])
    numbers = sorted(wanted.in_rows(rows.select(["raw"])))
    if not numbers:
        return None, []
    counts: Counter[str] = Counter()
    rules: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in rows.take(numbers).select(["input_id", "rules"]).to_pylist():
        counts[row["input_id"]] += 1
        rules[row["input_id"]].update((broken["rule"], broken["column"] or "") for broken in row["rules"])
    connection.register("row_that_goes", pa.table({"number": pa.array(numbers, pa.int64())}))
    goes = "file_row_number IN (SELECT number FROM row_that_goes)"
    return goes, [Removed(input_id, 0, n, tuple(rules[input_id].items())) for input_id, n in counts.items()]


def _remove_returns(office: Office, wanted: Wanted, found: Forgotten, dry_run: bool) -> None:
    """Remove the files for senders that hold the person: they are made again from what is in quarantine now."""
    for file in sorted(office.workspace.returns.rglob("*")):
        if not file.is_file():
            continue
        if wanted.in_file(file):
            found.files_returned += 1
            if not dry_run:
                file.unlink()
