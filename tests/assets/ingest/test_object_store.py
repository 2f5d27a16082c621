"""A folder in an S3-compatible server: only what is new is fetched, uploads in between are never mixed, a store may be down."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs
from workspaces import case_row, case_spec, csv_bytes, make_workspace, open_office, put_cases, write_spec

from assets.ingest import object_store
from assets.ingest.object_store import ObjectFolder, StoreFailed
from assets.ingest.plan import PlannedInput, find_inputs
from assets.landing.take_in import take_in
from assets.office import Office
from assets.workspace import Workspace
from pipelines.settings import Settings, folder_paths, unset_folders

BUCKET = "kho-du-lieu"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a running server with an empty bucket."""
    before = dict(os.environ)
    os.environ.update(CREDENTIALS)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    client(f"{host}:{port}").create_bucket(Bucket=BUCKET)
    yield f"{host}:{port}"
    running.stop()
    os.environ.clear()
    os.environ.update(before)


def client(server: str) -> Any:
    return boto3.client("s3", endpoint_url=f"http://{server}")


def upload(server: str, key: str, *numbers: int) -> None:
    client(server).put_object(Bucket=BUCKET, Key=key, Body=csv_bytes([case_row(number) for number in numbers]))


def url_of(server: str, prefix: str) -> str:
    return f"s3://{BUCKET}/{prefix}?endpoint_override={server}&scheme=http&region=us-east-1"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "kho", case_spec(authority="kho", location={"path": "{kho}/{period}/*_{sent}.csv"}))
    return workspace


def office_of(workspace: Workspace, url: str) -> Office:
    office = open_office(workspace)
    office.folders = {"kho": ObjectFolder(url)}
    return office


def found(office: Office) -> tuple[list[PlannedInput], list[str]]:
    inputs, problems = find_inputs(
        office.workspace, office.specs.usable, office.contracts, office.folders, lambda month: True, "", ("282",), {}
    )
    return inputs, [problem.rule for problem in problems]


def test_objects_are_taken_in_like_files(server: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    fetch = ObjectFolder._fetch
    monkeypatch.setattr(
        ObjectFolder, "_fetch", lambda self, info, cache, path: fetched.append(path) or fetch(self, info, cache, path)
    )
    monkeypatch.setattr(object_store, "TICK_SECONDS", -1)
    first, second = "2023-06/ho_so_20230615.csv", "2023-07/ho_so_20230714.csv"
    upload(server, f"mot/{first}", 1, 2, 3)
    upload(server, "mot/khac/ghi_chu.txt", 1)
    upload(server, "mot/../../2023-06/x_20230615.csv", 9)
    office = office_of(workspace, url_of(server, "mot/"))
    records = {record.path: record for record in take_in(office, "case", lambda month: True).records}
    assert {path: (record.status, record.rows_accepted) for path, record in records.items()} == {
        "{kho}/" + first: ("landed", 3)
    }
    assert fetched == [first]
    inside = [file.relative_to(workspace.landing).parts[0] for file in workspace.root.rglob("*ho_so*.csv")]
    assert inside == [".objects"]

    upload(server, f"mot/{second}", 3, 4)
    office = office_of(workspace, url_of(server, "mot"))
    assert [record.path for record in take_in(office, "case", lambda month: True).records] == ["{kho}/" + second]
    assert fetched == [first, second]

    client(server).delete_object(Bucket=BUCKET, Key=f"mot/{first}")
    inputs, _ = found(office_of(workspace, url_of(server, "mot")))
    assert [item.path for item in inputs] == ["{kho}/" + second]
    assert len(list(workspace.root.rglob("*ho_so*.csv"))) == 1


def test_an_upload_between_listing_and_reading(
    server: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are those of one upload, and the next run sees the newer one though size and second are the same."""
    key = "hai/2023-06/a_20230615.csv"
    upload(server, key, 1)
    office = office_of(workspace, url_of(server, "hai"))
    folder = office.folders["kho"]
    assert isinstance(folder, ObjectFolder) and folder.count() == 1
    upload(server, key, 2)
    [item], _ = found(office)
    assert item.file.read_bytes() == csv_bytes([case_row(2)])
    upload(server, key, 3)
    assert found(office)[0][0].file.read_bytes() == csv_bytes([case_row(2)])  # one run, one answer
    [item], _ = found(office_of(workspace, url_of(server, "hai")))
    assert item.file.read_bytes() == csv_bytes([case_row(3)])

    state = ObjectFolder._state
    numbers = iter(range(10, 20))

    def meanwhile(self: ObjectFolder, path: str) -> tuple[int, int, str]:
        upload(server, key, next(numbers))
        return state(self, path)

    monkeypatch.setattr(ObjectFolder, "_state", meanwhile)
    before = item.file.read_bytes()
    assert found(office_of(workspace, url_of(server, "hai"))) == ([], ["store.changing"])
    assert item.file.read_bytes() == before
    assert not list(workspace.root.rglob("*.part"))


def test_a_store_that_is_down_is_a_problem_of_its_sources(
    workspace: Workspace, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "ATTEMPTS", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{taken.getsockname()[1]}"
        write_spec(workspace, "tot", case_spec(authority="tot", location={"path": "inbox/tot/*.csv"}))
        put_cases(workspace, "inbox/tot/a.csv", [case_row(number) for number in range(5)])
        office = office_of(workspace, url_of(closed, "x"))
        taken_in = take_in(office, "case", lambda month: True)
    assert [(record.path, record.rows_accepted) for record in taken_in.records] == [("inbox/tot/a.csv", 5)]
    [problem] = [problem for problem in office.problems if problem.rule == "store.unreachable"]
    assert problem.file == "sources/kho.yml" and problem.message.vi != problem.message.en
    for url in (url_of(server, "x").replace(BUCKET, "khong-co"), "s3://khoa:bi-mat@kho/x", "s3://kho/x?la=1", "la://x"):
        with pytest.raises(StoreFailed) as caught:
            ObjectFolder(url).count()
        assert "bi-mat" not in str(caught.value) and caught.value.rule in ("store.unreachable", "store.url")


def test_other_stores_by_their_urls(workspace: Workspace, tmp_path: Path) -> None:
    """Whatever pyarrow has a file system for; here that of the machine itself."""
    target = tmp_path / "noi_khac" / "2023-06"
    target.mkdir(parents=True)
    (target / "a_20230615.csv").write_bytes(csv_bytes([case_row(1)]))
    assert isinstance(fs.FileSystem.from_uri(tmp_path.as_uri())[0], fs.LocalFileSystem)
    [item], problems = found(office_of(workspace, f"{tmp_path.as_uri()}/noi_khac"))
    assert (item.path, problems) == ("{kho}/2023-06/a_20230615.csv", [])


def test_a_folder_of_the_settings_may_be_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(
        {
            "name": "x",
            "title": {"vi": "x", "en": "x"},
            "roots": ["282"],
            "key": {"env": "X"},
            "folders": {"kho": {"env": "KHO"}},
        }
    )
    monkeypatch.setenv("KHO", "s3://kho/x")
    assert isinstance(folder_paths(settings)["kho"], ObjectFolder) and unset_folders(settings) == []
    monkeypatch.setenv("KHO", "/khong/co")
    assert [problem.rule for problem in unset_folders(settings)] == ["settings.folder"]
