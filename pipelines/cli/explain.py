"""`sipas explain`: one figure with its formula, its counts, and the files, sheets and lines behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from assets.lookup.database import open_locked
from assets.lookup.explain import Counts, Explanation, Part, explain, line_ranges
from assets.workspace import Workspace
from pipelines.cli.lookup import MISTAKES, refuse, revision_of, software_of
from pipelines.cli.progress import console
from pipelines.cli.tables import say, show_table

_FILES_SHOWN = 12
_RANGES_SHOWN = 6
_COUNT_HEADINGS = ["numerator", "denominator", "left out"]


def show_explanation(
    workspace: Workspace,
    unit: str,
    period: str,
    figure: str,
    instrument: str | None,
    revision: str | None,
    whole: bool,
    as_json: bool,
) -> None:
    """Print what stands behind a figure of a kept revision; with `whole` every file and line, else the first ones."""
    folder = revision_of(workspace, revision)
    try:
        with open_locked(folder) as marts:
            found = explain(marts, unit, period, figure, instrument)
    except MISTAKES as error:
        raise refuse(error) from None
    if as_json:
        print(json.dumps(_as_json(found, folder), ensure_ascii=False, indent=1, default=str))
        return
    _show_figure(found, folder)
    _show_parts("Of these, by part of the mean", found.parts, whole=True)
    _show_parts("Of these, by unit", found.units if len(found.units) > 1 else (), whole)
    _show_files(found, whole)
    _show_asides(found, whole)


def _show_figure(found: Explanation, folder: Path) -> None:
    figure, unit, period = found.figure, found.unit, found.period
    say(f"{figure.label_vi} · {figure.label_en} ({figure.code})", "bold")
    say(f"{unit.name} ({unit.code}), {period.label_vi} ({period.period_id}): {period.starts_on} … {period.ends_on}")
    say("")
    lines = [
        ("figure", _percent(found.value, figure.unit_of_value)),
        ("formula", figure.formula),
        ("source", figure.source),
        ("method", f"{figure.page}{_method(found.stated)}"),
        ("numerator", f"{found.counts.numerator:,} {figure.numerator_is}"),
    ]
    if figure.denominator_is:
        lines.append(("denominator", f"{found.counts.denominator:,} {figure.denominator_is}"))
        lines.append(("left out", f"{found.counts.left_out:,} {figure.left_out_is}"))
    lines += [("estimate", _estimate(found.stated))] if "ci_low_pct" in found.stated else []
    rest = {name: value for name, value in found.stated.items() if name.startswith("n_") and name != "n_eff"}
    lines.append(("also counted", ", ".join(f"{name} {value:,}" for name, value in rest.items() if value is not None)))
    lines.append(("mart", f"marts.{figure.mart}"))
    lines.append(("revision", f"{folder.name}, software {software_of(folder)}"))
    lines.append(("from the lines", _verdict(found)))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        say(f"{name:<{width}}  {text}")


def _verdict(found: Explanation) -> str:
    listed = f"{found.recomputed.numerator:,}"
    if found.figure.denominator_is:
        listed += f" of {found.recomputed.denominator:,}, {found.recomputed.left_out:,} left out"
    if found.held_since is not None:
        waiting = f"; {found.waiting:,} record(s) wait for it" if found.waiting else ""
        held = f"the period is locked, and the figure is that of revision {found.held_since}{waiting}"
        return f"{held}. The lines known now give {listed}{'' if found.agrees else ', which differs'} (kỳ đã khoá)"
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
        f" n = {stated['n_forms_answered']:,} forms, n_eff = {stated['n_eff']:,.1f}"
    )


def _show_parts(title: str, parts: Sequence[Part], whole: bool) -> None:
    if not parts:
        return
    console.print()
    shown = parts if whole else parts[: 2 * _FILES_SHOWN]
    headings = [title, *_COUNT_HEADINGS]
    show_table(headings, [(part.name, *_numbers(part.counts)) for part in shown], numbers=headings[1:])
    _say_more(len(parts) - len(shown))


def _show_files(found: Explanation, whole: bool) -> None:
    console.print()
    headings = ["file", "sent", *_COUNT_HEADINGS, "sheet and lines", "also in it"]
    shown = found.files if whole else found.files[:_FILES_SHOWN]
    rows = [
        (
            file.path,
            file.sent_on,
            *_numbers(file.counts),
            "; ".join(_lines(sheet.sheet, sheet.lines, whole) for sheet in file.sheets),
            _touched(file.touched),
        )
        for file in shown
    ]
    show_table(headings, rows, numbers=_COUNT_HEADINGS, whole=["file", *headings[-2:]])
    _say_more(len(found.files) - len(shown))
    if found.n_corrected_lines:
        say(f"{found.n_corrected_lines:,} line(s) are corrections that the office stated (đính chính của cơ quan)")


def _show_asides(found: Explanation, whole: bool) -> None:
    if not found.asides:
        return
    console.print()
    shown = found.asides if whole else found.asides[:_FILES_SHOWN]
    headings = ["not in the figure", "state", "what became of it"]
    rows = [
        (aside.path, aside.status, "; ".join(filter(None, [aside.reason, _touched(aside.touched)]))) for aside in shown
    ]
    show_table(headings, rows, whole=headings)
    _say_more(len(found.asides) - len(shown))


def _numbers(counts: Counts) -> tuple[int, int, int]:
    return counts.numerator, counts.denominator, counts.left_out


def _lines(sheet: str | None, lines: Iterable[int], whole: bool) -> str:
    runs = [f"{first}–{last}" if first < last else str(first) for first, last in line_ranges(lines)]
    shown = runs if whole else runs[:_RANGES_SHOWN]
    more = f" and {len(runs) - len(shown):,} more" if len(runs) > len(shown) else ""
    return f"{'' if sheet is None else f'{sheet}: '}{', '.join(shown)}{more}"


def _touched(touched: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {words}" for words, n in touched.items())


def _say_more(n: int) -> None:
    if n > 0:
        say(f"… and {n:,} more; --lines shows all (còn nữa, thêm --lines để xem hết)")


def _as_json(found: Explanation, folder: Path) -> dict[str, object]:
    figure = {name: value for name, value in asdict(found.figure).items() if name not in ("records", "stated")}
    files = [
        asdict(file) | {"sheets": [{"sheet": sheet.sheet, "lines": line_ranges(sheet.lines)} for sheet in file.sheets]}
        for file in found.files
    ]
    return (
        {"revision": folder.name, "version": software_of(folder)} | asdict(found) | {"figure": figure, "files": files}
    )
