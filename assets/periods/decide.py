"""Decisions about reporting periods and what they presuppose; each is one row more in the ledger, and none is changed.

A period goes open → submitted → approved → locked, one step at a time; back only to open, with a reason. A unit goes after
the units below it, a longer period after its months.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assets.ledger import Ledger, PeriodAction, PeriodChange, PeriodStatus
from assets.periods.figures import hold_published, last_arrival
from assets.periods.published import Period, Published, read_published
from assets.periods.state import STATUSES, PeriodState, period_states
from assets.publish.revision import open_current
from assets.workspace import Workspace
from quality.contract import Bilingual
from quality.problem import Problem, did_you_mean

# What each step leads to, and from where it sets out.
STEPS: dict[PeriodAction, tuple[PeriodStatus, PeriodStatus]] = {
    "submit": ("open", "submitted"),
    "approve": ("submitted", "approved"),
    "lock": ("approved", "locked"),
    "accept": ("locked", "locked"),
}
# The words of the messages.
_IN_WORDS: dict[PeriodStatus, str] = {
    "open": "đang mở",
    "submitted": "đã gửi",
    "approved": "đã duyệt",
    "locked": "đã khóa",
}
_LISTED = 12


class NotDecided(Exception):
    """The decision cannot be taken; the problems say why, and nothing was recorded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(problem.render() for problem in self.problems))


def decide(
    workspace: Workspace,
    ledger: Ledger,
    action: PeriodAction,
    unit: str,
    period: str,
    with_below: bool,
    decided_by: str,
    reason: str | None,
    now: dt.datetime,
) -> list[PeriodChange]:
    """Take one step for a unit and period, with those below it if wanted, and record it; return what was recorded.

    The caller holds the workspace's lock; `now` is UTC. Of units below, those that are that far already are passed over.
    Raises NotDecided, and PublishError where nothing was published.
    """
    published = read_published(open_current(workspace))
    when, problems = _known(published, unit, period)
    if when is None:
        raise NotDecided(problems)
    states = period_states(ledger.period_changes())
    changes: list[PeriodChange] = []
    for code in published.with_below(unit, when) if with_below else [unit]:
        state = states.setdefault((code, period), PeriodState(code, period))
        if code != unit and _is_done(state, action, published):
            continue
        found = list(_hindrances(published, states, state, when, action, reason))
        problems += found
        if not found:
            status: PeriodStatus = "open" if action == "reopen" else STEPS[action][1]
            change = PeriodChange(0, code, period, action, status, published.revision, reason, decided_by, now)
            state.take(change)
            changes.append(change)
    if problems:
        raise NotDecided(problems)
    if action == "lock":
        pairs = [(change.unit_code, change.period_id) for change in changes]
        folder = hold_published(workspace, published.folder, pairs)
        last_seq = last_arrival(record for record in ledger.active() if record.input_id in published.inputs)
        changes = [replace(change, figures=folder, last_seq=last_seq) for change in changes]
    ledger.decide(changes)
    return changes


def _known(published: Published, unit: str, period: str) -> tuple[Period | None, list[Problem]]:
    """Return the period, or None and why the unit or the period is none of the revision."""
    when = published.periods.get(period)
    if when is None:
        hint = did_you_mean(period, published.periods)
        text = Bilingual(
            vi=f"Bản công bố không có kỳ “{period}”.{hint.vi}", en=f"The revision has no period “{period}”.{hint.en}"
        )
        return None, [Problem("period.unknown", text)]
    if published.unit(unit, when) is None:
        hint = did_you_mean(unit, {known.code for known in published.units})
        text = Bilingual(
            vi=f"Kỳ {period} không có đơn vị “{unit}” của cơ quan này.{hint.vi}",
            en=f"The office has no unit “{unit}” in {period}.{hint.en}",
        )
        return None, [Problem("period.unit", text)]
    return when, []


