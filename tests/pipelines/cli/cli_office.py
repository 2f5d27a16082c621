"""A small complaint ledger and its spec, and how the tests read what the command prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from assets.landing.take_in import take_in
from assets.workspace import Workspace
from pipelines.resources import open_office
from pipelines.settings import load_settings

SPEC = """\
title: {vi: "Sổ phản ánh", en: "Complaint ledger"}
row: one complaint
authority: complaint_book
delivery: {kind: upsert}
location: {path: "inbox/so_{period}.csv"}
reader: {kind: csv}
unit: {column: "Đơn vị"}
feeds:
  - dataset: complaint
    record_id: ["Số"]
    columns:
      received_at: {column: "Ngày nhận", formats: ["%d/%m/%Y"]}
      closed_at: {column: "Ngày xong", formats: ["%d/%m/%Y"]}
      channel: {column: "Kênh", values: {Điện thoại: phone, Đơn thư: letter}}
      state: {column: "Trạng thái", values: {Đang xử lý: in_progress, Đã xong: done}}
ignore: ["Nội dung"]
"""
HEADER = "Số,Đơn vị,Kênh,Trạng thái,Ngày nhận,Ngày xong,Nội dung"
Sipas = Callable[..., Result]


def good_rows(count: int, month: str = "05") -> list[str]:
    return [
        f"PA-{n:04d},Xã An Mỹ,Điện thoại,Đang xử lý,{n % 27 + 1:02d}/{month}/2023,,đường hỏng"
        for n in range(1, count + 1)
    ]


def write_ledger(workspace: Workspace, rows: list[str], month: str = "2023-06", header: str = HEADER) -> Path:
    path = workspace.inbox / f"so_{month}.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def change_settings(workspace: Workspace, old: str, new: str) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    assert old in text
    workspace.settings_file.write_text(text.replace(old, new), encoding="utf-8")


def ingest(workspace: Workspace) -> None:
    """Take in what is new of the complaints, as a run does before it builds."""
    office = open_office(workspace, load_settings(workspace), lambda line: None)
    try:
        assert take_in(office, "complaint", lambda month: True).is_open
    finally:
        office.close()


def words(output: str) -> str:
    """The text of a framed message on one line."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", output).split())


def lines_with(output: str, word: str) -> list[str]:
    return [line for line in output.splitlines() if word in line]
