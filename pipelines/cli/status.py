"""`sipas status`: what each unit owed, sent and had refused. The figures are the ledger's and the published marts'."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from assets.ingest.rule_messages import refusal_reason
from assets.ledger import AnsweredRow, InputRecord, Ledger, ReturnFile, RuleCount
from assets.publish.revision import PublishError, current_revision, open_current
from assets.workspace import Workspace
from pipelines.cli.progress import console
from pipelines.cli.tables import say, show_table
from pipelines.settings import load_settings
from quality.contract import load_contracts
from quality.personal import mask

INPUTS_SHOWN = 50
_RULES_SHOWN = 3

_OWED = """
SELECT
    owed.unit_code, any_value(unit.unit_name), owed.dataset, count(*),
    count(*) FILTER (WHERE submission_state = 'on_time'), count(*) FILTER (WHERE submission_state = 'late'),
    count(*) FILTER (WHERE submission_state = 'missing'), count(*) FILTER (WHERE submission_state = 'empty'),
    CAST(sum(rows_accepted) AS BIGINT), CAST(sum(rows_quarantined) AS BIGINT),
    string_agg(period_id, ' ' ORDER BY period_id) FILTER (WHERE submission_state = 'missing')
FROM marts.submission_status AS owed
LEFT JOIN marts.dim_admin_unit AS unit
    ON unit.unit_code = owed.unit_code AND unit.unit_valid_from = owed.unit_valid_from
