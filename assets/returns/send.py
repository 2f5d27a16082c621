"""Refused rows go back: after rows have landed, one file per delivery with refused rows, in its sender's folder of returns/.

The files are written first and recorded then; killed in between, the next run writes the same files again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from assets.checkpoint import checkpoint
from assets.ingest.answers import answer_reader, root_of
from assets.ingest.engine import connect
from assets.ingest.readers.options import ReaderOptions
from assets.ingest.returned import return_id, row_code
from assets.ingest.settle import CONFLICT_RULE
from assets.ingest.shape import literal
from assets.ingest.spec import SourceSpec
from assets.ledger import InputRecord, ReturnFile, ReturnRow, RuleCount
from assets.office import Office
from assets.returns.files import RefusedRow, write_notice, write_return
from assets.returns.layout import WHOLE_LINE, Layout, layout_of
from assets.returns.notice import file_notice, row_reason, rows_notice

_BATCH_ROWS = 10_000
_UNSAFE = re.compile(r"[^\w.-]+")
_STEM_CHARACTERS = 60


@dataclass(frozen=True)
class _Sent:
    """What went back before by id, which input answers which return, and whether files that are gone are wanted again."""

    returns: Mapping[str, ReturnFile]
    answered: Mapping[str, str]
    again: bool

    def is_wanted(self, name: str, target: Path) -> bool:
        return name not in self.returns or (self.again and not target.is_file())

    def path_of(self, record: InputRecord) -> str:
        """The path of an input; of an answer that of the file it answers, however often it went to and fro."""
        if record.delivery_kind != "answer":
            return record.path
        return root_of(self.returns[self.answered[record.input_id]], self.returns, self.answered).path


@dataclass
class _Refused:
    """The refused rows of one input: their places in order, the headings they have by sheet, and their longest text."""

    record: InputRecord
    digest: Any = field(default_factory=hashlib.sha256)
    places: list[tuple[str | None, int, int | None]] = field(default_factory=list)
    headings: dict[str | None, list[str]] = field(default_factory=dict)
    longest: int = 0


def return_refused(office: Office, dataset: str, write_again: bool = False) -> list[ReturnFile]:
    """Write what is to go back of a record dataset's deliveries and has not gone back yet; return what was written.

    Rows that a newer delivery of their scope has replaced do not go back. With `write_again` what went back before and has
    not been answered is written again where its file is not there any more.
    """
    active = office.ledger.active()
    returned = office.ledger.returns()
    gone = {file.input_id for file in returned}
    if write_again:
        answered = set(office.ledger.answered_returns().values())
        gone -= {
            file.input_id
            for file in returned
            if file.return_id not in answered and not (office.workspace.root / file.file).is_file()
        }
    specs = {spec.name: spec for spec in office.specs.usable}
    due = [
        record
        for record in _standing(active)
        if dataset in record.datasets.split(",")
        and (record.status == "refused" or record.rows_quarantined)
        and record.input_id not in gone
        and record.source in specs
    ]
    if not due:
        return []
    earlier = {file.return_id: file for file in returned}
    sent = _Sent(earlier, office.ledger.answered_returns(), write_again)
    rules: dict[str, list[RuleCount]] = defaultdict(list)
    for count in office.ledger.rule_counts():
        rules[count.input_id].append(count)
    written = [_return_file(office, record, specs[record.source], sent) for record in due if record.status == "refused"]
    by_id = {record.input_id: record for record in due if record.status != "refused"}
    parts = [part.path for part in office.ledger.parts(f"quarantine/{dataset}")]
    if by_id and parts:
        with connect(office.workspace.quarantine) as connection:
            _find_refused(connection, office, by_id, parts)
            found = _looked_at(connection, by_id)
            for input_id, rows in groupby(_read(connection), key=lambda row: row["input_id"]):
                record = by_id[input_id]
                spec = specs[record.source]
                written.append(_return_rows(office, found[input_id], spec, rows, rules[input_id], sent))
    return written


def _standing(active: Sequence[InputRecord]) -> Iterator[InputRecord]:
    """The inputs whose rows no newer snapshot of their scope has replaced."""
    newest = {
        (record.source, record.scope_id): record.delivery_seq
        for record in active
        if record.delivery_kind == "snapshot" and record.status == "landed"
    }
    for record in active:
        replacing = newest.get((record.source, record.scope_id), 0)
        if record.delivery_kind not in ("snapshot", "answer") or record.delivery_seq >= replacing:
            yield record


# Rows


def _find_refused(
    connection: duckdb.DuckDBPyConnection, office: Office, wanted: Mapping[str, InputRecord], parts: Sequence[str]
) -> None:
    """Make the view ``refused`` of the refused rows of the wanted inputs."""
    connection.register("wanted", pa.table({"input_id": pa.array(sorted(wanted), pa.string())}))
    listed = ", ".join(literal((office.workspace.root / part).as_posix()) for part in parts)
    connection.execute(
        "CREATE TEMP VIEW refused AS SELECT input_id, sheet, line, rules, raw "
        f"FROM read_parquet([{listed}], union_by_name = true) WHERE input_id IN (SELECT input_id FROM wanted)"
    ).fetchall()


def _read(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    reader = connection.sql("SELECT * FROM refused ORDER BY input_id, sheet NULLS FIRST, line").to_arrow_reader(
        _BATCH_ROWS
    )
    for batch in reader:
        yield from batch.to_pylist()


def _looked_at(connection: duckdb.DuckDBPyConnection, records: Mapping[str, InputRecord]) -> dict[str, _Refused]:
    """What must be known of an input's rows before the first of them is written."""
    found: dict[str, _Refused] = {}
    conflicts: dict[tuple[str, str], int] = {}
    for row in _read(connection):
        refused = found.setdefault(row["input_id"], _Refused(records[row["input_id"]]))
        number = len(refused.places) + 1
        broken = sorted((rule["rule"], rule["column"] or "") for rule in row["rules"])
        refused.digest.update(json.dumps([row["sheet"], row["line"], broken], ensure_ascii=False).encode())
        conflict = next((rule["value"] for rule in row["rules"] if rule["rule"] == CONFLICT_RULE), None)
        same = None if conflict is None else conflicts.setdefault((row["input_id"], conflict), number)
        refused.places.append((row["sheet"], row["line"], same))
        cells = _cells(row["raw"])
        known = refused.headings.setdefault(row["sheet"], [])
        names = cells if isinstance(cells, dict) else [WHOLE_LINE]
        known += [name for name in names if name not in known]
        refused.longest = max(refused.longest, len(row["raw"] or ""))
    return found


