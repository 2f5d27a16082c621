"""`sipas explain`: one figure with its formula, its counts, and the files, sheets and lines behind it; or a rank or change with the
figures compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from duckdb import DuckDBPyConnection

from assets.lookup.changes import Change, Side
from assets.lookup.database import open_locked
from assets.lookup.explain import explain, explain_change, explain_driver, explain_now, explain_rank
from assets.lookup.figure import EVERY_FIGURE_RESTS_ON
from assets.lookup.ranks import Compared, Ranking
from assets.lookup.records import Counts, Number, Part, line_ranges, whole
from assets.lookup.subject import NotFound, Period, Unit
from assets.lookup.trace import Ask, Explanation
from assets.workspace import Workspace
from pipelines.cli.lookup import MISTAKES, refuse, revision_of, software_of
from pipelines.cli.progress import console
from pipelines.cli.tables import say, show_table

_Found = TypeVar("_Found")
_FILES_SHOWN = 12
_RANGES_SHOWN = 6
_OF_ESTIMATE = frozenset({"estimate_pct", "ci_low_pct", "ci_high_pct", "n_eff", "method"})
_COUNT_HEADINGS = ["numerator", "denominator", "left out"]


@dataclass(frozen=True)
class Asked:
    """What is looked up, as it is written: the unit, the period or survey round, the figure, and the questionnaire if it is named."""

    unit: str
    period: str
    figure: str
    instrument: str | None

    @property
    def words(self) -> tuple[str, str, str, str | None]:
        return self.unit, self.period, self.figure, self.instrument


def show_explanation(
    workspace: Workspace,
    asked: Asked,
    groups: Sequence[str],
    now: bool,
    revision: str | None,
    every: bool,
    as_json: bool,
) -> None:
    """Print what stands behind a figure of a kept revision, of all or of a group (NAME=VALUE), in the territory of then or `now`;
    `every` file and line, or the first ones."""
    find = explain_now if now else explain
    folder, found = _look_up(workspace, revision, lambda marts: find(marts, *asked.words, _group(groups)))
    _show_explanation(found, folder, every, as_json)


def show_driver(workspace: Workspace, asked: Asked, revision: str | None, every: bool, as_json: bool) -> None:
    """Print what a question weighs for the overall judgement, and what stands behind it."""
    folder, found = _look_up(workspace, revision, lambda marts: explain_driver(marts, *asked.words))
    _show_explanation(found, folder, every, as_json)


def show_ranks(workspace: Workspace, asked: Asked, revision: str | None, every: bool, as_json: bool) -> None:
    """Print the ranks that a unit has by a figure, in each group it is ranked in, with the units compared."""
    folder, found = _look_up(workspace, revision, lambda marts: explain_rank(marts, *asked.words))
    if as_json:
        _print_json(folder, {"rankings": [asdict(ranking) for ranking in found]})
        return
    for place, ranking in enumerate(found):
        if place:
            console.print()
        _show_rank(ranking, folder)
        _show_compared(ranking, every)


def show_changes(workspace: Workspace, asked: Asked, revision: str | None, as_json: bool) -> None:
    """Print the changes of an index from the earlier periods or rounds it is compared with."""
    folder, found = _look_up(workspace, revision, lambda marts: explain_change(marts, *asked.words))
    if as_json:
        _print_json(folder, {"changes": [asdict(change) for change in found]})
        return
    for place, change in enumerate(found):
        if place:
            console.print()
        _show_change(change, folder)


def _look_up(
    workspace: Workspace, revision: str | None, find: Callable[[DuckDBPyConnection], _Found]
) -> tuple[Path, _Found]:
    """The revision's folder, and what is found in its marts. Ends with exit code 2 where nothing is."""
    folder = revision_of(workspace, revision)
    try:
        with open_locked(folder) as marts:
            return folder, find(marts)
    except MISTAKES as error:
        raise refuse(error) from None


