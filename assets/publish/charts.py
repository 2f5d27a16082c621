"""The page's charts as SVG. What is drawn is decided in site.py; here is only how.

Sizes are fixed and no layout depends on the measured width of a text, so the same figures give the same bytes on a
machine with other fonts. Colours are told apart by lightness too, and every chart stands beside a table of its figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 480
_LABEL_WIDTH = 150
_VALUE_WIDTH = 62
_ROW_HEIGHT = 22
_LABEL_LENGTH = 22
_TREND_HEIGHT = 190
_TREND_MONTH_LABELS = 12
# In time, late, without a due date: dark blue, orange, light grey (2.5 : 1 and more against one another).
SHARE_COLOURS = ("#1B5E86", "#E08A2C", "#C3CBD1")
_INK, _MUTED, _GRID, _MAIN, _BAND = "#1F2A33", "#5A6772", "#E3E8EC", "#1B5E86", "#BBD3E2"
_FORMAT_LOCALES = {
    "vi": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]},
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", " ₫"]},
}


@dataclass(frozen=True)
class IndexBar:
    """One unit's percentage and interval; `note` stands in the place of a figure that is hidden or absent."""

    unit: str
    pct: float | None
    low: float | None
    high: float | None
    note: str


@dataclass(frozen=True)
class ShareBar:
    """One unit's counts in the order of SHARE_COLOURS; None where hidden or nothing to share out."""

    unit: str
    counts: tuple[int, ...] | None
    note: str


@dataclass(frozen=True)
class TrendPoint:
    month: str
    pct: float | None
    low: float | None
    high: float | None


def index_svg(bars: Sequence[IndexBar], language: str, name: str, description: str) -> str:
    """Units in the order given, a dot at the percentage and a line over its confidence interval."""
    import altair as alt

    rows = [
        _row(i, bar.unit, bar.note) | {"pct": bar.pct, "low": bar.low, "high": bar.high} for i, bar in enumerate(bars)
    ]
    scale = alt.Scale(domain=_domain(bars), nice=False, zero=False)
    base = _chart(rows)
    x = alt.X("low:Q", scale=scale, axis=_percent_axis(_domain(bars)), title=None)
    layers = [
        base.mark_rule(strokeWidth=5, color=_BAND, strokeCap="round").encode(y=_rows_axis(bars), x=x, x2="high:Q"),
        base.mark_point(size=70, filled=True, color=_MAIN, opacity=1).encode(
            y=_rows_axis(bars), x=alt.X("pct:Q", scale=scale, title=None)
        ),
        _value_text(base, bars),
    ]
    return _svg(
        alt.layer(*layers), len(bars) * _ROW_HEIGHT, _LABEL_WIDTH, _VALUE_WIDTH, 30, language, name, description
    )


def share_svg(bars: Sequence[ShareBar], language: str, name: str, description: str) -> str:
    """Units in the order given, each a bar of 100 % cut by the shares of its counts."""
    import altair as alt

    rows: list[dict[str, Any]] = []
    for i, bar in enumerate(bars):
        total = sum(bar.counts or ())
        start = 0.0
        for part, count in enumerate(bar.counts if bar.counts and total else ()):
            end = start + 100 * count / total
            if count:
                rows.append(_row(i, bar.unit, "") | {"start": round(start, 3), "end": round(end, 3), "part": part})
            start = end
    base = _chart(rows)
    labels = _chart([_row(i, bar.unit, bar.note) for i, bar in enumerate(bars)])
    scale = alt.Scale(domain=[0, 100], nice=False)
    layers = [
        base.mark_bar(height=14, stroke="white", strokeWidth=1).encode(
            y=_rows_axis(bars),
            x=alt.X("start:Q", scale=scale, axis=_percent_axis((0, 100)), title=None),
            x2="end:Q",
            color=alt.Color("part:O", scale=alt.Scale(domain=[0, 1, 2], range=list(SHARE_COLOURS)), legend=None),
        ),
        _value_text(labels, bars),
    ]
    return _svg(
        alt.layer(*layers), len(bars) * _ROW_HEIGHT, _LABEL_WIDTH, _VALUE_WIDTH, 30, language, name, description
    )


