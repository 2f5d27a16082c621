"""Forms of published revisions that list a forgotten case are taken out of all of them, and of nothing else."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from person_to_forget import HEADER, forget_in, rows, spec_of
from workspaces import csv_bytes, make_workspace, put, take, write_spec

from assets.forms.fill.case_evaluation import CASE_EVALUATION
from assets.forms.fill.overdue import OVERDUE_LIST
from assets.forms.model import Column, Form, Format, HeadCell, Line, Table
from assets.forms.render.faces import noto_serif
from assets.forms.subject import Period, Subject, Unit, UnitKey
from assets.forms.write import Filed, write_files
from assets.privacy import published as published_module
from assets.publish.contents import Contents
from assets.publish.context import PublishContext
from assets.publish.revision import is_whole, open_current, publish
from assets.workspace import Workspace

FROM = dt.date(1900, 1, 1)
JUNE = Period("2023-06", "month", dt.date(2023, 5, 15), dt.date(2023, 6, 14), "Tháng 6/2023", "June 2023")
# Of `rows(3)` the person's case is HS-0003, and HS-0004 mentions them in a column that is not read.
LISTED = {("10462", OVERDUE_LIST.code): ("HS-0001", "HS-0003"), ("10441", OVERDUE_LIST.code): ("HS-0009",),
          ("10462", CASE_EVALUATION.code): ("HS-0004",), ("10441", "data_quality"): ("12",)}  # fmt: skip


def form(unit: str, code: str, numbers: tuple[str, ...]) -> Filed:
    table = Table((Column("text"), Column("count")), ((HeadCell("Mã hồ sơ"), HeadCell("Số ngày")),),
                  tuple(Line((number, 3)) for number in numbers))  # fmt: skip
    made = Form(
        code,
        "",
        "vi",
        unit,
        "2023-06",
        "Huyện",
        "Xã",
        "",
        "BC",
        "Danh sách",
        "",
        "",
        "Tháng 6",
        "",
        (table,),
        (),
        (),
        (),
    )
    subject = Subject(Unit(UnitKey(unit, FROM), "Xã", "commune", None, ()), JUNE, {}, False)
    return Filed(made, "office", subject, f"{unit}/2023-06")


@dataclass
class OnlyForms:
    """What a revision is filled with here."""

    formats: tuple[Format, ...]
    context: PublishContext
    plan: None = None

    def write(self, root: Path, revision: str, base: Path | None, previous: Path | None) -> None:
        earlier = {"office": previous / "office" / "forms"} if previous is not None else {}
        filled = (form(unit, code, numbers) for (unit, code), numbers in LISTED.items())
        write_files(filled, {"office": root / "office" / "forms"}, self.formats, noto_serif(), earlier)
        (root / "open").mkdir()
        (root / "open" / "figures.csv").write_text("n\n10\n")


def publish_forms(workspace: Workspace, name: str, *formats: Format) -> Path:
    context = PublishContext("Huyện thử", "Test district", True, 10, ("vi",), "0")
    return publish(workspace, name, cast(Contents, OnlyForms(formats, context)))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Three revisions: of forms in PDF alone, of forms in all formats, and the current one, which shares their files."""
    made = make_workspace(tmp_path / "office")
    write_spec(made, "chu", spec_of("inbox/*.csv", {"kind": "csv"}, "chu"))
    put(made, "inbox/a.csv", csv_bytes(rows(3), HEADER))
    take(made)
    publish_forms(made, "pdf", "pdf")
    publish_forms(made, "old", "xlsx", "docx", "pdf")
    publish_forms(made, "now", "xlsx", "docx", "pdf")
    return made


def files_of(workspace: Workspace, revision: str) -> set[str]:
    folder = workspace.published / "revisions" / revision / "office" / "forms"
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*.*.*")}


ALL = ("xlsx", "docx", "pdf")
KEPT = {f"10441/2023-06/{code}.vi.{kind}" for code in ("overdue_list", "data_quality") for kind in ALL}
GONE = {f"10462/2023-06/{code}.vi.{kind}" for code in ("overdue_list", "case_evaluation") for kind in ALL}


def test_forms_that_list_the_case_are_gone_from_every_revision(workspace: Workspace) -> None:
    assert (files_of(workspace, "old"), files_of(workspace, "now")) == (KEPT | GONE, KEPT | GONE)
    counted = forget_in(workspace, dry_run=True).files_published
    assert files_of(workspace, "old") == KEPT | GONE
    found = forget_in(workspace)
    # A PDF alone cannot be looked into, so of the first revision all three lists go.
    assert found.files_published == counted == 3 + 6 + 6
    assert (files_of(workspace, "old"), files_of(workspace, "now")) == (KEPT, KEPT)
    assert files_of(workspace, "pdf") == {"10441/2023-06/data_quality.vi.pdf"}
    for name in ("pdf", "old", "now"):
        revision = workspace.published / "revisions" / name
        assert is_whole(revision), "what is left is what the manifest lists"
        [note] = json.loads((revision / "revision.json").read_text(encoding="utf-8"))["taken_out"]
        assert (note["on"], note["why"]) == ("2023-07-20", "forget")
        index = json.loads((revision / "office/forms/index.json").read_text(encoding="utf-8"))
        assert {entry["path"] for entry in index["files"]} == files_of(workspace, name)
        assert (revision / "open" / "figures.csv").read_text() == "n\n10\n"
    assert {f"office/forms/{name}" for name in GONE} == set(note["files"])
    # The next revision draws those forms anew, and shares the others.
    assert open_current(workspace).name == "now"
    publish_forms(workspace, "next", *ALL)
    assert files_of(workspace, "next") == KEPT | GONE
    shared = [workspace.published / "revisions" / name / "office/forms" / min(KEPT) for name in ("now", "next")]
    assert shared[0].samefile(shared[1])


class Killed(Exception):
    """Stands for SIGKILL: nothing runs after it."""


def test_after_a_kill_the_same_command_ends_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(name: str) -> None:
        assert name == "forget.forms"
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(published_module, "checkpoint", die)
        with pytest.raises(Killed):
            forget_in(workspace)
    forget_in(workspace)
    for name in ("pdf", "old", "now"):
        revision = workspace.published / "revisions" / name
        assert is_whole(revision)
        assert len(json.loads((revision / "revision.json").read_text(encoding="utf-8"))["taken_out"]) == 1
    assert files_of(workspace, "now") == KEPT
