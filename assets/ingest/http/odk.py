"""ODK Central: the submissions of a form over OData, page by page.

https://docs.getodk.org/central-api-odata-endpoints/ (data document) and …/central-api-authentication/ (session).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote

from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import OdkOptions
from assets.ingest.http.service import Page, Position, Record, at, id_at, list_at, total_of
from assets.ingest.http.wire import Wire, parsed

# What the link to the next page says where it begins; servers before 2023.5 count.
_PLACES = ("$skiptoken", "$skip")


class Odk:
    """The submissions of one form; nested groups stay nested."""

    def __init__(self, options: OdkOptions, wire: Wire, user: str, password: str) -> None:
        self._options = options
        self._wire = wire
        self._login = {"email": user, "password": password}
        self._root = wire.address.rstrip("/").removesuffix("/v1") + "/v1"
        self.address = f"{self._root}/projects/{options.project}/forms/{quote(options.form, safe='')}.svc/Submissions"
        self.identity = f"odk {self.address} {options.page_size} {options.repeat}"

    def start(self) -> Position:
        return {}

    def log_in(self) -> None:
        # A session, not a password with every request: Central checks a password slowly, on purpose.
        token = at(parsed(self._wire.post(f"{self._root}/sessions", json=self._login).content), "token")
        if not isinstance(token, str) or not token.isprintable():
            raise HttpFault(
                "http.shape",
                "máy chủ không cấp phiên đăng nhập; kiểm tra url có phải ODK Central không",
                "the server gave no session; look whether url is an ODK Central",
            )
        self._wire.with_token("Authorization", f"Bearer {token}")

    def page(self, position: Position) -> Page:
        query = {"$top": str(self._options.page_size), "$count": "true", **position}
        if self._options.repeat is not None:
            query["$expand"] = "*"
        document = parsed(self._wire.get(self.address, params=query).content)
        records = [_without_annotations(record) for record in list_at(document, "value")]
        return Page(records, total_of(document.get("@odata.count"), "@odata.count"), _following(document))

    def record_id(self, record: Record) -> str:
        return id_at(record, "__id")

    def rows(self, record: Record) -> Sequence[Record]:
        """Return the submission, or one row per element of the repeat: `{repeat: element, …fields of the submission}`."""
        path = self._options.repeat
        if path is None:
            return [record]
        *groups, name = path.split(".")
        within = at(record, ".".join(groups)) if groups else record
        if not isinstance(within, dict) or name not in within:
            # A repeat nobody filled in is an empty list; one that the form does not have is not there.
            raise HttpFault(
                "http.shape",
                f"phiếu không có nhóm lặp “{path}”; sửa repeat trong khai báo nguồn",
                f"the submissions have no repeat “{path}”; correct repeat in the spec",
            )
        elements = list_at(within, name)
        return [_with(record, groups, name, element) for element in elements]

    def close(self) -> None:
        if "Authorization" in self._wire.headers:
            with suppress(HttpFault):  # it ends by itself after a day
                self._wire.delete(f"{self._root}/sessions/current")


def _following(document: Mapping[str, Any]) -> Position | None:
    link = document.get("@odata.nextLink")
    if link is None:
        return None
    # Behind a proxy the link may name the server as the proxy knows it: only what it says of the place is used.
    _, _, query = str(link).partition("?")
    said = dict(parse_qsl(query))
    place = {name: said[name] for name in _PLACES if name in said}
    if not place:
        raise HttpFault(
            "http.shape",
            "@odata.nextLink không cho biết trang sau bắt đầu ở đâu",
            "@odata.nextLink does not say where the next page begins",
        )
    return place


def _without_annotations(value: Any) -> Any:
    """OData's own remarks (links to tables of repeats) are not part of what people filled in."""
    if isinstance(value, dict):
        return {name: _without_annotations(item) for name, item in value.items() if "@odata." not in name}
    return value


def _with(record: Record, groups: Sequence[str], name: str, element: Record) -> Record:
    """The record with one element in place of the repeat's list."""
    if not groups:
        return {**record, name: element}
    return {**record, groups[0]: _with(record[groups[0]], groups[1:], name, element)}
