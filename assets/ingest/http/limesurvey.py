"""LimeSurvey: the completed responses of a survey through its RemoteControl API, in windows of response ids.

The protocol is citric's; its requests go through the bounded session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import citric
from citric.exceptions import LimeSurveyError, LimeSurveyStatusError, ResponseMismatchError

from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import LimeSurveyOptions
from assets.ingest.http.service import Page, Position, Record, id_at, list_at, total_of
from assets.ingest.http.wire import Wire, parsed

Result = TypeVar("Result")

# MySQL's largest response id.
_LAST_ID = 2**31 - 1
# What the service says of a survey that nobody has answered yet.
_NO_DATA = "No Data"


class LimeSurvey:
    """The completed responses of one survey: question codes as names, answer codes as values.

    The service has no pages; it exports responses by id. A window without any response makes the next one twice as
    wide, so that a gap in the ids costs few requests.
    """

    def __init__(self, options: LimeSurveyOptions, wire: Wire, user: str, password: str) -> None:
        self._options = options
        self._wire = wire
        self._login = (user, password)
        self._client: citric.Client | None = None
        self.address = wire.address
        self.identity = f"limesurvey {self.address} {options.survey} {options.page_size}"

    def start(self) -> Position:
        return {"after": 0, "width": self._options.page_size, "got": 0}

    def log_in(self) -> None:
        self._client = _told(lambda: citric.Client(self._wire.address, *self._login, requests_session=self._wire))

    def page(self, position: Position) -> Page:
        first, width = int(position["after"]) + 1, int(position["width"])
        last = min(first + width - 1, _LAST_ID)
        records = self._responses(first, last)
        total = self._total()
        got = int(position["got"]) + len(records)
        if got >= total or last == _LAST_ID:
            return Page(records, total, None)
        width = self._options.page_size if records else 2 * width
        return Page(records, total, {"after": last, "width": width, "got": got})

    def record_id(self, record: Record) -> str:
        return id_at(record, "id")

    def rows(self, record: Record) -> Sequence[Record]:
        return [record]

    def close(self) -> None:
        if self._client is not None:
            # It ends by itself after two hours.
            with suppress(HttpFault, LimeSurveyError, ResponseMismatchError, ValueError, TypeError, KeyError):
                self._client.close()

    def _responses(self, first: int, last: int) -> Sequence[Record]:
        client = self._client
        assert client is not None
        try:
            body = _told(
                lambda: client.export_responses(
                    self._options.survey,
                    completion_status="complete",
                    heading_type="code",
                    response_type="short",
                    from_response_id=first,
                    to_response_id=last,
                )
            )
        except _NoResponses:
            return []
        found = list_at(parsed(body), "responses")
        # Before version 5 each response stands under its id.
        return [next(iter(one.values())) if _is_named(one) else one for one in found]

    def _total(self) -> int:
        client = self._client
        assert client is not None
        try:
            summary = _told(lambda: client.session.get_summary(self._options.survey, "completed_responses"))
        except _NoResponses:
            return 0
        return total_of(summary, "completed_responses")


class _NoResponses(Exception):
    """Nobody has answered yet, which the service tells as an error."""


def _is_named(one: Record) -> bool:
    return len(one) == 1 and isinstance(next(iter(one.values())), dict)


def _told(ask: Callable[[], Result]) -> Result:
    """Call, and tell the client's exceptions as faults. What the service said itself is shown only where it is known."""
    try:
        return ask()
    except LimeSurveyStatusError as error:
        said = str(error)
        if said.startswith(_NO_DATA):
            raise _NoResponses from None
        if said.startswith(("Invalid user", "No permission", "Invalid session")) or "login attempts" in said:
            raise HttpFault(
                "http.login",
                "LimeSurvey từ chối tài khoản hoặc mật khẩu, hoặc tài khoản không có quyền với khảo sát này; kiểm tra auth",
                "LimeSurvey refuses the user or password, or the user has no right to this survey; look at auth",
            ) from None
        raise HttpFault(
            "http.survey",
            "LimeSurvey không xuất được khảo sát này; kiểm tra số survey và khảo sát đã kích hoạt chưa",
            "LimeSurvey cannot export this survey; look at survey (its number), and whether it is active",
        ) from None
    except LimeSurveyError:
        raise HttpFault(
            "http.survey",
            "LimeSurvey không trả lời bằng JSON-RPC; kiểm tra url, và bật giao diện JSON-RPC trong thiết lập chung",
            "LimeSurvey does not answer in JSON-RPC; look at url, and turn the JSON-RPC interface on in its global settings",
            tries=2,
        ) from None
    except (ResponseMismatchError, ValueError, TypeError, KeyError, AttributeError):
        raise _other_shape() from None


def _other_shape() -> HttpFault:
    return HttpFault(
        "http.shape",
        "câu trả lời không phải của LimeSurvey RemoteControl; kiểm tra url",
        "the answer is not one of LimeSurvey's RemoteControl; look at url",
        tries=2,
    )
