"""Land the corrections an office states: each corrected record once more, after its last version, which stays on record.

The old value must still be what the source says. All of it counts as one input per dataset, of the source named below,
which is made anew when the entries or the records below them change.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.engine import connect, fetch, set_keys
from assets.ingest.numbers import NumberText
from assets.ingest.shape import field_checks, literal, quote, readings, record_key, rule_check, typed
from assets.ingest.spec import ColumnMap
from assets.landing.corrections_file import FILE, Correction, CorrectionsRefused, read_corrections
from assets.landing.land import move_into_place
from assets.ledger import ARRIVAL_STEP, InputRecord, Part
from assets.office import Office
from quality.contract import Contract, FieldContract, landing_schema
from quality.problem import Problem

# No spec can have this name: a spec is named by its file, without a folder.
SOURCE = "reference/corrections"
DEFAULT_ZONE = "Asia/Ho_Chi_Minh"

Row = dict[str, Any]


@dataclass
class _Corrected:
    """The corrected records of one dataset with their answers, and a hash of what they follow from."""

    dataset: str
    content_sha: str
    last_day: dt.date
    rows: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)


def apply_corrections(office: Office) -> list[InputRecord]:
    """Bring the landed corrections in line with the file; return the inputs recorded, none when nothing changed.

    Raises CorrectionsRefused, with every fault, when the file is not valid, a record or the old value is not there, or a
    new value breaks a rule of the contract. Nothing is landed then.
    """
    entries = read_corrections(office.workspace.root / FILE, office.contracts)
    active = office.ledger.active()
    present = [record for record in active if record.source == SOURCE]
    if not entries and not present:
        return []
    by_dataset: dict[str, list[Correction]] = defaultdict(list)
    for item in entries:
        by_dataset[office.contracts[item.entry.dataset].parent or item.entry.dataset].append(item)
    problems: list[Problem] = []
    corrected = [
        _correct(office, dataset, items, _current(active), problems) for dataset, items in sorted(by_dataset.items())
    ]
    if problems:
        raise CorrectionsRefused(sorted(problems, key=lambda problem: problem.line or 0))
    unchanged = {record.content_sha for record in present} & {made.content_sha for made in corrected}
    retired = [record.input_id for record in present if record.content_sha not in unchanged]
    new = [made for made in corrected if made.content_sha not in unchanged]
    return _land(office, new, retired) if new or retired else []


def _current(active: Sequence[InputRecord]) -> list[str]:
    """The deliveries of sources that nothing replaced, as the staging models choose them."""
    landed = [record for record in active if record.status == "landed" and record.source != SOURCE]
    newest = {(record.source, record.scope_id): record.input_id for record in landed}
    return [
        record.input_id
        for record in landed
        if record.delivery_kind != "snapshot" or newest[(record.source, record.scope_id)] == record.input_id
    ]


def _correct(
    office: Office, dataset: str, items: Sequence[Correction], current: Sequence[str], problems: list[Problem]
) -> _Corrected:
    contract = office.contracts[dataset]
    work = office.workspace.landing / ".staging" / "corrections"
    work.mkdir(parents=True, exist_ok=True)
    with connect(work) as connection:
        set_keys(connection, office.keys)
        keys = [_key(connection, dataset, item) for item in items]
        last = _last_versions(connection, office, contract, sorted(set(keys)), current)
        by_record: dict[str, list[Correction]] = defaultdict(list)
        for key, item in zip(keys, items, strict=True):
            if key in last:
                by_record[key].append(item)
            else:
                problems.append(
                    item.problem(
                        "record_unknown",
                        "Không có bản ghi nào mang số này của cơ quan cấp số đã nêu; sửa record, authority, hoặc xoá mục này",
                        "The authority has no current record of this number; correct record or authority, or remove the entry",
                    )
                )
        told = [[key, item.entry.model_dump(mode="json")] for key, item in zip(keys, items, strict=True)]
        below = [[key, row["delivery_seq"], row["content_hash"]] for key, row in sorted(last.items())]
        text = json.dumps([dataset, told, below], ensure_ascii=False, sort_keys=True)
        made = _Corrected(dataset, hashlib.sha256(text.encode()).hexdigest(), max(item.entry.date for item in items))
        for key, of_record in sorted(by_record.items()):
            row, answers = dict(last[key]), _answers(connection, office, dataset, last[key])
            for item in of_record:
                if item.entry.dataset == dataset:
                    problems += _change_field(connection, office, contract, row, item)
                else:
                    problems += _change_answer(office, row, answers, item)
            row["line"] = min(item.line for item in of_record)
            made.rows.append(row)
            made.answers += [{"record_key": key, "item_code": code, "level": level} for code, level in answers.items()]
    return made


def _key(connection: duckdb.DuckDBPyConnection, dataset: str, item: Correction) -> str:
    sql = f"SELECT {record_key(dataset, item.entry.authority, literal(item.entry.record))}"
    [(key,)] = connection.execute(sql).fetchall()
    return str(key)


def _last_versions(
    connection: duckdb.DuckDBPyConnection,
    office: Office,
    contract: Contract,
    keys: Sequence[str],
    current: Sequence[str],
) -> dict[str, Row]:
    """record key → the landed row that the sources' current deliveries give it."""
    connection.register("wanted", pa.table({"record_key": pa.array(keys, pa.string())}))
    connection.register("current_input", pa.table({"input_id": pa.array(current, pa.string())}))
    schema = landing_schema(contract)
    found: dict[str, Row] = {}
    for part in office.ledger.parts(contract.dataset):
        rows = fetch(
            connection,
            f"SELECT * FROM read_parquet({literal((office.workspace.root / part.path).as_posix())}) "
            "WHERE record_key IN (SELECT record_key FROM wanted) AND input_id IN (SELECT input_id FROM current_input)",
        )
        for row in rows.to_pylist():
            if row["record_key"] not in found or found[row["record_key"]]["delivery_seq"] < row["delivery_seq"]:
                # A file of an earlier version of the contract may lack some of the columns.
                found[row["record_key"]] = {name: row.get(name) for name in schema.names}
    return found


