"""Corrections of records: what they change, what stays on record, and when they stop the run."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from workspaces import (
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

from assets.landing.corrections import SOURCE, apply_corrections
from assets.landing.corrections_file import CorrectionsRefused
from assets.office import Office
from assets.workspace import Workspace

CASE = {
    "dataset": "case",
    "authority": "mot_cua",
    "record": "HS-0003",
    "reason": "Gõ nhầm",
    "date": dt.date(2023, 7, 1),
}
ENDED = CASE | {"field": "settled_at", "old": dt.date(2023, 6, 8), "new": dt.date(2023, 6, 13)}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office with six cases; tests that land something take a copy of its workspace."""
    made = make_workspace(tmp_path_factory.mktemp("taken") / "office")
    write_spec(made, "ho_so", case_spec())
    put_cases(made, "inbox/ho_so/a.csv", [case_row(number) for number in range(6)])
    return take(made).office


@pytest.fixture
def workspace(taken: Office, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(taken.workspace.root, tmp_path / "office")))


def state(workspace: Workspace, *entries: dict[str, Any]) -> None:
    text = yaml.safe_dump({"corrections": list(entries)}, allow_unicode=True, sort_keys=False)
    (workspace.reference / "corrections.yml").write_text(text, encoding="utf-8")


def apply(workspace: Workspace) -> tuple[Office, int]:
    office = open_office(workspace)
    return office, len(apply_corrections(office))


def newest(office: Office, number: str, dataset: str = "case") -> dict[str, Any]:
    return max(
        (row for row in landed(office, dataset) if row["record_id"].endswith(number)),
        key=lambda row: row["delivery_seq"],
    )


def refusal(office: Office) -> list[tuple[str, int | None, str]]:
    with pytest.raises(CorrectionsRefused) as refused:
        apply_corrections(office)
    return [(problem.rule, problem.line, problem.message.en) for problem in refused.value.problems]


def test_a_correction_lands_after_the_last_version_which_stays_on_record(workspace: Workspace) -> None:
    state(workspace, ENDED)
    office, applied = apply(workspace)
    assert applied == 1
    versions = [row for row in landed(office, "case") if row["record_id"] == "HS-0003"]
    assert [row["settled_on"] for row in versions] == [dt.date(2023, 6, 8), dt.date(2023, 6, 13)]
    assert versions[1]["settled_at"] == dt.datetime(2023, 6, 12, 17)
    changed = {"settled_at", "settled_on", "input_id", "delivery_seq", "source", "line"}
    assert {name for name in versions[0] if versions[0][name] != versions[1][name]} <= changed
    [record] = [record for record in office.ledger.active() if record.source == SOURCE]
    assert (record.delivery_kind, record.rows_read, record.rows_accepted) == ("correction", 1, 1)
    assert versions[1]["delivery_seq"] == record.delivery_seq > versions[0]["delivery_seq"]


def test_applied_again_it_changes_nothing(workspace: Workspace) -> None:
    state(workspace, ENDED)
    office, _ = apply(workspace)
    before = landed(office, "case")
    office, applied = apply(workspace)
    assert applied == 0 and landed(office, "case") == before


def test_two_fields_of_one_record_make_one_version(workspace: Workspace) -> None:
    state(workspace, ENDED, CASE | {"field": "channel", "old": "direct", "new": "online"})
    office, applied = apply(workspace)
    row = newest(office, "HS-0003")
    assert applied == 1 and (row["channel"], row["settled_on"]) == ("online", dt.date(2023, 6, 13))


def test_an_entry_taken_back_gives_the_source_its_word_again(workspace: Workspace) -> None:
    state(workspace, ENDED)
    apply(workspace)
    state(workspace)
    office, _ = apply(workspace)
    assert newest(office, "HS-0003")["settled_on"] == dt.date(2023, 6, 8)
    state(workspace, ENDED)
    office, applied = apply(workspace)
    assert applied == 1 and newest(office, "HS-0003")["settled_on"] == dt.date(2023, 6, 13)


def test_a_later_version_of_another_field_is_corrected_too(workspace: Workspace) -> None:
    state(workspace, ENDED)
    apply(workspace)
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(3, **{"Kênh": "Trực tuyến"}), case_row(4)])
    taken = take(workspace)
    assert taken.records["inbox/ho_so/b.csv"].rows_duplicate == 1
    office, applied = apply(workspace)
    row = newest(office, "HS-0003")
    assert applied == 1 and (row["channel"], row["settled_on"]) == ("online", dt.date(2023, 6, 13))


def test_the_old_row_sent_again_is_a_duplicate_and_the_correction_stands(workspace: Workspace) -> None:
    state(workspace, ENDED)
    apply(workspace)
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(3), case_row(20)])
    assert take(workspace).records["inbox/ho_so/b.csv"].rows_duplicate == 1
    office, applied = apply(workspace)
    assert applied == 0 and newest(office, "HS-0003")["settled_on"] == dt.date(2023, 6, 13)


