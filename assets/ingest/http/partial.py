"""What was read so far of a list, page by page, in one SQLite file: a run that dies is continued from its last page.

A page and the position after it are one transaction. Only a list that was read to its end and adds up is handed on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from assets.ingest.http.fault import HttpFault, Moved
from assets.ingest.http.service import Page, Position, Record
from assets.ingest.http.wire import MAX_DEPTH, too_deep

# Positions of servers grow old, and so does the rest of the list.
KEPT_HOURS = 24
# Pages in a row without a new record: the server gives the same page whatever it is asked.
QUIET_PAGES = 3
# Pages in a row without any record; LimeSurvey's windows reach its largest id in fewer.
EMPTY_PAGES = 40
# More forms than there are people in the country's largest cities; a server without an end stops here.
MAX_RECORDS = 20_000_000

_TABLES = """
CREATE TABLE reading (identity TEXT, begun TEXT, position TEXT, pages INTEGER, records INTEGER, quiet INTEGER,
                      first_total INTEGER, last_total INTEGER, fell INTEGER);
CREATE TABLE record (id TEXT PRIMARY KEY, content BLOB NOT NULL, rows BLOB NOT NULL, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE seen (position TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# Ids that are numbers in the order of the numbers; the order is the same whatever the server's.
_ORDER = "ORDER BY length(id), id"


class Partial:
    """The records of one list as far as they were read. Raises sqlite3.Error when the disk is full or cannot be written."""

    def __init__(self, file: Path, identity: str, start: Position, now: dt.datetime) -> None:
        self.file = file
        self.identity = identity
        self.resumed = False
        if file.exists():
            try:
                self._connect()
                self.resumed = self._is_of(identity, now)
            except sqlite3.DatabaseError:  # cut short by a full disk or a copy
                self.resumed = False
        if not self.resumed:
            self.restart(start, now)

    def restart(self, start: Position, now: dt.datetime) -> None:
        """Forget everything and begin at the start."""
        self.discard()
        self._connect()
        self._db.executescript(_TABLES)
        with self._db:
            self._db.execute(
                "INSERT INTO reading VALUES (?, ?, ?, 0, 0, 0, NULL, NULL, 0)",
                (self.identity, now.isoformat(), _text(start)),
            )
        self.resumed = False

    @property
    def is_open(self) -> bool:
        return "_db" in self.__dict__

    @property
    def position(self) -> Position | None:
        """Where the next page begins; None when the list was read to its end."""
        text = self._value("position")
        return None if text is None else dict(json.loads(text))

    @property
    def pages(self) -> int:
        return int(self._value("pages"))

    @property
    def records(self) -> int:
        """How many different records were read."""
        return int(self._value("records"))

    @property
    def first_total(self) -> int | None:
        total = self._value("first_total")
        return None if total is None else int(total)

    def add(self, page: Page, ids: Sequence[str], rows: Sequence[Sequence[Record]]) -> None:
        """Keep a page and where the next one begins, or nothing. Raises HttpFault, Moved for one id with two contents."""
        with self._db:
            new = 0
            for name, record, given in zip(ids, page.records, rows, strict=True):
                # Half a letter, which a text of SQLite cannot hold, stays what it is in the row.
                key = name.encode("utf-8", "backslashreplace").decode()
                new += self._add(key, _line(record), b"".join(_line(row) + b"\n" for row in given))
            quiet = 0 if new else int(self._value("quiet")) + 1
            following = None if page.following is None else _text(page.following)
            if following is not None:
                self._check_end(following, quiet, QUIET_PAGES if page.records else EMPTY_PAGES)
            last = self._value("last_total")
            fell = last is not None and page.total is not None and page.total < int(last)
            self._db.execute(
                "UPDATE reading SET position = ?, pages = pages + 1, records = records + ?, quiet = ?, fell = fell OR ?, "
                "first_total = coalesce(first_total, ?), last_total = coalesce(?, last_total)",
                (following, new, quiet, fell, page.total, page.total),
            )

    def check_complete(self) -> None:
        """Raise Moved unless the different records are as many as the server says there are.

        The list may have grown while it was read: then there are at least as many as at first, and at most as many as
        at last. If the number fell, another record may have slipped past between two pages.
        """
        first, last, records = self.first_total, self._value("last_total"), self.records
        if first is None or last is None:
            return
        if records < first or records > int(last) or self._value("fell"):
            expected = f"{first:,}" if first == int(last) else f"{first:,} – {int(last):,}"
            raise Moved(
                "http.incomplete",
                f"máy chủ báo có {expected} bản ghi nhưng chỉ đọc được {records:,} bản ghi khác nhau; không nạp gì. "
                "Chạy lại khi không ai sửa hay xoá phiếu; nếu vẫn vậy, báo người quản trị máy chủ",
                f"the server states {expected} records, and {records:,} different ones were read; nothing was taken in. "
                "Run again while nobody changes or deletes forms; if it stays so, tell whoever runs the server",
            )

    def write(self, file: Path) -> str:
        """Write the rows as JSON Lines in the order of the ids, and return a hash of them.

        A record that came several times stands so often, so that it is counted as a duplicate; the hash knows it once.
        """
        digest = hashlib.sha256()
        beside = file.with_suffix(".new")
        with beside.open("wb") as stream:
            for rows, times in self._db.execute(f"SELECT rows, times FROM record {_ORDER}"):
                digest.update(rows)
                stream.write(rows * times)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
        return digest.hexdigest()

    def close(self) -> None:
        if self.is_open:
            self._db.close()
            del self._db

    def discard(self) -> None:
        """Remove the file: the list was handed on, or does not add up."""
        self.close()
        for suffix in ("", "-journal"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)

    def _connect(self) -> None:
        self._db = sqlite3.connect(self.file)

    def _is_of(self, identity: str, now: dt.datetime) -> bool:
        begun = dt.datetime.fromisoformat(self._value("begun"))
        # A clock that was set back says nothing about age.
        young = abs(now - begun) < dt.timedelta(hours=KEPT_HOURS)
        return bool(self._value("identity") == identity and young)

    def _value(self, column: str) -> Any:
        found = self._db.execute(f"SELECT {column} FROM reading").fetchone()
        if found is None:
            raise sqlite3.DatabaseError("no reading was begun")
        return found[0]

    def _add(self, name: str, line: bytes, rows: bytes) -> bool:
        """Keep a record; return whether it is new."""
        content = hashlib.sha256(line).digest()
        known = self._db.execute("SELECT content FROM record WHERE id = ?", (name,)).fetchone()
        if known is None:
            self._db.execute("INSERT INTO record VALUES (?, ?, ?, 1)", (name, content, rows))
        elif known[0] == content:
            self._db.execute("UPDATE record SET times = times + 1 WHERE id = ?", (name,))
        else:
            raise Moved(
                "http.conflict",
                "một mã bản ghi có hai nội dung khác nhau trong một lần đọc; nếu không ai đang sửa phiếu, "
                "trường “id” trong khai báo nguồn không phân biệt được các bản ghi",
                "one record id has two different contents within one reading; if nobody was changing forms, “id” in the "
                "spec does not tell records apart",
            )
        return known is None

    def _check_end(self, following: str, quiet: int, most: int) -> None:
        """Refuse a list that leads back to itself or does not end."""
        try:
            self._db.execute("INSERT INTO seen VALUES (?)", (following,))
        except sqlite3.IntegrityError:
            quiet = most
        if quiet >= most:
            raise HttpFault(
                "http.loop",
                "máy chủ lặp lại các trang đã gửi, không có trang cuối; kiểm tra paging trong khai báo nguồn",
                "the server repeats pages it has sent and comes to no end; look at paging in the spec",
            )
        if self.records > MAX_RECORDS:
            raise HttpFault(
                "http.too_large",
                f"máy chủ gửi hơn {MAX_RECORDS:,} bản ghi; giới hạn bằng params",
                f"the server sends more than {MAX_RECORDS:,} records; narrow it down by params",
            )


def _text(position: Position) -> str:
    return json.dumps(position, sort_keys=True)


def _line(record: Record) -> bytes:
    """A record as one line, the same whatever the order of its keys. Half a letter stays, and spoils its own row only."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_deep([record]):
        raise too_deep()
    return text.encode("utf-8", "surrogatepass")


def _is_deep(level: Iterable[Any]) -> bool:
    for _ in range(MAX_DEPTH):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True
