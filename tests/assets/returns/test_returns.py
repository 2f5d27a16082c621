"""Refused rows go back in the layout they came in; the corrected file is the answer to that refusal and to nothing else."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from workspaces import (
    CASE_HEADER,
    FORM_HEADER,
    KEY,
    case_row,
    case_spec,
    complaint_row,
    complaint_spec,
    csv_bytes,
    form_row,
    landed,
    make_workspace,
    open_office,
    put,
    put_cases,
    put_complaints,
    put_forms,
    quarantined,
    survey_spec,
    take,
    write_spec,
)

import assets.landing.take_in as take_in_module
from assets.ingest.returned import CODE, MARKS, ORIGINAL_LINE, REASON
from assets.keys import Keyring
from assets.ledger import InputRecord, ReturnFile
from assets.office import Office
from assets.privacy.forget import forget
from assets.returns.send import return_refused
from assets.workspace import Workspace
from quality.verdict import GateResult

OPEN = GateResult("any", True, (), b"")
FORMS = "inbox/phieu/2023-06/10462_20230615.csv"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an office without tables of its own knows; reading the shipped tables takes most of a small taking-in."""
    office = open_office(make_workspace(tmp_path_factory.mktemp("reference") / "office"))
    return {name: getattr(office, name) for name in ("reference", "reference_hash", "_meanings")}


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, reference: dict[str, Any]) -> None:
    """The tables are read once, and the gate, which takes most of a second, is asked in one test."""
    for name, value in reference.items():
        monkeypatch.setattr(Office, name, value)
    if "real_gate" not in request.node.name:
        monkeypatch.setattr(take_in_module, "_judge", lambda *arguments: OPEN)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "office")


def send_back(workspace: Workspace, dataset: str = "case", write_again: bool = False) -> dict[str, ReturnFile]:
    """The returns written now, by the path of the input they are about."""
    office = open_office(workspace)
    return {file.path: file for file in return_refused(office, dataset, write_again)}


def rows_of(file: Path, delimiter: str = ",") -> list[dict[str, str]]:
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))


def answer(workspace: Workspace, file: ReturnFile, name: str | None = None, **changes: str) -> Path:
    """Drop the returned CSV into the inbox, cells changed in every row; a row number before a heading changes that row alone."""
    rows = rows_of(workspace.root / file.file)
    for number, row in enumerate(rows, start=1):
        for heading, value in changes.items():
            only, _, column = heading.rpartition("|")
            if not only or int(only) == number:
                row[column] = value
    header = list(rows[0])
    return put(workspace, f"inbox/returns/{name or Path(file.file).name}", csv_bytes(rows, header))


def numbers(record: InputRecord) -> tuple[int, int, int, int]:
    return record.rows_read, record.rows_accepted, record.rows_quarantined, record.rows_duplicate


def open_rows(workspace: Workspace) -> set[tuple[str, int]]:
    """(path, line) of the refused rows that nobody has answered."""
    office = open_office(workspace)
    paths = {record.input_id: record.path for record in office.ledger.active()}
    answered = {(row.input_id, row.sheet, row.line) for row in office.ledger.answered_rows()}
    return {
        (paths[row["input_id"]], row["line"])
        for row in quarantined(office)
        if row["input_id"] in paths and (row["input_id"], row["sheet"], row["line"]) not in answered
    }


def forms_with(*broken: dict[str, Any]) -> list[dict[str, Any]]:
    return [*(form_row(number) for number in range(1, 15)), *broken]


BAD_DATE, BAD_ANSWER = form_row(90, Ngày="31/02/2023"), form_row(91, **{"Trụ sở": "Tạm được", "Giới tính": "?"})