def _is_done(state: PeriodState, action: PeriodAction, published: Published) -> bool:
    """Whether nothing is left to decide for a unit below the one that was named."""
    if action == "reopen":
        return state.status == "open"
    if action == "accept":
        return state.status != "locked" or not _has_waiting(published, state)
    return STATUSES.index(state.status) >= STATUSES.index(STEPS[action][1])


def _has_waiting(published: Published, state: PeriodState) -> bool:
    """Whether records wait that nobody has accepted since."""
    key = (state.unit_code, state.period_id)
    return state.waiting is None and any((row.unit, row.period) == key for row in published.waiting)


def _hindrances(
    published: Published,
    states: dict[tuple[str, str], PeriodState],
    state: PeriodState,
    when: Period,
    action: PeriodAction,
    reason: str | None,
) -> Iterator[Problem]:
    """Why the step cannot be taken for one unit and period."""
    unit, period = state.unit_code, state.period_id

    def status(code: str, of: str) -> PeriodStatus:
        found = states.get((code, of))
        return found.status if found is not None else "open"

    def tell(rule: str, vi: str, en: str) -> Problem:
        return Problem(f"period.{rule}", Bilingual(vi=vi, en=en))

    if action in ("reopen", "accept") and not (reason or "").strip():
        yield tell("reason", "Ghi rõ lý do bằng --reason", "Give the reason with --reason")
    if action == "reopen":
        if state.status == "open":
            yield tell("step", f"Kỳ {period} của {unit} đang mở", f"{period} of {unit} is open already")
        above = published.unit(unit, when)
        parent = above.parent if above is not None else None
        if parent is not None and status(parent, period) != "open":
            yield tell(
                "parent",
                f"Mở lại kỳ {period} của {parent} trước khi mở lại của {unit}",
                f"Reopen {period} of {parent} before that of {unit}: a unit goes after the units below it",
            )
        if longer := [other.id for other in published.longer(when) if status(unit, other.id) != "open"]:
            yield tell(
                "longer",
                f"Mở lại {', '.join(longer)} của {unit} trước kỳ {period}",
                f"Reopen {', '.join(longer)} of {unit} before {period}: a longer period goes after its months",
            )
        return
    origin, target = STEPS[action]
    if state.status != origin:
        yield tell(
            "step",
            f"Kỳ {period} của {unit} {_IN_WORDS[state.status]}, phải {_IN_WORDS[origin]} thì mới làm được bước này",
            f"{period} of {unit} is {state.status}; to {action} it must be {origin}",
        )
        return
    children = published.children(unit, when)
    if action == "accept":
        if left := [
            code for code in children if (child := states.get((code, period))) and _has_waiting(published, child)
        ]:
            yield tell(
                "children",
                f"Dữ liệu còn chờ ở đơn vị dưới {unit} trong kỳ {period}: {_listed(left)}",
                f"Records still wait in units below {unit} in {period}: {_listed(left)}; accept theirs first",
            )
        return
    far = STATUSES.index(target)
    if behind := [code for code in children if STATUSES.index(status(code, period)) < far]:
        yield tell(
            "children",
            f"Kỳ {period} của các đơn vị dưới {unit} chưa {_IN_WORDS[target].removeprefix('đã ')}: {_listed(behind)}",
            f"Below {unit}, {period} is not yet {target} in: {_listed(behind)}; they go first (or use --with-below)",
        )
    if months := [part.id for part in published.parts(when) if STATUSES.index(status(unit, part.id)) < far]:
        yield tell(
            "months",
            f"Các tháng của {period} ở {unit} chưa {_IN_WORDS[target].removeprefix('đã ')}: {_listed(months)}",
            f"Of {period}, these months of {unit} are not yet {target}: {_listed(months)}; they go first",
        )


def _listed(codes: Sequence[str]) -> str:
    more = f" (+{len(codes) - _LISTED})" if len(codes) > _LISTED else ""
    return ", ".join(codes[:_LISTED]) + more
