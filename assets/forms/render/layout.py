"""How a form stands on paper, for the three renderers alike: what is written large or small, which way the page lies."""

from __future__ import annotations

from assets.forms.model import Form, Table, Value

# Millimetres of an A4 page and its margins (Nghị định 30/2020/NĐ-CP, annex I, part I).
SHORT_SIDE, LONG_SIDE = 210, 297
TOP, BOTTOM, LEFT, RIGHT = 20, 20, 30, 20
# A wide table has more need of the room than of the margin for the binding.
LANDSCAPE_LEFT, LANDSCAPE_RIGHT = 20, 15
TEXT_SIZE = 13


def sides(form: Form) -> tuple[int, int]:
    """Millimetres of the left and the right margin."""
    return (LANDSCAPE_LEFT, LANDSCAPE_RIGHT) if form.landscape else (LEFT, RIGHT)


def page_width(form: Form) -> int:
    """Millimetres between the margins."""
    return (LONG_SIDE if form.landscape else SHORT_SIDE) - sum(sides(form))


def table_size(table: Table) -> int:
    """Points of the letters in a table: the more columns, the smaller."""
    columns = len(table.columns)
    return 12 if columns <= 6 else 11 if columns <= 9 else 10 if columns <= 13 else 9


def alignment(value: Value, kind: str, column: int) -> str:
    """left for text, right for figures, center for dates, running numbers and what stands instead of a value.

    A text among figures or dates stands as they do.
    """
    if kind == "text":
        return "left" if isinstance(value, str) else "center"
    is_figure = isinstance(value, int | float | str) and kind != "date" and column > 0
    return "right" if is_figure else "center"
