"""Revisions made by rule, and places to deliver them to: each can be looked into by other means than the delivery's own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from pydantic import TypeAdapter
from sftp_server import USER, Server

from assets.delivery.options import Destination
from assets.workspace import Workspace

BUCKET = "cong-bo"
S3_URL = "TEST_S3_URL"
SFTP_PASSWORD = "TEST_SFTP_PASSWORD"


def make_revision(workspace: Workspace, name: str, files: Mapping[str, bytes]) -> Path:
    """A revision's folder with its manifest, as publish() leaves it."""
    folder = workspace.published / "revisions" / name
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    listed = [
        {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in sorted(files.items())
    ]
    content = {"revision": name, "version": "0", "simulated": True, "minimum_n": 10, "files": listed}
    (folder / "revision.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def contents(mark: str, unchanged: int = 3, changed: int = 4) -> dict[str, bytes]:
    """Files of which some do not depend on the mark; every changed one begins with it."""
    files = {f"open/old/{number}.csv": b"same" * 100 * (number + 1) for number in range(unchanged)}
    files |= {f"open/marts/{number}.csv": mark.encode() + bytes(number * 1000) for number in range(changed)}
    return files | {
        "open/Đại Nghĩa.xlsx": mark.encode() + b"x" * 3_000_000,
        "office/forms/I.docx": mark.encode(),
        "analyst/a": b"a",
    }


def destination(**settings: Any) -> Any:
    return TypeAdapter(Destination).validate_python({"name": "noi-nhan", **settings})


@dataclass
class Place:
    """A destination in a test. `settings` name it; `files` is what stands there."""

    settings: dict[str, Any]
    root: Path | None = None
    client: Any = None
    removed: list[str] = field(default_factory=list)

    def destination(self, **more: Any) -> Any:
        return destination(**self.settings, **more)

    def files(self) -> dict[str, bytes]:
        if self.root is not None:
            found = (path for path in self.root.rglob("*") if path.is_file() and "current" not in path.parts)
            return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix="so-lieu/").get("Contents", [])
        keys = [entry["Key"] for entry in listed if not entry["Key"].endswith("/")]
        return {key.removeprefix("so-lieu/"): self.read(key.removeprefix("so-lieu/")) for key in keys}

    def read(self, path: str) -> bytes:
        if self.root is not None:
            return (self.root / path).read_bytes()
        body: bytes = self.client.get_object(Bucket=BUCKET, Key=f"so-lieu/{path}")["Body"].read()
        return body

    def write(self, path: str, content: bytes) -> None:
        if self.root is not None:
            (self.root / path).unlink()
            (self.root / path).write_bytes(content)
        else:
            self.client.put_object(Bucket=BUCKET, Key=f"so-lieu/{path}", Body=content)

    def seen(self) -> tuple[str, dict[str, bytes]]:
        """The current revision and its files, as a reader finds them: by the pointer, then by the manifest."""
        pointer = json.loads(self.read("current.json"))
        manifest = json.loads(self.read(f"{pointer['path']}/revision.json"))
        assert manifest["revision"] == pointer["revision"]
        found = {}
        for file in manifest["files"]:
            content = self.read(f"{pointer['path']}/{file['path']}")
            assert hashlib.sha256(content).hexdigest() == file["sha256"], file["path"]
            found[file["path"]] = content
        return pointer["revision"], found


def folder_place(root: Path) -> Place:
    root.mkdir()
    return Place({"kind": "folder", "path": str(root)}, root=root)


def s3_place(server: str) -> Place:
    client = boto3.client("s3", endpoint_url=f"http://{server}")
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    return Place({"kind": "s3", "url_env": S3_URL}, client=client)


def sftp_place(server: Server) -> Place:
    shutil.rmtree(server.root / "so-lieu", ignore_errors=True)
    (server.root / "so-lieu").mkdir()
    settings = {"kind": "sftp", "host": "127.0.0.1", "port": server.port, "user": USER, "path": "/so-lieu",
                "host_key": server.fingerprint, "password_env": SFTP_PASSWORD}  # fmt: skip
    return Place(settings, root=server.root / "so-lieu")
