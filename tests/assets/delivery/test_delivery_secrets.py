"""Whom a delivery trusts and what it tells: host keys, logins, connections that break; a secret stands in no message."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import paramiko
import pytest
from delivery_places import S3_URL, SFTP_PASSWORD, Place, contents, destination, make_revision, sftp_place
from pydantic import ValidationError
from sftp_server import PASSWORD, USER, Server

from assets.delivery.deliver import ATTEMPTS, deliver
from assets.delivery.sftp import SftpTree
from assets.workspace import Workspace


@pytest.fixture
def sftp_there(sftp: Server, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv(SFTP_PASSWORD, PASSWORD)
    sftp.write_fails_after, sftp.drops, sftp.renames, sftp.logins = None, False, True, 0
    return sftp_place(sftp)


@pytest.fixture
def revision(workspace: Workspace) -> Path:
    return make_revision(workspace, "r1", contents("r1"))


def failure(settings: dict[str, Any], workspace: Workspace, revision: Path, **more: Any) -> str:
    outcome = deliver(destination(**{**settings, **more}), workspace, revision)
    assert outcome.failure is not None
    return f"{outcome.message.vi} {outcome.message.en}"


def test_an_unknown_server_gets_nothing_and_its_fingerprint_is_told(
    sftp: Server, sftp_there: Place, workspace: Workspace, revision: Path
) -> None:
    unknown = failure(sftp_there.settings, workspace, revision, host_key=None)
    assert sftp.fingerprint in unknown and "is not known" in unknown
    other = failure(sftp_there.settings, workspace, revision, host_key="SHA256:" + "A" * 43)
    assert sftp.fingerprint in other and "another key" in other
    assert sftp.logins == 0, "no password was sent"
    assert sftp_there.files() == {}


def test_a_login_that_is_refused_tells_no_secret(
    sftp_there: Place, workspace: Workspace, revision: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SFTP_PASSWORD, "sai-mat-khau")
    said = failure(sftp_there.settings, workspace, revision)
    assert "does not take this account" in said and "sai-mat-khau" not in said
    monkeypatch.delenv(SFTP_PASSWORD)
    assert SFTP_PASSWORD in failure(sftp_there.settings, workspace, revision)


def test_a_key_with_a_passphrase_opens_the_account(
    sftp: Server, sftp_there: Place, workspace: Workspace, revision: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    sftp.user_key.write_private_key_file(str(tmp_path / "key"), password="cau-mat")
    settings = {**sftp_there.settings, "password_env": None, "key_file": str(tmp_path / "key")}
    assert "cannot be opened" in failure(settings, workspace, revision)
    monkeypatch.setenv("TEST_PASSPHRASE", "sai-cau-mat")
    said = failure(settings, workspace, revision, passphrase_env="TEST_PASSPHRASE")
    assert "cannot be opened" in said and "sai-cau-mat" not in said
    monkeypatch.setenv("TEST_PASSPHRASE", "cau-mat")
    assert deliver(destination(**settings, passphrase_env="TEST_PASSPHRASE"), workspace, revision).failure is None
    assert sftp_there.seen()[0] == "r1"
    paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "other"))
    other = {**settings, "key_file": str(tmp_path / "other")}
    assert "does not take this account" in failure(other, workspace, revision)


def test_a_connection_that_breaks_is_taken_up_again(
    sftp: Server, sftp_there: Place, workspace: Workspace, revision: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SftpTree, "lanes", 1)
    sftp.write_fails_after, sftp.drops = 4, True
    outcome = deliver(sftp_there.destination(), workspace, revision)
    assert outcome.sent is not None, outcome.message.en
    assert sftp.logins == 2
    assert outcome.sent.kept == 3, "the plan and three files had arrived"
    assert sftp_there.seen()[0] == "r1"


def test_what_is_no_sftp_server_gives_one_line(
    sftp_there: Place, workspace: Workspace, revision: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            for _ in range(ATTEMPTS):
                connection, _ = other.accept()
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n")
                connection.close()

        answering = threading.Thread(target=answer)
        answering.start()
        said = failure(sftp_there.settings, workspace, revision, port=other.getsockname()[1])
        answering.join(timeout=10)
    assert "SFTP server cannot be worked with" in said and PASSWORD not in said
    assert [record for record in caplog.records if record.name.startswith("paramiko")] == []


def test_a_full_server_and_one_without_atomic_renames(
    sftp: Server, sftp_there: Place, workspace: Workspace, revision: Path
) -> None:
    sftp.write_fails_after = 0
    assert "SFTP server cannot be worked with" in failure(sftp_there.settings, workspace, revision)
    sftp.write_fails_after, sftp.renames = None, False
    assert "posix-rename@openssh.com" in failure(sftp_there.settings, workspace, revision)
    assert "is not on the SFTP server" in failure(sftp_there.settings, workspace, revision, path="/khong-co")


def test_a_store_tells_neither_keys_nor_its_url(
    store: str, workspace: Workspace, revision: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"kind": "s3", "url_env": S3_URL, "access_key_env": "TEST_KEY", "secret_key_env": "TEST_SECRET"}
    monkeypatch.delenv(S3_URL, raising=False)
    monkeypatch.setenv("TEST_KEY", "khoa-truy-cap-9")
    assert "TEST_SECRET" in failure(settings, workspace, revision)
    monkeypatch.setenv("TEST_SECRET", "khoa-bi-mat-9")
    for url in (
        f"s3://khong-co/x?endpoint_override={store}&scheme=http",
        "s3://khoa-truy-cap-9:khoa-bi-mat-9@kho/x",
        "s3://kho/x?endpoint_override=127.0.0.1:1&scheme=http",
        "file:///tmp",
    ):
        monkeypatch.setenv(S3_URL, url)
        said = failure(settings, workspace, revision)
        assert "khoa-" not in said and "://" not in said.replace("s3://", ""), said


def test_a_folder_that_is_not_mounted_is_not_made(workspace: Workspace, revision: Path, tmp_path: Path) -> None:
    assert "does not exist" in failure({"kind": "folder", "path": str(tmp_path / "z")}, workspace, revision)
    assert not (tmp_path / "z").exists()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"kind": "sftp", "host": "a", "user": USER, "path": "/"}, "password_env"),
        ({"kind": "sftp", "host": "a", "user": USER, "path": "/", "password_env": "A", "passphrase_env": "B"}, "key_file"),
        ({"kind": "sftp", "host": "a", "user": USER, "path": "/", "password_env": "A", "host_key": "MD5:1"}, "host_key"),
        ({"kind": "s3", "url_env": "A", "access_key_env": "B"}, "secret_key_env"),
        ({"kind": "folder", "path": "a", "keep": 1}, "keep"),
        ({"kind": "folder", "path": "a", "audiences": ["landing"]}, "audiences"),
        ({"kind": "folder", "path": "a", "password": "x"}, "password"),
        ({"kind": "postgres", "url_env": "A", "schema": 'a"; drop'}, "schema"),
        ({"kind": "postgres", "url_env": "A", "audience": "office"}, "audience"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        destination(**settings)
