"""Survey servers and JSON APIs: every record of the truth is read, whatever goes wrong on the way, or the source is refused."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import random
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import TypeAdapter
from survey_server import (
    PASSWORD,
    SESSION,
    TOKEN,
    USER,
    Fault,
    Handler,
    Plan,
    SurveyServer,
    bomb,
    cut,
    drip,
    drip_headers,
    endless,
    gzip_cut,
    gzipped,
    html,
    length,
    no_answer,
    says,
    stall,
    status,
    to,
    to_itself,
)

from assets.ingest.http.attempts import persistently
from assets.ingest.http.collect import collect
from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import HttpOptions, Limits
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


def options(server: str, service: str = "kobo", **changes: Any) -> HttpOptions:
    """The spec of a source on the test server: two records a page, quick to give up."""
    password = {"user": USER, "password": {"env": "SURVEY_PASSWORD"}}
    of_service: dict[str, Row] = {
        "kobo": {"url": server, "asset": "aZuPhieu1", "auth": {"token": {"env": "SURVEY_TOKEN"}}},
        "odk": {"url": server, "project": 7, "form": "Phiếu 1", "auth": password},
        "limesurvey": {"url": f"{server}/index.php/admin/remotecontrol", "survey": 512345, "auth": password},
        "json": {
            "url": f"{server}/api/phieu",
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
    """The records as they are to be read: without links to files, and Kobo's moments, which are in UTC, marked as such."""
    told = [{name: value for name, value in row.items() if name != "_attachments"} for row in plan.records]
    for row in told:
        if "_submission_time" in row:
            row["_submission_time"] += "Z"
    return told


SERVICES = ("kobo", "odk", "limesurvey", "json")


@pytest.mark.parametrize("service", SERVICES)
def test_every_record_is_read(workspace: Workspace, service: str) -> None:
    plan = Plan(records(service, 7))
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url, service)) == truth(plan)
        assert len(server.data_requests) == 4
        assert server.sessions == 0, "a session that was opened is closed"


# --- what passes ----------------------------------------------------------------------------------------------------------------

PASSING: dict[str, Fault] = {
    "429": status(429),
    "429 with seconds": status(429, Retry_After="0"),
    "429 with a date": status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "429 with nonsense": status(429, Retry_After="soon"),
    "500": status(500),
    "502": status(502),
    "503": status(503, Retry_After="0"),
    "reset": cut,
    "no answer": no_answer,
    "too short": length(+40),
    "too long": length(-40),
    "gzip cut": gzip_cut,
    "stalled": stall,
    "drip": drip,
    "headers drip": drip_headers,
    "web page": html,
    "half a document": says(b'{"results": [{"_id": 1'),
    "nothing": says(b""),
    "not a number": says(b'{"count": NaN}'),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("service", ["kobo"])
def test_what_passes_is_waited_for(workspace: Workspace, service: str, fault: Fault) -> None:
    """A request that goes wrong once is made again, and nothing of the truth is lost or doubled."""
    plan = Plan(records(service, 5), {2: fault})
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url, service)) == truth(plan)
        assert [asked.query["start"] for asked in server.data_requests] == ["0", "2", "2", "4"]


@pytest.mark.parametrize("service", ["odk", "limesurvey", "json"])
def test_every_service_asks_again(workspace: Workspace, service: str) -> None:
    plan = Plan(records(service, 5), {1: status(503), 2: cut, 4: length(30), 6: html})
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url, service)) == truth(plan)


def test_compressed_pages_are_read(workspace: Workspace) -> None:
    plan = Plan(records("kobo", 5), {1: gzipped, 2: gzipped, 3: gzipped})
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url)) == truth(plan)
        assert server.asked[0].headers["Accept-Encoding"] == "gzip"


