"""`sipas period`: how far the reporting periods of units are, the decisions about them, and the records that wait."""

from __future__ import annotations

from contextlib import closing

import typer

from assets.ledger import Ledger, PeriodAction
from assets.periods.decide import NotDecided
from assets.periods.published import read_published
from assets.periods.state import PeriodState, period_states
from assets.publish.revision import PublishError, open_current
from assets.workspace import Workspace
from pipelines.cli.progress import console, show_problems
from pipelines.cli.tables import say, show_table
from pipelines.period import decide_period
from pipelines.settings import load_settings

_WRONG = 2


def show_periods(workspace: Workspace, unit: str | None, period: str | None) -> None:
    """Print where each period stands about which something was decided, and the decisions of a unit's period."""
    load_settings(workspace)
    with closing(Ledger.of_folder(workspace.state)) as ledger:
        changes = [
            change
            for change in ledger.period_changes()
            if unit in (None, change.unit_code) and period in (None, change.period_id)
        ]
    if not changes:
        say("Nothing was decided about these periods: they are open (chưa có quyết định nào, các kỳ đang mở)")
        return
    waiting = _waiting(workspace)
    states = sorted(period_states(changes).values(), key=lambda state: (state.period_id, state.unit_code))
    headings = ["period", "unit", "status", "revision locked", "revised", "reopened", "records waiting"]
    rows = [
        (
            state.period_id,
            state.unit_code,
            state.status,
            state.locked_revision,
            state.n_revised,
            state.n_reopened,
            _still(state, waiting),
        )
        for state in states
    ]
    show_table(headings, rows, numbers=headings[-3:])
    if unit is not None and period is not None:
        console.print()
        told = [
            (
                f"{change.decided_at:%Y-%m-%d %H:%M} UTC",
                change.action,
                change.decided_by,
                change.revision,
                change.reason,
            )
            for change in changes
        ]
        show_table(["decided at", "decision", "by", "revision", "reason"], told, whole=["reason"])


def show_pending(workspace: Workspace, unit: str | None, period: str | None) -> None:
    """Print the records that wait for locked periods, by input, as of the last revision."""
    load_settings(workspace)
    try:
        rows = [
            (row.period, row.unit, row.dataset, row.new, row.changed, row.gone, row.path)
            for row in read_published(open_current(workspace)).waiting
            if unit in (None, row.unit) and period in (None, row.period)
        ]
    except PublishError as error:
        say(str(error), "yellow")
        return
    if not rows:
        say("Nothing waits (không có dữ liệu nào đang chờ)", "green")
        return
    numbers = ["new", "changed", "gone"]
    show_table(["period", "unit", "dataset", *numbers, "input"], rows, numbers=numbers, whole=["input"])
    say(
        "A record counts in its unit and in each locked unit above. `sipas period accept` lets it in with the next run."
    )


def tell_decision(
    workspace: Workspace, action: PeriodAction, unit: str, period: str, with_below: bool, by: str, reason: str | None
) -> None:
    """Decide and print what was recorded, or why nothing was; exit code 2 then."""
    if not by.strip():
        raise typer.BadParameter("give --by, the role or office that decides (thêm --by: chức danh hoặc cơ quan)")
    try:
        changes = decide_period(workspace, action, unit, period, with_below, by.strip(), reason)
    except NotDecided as refused:
        show_problems(refused.problems)
        raise typer.Exit(_WRONG) from None
    except PublishError as error:
        say(str(error), "yellow")
        raise typer.Exit(_WRONG) from None
    for change in changes:
        say(f"{change.period_id} of {change.unit_code}: {change.status}", "green")
    if not changes:
        say("Nothing was left to decide", "green")
    elif action == "lock":
        say(f"Their figures stay as revision {changes[0].revision} published them, whatever arrives.")
    elif action in ("accept", "reopen"):
        say("The next `sipas run` publishes their figures anew.")


def _waiting(workspace: Workspace) -> dict[tuple[str, str], int]:
    try:
        rows = read_published(open_current(workspace)).waiting
    except PublishError:
        return {}
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.unit, row.period)
        counts[key] = counts.get(key, 0) + row.new + row.changed + row.gone
    return counts


def _still(state: PeriodState, waiting: dict[tuple[str, str], int]) -> int:
    """Records that wait now: those the revision lists, unless they were accepted since."""
    is_held = state.status == "locked" and state.waiting is None
    return waiting.get((state.unit_code, state.period_id), 0) if is_held else 0
