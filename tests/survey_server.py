"""A local server that speaks like ODK Central, KoboToolbox, LimeSurvey and a paged JSON API, and misbehaves by plan."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Record = dict[str, Any]
# What a request is answered with in place of the truth.
Fault = Callable[["Handler", bytes], None]

USER, PASSWORD = "thanh.tra@huyen.example", "mật-khẩu-Zừ-7731"
TOKEN = "zutoken5521e0a9c7d84"
SESSION = "zusession90ab33"
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Dang nhap</title><form action=/login></form></html>"
# No answer takes longer than this, whatever the client does.
LONGEST_SECONDS = 8.0


@dataclass
class Asked:
    """One request as it came: nothing of it is lost on a test."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass
class Plan:
    """The records, and what goes wrong: faults by the number of the request for data, from 1."""

    records: list[Record]
    faults: dict[int, Fault] = field(default_factory=dict)
    # Called before each page with its number: the list may change meanwhile.
    before: Callable[[int], None] = lambda number: None
    stated_total: int | None = None
    most: int = 1000
    paging: str = "offset"
    next_host: str | None = None
    user_is_known: bool = True


class SurveyServer(ThreadingHTTPServer):
    """Bounded and on this machine only; used in a `with` block, it ends with it."""

    daemon_threads = True

    def __init__(self, plan: Plan) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan = plan
        self.asked: list[Asked] = []
        self.sessions = 0
        self._turn = threading.Lock()
        self.pages = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def data_requests(self) -> list[Asked]:
        return [asked for asked in self.asked if is_data(asked.path, asked.body)]

    def number_page(self) -> int:
        with self._turn:
            self.pages += 1
            return self.pages

    def __enter__(self) -> SurveyServer:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *about: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what many tests are about."""


def is_data(path: str, body: bytes) -> bool:
    return "sessions" not in path and (b"export_responses" in body or not body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SurveyServer

    def log_message(self, *words: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(
            self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body, time.monotonic()
        )
        self.server.asked.append(asked)
        plan = self.server.plan
        number = 0
        if is_data(parts.path, body):
            number = self.server.number_page()
            plan.before(number)
        status, document, headers = self._answer(asked)
        try:
            content = json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half a letter can only be sent as its number
            content = json.dumps(document).encode()
        with suppress(OSError):
            if (fault := plan.faults.get(number)) is not None:
                fault(self, content)
            else:
                self.give(status, content, headers)

    def give(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        if asked.path.startswith("/v1/"):
            return *self._odk(asked), {}
        if asked.path.startswith("/api/v2/assets/"):
            return *self._kobo(asked), {}
        if asked.path.startswith("/zuhidden"):
            return 404, {}, {}
        if asked.path.endswith("/admin/remotecontrol"):
            return 200, self._limesurvey(json.loads(asked.body)), {}
        return self._json(asked)

    # https://docs.getodk.org/central-api-odata-endpoints/
    def _odk(self, asked: Asked) -> tuple[int, Any]:
        if asked.path == "/v1/sessions":
            given = json.loads(asked.body)
            if not self.server.plan.user_is_known or given != {"email": USER, "password": PASSWORD}:
                return 401, {"message": "Could not authenticate with the provided credentials.", "code": 401.2}
            self.server.sessions += 1
            return 200, {"token": SESSION, "csrf": "x", "expiresAt": "2099-01-01T00:00:00.000Z"}
        if asked.headers.get("Authorization") != f"Bearer {SESSION}":
            return 401, {"message": "Could not authenticate with the provided credentials.", "code": 401.2}
        if asked.method == "DELETE":
            self.server.sessions -= 1
            return 200, {"success": True}
        if not re.fullmatch(r"/v1/projects/7/forms/Phi%E1%BA%BFu%201\.svc/Submissions", asked.path):
            return 404, {"message": "Could not find the resource you were looking for.", "code": 404.1}
        # Newest first; the token names the last record of the page before, so that what is new moves nothing.
        records = list(reversed(self.server.plan.records))
        if token := asked.query.get("$skiptoken"):
            after = json.loads(base64.b64decode(token.removeprefix("01")))["instanceId"]
            place = [record["__id"] for record in records].index(after)
            rest = records[place + 1 :]
        else:
            rest = records
        page = rest[: min(int(asked.query["$top"]), self.server.plan.most)]
        expanded = asked.query.get("$expand") == "*"
        document: Record = {
            "@odata.context": f"{self.server.url}{asked.path}$metadata#Submissions",
            "value": [record if expanded else _without_repeats(record) for record in page],
        }
        if asked.query.get("$count") == "true":
            document["@odata.count"] = self._total(len(records))
        if len(page) < len(rest):
            after = base64.b64encode(json.dumps({"instanceId": page[-1]["__id"]}).encode()).decode()
            # Behind a proxy, Central names itself as it is known there.
            document["@odata.nextLink"] = f"https://odk.huyen.example{asked.path}?%24top=2&%24skiptoken=01{after}"
        return 200, document

    def _kobo(self, asked: Asked) -> tuple[int, Any]:
        if asked.headers.get("Authorization") != f"Token {TOKEN}":
            return 401, {"detail": "Invalid token."}
        if asked.path != "/api/v2/assets/aZuPhieu1/data.json":
            return 404, {"detail": "Not found."}
        assert asked.query["sort"] == '{"_id":1}' and asked.query["format"] == "json"
        records = self.server.plan.records
        start = int(asked.query["start"])
        page = records[start : start + min(int(asked.query["limit"]), self.server.plan.most)]
        ends = start + len(page) >= len(records)
        link = None if ends else f"http://kpi.internal/api/v2/assets/aZuPhieu1/data.json?start={start + len(page)}"
        return 200, {"count": self._total(len(records)), "next": link, "previous": None, "results": page}

    def _limesurvey(self, call: Record) -> Record:
        method, params = call["method"], call["params"]
        if method == "get_session_key":
            right = self.server.plan.user_is_known and params[:2] == [USER, PASSWORD]
            self.server.sessions += right
            result: Any = SESSION if right else {"status": "Invalid user name or password"}
        elif params[0] != SESSION:
            result = {"status": "Invalid session key"}
        elif method == "release_session_key":
            self.server.sessions -= 1
            result = "OK"
        elif params[1] != 512345:
            result = {"status": "Error: Invalid survey ID"}
        elif method == "get_summary":
            assert params[2] == "completed_responses"
            result = str(self._total(len(self._completed())))
        elif not self.server.plan.records:
            result = {"status": "No Data, could not get max id."}
        else:
            assert method == "export_responses" and params[2] == "json" and params[4:7] == ["complete", "code", "short"]
            first, last = params[7], params[8]
            page = [record for record in self._completed() if first <= int(record["id"]) <= last]
            named = [{record["id"]: record} for record in page] if self.server.plan.paging == "old" else page
            result = base64.b64encode(json.dumps({"responses": named}).encode()).decode()
        return {"id": call["id"], "result": result, "error": None}

    def _completed(self) -> list[Record]:
        return [record for record in self.server.plan.records if record["submitdate"]]

    def _json(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        plan = self.server.plan
        if asked.headers.get("X-Api-Key") != TOKEN and asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 403, {"error": "forbidden"}, {}
        records = plan.records
        size = min(int(asked.query.get("size", 1000)), plan.most)
        start = int(asked.query.get("from", 0))
        if plan.paging == "page":
            start = (int(asked.query["no"]) - 1) * size
        page = records[start : start + size]
        more = start + len(page) < len(records)
        document: Record = {"data": {"items": page}, "meta": {"total": self._total(len(records)), "next": None}}
        host = plan.next_host or self.server.url
        link = f"{host}/api/phieu?from={start + size}&size={size}"
        headers = {"X-Total-Count": str(self._total(len(records)))}
        if more and plan.paging == "cursor":
            document["meta"]["next"] = start + size
        if more and plan.paging == "body_link":
            document["meta"]["next"] = link
        if more and plan.paging == "link":
            headers["Link"] = f'<{link}>; rel="next", <{host}/api/phieu?from=0>; rel="first"'
        return 200, document, headers

    def _total(self, real: int) -> int:
        stated = self.server.plan.stated_total
        return real if stated is None else stated


def _without_repeats(record: Record) -> Record:
    """Without $expand a repeat is a link to its own table."""
    return {
        (f"{name}@odata.navigationLink" if isinstance(value, list) else name): (
            f"Submissions('{record['__id']}')/{name}" if isinstance(value, list) else value
        )
        for name, value in record.items()
    }


# What goes wrong


def status(code: int, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, content: handler.give(code, b'{"error": "x"}', named)


def says(content: bytes, kind: str = "application/json") -> Fault:
    return lambda handler, _: handler.give(200, content, {"Content-Type": kind})


def html(handler: Handler, content: bytes) -> None:
    handler.give(200, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})


def to(url: str, code: int = 302) -> Fault:
    return lambda handler, _: handler.give(code, b"", {"Location": url})


def to_itself(handler: Handler, content: bytes) -> None:
    to(handler.path)(handler, content)


def length(difference: int) -> Fault:
    """State a wrong length, then hang up after the content."""

    def answer(handler: Handler, content: bytes) -> None:
        handler.give(200, content, {"Content-Length": str(len(content) + difference), "Connection": "close"})
        handler.close_connection = True

    return answer


def cut(handler: Handler, content: bytes) -> None:
    """Reset the connection in the middle of the content."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    # The socket closes when nobody holds it.
    handler.rfile.close()
    handler.connection.close()


