"""One bounded HTTP session with one server: time, size, redirects and encryption. What is asked is the services' matter.

It is a `requests.Session`, so that clients of others can be given it.
"""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import http.client
import json
import socket
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import Limits

MAX_REDIRECTS = 5
# Deeper nesting than any form has; far below what the parser and what follows can bear.
MAX_DEPTH = 64
_PIECE_BYTES = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
# A server that is being restarted may show a page of HTML once.
_TRIES_OF_HTML = 2
# What the libraries raise when an answer is not what it should be.
_BREAKS = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException)


class Wire(requests.Session):
    """A session that asks one server only, and gives answers whose whole body was received within the limits.

    Not used: cookies, ~/.netrc. Proxies are those of the environment. Raises HttpFault for whatever goes wrong.
    """

    def __init__(self, address: str, limits: Limits, ca_file: Path | None = None, *, hides_path: bool = False) -> None:
        super().__init__()
        self.address = address
        self._hides_path = hides_path
        self.limits = limits
        self.trust_env = False
        self.proxies.update(get_environ_proxies(address))
        self.verify = str(ca_file) if ca_file is not None else True
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.clear()
        # Compression other than gzip needs libraries that may or may not be there.
        self.headers.update({"User-Agent": "sipas-warehouse", "Accept": "application/json", "Accept-Encoding": "gzip"})
        self._adapter = _Adapter()
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)

    def with_token(self, header: str, value: str) -> None:
        """Send the token with every request from now on. Raises HttpFault when it cannot stand in a header."""
        if not value.isascii():
            raise HttpFault(
                "http.secret", "mã truy cập (token) chỉ gồm chữ không dấu", "a token consists of ASCII characters"
            )
        self.headers[header] = value

    def with_password(self, user: str, password: str) -> None:
        """Send user and password with every request from now on (basic authentication, RFC 7617, in UTF-8)."""
        self.headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def shown(self, url: str) -> str:
        """Return an address without anything that may be secret or personal: no user, no query, no path that is hidden."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return "?"
        path = "" if self._hides_path else parts.path
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"[:200]

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Redirects are followed below, not by the library, which would read their bodies without a limit."""
        return None

    def request(self, method: str, url: Any, *args: Any, **settings: Any) -> requests.Response:
        try:
            return super().request(method, url, *args, **settings)
        except (requests.RequestException, ValueError):
            raise _no_address() from None

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        for _ in range(MAX_REDIRECTS + 1):
            self._check_origin(str(request.url))
            response = self._answer(request, settings)
            if response.status_code not in _REDIRECTS:
                return response
            try:
                target = urljoin(str(request.url), response.headers.get("Location", ""))
            except ValueError:
                raise _no_address() from None
            self._check_origin(target)
            if request.method != "GET":
                raise HttpFault(
                    "http.redirect",
                    f"máy chủ chuyển sang {self.shown(target)}; ghi địa chỉ này vào khai báo nguồn",
                    f"the server sends requests on to {self.shown(target)}; write that address into the spec",
                )
            request = request.copy()
            request.prepare_url(target, None)
        raise HttpFault(
            "http.redirect", "máy chủ chuyển hướng vòng quanh", "the server redirects in circles", tries=_TRIES_OF_HTML
        )

    def _check_origin(self, url: str) -> None:
        """Everything goes to the server of the spec: same host and port, encrypted where the spec is."""
        try:
            ours, theirs = urlsplit(self.address), urlsplit(url)
            upgraded = (ours.scheme, theirs.scheme) == ("http", "https") and _port(ours) == 80 and _port(theirs) == 443
            same = ours.scheme == theirs.scheme and _port(ours) == _port(theirs)
        except ValueError:
            raise _no_address() from None
        if ours.hostname != theirs.hostname or not (same or upgraded):
            raise HttpFault(
                "http.other_host",
                f"máy chủ chỉ sang địa chỉ khác, {self.shown(url)}; không gửi gì tới đó. Nếu đúng, sửa url trong khai báo nguồn",
                f"the server points to another one, {self.shown(url)}; nothing was sent there. If that is right, change url "
                "in the spec",
            )

    def _answer(self, request: requests.PreparedRequest, settings: Mapping[str, Any]) -> requests.Response:
        limits = self.limits
        overdue = threading.Event()

        def hang_up() -> None:
            overdue.set()
            self._adapter.hang_up()

        # Timeouts of sockets begin anew with every byte; this one does not.
        alarm = threading.Timer(limits.page_seconds, hang_up)
        alarm.daemon = True
        alarm.start()
        bounded = {
            **settings,
            "stream": True,
            "allow_redirects": False,
            "timeout": (limits.connect_seconds, limits.read_seconds),
        }
        try:
            response = super().send(request, **bounded)
            with response:
                if response.status_code in _REDIRECTS:
                    return response
                if not response.ok:
                    _refuse_status(response, limits)
                response._content = self._body(response)
                return response
        except (*_BREAKS, OSError, ValueError) as error:
            if overdue.is_set():
                raise _slow(limits.page_seconds) from None
            raise _broken(error, limits) from None
        finally:
            alarm.cancel()

    def _body(self, response: requests.Response) -> bytes:
        """Receive and unpack the body. Never holds more of it than the limit and one piece."""
        most = int(self.limits.page_mb * (1 << 20))
        declared = response.headers.get("Content-Length", "")
        body = bytearray()
        if not (declared.isdecimal() and len(declared) < 20 and int(declared) > most):
            while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
                body += piece
                if len(body) > most:
                    break
            else:
                return bytes(body)
        raise HttpFault(
            "http.too_large",
            f"một trang lớn hơn {self.limits.page_mb:g} MB; giảm page_size hoặc tăng limits.page_mb",
            f"a page is larger than {self.limits.page_mb:g} MB; lower page_size or raise limits.page_mb",
        )


