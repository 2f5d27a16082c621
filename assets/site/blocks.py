"""What a page is made of: sections of charts, tables, cards, texts and links, all of them already worded. How a block looks
is the template's and the style sheet's business; which figures it holds is decided in topics/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Column:
    """Head of a table column. `is_text` columns are set to the left, figures to the right."""

    label: str
    is_text: bool = False


@dataclass(frozen=True)
class Link:
    """`label` is read out instead of the text where the text alone says too little; `is_beyond`: the target stands outside
    the unit's folder."""

    href: str
    text: str
    label: str = ""
    is_current: bool = False
    is_beyond: bool = False


@dataclass(frozen=True)
class Cell:
    """A table cell that the style sheet colours. It shows the sign; the text is read out, and stands in a legend."""

    sign: str
    text: str
    style: str


@dataclass(frozen=True)
class LinkCell:
    """A table cell of links."""

    links: Sequence[Link]


@dataclass(frozen=True)
class StackCell:
    """A table cell with what belongs to its figure or name below it, so that a wide table fits the page."""

    main: str
    below: Sequence[str]


@dataclass(frozen=True)
class Row:
    """One table row: its head, its cells, and a class for the style sheet."""

    head: str
    cells: Sequence[str | Cell | LinkCell | StackCell]
    style: str = ""


@dataclass(frozen=True)
class Table:
    """`has_tools`: the reader may sort by each column and filter by the text of a row."""

    caption: str
    first: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: Row | None = None
    has_tools: bool = False
    style: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Chart:
    """A picture of figures that a table beside it gives. `legend`: class of the colour, text."""

    svg: Markup
    label: str
    legend: Sequence[tuple[str, str]] = ()
    kind: str = "chart"


@dataclass(frozen=True)
class Card:
    """One headline figure. `parts`: what it is made of, as (label, figure, meaning)."""

    title: str
    detail: str
    figure: str
    notes: Sequence[tuple[str, str]]
    parts: Sequence[tuple[str, str, str]]
    href: str = ""


@dataclass(frozen=True)
class Cards:
    cards: Sequence[Card]
    kind: str = "cards"


@dataclass(frozen=True)
class Text:
    text: str
    style: str = "quiet"
    kind: str = "text"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: Sequence[str]
    kind: str = "items"


@dataclass(frozen=True)
class Links:
    """Links side by side under one name."""

    name: str
    links: Sequence[Link]
    style: str = "pills"
    kind: str = "links"


@dataclass(frozen=True)
class Choice:
    """Sections of which the reader looks at one at a time; without a script they stand one below the other."""

    name: str
    sections: Sequence[Section]
    kind: str = "choice"


@dataclass(frozen=True)
class Fold:
    """Blocks behind a summary line."""

    title: str
    blocks: Sequence[Block]
    is_open: bool = False
    kind: str = "fold"


@dataclass(frozen=True)
class Section:
    """Blocks under a heading; `name` is its id on the page."""

    name: str
    title: str
    blocks: Sequence[Block]
    kind: str = "section"


Block = Table | Chart | Cards | Text | Items | Links | Choice | Fold | Section


@dataclass(frozen=True)
class Page:
    """One page of a unit in one language. `file` is its name in the folder of the language."""

    file: str
    topic: str
    title: str
    lead: str
    blocks: Sequence[Block]
