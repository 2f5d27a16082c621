"""`sipas sources check` shows what a run would make of a spec and its inputs, names every fault, and lands nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from cli_office import HEADER, SPEC, Sipas, good_rows, lines_with, write_ledger
from survey_server import TOKEN, Plan, SurveyServer

from assets.ledger import Ledger
from assets.workspace import Workspace

SURVEY = """\
title: {vi: "Phiếu", en: "Forms"}
row: one form
authority: forms
delivery: {kind: snapshot, scope: [unit]}
location: {path: "inbox/phieu_{unit}.csv"}
reader: {kind: csv}
unit: {group: unit}
feeds:
  - dataset: survey_response
    record_id: ["Số"]
    columns: {instrument_code: {constant: HN2023}, responded_on: "Ngày"}
  - dataset: survey_answer
    items: {I.1: "Trụ sở", I.2: "Thiết bị"}
    values: {Hài lòng: "4", Rất hài lòng: "5"}
"""


def write_spec(workspace: Workspace, text: str, name: str = "so_phan_anh") -> Path:
    path = workspace.sources / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_source_shows_its_head_and_lands_nothing(workspace: Workspace, sipas: Sipas) -> None:
    before = sorted(path for path in workspace.root.rglob("*") if path.is_file())
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 0, result.output
    assert "feeds complaint; 1 input(s): inbox/so_2023-06.csv" in result.output
    assert "12 row(s) read, 12 accepted, 0 quarantined, 0 duplicate" in result.output
    [head] = lines_with(result.output, "record_id")
    assert head.split() == ["record_id", "Số", *(f"PA-{n:04d}" for n in range(1, 6))]
    [received] = lines_with(result.output, "received_at")
    assert "2023-05-02 00:00:00" in received
    [channel] = lines_with(result.output, "channel")
    assert channel.split() == ["channel", "Kênh", *["phone"] * 5]
    assert "no problem(s)" in result.output
    after = sorted(path for path in workspace.root.rglob("*") if path.is_file())
    assert set(after) - set(before) <= {workspace.state / "ledger.sqlite"}
    assert Ledger.of_folder(workspace.state).active() == []


def test_a_typo_is_named_with_line_and_nearest_key(workspace: Workspace, sipas: Sipas) -> None:
    write_spec(workspace, SPEC.replace("delivery:", "delivry:").replace("      closed_at", "      close_at"))
    result = sipas("sources", "check", "sources/so_phan_anh.yml", "-w", workspace.root)
    assert result.exit_code == 2
    assert (
        "sources/so_phan_anh.yml, line 4, column delivry: There is no key “delivry”. Did you mean “delivery”?"
        in result.output
    )
    assert "Không có khoá “delivry”. Có phải là “delivery”?" in result.output
    write_spec(workspace, SPEC.replace("      closed_at", "      close_at"))
    result = sipas("sources", "check", "so_phan_anh.yml", "-w", workspace.root)
    assert result.exit_code == 2
    assert "line 13, column close_at: “complaint” has no field “close_at”. Did you mean “closed_at”?" in result.output


def test_missing_and_unknown_columns_name_the_nearest(workspace: Workspace, sipas: Sipas) -> None:
    write_ledger(
        workspace, good_rows(3), header=HEADER.replace("Ngày nhận", "Ngày nhận đơn").replace("Nội dung", "Nội dung đơn")
    )
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 2
    [missing] = lines_with(result.output, "missing / thiếu")
    assert missing.split()[:2] == ["Ngày", "nhận"]
    assert missing.strip().endswith("Ngày nhận đơn")
    assert any(line.strip().endswith("Nội dung") for line in lines_with(result.output, "not in the spec"))
    assert "Column “Ngày nhận” is missing. Did you mean “Ngày nhận đơn”?" in result.output


def test_an_extra_column_is_shown_and_no_problem(workspace: Workspace, sipas: Sipas) -> None:
    write_ledger(workspace, [f"{row},x" for row in good_rows(3)], header=f"{HEADER},Ghi chú")
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 0
    assert len(lines_with(result.output, "Ghi chú")) == 1


def test_unmapped_values_name_the_nearest_known(workspace: Workspace, sipas: Sipas) -> None:
    bad = ["PA-8001,Xã An Mĩ,Điện thoai,Đang xử lý,03/05/2023,,"] * 2
    bad += ["PA-8005,Xã Không Có,Đơn thư,Đang xử lý,03/05/2023,,"]
    bad += ["PA-8003,10426,Loa,Đang xử lý,03/05/2023,,", "PA-8004,99,Đơn thư,Đang xử lý,31/02/2023,,"]
    write_ledger(workspace, good_rows(4) + bad)
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 2
    assert lines_with(result.output, "Điện thoai")[0].split("  ")[-1].strip() == "Điện thoại → phone"
    assert "10462 Xã An Mỹ" in lines_with(result.output, "Xã An Mĩ")[0]
    assert "Xã" in lines_with(result.output, "10426")[0]
    # Two digits are like any code: no guess is better than a wrong one.
    assert lines_with(result.output, "Xã Không Có")[0].split() == ["Đơn", "vị", "Xã", "Không", "Có", "1"]
    assert lines_with(result.output, " 99 ")[0].split() == ["Đơn", "vị", "99", "1"]
    assert lines_with(result.output, "Loa")[0].split() == ["Kênh", "Loa", "1"]
    [unknown] = lines_with(result.output, "complaint.unit_code.unknown")
    assert unknown.split()[1:5] == ["Đơn", "vị", "5", "quarantine"]
    assert "Không phải ngày có thật" in lines_with(result.output, "complaint.received_at.type")[0]


def test_at_most_a_thousand_rows_are_read(workspace: Workspace, sipas: Sipas) -> None:
    write_ledger(workspace, good_rows(1_500))
    assert "1,000 row(s) read, 1,000 accepted" in sipas("sources", "check", "-w", workspace.root).output


@pytest.mark.parametrize(
    "more", ["table: so}", "table: so, watermark: {column: Sửa, start: 2023-05-01}}", "query: SELECT * FROM so}"]
)
def test_of_a_database_no_more_than_the_sample_is_fetched(more: str, workspace: Workspace, sipas: Sipas) -> None:
    names = [f'"{name}" TEXT' for name in (*HEADER.split(","), "Sửa")]
    rows = [(*row.split(","), f"2023-06-01 {number // 3600:02d}:00:00") for number, row in enumerate(good_rows(5_000))]
    with sqlite3.connect(workspace.root / "so.sqlite") as database:
        database.execute(f"CREATE TABLE so ({', '.join(names)})")
        database.executemany(f"INSERT INTO so VALUES ({', '.join('?' * len(names))})", rows)
    database.close()
    spec = SPEC.replace('{path: "inbox/so_{period}.csv"}', '{url: "sqlite:///{workspace}/so.sqlite", ' + more)
    write_spec(workspace, spec.replace("{kind: csv}", "{kind: database}"))
    fetched = 0

    def count(connection: sqlite3.Connection, record: object) -> None:
        def taken(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> tuple[object, ...]:
            nonlocal fetched
            fetched += len(row) == len(names)
            return row

        connection.row_factory = taken

    sa.event.listen(sa.Engine, "connect", count)
    try:
        shown = sipas("sources", "check", "-w", workspace.root).output
    finally:
        sa.event.remove(sa.Engine, "connect", count)
    assert "1,000 row(s) read, 1,000 accepted" in shown, shown
    # Of a query the driver may have taken one row more.
    assert 1_000 <= fetched <= 1_001


def test_one_bad_spec_does_not_stop_the_others(workspace: Workspace, sipas: Sipas) -> None:
    write_spec(workspace, "title: [", "a_broken")
    write_spec(workspace, SPEC.replace("so_{period}", "khac_{period}"), "b_no_files")
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 2
    assert "sources/a_broken.yml, line 1: Not valid YAML" in result.output
    assert "No file matches “inbox/khac_{period}.csv”" in result.output
    assert "12 accepted" in result.output
    assert "3 spec(s) checked: 2 problem(s)" in result.output


def test_a_broken_file_is_told_and_the_next_one_read(workspace: Workspace, sipas: Sipas) -> None:
    (workspace.inbox / "so_2023-05.csv").write_bytes(b"")
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 2
    assert "[file.empty]" in result.output
    assert "sample of inbox/so_2023-06.csv: 12 row(s) read" in result.output


def test_units_in_file_names_and_answers_outside_the_scale(workspace: Workspace, sipas: Sipas) -> None:
    write_spec(workspace, SURVEY, "phieu")
    rows = "\n".join([*(f"{n},2023-05-02,Hài lòng,5" for n in range(3)), "9,2023-05-02,Hài lòn,"])
    (workspace.inbox / "phieu_10462.csv").write_text(f"Số,Ngày,Trụ sở,Thiết bị\n{rows}\n", encoding="utf-8")
    (workspace.inbox / "phieu_Xã An Mĩ.csv").write_text("Số,Ngày,Trụ sở,Thiết bị\n1,2023-05-02,,5\n", encoding="utf-8")
    result = sipas("sources", "check", "phieu", "-w", workspace.root)
    assert result.exit_code == 2
    assert "The file's name says unit “Xã An Mĩ”, which is not known. Nearest: 10462 Xã An Mỹ" in result.output
    assert lines_with(result.output, "(answers)")[0].split() == ["(answers)", "2", "items", "2", "2", "2"]
    [unmapped] = [line for line in lines_with(result.output, "Hài lòn") if "→" in line]
    assert unmapped.rstrip().endswith("Hài lòng → 4")


def test_an_item_the_instrument_lacks_is_told(workspace: Workspace, sipas: Sipas) -> None:
    write_spec(workspace, SURVEY.replace("I.2:", "I.22:"), "phieu")
    (workspace.inbox / "phieu_10462.csv").write_text("Số,Ngày,Trụ sở,Thiết bị\n1,2023-05-02,5,5\n", encoding="utf-8")
    result = sipas("sources", "check", "phieu", "-w", workspace.root)
    assert result.exit_code == 2
    assert "has no item “I.22”. Did you mean “I.2”?" in result.output


def test_a_reference_source_not_taken_in_yet_is_known(workspace: Workspace, sipas: Sipas) -> None:
    write_spec(
        workspace,
        """\