WHERE ? IS NULL OR period_id = ?
GROUP BY owed.unit_code, owed.unit_valid_from, owed.dataset
ORDER BY owed.unit_code, owed.unit_valid_from, owed.dataset
"""


def show_status(workspace: Workspace, period: str | None) -> None:
    """Print what was owed and sent, as of the last revision, and each input with refused rows, as of now.

    `period` keeps to one reporting month. Raises SettingsError for settings that cannot be used.
    """
    load_settings(workspace)
    with closing(Ledger.of_folder(workspace.state)) as ledger:
        inputs, rules = ledger.active(), ledger.rule_counts()
        returns, answers = ledger.returns(), ledger.answered_rows()
    went_back = _went_back(inputs, returns, answers)
    undated = [record for record in inputs if record.period_id is None]
    if period is not None:
        inputs = [record for record in inputs if record.period_id == period]
    folder = _published(workspace)
    if folder is not None:
        _show_owed(folder, inputs, period)
    _show_sent(inputs, whole=folder is None)
    _show_refused(inputs, rules, went_back)
    if period is not None and undated:
        say(
            f"{len(undated)} input(s) whose path names no reporting month are left out; see `sipas status` without --period"
        )


def _published(workspace: Workspace) -> Path | None:
    """The folder of the current revision; says so where there is none."""
    try:
        if current_revision(workspace) is None:
            say("Nothing is published yet; these are the inputs taken in so far (chưa công bố lần nào)")
            return None
        return open_current(workspace)
    except PublishError as error:
        say(str(error), "yellow")
        return None


def _show_owed(folder: Path, inputs: Sequence[InputRecord], period: str | None) -> None:
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb"), read_only=True) as marts:
        owed = marts.execute(_OWED, [period, period]).fetchall()
    say(f"Revision {folder.name}" + (f", reporting month {period}" if period else ""), "bold")
    if not owed:
        say("No unit owes a delivery: list units, datasets and months in reference/expected_submission.csv")
        return
    refused = Counter(
        (record.unit_code, dataset)
        for record in inputs
        if record.status == "refused"
        for dataset in record.datasets.split(",")
    )
    rows = [
        (code, name, dataset, *counts, refused[(code, dataset)], accepted, quarantined, missing)
        for code, name, dataset, *counts, accepted, quarantined, missing in owed
    ]
    numbers = ["owed", "on time", "late", "missing", "empty", "files refused", "rows accepted", "rows quarantined"]
    show_table(["unit", "name", "dataset", *numbers, "months missing"], rows, numbers=numbers, whole=["months missing"])


def _show_sent(inputs: Sequence[InputRecord], whole: bool) -> None:
    """What came, by unit and dataset; with a publication only what no unit was named for, which it does not show."""
    sent: dict[tuple[str, str], list[InputRecord]] = defaultdict(list)
    contracts = load_contracts()
    for record in inputs:
        if whole or record.unit_code is None:
            # Answers come in the same rows as their responses.
            for dataset in (name for name in record.datasets.split(",") if contracts[name].kind != "answer"):
                sent[(record.unit_code or f"({record.source})", dataset)].append(record)
    if not sent:
        if whole:
            say("Nothing was taken in yet; put files into inbox/ and run `sipas run`")
        return
    states = ("landed", "empty", "refused", "duplicate")
    rows = [
        (
            unit,
            dataset,
            *(sum(record.status == state for record in records) for state in states),
            *(sum(getattr(record, name) for record in records) for name in ("rows_read", "rows_quarantined")),
        )
        for (unit, dataset), records in sorted(sent.items())
    ]
    console.print()
    numbers = ["landed", "empty", "refused", "copies", "rows read", "rows quarantined"]
    show_table(["unit, or (source) of many units", "dataset", *numbers], rows, numbers=numbers)


def _went_back(
    inputs: Sequence[InputRecord], returns: Sequence[ReturnFile], answers: Sequence[AnsweredRow]
) -> dict[str, str]:
    """What became of the refused rows of an input: when they went back, and how many were answered when."""
    days = {record.input_id: record.sent_on for record in inputs}
    said = {file.input_id: f"returned {file.returned_on}" for file in returns}
    answered: dict[str, list[AnsweredRow]] = defaultdict(list)
    for row in answers:
        answered[row.input_id].append(row)
    for input_id, rows in answered.items():
        last = max(days[row.answer_id] for row in rows)
        said[input_id] = f"{said.get(input_id, 'returned')}, {len(rows):,} row(s) answered {last}"
    return said


def _show_refused(inputs: Sequence[InputRecord], rules: Sequence[RuleCount], went_back: Mapping[str, str]) -> None:
    """List each input of which rows or all was refused, those with most refused rows first."""
    broken: dict[str, list[RuleCount]] = defaultdict(list)
    for count in rules:
        if count.severity != "warn":
            broken[count.input_id].append(count)
    listed = sorted(
        (record for record in inputs if record.rows_quarantined or record.status == "refused"),
        key=lambda record: (record.status != "refused", -record.rows_quarantined, record.path),
    )
    if not listed:
        say("No row and no file was refused.", "green")
        return
    rows = []
    for record in listed[:INPUTS_SHOWN]:
        why = refusal_reason(record) if record.status == "refused" else _most_broken(broken[record.input_id])
        rows.append(
            (
                mask(record.path),
                record.status,
                record.rows_read,
                record.rows_accepted,
                record.rows_quarantined,
                why,
                went_back.get(record.input_id, ""),
            )
        )
    console.print()
    numbers = ["read", "accepted", "quarantined"]
    headings = ["input", "state", *numbers, "most broken rules (cells), or why refused", "went back"]
    show_table(headings, rows, numbers=numbers, whole=[headings[0], *headings[-2:]])
    if len(listed) > INPUTS_SHOWN:
        say(f"… and {len(listed) - INPUTS_SHOWN} more input(s); `sipas quarantine export` writes every row")


def _most_broken(counts: Sequence[RuleCount]) -> str:
    """The rules most often broken, each with the number of cells that break it."""
    cells: Counter[str] = Counter()
    for count in counts:
        cells[count.rule_id] += count.n_rows
    top = sorted(cells.items(), key=lambda entry: (-entry[1], entry[0]))
    more = f" and {len(top) - _RULES_SHOWN} more" if len(top) > _RULES_SHOWN else ""
    return ", ".join(f"{rule} ({number:,})" for rule, number in top[:_RULES_SHOWN]) + more