def test_waits_double_are_bounded_and_differ() -> None:
    """Full jitter: every wait lies between nothing and its bound, and no two clients wait alike."""
    limits = Limits(first_wait_seconds=1, longest_wait_seconds=4, tries=6)
    waits: list[list[float]] = []
    for _ in range(200):
        waited: list[float] = []
        with pytest.MonkeyPatch.context() as patch, pytest.raises(HttpFault):
            patch.setattr("tenacity.nap.time.sleep", waited.append)
            persistently(lambda: fail(HttpFault("http.busy", "v", "e", tries=None)), limits)
        waits.append(waited)
    for nth, bound in enumerate([1, 2, 4, 4, 4]):
        times = [waited[nth] for waited in waits]
        assert min(times) >= 0 and max(times) <= bound
        assert len(set(times)) == 200, "no two alike"
        # The mean of a uniform distribution, within five standard errors.
        assert abs(sum(times) / 200 - bound / 2) < 5 * bound / (12 * 200) ** 0.5
    assert {len(waited) for waited in waits} == {5}, "six tries and no more"


def test_a_server_is_given_the_rest_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    limits = Limits(first_wait_seconds=1, longest_wait_seconds=60, tries=3)
    with pytest.raises(HttpFault):
        persistently(lambda: fail(HttpFault("http.busy", "v", "e", tries=None, wait=30)), limits)
    assert len(waited) == 2 and all(30 <= seconds <= 31 for seconds in waited)


def fail(fault: HttpFault) -> None:
    raise fault


# --- what does not pass ------------------------------------------------------------------------------------------------------------

