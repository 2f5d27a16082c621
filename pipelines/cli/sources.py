"""`sipas sources check`: read specs and a sample of their inputs with the code a run uses, and show what it makes of them.

Nothing is landed or recorded: what a run would write goes to a scratch folder that is removed at the end.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from assets.ingest.batch import stage
from assets.ingest.changes import CHANGES
from assets.ingest.history import NONE_REMOVED, History
from assets.ingest.opened import tables_of
from assets.ingest.outcome import InputOutcome
from assets.ingest.plan import PlannedInput, find_inputs
from assets.ingest.readers.options import DatabaseOptions
from assets.ingest.readers.table import FAULT, LINE, RAW, InputRefused
from assets.ingest.reference_feed import read_reference
from assets.ingest.rule_messages import rule_message
from assets.ingest.source_reader import UnknownItem
from assets.ingest.spec import Feed, SourceSpec, read_spec
from assets.office import SHIPPED_REFERENCE, Office
from assets.reference.fed import fed_tables
from assets.reference.tables import reference_tables
from assets.reference.unit_guess import UnitGuess, likeliest
from assets.workspace import Workspace
from pipelines.cli.progress import console, show_problems
from pipelines.cli.tables import say, show_table
from pipelines.resources import open_office
from pipelines.settings import load_settings
from quality.contract import Bilingual, Contract
from quality.problem import Problem, did_you_mean, nearest

SAMPLE_ROWS = 1_000
HEAD_RECORDS = 5
VALUES_SHOWN = 10
INPUTS_SHOWN = 3
UNKNOWN_UNIT = "unit.unknown"
# Rules whose value has no meaning yet: a code, a name or an answer that nothing maps.
_UNMAPPED = ("values", "unknown", "outside_scale")


@dataclass(frozen=True)
class _Trial(Workspace):
    """The workspace as a check sees it: it reads where a run reads, and writes to `scratch` what a run would land."""

    scratch: Path

    @property
    def landing(self) -> Path:
        return self.scratch / "landing"


@dataclass
class _Sample:
    """The first rows of an input, one planned input per sheet, and what was met on the way."""

    items: list[PlannedInput] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    columns: list[tuple[str, ...]] = field(default_factory=list)
    rows: int = 0
    rows_skipped: int = 0
    refusal: Problem | None = None


@dataclass
class _Reading:
    """What became of a sample: outcomes per sheet, the accepted records of each feed, answers, and the refused rows."""

    outcomes: list[InputOutcome]
    accepted: list[tuple[Feed, pa.Table | None]]
    answers: pa.Table | None
    refused: list[pa.Table]


def check_sources(workspace: Workspace, spec: Path | None) -> bool:
    """Check one spec or all; return whether a run would take them in without refusing a file or a row of the sample.

    Raises SettingsError for settings that cannot be used and typer.BadParameter when there is no such spec.
    """
    settings = load_settings(workspace)
    paths = sorted(workspace.sources.glob("*.yml")) if spec is None else [_find(workspace, spec)]
    if not paths:
        say(
            "sources/ holds no spec yet: draft one with `sipas sources infer FILE`; see example.yml.txt (chưa có khai báo nguồn)"
        )
        return False
    with TemporaryDirectory(prefix="sipas-check-") as scratch:
        office = open_office(_Trial(workspace.root, Path(scratch)), settings, lambda line: None)
        try:
            reference_faults = _prepare_reference(office)
            show_problems(reference_faults)
            found = len(reference_faults) + sum(_check(office, path) for path in paths)
        finally:
            office.close()
    say(f"{len(paths)} spec(s) checked: {found or 'no'} problem(s)", "yellow" if found else "green")
    return not found


def _find(workspace: Workspace, spec: Path) -> Path:
    """The spec file meant: as given, within the workspace, or by its bare name."""
    places = (spec, workspace.root / spec, workspace.sources / spec.name, workspace.sources / f"{spec.name}.yml")
    for place in places:
        if place.is_file():
            return place.resolve()
    hint = did_you_mean(spec.stem, (path.stem for path in workspace.sources.glob("*.yml")))
    raise typer.BadParameter(f"there is no spec {spec}.{hint.en}")


def _prepare_reference(office: Office) -> list[Problem]:
    """Give the office its reference tables with what sources would newly feed; return the faults of reference/*.csv.

    Rows of an older delivery that the new one replaces stay known here; the run settles that.
    """
    new = office.reference_plan()
    fed = fed_tables(office.workspace, office.ledger, office.contracts)
    if new.to_read:
        work = office.workspace.landing / "reference"
        for result in read_reference(new.to_read, office.ledger.next_seq(), office.contracts, work):
            for dataset, table in result.landed.items():
                fed[dataset] = pa.concat_tables([table, fed[dataset]]) if dataset in fed else table
    office.reference, problems = reference_tables(SHIPPED_REFERENCE, office.workspace.reference, fed, office.contracts)
    return [problem for problem in problems if problem.file is not None]


def _check(office: Office, path: Path) -> int:
    """Show what a run would make of one spec; return the number of problems."""
    spec, problems = read_spec(path, office.contracts, office.roots)
    console.print()
    say(f"{path.parent.name}/{path.name}" + (f": {spec.title.vi} / {spec.title.en}" if spec else ""), "bold")
    if spec is None:
        show_problems(problems)
        return len(problems)
    inputs, problems = find_inputs(
        office.workspace,
        [spec],
        office.contracts,
        office.folders,
        lambda month: True,
        "",
        office.roots,
        {},
        lambda spec, reading_hash: History(office.today),
        trial_rows=SAMPLE_ROWS,
    )
    listed = ", ".join(item.path for item in inputs[:INPUTS_SHOWN])
    more = f" and {len(inputs) - INPUTS_SHOWN} more" if len(inputs) > INPUTS_SHOWN else ""
    say(f"  feeds {', '.join(spec.datasets)}; {len(inputs)} input(s){': ' if inputs else ''}{listed}{more}")
    problems += _unknown_path_units(office, inputs)
    broken = 0
    for item in inputs[:INPUTS_SHOWN]:
        sample = _take_sample(item, office.workspace.landing / "sample")
        if sample.refusal is not None:
            # A broken file says little about the spec: the next one is looked at.
            problems.append(sample.refusal)
            continue
        _show_columns(spec, sample)
        try:
            reading = _read(office, spec, sample)
        except UnknownItem as unknown:
            problems.append(unknown.problem)
            break
        refusals = _refusals(reading, sample)
        # Units that paths name were looked up for all inputs.
        problems += [refusal for refusal in refusals if refusal.rule != UNKNOWN_UNIT]
        if len(refusals) < len(reading.outcomes):
            broken = _show_reading(office, spec, reading, sample)
            break
    show_problems(problems)
    return len(problems) + broken


def _unknown_path_units(office: Office, inputs: Sequence[PlannedInput]) -> list[Problem]:
    """A problem for each unit that the inputs' paths name and no reference table knows."""
    problems = {}
    for item in inputs:
        unit = item.spec.unit
        if unit is None or unit.group is None or item.refusal is not None:
            continue
        given = item.groups[unit.group]
        if given not in problems and office.resolve_units(item.office, [given])[given] is None:
            guess = UnitGuess(office.reference, item.office).nearest(given)
            text = Bilingual(
                vi=f"Tên tệp ghi đơn vị “{given}” không có trong danh mục. Gần nhất: {guess or 'không có'}",
                en=f"The file's name says unit “{given}”, which is not known. Nearest: {guess or 'none'}",
            )
            problems[given] = Problem(UNKNOWN_UNIT, text, file=item.path)
    return list(problems.values())


def _take_sample(item: PlannedInput, folder: Path) -> _Sample:
    """Copy the first rows of an input aside, sheet by sheet, as plan.py does with a database's; they are read from there."""
    sample = _Sample()
    folder.mkdir(parents=True, exist_ok=True)
    spec = item.spec.model_copy(update={"reader": DatabaseOptions(kind="database")})
    try:
        for number, table in enumerate(tables_of(item)):
            schema = pa.schema([*((name, pa.string()) for name in table.columns), (LINE, pa.int64())])
            schema = schema.append(pa.field(FAULT, pa.string())).append(pa.field(RAW, pa.string()))
            file = folder / f"{spec.name}.{number}.parquet"
            with pq.ParquetWriter(file, schema) as writer:
                for batch in table.batches:
                    wanted = batch.slice(0, SAMPLE_ROWS - sample.rows)
                    writer.write_batch(wanted.cast(schema))
                    sample.rows += wanted.num_rows
                    if sample.rows == SAMPLE_ROWS:
                        break
            sample.rows_skipped += table.rows_skipped
            sample.items.append(
                replace(item, spec=spec, file=file, member=None, stamp=None, content_sha=f"{item.content_sha}.{number}")
            )
            sample.sheets.append(table.sheet)
            sample.columns.append(table.columns)
            if sample.rows == SAMPLE_ROWS:
                break
    except InputRefused as refusal:
        outcome = InputOutcome(item, 1)
        outcome.refuse(refusal)
        sample = _Sample(refusal=outcome.refusal)
    return sample


def _read(office: Office, spec: SourceSpec, sample: _Sample) -> _Reading:
    """Map, type and check the sample as a run does. Raises UnknownItem."""
    if spec.record_feed is None:
        return _read_reference_sample(office, spec, sample)
    dataset = spec.record_feed.dataset
    # Every problem of the sample is to be shown, however many there are.
    batch = stage(
        dataset, sample.items, 1, [], frozenset(), NONE_REMOVED, 1.0, office.ingest_context(), lambda line: None
    )
    landed = {name: pq.read_table(file) for name, file in batch.landed.items()}
    return _Reading(
        batch.outcomes,
        [(spec.record_feed, landed.get(dataset))],
        landed.get(spec.answer_feed.dataset) if spec.answer_feed is not None else None,
        [pq.read_table(batch.quarantined)] if batch.quarantined is not None else [],
    )


def _read_reference_sample(office: Office, spec: SourceSpec, sample: _Sample) -> _Reading:
    """The same for reference tables. Several feeds may fill one table, so each feed is read alone for its own head."""
    work = office.workspace.landing / "reference"
    results = read_reference(sample.items, 1, office.contracts, work)
    accepted: list[tuple[Feed, pa.Table | None]] = []
    for feed in spec.feeds:
        alone = [replace(item, spec=item.spec.model_copy(update={"feeds": (feed,)})) for item in sample.items]
        tables = [
            table for result in read_reference(alone, 1, office.contracts, work) for table in result.landed.values()
        ]
        accepted.append((feed, pa.concat_tables(tables) if tables else None))
    refused = [table for result in results for table in result.refused]
    return _Reading([result.outcome for result in results], accepted, None, refused)


def _refusals(reading: _Reading, sample: _Sample) -> list[Problem]:
    """Why sheets of the sample were refused whole; the sample's copies have lost the sheets' names."""
    return [
        replace(outcome.refusal, sheet=sheet or None)
        for outcome, sheet in zip(reading.outcomes, sample.sheets, strict=True)
        if outcome.refusal is not None
    ]


# What is shown


def _show_columns(spec: SourceSpec, sample: _Sample) -> None:
    """List the columns that the input lacks and those that the spec does not name, each with the nearest of the other side."""
    rows = []
    for sheet, columns in zip(sample.sheets, sample.columns, strict=True):
        named = (*spec.headings, *spec.ignore)
        spare = [name for name in columns if name not in named]
        absent = [name for name in named if name not in columns]
        for name in spec.headings:
            if name in absent:
                rows.append((sheet, name, "missing / thiếu", nearest(name, spare)))
        for name in spare:
            rows.append((sheet, name, "not in the spec, not read / không khai báo, không đọc", nearest(name, absent)))
    if rows:
        show_table(["sheet", "column", "state", "nearest name"], rows, whole=["column", "nearest name"])


def _show_reading(office: Office, spec: SourceSpec, reading: _Reading, sample: _Sample) -> int:
    """Show counts, the head, broken rules and unmapped values; return how many rules refuse rows."""
    outcomes = [outcome for outcome in reading.outcomes if outcome.refusal is None]
    read, accepted, refused, copies = (
        sum(getattr(outcome, name) for outcome in outcomes)
        for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate")
    )
    skipped = f"; {sample.rows_skipped:,} left out by skip rules" if sample.rows_skipped else ""
    say(
        f"  sample of {outcomes[0].item.path}: {read:,} row(s) read, {accepted:,} accepted, {refused:,} quarantined, "
        f"{copies:,} duplicate{skipped}"
    )
    for feed, records in reading.accepted:
        _show_head(spec, feed, office.contracts[feed.dataset], records, reading.answers)
    rules: Counter[tuple[str, str, str]] = Counter()
    for outcome in outcomes:
        rules.update(outcome.rules)
    if rules:
        rows = [
            (rule, column, number, severity, rule_message(rule).en, rule_message(rule).vi)
            for (rule, column, severity), number in sorted(rules.items(), key=lambda entry: (-entry[1], entry[0]))
        ]
        messages = ["what to do", "cần làm gì"]
        show_table(["broken rule", "column", "rows", "severity", *messages], rows, numbers=["rows"], whole=messages)
    changes: Counter[str] = Counter()
    for outcome in outcomes:
        changes.update(outcome.changes)
    if changes:
        kinds = [(kind, number, CHANGES[kind].en, CHANGES[kind].vi) for kind, number in sorted(changes.items())]
        meanings = ["what was read", "đã đọc thành"]
        show_table(["changed cells", "cells", *meanings], kinds, numbers=["cells"], whole=meanings)
    _show_unmapped(office, spec, reading)
    return sum(severity != "warn" for _, _, severity in rules)


def _show_head(
    spec: SourceSpec, feed: Feed, contract: Contract, landed: pa.Table | None, answers: pa.Table | None
) -> None:
    """Show the first different records of a feed: one line per field, one column per record."""
    if landed is None or not landed.num_rows:
        say(f"  {feed.dataset}: no row of the sample was accepted", "yellow")
        return
    if "line" in landed.column_names:
        landed = landed.sort_by([("delivery_seq", "ascending"), ("line", "ascending")])
    records: list[dict[str, Any]] = []
    for record in landed.to_pylist():
        if len(records) < HEAD_RECORDS and record not in records:
            records.append(record)
    zone = ZoneInfo(spec.time_zone)
    rows = [
        (item.name, _origin(spec, feed, item.name), *(_local(record[item.name], zone) for record in records))
        for item in contract.kept_fields
    ]
    if answers is not None and spec.answer_feed is not None:
        counts = Counter(answers["record_key"].to_pylist())
        mapped = f"{len(spec.answer_feed.items)} items"
        rows.append(("(answers)", mapped, *(f"{counts[record['record_key']]}" for record in records)))
    heads = [
        f"line {record['line']}" if "line" in record else f"record {n}" for n, record in enumerate(records, start=1)
    ]
    say(f"  {feed.dataset}, as read (times in {spec.time_zone}):")
    show_table(["field", "read from", *heads], rows)


def _local(value: object, zone: ZoneInfo) -> object:
    """An instant in the source's own time, as the operator sees it there; other values as text."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return None if value is None else str(value)


def _origin(spec: SourceSpec, feed: Feed, name: str) -> str:
    """Where a field comes from, in words of the spec."""
    if name == "record_id" and name not in feed.columns:
        parts = [f"{{{group}}}" for group in feed.scope_id_with]
        parts += feed.record_id or [f"surrogate of {', '.join(feed.surrogate)}"]
        return " / ".join(parts)
    column = feed.columns.get(name)
    if column is None:
        unit = spec.unit if name == "unit_code" else None
        if unit is None:
            return "—"
        return unit.column or (f"{{{unit.group}}}" if unit.group else f"= {unit.constant}")
    return column.heading or (f"{{{column.group}}}" if column.group else f"= {column.constant}")


def _show_unmapped(office: Office, spec: SourceSpec, reading: _Reading) -> None:
    """List the values that nothing maps, by how often they stand, each with the nearest name that is known."""
    counts: Counter[tuple[str, str, str]] = Counter(
        (broken["rule"], broken["column"], broken["value"])
        for table in reading.refused
        for rules in table["rules"].to_pylist()
        for broken in rules
        if broken["rule"].rpartition(".")[2] in _UNMAPPED
    )
    if not counts:
        return
    top = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:VALUES_SHOWN]
    rows = [(column, value, number, _nearest_known(office, spec, rule, value)) for (rule, column, value), number in top]
    show_table(["column", "unmapped value", "rows", "nearest known"], rows, numbers=["rows"])
    if len(counts) > VALUES_SHOWN:
        say(f"  … and {len(counts) - VALUES_SHOWN} more unmapped value(s)")


def _nearest_known(office: Office, spec: SourceSpec, rule: str, value: str) -> str | None:
    """The known name most like a value that breaks a rule, with the code it stands for."""
    dataset, name, kind = [*rule.split("."), ""][:3]
    if name == "outside_scale" and spec.answer_feed is not None:
        return _among(value, {**_levels(office, spec), **spec.answer_feed.values})
    contract = office.contracts[dataset]
    item = contract.field(name)
    if kind == "values":
        feed = next(feed for feed in spec.feeds if feed.dataset == dataset)
        column = feed.columns.get(name)
        return _among(value, {**{code: code for code in item.values}, **(column.values if column else {})})
    if item.type == "unit":
        return UnitGuess(office.reference, spec.office or office.roots[0]).nearest(value)
    label = "name_vi" if item.type == "instrument" else "name"
    listed = office.reference[item.type].to_pylist()
    return _among(
        value,
        {row[label]: row["code"] for row in listed if row[label]} | {row["code"]: row["code"] for row in listed},
    )


def _among(value: str, known: Mapping[str, str]) -> str | None:
    guess = likeliest(value, known)
    if guess is None:
        return None
    return guess if known[guess] == guess else f"{guess} → {known[guess]}"


def _levels(office: Office, spec: SourceSpec) -> dict[str, str]:
    """The levels that the items' scales have."""
    feed = spec.record_feed
    instrument = feed.columns["instrument_code"].constant if feed is not None else None
    levels = office.ingest_context().levels.get(instrument or "", {})
    return {level: level for scale in levels.values() for level in scale}
