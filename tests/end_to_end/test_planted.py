"""Promise 5: planted names, numbers, addresses and secrets are nowhere but in the private zone, whatever happens to them.

One office is published with them in good rows, refused rows, wrong columns, file names and sheet names; then a run of it
fails with an error that quotes a cell. Everything outside inbox/, landing/, quarantine/ and returns/ is searched.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from said import texts
from sipas_process import Sipas, Trouble
from tiny_office import MONTHS
from workspaces import (
    KEY,
    NAME,
    PHONE,
    case_row,
    case_spec,
    complaint_row,
    complaint_spec,
    csv_bytes,
    form_row,
    make_workspace,
    put,
    put_complaints,
    put_forms,
    survey_spec,
    write_spec,
)

from assets.keys import Keyring
from assets.landing import take_in
from assets.publish.revision import open_current
from assets.workspace import Workspace
from pipelines.run import Ending, run

# Made up: put together from common pieces, with numbers of a form that is given out.
PERSON = "Trần Thị Quýt Hồng"
PERSON_PHONE = "0981000007"
PERSON_ID = "001199000007"
EMAIL = "quyt.hong@vi-du.vn"
PASSWORD = "mat-khau-da-cai-7391"
HEADER = ("Mã hồ sơ", "Đơn vị", "Mã TTHC", "Lĩnh vực", "Kênh", "Trạng thái", "Ngày nhận", "Ngày hẹn", "Ngày xong", "Chủ hồ sơ",
          "Điện thoại", "Số giấy tờ", "Thư điện tử", "Ghi chú", "Cán bộ")  # fmt: skip
ALL = f"{PERSON} {PERSON_PHONE} {PERSON_ID} {EMAIL} {NAME}"
# The file's own name stands in the ledger, which has to find the file again.
NAMED_FILE = f"inbox/ho_so/{PERSON_PHONE}_{PERSON}.xlsx"
# What names a place to the ledger and to Dagster is no longer a person there.
PRIVATE = ("inbox", "landing", "quarantine", "returns")


def row(number: int, **changes: Any) -> dict[str, Any]:
    people = {
        "Chủ hồ sơ": f"{PERSON} ({NAME})",
        "Điện thoại": PERSON_PHONE,
        "Số giấy tờ": PERSON_ID,
        "Thư điện tử": EMAIL,
    }
    return case_row(number, **{"Lĩnh vực": "Hộ tịch", "Ghi chú": ALL, "Cán bộ": ALL, **people, **changes})


def planted_cases() -> list[dict[str, Any]]:
    """Good rows, and a row per column in which the personal data does not belong; most of these are refused."""
    wrong = [row(50 + index, **{heading: ALL}) for index, heading in enumerate(HEADER[1:9])]
    decomposed = row(70, **{"Lĩnh vực": unicodedata.normalize("NFD", f"gọi {PERSON.upper()}, +84 981 000 007")})
    return [*(row(number) for number in range(30)), *wrong, decomposed, row(3), row(4, **{"Ngày xong": "09/06/2023"})]


def planted(root: Path) -> Workspace:
    workspace = make_workspace(root, months=MONTHS)
    spec = case_spec(ignore=["Cán bộ"], location={"path": "inbox/ho_so/*.csv"})
    [feed] = spec["feeds"]
    feed["columns"] |= {
        "procedure_field": "Lĩnh vực",
        "person_name": "Chủ hồ sơ",
        "person_phone": "Điện thoại",
        "person_id_number": "Số giấy tờ",
        "person_email": "Thư điện tử",
    }
    spec["feeds"] = [feed | {"extra": ["Ghi chú"]}]
    write_spec(workspace, "ho_so", spec)
    put(workspace, "inbox/ho_so/a.csv", csv_bytes(planted_cases(), HEADER))
    # A row that cannot be split, and a row of data where the header should be.
    put(workspace, "inbox/ho_so/b.csv", csv_bytes([row(80), row(81)], HEADER) + f"{ALL};{ALL}\n".encode())
    put(workspace, f"inbox/ho_so/{PERSON}.csv", csv_bytes([row(82)], list(map(str, row(82).values()))))
    sheets = spec | {"authority": "bang", "location": {"path": "inbox/ho_so/*.xlsx"}}
    write_spec(workspace, "bang", sheets | {"reader": {"kind": "workbook", "sheet": "*"}})
    book = openpyxl.Workbook()
    for index, title in enumerate((PERSON, f"{PERSON} 2")):
        page = book.create_sheet(title) if index else book.active
        page.title = title
        page.append(HEADER)
        for number in range(3):
            page.append([row(100 + 10 * index + number).get(heading) for heading in HEADER])
    book.save(workspace.root / NAMED_FILE)
    # A database behind a password that cannot be reached.
    secret = {"location": {"url_env": "SIPAS_PLANTED_URL", "table": "ho_so"}, "reader": {"kind": "database"}}
    write_spec(workspace, "kho", spec | secret | {"authority": "kho"})
    write_spec(workspace, "phieu", survey_spec())
    forms = [form_row(number, **{"Họ tên": ALL}) for number in range(12)]
    put_forms(workspace, "inbox/phieu/2023-06/10462_20230615.csv", [*forms, form_row(90, **{"Trụ sở": ALL})])
    topics = complaint_spec(ignore=["hoTen", "noiDung"])
    topics["feeds"][0]["columns"] |= {"topic": "linhVuc", "person_phone": "dienThoai"}
    write_spec(workspace, "pakn", topics)
    rows = [complaint_row(n, hoTen=ALL, noiDung=ALL, dienThoai=PERSON_PHONE, linhVuc="Đất đai") for n in range(9)]
    put_complaints(workspace, "inbox/pakn.jsonl", [*rows, complaint_row(9, linhVuc=f"ông {PERSON}", dienThoai=ALL)])
    return workspace


@pytest.fixture(scope="module")
def office(sipas: Sipas, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    """The workspace after a run that published, the commands that show it, and a run that failed; and all they printed."""
    workspace = planted(tmp_path_factory.mktemp("planted") / "office")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SIPAS_PLANTED_URL", f"postgresql://office:{PASSWORD}@127.0.0.1:9/none")
        done = sipas.run(workspace)
        assert done.code == 0, done.output
        status = sipas("status", "--workspace", str(workspace.root))
        doctor = sipas("doctor", "--workspace", str(workspace.root))
    yield workspace, done.output + status.output + doctor.output


@pytest.fixture(scope="module")
def failed(office: tuple[Workspace, str]) -> str:
    """What was printed of a run in which the engine failed on a cell and quoted it."""
    workspace, _ = office
    put(workspace, "inbox/ho_so/c.csv", csv_bytes([row(200 + number) for number in range(5)], HEADER))

    def fail(*arguments: Any, **named: Any) -> None:
        duckdb.sql(f"SELECT CAST('{ALL}' AS INTEGER)").fetchall()

    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SIPAS_PLANTED_URL", f"postgresql://office:{PASSWORD}@127.0.0.1:9/none")
        patched.setattr(take_in, "commit_batch", fail)
        report = run(workspace, None, None, False, said.append, said.append)
    assert report.ending is Ending.FAILED
    said += report.failures + [problem.render(language) for problem in report.problems for language in ("vi", "en")]
    return "\n".join(said)


def written_as(text: str) -> set[str]:
    """A planted text in other writings: decomposed, in capitals and small letters, as JSON escapes it."""
    forms = {form for one in (text, text.upper(), text.lower()) for form in (one, unicodedata.normalize("NFD", one))}
    return forms | {json.dumps(form)[1:-1] for form in forms}


NEEDLES = {form for text in (PERSON, NAME, EMAIL, PASSWORD, KEY.decode()) for form in written_as(text)}
# The national digits with whatever stands between them.
NUMBERS = re.compile(
    "|".join(r"[ .\-]?".join(number) for number in (PERSON_PHONE[1:], PERSON_ID.lstrip("0"), PHONE.lstrip("0") + "x"))
)


def planted_in(text: str) -> set[str]:
    return {needle for needle in NEEDLES if needle in text} | set(NUMBERS.findall(text))


def test_the_search_finds_what_was_planted(office: tuple[Workspace, str]) -> None:
    """The private zone does hold it, in every kind of file, or the search below would prove nothing."""
    workspace, _ = office
    for folder in ("inbox", "quarantine"):
        found = {hit for file in (workspace.root / folder).rglob("*") if file.is_file() for text in texts(file)
                 for hit in planted_in(text)}  # fmt: skip
        assert {PERSON, NAME, EMAIL, PERSON_PHONE[1:]} <= found, folder
    landed = [text for file in workspace.landing.rglob("*.parquet") for text in texts(file)]
    assert any(PERSON in text for text in landed), "in the extra column that the spec keeps"


@pytest.mark.parametrize("folder", ["published", "warehouse", "state"])
def test_no_file_outside_the_private_zone_says_it(office: tuple[Workspace, str], failed: str, folder: str) -> None:
    """After the run that failed, too: Dagster's event logs are in state/, dbt's target in warehouse/."""
    workspace, _ = office
    files = [file for file in sorted((workspace.root / folder).rglob("*")) if file.is_file() and not file.is_symlink()]
    assert files
    for file in files:
        if folder == "warehouse" and file.suffix == ".wal":
            continue
        for text in texts(file):
            if file.name == "ledger.sqlite":
                # The ledger has to find the files again: it holds their names, and of what is in them nothing.
                text = re.sub(r"inbox/ho_so/[^'\0]*?\.(csv|xlsx)", "", text)
            assert planted_in(text) == set(), file


def test_nothing_is_left_in_other_places(office: tuple[Workspace, str]) -> None:
    workspace, _ = office
    known = {"sipas.yml", "sources", "reference", "demo.key", "state", "warehouse", "published", *PRIVATE}
    assert {path.name for path in workspace.root.iterdir()} <= known


def test_no_command_printed_it(office: tuple[Workspace, str], failed: str) -> None:
    _, printed = office
    assert "‹phone›_‹name›.xlsx" in printed or "‹name›" in printed, "the names of files were told, masked"
    assert planted_in(printed) == set()
    assert "ConversionException: Conversion Error: Could not convert string ‹value›" in failed
    assert planted_in(failed) == set()


def test_what_is_misplaced_is_counted_and_two_sheets_stay_two(office: tuple[Workspace, str]) -> None:
    workspace, _ = office
    with duckdb.connect(str(open_current(workspace) / "analyst" / "sipas.duckdb"), read_only=True) as database:
        rules = dict(database.execute("SELECT rule_id, sum(n_rows) FROM marts.data_quality_rule GROUP BY 1").fetchall())
        sheets = database.execute(
            "SELECT DISTINCT sheet FROM marts.fct_case WHERE sheet IS NOT NULL ORDER BY 1"
        ).fetchall()
        [(topics,)] = database.execute("SELECT list(DISTINCT topic ORDER BY topic) FROM marts.fct_complaint").fetchall()
        ends = database.execute(
            "SELECT bool_and(rows_read = rows_accepted + rows_quarantined + rows_duplicate + rows_superseded) FROM marts.data_quality"
        ).fetchall()
    assert rules["case.procedure_field.personal"] >= 2 and rules["complaint.topic.personal"] == 1
    assert sheets == [("‹name› (1)",), ("‹name› 2 (1)",)]
    assert topics == ["ông ‹name›", "Đất đai"]
    assert ends == [(True,)]


def test_a_token_stays_in_the_private_zone(office: tuple[Workspace, str]) -> None:
    workspace, _ = office
    token = Keyring((KEY,)).token("phone", PERSON_PHONE)
    landed = [text for file in workspace.landing.rglob("*.parquet") for text in texts(file)]
    assert any(token in text for text in landed)
    for folder in ("published", "warehouse", "state"):
        for file in (workspace.root / folder).rglob("*"):
            if file.is_file() and not file.is_symlink() and file.suffix != ".wal":
                assert not any(token in text for text in texts(file)), file


def test_forgotten_after_a_kill_the_number_is_nowhere(
    sipas: Sipas, office: tuple[Workspace, str], copy_of: Callable[[Workspace, str], Workspace]
) -> None:
    """In no column, mapped or not, of no row, refused or not; what is no table is named, and left to the office."""
    workspace = copy_of(office[0], "forgotten")
    tokens = [Keyring((KEY,)).token(kind, text) for kind, text in (("phone", PERSON_PHONE), ("id_number", PERSON_ID))]
    command = ("forget", *tokens, "--workspace", str(workspace.root))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SIPAS_PLANTED_URL", f"postgresql://office:{PASSWORD}@127.0.0.1:9/none")
        assert sipas(*command, trouble=Trouble(kill_at="forget.noted")).code == -9
        done = sipas(*command)
    assert done.code == 1 and "‹name›.csv: stands in the header" in done.output, done.output
    assert planted_in(done.output) == set()
    numbers = {PERSON_PHONE[1:], PERSON_ID.lstrip("0")}
    left = {
        file.relative_to(workspace.root).as_posix()
        for folder in PRIVATE
        for file in (workspace.root / folder).rglob("*")
        if file.is_file() and any(number in text for text in texts(file) for number in numbers)
    }
    # Its header is a row of data.
    assert left == {f"inbox/ho_so/{PERSON}.csv"}
