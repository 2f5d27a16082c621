"""What there is to be told: failed checks, missing submissions, stale sources, much in quarantine. Sending stands in targets.py.

A message names sources, units, checks and counts; never a path, a cell or an error's own text, which may hold personal data.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import dagster as dg
import duckdb

from assets.ledger import InputRecord
from assets.publish.revision import PublishError, open_current
from assets.workspace import Workspace
from quality.contract import Bilingual

Kind = Literal["failed_check", "missing_submission", "stale_source", "high_quarantine", "test"]

# Runs whose checks are looked at: more than can end between two looks.
RUNS_LOOKED_AT = 20

_MISSING = """
SELECT dataset, period_id, CAST(due_on AS VARCHAR), count(*), string_agg(unit_code, ', ' ORDER BY unit_code)
FROM marts.submission_status
WHERE submission_state = 'missing' AND due_on < ?
GROUP BY dataset, period_id, due_on
ORDER BY period_id DESC, dataset
"""


@dataclass(frozen=True)
class Alert:
    """One thing to be told once. `key` is the same as long as it lasts."""

    kind: Kind
    key: str
    message: Bilingual


def failed_checks(instance: dg.DagsterInstance, job: str) -> Iterator[Alert]:
    """Yield an alert per failed run, and per check that did not pass in a run that has ended; newest runs first."""
    for run in instance.get_runs(filters=dg.RunsFilter(job_name=job), limit=RUNS_LOOKED_AT):
        if not run.is_finished:
            continue
        shown = run.run_id[:8]
        if run.status == dg.DagsterRunStatus.FAILURE:
            text = Bilingual(
                vi=f"Lần chạy {shown} không hoàn thành; số liệu công bố giữ nguyên. Xem trang Dagster hoặc chạy sipas run",
                en=f"Run {shown} failed; what is published stays. See Dagster's page, or run `sipas run`",
            )
            yield Alert("failed_check", f"run:{run.run_id}", text)
        found = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        for record in found.records:
            event = record.event_log_entry.dagster_event
            check = event.asset_check_evaluation_data if event is not None else None
            if check is None or check.passed:
                continue
            name = f"{check.asset_key.to_user_string()}: {check.check_name}"
            is_error = check.severity == dg.AssetCheckSeverity.ERROR
            vi, en = ("không đạt", "failed") if is_error else ("cảnh báo", "warns")
            text = Bilingual(vi=f"Kiểm tra {name} {vi} (lần chạy {shown})", en=f"Check {name} {en} (run {shown})")
            yield Alert("failed_check", f"check:{run.run_id}:{name}", text)


def missing_submissions(workspace: Workspace, today: dt.date) -> Iterator[Alert]:
    """Yield an alert per dataset and month that units still owe past the deadline, as of the published revision."""
    try:
        folder = open_current(workspace)
    except PublishError:  # nothing is published yet, so nothing is known to be owed
        return
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb"), read_only=True) as marts:
        owed = marts.execute(_MISSING, [today]).fetchall()
    for dataset, period, due_on, number, units in owed:
        text = Bilingual(
            vi=f"{number} đơn vị chưa gửi {dataset} kỳ {period} (hạn {due_on}): {units}",
            en=f"{number} unit(s) have not sent {dataset} of {period} (due {due_on}): {units}",
        )
        yield Alert("missing_submission", f"missing:{dataset}:{period}:{units}", text)


def stale_sources(
    records: Iterable[InputRecord], sources: Iterable[str], today: dt.date, after_days: int
) -> Iterator[Alert]:
    """Yield an alert per source whose last new input came more than `after_days` ago. One that never came owes none."""
    last: dict[str, dt.date] = {}
    for record in records:
        last[record.source] = max(record.sent_on, last.get(record.source, record.sent_on))
    for source in sorted(last.keys() & set(sources)):
        days = (today - last[source]).days
        if days > after_days:
            text = Bilingual(
                vi=f"Nguồn {source} không có dữ liệu mới từ {last[source]} ({after_days} ngày là ngưỡng báo)",
                en=f"Source {source} has given nothing new since {last[source]} (told after {after_days} days)",
            )
            yield Alert("stale_source", f"stale:{source}:{last[source]}", text)


def high_quarantine(records: Iterable[InputRecord], share: float, fewest_rows: int) -> Iterator[Alert]:
    """Yield an alert per source of whose last batch more than `share` of at least `fewest_rows` rows were refused.

    Rows of an input that was refused whole count as refused.
    """
    batches: dict[str, list[InputRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.delivery_seq):
        if record.status == "duplicate":
            continue
        if batches[record.source] and batches[record.source][-1].batch_id != record.batch_id:
            batches[record.source] = []
        batches[record.source].append(record)
    for source, batch in sorted(batches.items()):
        read = sum(record.rows_read for record in batch)
        refused = sum(record.rows_read if record.status == "refused" else record.rows_quarantined for record in batch)
        if read >= fewest_rows and refused > share * read:
            text = Bilingual(
                vi=f"Nguồn {source}: {refused}/{read} dòng của lô mới nhất bị giữ lại. Xem sipas quarantine list",
                en=f"Source {source}: {refused} of {read} rows of its last batch are in quarantine. See `sipas quarantine list`",
            )
            yield Alert("high_quarantine", f"quarantine:{source}:{batch[0].batch_id}:{refused}", text)