def parsed(body: bytes) -> Any:
    """Return a body as JSON. Raises HttpFault: http.html, http.not_json, http.too_deep."""
    if body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise HttpFault(
            "http.html",
            "máy chủ trả lời bằng một trang web (thường là trang đăng nhập) thay vì dữ liệu; kiểm tra url và auth",
            "the server answered with a web page (often its login) in place of data; look at url and auth",
            tries=_TRIES_OF_HTML,
        )
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise too_deep() from None
    except ValueError:
        raise HttpFault(
            "http.not_json",
            "câu trả lời không phải JSON đúng cú pháp, hoặc bị cắt cụt",
            "the answer is not well-formed JSON, or is cut short",
            tries=None,
        ) from None
    return document


def too_deep() -> HttpFault:
    """The fault of a document whose lists and objects lie in one another beyond measure."""
    return HttpFault(
        "http.too_deep",
        f"dữ liệu lồng nhau quá {MAX_DEPTH} bậc; máy chủ này không gửi phiếu khảo sát",
        f"the data is nested more than {MAX_DEPTH} levels deep; this is not what a survey server sends",
    )


def _no_address() -> HttpFault:
    return HttpFault(
        "http.address",
        "máy chủ chỉ sang một địa chỉ không đúng dạng; báo người quản trị máy chủ",
        "the server points to something that is no address; tell whoever runs it",
        tries=_TRIES_OF_HTML,
    )


def _port(parts: Any) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_status(response: requests.Response, limits: Limits) -> NoReturn:
    status = response.status_code
    if status in (401, 403):
        raise HttpFault(
            "http.login",
            f"máy chủ từ chối quyền truy cập ({status}); kiểm tra auth và quyền xem dữ liệu của tài khoản",
            f"the server refuses access ({status}); look at auth, and whether the account may see these data",
        )
    if status in (404, 410):
        raise HttpFault(
            "http.not_found",
            f"máy chủ không có dữ liệu này ({status}); kiểm tra url và mã biểu mẫu",
            f"the server has no such data ({status}); look at url and the form's id",
        )
    if status not in (408, 425, 429) and status < 500:
        raise HttpFault(
            "http.refused",
            f"máy chủ không nhận yêu cầu ({status}); kiểm tra khai báo nguồn",
            f"the server does not accept the request ({status}); look at the spec",
        )
    wait = _retry_after(response.headers.get("Retry-After", ""))
    if wait is not None and wait > limits.longest_wait_seconds:
        raise HttpFault(
            "http.busy",
            f"máy chủ ({status}) yêu cầu đợi {wait:.0f} giây, lâu hơn limits.longest_wait_seconds; chạy lại sau",
            f"the server ({status}) asks to wait {wait:.0f} seconds, longer than limits.longest_wait_seconds; run again later",
        )
    if status == 429:
        raise HttpFault(
            "http.busy",
            "máy chủ báo quá nhiều yêu cầu (429); chạy lại sau, hoặc tăng limits.longest_wait_seconds",
            "the server says there are too many requests (429); run again later, or raise limits.longest_wait_seconds",
            tries=None,
            wait=wait,
        )
    raise HttpFault(
        "http.server_error",
        f"máy chủ bị lỗi ({status}); chạy lại sau, hoặc báo người quản trị máy chủ",
        f"the server fails ({status}); run again later, or tell whoever runs it",
        tries=None,
        wait=wait,
    )