title: {vi: "Tên gọi", en: "Names"}
row: one name
authority: office
delivery: {kind: snapshot}
location: {path: "inbox/ten_goi.csv"}
reader: {kind: csv}
feeds:
  - dataset: unit_alias
    columns: {office_code: {constant: "282"}, name: "Tên", unit_code: "Mã"}
""",
        "ten_goi",
    )
    (workspace.inbox / "ten_goi.csv").write_text("Tên,Mã\nBộ phận một cửa số 3,10462\n", encoding="utf-8")
    write_ledger(workspace, [row.replace("Xã An Mỹ", "Bộ phận một cửa số 3") for row in good_rows(3)])
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 0, result.output
    assert lines_with(result.output, "unit_code ")[0].split()[-3:] == ["10462"] * 3
    assert "unit_alias, as read" in result.output
    assert lines_with(result.output, "name ")[0].split("  ")[-1].strip() == "Bộ phận một cửa số 3"
    assert not workspace.landing.exists()


def test_feeds_of_one_reference_table_are_shown_apart(workspace: Workspace, sipas: Sipas) -> None:
    feeds = """\
  - {dataset: unit_alias, columns: {office_code: {constant: "282"}, name: "Tên", unit_code: "Mã"}}
  - {dataset: unit_alias, columns: {office_code: {constant: "282"}, name: "Tên tắt", unit_code: "Mã"}}
