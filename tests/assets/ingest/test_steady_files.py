"""A file that changes while it is read gives nothing under the hash of other bytes, and is read anew when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workspaces import case_row, case_spec, csv_bytes, make_workspace, put_cases, take, write_spec

from assets.ingest import opened as inputs
from assets.ingest.readers import open_input
from assets.workspace import Workspace

PATH = "inbox/ho_so/a.csv"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path)
    write_spec(workspace, "desk", case_spec())
    put_cases(workspace, PATH, [case_row(number) for number in range(4)])
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(number) for number in range(10, 13)])
    return workspace


def meanwhile(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Have `change` happen to the first file after its first rows were read."""

    def opened(path: Path, options: Any) -> Iterator[Any]:
        for table in open_input(path, options):
            yield table
            if path.name == "a.csv":
                change(path)

    monkeypatch.setattr(inputs, "open_input", opened)


@pytest.mark.parametrize("how", ["longer", "other bytes", "gone"])
def test_a_file_that_changes_is_refused_whole_and_read_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    whole = csv_bytes([case_row(number) for number in range(6)])

    def change(path: Path) -> None:
        if how == "gone":
            path.unlink()
        elif how == "longer":
            path.write_bytes(whole)
        else:
            state = path.stat()
            path.write_bytes(path.read_bytes().replace(b"HS-0003", b"HS-0009"))
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))

    with monkeypatch.context() as patch:
        meanwhile(patch, change)
        taken = take(workspace)
    record = taken.records[PATH]
    assert (record.status, record.rows_read, taken.rules(PATH)) == ("refused", 0, {("file.changing", ""): 1})
    assert [problem.rule for problem in taken.problems] == ["file.changing"]
    assert {row["record_id"] for row in taken.landed("case")} == {"HS-0010", "HS-0011", "HS-0012"}
    (workspace.root / PATH).write_bytes(whole)
    assert take(workspace).records[PATH].rows_accepted == 6


def test_a_file_that_is_only_touched_is_taken_in(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, lambda path: os.utime(path, ns=(1, 1)))
    assert take(workspace).records[PATH].rows_accepted == 4
