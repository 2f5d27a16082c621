"""`sipas sources infer` finds what the specs of real sources say, asks where only a person knows, and shows nobody's data."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cli_office import Sipas
from public_data import DATA, needs_public_data

from assets.ingest.inference.sample import samples
from assets.ingest.spec import SourceSpec, read_spec
from assets.reference.units import name_key
from assets.workspace import Workspace
from pipelines.simulate import simulate
from quality.contract import load_contracts

ROOT = Path(__file__).resolve().parents[3]
Pair = tuple[str, str]

# The input of each spec of the demo that is inferred from, and its table; of the sheets one that was sent as it should be.
DEMO = {
    "khao_sat_xa": ("", None),
    "so_phan_anh": ("inbox/phan_anh/282_2023-02.xlsx", None),
    "cong_pakn": ("inbox/cong_pakn.jsonl", None),
    "mot_cua": ("inbox/mot_cua.sqlite", "ho_so"),
    "bo_sung": ("inbox/mot_cua.sqlite", "HoSoBoSung"),
    "phieu_khao_sat": ("inbox/mot_cua.sqlite", "PhieuKhaoSat"),
    "danh_gia_co_quan": ("inbox/mot_cua.sqlite", "DanhGiaCoQuan"),
}
REAL = {
    "cases": "cases/wabo_receipt.csv",
    "complaints": "complaints/boston311_2015_10k.csv",
    "survey": "survey/kcmo_resident_survey_fy2022.csv",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("demo") / "my_duc"
    simulate(folder, units=3, months=3, seed=1, cases=400, forms=200)
    yield Workspace(folder)


def pairs(spec: SourceSpec) -> set[Pair]:
    """What a spec takes from which column: (field, heading). Of a heading over several rows the last counts."""
    found = {
        (f"{feed.dataset}.{name}", column.heading)
        for feed in spec.feeds
        for name, column in feed.columns.items()
        if column.heading is not None
    }
    found |= {(f"item {code}", heading) for feed in spec.feeds for code, heading in feed.items.items()}
    found |= {(f"{spec.feeds[0].dataset}.record_id", heading) for heading in spec.feeds[0].record_id}
    if spec.unit is not None and spec.unit.column is not None:
        found.add(("unit", spec.unit.column))
    return {(name, heading.rpartition(" / ")[2] or heading) for name, heading in found}


def parsed(folder: Path, text: str, roots: tuple[str, ...], **answers: str) -> SourceSpec:
    """The draft as a strict spec, its open required fields answered."""
    for name, answer in answers.items():
        text, times = re.subn(rf"^(\s*)# {name}: .*$", rf"\g<1>{name}: {answer}", text, flags=re.MULTILINE)
        assert times == 1, name
    path = folder / "draft.yml"
    path.write_text(text, encoding="utf-8")
    spec, problems = read_spec(path, load_contracts(), roots)
    assert spec is not None, [problem.render() for problem in problems]
    return spec


def precision_and_recall(found: set[Pair], true: set[Pair]) -> tuple[float, float]:
    return len(found & true) / len(found), len(found & true) / len(true)


def demo_input(demo: Workspace, name: str) -> tuple[str, str | None]:
    file, table = DEMO[name]
    truth = json.loads((demo.root / "truth.json").read_text(encoding="utf-8"))
    sound = [each["path"] for each in truth["files"] if each["source"] == name and each["behaviour"] == "on_time"]
    return file or sound[0], table


def infer_demo(demo: Workspace, sipas: Sipas, name: str) -> str:
    file, table = demo_input(demo, name)
    more = ["--table", table] if table is not None else []
    result = sipas("sources", "infer", demo.root / file, *more, "-w", demo.root)
    assert result.exit_code == 0, result.output
    return str(result.output)


ANSWERS = {"bo_sung": {"kind": "{constant: supplement}"}}
# The day stands for the year and quarter of the demo's own key.
OTHER_KEYS = {"danh_gia_co_quan": ("DonVi", "NgayDanhGia", "ChiSo")}


@pytest.mark.parametrize("name", DEMO)
def test_the_demo_is_mapped_as_its_specs_map_it(name: str, demo: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    own, problems = read_spec(demo.sources / f"{name}.yml", load_contracts(), ("282",))
    assert own is not None, problems
    text = infer_demo(demo, sipas, name)
    draft = parsed(tmp_path, text, ("282",), **ANSWERS.get(name, {}))
    assert draft.datasets == own.datasets
    found, true = pairs(draft), pairs(own)
    if name in OTHER_KEYS:
        assert draft.feeds[0].record_id == OTHER_KEYS[name]
        found, true = ({pair for pair in listed if "record_id" not in pair[0]} for listed in (found, true))
    assert precision_and_recall(found, true) == (1.0, 1.0)
    # Every column that the spec leaves out is left out, and none is lost.
    left = {heading for feed in own.feeds for heading in feed.extra}
    assert {*own.ignore, *left} <= {*draft.ignore, *draft.headings}
    # Where the sample holds a value, it means the same; dates are written in the same way.
    for feed, theirs in zip(draft.feeds, own.feeds, strict=True):
        for field, column in feed.columns.items():
            assert dict(column.values).items() <= dict(theirs.columns[field].values).items(), field
            assert set(column.formats) <= set(theirs.columns[field].formats), field
        assert dict(feed.values).items() <= dict(theirs.values).items()
    if own.location.groups:
        assert set(own.delivery.scope) <= set(draft.delivery.scope) and "period" in draft.location.groups
    assert draft.location.table == own.location.table


def test_no_cell_about_people_is_shown(demo: Workspace, sipas: Sipas) -> None:
    """Neither of the columns the specs leave out, nor a value that looks like a number of a person."""
    checked = 0
    for name in DEMO:
        file, table = demo_input(demo, name)
        own = yaml.safe_load((demo.sources / f"{name}.yml").read_text(encoding="utf-8"))
        text = infer_demo(demo, sipas, name)
        place = f"sqlite:///{demo.root / file}" if table is not None else demo.root / file
        [best] = [
            sample for sample in samples(place, table=table) if set(own.get("ignore", ())) <= set(sample.columns)
        ][:1]
        for heading in set(own.get("ignore", ())) - {"STT", "NgayTra"}:
            cells = {cell for cell in best.cells[heading] if cell is not None and len(cell) > 3}
            assert [cell for cell in cells if cell in text] == [], heading
            checked += len(cells)
    assert checked > 500


@needs_public_data
@pytest.mark.parametrize("name", REAL)
def test_real_public_files(name: str, sipas: Sipas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPAS_REAL_DATA", str(DATA))
    monkeypatch.setenv("SIPAS_KEY", "a-key-for-the-tests-of-real-input")
    office = tmp_path / "office"
    shutil.copytree(ROOT / "examples" / "real_world", office)
    roots = ("kcmo", "boston", "wabo")
    own, _ = read_spec(office / "sources" / f"{name}.yml", load_contracts(), roots)
    assert own is not None
    result = sipas("sources", "infer", DATA / REAL[name], "-w", office)
    assert result.exit_code == 0, result.output
    # The survey says the quarter only: its column is named as the nearest, and the day is a person's answer.
    answers = {"responded_on": "quarte"} if name == "survey" else {}
    assert name != "survey" or "Nearest: quarte" in result.output
    draft = parsed(tmp_path, result.output, roots, **answers)
    assert draft.office == own.office and draft.datasets == own.datasets
    precision, recall = precision_and_recall(pairs(draft), pairs(own))
    assert precision == 1.0
    # The stratum of the survey is the column of the unit again, which one cannot see.
    assert recall == 1.0 if name != "survey" else recall > 0.98
    mapped = [(feed.columns, theirs.columns) for feed, theirs in zip(draft.feeds, own.feeds, strict=True)]
    for columns, theirs in mapped:
        for field, column in columns.items():
            assert dict(column.values).items() <= dict(theirs[field].values).items()
            assert column.formats == theirs[field].formats


HEADINGS = {
    "marks": "Mã hồ sơ,Đơn vị,Mã TTHC,Kênh,Trạng thái,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc,Chủ hồ sơ,Số điện thoại,Ghi chú",
    "no marks": "MA HO SO,DON VI,MA TTHC,KENH,TRANG THAI,NGAY TIEP NHAN,NGAY HEN TRA,NGAY KET THUC,CHU HO SO,SO DIEN THOAI,GHI CHU",
    "short": "Mã HS,ĐV,TTHC,Kênh,T.thái HS,Ngày TN,Hẹn trả,Ngày xong,Họ tên,SĐT,Ghi chú",
    "underscores": "ma_hs,don_vi,ma_tthc,kenh_tiep_nhan,trang_thai,ngay_tn,ngay_hen_tra,ngay_gq,ho_ten,sdt,ghi_chu",
}
FIELDS = ("record_id", "unit", "procedure_code", "channel", "state", "received_at", "due_at", "settled_at")
ROWS = [
    f"HS-{n:03d},{unit},1.00119{n % 5},Trực tiếp,{state},{n % 28 + 1:02d}/03/2023,15/04/2023,,Zừ Văn Bịa Đặt,0000123456,gọi lại"
    for n in range(30)
    for unit, state in [(("Xã An Mỹ", "xa hong son")[n % 2], ("Đang xử lý", "Đã trả kết quả")[n % 2])]
]


@pytest.mark.parametrize("style", HEADINGS)
def test_headings_without_marks_and_in_short_forms(
    style: str, workspace: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    heads = HEADINGS[style].split(",")
    file = workspace.inbox / "xuat_2023-04.csv"
    rows = [row.replace("xa hong son", "Hồng Sơn") for row in ROWS]
    file.write_text("\n".join([HEADINGS[style], *rows]) + "\n", encoding="utf-8")
    result = sipas("sources", "infer", file, "-w", workspace.root)
    answers = {} if style != "short" else {"state": f'"{heads[4]}"'}
    draft = parsed(tmp_path, result.output, ("282",), **({} if "state:" in _lines(result.output) else answers))
    expected = {(name if name == "unit" else f"case.{name}", head) for name, head in zip(FIELDS, heads, strict=False)}
    assert pairs(draft) == expected
    assert set(draft.ignore) == set(heads[8:])
    for planted in ("Bịa Đặt", "0000123456", "gọi lại"):
        assert planted not in result.output


def _lines(text: str) -> list[str]:
    return [line.split("  #")[0].strip() for line in text.splitlines()]


def test_dates_that_can_be_read_two_ways_are_asked_about(workspace: Workspace, sipas: Sipas) -> None:
    head = "Số,Đơn vị,Trạng thái,Ngày nhận,Hạn xử lý"
    rows = [f"PA-{n},Xã An Mỹ,Đang xử lý,0{n % 9 + 1}/03/2023,{n + 13}/03/2023" for n in range(9)]
    file = workspace.inbox / "so.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    shown = sipas("sources", "infer", file, "-w", workspace.root).output
    [received] = [line for line in shown.splitlines() if line.strip().startswith("received_at:")]
    assert "formats" not in received and "? " in received
    assert 'due_at: {column: "Hạn xử lý", formats: ["%d/%m/%Y"]}' in shown
    assert "no day is above 12" in shown and "không ngày nào quá 12" in shown


def test_years_of_two_digits_and_serial_numbers_are_asked_about(
    workspace: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    head = "Số,Đơn vị,Trạng thái,Ngày nhận,Hạn xử lý"
    rows = [f"PA-{n},Xã An Mỹ,Đang xử lý,{n + 13}/03/23,{45000 + n}" for n in range(9)]
    file = workspace.inbox / "so.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    shown = sipas("sources", "infer", file, "-w", workspace.root).output
    assert "two_digit_years_from, such as 1950" in shown and "Excel's numbers of days" in shown
    draft = parsed(tmp_path, shown, ("282",))
    assert {("complaint.received_at", "Ngày nhận"), ("complaint.due_at", "Hạn xử lý")} <= pairs(draft)


def test_a_title_above_the_header_and_values_without_a_meaning(
    workspace: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    """The ledger of the guide's first example."""
    page = (ROOT / "docs" / "guides" / "add-a-source.md").read_text(encoding="utf-8")
    [content] = re.findall(r"<!-- example: inbox/duong_day_nong/\S+ -->\n```csv\n(.*?)```", page, re.DOTALL)
    folder = workspace.inbox / "duong_day_nong"
    folder.mkdir()
    file = folder / "2023-06_20230615.csv"
    file.write_text(content, encoding="utf-8")
    shown = sipas("sources", "infer", file, "-w", workspace.root).output
    assert 'reader: {kind: "csv", header_line: 2' in shown
    assert 'location: {path: "inbox/duong_day_nong/{period}_{sent}.csv"}' in shown
    assert '"Chuyển nơi khác" (1)' in shown
    draft = parsed(tmp_path, shown, ("282",))
    found = pairs(draft)
    for pair in (("unit", "Xã"), ("complaint.received_at", "Thời điểm gọi"), ("complaint.state", "Kết quả")):
        assert pair in found
    assert {"Người gọi", "Nội dung"} <= set(draft.ignore)


