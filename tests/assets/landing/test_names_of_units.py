"""Names of units where rows are read: the day decides what a name means, and what nobody knows or uses is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from workspaces import (
    NAME,
    Taken,
    case_row,
    case_spec,
    form_row,
    landed,
    make_workspace,
    open_office,
    put_cases,
    put_forms,
    survey_spec,
    take,
    write_spec,
)

from assets.landing.take_in import take_in
from assets.landing.unit_names import unused_aliases
from assets.office import Office
from assets.workspace import Workspace
from quality.problem import Problem


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "my_duc")


def city(workspace: Workspace) -> Office:
    """The same workspace as the city's, whose units changed on 01/07/2025."""
    office = open_office(workspace)
    office.roots = ("01",)
    return office


def told(problems: list[Problem], rule: str) -> list[str]:
    return [problem.message.en for problem in problems if problem.rule == rule]


def test_the_day_of_a_row_decides_what_a_name_means(workspace: Workspace) -> None:
    """Mỹ Đức was a district up to 30/06/2025 and is a commune since; a row without a day names neither."""
    write_spec(workspace, "ho_so", case_spec(office="01"))
    days = {"a": "30/06/2023", "b": "30/06/2025", "c": "01/07/2025", "d": ""}
    rows = [
        case_row(number, **{"Mã hồ sơ": key, "Đơn vị": "Mỹ Đức", "Ngày nhận": day, "Ngày hẹn": "", "Ngày xong": "",
                            "Trạng thái": "Đang xử lý"})
        for number, (key, day) in enumerate(days.items())
    ]  # fmt: skip
    rows.append(case_row(9, **{"Mã hồ sơ": "e", "Đơn vị": "X. An Mỹ"}))
    rows.append(case_row(9, **{"Mã hồ sơ": "f", "Đơn vị": "10462"}))
    put_cases(workspace, "inbox/ho_so/a.csv", rows)
    office = city(workspace)
    # The rows of 2025 come after the day the file was first seen, which is another rule.
    office.today = office.today.replace(year=2026)
    take_in(office, "case", lambda month: True)
    found = {row["record_id"]: row["unit_code"] for row in landed(office, "case")}
    assert found == {"a": "282", "b": "282", "c": "10441", "e": "10462", "f": "10462"}


def test_a_month_in_the_path_decides_too_and_without_one_candidates_are_told(workspace: Workspace) -> None:
    write_spec(workspace, "phieu", survey_spec(office="01"))
    put_forms(workspace, "inbox/phieu/2023-06/Mỹ Đức_20230615.csv", [form_row(1)])
    write_spec(
        workspace,
        "khong_thang",
        survey_spec(
            office="01", delivery={"kind": "upsert"}, location={"path": "inbox/khac/{unit}.csv"},
            feeds=[{**survey_spec()["feeds"][0], "scope_id_with": ["unit"]}, survey_spec()["feeds"][1]],
        ),
    )  # fmt: skip
    put_forms(workspace, "inbox/khac/Mỹ Đức.csv", [form_row(2)])
    office = city(workspace)
    taken = take_in(office, "survey_response", lambda month: True)
    by_source = {record.source: record for record in taken.records}
    assert by_source["phieu"].unit_code == "282" and by_source["phieu"].rows_accepted == 1
    refused = by_source["khong_thang"]
    assert refused.status == "refused" and "10441, 282" in str(refused.reason)


def test_unknown_names_are_told_once_each_and_people_never(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", case_spec())
    names = ["Xã Mỹ An", "Xã Mỹ An", "Xã An Mỳ", NAME, "0000123456", "Xã An Mỹ"]
    put_cases(
        workspace, "inbox/ho_so/a.csv", [case_row(number, **{"Đơn vị": name}) for number, name in enumerate(names)]
    )
    taken: Taken = take(workspace, quarantine_share=1.0)
    [record] = taken.records.values()
    assert (record.rows_accepted, record.rows_quarantined) == (1, 5)
    messages = told(taken.problems, "unit.unknown_name")
    assert len(messages) == 3
    assert messages[0].startswith("No unit is known as “Xã Mỹ An” (2 row(s)). Nearest: ")
    assert "“Xã An Mỳ” (1 row(s)). Nearest: 10462 Xã An Mỹ." in messages[1]
    assert messages[2].startswith("2 other value(s) (2 row(s)) are like no unit's name")
    everything = " ".join(problem.render("en") + problem.render("vi") for problem in taken.problems)
    assert NAME not in everything and "0000123456" not in everything
    assert Counter(problem.column for problem in taken.problems if problem.rule == "unit.unknown_name") == {"Đơn vị": 3}


def test_aliases_that_no_input_needed_are_told(workspace: Workspace) -> None:
    (workspace.reference / "unit_alias.csv").write_text(
        "office_code,name,unit_code\n282,Bộ phận Một cửa An Mỹ,10462\n282,Cơ sở 2,10462\n282,Nhầm,99999\n",
        encoding="utf-8",
    )
    write_spec(workspace, "ho_so", case_spec())
    put_cases(workspace, "inbox/ho_so/a.csv", [case_row(1, **{"Đơn vị": "bộ phận một cửa AN MỸ"}), case_row(2)])
    taken = take(workspace)
    assert [record.rows_accepted for record in taken.records.values()] == [2]
    [unused] = told(unused_aliases(taken.office), "unit.alias_unused")
    assert unused.startswith("1 of 2 entries were met in no input yet: “Cơ sở 2”")
    # The entry of a unit that is not in the list is told where reference tables are read.
    [unknown] = told(taken.problems, "reference.unknown_code")
    assert "99999" in unknown
    # What was met once stays so: the next run reads other names only.
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(3), case_row(4, **{"Đơn vị": "Cơ sở 2"})])
    assert unused_aliases(take(workspace).office) == []
    # A run that looks for no name judges none.
    assert unused_aliases(open_office(workspace)) == []