def test_it_fails_loudly_once_the_source_was_corrected(workspace: Workspace) -> None:
    state(workspace, CASE | {"field": "channel", "old": "direct", "new": "other"}, ENDED)
    apply(workspace)
    put_cases(workspace, "inbox/ho_so/b.csv", [case_row(3, **{"Ngày xong": "13/06/2023"})])
    office = take(workspace).office
    before = landed(office, "case")
    [(rule, line, message)] = refusal(open_office(workspace))
    assert (rule, line) == ("corrections.old_value", 10)
    assert "2023-06-13 00:00:00" in message and "remove the entry" in message and "HS-0003" not in message
    assert landed(open_office(workspace), "case") == before


@pytest.mark.parametrize(
    ("change", "rule", "part"),
    [
        ({"record": "HS-9999"}, "record_unknown", "no current record"),
        ({"authority": "cong"}, "record_unknown", "no current record"),
        ({"field": "setled_at"}, "field", "Did you mean “settled_at”?"),
        ({"field": "record_id"}, "field", "has no field"),
        ({"dataset": "cases"}, "dataset", "Did you mean “case”?"),
        ({"old": None}, "old_value", "2023-06-08 00:00:00"),
        ({"new": dt.date(2023, 5, 1)}, "rule", "case.settled_before_received"),
        ({"new": dt.date(2023, 7, 2)}, "rule", "case.settled_at.future"),
        ({"new": "ngày mai"}, "rule", "case.settled_at.type"),
        ({"field": "state", "old": "settled", "new": "done"}, "rule", "case.state.values"),
        ({"field": "state", "old": "settled", "new": None}, "rule", "case.state.required"),
        ({"field": "unit_code", "old": "10462", "new": "Xã Không Có"}, "rule", "case.unit_code.unknown"),
        ({"reason": " "}, "value", "say why"),
        ({"why": "?"}, "unknown_key", "no key “why”"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(
    taken: Office, change: dict[str, Any], rule: str, part: str
) -> None:
    state(taken.workspace, ENDED | change)
    [(found, line, message)] = refusal(taken)
    assert found == f"corrections.{rule}" and line is not None and part in message
    assert not [record for record in taken.ledger.active() if record.source == SOURCE]


def test_one_field_is_corrected_once(taken: Office) -> None:
    state(taken.workspace, ENDED, ENDED | {"new": dt.date(2023, 6, 14)})
    assert [(rule, line) for rule, line, _ in refusal(taken)] == [("corrections.repeated", 10)]
    file = taken.workspace.reference / "corrections.yml"
    file.write_text("corrections:\n- field: a\n  field: b\n", encoding="utf-8")
    assert [(rule, line) for rule, line, _ in refusal(taken)] == [("corrections.repeated_key", 3)]


def test_a_unit_is_named_as_in_a_source(workspace: Workspace) -> None:
    state(workspace, CASE | {"field": "unit_code", "old": "Xã An Mỹ", "new": "10465"})
    office, _ = apply(workspace)
    assert newest(office, "HS-0003")["unit_code"] == "10465"


def test_an_answer_is_corrected_and_the_other_answers_go_along(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "phieu", survey_spec())
    put_forms(workspace, "inbox/phieu/2023-06/10462_20230615.csv", [form_row(number) for number in range(3)])
    take(workspace, "survey_response")
    entry = CASE | {"dataset": "survey_answer", "authority": "phieu_xa", "record": "10462/2023-06/0001"}
    state(workspace, entry | {"field": "I.1", "old": "4", "new": "2"})
    office, applied = apply(workspace)
    form = newest(office, "/0001", "survey_response")
    assert applied == 1 and form["source"] == SOURCE
    answers = [row for row in landed(office, "survey_answer") if row["delivery_seq"] == form["delivery_seq"]]
    assert {(row["item_code"], row["level"]) for row in answers} == {("I.1", "2"), ("I.2", "3")}
    # A new snapshot of the scope brings the form again, and the correction follows it.
    put_forms(workspace, "inbox/phieu/2023-06/10462_20230618.csv", [form_row(number) for number in range(4)])
    take(workspace, "survey_response")
    office, applied = apply(workspace)
    assert applied == 1 and newest(office, "/0001", "survey_response")["source"] == SOURCE
    for change, rule in (
        ({"field": "I.9"}, "field"),
        ({"old": "5"}, "old_value"),
        ({"new": "7"}, "rule"),
    ):
        state(workspace, entry | {"field": "I.1", "old": "4", "new": "2"} | change)
        assert [found for found, _, _ in refusal(office)] == [f"corrections.{rule}"]