def test_a_csv_goes_back_with_its_columns_and_only_its_refused_rows(workspace: Workspace) -> None:
    spec = case_spec(reader={"kind": "csv", "header_line": 3, "delimiter": ";"})
    write_spec(workspace, "ho_so", spec)
    formula = case_row(90, **{"Ngày nhận": "29/02/2023", "Chủ hồ sơ": '=HYPERLINK("x")', "Điện thoại": "-5"})
    table = csv_bytes([*(case_row(number) for number in range(12)), formula]).decode().replace(",", ";")
    put(workspace, "inbox/ho_so/a.csv", f"SỔ THEO DÕI;\nTháng 6\n{table}13;chỉ hai ô\n".encode())
    taken = take(workspace)
    assert numbers(taken.records["inbox/ho_so/a.csv"]) == (14, 12, 2, 0)
    [file] = send_back(workspace).values()
    written = workspace.root / file.file
    assert file.file == f"returns/ho_so/ho_so_a_{file.return_id}.csv"
    assert written.stat().st_mode & 0o777 == 0o600
    lines = written.read_text(encoding="utf-8-sig").splitlines()
    assert lines[:2] == ["SỔ THEO DÕI;", "Tháng 6"]
    assert lines[2] == ";".join([*CASE_HEADER, *MARKS])
    first, second = csv.DictReader(io.StringIO("\n".join(lines[2:])), delimiter=";")
    assert {name: first[name] for name in CASE_HEADER} == {
        **{name: str(formula[name]) for name in CASE_HEADER},
        "Chủ hồ sơ": '\'=HYPERLINK("x")',
    }
    assert first[REASON].startswith("Cột “Ngày nhận” (“29/02/2023”): Không phải ngày có thật")
    assert first[REASON].endswith("[case.received_at.type]")
    assert (first[ORIGINAL_LINE], first[CODE]) == ("16", f"{file.return_id}-1")
    assert second["Mã hồ sơ"] == "13;chỉ hai ô" and "[row.width]" in second[REASON]
    notice = written.with_suffix(".txt").read_text(encoding="utf-8-sig")
    assert f"{CODE}: {file.return_id}" in notice and "đã nhận: 12; trùng: 0; trả lại: 2" in notice
    # Nothing goes back twice.
    before = written.stat().st_mtime_ns
    assert send_back(workspace) == {}
    assert written.stat().st_mtime_ns == before


def test_the_answer_adds_its_rows_to_the_snapshot_it_belongs_to(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE, BAD_ANSWER))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    assert file.file.startswith("returns/10462/phieu_2023-06_10462_20230615_TL-")
    assert open_rows(workspace) == {(FORMS, 16), (FORMS, 17)}

    path = answer(workspace, file, **{"1|Ngày": "03/06/2023", "2|Trụ sở": "Hài lòng"})
    taken = take(workspace, "survey_response")
    [record] = taken.records.values()
    assert (record.delivery_kind, record.scope_id, record.unit_code, record.period_id) == (
        "answer", "10462|2023-06", "10462", "2023-06",
    )  # fmt: skip
    assert numbers(record) == (2, 1, 1, 0)
    rows = landed(taken.office, "survey_response")
    assert len(rows) == 15, "the other forms are still there"
    [corrected] = [row for row in rows if row["input_id"] == record.input_id]
    assert str(corrected["responded_on"]) == "2023-06-03"
    assert corrected["record_id"] == "10462/2023-06/0090", "the number has the unit and period of the file it came in"
    assert {row["record_key"] for row in landed(taken.office, "survey_answer") if row["input_id"] == record.input_id}
    original = next(kept for kept in taken.office.ledger.active() if kept.path == FORMS)
    assert numbers(original) == (16, 14, 2, 0), "what became of the first file is not rewritten"
    assert original.delivery_seq < record.delivery_seq < taken.office.ledger.next_seq()

    # What is still wrong goes back again, as a return of its own, and its answer joins the same delivery.
    assert open_rows(workspace) == {(record.path, 3)}
    [again] = send_back(workspace, "survey_response").values()
    assert again.path == path.relative_to(workspace.root).as_posix() and again.return_id != file.return_id
    assert [row["Số phiếu"] for row in rows_of(workspace.root / again.file)] == ["0091"]
    answer(workspace, again, **{"Giới tính": "Nam"})
    taken = take(workspace, "survey_response")
    [second] = taken.records.values()
    assert (numbers(second), second.scope_id) == ((1, 1, 0, 0), "10462|2023-06")
    assert len(landed(taken.office, "survey_response")) == 16
    assert open_rows(workspace) == set()
    assert send_back(workspace, "survey_response") == {}
    assert take(workspace, "survey_response").records == {}, "nothing is read twice"