def _print_json(folder: Path, told: Mapping[str, object]) -> None:
    told = {"revision": folder.name, "version": software_of(folder), **told}
    print(json.dumps(told, ensure_ascii=False, indent=1, default=_json_value))


def _json_value(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def _show_explanation(found: Explanation, folder: Path, every: bool, as_json: bool) -> None:
    if as_json:
        _print_json(folder, _as_json(found))
        return
    _show_figure(found, folder)
    _show_steps(found, every)
    if found.figure.listed is None:
        _show_parts("Of these, by part of the mean", found.parts, every=True)
    else:
        _show_table(
            ["Of the list", "lines"], [(part.name, part.counts.numerator) for part in found.parts], every, ["lines"]
        )
    _show_parts("Of these, by unit", found.units if len(found.units) > 1 else (), every)
    _show_files(found, every)
    _show_asides(found, every)


def _group(groups: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, each once."""
    found: dict[str, str] = {}
    for text in groups:
        name, is_given, value = text.partition("=")
        if not is_given or name.strip() in found:
            raise NotFound(f"“{text}” is no group: give --group NAME=VALUE, each name once (viết --group TÊN=GIÁ TRỊ)")
        found[name.strip()] = value.strip()
    return found


def _show_heads(label: str, unit: Unit, period: Period, lines: Sequence[tuple[str, str]]) -> None:
    say(label, "bold")
    say(f"{unit.name} ({unit.code}), {period.label_vi} ({period.period_id}): {period.starts_on} … {period.ends_on}")
    say("")
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        say(f"{name:<{width}}  {text}")


def _show_figure(found: Explanation, folder: Path) -> None:
    figure = found.figure
    group = "".join(f", {column} {value}" for column, value in figure.group.items())
    lines = [
        ("figure", _percent(found.value, figure.unit_of_value)),
        ("formula", figure.formula),
        ("source", figure.source),
        ("method", f"{figure.page}{_method(found.stated)}"),
        ("numerator", f"{found.counts.numerator:,} ({figure.numerator_is})"),
    ]
    if figure.denominator_is:
        lines.append(("denominator", f"{found.counts.denominator:,} ({figure.denominator_is})"))
        lines.append(("left out", f"{found.counts.left_out:,} ({figure.left_out_is})"))
    lines += [("estimate", _estimate(found.stated))] if "ci_low_pct" in found.stated else []
    lines += found.notes
    lines += _beside(found.stated)
    lines += [("no file line", text) for text in (*figure.rests_on, *EVERY_FIGURE_RESTS_ON)]
    lines.append(("mart", f"marts.{figure.mart}"))
    lines.append(("revision", f"{folder.name}, software {software_of(folder)}"))
    lines.append(("from the lines", _verdict(found)))
    _show_heads(f"{figure.label_vi} · {figure.label_en} ({figure.code}{group})", found.unit, found.period, lines)


def _beside(stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the mart states beside the figure, its counts and its estimate: other counts, points and the like."""
    told = {name: value for name, value in stated.items() if value is not None and name not in _OF_ESTIMATE}
    counts = [f"{name} {whole(value):,}" for name, value in told.items() if name.startswith("n_")]
    others = [f"{name} {_short(value)}" for name, value in told.items() if not name.startswith("n_")]
    named = (("also counted", ", ".join(counts)), ("also stated", ", ".join(others)))
    return [(name, text) for name, text in named if text]


def _short(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value


def _show_change(found: Change, folder: Path) -> None:
    stated = found.stated
    change = "none" if stated["change_pct"] is None else f"{stated['change_pct']:+.2f} points"
    lines = [
        ("change", f"{change} from {found.earlier.edition} to {found.later.edition}, {found.compared_with}"),
        ("formula", found.formula),
        ("source", found.source),
        ("method", f"{found.page}{_of_method(stated['method'])}"),
        ("tested", _test(stated)),
    ]
    if stated["comparable"] == "no":
        lines.append(("method break", f"{stated['reason_en']} ({stated['reason_vi']})"))
    if stated["presentation"] is not None:
        lines.append(("presentation", str(stated["presentation"])))
    lines.append(("mart", f"marts.{found.mart}"))
    lines.append(("revision", f"{folder.name}, software {software_of(folder)}"))
    lines.append(("from the figures", _change_verdict(found)))
    _show_heads(
        f"Thay đổi · Change: {found.label_vi} · {found.label_en} ({found.figure})", found.unit, found.period, lines
    )
    _show_table(
        ["edition", "index", "estimate", "standard error", "df", "satisfied", "answers", "forms", "explained by"],
        [_side(side) for side in (found.later, found.earlier)],
        True,
        ["index", "estimate", "standard error", "df", "satisfied", "answers", "forms"],
    )


def _of_method(method: str | None) -> str:
    return "" if method is None else f", {method}"


# As the test says, adjusted for all that are made together.
_DIRECTIONS = {"rise": "a significant rise", "fall": "a significant fall", "none": "no significant change"}


def _test(stated: Mapping[str, Any]) -> str:
    if stated["p_value"] is None:
        return (
            "not compared, see method break"
            if stated["comparable"] == "no"
            else f"no. {stated['reason_en']} ({stated['reason_vi']})"
        )
    return (
        f"{_DIRECTIONS[stated['direction']]}: {stated['change_estimate_pct']:+.2f} points of the estimates,"
        f" interval {stated['ci_low_pct']:.2f} … {stated['ci_high_pct']:.2f}, standard error {stated['se_change_pct']:.2f},"
        f" df {stated['df']:.1f}, p = {stated['p_value']:.4f}, adjusted over {stated['n_tests']:,} unit(s) {stated['p_adjusted']:.4f}"
    )


def _side(side: Side) -> tuple[object, ...]:
    figures = [None if value is None else f"{value:.4f}" for value in (side.index_pct, side.estimate_pct, side.se_pct)]
    return (side.edition, *figures, side.df, side.n_satisfied, side.n_answers, side.n_forms_answered, _asked(side.ask))


def _change_verdict(found: Change) -> str:
    made = "none" if found.recomputed_pct is None else f"{found.recomputed_pct:+.2f}"
    if found.agrees:
        test = ", and so does the test" if found.recomputed else ""
        return f"{made}: the change follows from the figures below{test} (khớp với các số liệu dưới đây)"
    if found.held_since is not None:
        return f"{made}, which differs: the period is locked, and figures of revision {found.held_since} stand (kỳ đã khoá)"
    return f"{made}: this differs from the change; please report it (không khớp, đề nghị báo lại)"


def _show_rank(found: Ranking, folder: Path) -> None:
    own = found.own
    stands = f"{own.rank:,} of {found.n_ranked:,} ranked" if own.rank is not None else f"none. {own.reason}"
    lines = [
        ("rank", stands),
        ("in", found.group),
        ("by", f"{'none' if own.value is None else f'{own.value:.2f}'}, n = {own.n:,} ({found.counted})"),
        ("formula", found.formula),
        ("source", found.source),
        ("method", f"{found.page}{_of_method(found.method)}"),
    ]
    if own.sets is not None:
        low, high, low_all, high_all = own.sets
        told = f"{low}–{high} for this unit alone, {low_all}–{high_all} for all units at once (95 %)"
        lines.append(("rank may be", told))
    elif found.method is not None and own.rank is not None:
        lines.append(("rank may be", f"not known. {own.reason}"))
    lines.append(("mart", f"marts.{found.mart}"))
    lines.append(("revision", f"{folder.name}, software {software_of(folder)}"))
    lines.append(("from the figures", _rank_verdict(found)))
    _show_heads(
        f"Thứ hạng · Rank: {found.label_vi} · {found.label_en} ({found.figure})", found.unit, found.period, lines
    )


def _rank_verdict(found: Ranking) -> str:
    made = "none" if found.recomputed is None else f"{found.recomputed:,}"
    if found.agrees:
        return f"{made}: every rank follows from the figures below (khớp với các số liệu dưới đây)"
    if found.held_since is not None:
        return f"{made}, which differs: the period is locked, and figures of revision {found.held_since} stand (kỳ đã khoá)"
    return f"{made}: this differs from the ranks; please report it (không khớp, đề nghị báo lại)"


def _show_compared(found: Ranking, every: bool) -> None:
    has_sets = found.method is not None
    sets = ["alone", "all at once"] if has_sets else []
    headings = ["rank", "unit", "figure", found.counted, *sets, "left out", "explained by"]
    rows = [
        (
            one.rank,
            one.name,
            "" if one.value is None else f"{one.value:.4f}",
            one.n,
            *(_sets(one) if has_sets else ()),
            "" if one.rank is not None else one.reason,
            _asked(one.ask),
        )
        for one in found.units
    ]
    _show_table(headings, rows, every, ["rank", "figure", found.counted], _near(found.units, found.own))


def _verdict(found: Explanation) -> str:
    listed = f"{found.recomputed.numerator:,}"
    if found.figure.denominator_is:
        listed += f" of {found.recomputed.denominator:,}, {found.recomputed.left_out:,} left out"
    if found.held_since is not None:
        waiting = f"; {found.waiting:,} record(s) wait for it" if found.waiting else ""
        held = f"the period is locked, and the figure is that of revision {found.held_since}{waiting}"
        return f"{held}. The lines known now give {listed}{'' if found.agrees else ', which differs'} (kỳ đã khoá)"
    if found.not_made_again is not None and found.agrees:
        return (
            f"{listed}, as counted. The figure itself is not made again: {found.not_made_again} (chỉ đối chiếu số đếm)"
        )
    if found.agrees:
        return f"{listed}: the lines below give the figure exactly (khớp với các dòng dưới đây)"
    return f"{listed}: this differs from the figure; please report it (không khớp, đề nghị báo lại)"


def _percent(value: float | None, unit: str) -> str:
    if value is None:
        return "none: nothing to calculate from (không có gì để tính)"
    return f"{value:.2f} {unit}" if unit else f"{value:,.0f}"


def _method(stated: Mapping[str, object]) -> str:
    return f", interval by {stated['method']}" if stated.get("method") else ""


def _estimate(stated: Mapping[str, object]) -> str:
    if stated["ci_low_pct"] is None:
        return "none for this figure"
    return (
        f"{stated['estimate_pct']:.2f} %, 95 % interval {stated['ci_low_pct']:.2f} … {stated['ci_high_pct']:.2f} %,"
        f" n = {stated['n_forms_answered']:,} (forms), n_eff = {stated['n_eff']:,.1f}"
    )


def _sets(one: Compared) -> tuple[str, str]:
    if one.sets is None:
        return "", ""
    low, high, low_all, high_all = one.sets
    return f"{low}–{high}", f"{low_all}–{high_all}"


def _near(units: Sequence[Compared], own: Compared) -> int:
    """The first of the units to show, so that `own` is among them."""
    return max(0, min(units.index(own) - _FILES_SHOWN, len(units) - 2 * _FILES_SHOWN))


def _asked(ask: Ask) -> str:
    group = "".join(f" --group {column}={value}" for column, value in ask.group)
    instrument = "" if ask.instrument is None else f" --instrument {ask.instrument}"
    return f"--unit {ask.unit} --period {ask.period} --index {ask.index}{instrument}{group}{' --driver' if ask.driver else ''}"


def _show_steps(found: Explanation, every: bool) -> None:
    unit = found.figure.unit_of_value
    counted = ["counts as"] if any(step.weight is not None for step in found.steps) else []
    reasoned = ["from"] if any(step.because for step in found.steps) else []
    headings = ["made of", unit, *counted, *reasoned, "explained by"]
    rows = [
        (
            step.name,
            "" if step.value is None else f"{step.value:.2f}",
            *([step.weight] if counted else ()),
            *([step.because] if reasoned else ()),
            "" if step.ask is None else _asked(step.ask),
        )
        for step in found.steps
    ]
    _show_table(headings, rows, every, [unit, *counted])


def _show_table(
    headings: Sequence[str], rows: Sequence[Sequence[object]], every: bool, numbers: Sequence[str], start: int = 0
) -> None:
    """The rows, or without `every` some of them from `start`; nothing where there are none."""
    if not rows:
        return
    console.print()
    shown = rows if every else rows[start : start + 2 * _FILES_SHOWN]
    show_table(list(headings), [tuple(row) for row in shown], numbers=numbers, whole=headings[-2:])
    _say_more(len(rows) - len(shown))


def _show_parts(title: str, parts: Sequence[Part], every: bool) -> None:
    _show_table(
        [title, *_COUNT_HEADINGS], [(part.name, *_numbers(part.counts)) for part in parts], every, _COUNT_HEADINGS
    )


def _show_files(found: Explanation, every: bool) -> None:
    console.print()
    counted = _COUNT_HEADINGS if any(file.counts is not None for file in found.files) else []
    headings = ["file", "sent", *counted, "sheet and lines", "also in it"]
    shown = found.files if every else found.files[:_FILES_SHOWN]
    rows = [
        (
            file.path,
            file.sent_on,
            *([] if file.counts is None else _numbers(file.counts)),
            "; ".join(_lines(sheet.sheet, sheet.lines, every) for sheet in file.sheets),
            _touched(file.touched),
        )
        for file in shown
    ]
    show_table(headings, rows, numbers=counted, whole=["file", *headings[-2:]])
    _say_more(len(found.files) - len(shown))
    if found.n_corrected_lines:
        say(f"{found.n_corrected_lines:,} line(s) are corrections that the office stated (đính chính của cơ quan)")


def _show_asides(found: Explanation, every: bool) -> None:
    if not found.asides:
        return
    console.print()
    shown = found.asides if every else found.asides[:_FILES_SHOWN]
    headings = ["not in the figure", "state", "what became of it"]
    rows = [
        (aside.path, aside.status, "; ".join(filter(None, [aside.reason, _touched(aside.touched)]))) for aside in shown
    ]
    show_table(headings, rows, whole=headings)
    _say_more(len(found.asides) - len(shown))


def _numbers(counts: Counts) -> tuple[Number, Number, Number]:
    return counts.numerator, counts.denominator, counts.left_out


def _lines(sheet: str | None, lines: Iterable[int], every: bool) -> str:
    runs = [f"{first}–{last}" if first < last else str(first) for first, last in line_ranges(lines)]
    shown = runs if every else runs[:_RANGES_SHOWN]
    more = f" and {len(runs) - len(shown):,} more" if len(runs) > len(shown) else ""
    return f"{'' if sheet is None else f'{sheet}: '}{', '.join(shown)}{more}"


def _touched(touched: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {words}" for words, n in touched.items())


def _say_more(n: int) -> None:
    if n > 0:
        say(f"… and {n:,} more; --lines shows all (còn nữa, thêm --lines để xem hết)")


def _as_json(found: Explanation) -> dict[str, object]:
    figure = {
        name: value for name, value in asdict(found.figure).items() if name not in ("records", "stated", "listed")
    }
    figure["rests_on"] = [*found.figure.rests_on, *EVERY_FIGURE_RESTS_ON]
    files = [
        asdict(file) | {"sheets": [{"sheet": sheet.sheet, "lines": line_ranges(sheet.lines)} for sheet in file.sheets]}
        for file in found.files
    ]
    return asdict(found) | {"figure": figure, "files": files}