def test_lists_within_a_document(workspace: Workspace, sipas: Sipas) -> None:
    rows = [
        {"soPAKN": f"P-{n}", "donVi": "Xã An Mỹ", "trangThai": "Đã xử lý", "ngayTiepNhan": f"2023-03-{n + 1:02d}"}
        for n in range(9)
    ]
    file = workspace.inbox / "xuat.json"
    file.write_text(json.dumps({"ngayXuat": "2023-04-01", "phanAnh": rows}, ensure_ascii=False), encoding="utf-8")
    shown = sipas("sources", "infer", file, "-w", workspace.root).output
    assert 'reader: {kind: "json", path: ["phanAnh"]}' in shown
    assert "record_id: [phanAnh.soPAKN]" in shown or 'record_id: ["phanAnh.soPAKN"]' in shown


def test_a_spec_is_written_and_never_overwritten(workspace: Workspace, sipas: Sipas) -> None:
    file = workspace.inbox / "so_2023-06.csv"
    result = sipas("sources", "infer", file, "--output", "moi", "-w", workspace.root)
    assert result.exit_code == 0 and "sources/moi.yml: complaint, " in result.output
    written = (workspace.sources / "moi.yml").read_text(encoding="utf-8")
    spec, problems = read_spec(workspace.sources / "moi.yml", load_contracts(), ("282",))
    assert spec is not None, problems
    again = sipas("sources", "infer", file, "--output", "moi", "-w", workspace.root)
    assert again.exit_code == 2 and "is not overwritten" in re.sub(r"[\s│]+", " ", again.output)
    assert (workspace.sources / "moi.yml").read_text(encoding="utf-8") == written
    assert sipas("sources", "infer", file, "--output", "../moi", "-w", workspace.root).exit_code == 2


