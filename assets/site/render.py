"""Pages as HTML: the template, the frame every page stands in, and the table rows, which are most of a page's bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from assets.site.blocks import Cell, Column, Link, LinkCell, Row, StackCell
from assets.site.words import WORDS

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_MARKUP = re.compile("[<>&'\"]")


def environment() -> jinja2.Environment:
    """The templates, compiled once; every text is escaped."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.globals.update(cell_tags=cell_tags, row_html=row_html, words=WORDS)
    return found


def cell_tags(columns: Sequence[Column]) -> list[str]:
    """The opening tag of a cell of each column."""
    return ['<td class="text">' if column.is_text else "<td>" for column in columns]


def row_html(row: Row, tags: Sequence[str]) -> Markup:
    """One `<tr>`. Written here and not in the template, where the cells of a large table take several times as long."""
    style = f' class="{escape(row.style)}"' if row.style else ""
    cells = "".join([_cell(cell, tag) for cell, tag in zip(row.cells, tags, strict=True)])
    return Markup(f'<tr{style}><th scope="row">{_text(row.head)}</th>{cells}</tr>\n')


def _cell(cell: str | Cell | LinkCell | StackCell, tag: str) -> str:
    if isinstance(cell, str):
        return f"{tag}{_text(cell)}</td>"
    if isinstance(cell, Cell):
        return (
            f'<td class="{escape(cell.style)}">{escape(cell.sign)}<span class="said"> {escape(cell.text)}</span></td>'
        )
    if isinstance(cell, StackCell):
        below = "".join(f' <span class="below">{_text(text)}</span>' for text in cell.below)
        return f"{tag}{_text(cell.main)}{below}</td>"
    return f"{tag}{' '.join(_link(link) for link in cell.links)}</td>"


def _text(text: str) -> str:
    # Most cells are figures: to look for what must be escaped is quicker than to escape.
    return escape(text) if _MARKUP.search(text) else text


def _link(link: Link) -> str:
    label = f' aria-label="{escape(link.label)}"' if link.label else ""
    beyond = " data-beyond" if link.is_beyond else ""
    return f'<a href="{escape(link.href)}"{label}{beyond}>{escape(link.text)}</a>'