# What goes wrong each time: the rule, how often the page is asked for, and the service.
LASTING: dict[str, tuple[Fault, str, int]] = {
    "429": (status(429), "http.busy", 4),
    "429 for an hour": (status(429, Retry_After="3600"), "http.busy", 1),
    "503 until next century": (status(503, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"), "http.busy", 1),
    "500": (status(500), "http.server_error", 4),
    "401": (status(401), "http.login", 1),
    "403": (status(403), "http.login", 1),
    "404": (status(404), "http.not_found", 1),
    "400": (status(400), "http.refused", 1),
    "reset": (cut, "http.cut", 4),
    "no answer": (no_answer, "http.cut", 4),
    "too short": (length(+40), "http.cut", 4),
    "gzip cut": (gzip_cut, "http.not_json", 4),
    "web page": (html, "http.html", 2),
    "bomb": (bomb, "http.too_large", 1),
    "endless": (endless, "http.too_large", 1),
    "stated too large": (length(1 << 40), "http.too_large", 1),
    "another shape": (says(b'{"count": 5, "result": [], "next": null}'), "http.shape", 1),
    "a list of numbers": (says(b'{"count": 5, "results": [1, 2], "next": null}'), "http.shape", 1),
    "a number": (says(b"5"), "http.shape", 1),
    "no total": (says(b'{"results": [{"_id": 1}], "next": null}'), "http.shape", 1),
    "total of another kind": (says(b'{"count": true, "results": [{"_id": 1}], "next": null}'), "http.shape", 1),
    "no id": (says(b'{"count": 1, "results": [{"id": 1}], "next": null}'), "http.record_id", 1),
    "deep": (says(b'{"count": 1, "results": [{"_id": 1, "a": ' + b"[" * 100_000), "http.too_deep", 1),
    "rather deep": (
        says(b'{"count": 1, "next": null, "results": [{"_id": 1, "a": ' + b"[" * 200 + b"]" * 200 + b"}]}"),
        "http.too_deep",
        1,
    ),
    "to itself": (to_itself, "http.redirect", 12),
}


@pytest.mark.parametrize("case", LASTING.values(), ids=LASTING.keys())
def test_what_lasts_refuses_the_source(workspace: Workspace, case: tuple[Fault, str, int]) -> None:
    """Page 2 fails for good: the source is refused, with its place and what to do, and its first page is kept."""
    fault, rule, times = case
    plan = Plan(records("kobo", 5), dict.fromkeys(range(2, 40), fault))
    spec = options("http://localhost", limits={"page_mb": 1})
    with SurveyServer(plan) as server:
        problem = read(workspace, spec.model_copy(update={"url": server.url}))
        assert isinstance(problem, Problem)
        assert problem.rule == rule
        assert f"kobo ({server.url}/api/v2/assets/aZuPhieu1/data.json), page 2: " in problem.message.en
        assert "1 page(s) are kept" in problem.message.en and "Đã giữ 1 trang" in problem.message.vi
        assert len(server.data_requests) == 1 + times
        # Mended, the server is asked for what is missing only.
        plan.faults.clear()
        asked = len(server.data_requests)
        assert read(workspace, options(server.url)) == truth(plan)
        assert [one.query["start"] for one in server.data_requests[asked:]] == ["2", "4"]
    assert [path.name for path in file_of(workspace).parent.iterdir()] == ["phieu.jsonl"]


HOSTILE_TARGETS = [
    "http://[",
    "//",
    "http://127.0.0.1:abc/",
    "http://127.0.0.1:99999999/",
    "\x7f\x80",
    "http://\xff/",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("target", HOSTILE_TARGETS)
def test_targets_that_are_no_addresses(workspace: Workspace, target: str) -> None:
    page = {"data": {"items": [record("json", 1)]}, "meta": {"total": 2, "next": target}}
    for answer in (to(target), says(json.dumps(page).encode())):
        with SurveyServer(Plan([], dict.fromkeys(range(1, 30), answer))) as server:
            problem = read(workspace, options(server.url, "json", paging={"kind": "link", "next": "meta.next"}))
            assert isinstance(problem, Problem)
            expected = ("http.address", "http.other_host", "http.loop", "http.redirect", "http.shape")
            assert problem.rule in expected, problem
            assert problem.message.en.isprintable()


HALF = "\ud83d"


@pytest.mark.parametrize(
    "page",
    [
        {"count": 1, "next": None, "results": [{"_id": HALF, HALF: HALF}]},
        {"count": 1, "next": None, "results": [{"_id": "a\0b", "b\0": "\0"}]},
        {"count": 1, "next": None, "results": [{"_id": 10**400, "so": 10**400}]},
        {"count": 1, "next": None, "results": [{"_id": 1, "so": 1e308}]},
    ],
)
def test_odd_values_are_kept(workspace: Workspace, page: Row) -> None:
    with SurveyServer(Plan([], {1: says(json.dumps(page).encode())})) as server:
        assert collect("phieu", options(server.url), workspace, file_of(workspace)) != ""
        [line] = file_of(workspace).read_bytes().splitlines()
        assert json.loads(line.decode("utf-8", "surrogatepass")) == page["results"][0]


@pytest.mark.parametrize("total", [10**400, 10**15, -1, 1.5, "1e3", [], "x" * 10_000])
def test_totals_that_are_none(workspace: Workspace, total: Any) -> None:
    page = {"count": total, "next": None, "results": [{"_id": 1}]}
    with SurveyServer(Plan([], {1: says(json.dumps(page).encode())})) as server:
        problem = read(workspace, options(server.url))
        assert isinstance(problem, Problem) and problem.rule == "http.shape" and len(problem.message.en) < 400


@pytest.mark.parametrize("service", SERVICES)
def test_garbled_answers_never_surprise(workspace: Workspace, service: str) -> None:
    """A hundred answers with bytes changed, doubled or taken out: the truth, or a problem; never an exception."""
    chance = random.Random(7)

    def garbled(handler: Handler, content: bytes) -> None:
        body = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(body))
            match chance.randrange(4):
                case 0:
                    body[place] = chance.choice(b'{}[]",:0\\n\xff<')
                case 1:
                    del body[place : place + chance.randint(1, 20)]
                case 2:
                    body[place:place] = body[place : place + chance.randint(1, 20)]
                case 3:
                    del body[place:]
                    break
        handler.give(200, bytes(body))

    whole = 0
    with SurveyServer(Plan(records(service, 5))) as server:
        spec = options(server.url, service, limits={"tries": 1})
        for _ in range(25):
            ahead = server.pages + 1
            server.plan.faults = {ahead: garbled, ahead + 1: garbled, ahead + 2: garbled}
            file_of(workspace).with_suffix(".partial").unlink(missing_ok=True)
            found = read(workspace, spec)
            # A changed letter within a record cannot be noticed by anybody; their number can.
            assert isinstance(found, Problem) or len(found) == 5
            whole += isinstance(found, list)
    assert whole < 25


# --- lists that move --------------------------------------------------------------------------------------------------------------


def test_what_arrives_meanwhile_costs_nothing(workspace: Workspace) -> None:
    """Kobo's new forms come at the end and are read with the rest; ODK's come first and are left to the next run."""
    for service, expected in (("kobo", 7), ("odk", 6)):
        plan = Plan(records(service, 6))
        plan.before = lambda number, plan=plan, service=service: (
            plan.records.append(record(service, 7)) if number == 2 else None
        )
        with SurveyServer(plan) as server:
            assert read(workspace, options(server.url, service)) == truth(plan)[:expected]
            assert len(server.data_requests) in (3, 4), "read once"


def test_a_record_that_comes_twice_is_a_copy(workspace: Workspace) -> None:
    """A list whose newest stand first moves on: what was last on one page comes again as first of the next."""
    plan = Plan(records("json", 6))
    plan.before = lambda number: plan.records.insert(0, record("json", 9)) if number == 2 else None
    with SurveyServer(plan) as server:
        rows = read(workspace, options(server.url, "json"))
        assert isinstance(rows, list)
        named = [row["ma"] for row in rows]
        assert sorted(set(named)) == ["P1", "P2", "P3", "P4", "P5", "P6"]
        assert named.count("P2") == 2 and len(rows) == 7
        first = collect("phieu", options(server.url, "json"), workspace, file_of(workspace))
        plan.before = lambda number: None
        assert collect("phieu", options(server.url, "json"), workspace, file_of(workspace)) == first


def test_a_record_that_slips_past_is_noticed(workspace: Workspace) -> None:
    """Form 1 is deleted while page 2 is asked for, so that form 3 stands where page 1 was; the list is read anew."""
    plan = Plan(records("kobo", 6))
    plan.before = lambda number: plan.records.pop(0) if number == 2 else None
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url)) == truth(plan)
        assert [asked.query["start"] for asked in server.data_requests] == ["0", "2", "4", "0", "2", "4"]


