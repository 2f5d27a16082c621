"""Lists of survey servers through the whole of ingest: what is landed, counted and refused, and what a spec may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from survey_server import PASSWORD, TOKEN, USER, Plan, SurveyServer, html
from workspaces import NAME, PHONE, case_row, case_spec, make_workspace, put_cases, take, write_spec

from assets.ingest.spec import read_spec
from assets.workspace import Workspace
from quality.contract import load_contracts
from quality.problem import Problem

Row = dict[str, Any]
LIMITS = {"first_wait_seconds": 0.01, "longest_wait_seconds": 0.02, "tries": 2, "read_seconds": 1}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name, value in {"SURVEY_TOKEN": TOKEN, "SURVEY_PASSWORD": PASSWORD, "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    return make_workspace(tmp_path / "huyen")


def http(service: str, url: str, **changes: Any) -> Row:
    password = {"user": USER, "password": {"env": "SURVEY_PASSWORD"}}
    of_service: dict[str, Row] = {
        "kobo": {"url": url, "asset": "aZuPhieu1", "auth": {"token": {"env": "SURVEY_TOKEN"}}},
        "odk": {"url": url, "project": 7, "form": "Phiếu 1", "auth": password},
        "limesurvey": {"url": f"{url}/index.php/admin/remotecontrol", "survey": 512345, "auth": password},
        "json": {
            "url": f"{url}/api/phieu",
            "records": "data.items",
            "id": "ma",
            "paging": {"kind": "offset", "offset": "from", "limit": "size"},
            "auth": {"token": {"env": "SURVEY_TOKEN"}},
        },
    }
    return {"service": service, **of_service[service], "page_size": 3, "limits": LIMITS, **changes}


# Where each service has what a form says: its id, the day, the unit, the sex, and two answers.
HEADINGS = {
    "kobo": ("_id", "_submission_time", "dau/don_vi", "dau/gioi_tinh", "tra_loi/co_so", "tra_loi/thiet_bi"),
    "odk": ("__id", "__system.submissionDate", "dau.don_vi", "dau.gioi_tinh", "tra_loi.co_so", "tra_loi.thiet_bi"),
    "limesurvey": ("id", "submitdate", "donvi", "gioitinh", "coso", "thietbi"),
    "json": ("ma", "luc", "dau.don_vi", "dau.gioi_tinh", "tra_loi.co_so", "tra_loi.thiet_bi"),
}
PERSONAL = {"kobo": "ho_ten", "odk": "ho_ten", "limesurvey": "hoten", "json": "ho_ten"}


def survey(service: str, url: str, **changes: Any) -> Row:
    """A spec of forms on a survey server."""
    record_id, day, unit, sex, first, second = HEADINGS[service]
    return {
        "title": {"vi": "Phiếu trên máy chủ", "en": "Forms on a server"},
        "row": "one form",
        "authority": "khao_sat",
        "delivery": {"kind": "snapshot"},
        "location": {"http": http(service, url, **changes)},
        "reader": {"kind": "jsonl"},
        "unit": {"column": unit},
        "feeds": [
            {
                "dataset": "survey_response",
                "record_id": [record_id],
                "columns": {
                    "instrument_code": {"constant": "HN2023"},
                    "responded_on": day,
                    "sex": {"column": sex, "values": {"nam": "male", "nu": "female"}},
                },
            },
            {"dataset": "survey_answer", "items": {"I.1": first, "I.2": second}, "values": {"rat": "5"}},
        ],
        "ignore": [PERSONAL[service], "dien_thoai"],
    }


def form(service: str, number: int, sex: str = "nu", first: str = "rat") -> Row:
    """A form with a name and a number that must go nowhere."""
    # In Vietnam half past six in the morning of the fifth.
    moment = "2023-06-04T23:30:00"
    if service == "kobo":
        return {
            "_id": number,
            "_submission_time": moment,
            "dau/don_vi": "An Mỹ",
            "dau/gioi_tinh": sex,
            "tra_loi/co_so": first,
            "tra_loi/thiet_bi": "3",
            "ho_ten": NAME,
            "dien_thoai": PHONE,
        }
    if service == "limesurvey":
        return {
            "id": str(number),
            "submitdate": "2023-06-05 08:00:00",
            "donvi": "An Mỹ",
            "gioitinh": sex,
            "coso": first,
            "thietbi": "3",
            "hoten": NAME,
            "dien_thoai": PHONE,
        }
    groups = {
        "dau": {"don_vi": "An Mỹ", "gioi_tinh": sex},
        "tra_loi": {"co_so": first, "thiet_bi": 3},
        "ho_ten": NAME,
        "dien_thoai": PHONE,
    }
    if service == "odk":
        return {"__id": f"uuid:{number:04d}", "__system": {"submissionDate": f"{moment}.123Z"}, **groups}
    return {"ma": f"P{number:04d}", "luc": "2023-06-05T06:30:00+07:00", **groups}


def said(problems: list[Problem]) -> str:
    return " | ".join(problem.render() for problem in problems)


@pytest.mark.parametrize("service", HEADINGS)
def test_forms_are_landed_once(workspace: Workspace, service: str) -> None:
    """Every form of the server lands; asked again there is nothing new; a corrected form replaces the first."""
    plan = Plan([form(service, number) for number in range(1, 8)])
    with SurveyServer(plan) as server:
        write_spec(workspace, "phieu", survey(service, server.url))
        taken = take(workspace, "survey_response")
        [record] = [record for path, record in taken.records.items() if path == f"{service}@phieu"]
        assert (record.rows_read, record.rows_accepted, record.rows_quarantined) == (7, 7, 0), said(taken.problems)
        rows = taken.landed("survey_response")
        assert len(rows) == 7
        assert {(str(row["responded_on"]), row["unit_code"], row["sex"]) for row in rows} == {
            ("2023-06-05", "10462", "female")
        }
        answers = taken.landed("survey_answer")
        assert sorted((row["item_code"], row["level"]) for row in answers) == [("I.1", "5")] * 7 + [("I.2", "3")] * 7
        assert take(workspace, "survey_response").records == {}
        if service == "kobo":
            plan.records[2] = form(service, 3, sex="nam")
            assert len(take(workspace, "survey_response").records) == 1
            latest = {row["record_key"]: row["sex"] for row in taken.landed("survey_response")}
            assert sorted(latest.values()) == ["female"] * 6 + ["male"]


def test_a_form_that_came_on_two_pages_is_a_duplicate(workspace: Workspace) -> None:
    plan = Plan([form("json", number) for number in range(1, 8)])
    plan.before = lambda number: plan.records.insert(0, form("json", 99)) if number == 2 else None
    with SurveyServer(plan) as server:
        write_spec(workspace, "phieu", survey("json", server.url))
        record = take(workspace, "survey_response").records["json@phieu"]
        assert (record.rows_read, record.rows_accepted, record.rows_duplicate) == (8, 7, 1)


def test_a_server_that_fails_stops_no_other_source(workspace: Workspace) -> None:
    """Its problem is told, nothing of it lands, files and other servers are taken in."""
    bad = Plan([form("odk", 1)], dict.fromkeys(range(1, 99), html))
    with SurveyServer(Plan([form("kobo", 1)])) as good, SurveyServer(bad) as server:
        write_spec(workspace, "hong", survey("odk", server.url))
        write_spec(workspace, "tot", survey("kobo", good.url))
        taken = take(workspace, "survey_response")
        assert list(taken.records) == ["kobo@tot"]
        [problem] = taken.problems
        assert problem.rule == "http.html" and problem.file == "sources/hong.yml"
        assert NAME not in said(taken.problems) and PASSWORD not in said(taken.problems)
    write_spec(workspace, "ho_so", case_spec())
    put_cases(workspace, "inbox/ho_so/a.csv", [case_row(1)])
    assert take(workspace).records["inbox/ho_so/a.csv"].rows_accepted == 1


def test_rows_that_break_a_rule_are_quarantined(workspace: Workspace) -> None:
    """Half a letter, a NUL and a value without a meaning cost their own forms only."""
    plan = Plan([form("kobo", number) for number in range(1, 9)])
    plan.records[0]["tra_loi/co_so"] = "khong ro"
    plan.records[1]["dau/don_vi"] = "An M\ud800"
    plan.records[2]["dau/don_vi"] = "An\0 Mỹ"
    with SurveyServer(plan) as server:
        write_spec(workspace, "phieu", survey("kobo", server.url, page_size=100))
        taken = take(workspace, "survey_response", quarantine_share=0.9)
        record = taken.records["kobo@phieu"]
        assert (record.rows_read, record.rows_accepted, record.rows_quarantined) == (8, 5, 3)
        rules = {rule for rule, _ in taken.rules("kobo@phieu")}
        assert rules == {"survey_answer.outside_scale", "row.not_json", "row.nul"}


# --- what a spec may say -----------------------------------------------------------------------------------------------------------


def problems_of(workspace: Workspace, spec: Row) -> list[Problem]:
    path = write_spec(workspace, "phieu", spec)
    return read_spec(path, load_contracts(), ("282",))[1]


@pytest.mark.parametrize(
    ("change", "rule", "expected"),
    [
        ({"aset": "a1"}, "spec.unknown_key", "“asset”"),
        ({"asset": None}, "spec.value", "must be a text"),
        ({"service": "koboo"}, "spec.value", "“kobo”"),
        ({"limits": {"trys": 3}}, "spec.unknown_key", "“tries”"),
        ({"limits": {"tries": 0}}, "spec.value", "not less than 1"),
        ({"auth": {"tokn": {"env": "X"}}}, "spec.unknown_key", "“token”"),
        ({"auth": {"token": {"enf": "X"}}}, "spec.unknown_key", "“env”"),
        ({"auth": {"token": {"env": "X", "file": "y"}}}, "spec.value", "exactly one of file, env"),
        ({"auth": {"token": "zusecret"}}, "spec.value", "keys with values"),
        ({"auth": {"user": "a", "password": {"env": "X"}}}, "spec.value", "needs auth: {token"),
        ({"auth": {"user": "a"}}, "spec.value", "a user (or user_env) and a password"),
        ({"url": "https://a:b@huyen.example"}, "spec.value", "holds no user"),
        ({"url": "http://huyen.example"}, "spec.value", "allow_http"),
        ({"url": "ftp://huyen.example"}, "spec.value", "https://server/path"),
        ({"url": "https://"}, "spec.value", "https://server/path"),
        ({"url": "https://x:99999"}, "spec.value", "https://server/path"),
        ({"url_env": "X"}, "spec.value", "exactly one of url, url_env"),
        ({"page_size": 0}, "spec.value", "not less than 1"),
    ],
)
def test_a_spec_that_cannot_be_used_is_told_where(workspace: Workspace, change: Row, rule: str, expected: str) -> None:
    spec = survey("kobo", "https://kobo.huyen.example")
    spec["location"]["http"] |= change
    found = problems_of(workspace, spec)
    assert [problem.rule for problem in found][:1] == [rule], said(found)
    assert expected in said(found)
    assert all(problem.line is not None for problem in found)
    assert "zusecret" not in said(found) and "a:b@" not in said(found)


@pytest.mark.parametrize(
    ("service", "change", "expected"),
    [
        ("json", {"paging": {"kind": "offset", "ofset": "x"}}, "“offset”"),
        ("json", {"paging": {"kind": "pages"}}, "“page”"),
        ("json", {"total": "a", "total_header": "b"}, "one of total, total_header"),
        ("odk", {"auth": {"token": {"env": "X"}}}, "user: …, password: …"),
        ("odk", {"project": "7a"}, "whole number"),
        ("limesurvey", {"asset": "x"}, "There is no key “asset”"),
    ],
)
def test_other_services_are_as_strict(workspace: Workspace, service: str, change: Row, expected: str) -> None:
    spec = survey(service, "https://may_chu.huyen.example")
    spec["location"]["http"] |= change
    assert expected in said(problems_of(workspace, spec))


def test_a_list_goes_with_its_reader_and_no_other_place(workspace: Workspace) -> None:
    spec = survey("kobo", "https://kobo.huyen.example")
    assert problems_of(workspace, spec) == []
    assert "goes with a reader of kind jsonl" in said(problems_of(workspace, {**spec, "reader": {"kind": "csv"}}))
    assert "kind database" in said(problems_of(workspace, {**spec, "reader": {"kind": "database"}}))
    spec["location"]["path"] = "inbox/*.jsonl"
    assert "exactly one of path, http, url, url_env" in said(problems_of(workspace, spec))


GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "read-from-a-survey-server.md"


def test_the_guides_example_is_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example as it stands there, but for the server's address and the form's id."""
    page = GUIDE.read_text(encoding="utf-8")
    [text] = re.findall(
        r"<!-- example: sources/phieu_kobo.yml -->\n```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    monkeypatch.setenv("KOBO_TOKEN", TOKEN)
    forms = [
        {
            "_id": number,
            "_uuid": f"u{number}",
            "_submission_time": "2023-06-05T02:00:00",
            "_submitted_by": None,
            "ngay_phong_van": "2023-06-05",
            "dia_ban/xa": "An Mỹ",
            "dia_ban/gioi_tinh": "nam",
            "dia_ban/ho_ten": NAME,
            "tiep_can/tru_so": "5",
            "tiep_can/trang_thiet_bi": "4",
        }
        for number in (1, 2)
    ]
    with SurveyServer(Plan(forms)) as server:
        local = text.replace("https://kf.kobotoolbox.org", server.url).replace("aBcDeFgHiJkLmNoPqRsTuV", "aZuPhieu1")
        assert local.count(server.url) == local.count("aZuPhieu1") == 1
        (workspace.sources / "phieu_kobo.yml").write_text(local, encoding="utf-8")
        taken = take(workspace, "survey_response")
        assert taken.records["kobo@phieu_kobo"].rows_accepted == 2, said(taken.problems)
        assert len(taken.landed("survey_answer")) == 4 and taken.problems == []


def test_the_guides_locations_are_valid(workspace: Workspace) -> None:
    blocks = re.findall(r"^```yaml\n(location:\n.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        service = yaml.safe_load(block)["location"]["http"]["service"]
        spec = survey(service, "https://may_chu.huyen.example") | yaml.safe_load(block)
        assert problems_of(workspace, spec) == [], service
