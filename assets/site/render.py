"""Pages as HTML: the template, the frame every page stands in, and the table rows, which are most of a page's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from assets.site.blocks import Cell, Column, Link, LinkCell, Row
from assets.site.words import WORDS

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


def environment() -> jinja2.Environment:
    """The templates, compiled once; every text is escaped."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.globals.update(row_html=row_html, words=WORDS)
    return found


def row_html(row: Row, columns: Sequence[Column]) -> Markup:
    """One `<tr>`. Written here and not in the template, where the cells of a large table take several times as long."""
    style = f' class="{escape(row.style)}"' if row.style else ""
    cells = "".join([_cell(cell, column) for cell, column in zip(row.cells, columns, strict=True)])
    return Markup(f'<tr{style}><th scope="row">{escape(row.head)}</th>{cells}</tr>\n')


def _cell(cell: str | Cell | LinkCell, column: Column) -> str:
    if isinstance(cell, Cell):
        return f'<td class="{escape(cell.style)}">{escape(cell.text)}</td>'
    if isinstance(cell, LinkCell):
        return f'<td class="text">{" ".join(_link(link) for link in cell.links)}</td>'
    return f"""<td{' class="text"' if column.is_text else ""}>{escape(cell)}</td>"""


def _link(link: Link) -> str:
    label = f' aria-label="{escape(link.label)}"' if link.label else ""
    beyond = " data-beyond" if link.is_beyond else ""
    return f'<a href="{escape(link.href)}"{label}{beyond}>{escape(link.text)}</a>'
