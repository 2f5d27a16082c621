"""Fixtures of the command's tests: small real workspaces with a complaint ledger in CSV, read by the code that a run uses."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_office import SPEC, Sipas, good_rows, ingest, write_ledger
from click.testing import Result
from typer.testing import CliRunner

from assets.workspace import Workspace
from pipelines.cli.init import make_workspace
from pipelines.cli.main import app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own, so that no key is written into the real one."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("SIPAS_WORKSPACE", raising=False)
    return folder


@pytest.fixture
def sipas() -> Sipas:
    """Call the command, with what is typed or piped into it; a fault that is no exit code is raised."""

    def call(*arguments: Any, input: str | None = None) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture
def workspace(home: Path, tmp_path: Path) -> Workspace:
    """A workspace of Mỹ Đức with a spec and one good file."""
    folder = tmp_path / "my_duc"
    make_workspace(folder, "282")
    made = Workspace(folder)
    (made.sources / "so_phan_anh.yml").write_text(SPEC, encoding="utf-8")
    write_ledger(made, good_rows(12))
    return made


@pytest.fixture(scope="session")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with refused rows and a refused file, read twice: the first reading is retired."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        folder = tmp_path_factory.mktemp("office") / "my_duc"
        make_workspace(folder, "282")
        made = Workspace(folder)
        shutil.copy(home / ".config" / "sipas-warehouse" / "my_duc.key", folder / "office.key")
        settings = made.settings_file.read_text(encoding="utf-8")
        made.settings_file.write_text(
            # Only a simulated workspace may hold its key.
            settings.replace("~/.config/sipas-warehouse/my_duc.key", "office.key").replace(
                "simulated: false", "simulated: true"
            ),
            encoding="utf-8",
        )
        (made.sources / "so_phan_anh.yml").write_text(SPEC, encoding="utf-8")
        faulty = [
            'PA-9001,Xã An Mỹ,Điện thoại,Đang xử lý,31/02/2023,,=HYPERLINK("http://x")'.replace('"', ""),
            "PA-9002,Xã Mỹ An,Loa phường,Đang xử lý,03/05/2023,,+84 000 000",
            "PA-9003,Xã An Mỹ,Đơn thư,Đang xử lý,04/05/2023,,một,ô thừa",
        ]
        write_ledger(made, good_rows(12) + faulty)
        write_ledger(
            made, ["PA-7001,Xã An Mỹ,Đang xử lý,03/06/2023"], "2023-07", "Số phiếu,Đơn vị,Trạng thái,Ngày nhận"
        )
        ingest(made)
        (made.sources / "so_phan_anh.yml").write_text(SPEC + "# read again\n", encoding="utf-8")
        ingest(made)
        yield folder


@pytest.fixture
def office(taken_in: Path, home: Path, tmp_path: Path) -> Workspace:
    """A copy of the workspace with refused rows."""
    shutil.copytree(taken_in, tmp_path / "office")
    return Workspace(tmp_path / "office")
