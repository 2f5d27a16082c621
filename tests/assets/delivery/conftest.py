"""A workspace without data, and one place of each kind that takes files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
import tenacity
from delivery_places import BUCKET, S3_URL, SFTP_PASSWORD, Place, folder_place, s3_place, sftp_place
from moto.server import ThreadedMotoServer
from sftp_server import PASSWORD, Server

from assets.delivery import deliver
from assets.publish.context import PublishContext
from assets.workspace import Workspace

# The small warehouse that the tests of publishing have.
sys.path.append(str(Path(__file__).parents[1] / "publish"))

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """The address of a running S3 server with an empty bucket."""
    before = dict(os.environ)
    os.environ.update(CREDENTIALS)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket=BUCKET)
    yield f"{host}:{port}"
    running.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("sftp"))
    yield server
    server.stop()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "office")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "_WAIT", tenacity.wait_none())


@pytest.fixture
def warehouse(tmp_path: Path) -> Any:
    from publish_warehouse import build_warehouse

    return build_warehouse(tmp_path / "warehouse.duckdb", units=4, months=2)


@pytest.fixture
def manifest() -> dict[str, Any]:
    from publish_warehouse import make_manifest

    return make_manifest()


@pytest.fixture
def context() -> PublishContext:
    return PublishContext("Chỉ số hài lòng", "Satisfaction", True, 10, ("vi", "en"), "0")


@pytest.fixture(params=["folder", "s3", "sftp"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "folder":
        return folder_place(tmp_path / "o_mang")
    if request.param == "s3":
        server = request.getfixturevalue("store")
        url = f"s3://{BUCKET}/so-lieu?endpoint_override={server}&scheme=http&region=us-east-1"
        monkeypatch.setenv(S3_URL, url)
        return s3_place(server)
    monkeypatch.setenv(SFTP_PASSWORD, PASSWORD)
    server = request.getfixturevalue("sftp")
    server.write_fails_after, server.drops, server.renames = None, False, True
    return sftp_place(server)
