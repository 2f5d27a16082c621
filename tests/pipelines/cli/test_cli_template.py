"""`sipas template` writes a form that Excel guards, and a run reads it back, filled in, without a spec."""

from __future__ import annotations

import datetime as dt
import shutil
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from cli_office import Sipas
from openpyxl.worksheet.worksheet import Worksheet
from workspaces import Taken, landed, make_workspace, open_office, take

from assets.ingest.spec import TEMPLATES
from assets.ingest.templates.columns import Item, Level, template_columns
from assets.ingest.templates.marker import MARKER_SHEET, Marker, read_marker, versions
from assets.ingest.templates.spec import DATA_SHEET, HEADER_ROW, template_spec
from assets.returns.send import return_refused
from assets.workspace import Workspace
from quality.contract import load_contracts
from quality.vocabulary import load_vocabulary

RECORDS = sorted(load_vocabulary().datasets)
DAY = dt.datetime(2023, 6, 5)


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """A workspace without a single spec."""
    return make_workspace(tmp_path / "my_duc")


def blank(sipas: Sipas, office: Workspace, folder: Path, dataset: str, *more: Any) -> Path:
    file = folder / f"{dataset}.xlsx"
    result = sipas("template", "--unit", "Xã An Mỹ", "--dataset", dataset, "-w", office.root, "-o", file, *more)
    assert result.exit_code == 0, result.output
    return file


def fill(blank_form: Path, target: Path, rows: list[dict[str, Any]]) -> Path:
    """Fill in a form as a clerk does: cells under headings, one row after the other; None leaves a row blank."""
    book = openpyxl.load_workbook(blank_form)
    sheet = book[DATA_SHEET]
    heads = headings(sheet)
    for line, row in enumerate(rows, start=HEADER_ROW + 1):
        for heading, value in row.items():
            cell = sheet.cell(line, heads.index(heading) + 1)
            cell.value = value
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)
    return target


def headings(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for cell in sheet[HEADER_ROW] if cell.value is not None]


COMPLAINTS = [
    {"Mã PAKN": "0001", "Kênh tiếp nhận": "Điện thoại", "Phân loại": "Hành vi của CBCC", "Trạng thái": "Đã giải quyết",
     "Ngày tiếp nhận": DAY.replace(hour=8, minute=30), "Hạn xử lý": dt.datetime(2023, 6, 26), "Ngày xử lý xong": "09/06/2023",
     "Lượt thích": 3},
    {},
    {"Mã PAKN": "0002", "Kênh tiếp nhận": "email", "Trạng thái": "Đang xử lý", "Ngày tiếp nhận": "06/06/2023 14:05"},
]  # fmt: skip