def test_a_changed_record_is_read_as_it_is_at_last(workspace: Workspace) -> None:
    plan = Plan(records("kobo", 4))

    def change(number: int) -> None:
        if number == 2:
            plan.records[1]["phan_1/co_so"] = "1"
            plan.records.insert(0, record("kobo", 0))

    plan.before = change
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url)) == truth(plan)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("stated", [4, 7])
def test_a_list_that_does_not_add_up_is_refused(workspace: Workspace, service: str, stated: int) -> None:
    """Five records and another total, in both readings: nothing is taken, and the message has both numbers."""
    with SurveyServer(Plan(records(service, 5), stated_total=stated)) as server:
        problem = read(workspace, options(server.url, service, page_size=3))
        assert isinstance(problem, Problem) and problem.rule == "http.incomplete"
        assert f"states {stated} records, and 5 different ones" in problem.message.en or (
            # Asked for no more than it states, this one gives what belongs to the pages up to there.
            service in ("json", "limesurvey") and stated == 4
        )
        assert not list(file_of(workspace).parent.iterdir()), "nothing is kept of a list that does not add up"


def test_one_id_with_two_contents_is_refused(workspace: Workspace) -> None:
    rows = [record("json", 1), record("json", 2), {**record("json", 1), "diem": 5}]
    with SurveyServer(Plan(rows)) as server:
        problem = read(workspace, options(server.url, "json"))
        assert isinstance(problem, Problem) and problem.rule == "http.conflict"
        assert len(server.data_requests) == 4, "read anew once"