def _answers(connection: duckdb.DuckDBPyConnection, office: Office, dataset: str, row: Row) -> dict[str, str]:
    """item → level of the form, which a new version of the form must bring along."""
    child = next((name for name, contract in office.contracts.items() if contract.parent == dataset), None)
    levels: dict[str, str] = {}
    for part in office.ledger.parts(child) if child is not None else ():
        sql = (
            f'SELECT item_code, "level" FROM read_parquet({literal((office.workspace.root / part.path).as_posix())}) '
            "WHERE record_key = ? AND input_id = ?"
        )
        levels |= dict(connection.execute(sql, [row["record_key"], row["input_id"]]).fetchall())
    return levels


def _change_field(
    connection: duckdb.DuckDBPyConnection, office: Office, contract: Contract, row: Row, item: Correction
) -> Iterator[Problem]:
    """Put the new value into the row, or say why it cannot stand there."""
    name = item.entry.field
    stated = contract.field(name)
    spec = next((spec for spec in office.specs.usable if spec.name == row["source"]), None)
    zone = spec.time_zone if spec is not None else DEFAULT_ZONE
    old = _read(connection, office, stated, item.old, zone, row["office_code"])
    if (item.old is not None and old[name] is None) or old[name] != row[name]:
        yield _other_value(item, stated, _shown(connection, stated, row[name], zone))
        return
    new = _read(connection, office, stated, item.new, zone, row["office_code"])
    row |= new
    for rule, vi, en in _broken(connection, office, contract, stated, row, item):
        yield item.problem("rule", f"Giá trị mới vi phạm {rule}: {vi}", f"The new value breaks {rule}: {en}")


def _change_answer(office: Office, row: Row, answers: dict[str, str], item: Correction) -> Iterator[Problem]:
    name = item.entry.field
    levels = office.ingest_context().levels.get(row["instrument_code"], {}).get(name)
    if levels is None:
        yield item.problem(
            "field",
            f"Bộ phiếu {row['instrument_code']} không có câu hỏi “{name}”",
            f"The instrument {row['instrument_code']} has no item “{name}”",
        )
    elif answers.get(name) != item.old:
        yield _other_value(item, None, answers.get(name))
    elif item.new is None:
        del answers[name]
    elif item.new not in levels:
        listed = ", ".join(levels)
        yield item.problem(
            "rule", f"Giá trị mới phải là một trong: {listed}", f"The new value must be one of: {listed}"
        )
    else:
        answers[name] = item.new


def _other_value(item: Correction, stated: FieldContract | None, present: str | None) -> Problem:
    """The source no longer says what the entry expects: it was corrected there, or the entry is mistaken."""
    is_personal = stated is not None and stated.personal != "none"
    vi = "" if is_personal else f", mà là “{present}”" if present is not None else ", mà để trống"
    en = "" if is_personal else f" but “{present}”" if present is not None else " but blank"
    return item.problem(
        "old_value",
        f"Nguồn không còn giá trị cũ đã nêu{vi}; nếu nơi gửi đã tự sửa thì xoá mục này, nếu không thì sửa old",
        f"The source does not have the old value{en}; remove the entry if the sender has corrected it, else correct old",
    )