def test_a_filled_form_is_read_without_a_spec(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    form = blank(sipas, office, tmp_path, "complaint", "--period", "2023-06")
    fill(form, office.root / TEMPLATES / "An Mỹ" / "phản ánh tháng 6 (bản cuối).xlsx", COMPLAINTS)
    assert open_office(office).plan_of("complaint", lambda month: month != "2023-06").is_empty
    taken = take(office, "complaint")
    assert open_office(office).news(lambda month: True) == []
    [record] = taken.records.values()
    assert (record.rows_read, record.rows_accepted, record.unit_code, record.period_id) == (2, 2, "10462", "2023-06")
    assert not [problem for problem in taken.problems if problem.rule == "spec.none"]
    first, second = taken.landed("complaint")
    assert (first["record_id"], first["channel"], first["class"], first["state"]) == (
        "10462/0001",
        "phone",
        "conduct",
        "done",
    )
    assert first["received_at"] == dt.datetime(2023, 6, 5, 1, 30) and first["closed_on"] == dt.date(2023, 6, 9)
    assert first["unit_code"] == "10462" and first["likes"] == 3
    assert (second["channel"], second["state"], second["received_at"]) == (
        "email",
        "in_progress",
        dt.datetime(2023, 6, 6, 7, 5),
    )


def test_a_corrected_form_replaces_the_month_and_a_copy_changes_nothing(
    office: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    form = blank(sipas, office, tmp_path, "complaint", "--period", "2023-06")
    first = fill(form, office.root / TEMPLATES / "complaint-10462-2023-06.xlsx", COMPLAINTS)
    take(office, "complaint")
    shutil.copy(first, first.with_name("bản sao.xlsx"))
    [copy] = take(office, "complaint").records.values()
    assert (copy.status, copy.rows_duplicate) == ("duplicate", 2)
    fill(form, first.with_name("sửa.xlsx"), COMPLAINTS[:1])
    taken = take(office, "complaint")
    [again] = taken.records.values()
    assert (again.scope_id, again.rows_read) == ("10462|2023-06", 1)


def test_refused_rows_of_a_form_go_back_and_their_answer_counts(
    office: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    form = blank(sipas, office, tmp_path, "complaint", "--period", "2023-06")
    wrong = COMPLAINTS[0] | {"Mã PAKN": "0003", "Kênh tiếp nhận": "Loa phường"}
    fill(form, office.root / TEMPLATES / "tháng sáu.xlsx", [COMPLAINTS[0], wrong])
    take(office, "complaint")
    [sent] = return_refused(open_office(office), "complaint")
    assert sent.rows == 1 and sent.file.endswith(".xlsx")
    book = openpyxl.load_workbook(office.root / sent.file)
    [channel] = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == "Loa phường"]
    channel.value = "Điện thoại"
    answer = office.inbox / Path(sent.file).name
    book.save(answer)
    taken = take(office, "complaint")
    [record] = taken.records.values()
    assert (record.delivery_kind, record.rows_accepted, record.unit_code) == ("answer", 1, "10462")
    assert {row["record_id"] for row in taken.landed("complaint")} >= {"10462/0003"}


def test_a_survey_carries_the_items_of_its_instrument(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    form = blank(sipas, office, tmp_path, "survey_response", "--instrument", "HN2023", "--period", "2023-06")
    sheet = openpyxl.load_workbook(form)[DATA_SHEET]
    items = [head for head in headings(sheet) if head[:2] in ("I.", "II", "IV", "V.")]
    assert len(items) == 21
    row = {"Số phiếu": "1", "Ngày trả lời": DAY, "Giới tính": "Nữ", "Độ tuổi": "Trên 60", "Trọng số": 1.5}
    answers = dict.fromkeys(items[:20], "Rất hài lòng") | {items[0]: "Không hài lòng"}
    fill(form, office.root / TEMPLATES / "phieu.xlsx", [row | answers, row | {"Số phiếu": "2", items[0]: "Tạm được"}])
    taken = take(office, "survey_response")
    [record] = taken.records.values()
    assert (record.rows_accepted, record.rows_quarantined) == (1, 1)
    [form_row] = taken.landed("survey_response")
    assert (form_row["instrument_code"], form_row["sex"], form_row["age_band"]) == ("HN2023", "female", "60+")
    levels = {answer["item_code"]: answer["level"] for answer in landed(taken.office, "survey_answer")}
    assert len(levels) == 20 and levels["I.1"] == "2" and levels["I.2"] == "5"


OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "case": (
        {"Mã hồ sơ": "H26.99-230601-0001", "Trạng thái": "Đã trả kết quả", "Kênh tiếp nhận": "Trực tuyến",
         "Ngày tiếp nhận": DAY, "Có phí, lệ phí": "Không"},
        {"state": "returned", "channel": "online", "fee_required": "no", "received_on": DAY.date()},
    ),
    "case_step": (
        {"Mã hồ sơ": "H26.99-230601-0001", "Loại bước": "Bổ sung hồ sơ", "Bắt đầu": DAY},
        {"kind": "supplement", "case_number": "H26.99-230601-0001"},
    ),
    "case_evaluation": (
        {"Mã hồ sơ": "H26.99-230601-0001", "Ngày đánh giá": DAY, "Chỉ số 7": "2 điểm", "Đánh giá tổng thể": "Hài lòng"},
        {"index_7": "2", "overall": "satisfied", "record_id": "H26.99-230601-0001"},
    ),
    "agency_evaluation": (
        {"Ngày đánh giá": DAY, "Chỉ số": "Chỉ số 5", "Tự chấm": "1 điểm"},
        {"index_code": "5", "self_score": "1", "unit_code": "10462"},
    ),
    "activity": (
        {"Mã hoạt động": "HD1", "Loại hoạt động": "Đối thoại với công dân", "Ngày theo kế hoạch": DAY, "Số người tham dự": 40},
        {"kind": "dialogue", "participants": 40, "record_id": "10462/HD1"},
    ),
}  # fmt: skip


def test_every_other_dataset_has_a_form(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    for dataset, (row, _) in OTHERS.items():
        form = blank(sipas, office, tmp_path, dataset, "--authority", "one_stop")
        fill(form, office.root / TEMPLATES / f"{dataset}.xlsx", [row])
    found = {}
    for dataset, (_, expected) in OTHERS.items():
        taken = take(office, dataset)
        [found[dataset]] = taken.landed(dataset)
        assert expected.items() <= found[dataset].items()
        [record] = taken.records.values()
        assert record.delivery_kind == "upsert" and "one_stop" in record.source
    # Records of one authority are linked by the case's number.
    assert found["case_evaluation"]["case_key"] == found["case_step"]["case_key"] == found["case"]["record_key"]


@pytest.mark.parametrize("dataset", RECORDS)
def test_the_form_is_written_and_read_by_one_list(dataset: str) -> None:
    contracts = load_contracts()
    items = [Item("1", "Một", (Level("1", "Có"), Level("2", "Không")))] if dataset == "survey_response" else []
    columns = template_columns(contracts[dataset], load_vocabulary(), items)
    heads = [column.heading for column in columns]
    assert len(set(heads)) == len(heads)
    spec = template_spec(Marker("1", dataset, "", "10462", "2023-06", "X", "template"), columns, contracts, "282")
    assert set(spec.headings) == set(heads)
    filled = {name for feed in spec.feeds for name in feed.columns} | {"record_id", "unit_code"}
    required = {field.name for field in contracts[dataset].fields if field.required}
    assert required <= filled
    # Who fills it in is told in Vietnamese what each column means, not only what it is called.
    for column in columns:
        assert column.help.vi not in ("", column.heading) and unicodedata.is_normalized("NFC", column.help.vi), (
            column.name
        )
        assert column.name == "1" or contracts[dataset].field(column.name).description_vi == column.help.vi


def test_levels_that_mean_two_codes_bear_them(office: Workspace) -> None:
    items = [
        Item("1", "Một", (Level("2", "Hài lòng"), Level("1", "Không hài lòng"))),
        Item("2", "Hai", (Level("4", "Hài lòng"), Level("2", "Không hài lòng"))),
    ]
    columns = template_columns(load_contracts()["survey_response"], load_vocabulary(), items)
    offered = {label: code for column in columns if column.kind == "item" for label, code in column.values.items()}
    assert offered == {
        "2. Hài lòng": "2",
        "1. Không hài lòng": "1",
        "4. Hài lòng": "4",
        "2. Không hài lòng": "2",
    }


def test_excel_guards_the_form(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    (office.reference / "procedure.csv").write_text(
        "code,name,field\n1.001193,Thủ tục đăng ký khai sinh,Hộ tịch\n", encoding="utf-8"
    )
    form = blank(sipas, office, tmp_path, "case", "--period", "2023-06")
    book = openpyxl.load_workbook(form)
    sheet = book[DATA_SHEET]
    assert book.active == sheet and sheet.protection.sheet and not sheet.protection.password
    assert {name: book[name].sheet_state for name in book.sheetnames} == {
        "Số liệu": "visible",
        "Hướng dẫn": "visible",
        "_lists": "hidden",
        MARKER_SHEET: "veryHidden",
    }
    heads = headings(sheet)
    # Headings are locked, what lies below is not: that is the style of the columns.
    assert all(sheet.cell(HEADER_ROW, at + 1).protection.locked for at in range(len(heads)))
    with zipfile.ZipFile(form) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert styles.count('<protection locked="0"/>') >= 3 and "<sheetProtection " in text
    checks = {str(check.sqref): check for check in sheet.data_validations.dataValidation}

    def check(heading: str) -> Any:
        letter = openpyxl.utils.get_column_letter(heads.index(heading) + 1)
        return checks[f"{letter}{HEADER_ROW + 1}:{letter}{HEADER_ROW + 5000}"]

    state = check("Trạng thái")
    assert state.type == "list" and state.formula1.startswith("'_lists'!$")
    place = state.formula1.split("!")[1].replace("$", "")
    assert [cell.value for (cell,) in book["_lists"][place]][-1] == "Đã trả kết quả"
    procedures = check("Mã TTHC").formula1.split("!")[1].replace("$", "")
    assert book["_lists"][procedures.split(":")[0]].value == "1.001193"
    assert check("Ngày tiếp nhận").type == "date"
    flags = {heads[at]: sheet.cell(HEADER_ROW - 1, at + 1).value for at in range(len(heads))}
    assert {head for head, flag in flags.items() if flag == "bắt buộc"} == {"Mã hồ sơ", "Trạng thái", "Ngày tiếp nhận"}
    notes = [cell.value for cell in book["Hướng dẫn"]["A"]]
    assert set(heads) <= set(notes) and "1.001193" in notes
    assert "Ngày có kết quả giải quyết, không phải ngày trả kết quả cho người dân" in [
        c.value for c in book["Hướng dẫn"]["E"]
    ]
    assert "Xã An Mỹ" in sheet["A2"].value and "2023-06" in sheet["A2"].value
    assert read_marker(form) == Marker(
        "1", "case", versions(load_contracts()["case"], None), "10462", "2023-06", "", "template"
    )
    second = tmp_path / "again"
    second.mkdir()
    assert blank(sipas, office, second, "case", "--period", "2023-06").read_bytes() == form.read_bytes()


def refused(office: Workspace, dataset: str = "complaint") -> Taken:
    taken = take(office, dataset)
    assert not taken.records
    return taken


def test_files_that_are_no_forms_are_told(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    folder = office.root / TEMPLATES
    form = blank(sipas, office, tmp_path, "complaint")
    fill(form, folder / "cũ.xlsx", COMPLAINTS)
    old = openpyxl.load_workbook(folder / "cũ.xlsx")
    rows = {row[0].value: row[1] for row in old[MARKER_SHEET].iter_rows()}
    rows["contracts"].value = "complaint 1"
    old.save(folder / "cũ.xlsx")
    other = openpyxl.Workbook()
    other.save(folder / "khác.xlsx")
    (folder / "hỏng.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    (folder / "~$cũ.xlsx").write_bytes(b"Excel's lock")
    taken = refused(office)
    told = {(problem.rule, problem.file) for problem in taken.problems}
    assert told == {
        ("template.version", "inbox/templates/cũ.xlsx"),
        ("template.unmarked", "inbox/templates/khác.xlsx"),
        ("file.damaged", "inbox/templates/hỏng.xlsx"),
    }
    [version] = [problem for problem in taken.problems if problem.rule == "template.version"]
    assert "sipas template" in version.message.vi and "sipas template" in version.message.en


def test_a_form_whose_header_was_changed_is_refused(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    form = blank(sipas, office, tmp_path, "complaint")
    target = fill(form, office.root / TEMPLATES / "doi.xlsx", COMPLAINTS)
    book = openpyxl.load_workbook(target)
    sheet = book[DATA_SHEET]
    sheet.cell(HEADER_ROW, headings(sheet).index("Trạng thái") + 1).value = "Tình trạng"
    book.save(target)
    [record] = take(office, "complaint").records.values()
    assert record.status == "refused" and "sipas template" in str(record.reason)


def test_what_the_command_refuses(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    def told(*arguments: Any) -> str:
        result = sipas("template", *arguments, "-w", office.root)
        assert result.exit_code == 2
        return " ".join(str(result.output).replace("│", " ").split())

    target = tmp_path / "bieu.xlsx"
    assert "is no unit of this office" in told("--unit", "Xã Không Có", "--dataset", "complaint", "-o", target)
    assert "complaint" in told("--unit", "10462", "--dataset", "complant", "-o", target)
    assert "HN2023" in told("--unit", "10462", "--dataset", "survey_response", "-o", target)
    assert "goes with survey_response" in told(
        "--unit", "10462", "--dataset", "case", "--instrument", "HN2023", "-o", target
    )
    assert "write a reporting month" in told("--unit", "10462", "--dataset", "case", "--period", "6/2023", "-o", target)
    target.write_bytes(b"")
    assert "not overwritten" in told("--unit", "10462", "--dataset", "case", "-o", target)