def test_a_database_by_the_variable_of_its_url(
    workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace.inbox / "hoat_dong.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE HoatDong (MaHoatDong TEXT, DonVi TEXT, LoaiHoatDong TEXT, NgayKeHoach TEXT)")
        connection.executemany(
            "INSERT INTO HoatDong VALUES (?, 'Xã An Mỹ', ?, '2023-05-04')",
            [(f"HD{n}", ("Đối thoại", "Tập huấn")[n % 2]) for n in range(6)],
        )
    monkeypatch.setenv("HOAT_DONG_URL", f"sqlite:///{file}")
    shown = sipas("sources", "infer", "HOAT_DONG_URL", "-w", workspace.root).output
    assert "location: {url_env: HOAT_DONG_URL, table: HoatDong}" in shown
    assert "record_id: [MaHoatDong]" in shown and '"Đối thoại": dialogue' in shown
    assert str(file) not in shown


def test_what_cannot_be_read_is_told(workspace: Workspace, sipas: Sipas) -> None:
    missing = sipas("sources", "infer", workspace.inbox / "nothing.csv", "-w", workspace.root)
    assert missing.exit_code == 2 and "file.missing" in missing.output
    broken = workspace.inbox / "anh.bin"
    broken.write_bytes(bytes(range(256)) * 8)
    result = sipas("sources", "infer", broken, "-w", workspace.root)
    assert result.exit_code == 2 and "[file." in result.output
    unknown = sipas("sources", "infer", broken, "--dataset", "complant", "-w", workspace.root)
    assert unknown.exit_code == 2 and "complaint" in unknown.output


def test_the_languages_of_the_workspace(workspace: Workspace, sipas: Sipas) -> None:
    with workspace.settings_file.open("a", encoding="utf-8") as settings:
        settings.write("\nlanguages: [vi]\n") if "languages" not in workspace.settings_file.read_text("utf-8") else None
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(re.sub(r"languages: \[.*\]", "languages: [vi]", text), encoding="utf-8")
    shown = sipas("sources", "infer", workspace.inbox / "so_2023-06.csv", "-w", workspace.root).output
    assert "Câu hỏi:" in shown and "Questions" not in shown
    assert name_key("lời văn tự do") in name_key(shown)