def _retry_after(text: str) -> float | None:
    """Return the seconds to wait (RFC 9110, 10.2.3: a number of seconds, or a date); None when it says nothing usable."""
    text = text.strip()
    if text.isdecimal() and text.isascii():
        return float(text[:10])
    try:
        when = email.utils.parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    when = when if when.tzinfo is not None else when.replace(tzinfo=dt.UTC)
    return max(0.0, (when - dt.datetime.now(dt.UTC)).total_seconds())


def _slow(seconds: float) -> HttpFault:
    return HttpFault(
        "http.slow",
        f"máy chủ trả lời quá chậm (hơn {seconds:g} giây); giảm page_size, hoặc tăng limits",
        f"the server is too slow (more than {seconds:g} seconds); lower page_size, or raise limits",
        tries=None,
    )


def _broken(error: Exception, limits: Limits) -> HttpFault:
    """The fault behind an exception of the library, whose own text may show the whole request."""
    if isinstance(error, requests.exceptions.SSLError) or _holds(error, urllib3.exceptions.SSLError):
        return HttpFault(
            "http.tls",
            "không kiểm tra được chứng thư của máy chủ; nếu máy chủ dùng chứng thư nội bộ, khai báo ca_file",
            "the server's certificate cannot be verified; if it has one of its own, name it under ca_file",
        )
    if isinstance(error, requests.ConnectTimeout):
        return _slow(limits.connect_seconds)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return _slow(limits.read_seconds)
    if _holds(error, urllib3.exceptions.NewConnectionError):
        return HttpFault(
            "http.unreachable",
            "không kết nối được tới máy chủ; kiểm tra url, mạng và máy chủ rồi chạy lại",
            "the server cannot be reached; look at url, the network and the server, then run again",
            tries=None,
        )
    return HttpFault(
        "http.cut",
        "kết nối bị đứt hoặc câu trả lời không đủ độ dài; chạy lại sau",
        "the connection broke, or the answer does not have the length it states; run again later",
        tries=None,
    )


def _holds(error: object, kind: type[Exception]) -> bool:
    """Whether an exception of that kind stands behind another: as its reason, cause, or argument."""
    for _ in range(5):
        if isinstance(error, kind):
            return True
        if not isinstance(error, BaseException):
            return False
        error = getattr(error, "reason", None) or (error.args[0] if error.args else None) or error.__cause__
    return False


class _Adapter(HTTPAdapter):
    """An adapter that can cut its connections off, whatever they are waiting for."""

    def __init__(self) -> None:
        self._live: list[weakref.ref[HTTPConnection]] = []
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._watched_pools()

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._watched_pools()
        return manager

    def hang_up(self) -> None:
        for known in tuple(self._live):
            if (connection := known()) is not None and (open_socket := connection.sock) is not None:
                # Not the method of an encrypted socket, which would wait for the other side.
                with suppress(OSError):  # closed already
                    socket.socket.shutdown(open_socket, socket.SHUT_RDWR)

    def _watched_pools(self) -> dict[str, type[HTTPConnectionPool]]:
        live = self._live

        class Plain(HTTPConnection):
            def connect(self) -> None:
                live.append(weakref.ref(self))
                super().connect()

        class Encrypted(HTTPSConnection):
            def connect(self) -> None:
                live.append(weakref.ref(self))
                super().connect()

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(HTTPSConnectionPool):
            ConnectionCls = Encrypted

        return {"http": PlainPool, "https": EncryptedPool}
