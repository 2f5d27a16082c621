"""Files that are read before their turn, in a thread or in processes, give what reading them in turn gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workspaces import Row, case_row, case_spec, landed, make_workspace, put, quarantined, take, write_spec, xlsx_bytes

from assets.ingest import opened


def _workbooks() -> list[bytes]:
    """Nine workbooks, one of them broken, one without a column, one with a row that is refused."""
    contents = []
    for number in range(9):
        rows = [case_row(10 * number + row) for row in range(5)]
        if number == 3:
            rows[2]["Ngày nhận"] = "30/02/2023"
        header = [name for name in rows[0] if number != 7 or name != "Ngày nhận"]
        content = xlsx_bytes(rows, header)
        contents.append(content[: len(content) // 2] if number == 5 else content)
    return contents


def _taken(root: Path, contents: list[bytes]) -> tuple[list[tuple[object, ...]], list[Row], list[Row]]:
    """What became of the inputs, the landed rows and the refused ones."""
    workspace = make_workspace(root)
    spec = case_spec(location={"path": "inbox/ho_so/*.xlsx"}, reader={"kind": "workbook"})
    write_spec(workspace, "ho_so", spec)
    for number, content in enumerate(contents):
        put(workspace, f"inbox/ho_so/{number}.xlsx", content)
    taken = take(workspace)
    inputs = [(path, record.status, record.reason, record.rows_read) for path, record in sorted(taken.records.items())]
    return inputs, landed(taken.office, "case"), quarantined(taken.office)


def test_processes_and_thread_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = _workbooks()
    by_thread = _taken(tmp_path / "thread", contents)
    monkeypatch.setattr(opened, "MANY_WORKBOOKS", 1)
    started: list[bool] = []
    pool = opened.worker_pool
    monkeypatch.setattr(opened, "worker_pool", lambda: started.append(True) or pool())
    assert _taken(tmp_path / "processes", contents) == by_thread
    assert started
    inputs, rows, refused = by_thread
    assert [status for _, status, _, _ in inputs].count("refused") == 2
    assert (len(rows), len(refused)) == (34, 1)


def test_workers_end_with_the_process_that_made_them(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, time\nfrom assets.workers import worker_pool\n"
        "if __name__ == '__main__':\n    with worker_pool() as pool:\n"
        "        print(*{pool.submit(os.getpid).result() for _ in range(4)}, flush=True)\n        time.sleep(60)\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert workers
    until = time.monotonic() + 20
    while any(map(_lives, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_lives, workers))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