def test_the_real_gate_opens_for_an_answer_that_is_still_wrong(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    answer(workspace, file, Ngày="30/02/2023")
    taken = take(workspace, "survey_response")
    assert taken.gate is not None and taken.gate.passed
    assert [numbers(record) for record in taken.records.values()] == [(1, 0, 1, 0)]


def test_the_same_answer_twice_changes_nothing(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    path = answer(workspace, file, Ngày="03/06/2023")
    take(workspace, "survey_response")
    shutil.copy(path, workspace.inbox / path.name)
    taken = take(workspace, "survey_response")
    [copy] = taken.records.values()
    assert (copy.status, numbers(copy)) == ("duplicate", (1, 0, 0, 1))
    assert len(landed(taken.office, "survey_response")) == 15


@pytest.mark.parametrize("name", ["inbox/returns/da sua.csv", "inbox/phieu/2023-06/{name}", "inbox/{name}"])
def test_an_answer_is_known_by_its_name_anywhere_and_by_its_codes_in_the_folder_of_returns(
    workspace: Workspace, name: str
) -> None:
    write_spec(workspace, "phieu", survey_spec(location={"path": "inbox/phieu/{period}/{unit}_*.csv"}))
    put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    path = answer(workspace, file, Ngày="03/06/2023")
    target = workspace.root / name.format(name=f"10462_{path.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    [record] = take(workspace, "survey_response").records.values()
    assert (record.delivery_kind, record.rows_accepted) == ("answer", 1)


def test_a_return_under_another_name_does_not_replace_the_file_it_came_from(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    answer(workspace, file, Ngày="03/06/2023").rename(workspace.root / FORMS.replace("0615", "0620"))
    taken = take(workspace, "survey_response")
    [record] = taken.records.values()
    assert (record.status, taken.rules(record.path)) == ("refused", {("return.misplaced", CODE): 1})
    assert len(landed(taken.office, "survey_response")) == 14


def test_an_answer_to_what_a_whole_new_file_has_replaced_is_refused(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    put_forms(workspace, FORMS.replace("0615", "0620"), [form_row(number) for number in range(1, 14)])
    take(workspace, "survey_response")
    answer(workspace, file, Ngày="03/06/2023")
    taken = take(workspace, "survey_response")
    [record] = taken.records.values()
    assert (record.status, taken.rules(record.path)) == ("refused", {("return.replaced", ""): 1})
    assert take(workspace, "survey_response").records == {}


def test_an_answer_that_came_before_the_whole_new_file_goes_with_what_it_answered(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    answer(workspace, file, Ngày="03/06/2023")
    [record] = take(workspace, "survey_response").records.values()
    put_forms(workspace, FORMS.replace("0615", "0620"), [form_row(number) for number in range(1, 14)])
    taken = take(workspace, "survey_response")
    [whole] = taken.records.values()
    assert record.delivery_seq < whole.delivery_seq
    # Read again under a changed spec, the answer stays in its place.
    write_spec(workspace, "phieu", survey_spec(row="one paper form"))
    again = take(workspace, "survey_response").records
    assert again[record.path].status == "landed"
    assert again[record.path].delivery_seq < again[whole.path].delivery_seq
    assert again[FORMS].delivery_seq < again[record.path].delivery_seq


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("da_sua.csv", b"a,b\n1,2\n", "return.unknown"),
        ("x_TL-0123456789.csv", b"a,b\n1,2\n", "return.unknown"),
    ],
)
def test_what_answers_nothing_is_told(workspace: Workspace, name: str, content: bytes, rule: str) -> None:
    write_spec(workspace, "ho_so", case_spec())
    put_cases(workspace, "inbox/ho_so/a.csv", [case_row(number) for number in range(12)])
    put(workspace, f"inbox/returns/{name}", content)
    taken = take(workspace)
    assert list(taken.records) == ["inbox/ho_so/a.csv"]
    assert [(problem.rule, problem.file) for problem in taken.problems] == [(rule, f"inbox/returns/{name}")]


def test_codes_that_are_gone_or_of_two_returns_are_told(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", case_spec())
    for name in "ab":
        broken = case_row(90, **{"Mã hồ sơ": f"HS-{name}", "Ngày nhận": "29/02/2023"})
        put_cases(workspace, f"inbox/ho_so/{name}.csv", [*(case_row(number) for number in range(12)), broken])
    take(workspace)
    first, second = send_back(workspace).values()
    rows = [row for file in (first, second) for row in rows_of(workspace.root / file.file)]
    name = Path(first.file).name
    put(workspace, f"inbox/returns/{name}", csv_bytes(rows, list(rows[0])))
    put(workspace, f"inbox/{name}", csv_bytes([{key: row[key] for key in CASE_HEADER} for row in rows]))
    taken = take(workspace)
    assert {path: taken.rules(path) for path in taken.records} == {
        f"inbox/returns/{name}": {("return.mixed", CODE): 1},
        f"inbox/{name}": {("return.codes_missing", CODE): 1},
    }
    assert len(open_rows(workspace)) == 2


def test_who_sends_one_of_two_conflicting_rows_has_decided_and_a_blanked_row_is_withdrawn(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", case_spec())
    twice = [case_row(90, Kênh="Trực tiếp"), case_row(90, Kênh="Trực tuyến")]
    broken = case_row(91, **{"Ngày nhận": "x"})
    put_cases(workspace, "inbox/ho_so/a.csv", [*(case_row(number) for number in range(12)), *twice, broken])
    take(workspace)
    [file] = send_back(workspace).values()
    rows = rows_of(workspace.root / file.file)
    assert [row[ORIGINAL_LINE] for row in rows] == ["14", "15", "16"]
    assert "Mã hồ sơ" in rows[0][REASON] and "[key.conflict]" in rows[0][REASON]
    withdrawn = {name: rows[2][name] for name in MARKS}
    put(workspace, f"inbox/returns/{Path(file.file).name}", csv_bytes([rows[1], withdrawn], list(rows[0])))
    taken = take(workspace)
    [record] = taken.records.values()
    assert (numbers(record), record.rows_skipped) == ((1, 1, 0, 0), 1)
    [case] = [row for row in landed(taken.office, "case") if row["record_id"] == "HS-0090"]
    assert case["channel"] == "online"
    assert open_rows(workspace) == set()


def test_a_later_delivery_of_a_record_stays_later_than_the_answer_to_an_earlier_one(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", case_spec())
    broken = case_row(90, **{"Ngày nhận": "29/02/2023", "Trạng thái": "Đang xử lý", "Ngày xong": ""})
    put_cases(workspace, "inbox/ho_so/a.csv", [*(case_row(number) for number in range(12)), broken])
    take(workspace)
    [file] = send_back(workspace).values()
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(90)])
    take(workspace)
    answer(workspace, file, **{"Ngày nhận": "01/06/2023"})
    taken = take(workspace)
    versions = [row for row in landed(taken.office, "case") if row["record_id"] == "HS-0090"]
    assert [row["state"] for row in versions] == ["processing", "settled"], "in the order of arrival"


def test_a_spec_that_is_mended_reads_again_and_changes_what_is_to_go_back(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, FORMS, forms_with(BAD_DATE, form_row(92, **{"Trụ sở": "Tốt"})))
    take(workspace, "survey_response")
    [first] = send_back(workspace, "survey_response").values()
    mended = survey_spec()
    mended["feeds"][1]["values"]["Tốt"] = "4"
    write_spec(workspace, "phieu", mended)
    taken = take(workspace, "survey_response")
    assert numbers(taken.records[FORMS]) == (16, 15, 1, 0)
    [second] = send_back(workspace, "survey_response").values()
    assert (first.rows, second.rows) == (2, 1)
    # Both can be answered: the file they are about still stands.
    answer(workspace, first, Ngày="03/06/2023")
    taken = take(workspace, "survey_response")
    assert {record.rows_accepted for record in taken.records.values()} == {2}
    assert open_rows(workspace) == set()


def test_json_lines_go_back_as_json_lines(workspace: Workspace) -> None:
    write_spec(workspace, "pakn", complaint_spec())
    broken = complaint_row(90, ngayNhan="hôm qua")
    put_complaints(workspace, "inbox/pakn.jsonl", [*(complaint_row(number) for number in range(11)), broken])
    take(workspace, "complaint")
    [file] = send_back(workspace, "complaint").values()
    written = workspace.root / file.file
    [row] = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert {name: row[name] for name in broken} == broken
    row["ngayNhan"] = "2023-06-02 08:00:00"
    put(workspace, f"inbox/returns/{written.name}", (json.dumps(row, ensure_ascii=False) + "\n").encode())
    [record] = take(workspace, "complaint").records.values()
    assert numbers(record) == (1, 1, 0, 0)


def test_a_file_refused_whole_goes_back_as_a_notice(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    put(workspace, FORMS, csv_bytes([form_row(1)], FORM_HEADER[1:]))
    take(workspace, "survey_response")
    [file] = send_back(workspace, "survey_response").values()
    assert (file.rows, Path(file.file).suffix) == (0, ".txt")
    notice = (workspace.root / file.file).read_text(encoding="utf-8-sig")
    assert notice.startswith("THÔNG BÁO KHÔNG NHẬN TỆP") and "Thiếu cột “Số phiếu”" in notice
    assert "Xã An Mỹ (10462)" in notice and "Kỳ báo cáo: 2023-06" in notice
    assert send_back(workspace, "survey_response") == {}
    shutil.copy(workspace.root / file.file, workspace.inbox / Path(file.file).name)
    assert [problem.rule for problem in take(workspace, "survey_response").problems] == ["return.notice"]


def test_a_file_that_is_gone_is_written_again_on_demand_and_only_then(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec())
    file = put_forms(workspace, FORMS, forms_with(BAD_DATE))
    take(workspace, "survey_response")
    [returned] = send_back(workspace, "survey_response").values()
    written = workspace.root / returned.file
    content = written.read_bytes()
    written.unlink()
    assert send_back(workspace, "survey_response") == {}
    assert send_back(workspace, "survey_response", write_again=True) and written.read_bytes() == content
    written.unlink()
    file.unlink()  # without the original the headings are those that the rows have
    send_back(workspace, "survey_response", write_again=True)
    assert rows_of(written) == list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    answer(workspace, returned, Ngày="03/06/2023")
    [record] = take(workspace, "survey_response").records.values()
    assert record.rows_accepted == 1
    written.unlink()
    assert send_back(workspace, "survey_response", write_again=True) == {}, "it has been answered"


def workbook(rows: list[dict[str, Any]]) -> bytes:
    """A survey sheet as offices draw it: a title, a header over two rows with merged cells, from column B on."""
    book = openpyxl.Workbook()
    book.active.title = "Bìa"
    page = book.create_sheet("Phiếu tháng 6")
    page["B1"] = "UBND XÃ AN MỸ"
    page.merge_cells("B1:G1")
    for column, (top, below) in enumerate(HEADS, start=2):
        page.cell(3, column, top)
        if below:
            page.cell(4, column, below)
        else:
            page.merge_cells(start_row=3, end_row=4, start_column=column, end_column=column)
    page.merge_cells("E3:F3")
    for number, row in enumerate(rows, start=5):
        for column, (_, heading) in enumerate(HEADS, start=2):
            page.cell(number, column, row.get(heading or HEADS[column - 2][0]))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


HEADS = [
    ("Số phiếu", None),
    ("Ngày", None),
    ("Giới tính", None),
    ("Mục I", "Trụ sở"),
    ("Mục I", "Trang thiết bị"),
    ("Họ tên", None),
]


def test_a_workbook_goes_back_with_its_title_its_merged_header_and_its_columns(workspace: Workspace) -> None:
    spec = survey_spec(
        location={"path": "inbox/phieu/{period}/{unit}_{sent}.xlsx"},
        reader={"kind": "workbook", "sheet": "Phiếu*", "header_rows": 2},
    )
    spec["feeds"][1]["items"] = {"I.1": "Mục I / Trụ sở", "I.2": "Mục I / Trang thiết bị"}
    write_spec(workspace, "phieu", spec)
    path = FORMS.replace(".csv", ".xlsx")
    formula = form_row(91, **{"Trụ sở": "+1", "Họ tên": "=cmd"})
    put(workspace, path, workbook([*(form_row(number) for number in range(1, 13)), BAD_DATE, formula]))
    assert numbers(take(workspace, "survey_response").records[path]) == (14, 12, 2, 0)
    [file] = send_back(workspace, "survey_response").values()
    target = workspace.root / file.file
    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["Phiếu tháng 6", "Trả lại"]
    page = book["Phiếu tháng 6"]
    assert page["B1"].value == "UBND XÃ AN MỸ"
    assert {"B1:G1", "B3:B4", "E3:F3", "H3:H4", "I3:I4", "J3:J4"} <= {str(cells) for cells in page.merged_cells.ranges}
    head = [[cell.value for cell in row] for row in page["B3:J4"]]
    assert head[0] == ["Số phiếu", "Ngày", "Giới tính", "Mục I", None, "Họ tên", *MARKS]
    assert head[1][3:5] == ["Trụ sở", "Trang thiết bị"]
    assert page.max_row == 6
    assert [page.cell(row, 2).value for row in (5, 6)] == ["0090", "0091"]
    assert (page["I5"].value, page["J5"].value) == ("17", f"{file.return_id}-1")
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)
    assert "Sửa các ô sai" in " ".join(str(row[0].value) for row in book["Trả lại"].iter_rows())

    page["C5"] = "03/06/2023"
    page["E6"] = "Hài lòng"
    stream = io.BytesIO()
    book.save(stream)
    put(workspace, f"inbox/returns/{target.name}", stream.getvalue())
    taken = take(workspace, "survey_response")
    [record] = taken.records.values()
    assert numbers(record) == (2, 2, 0, 0)
    assert len(landed(taken.office, "survey_response")) == 14
    assert open_rows(workspace) == set()


def test_a_database_gets_a_workbook_with_one_row_of_headings(workspace: Workspace) -> None:
    import sqlite3

    rows = [*(case_row(number) for number in range(12)), case_row(90, **{"Ngày nhận": "x"})]
    with sqlite3.connect(workspace.inbox / "mot_cua.sqlite") as database:
        database.execute(f"CREATE TABLE ho_so ({', '.join(f'{chr(34)}{name}{chr(34)} TEXT' for name in CASE_HEADER)})")
        database.executemany(
            f"INSERT INTO ho_so VALUES ({', '.join('?' * len(CASE_HEADER))})", [list(row.values()) for row in rows]
        )
    location = {"url": "sqlite:///{workspace}/inbox/mot_cua.sqlite", "table": "ho_so"}
    write_spec(workspace, "mot_cua", case_spec(location=location, reader={"kind": "database"}))
    take(workspace)
    [file] = send_back(workspace).values()
    target = workspace.root / file.file
    book = openpyxl.load_workbook(target)
    page = book.worksheets[0]
    assert [cell.value for cell in page[1]] == [*CASE_HEADER, *MARKS]
    page.cell(2, CASE_HEADER.index("Ngày nhận") + 1, "02/06/2023")
    stream = io.BytesIO()
    book.save(stream)
    put(workspace, f"inbox/returns/{target.name}", stream.getvalue())
    [record] = take(workspace).records.values()
    assert numbers(record) == (1, 1, 0, 0)


def test_forgetting_reaches_a_corrected_return_in_the_inbox(workspace: Workspace) -> None:
    spec = case_spec(ignore=["Chủ hồ sơ"])
    [feed] = spec["feeds"]
    write_spec(
        workspace, "ho_so", spec | {"feeds": [feed | {"columns": feed["columns"] | {"person_phone": "Điện thoại"}}]}
    )
    phones = ("0981000001", "0981000002")
    broken = [case_row(90 + n, **{"Ngày nhận": "29/02/2023", "Điện thoại": phone}) for n, phone in enumerate(phones)]
    put_cases(workspace, "inbox/ho_so/a.csv", [*(case_row(number) for number in range(12)), *broken])
    take(workspace)
    [file] = send_back(workspace).values()
    corrected = answer(workspace, file, **{"Ngày nhận": "01/06/2023"})
    assert [record.rows_accepted for record in take(workspace).records.values()] == [2]
    office = open_office(workspace)
    assert forget(office, [Keyring((KEY,)).token("phone", phones[0])], dry_run=False).by_hand == []
    office.close()
    assert phones[0] not in corrected.read_text(encoding="utf-8") and phones[1] in corrected.read_text(encoding="utf-8")
    taken = take(workspace)
    assert not taken.records
    assert {row["record_id"] for row in taken.landed("case")} == {"HS-0091", *(f"HS-{n:04d}" for n in range(12))}
