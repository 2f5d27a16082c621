"""KoboToolbox: the submissions of a project, JSON of its API v2, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assets.ingest.http.options import KoboOptions
from assets.ingest.http.service import Page, Position, Record, at, id_at, list_at, total_of
from assets.ingest.http.wire import Wire, parsed

# Files are not read, and the links to them change.
_LEFT_OUT = ("_attachments",)
# In UTC, as all moments that the service itself adds.
_SUBMITTED = "_submission_time"
_WITHOUT_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?")


class Kobo:
    """The submissions of one project; questions in groups are called ``group/question``, as the service does."""

    def __init__(self, options: KoboOptions, wire: Wire, token: str) -> None:
        self._options = options
        self._wire = wire
        self._token = token
        self.address = f"{wire.address.rstrip('/')}/api/v2/assets/{options.asset}/data.json"
        self.identity = f"kobo {self.address} {options.page_size}"

    def start(self) -> Position:
        return {"start": 0}

    def log_in(self) -> None:
        self._wire.with_token("Authorization", f"Token {self._token}")

    def page(self, position: Position) -> Page:
        query = {
            "format": "json",
            "limit": str(self._options.page_size),
            "start": str(position["start"]),
            # What arrives while the list is read stands at its end, and moves nothing.
            "sort": '{"_id":1}',
        }
        document = parsed(self._wire.get(self.address, params=query).content)
        found = list_at(document, "results")
        records = [_plain(record) for record in found]
        # The link is not followed: behind a proxy it may name another server. Servers may give fewer than were asked for.
        more = bool(found) and at(document, "next") is not None
        following = {"start": position["start"] + len(found)} if more else None
        return Page(records, total_of(at(document, "count"), "count"), following)

    def record_id(self, record: Record) -> str:
        return id_at(record, "_id")

    def rows(self, record: Record) -> Sequence[Record]:
        return [record]

    def close(self) -> None:
        """There is no session to end."""


def _plain(record: Record) -> Record:
    """The record without what is not read, and with the time zone of its submission, which the service does not write."""
    told = {name: value for name, value in record.items() if name not in _LEFT_OUT}
    moment = told.get(_SUBMITTED)
    if isinstance(moment, str) and _WITHOUT_OFFSET.fullmatch(moment):
        told[_SUBMITTED] = f"{moment}Z"
    return told
