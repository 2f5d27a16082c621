"""Tables of plain values on the terminal and in a log. What they say stands in the commands that show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from pipelines.cli.progress import console

CELL_CHARACTERS = 80
# Headings of columns whose cells are copied to another command or looked up in the documentation.
_IDENTIFIERS = frozenset({"unit", "dataset", "source", "field", "rule", "broken rule", "severity"})
# A table in a log takes the width it needs, so that one row is one line.
_LOG_CHARACTERS = 2_000


def shown(value: object, characters: int = CELL_CHARACTERS) -> str:
    """Return a value for one cell: one line, cut where too long, without codes that could steer the terminal."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = "".join(letter if letter.isprintable() else " " for letter in str(value)).strip()
    return text if len(text) <= characters else text[: characters - 1] + "…"


def show_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[str] = (),
    whole: Collection[str] = (),
) -> None:
    """Print a table; the headings in `numbers` are aligned right, the cells under those in `whole` are never cut.

    Identifiers are never broken: on a narrow terminal the other columns give way.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        justify: JustifyMethod = "right" if heading in numbers else "left"
        table.add_column(Text(heading), justify=justify, overflow="fold", no_wrap=heading in _IDENTIFIERS)
    limits = [10_000 if heading in whole else CELL_CHARACTERS for heading in headings]
    for row in rows:
        table.add_row(*(Text(shown(value, limit)) for value, limit in zip(row, limits, strict=True)))
    (console if console.is_terminal else Console(width=_LOG_CHARACTERS)).print(table)


def say(text: str, style: str | None = None) -> None:
    """Print one line as it stands: brackets in it are no markup."""
    console.print(text, style=style, markup=False, highlight=False)