def no_answer(handler: Handler, content: bytes) -> None:
    """Hang up without a word."""
    handler.close_connection = True


def gzip_cut(handler: Handler, content: bytes) -> None:
    """A compressed body that ends too early, of the length that is stated."""
    packed = gzip.compress(content)
    handler.give(200, packed[: len(packed) // 2], {"Content-Encoding": "gzip"})


def gzipped(handler: Handler, content: bytes) -> None:
    handler.give(200, gzip.compress(content), {"Content-Encoding": "gzip"})


def bomb(handler: Handler, content: bytes) -> None:
    """A gigabyte of blanks in a megabyte."""
    piece = gzip.compress(b" " * (1 << 24))
    handler.give(200, piece * 64, {"Content-Encoding": "gzip"})


def endless(handler: Handler, content: bytes) -> None:
    """Pieces without an end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def drip(handler: Handler, content: bytes) -> None:
    """One byte at a time, never so late that a socket's timeout would end it."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    _drip(handler, content)


def drip_headers(handler: Handler, content: bytes) -> None:
    _drip(handler, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000)


def _drip(handler: Handler, content: bytes) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    for byte in content:
        if time.monotonic() > until:
            break
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.05)
    handler.close_connection = True


def stall(handler: Handler, content: bytes) -> None:
    time.sleep(1.5)
    handler.give(200, content)