def _cells(raw: str | None) -> dict[str, str | None] | str:
    """The cells by heading; a row that could not be split into cells is given as it stands."""
    try:
        cells = json.loads(raw or "{}")
    except ValueError:
        cells = None
    return cells if isinstance(cells, dict) else raw or ""


def _return_rows(
    office: Office,
    refused: _Refused,
    spec: SourceSpec,
    rows: Iterator[dict[str, Any]],
    rules: Sequence[RuleCount],
    sent: _Sent,
) -> ReturnFile:
    record = refused.record
    identity = (record.source, record.path, record.scope_id or "", record.content_sha)
    name = return_id((*identity, refused.digest.hexdigest()))
    reader = _reader(record, spec)
    layout = layout_of(
        _original(office, record), reader, _own(refused.headings, spec), len(refused.places), refused.longest
    )
    file = _file(office, record, name, layout.suffix, len(refused.places), sent)
    if sent.is_wanted(name, office.workspace.root / file.file):
        notice = rows_notice(file, record, spec, _unit(office, record), rules)
        _write(office, file, layout, _rows(rows, name), notice)
    places = [ReturnRow(name, number, *place) for number, place in enumerate(refused.places, start=1)]
    office.ledger.record_return(file, places)
    return file


def _rows(rows: Iterator[dict[str, Any]], name: str) -> Iterator[RefusedRow]:
    for number, row in enumerate(rows, start=1):
        reason = row_reason(row["rules"])
        yield RefusedRow(row["sheet"], row["line"], _cells(row["raw"]), reason, row_code(name, number))


