"""What every service is to the reading loop: a list of records that comes in pages. How pages are kept stands in partial.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assets.ingest.http.fault import HttpFault
from quality.contract import Bilingual
from quality.problem import did_you_mean

# Where a page begins, in the service's own words; it can be written as JSON, so that a later run goes on from it.
Position = Mapping[str, Any]
Record = Mapping[str, Any]
# More records than this are no number of records.
MOST = 10**15


@dataclass(frozen=True)
class Page:
    """The records of one page, how many records there are in all as far as stated, and where the next page begins."""

    records: Sequence[Record]
    total: int | None
    following: Position | None


class Service(Protocol):
    """One list of records on a server. All methods raise HttpFault."""

    @property
    def identity(self) -> str:
        """What is asked of whom, without secrets: what was read of another list is never continued."""

    @property
    def address(self) -> str:
        """The address that is asked."""

    def start(self) -> Position:
        """Return where the first page begins."""

    def log_in(self) -> None:
        """Do what must be done before the first page of a run."""

    def page(self, position: Position) -> Page:
        """Ask once for one page."""

    def record_id(self, record: Record) -> str:
        """Return what tells the record from the others of the list."""

    def rows(self, record: Record) -> Sequence[Record]:
        """Return the rows that the record gives: most often itself."""

    def close(self) -> None:
        """Log out. Never raises: what was read is complete without it."""


def list_at(document: Any, path: str | None) -> Sequence[Record]:
    """Return the list of objects at a path of keys joined by dots; without a path the document is the list."""
    found = at(document, path)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        place = Bilingual(vi=f"ở “{path}”", en=f"at “{path}”") if path else Bilingual(vi="", en="itself")
        keys = document if isinstance(document, dict) else {}
        hint = did_you_mean(path or "", [key for key, value in keys.items() if isinstance(value, list)][:50])
        raise HttpFault(
            "http.shape",
            f"câu trả lời có dạng khác: cần một danh sách đối tượng {place.vi}.{_short(hint.vi)} "
            "Kiểm tra service và url trong khai báo nguồn",
            f"the answer has another shape: a list of objects is expected {place.en}.{_short(hint.en)} "
            "Look at service and url in the spec",
        )
    return found


def total_of(found: Any, place: str) -> int:
    """Return a stated total as a number. Raises HttpFault http.shape: without its total a list cannot be checked."""
    if isinstance(found, str) and found.isdecimal() and len(found) < 16:
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < MOST:
        raise HttpFault(
            "http.shape",
            f"câu trả lời không cho tổng số bản ghi ở “{place}”; kiểm tra khai báo nguồn",
            f"the answer does not state the number of records at “{place}”; look at the spec",
        )
    return found


def id_at(record: Record, path: str) -> str:
    """Return the record's id at a path: a text that is not blank, or a whole number."""
    found = at(record, path)
    if isinstance(found, bool) or not isinstance(found, str | int) or not str(found).strip():
        raise HttpFault(
            "http.record_id",
            f"một bản ghi không có “{path}” để phân biệt với bản ghi khác; kiểm tra khai báo nguồn",
            f"a record has no “{path}” to tell it from the others; look at the spec",
        )
    return str(found)


def at(document: Any, path: str | None) -> Any:
    """Return what stands at a path of keys joined by dots, or None."""
    for key in path.split(".") if path else ():
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _short(hint: str) -> str:
    """A hint names a key of the server's, which may be anything."""
    return hint if len(hint) <= 80 and hint.isprintable() else ""
