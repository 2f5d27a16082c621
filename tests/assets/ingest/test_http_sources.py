"""Survey servers and JSON APIs: every record of the truth is read, whatever goes wrong on the way, or the source is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from survey_server import PASSWORD, TOKEN, USER, Plan, SurveyServer

from assets.ingest.http.collect import collect
from assets.ingest.http.options import HttpOptions
from assets.workspace import Workspace
from quality.problem import Problem

Row = dict[str, Any]
QUICK = {"first_wait_seconds": 0.01, "longest_wait_seconds": 0.05, "read_seconds": 0.5, "page_seconds": 1, "tries": 4}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name, value in {"SURVEY_TOKEN": TOKEN, "SURVEY_PASSWORD": PASSWORD, "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "office"
    root.mkdir()
    return Workspace(root)


def options(url: str, service: str = "kobo", **changes: Any) -> HttpOptions:
    """The spec of a source on the test server: two records a page, quick to give up."""
    password = {"user": USER, "password": {"env": "SURVEY_PASSWORD"}}
    of_service: dict[str, Row] = {
        "kobo": {"url": url, "asset": "aZuPhieu1", "auth": {"token": {"env": "SURVEY_TOKEN"}}},
        "odk": {"url": url, "project": 7, "form": "Phiếu 1", "auth": password},
        "limesurvey": {"url": f"{url}/index.php/admin/remotecontrol", "survey": 512345, "auth": password},
        "json": {
            "url": f"{url}/api/phieu",
            "records": "data.items",
            "id": "ma",
            "total": "meta.total",
            "paging": {"kind": "offset", "offset": "from", "limit": "size"},
            "auth": {"token": {"env": "SURVEY_TOKEN"}},
        },
    }
    content = {"service": service, "page_size": 2, **of_service[service], **changes}
    content["limits"] = {**QUICK, **changes.get("limits", {})}
    adapter: TypeAdapter[HttpOptions] = TypeAdapter(HttpOptions)
    return adapter.validate_python(content)


def record(service: str, number: int, **changes: Any) -> Row:
    """A form as the service gives it."""
    form: dict[str, Row] = {
        "kobo": {
            "_id": number,
            "_uuid": f"u{number}",
            "_submission_time": f"2023-06-{number % 28 + 1:02d}T08:00:00",
            "phan_1/co_so": "4",
            "phan_1/kenh": "truc_tiep truc_tuyen",
            "_attachments": [{"download_url": f"https://kc/{number}?x={id(object())}"}],
        },
        "odk": {
            "__id": f"uuid:{number:04d}",
            "__system": {
                "submissionDate": f"2023-06-{number % 28 + 1:02d}T08:00:00.000Z",
                "edits": 0,
                "reviewState": None,
            },
            "phan_1": {"co_so": "4", "trang_thiet_bi": "3"},
        },
        "limesurvey": {"id": str(number), "submitdate": "2023-06-05 08:00:00", "coso": "A4", "trangthietbi": ""},
        "json": {"ma": f"P{number}", "diem": {"co_so": 4, "trang_thiet_bi": 3.5}, "ghi_chu": "Đã đọc"},
    }
    return {**form[service], **changes}


def records(service: str, count: int) -> list[Row]:
    return [record(service, number) for number in range(1, count + 1)]


def file_of(workspace: Workspace) -> Path:
    folder = workspace.landing / ".extract"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "phieu.jsonl"


def read(workspace: Workspace, spec: HttpOptions) -> list[Row] | Problem:
    """What a source gives: rows in the order of their ids, or the problem, which leaves no file of a whole list."""
    file = file_of(workspace)
    file.unlink(missing_ok=True)
    found = collect("phieu", spec, workspace, file)
    if isinstance(found, Problem):
        assert not file.exists()
        assert found.file == "sources/phieu.yml" and found.message.vi != found.message.en
        for secret in (TOKEN, PASSWORD, USER):
            assert secret not in found.render("vi") + found.render("en")
        return found
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def truth(plan: Plan) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "_attachments"} for row in plan.records]


SERVICES = ("kobo", "odk", "limesurvey", "json")


@pytest.mark.parametrize("service", SERVICES)
def test_every_record_is_read(workspace: Workspace, service: str) -> None:
    plan = Plan(records(service, 7))
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url, service)) == truth(plan)
        assert len(server.data_requests) == 4
        assert server.sessions == 0, "a session that was opened is closed"