def test_a_server_without_an_end_is_left(workspace: Workspace) -> None:
    """Pages that repeat for ever, and a next page that is the same one."""
    page = json.dumps({"count": 99, "next": "x", "results": truth(Plan(records("kobo", 2)))}).encode()
    with SurveyServer(Plan([], dict.fromkeys(range(1, 99), says(page)))) as server:
        problem = read(workspace, options(server.url))
        assert isinstance(problem, Problem) and problem.rule == "http.loop"
        assert len(server.data_requests) == 4
    page = json.dumps({"data": {"items": [record("json", 1)]}, "meta": {"next": "tiep"}}).encode()
    with SurveyServer(Plan([], dict.fromkeys(range(1, 99), says(page)))) as server:
        spec = options(server.url, "json", total=None, paging={"kind": "cursor", "next": "meta.next"})
        problem = read(workspace, spec)
        assert isinstance(problem, Problem) and problem.rule == "http.loop"
        assert len(server.data_requests) == 2


def test_a_server_without_records_says_so(workspace: Workspace) -> None:
    plan = Plan([])
    for service in SERVICES:
        plan.records = []
        with SurveyServer(plan) as server:
            problem = read(workspace, options(server.url, service))
            assert isinstance(problem, Problem) and problem.rule == "http.empty", service
            plan.records = records(service, 1)
            assert read(workspace, options(server.url, service)) == truth(plan), "and is asked again"


# --- one service each --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paging", "spec", "requests"),
    [
        ("offset", {"kind": "offset", "offset": "from", "limit": "size"}, 4),
        ("page", {"kind": "page", "page": "no", "size": "size"}, 4),
        ("cursor", {"kind": "cursor", "next": "meta.next", "cursor": "from", "size": "size"}, 4),
        ("link", {"kind": "link", "size": "size"}, 4),
        ("body_link", {"kind": "link", "next": "meta.next", "size": "size"}, 4),
        ("offset", None, 1),
    ],
)
@pytest.mark.parametrize("total", [{}, {"total": None}, {"total": None, "total_header": "X-Total-Count"}])
def test_the_ways_of_paging(workspace: Workspace, paging: str, spec: Row | None, requests: int, total: Row) -> None:
    plan = Plan(records("json", 7), paging=paging)
    with SurveyServer(plan) as server:
        made = options(server.url, "json", paging=spec, params={"nam": "2023"}, **total)
        assert read(workspace, made) == truth(plan)
        # Without a total, only an empty page shows that nothing follows.
        unknown = total == {"total": None} and paging in ("offset", "page") and spec is not None
        assert len(server.data_requests) == requests + unknown
        assert server.data_requests[0].query["nam"] == "2023"


def test_a_server_that_gives_fewer_than_asked_for_is_read_whole(workspace: Workspace) -> None:
    for service in SERVICES:
        plan = Plan(records(service, 7), most=3)
        with SurveyServer(plan) as server:
            assert read(workspace, options(server.url, service, page_size=100)) == truth(plan)


def test_repeats_of_odk_are_rows_beside_their_form(workspace: Workspace) -> None:
    forms = [
        record("odk", 1, ho=[{"__id": "a", "tuoi": 30}, {"__id": "b", "tuoi": 31}]),
        record("odk", 2, ho=[]),
        record("odk", 3, ho=[{"__id": "c", "tuoi": 32}], phan_1={"tep@odata.navigationLink": "x", "co_so": "5"}),
    ]
    with SurveyServer(Plan(forms)) as server:
        rows = read(workspace, options(server.url, "odk", repeat="ho"))
        assert isinstance(rows, list)
        told = [(row["__id"], row["ho"]["tuoi"], row["phan_1"]["co_so"]) for row in rows]
        assert told == [("uuid:0001", 30, "4"), ("uuid:0001", 31, "4"), ("uuid:0003", 32, "5")]
        assert "@odata" not in json.dumps(rows)
        plain = read(workspace, options(server.url, "odk"))
        assert isinstance(plain, list) and all("ho" not in row for row in plain) and len(plain) == 3
        problem = read(workspace, options(server.url, "odk", repeat="nguoi"))
        assert isinstance(problem, Problem) and problem.rule == "http.shape" and "“nguoi”" in problem.message.en


