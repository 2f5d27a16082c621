"""A form as PDF, or as pictures of its pages, by Typst. Layout stands in form.typ; what it is given here is data alone."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typst

from assets.forms.letterhead import LETTERHEADS, basis_line, left_lines, recipient_lines, right_lines
from assets.forms.model import Form, Heading, Paragraph, Table
from assets.forms.render import layout
from assets.forms.render.faces import Face
from assets.forms.text import clean, heading_place, line_texts

TEMPLATE = Path(__file__).with_name("form.typ").read_bytes()
# Fixed, because the wall clock would change the bytes of an unchanged form.
_CREATED = 946_684_800
# Letters from which on a line of a table may not fit on one page; shorter ones are not parted.
_TALL = 600
# Letters of notes that may fill a page; shorter ones stand on one page with the signatures.
_LONG_NOTES = 2_500
# A code without spaces would run over its cell: from this length on, a line may break after its signs. A zero-width space
# there would stand in the text of the file, where nobody who looks for the code would find it.
_UNBROKEN = re.compile(r"\S{13,}")
_AFTER_SIGN = re.compile(r"(?<=[-./_,;:=+])(?=\S)")


class PdfRenderer:
    """Writes forms in one face. It keeps fonts and layout between forms, so one should serve many."""

    def __init__(self, face: Face) -> None:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[face.folder])
        self._family = face.family
        self._compiler = typst.Compiler(font_paths=fonts)

    def render(self, form: Form) -> bytes:
        """The PDF; the same form in the same face gives the same bytes."""
        return self._compile(form, "pdf")[0]

    def pictures(self, form: Form, ppi: float) -> list[bytes]:
        """One PNG per page."""
        return self._compile(form, "png", ppi=ppi)

    def _compile(self, form: Form, kind: Any, **options: Any) -> list[bytes]:
        data = json.dumps(_data(form, self._family), ensure_ascii=False)
        pages = self._compiler.compile(TEMPLATE, format=kind, sys_inputs={"form": data}, timestamp=_CREATED, **options)
        assert pages is not None
        return pages if isinstance(pages, list) else [pages]


def _data(form: Form, family: str) -> dict[str, Any]:
    words = LETTERHEADS[form.language]
    tables = [block for block in form.blocks if isinstance(block, Table)]
    left, right = layout.sides(form)
    data = {
        "face": family,
        "size": layout.TEXT_SIZE,
        "language": form.language,
        "landscape": form.landscape,
        "margin": {"top": layout.TOP, "bottom": layout.BOTTOM, "left": left, "right": right},
        "simulated": words.simulated if form.simulated else "",
        "number": form.number,
        "left": left_lines(form),
        "right": right_lines(form),
        "title": form.title.upper(),
        "subtitle": form.subtitle,
        "period": form.period,
        "legal-basis": basis_line(form),
        "addressee": words.addressee.format(addressee=form.addressee) if form.addressee else "",
        "blocks": [
            _block(block, form, form.unit_of_measure if tables and block is tables[0] else "") for block in form.blocks
        ],
        "notes": form.notes,
        "notes-part": sum(len(note) for note in form.notes) > _LONG_NOTES,
        "recipients": recipient_lines(form),
        "prepared-by": form.prepared_by,
        "signer": form.signer,
        "words": asdict(words),
    }
    return _cleaned(data)  # type: ignore[no-any-return]


def _cleaned(data: Any) -> Any:
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, dict):
        return {key: _cleaned(value) for key, value in data.items()}
    return [_cleaned(value) for value in data] if isinstance(data, list | tuple) else data


def _block(block: Table | Heading | Paragraph, form: Form, unit: str) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": block.text}
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": block.text}
    return {
        "kind": "table",
        "size": layout.table_size(block),
        "caption": block.caption,
        "unit": unit,
        "widths": [column.width for column in block.columns],
        "head": [
            {"x": placed.column, "y": placed.row, "columns": placed.cell.columns, "rows": placed.cell.rows,
             "text": _breakable(placed.cell.text)}
            for placed in block.placed_head
        ],
        "numbers": [_breakable(number) for number in block.numbers],
        "lines": _lines(block, form),
    }  # fmt: skip


def _lines(table: Table, form: Form) -> list[dict[str, Any]]:
    kinds = tuple(column.kind for column in table.columns)
    if not table.lines:
        text = LETTERHEADS[form.language].no_records
        return [{"bold": False, "italic": True, "tall": False, "cells": [_cell(text, "center", len(kinds))]}]
    lines = []
    for line in table.lines:
        texts = line_texts(line, kinds, form.language)
        place = heading_place(line)
        cells = [
            _cell(text, layout.alignment(value, kind, column))
            for column, (text, value, kind) in enumerate(zip(texts[:place], line.values, kinds, strict=False))
        ]
        if place is not None:
            cells.append(_cell(texts[place], "left", len(kinds) - place))
        tall = any(len(text) > _TALL for text in texts)
        lines.append({"bold": line.role != "body", "italic": False, "tall": tall, "cells": cells})
    return lines


def _cell(text: str, align: str, columns: int = 1) -> dict[str, Any]:
    return {"text": _breakable(text), "align": align, "columns": columns}


def _breakable(text: str) -> list[str]:
    """The parts of the text between which a line may break although there is no space: those of a long word end with a sign."""
    starts = [0]
    for word in _UNBROKEN.finditer(text):
        starts += [word.start() + sign.start() for sign in _AFTER_SIGN.finditer(word.group())]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