def trend_svg(points: Sequence[TrendPoint], language: str, name: str, description: str) -> str:
    """The percentage by month with its interval as a band, months at their true distance (reporting months by name, as
    "2023-06"); the line breaks over months that are hidden, without answers or not there at all."""
    import altair as alt

    drawn = [point for point in points if point.pct is not None]
    rows = [
        {"i": _month_number(p.month), "pct": p.pct, "low": p.low, "high": p.high, "run": run}
        for p, run in zip(drawn, _runs([_month_number(p.month) for p in drawn]), strict=True)
    ]
    runs = [row["run"] for row in rows]
    alone = [row for row in rows if runs.count(row["run"]) == 1]
    first, last = _month_number(points[0].month), _month_number(points[-1].month)
    every = -(-(last - first + 1) // _TREND_MONTH_LABELS)
    shown = list(range(last, first - 1, -every))[::-1]
    names = "{" + ",".join(f"'{i}':'{i % 12 + 1:02d}/{i // 12}'" for i in shown) + "}"
    x = alt.X(
        "i:Q",
        scale=alt.Scale(domain=[first - 0.4, last + 0.4], nice=False, zero=False),
        axis=alt.Axis(values=shown, labelExpr=f"({names})[format(datum.value, 'd')]", labelAngle=-45, labelAlign="right",
                      labelOverlap=False, labelBound=False, labelFlush=False, grid=False, tickSize=4, labelPadding=4),
        title=None,
    )  # fmt: skip
    scale = alt.Scale(domain=_domain(points), nice=False, zero=False)
    base = _chart(rows)
    axis = _percent_axis(_domain(points))
    low, middle = (alt.Y(f"{field}:Q", scale=scale, axis=axis, title=None) for field in ("low", "pct"))
    layers = [
        base.mark_area(color=_BAND, opacity=0.75).encode(x=x, y=low, y2="high:Q", detail="run:N"),
        # A month that stands alone has no band; its interval is a line.
        _chart(alone).mark_rule(color=_BAND, strokeWidth=5, strokeCap="round").encode(x=x, y=low, y2="high:Q"),
        base.mark_line(color=_MAIN, strokeWidth=2).encode(x=x, y=middle, detail="run:N"),
        base.mark_point(color=_MAIN, filled=True, opacity=1, size=45).encode(x=x, y=middle),
    ]
    return _svg(alt.layer(*layers), _TREND_HEIGHT, 48, 14, 46, language, name, description)


def _month_number(month: str) -> int:
    year, number = month.split("-")
    return int(year) * 12 + int(number) - 1


def _runs(months: Sequence[int]) -> list[int]:
    """The same number for months that follow one another without a gap."""
    return [month - place for place, month in enumerate(months)]


def _chart(rows: Sequence[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.Chart({"values": rows})


def _row(position: int, unit: str, note: str) -> dict[str, Any]:
    # The position is the category and the unit its label: two units may bear one name.
    return {"at": position, "unit": unit, "note": note}


def _rows_axis(bars: Sequence[IndexBar] | Sequence[ShareBar]) -> Any:
    import altair as alt

    names = ",".join(_quoted(_short(bar.unit)) for bar in bars)
    axis = alt.Axis(labelExpr=f"[{names}][datum.value]", labelLimit=0, labelOverlap=False, ticks=False, domain=False,
                    labelPadding=8, title=None)  # fmt: skip
    return alt.Y("at:O", scale=alt.Scale(domain=list(range(len(bars))), paddingInner=0, paddingOuter=0), axis=axis)


def _value_text(base: Any, bars: Sequence[IndexBar] | Sequence[ShareBar]) -> Any:
    import altair as alt

    x = alt.value(WIDTH - _LABEL_WIDTH - _VALUE_WIDTH + 8)
    return base.mark_text(align="left", color=_INK, limit=0).encode(y=_rows_axis(bars), x=x, text="note:N")


def _percent_axis(domain: tuple[int, int]) -> Any:
    import altair as alt

    step = next(step for step in (1, 2, 5, 10, 20, 25) if (domain[1] - domain[0]) / step <= 6)
    return alt.Axis(values=list(range(domain[0], domain[1] + 1, step)), labelExpr="datum.label + '%'", format="d", grid=True,
                    labelOverlap=False, labelBound=False, labelFlush=False, ticks=False, domain=False)  # fmt: skip


def _domain(figures: Sequence[IndexBar] | Sequence[TrendPoint]) -> tuple[int, int]:
    """Whole tens around every interval, inside 0 to 100."""
    drawn = [value for figure in figures for value in (figure.low, figure.pct, figure.high) if value is not None]
    if not drawn:
        return (0, 100)
    low, high = max(0, int(min(drawn) // 10) * 10), min(100, -int(-max(drawn) // 10) * 10)
    return (low, high) if high > low else (max(0, high - 10), max(10, high))


def _short(unit: str) -> str:
    return unit if len(unit) <= _LABEL_LENGTH else unit[: _LABEL_LENGTH - 1].rstrip() + "…"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _svg(
    chart: Any, height: int, left: int, right: int, bottom: int, language: str, name: str, description: str
) -> str:
    """`name` is unique on the page: ids inside the SVG begin with it. `description` is read out in the picture's place."""
    import vl_convert
    from markupsafe import escape

    spec = (
        chart.properties(
            width=WIDTH - left - right,
            height=height,
            padding={"left": left, "right": right, "top": 8, "bottom": bottom},
            autosize={"type": "none", "contains": "content"},
        )
        .configure(font="Liberation Sans", background="transparent", aria=False)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, labelColor=_MUTED, gridColor=_GRID, tickColor=_GRID, domainColor=_GRID)
        .configure_axisY(labelColor=_INK)
        .configure_text(fontSize=12)
        .to_dict()
    )
    svg: str = vl_convert.vegalite_to_svg(spec, format_locale=_FORMAT_LOCALES[language], allowed_base_urls=[])
    svg = re.sub(r"<[^>]*>", lambda tag: _trimmed(tag.group(), name), svg)
    width, tall = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0]
    head = f'<svg viewBox="0 0 {width} {tall}" width="{width}" height="{tall}" role="img" aria-label="{escape(description)}">'
    return head + svg[svg.index(">") + 1 :]


def _trimmed(tag: str, name: str) -> str:
    """A tag with its ids made unique on the page and without what an inline SVG has no use for."""
    tag = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", tag)
    return re.sub(r' (?:xmlns(?::xlink)?|version|class|pointer-events|font-family|role|aria-[a-z]+)="[^"]*"', "", tag)
