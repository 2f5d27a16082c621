"""Whether a delivery could begin: the folder, the variables of secrets, the key file and the name of the server. Nothing is
sent, and no server is spoken to; what stands there shows `sipas deliver --dry-run`."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
from psycopg2.extensions import parse_dsn

from assets.delivery.deliver import from_environment, local_path
from assets.delivery.options import (
    Destination,
    FolderDestination,
    PostgresDestination,
    S3Destination,
    SftpDestination,
)
from assets.delivery.outcome import DeliveryFailed
from assets.warehouse.postgres_engine import for_libpq
from assets.workspace import Workspace
from quality.contract import Bilingual


def obstacles(destination: Destination, workspace: Workspace) -> Iterator[Bilingual]:
    """What stands in the way of a delivery, one by one; no secret, URL or name of a server that a variable holds."""
    for variable in _variables(destination):
        try:
            from_environment(variable)
        except DeliveryFailed as failure:
            yield failure.message
    if isinstance(destination, FolderDestination):
        yield from _folder(local_path(destination.path, workspace))
        return
    if isinstance(destination, SftpDestination):
        yield from _login(destination, workspace)
    try:
        hosts = _hosts(destination)
    except (ValueError, psycopg2.ProgrammingError):
        yield Bilingual(
            vi="địa chỉ trong biến môi trường không đọc được", en="the variable holds no URL that can be read"
        )
        return
    for host in hosts:
        try:
            socket.getaddrinfo(host, None)
        except (OSError, UnicodeError):  # a name that is none cannot be encoded
            yield Bilingual(
                vi="không tìm thấy tên máy chủ; kiểm tra tên và mạng",
                en="the name of the server is not found; check it and the network",
            )


def _variables(destination: Destination) -> list[str]:
    named = (getattr(destination, name) for name in type(destination).model_fields if name.endswith("_env"))
    return [variable for variable in named if variable is not None]


def _folder(folder: Path) -> Iterator[Bilingual]:
    if not folder.is_dir():
        yield Bilingual(
            vi="thư mục không có; tạo thư mục, hoặc kết nối ổ mạng", en="no such folder; make it, or mount its drive"
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Bilingual(
            vi="không ghi được vào thư mục; sửa quyền", en="the folder cannot be written to; mend its permissions"
        )


def _login(destination: SftpDestination, workspace: Workspace) -> Iterator[Bilingual]:
    if destination.host_key is None:
        yield Bilingual(
            vi="chưa khai báo host_key nên sẽ không gửi gì", en="host_key is not stated, and nothing is sent without it"
        )
    if destination.key_file is not None and not os.access(local_path(destination.key_file, workspace), os.R_OK):
        yield Bilingual(vi="không đọc được key_file", en="key_file cannot be read")


def _hosts(destination: S3Destination | SftpDestination | PostgresDestination) -> list[str]:
    """Names of servers to find. None for the store's own default, for a socket of this machine and where no URL is given."""
    if isinstance(destination, SftpDestination):
        return [destination.host]
    url = os.environ.get(destination.url_env, "")
    if isinstance(destination, PostgresDestination):
        named = parse_dsn(for_libpq(url)).get("host", "").split(",")
        return [host for host in named if host and not host.startswith(("/", "@"))]
    endpoints = parse_qs(urlsplit(url).query).get("endpoint_override", [])
    hosts = [urlsplit(place if "://" in place else f"//{place}").hostname for place in endpoints]
    return [host for host in hosts if host]
