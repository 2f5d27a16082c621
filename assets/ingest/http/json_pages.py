"""Any API that gives lists of JSON objects, with one of four ways of paging. The services with names stand beside this module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import CursorPaging, JsonOptions, LinkPaging, NumberPaging, OffsetPaging
from assets.ingest.http.service import Page, Position, Record, at, id_at, list_at, total_of
from assets.ingest.http.wire import Wire, parsed


class JsonPages:
    """One list of JSON objects."""

    def __init__(self, options: JsonOptions, wire: Wire) -> None:
        self._options = options
        self._wire = wire
        self.address = wire.address
        asked = options.model_dump_json(exclude={"auth", "limits", "ca_file", "url", "url_env"})
        self.identity = f"json {wire.address} {asked}"

    def start(self) -> Position:
        match self._options.paging:
            case OffsetPaging():
                return {"offset": 0}
            case NumberPaging() as paging:
                return {"page": paging.first, "got": 0}
            case _:
                return {}

    def log_in(self) -> None:
        """Every request brings its own credentials."""

    def page(self, position: Position) -> Page:
        if "link" in position:
            # It says everything that the first request said.
            response = self._wire.get(urljoin(self._wire.address, str(position["link"])))
        else:
            response = self._wire.get(self._wire.address, params={**self._options.params, **self._query(position)})
        document = parsed(response.content)
        records = list_at(document, self._options.records)
        total = self._total(document, response.headers)
        return Page(records, total, self._following(position, document, response, len(records), total))

    def record_id(self, record: Record) -> str:
        return id_at(record, self._options.id)

    def rows(self, record: Record) -> Sequence[Record]:
        return [record]

    def close(self) -> None:
        """There is no session to end."""

    def _query(self, position: Position) -> dict[str, str]:
        size = str(self._options.page_size)
        match self._options.paging:
            case OffsetPaging(offset=offset, limit=limit):
                return {offset: str(position["offset"]), limit: size}
            case NumberPaging(page=page, size=name):
                return {page: str(position["page"]), name: size}
            case CursorPaging(cursor=cursor, size=name):
                named = {cursor: str(position["cursor"])} if "cursor" in position else {}
                return named | ({name: size} if name else {})
            case LinkPaging(size=name):
                return {name: size} if name else {}
        return {}

    def _total(self, document: Any, headers: Mapping[str, str]) -> int | None:
        if self._options.total is not None:
            return total_of(at(document, self._options.total), self._options.total)
        if (name := self._options.total_header) is not None:
            return total_of(headers.get(name), name)
        return None

    def _following(
        self, position: Position, document: Any, response: requests.Response, count: int, total: int | None
    ) -> Position | None:
        """Where the next page begins. A page shorter than asked for is not the last: servers have limits of their own."""
        match self._options.paging:
            case OffsetPaging():
                done = int(position["offset"]) + count
                return {"offset": done} if count and done != total else None
            case NumberPaging():
                done = int(position["got"]) + count
                return {"page": int(position["page"]) + 1, "got": done} if count and done != total else None
            case CursorPaging(next=path):
                cursor = at(document, path)
                return {"cursor": _scalar(cursor, path)} if cursor not in (None, "") else None
            case LinkPaging(next=path):
                link = at(document, path) if path else response.links.get("next", {}).get("url")
                return {"link": self._own(_scalar(link, path or "Link"))} if link not in (None, "") else None
        return None

    def _own(self, link: str) -> str:
        """A link to the same server, by the address that the spec gives it; another server's stays, and is refused later."""
        try:
            target = urlsplit(urljoin(self._wire.address, link))
        except ValueError:
            raise _no_place("Link") from None
        ours = urlsplit(self._wire.address)
        if target.hostname == ours.hostname:
            target = target._replace(scheme=ours.scheme, netloc=ours.netloc)
        return target.geturl()


def _scalar(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _no_place(path)
    return str(value)


def _no_place(path: str) -> HttpFault:
    return HttpFault(
        "http.shape",
        f"“{path}” không cho biết trang sau ở đâu; kiểm tra paging trong khai báo nguồn",
        f"“{path}” does not say where the next page is; look at paging in the spec",
    )
