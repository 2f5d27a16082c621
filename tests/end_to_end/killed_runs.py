"""Runs that are killed: what an unkilled one makes of the same inputs, and a reader who looks at what is published meanwhile."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import duckdb
from tiny_office import july

from assets.publish.revision import open_current
from assets.workspace import Workspace

Contents = dict[str, object]

# Of a case that July leaves alone, and of one of which July brings a newer state.
CORRECTIONS = """\
corrections:
  - {dataset: case, authority: mot_cua, record: HS-0004, field: channel, old: direct, new: online, reason: Gõ nhầm, date: 2023-07-01}
  - {dataset: case, authority: mot_cua, record: HS-0003, field: channel, old: direct, new: online, reason: Gõ nhầm, date: 2023-07-01}
"""


@dataclass(frozen=True)
class Reference:
    """What an uninterrupted run makes of the same inputs."""

    revision: str
    contents: Contents
    ledger: Contents


def whole(folder: Path) -> bool:
    """Whether a revision holds exactly the files that its manifest lists, byte for byte."""
    listed = json.loads((folder / "revision.json").read_text(encoding="utf-8"))["files"]
    sums = {file["path"]: file["sha256"] for file in listed}
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "revision.json"
    }
    return sums == found


def contents(folder: Path) -> Contents:
    """Every published file by path: its hash, or for a DuckDB file its rows; the manifest without that file's hash."""
    found: Contents = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".duckdb":
            found[name] = tables(path)
        elif name == "revision.json":
            manifest = json.loads(path.read_text(encoding="utf-8"))
            manifest["files"] = [file for file in manifest["files"] if not file["path"].endswith(".duckdb")]
            found[name] = manifest
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(path), read_only=True) as database:
        names = database.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for (name,) in sorted(names)}


def ledger(workspace: Workspace) -> Contents:
    """Every row of the ledger, and the files of the private zone it names."""
    connection = sqlite3.connect(workspace.state / "ledger.sqlite")
    try:
        rows: Contents = {
            name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}")))
            for name in ("input", "input_rule", "part")
        }
        named = {path for (path,) in connection.execute("SELECT path FROM part")}
    finally:
        connection.close()
    for folder in (workspace.landing, workspace.quarantine):
        for file in folder.glob("*/*.parquet"):
            if not file.parent.name.startswith("."):
                named.discard(file.relative_to(workspace.root).as_posix())
    assert named == set(), "the ledger names files that are not there"
    return rows


def copied(published: Workspace, folder: Path) -> Workspace:
    """The office with June published, July in its inbox, and corrections of what was published."""
    workspace = Workspace(Path(shutil.copytree(published.root, folder, symlinks=True)))
    july(workspace)
    (workspace.reference / "corrections.yml").write_text(CORRECTIONS, encoding="utf-8")
    return workspace


def reference_of(workspace: Workspace) -> Reference:
    """What an office whose last run nothing interrupted has published and recorded."""
    revision = open_current(workspace)
    assert whole(revision)
    return Reference(revision.name, contents(revision), ledger(workspace))


@dataclass
class Reader:
    """What somebody saw who resolved the pointer again and again: revisions in order of sight, looks, and what was wrong."""

    revisions: list[str] = field(default_factory=list)
    looks: int = 0
    faults: list[str] = field(default_factory=list)

    def look(self, workspace: Workspace, chance: random.Random) -> None:
        """Resolve the pointer once; every file of the manifest must be there in full, and one of them byte for byte."""
        self.looks += 1
        try:
            folder = open_current(workspace)
            listed = json.loads((folder / "revision.json").read_text(encoding="utf-8"))
            if listed["revision"] != folder.name:
                self.faults.append(f"{folder.name} holds the manifest of {listed['revision']}")
            for file in listed["files"]:
                if (folder / file["path"]).stat().st_size != file["bytes"]:
                    self.faults.append(f"{folder.name}: {file['path']} has another size")
            file = chance.choice(listed["files"])
            if hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() != file["sha256"]:
                self.faults.append(f"{folder.name}: {file['path']} has other bytes")
        except Exception as error:
            self.faults.append(f"{type(error).__name__}: {error}")
            return
        if not self.revisions or self.revisions[-1] != folder.name:
            self.revisions.append(folder.name)


@contextmanager
def reading(workspace: Workspace, seed: int) -> Iterator[Reader]:
    """Have somebody read in a loop meanwhile."""
    reader, stop, chance = Reader(), Event(), random.Random(seed)

    def loop() -> None:
        while not stop.wait(0.05):
            reader.look(workspace, chance)

    thread = Thread(target=loop)
    thread.start()
    try:
        yield reader
    finally:
        stop.set()
        thread.join()
    reader.look(workspace, chance)
