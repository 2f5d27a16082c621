"""A page as tests read it: its tables by cell, its links, ids, headings and texts; fails on a tag that closes another."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "line", "path", "rect", "circle", "br", "link", "img", "input"}


@dataclass
class TableRead:
    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)

    def row(self, head: str) -> list[str]:
        """The cells beside the one row head of that text."""
        [found] = [row for row in self.rows if row[0] == head]
        return found[1:]


class PageRead(HTMLParser):
    """One parsed page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.tables: list[TableRead] = []
        self.links: list[tuple[str, bool]] = []  # address, whether it leads out of the folder
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.words: list[str] = []
        self.pictures_without_name = 0
        self.lang = ""
        self._open: list[str] = []
        self.feed(self.text)
        assert self._open == [], path

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        self.lang = (values.get("lang") or "") if tag == "html" else self.lang
        self.links += [(values[name] or "", "data-beyond" in values) for name in ("href", "src") if name in values]
        self.ids += [values["id"] or ""] if "id" in values else []
        self.pictures_without_name += tag == "svg" and not (values.get("role") == "img" and values.get("aria-label"))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "table":
            self.tables.append(TableRead())
        elif tag == "tr" and "table" in self._open:
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            assert tag == "td" or values.get("scope") in ("row", "col")
            self.tables[-1].rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if "caption" in self._open:
            self.tables[-1].caption += data
        elif {"td", "th"} & set(self._open):
            self.tables[-1].rows[-1][-1] += data
        if data.strip():
            self.words.append(data.strip())

    def table(self, *columns: str) -> TableRead:
        """The first table that has these columns in its head."""
        return next(table for table in self.tables if table.rows and set(columns) <= set(table.rows[0]))