"""
    head = """\
title: {vi: "Tên gọi", en: "Names"}
row: one name
authority: office
delivery: {kind: snapshot}
location: {path: "inbox/ten_goi.csv"}
reader: {kind: csv}
feeds:
"""
    write_spec(workspace, head + feeds, "ten_goi")
    rows = ["Một cửa số 3,MC3,10462", "Một cửa số 3,MC3,10462", "Một cửa số 5,,10465"]
    (workspace.inbox / "ten_goi.csv").write_text("\n".join(["Tên,Tên tắt,Mã", *rows]) + "\n", encoding="utf-8")
    result = sipas("sources", "check", "ten_goi", "-w", workspace.root)
    assert result.exit_code == 2
    assert "3 row(s) read, 2 accepted, 1 quarantined" in result.output
    full, short = (line.split("  ") for line in lines_with(result.output, "name  "))
    assert [cell.strip() for cell in full if cell.strip()] == ["name", "Tên", "Một cửa số 3", "Một cửa số 5"]
    assert [cell.strip() for cell in short if cell.strip()] == ["name", "Tên tắt", "MC3"]
    assert "unit_alias.name.required" in result.output


def test_a_database_is_sampled(workspace: Workspace, sipas: Sipas) -> None:
    with sqlite3.connect(workspace.inbox / "cong.sqlite") as database:
        names = [f'"{name}"' for name in HEADER.split(",")]
        database.execute(f"CREATE TABLE phan_anh ({', '.join(names)})")
        database.executemany("INSERT INTO phan_anh VALUES (?,?,?,?,?,?,?)", [row.split(",") for row in good_rows(4)])
    place = 'location: {url: "sqlite:///{workspace}/inbox/cong.sqlite", table: phan_anh}'
    text = SPEC.replace('location: {path: "inbox/so_{period}.csv"}', place).replace("kind: csv", "kind: database")
    write_spec(workspace, text, "cong")
    result = sipas("sources", "check", "cong", "-w", workspace.root)
    assert result.exit_code == 0, result.output
    assert "sample of phan_anh@cong: 4 row(s) read, 4 accepted" in result.output
    assert not workspace.landing.exists()


def test_a_survey_server_is_sampled(workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head of the first page; the other pages are not asked for, and nothing is kept."""
    monkeypatch.setenv("SURVEY_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    names = HEADER.split(",")
    plan = Plan([dict(zip(names, row.split(","), strict=True)) | {"_id": n} for n, row in enumerate(good_rows(9))])
    with SurveyServer(plan) as server:
        place = f"{{service: kobo, url: '{server.url}', asset: aZuPhieu1, page_size: 4, auth: {{token: {{env: SURVEY_TOKEN}}}}}}"
        text = SPEC.replace('{path: "inbox/so_{period}.csv"}', f"{{http: {place}}}").replace("kind: csv", "kind: jsonl")
        write_spec(workspace, text.replace('ignore: ["Nội dung"]', 'ignore: ["Nội dung", _id]'), "cong")
        result = sipas("sources", "check", "cong", "-w", workspace.root)
        assert result.exit_code == 0, result.output
        assert "sample of kobo@cong: 4 row(s) read, 4 accepted" in result.output
        [head] = lines_with(result.output, "record_id")
        assert head.split() == ["record_id", "Số", *(f"PA-{n:04d}" for n in range(1, 5))]
        assert len(server.data_requests) == 1
        monkeypatch.setenv("SURVEY_TOKEN", "zuwrong-token")
        result = sipas("sources", "check", "cong", "-w", workspace.root)
        assert result.exit_code == 2
        assert "http.login" in result.output and "page 1" in result.output
        assert "zuwrong-token" not in result.output and TOKEN not in result.output
    assert not workspace.landing.exists()


def test_no_secret_is_shown(workspace: Workspace, home: Path, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_URL", "postgresql://portal:s3cret-word@127.0.0.1:1/portal")
    text = SPEC.replace('{path: "inbox/so_{period}.csv"}', "{url_env: PORTAL_URL, table: t}").replace(
        "kind: csv", "kind: database"
    )
    write_spec(workspace, text, "portal")
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 2
    secret = (home / ".config" / "sipas-warehouse" / "my_duc.key").read_text(encoding="ascii").strip()
    assert "s3cret-word" not in result.output
    assert secret not in result.output


def test_codes_in_cells_cannot_steer_the_terminal(workspace: Workspace, sipas: Sipas) -> None:
    write_ledger(workspace, [*good_rows(3), "PA-1\x1b[2J[red],Xã An Mỹ,\x1b]0;x\x07,Đang xử lý,02/05/2023,,"])
    output = sipas("sources", "check", "-w", workspace.root).output
    assert "\x1b" not in output
    assert "]0;x" in output


def test_a_workspace_without_specs_is_told(workspace: Workspace, sipas: Sipas) -> None:
    (workspace.sources / "so_phan_anh.yml").unlink()
    result = sipas("sources", "check", "-w", workspace.root)
    assert result.exit_code == 2
    assert "example.yml.txt" in result.output
