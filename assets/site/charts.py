"""The four forms of chart, as SVG: intervals by unit, a line over periods, shares of a whole, bars beside a target.

Each is drawn twice, for a page and for a phone, where labels stand above their bars; the style sheet shows one of the two.
No size depends on the measured width of a text, so the same figures give the same bytes on a machine with other fonts.
Colours are classes of the style sheet, told apart by lightness too; every chart stands beside a table of its figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_VALUE = 66
_LINE_HEIGHT, _LINE_TOP, _LINE_LEFT, _LINE_BOTTOM = 210, 26, 46, 30
# The least width of a tick's label.
_TICK = 55
# Most letters of a label, and the width given to each and to the room around them: names of units, texts of criteria.
NAMES, SENTENCES = 27, 44
_LETTER, _AROUND = 7.2, 22
# Room left of bars that have their label above them: half the label of the first tick.
_ABOVE = 14
# More units than this are drawn by their place alone, without names.
_MOST_NAMED = 60


@dataclass(frozen=True)
class Size:
    """A size that charts are drawn in: `row` is the height of a bar with its label, which `is_above` it or beside it."""

    name: str
    width: int
    row: int
    is_above: bool

    def middle(self, place: int) -> int:
        """Where the bar at this place lies."""
        return place * self.row + (self.row - 13 if self.is_above else self.row // 2)


SIZES = (Size("wide", 720, 24, False), Size("narrow", 340, 42, True))
SHARES = ("s1", "s2", "s3")
MARKS = ("m1", "m2", "m3", "m4")


@dataclass(frozen=True)
class Bar:
    """A unit's or criterion's percentage with its interval and its target; `note` is the figure in words."""

    label: str
    pct: float | None
    low: float | None
    high: float | None
    note: str
    target: float | None = None


@dataclass(frozen=True)
class ShareBar:
    """Counts in the order of SHARES; None where hidden or nothing to share out."""

    label: str
    counts: Sequence[int] | None
    note: str


@dataclass(frozen=True)
class Point:
    """A figure at a place on the line of periods: whole numbers that follow one another, one for each period."""

    at: int
    pct: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Break:
    """A method break: periods from `at` on do not compare with those before."""

    at: int
    label: str


def intervals(bars: Sequence[Bar], label: str, most: int = NAMES) -> Markup:
    """Bars in the order given: a dot at the percentage, a line over the interval; many units stand side by side unnamed."""
    if len(bars) > _MOST_NAMED:
        return _each(lambda size: _caterpillar(bars, label, size))
    return _each(lambda size: _dots(bars, label, most, size))


def _each(draw: Callable[[Size], Markup]) -> Markup:
    return Markup("").join(draw(size) for size in SIZES)


def _dots(bars: Sequence[Bar], label: str, most: int, size: Size) -> Markup:
    domain, left = _domain(bars), _room(bars, most, size)
    x = _Scale(domain, left, size.width - _VALUE)
    height = len(bars) * size.row
    marks, texts = [], []
    for i, bar in enumerate(bars):
        y = size.middle(i)
        if bar.low is not None and bar.high is not None:
            marks.append(f'<path class="band" d="M{x(bar.low)} {y}H{x(bar.high)}"/>')
        if bar.pct is not None:
            marks.append(f'<circle class="dot" cx="{x(bar.pct)}" cy="{y}" r="5"/>')
        texts += _texts(bar, y, left, most, size)
    return _svg(height + 24, label, [*_grid(domain, x, height), *marks, *texts], size)


def _caterpillar(bars: Sequence[Bar], label: str, size: Size) -> Markup:
    domain = _domain(bars)
    y = _Scale(domain, _LINE_HEIGHT, _LINE_TOP)
    step = (size.width - _LINE_LEFT - 10) / max(len(bars), 1)
    lines, dots = [], []
    for i, bar in enumerate(bars):
        x = _number(_LINE_LEFT + step * (i + 0.5))
        if bar.low is not None and bar.high is not None:
            lines.append(f"M{x} {y(bar.low)}V{y(bar.high)}")
        if bar.pct is not None:
            dots.append(f"M{x} {y(bar.pct)}h0")
    drawn = [f'<path class="thin" d="{"".join(lines)}"/>', f'<path class="points" d="{"".join(dots)}"/>']
    return _svg(_LINE_HEIGHT + 10, label, [*_levels(domain, y, size), *drawn], size)


def line(
    series: Sequence[Sequence[Point]], breaks: Sequence[Break], ticks: Sequence[tuple[int, str]], label: str
) -> Markup:
    """Lines over periods, one per series, each with its intervals as a band. A line is cut at a gap and at a break."""
    return _each(lambda size: _line(series, breaks, ticks, label, size))


def _line(
    series: Sequence[Sequence[Point]], breaks: Sequence[Break], ticks: Sequence[tuple[int, str]], label: str, size: Size
) -> Markup:
    points = [point for one in series for point in one]
    domain = _domain(points)
    y = _Scale(domain, _LINE_HEIGHT, _LINE_TOP)
    first, last = ticks[0][0], ticks[-1][0]
    x = _Scale((first - 0.5, last + 0.5), _LINE_LEFT, size.width - 10)
    parts = [*_levels(domain, y, size), *_breaks(breaks, x, first, last)]
    for number, one in enumerate(series):
        mark = MARKS[number % len(MARKS)]
        drawn = []
        for run in runs(one, breaks):
            bounded = [(p.at, p.low, p.high) for p in run if p.low is not None and p.high is not None]
            if len(bounded) > 1:
                there = "L".join(f"{x(at)} {y(high)}" for at, _, high in bounded)
                back = "L".join(f"{x(at)} {y(low)}" for at, low, _ in reversed(bounded))
                drawn.append(f'<path class="area" d="M{there}L{back}Z"/>')
            drawn += [f'<path class="whisker" d="M{x(at)} {y(low)}V{y(high)}"/>' for at, low, high in bounded]
            if len(run) > 1:
                drawn.append('<path class="line" d="M' + "L".join(f"{x(p.at)} {y(p.pct or 0)}" for p in run) + '"/>')
            drawn += [f'<circle cx="{x(p.at)}" cy="{y(p.pct or 0)}" r="4"/>' for p in run]
        parts.append(f'<g class="series {mark}">{"".join(drawn)}</g>')
    every = -(-len(ticks) * _TICK // (size.width - _LINE_LEFT - 10))
    for at, name in list(reversed(ticks))[::every]:
        parts.append(
            f'<text class="tick" x="{x(at)}" y="{_LINE_HEIGHT + 18}" text-anchor="middle">{escape(name)}</text>'
        )
    return _svg(_LINE_HEIGHT + _LINE_BOTTOM, label, parts, size)


def runs(points: Sequence[Point], breaks: Sequence[Break]) -> list[list[Point]]:
    """Points that may be joined: of periods that follow one another, with no break between them."""
    found: list[list[Point]] = []
    for point in sorted((p for p in points if p.pct is not None), key=lambda p: p.at):
        before = found[-1][-1].at if found else None
        if before is None or point.at != before + 1 or any(b.at == point.at for b in breaks):
            found.append([])
        found[-1].append(point)
    return found


def shares(bars: Sequence[ShareBar], label: str) -> Markup:
    """Bars of 100 %, each cut by the shares of its counts."""
    return _each(lambda size: _shares(bars, label, size))


def _shares(bars: Sequence[ShareBar], label: str, size: Size) -> Markup:
    left = _room(bars, NAMES, size)
    x = _Scale((0, 100), left, size.width - _VALUE)
    marks, texts = [], []
    for i, bar in enumerate(bars):
        y, total, start = size.middle(i), sum(bar.counts or ()), 0.0
        for part, count in enumerate(bar.counts if bar.counts and total else ()):
            end = start + 100 * count / total
            if count:
                width = _number(float(x(end)) - float(x(start)))
                marks.append(f'<rect class="{SHARES[part]}" x="{x(start)}" y="{y - 8}" width="{width}" height="16"/>')
            start = end
        texts += _texts(bar, y, left, NAMES, size)
    height = len(bars) * size.row
    return _svg(height + 24, label, [*_grid((0, 100), x, height), *marks, *texts], size)


def targets(bars: Sequence[Bar], label: str) -> Markup:
    """Bars from 0 to the percentage, the interval as a line at its end, and a mark at the target."""
    return _each(lambda size: _targets(bars, label, size))


def _targets(bars: Sequence[Bar], label: str, size: Size) -> Markup:
    left = _room(bars, SENTENCES, size)
    x = _Scale((0, 100), left, size.width - _VALUE)
    marks, texts = [], []
    for i, bar in enumerate(bars):
        y = size.middle(i)
        if bar.pct is not None:
            width = _number(float(x(bar.pct)) - left)
            marks.append(f'<rect class="bar" x="{left}" y="{y - 7}" width="{width}" height="14"/>')
        if bar.low is not None and bar.high is not None:
            marks.append(f'<path class="error" d="M{x(bar.low)} {y}H{x(bar.high)}"/>')
        if bar.target is not None:
            marks.append(f'<path class="target" d="M{x(bar.target)} {y - 10}V{y + 10}"/>')
        texts += _texts(bar, y, left, SENTENCES, size)
    height = len(bars) * size.row
    return _svg(height + 24, label, [*_grid((0, 100), x, height), *marks, *texts], size)


def _room(bars: Sequence[Bar] | Sequence[ShareBar], most: int, size: Size) -> int:
    """Width for the labels by the letters of the longest; above the bars they need none beside them."""
    if size.is_above:
        return _ABOVE
    return round(_LETTER * min(most, max((len(bar.label) for bar in bars), default=0)) + _AROUND)


def _texts(bar: Bar | ShareBar, y: int, left: int, most: int, size: Size) -> list[str]:
    short = bar.label if len(bar.label) <= most else bar.label[: most - 1].rstrip() + "…"
    place = f'x="0" y="{y - 15}"' if size.is_above else f'x="{left - 10}" y="{y + 4}" text-anchor="end"'
    return [
        f"<text {place}>{escape(short)}</text>",
        f'<text class="value" x="{size.width - _VALUE + 8}" y="{y + 4}">{escape(bar.note)}</text>',
    ]


def _breaks(breaks: Sequence[Break], x: _Scale, first: int, last: int) -> list[str]:
    drawn = []
    for one in breaks:
        if first < one.at <= last:
            place = x(one.at - 0.5)
            # The label stands on the side where there is more room.
            anchor, shift = ("start", 5) if one.at - first <= (last - first) / 2 else ("end", -5)
            drawn.append(f'<path class="break" d="M{place} 6V{_LINE_HEIGHT}"/>')
            at = _number(float(place) + shift)
            drawn.append(f'<text class="break-label" x="{at}" y="16" text-anchor="{anchor}">{escape(one.label)}</text>')
    return drawn


def _grid(domain: tuple[int, int], x: _Scale, height: int) -> list[str]:
    path = "".join(f"M{x(value)} 0V{height}" for value in _steps(domain))
    texts = [
        f'<text class="tick" x="{x(v)}" y="{height + 17}" text-anchor="middle">{v}%</text>' for v in _steps(domain)
    ]
    return [f'<path class="grid" d="{path}"/>', *texts]


def _levels(domain: tuple[int, int], y: _Scale, size: Size) -> list[str]:
    path = "".join(f"M{_LINE_LEFT} {y(value)}H{size.width - 10}" for value in _steps(domain))
    texts = [
        f'<text class="tick" x="{_LINE_LEFT - 8}" y="{_number(float(y(v)) + 4)}" text-anchor="end">{v}%</text>'
        for v in _steps(domain)
    ]
    return [f'<path class="grid" d="{path}"/>', *texts]


def _steps(domain: tuple[int, int]) -> range:
    step = next(step for step in (1, 2, 5, 10, 20, 25) if (domain[1] - domain[0]) / step <= 6)
    return range(domain[0], domain[1] + 1, step)


def _domain(figures: Sequence[Bar] | Sequence[Point]) -> tuple[int, int]:
    """Whole tens around every interval, inside 0 to 100."""
    drawn = [value for one in figures for value in (one.low, one.pct, one.high) if value is not None]
    if not drawn:
        return (0, 100)
    low, high = max(0, int(min(drawn) // 10) * 10), min(100, -int(-max(drawn) // 10) * 10)
    return (low, high) if high > low else (max(0, high - 10), max(10, high))


class _Scale:
    """Figures to places on the picture, kept inside it: some intervals go a little below 0 or above 100."""

    def __init__(self, domain: tuple[float, float], start: float, end: float) -> None:
        self._low, self._high = domain
        self._start, self._end = start, end

    def __call__(self, value: float) -> str:
        inside = min(max(value, self._low), self._high)
        return _number(self._start + (self._end - self._start) * (inside - self._low) / (self._high - self._low))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _svg(height: int, label: str, parts: Sequence[str], size: Size) -> Markup:
    head = (
        f'<svg class="{size.name}" viewBox="0 0 {size.width} {height}" width="{size.width}" height="{height}" role="img"'
        f' aria-label="{escape(label)}">'
    )
    return Markup(head + "".join(parts) + "</svg>")