def _own(headings: dict[str | None, list[str]], spec: SourceSpec) -> dict[str | None, list[str]]:
    """The headings by sheet, every one that the spec reads among them: a row that could not be split names none."""
    return {
        sheet: [*dict.fromkeys([*(name for name in names if name != WHOLE_LINE), *spec.headings])]
        for sheet, names in headings.items()
    }


def _reader(record: InputRecord, spec: SourceSpec) -> ReaderOptions:
    """How the input was read: an answer as its kind of file."""
    if record.delivery_kind != "answer":
        return spec.reader
    return answer_reader(spec.reader, Path(record.path).suffix.lower()) or spec.reader


def _original(office: Office, record: InputRecord) -> Path | None:
    """The file of an input if it is there with the bytes that were read."""
    path = record.path
    root: Path | None = office.workspace.root
    if path.startswith("{"):
        folder, _, path = path[1:].partition("}/")
        outside = office.folders.get(folder)
        root = outside if isinstance(outside, Path) else None
    if root is None or not (root / path).is_file():
        return None
    with (root / path).open("rb") as stream:
        same = hashlib.file_digest(stream, "sha256").hexdigest() == record.content_sha
    return root / path if same else None


# Files


def _return_file(office: Office, record: InputRecord, spec: SourceSpec, sent: _Sent) -> ReturnFile:
    """Write and record the notice that a file was refused whole."""
    identity = (record.source, record.path, record.scope_id or "", record.content_sha)
    name = return_id((*identity, record.reason or ""))
    file = _file(office, record, name, ".txt", 0, sent)
    target = office.workspace.root / file.file
    if sent.is_wanted(name, target):
        aside = _aside(target)
        write_notice(aside, file_notice(file, record, spec, _unit(office, record)))
        os.replace(aside, target)
        checkpoint("returns.written")
    office.ledger.record_return(file, [])
    return file


def _file(office: Office, record: InputRecord, name: str, suffix: str, rows: int, sent: _Sent) -> ReturnFile:
    """The return of an input: returns/<sender>/<source>_<period>_<file>_<id>.<kind>; one that is known keeps place and day."""
    known = sent.returns.get(name)
    stem = _UNSAFE.sub("-", Path(sent.path_of(record).rpartition("/")[2]).stem)[:_STEM_CHARACTERS]
    parts = [record.source, *([record.period_id] if record.period_id else []), stem, name]
    place = f"{office.workspace.returns.name}/{record.unit_code or record.source}/{'_'.join(parts)}{suffix}"
    return ReturnFile(
        return_id=name,
        source=record.source,
        path=record.path,
        scope_id=record.scope_id,
        content_sha=record.content_sha,
        input_id=record.input_id,
        file=known.file if known is not None else place,
        rows=rows,
        returned_on=known.returned_on if known is not None else office.today,
    )


def _write(office: Office, file: ReturnFile, layout: Layout, rows: Iterator[RefusedRow], notice: Sequence[str]) -> None:
    target = office.workspace.root / file.file
    aside = _aside(target)
    write_return(aside, layout, rows, notice)
    if not layout.has_notice_sheet:
        beside = target.with_suffix(".txt")
        write_notice(_aside(beside), notice)
        os.replace(_aside(beside), beside)
    os.replace(aside, target)
    checkpoint("returns.written")


def _aside(target: Path) -> Path:
    """A new file beside the target that its owner alone can read; only when it is whole does it get the target's name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}")
    if not aside.exists():
        os.close(os.open(aside, os.O_CREAT | os.O_WRONLY, 0o600))
    return aside


def _unit(office: Office, record: InputRecord) -> str | None:
    if record.unit_code is None:
        return None
    names = {row["code"]: row["name"] for row in office.reference["admin_unit"].select(["code", "name"]).to_pylist()}
    return f"{names.get(record.unit_code, '')} ({record.unit_code})".strip()