def _read(
    connection: duckdb.DuckDBPyConnection, office: Office, stated: FieldContract, text: str | None, zone: str, at: str
) -> Row:
    """The typed columns of a field for a text, as a source's cell would be read; None where it cannot be."""
    if stated.type == "unit":
        return {stated.name: office.resolve_units(at, [text]).get(text) if text is not None else None}
    if stated.type in ("procedure", "instrument"):
        known = office.ingest_context().known[stated.type]
        return {stated.name: text if not known or text in known else None}
    given = quote(f"{stated.name}__given")
    # Numbers stand in the file as YAML writes them.
    steps = readings(stated, ColumnMap(constant=""), given, NumberText("."))
    read = "".join(f", {sql} AS {quote(name)}" for name, sql in steps.items())
    values = ", ".join(f"{sql} AS {quote(name)}" for name, sql in typed(stated, given, zone).items())
    statement = (
        f"WITH text AS (SELECT CAST({literal(text)} AS VARCHAR) AS {given}), "
        f"given AS (SELECT text.*{read} FROM text) SELECT {values} FROM given"
    )
    [row] = fetch(connection, statement).to_pylist()
    return dict(row)


def _shown(connection: duckdb.DuckDBPyConnection, stated: FieldContract, value: Any, zone: str) -> str | None:
    """A landed value as the file writes it: a moment in the source's time zone."""
    if value is None or stated.type != "instant":
        return None if value is None else str(value)
    sql = f"SELECT CAST(timezone({literal(zone)}, timezone('UTC', CAST(? AS TIMESTAMP))) AS VARCHAR)"
    [(text,)] = connection.execute(sql, [value]).fetchall()
    return str(text)


def _broken(
    connection: duckdb.DuckDBPyConnection,
    office: Office,
    contract: Contract,
    stated: FieldContract,
    row: Mapping[str, Any],
    item: Correction,
) -> list[tuple[str, str, str]]:
    """The refusing rules that the changed row breaks: those of the field and those over the whole record."""
    given = {
        f"{other.name}__given": None if row[other.name] is None else str(row[other.name])
        for other in contract.kept_fields
    }
    given[f"{stated.name}__given"] = item.new
    schema = landing_schema(contract)
    for name in (*given, "_sent_on"):
        schema = schema.append(pa.field(name, pa.date32() if name == "_sent_on" else pa.string()))
    changed = pa.Table.from_pylist([{**row, **given, "_sent_on": item.entry.date}], schema=schema)
    known = stated.type == "unit" or bool(office.ingest_context().known.get(stated.type))
    checks = field_checks(contract, stated, stated.name, known)
    checks += [rule_check(rule, contract, {}) for rule in contract.rules]
    refusing = [check for check in checks if check.severity != "warn"]
    if not refusing:
        return []
    connection.register("changed", changed)
    flags = connection.execute(f"SELECT {', '.join(check.broken for check in refusing)} FROM changed").fetchall()[0]
    connection.unregister("changed")
    return [
        (check.rule, check.message.vi, check.message.en) for check, flag in zip(refusing, flags, strict=True) if flag
    ]


def _land(office: Office, new: Sequence[_Corrected], retired: Sequence[str]) -> list[InputRecord]:
    taken = {record.input_id for record in office.ledger.active()} | office.ledger.retired_ids()
    first_seq = office.ledger.next_seq()
    records, parts = [], []
    for index, made in enumerate(new):
        seq = first_seq + index * ARRIVAL_STEP
        input_id = name = hashlib.sha256(f"{SOURCE}\x1f{made.content_sha}".encode()).hexdigest()[:16]
        reading = 1
        while input_id in taken:
            reading += 1
            input_id = f"{name}-{reading}"
        lineage = {"input_id": input_id, "delivery_seq": seq}
        own = {"sheet": None, "source_rows": 1, "source": SOURCE}
        tables = {made.dataset: [row | lineage | own for row in made.rows]}
        child = next((name for name, contract in office.contracts.items() if contract.parent == made.dataset), None)
        if child is not None and made.answers:
            tables[child] = [answer | lineage for answer in made.answers]
        for dataset, rows in tables.items():
            contract = office.contracts[dataset]
            staged = office.workspace.landing / ".staging" / "corrections" / f"{dataset}.parquet"
            pq.write_table(pa.Table.from_pylist(rows, schema=landing_schema(contract)), staged)
            relative = f"landing/{dataset}/{input_id}.parquet"
            move_into_place(staged, office.workspace.root / relative)
            parts.append(Part(relative, dataset, input_id, contract.version, len(rows)))
        records.append(_record(office, made, input_id, seq, list(tables)))
    office.ledger.commit(records, [], parts, retired)
    return records


def _record(office: Office, made: _Corrected, input_id: str, seq: int, datasets: Sequence[str]) -> InputRecord:
    """The ledger row: of the file that states the corrections, every record one row."""
    return InputRecord(
        input_id=input_id,
        source=SOURCE,
        office_code=office.roots[0],
        path=FILE,
        content_sha=made.content_sha,
        reading_hash="",
        reference_hash="",
        delivery_kind="correction",
        scope_id=None,
        delivery_seq=seq,
        unit_code=None,
        period_id=None,
        sent_on=made.last_day,
        datasets=",".join(datasets),
        status="landed",
        rows_read=len(made.rows),
        rows_accepted=len(made.rows),
        rows_quarantined=0,
        rows_duplicate=0,
        rows_skipped=0,
        reason=None,
        batch_id=input_id,
    )