def test_limesurvey_gaps_and_unfinished_forms(workspace: Workspace) -> None:
    """Only completed responses; ids far apart cost few requests; the shape of versions before 5 is read as well."""
    for shape in ("new", "old"):
        plan = Plan([record("limesurvey", number) for number in (1, 2, 3, 50_000, 50_001)], paging=shape)
        plan.records[1]["submitdate"] = None
        with SurveyServer(plan) as server:
            rows = read(workspace, options(server.url, "limesurvey"))
            assert isinstance(rows, list)
            assert [row["id"] for row in rows] == ["1", "3", "50000", "50001"]
            assert len(server.data_requests) < 25


@pytest.mark.parametrize("service", SERVICES)
def test_a_wrong_password_is_told(workspace: Workspace, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVEY_TOKEN", "zuwrong")
    monkeypatch.setenv("SURVEY_PASSWORD", "zuwrong")
    with SurveyServer(Plan(records(service, 1))) as server:
        problem = read(workspace, options(server.url, service))
        assert isinstance(problem, Problem) and problem.rule == "http.login"
        assert "zuwrong" not in problem.render()
        assert len(server.asked) == 1, "a wrong password is not tried again: accounts get locked"


def test_a_wrong_form_is_told(workspace: Workspace) -> None:
    with SurveyServer(Plan(records("odk", 1))) as server:
        problem = read(workspace, options(server.url, "odk", form="phieu_cu"))
        assert isinstance(problem, Problem) and problem.rule == "http.not_found"
        problem = read(workspace, options(server.url, "kobo", asset="a2"))
        assert isinstance(problem, Problem) and problem.rule == "http.not_found"
        problem = read(workspace, options(server.url, "limesurvey", survey=1))
        assert isinstance(problem, Problem) and problem.rule == "http.survey"
        problem = read(workspace, options(server.url, "json", records="data.itens"))
        assert isinstance(problem, Problem) and problem.rule == "http.shape"


# --- where things are sent -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["redirect", "link", "header"])
def test_nothing_is_sent_to_another_server(workspace: Workspace, how: str) -> None:
    with SurveyServer(Plan(records("json", 5))) as other, SurveyServer(Plan(records("json", 5))) as server:
        plan = server.plan
        plan.paging = {"redirect": "offset", "link": "body_link", "header": "link"}[how]
        plan.next_host = other.url
        paging: Row = {"kind": "link", "next": "meta.next"} if how == "link" else {"kind": "link"}
        if how == "redirect":
            plan.faults = {1: to(f"{other.url}/api/phieu")}
        plan.most = 2
        # By another name it is another server, even on the same machine.
        plan.next_host = other.url.replace("127.0.0.1", "localhost")
        problem = read(workspace, options(server.url, "json", paging=paging))
        assert isinstance(problem, Problem) and problem.rule == "http.other_host"
        assert other.asked == [] and "?" not in problem.message.en


def test_a_redirect_on_the_same_server_is_followed(workspace: Workspace) -> None:
    plan = Plan(records("json", 2), {1: lambda handler, content: to(f"{handler.path}&theo=1")(handler, content)})
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url, "json")) == truth(plan)
        assert server.asked[1].query["theo"] == "1"
        assert server.asked[1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_login_is_not_redirected(workspace: Workspace) -> None:
    """A password goes to the address of the spec and to no other, even on the same server."""
    plan = Plan(records("limesurvey", 2), {1: to("/index.php?r=admin/remotecontrol", 301)})
    with SurveyServer(plan) as server:
        problem = read(workspace, options(server.url, "limesurvey"))
        assert isinstance(problem, Problem) and problem.rule == "http.redirect"


def test_cookies_and_netrc_are_not_used(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = workspace.root.parent / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password zuother\n")
    monkeypatch.setenv("NETRC", str(netrc))
    plan = Plan(records("kobo", 3), {1: with_cookie})
    with SurveyServer(plan) as server:
        assert read(workspace, options(server.url)) == truth(plan)
        for asked in server.asked:
            assert asked.headers["Authorization"] == f"Token {TOKEN}" and "Cookie" not in asked.headers
            assert asked.headers["User-Agent"] == "sipas-warehouse"


def with_cookie(handler: Any, content: bytes) -> None:
    handler.give(200, content, {"Set-Cookie": "s=1; Path=/"})


def test_certificates_are_verified(workspace: Workspace) -> None:
    made = certificate(workspace.root.parent)
    plan = Plan(records("kobo", 3))
    with SurveyServer(plan) as server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(made)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = server.url.replace("http://", "https://")
        problem = read(workspace, options(url))
        assert isinstance(problem, Problem) and problem.rule == "http.tls"
        assert server.asked == []
        assert read(workspace, options(url, ca_file="../ca.pem")) == truth(plan)
        problem = read(workspace, options(url, ca_file="../cb.pem"))
        assert isinstance(problem, Problem) and problem.rule == "http.tls"


def certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody vouches for, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    both = folder / "server.pem"
    both.write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return both


def test_a_server_that_is_not_there(workspace: Workspace) -> None:
    with SurveyServer(Plan([])) as server:
        url = server.url
    problem = read(workspace, options(url))
    assert isinstance(problem, Problem) and problem.rule == "http.unreachable"


# --- secrets -----------------------------------------------------------------------------------------------------------------------


def test_where_secrets_may_stand(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = workspace.root.parent / "kobo.token"
    inside = workspace.root / "kobo.token"
    plan = Plan(records("kobo", 3))

    def given(**secret: str) -> list[Row] | Problem:
        return read(workspace, options(server.url, auth={"token": secret}))

    def refused(expected: str, **secret: str) -> None:
        problem = given(**secret)
        assert isinstance(problem, Problem) and problem.rule == "http.secret" and expected in problem.message.en

    with SurveyServer(plan) as server:
        outside.write_text(f"\ufeff{TOKEN}\r\n", encoding="utf-8")
        inside.write_text(TOKEN)
        assert given(file="../kobo.token") == truth(plan)
        assert given(file=str(outside)) == truth(plan)
        refused("must stand outside the workspace", file="kobo.token")
        refused("must stand outside the workspace", file="../office/kobo.token")
        (workspace.root.parent / "link").symlink_to(inside)
        refused("must stand outside the workspace", file="../link")
        refused("is missing", file="../no.token")
        refused("SURVEY_NONE", env="SURVEY_NONE")
        outside.write_text(f"{TOKEN}\nX-Other: 1")
        refused("several lines", file="../kobo.token")
        outside.write_text("mật-khẩu")
        refused("ASCII", file="../kobo.token")
    with SurveyServer(plan) as server:
        monkeypatch.setenv("SURVEY_URL", f"{server.url}/zuhidden")
        problem = read(workspace, options("https://x", url=None, url_env="SURVEY_URL"))
        assert isinstance(problem, Problem) and problem.rule == "http.not_found"
        assert server.url in problem.message.en and "zuhidden" not in problem.render("vi") + problem.render("en")
    monkeypatch.setenv("SURVEY_URL", f"https://{USER.replace('@', '%40')}:{PASSWORD}@huyen.example")
    problem = read(workspace, options("https://x", url=None, url_env="SURVEY_URL"))
    assert isinstance(problem, Problem) and problem.rule == "http.address"


def test_secrets_stand_in_no_file(workspace: Workspace) -> None:
    """Neither while a reading is under way nor after it."""
    for service in SERVICES:
        plan = Plan(records(service, 5), {3: status(404)})
        with SurveyServer(plan) as server:
            assert isinstance(read(workspace, options(server.url, service)), Problem)
            kept = b"".join(path.read_bytes() for path in workspace.root.rglob("*") if path.is_file())
            assert kept, "the partial reading"
            plan.faults.clear()
            assert isinstance(read(workspace, options(server.url, service)), list)
            kept += file_of(workspace).read_bytes()
        for secret in (TOKEN, PASSWORD, SESSION, USER):
            assert secret.encode() not in kept


# --- going on after a failure -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_the_next_run_goes_on(workspace: Workspace, service: str) -> None:
    plan = Plan(records(service, 9), {3: status(403)})
    with SurveyServer(plan) as server:
        assert isinstance(read(workspace, options(server.url, service)), Problem)
        asked = len(server.data_requests)
        assert read(workspace, options(server.url, service)) == truth(plan)
        assert asked == 3 and len(server.data_requests) == 3 + 3, "pages 3, 4 and 5"


def test_another_question_is_not_continued(workspace: Workspace) -> None:
    """What was read of another form, by other parameters or a day ago is not taken for a part of this list."""
    plan = Plan(records("json", 5), {2: status(403)})
    with SurveyServer(plan) as server:
        assert isinstance(read(workspace, options(server.url, "json", params={"nam": "2022"})), Problem)
        assert read(workspace, options(server.url, "json", params={"nam": "2023"})) == truth(plan)
        assert server.data_requests[2].query["from"] == "0"


def test_an_old_or_damaged_part_is_not_continued(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    part = file_of(workspace).with_suffix(".partial")
    for spoil in ("old", "cut", "other"):
        plan = Plan(records("kobo", 5), {2: status(403)})
        with SurveyServer(plan) as server:
            assert isinstance(read(workspace, options(server.url)), Problem)
            if spoil == "cut":
                part.write_bytes(part.read_bytes()[:5000])
            elif spoil == "other":
                part.write_bytes(b"\0" * 5000)
            with monkeypatch.context() as patch:
                if spoil == "old":
                    patch.setattr("assets.ingest.http.partial.KEPT_HOURS", 0)
                assert read(workspace, options(server.url)) == truth(plan)
            assert server.data_requests[2].query["start"] == "0", spoil


def test_a_position_the_server_has_forgotten(workspace: Workspace) -> None:
    """Cursors grow old: refused where it was left, the list is read from its beginning."""
    plan = Plan(records("json", 5), {2: status(403), 3: status(410)}, paging="cursor")
    with SurveyServer(plan) as server:
        spec = options(
            server.url, "json", paging={"kind": "cursor", "next": "meta.next", "cursor": "from", "size": "size"}
        )
        assert isinstance(read(workspace, spec), Problem)
        assert read(workspace, spec) == truth(plan)
        assert "from" not in server.data_requests[3].query


def test_a_killed_run_goes_on(workspace: Workspace) -> None:
    """SIGKILL while the fourth page is on its way: the next run asks for that page first, and ends with the whole list."""
    arrived = threading.Event()
    plan = Plan(records("kobo", 10))
    plan.before = lambda number: (arrived.set(), time.sleep(2))[0] if number == 4 else None
    with SurveyServer(plan) as server:
        spec = options(server.url, limits={"read_seconds": 30, "page_seconds": 30})
        code = (
            "import sys; from pathlib import Path; from pydantic import TypeAdapter; from assets.workspace import Workspace\n"
            "from assets.ingest.http.collect import collect; from assets.ingest.http.options import HttpOptions\n"
            "spec = TypeAdapter(HttpOptions).validate_json(sys.argv[1])\n"
            "print(collect('phieu', spec, Workspace(Path(sys.argv[2])), Path(sys.argv[3])))"
        )
        words = [sys.executable, "-c", code, spec.model_dump_json(), str(workspace.root), str(file_of(workspace))]
        process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            assert arrived.wait(20)
        finally:
            process.kill()
            process.wait()
        assert not file_of(workspace).exists()
        plan.before = lambda number: None
        assert read(workspace, spec) == truth(plan)
        assert [asked.query["start"] for asked in server.data_requests] == ["0", "2", "4", "6", "6", "8"]


def test_a_full_disk_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*about: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with SurveyServer(Plan(records("kobo", 3))) as server:
        problem = read(workspace, options(server.url))
        assert isinstance(problem, Problem) and problem.rule == "http.disk"
