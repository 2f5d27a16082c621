"""Figures of a revision planted by hand, traced to files, sheets and lines that were counted on paper."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from planted_revision import FORMS, WOMEN_AND_RANKS, plant_revision

from assets.lookup.database import open_locked
from assets.lookup.explain import explain, explain_rank
from assets.lookup.figures import fixed_figures
from assets.lookup.records import Aside, Counts, SheetLines, line_ranges
from assets.lookup.subject import NotFound
from assets.lookup.survey import REPORTED, survey_figure
from assets.lookup.trace import Ask, Explanation
from assets.workspace import Workspace

Explain = Callable[..., Explanation]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_revision(Workspace(tmp_path_factory.mktemp("planted")), "rev1")


@pytest.fixture
def explained(planted: Path) -> Explain:
    def of(*asked: str) -> Explanation:
        with open_locked(planted) as marts:
            return explain(marts, *asked)

    return of


def test_the_worked_example_of_the_method_page(explained: Explain) -> None:
    found = explained("10462", "2023-06", "overall")
    assert found.counts == Counts(sum(s for s, _ in FORMS), sum(n for _, n in FORMS), 1) == Counts(12, 17, 1)
    assert found.recomputed == found.counts and found.agrees
    assert found.value == pytest.approx(70.588235, abs=1e-6)
    assert found.stated["method"] == "srs_korn_graubard" and found.stated["n_forms"] == 6
    assert (found.stated["ci_low_pct"], found.stated["ci_high_pct"]) == (24.97, 97.01)


def test_files_sheets_and_lines_and_what_else_became_of_them(explained: Explain) -> None:
    found = explained("An Mỹ", "2023-06", "I")
    sheet, correction = found.files
    assert (sheet.path, sheet.counts, sheet.sheets) == (
        "inbox/khao_sat/10462_2.xlsx", Counts(9, 14, 1), (SheetLines("Phiếu", (3, 4, 5, 7, 8)),),
    )  # fmt: skip
    assert sheet.touched == {"rows refused": 2}
    assert (correction.path, correction.counts) == ("reference/corrections.yml", Counts(3, 3, 0))
    assert (correction.sheets, found.n_corrected_lines) == ((SheetLines(None, (12,)),), 1)
    # Of the same unit and month, and not in the figure; a number in a file's name is masked.
    assert found.asides == (
        Aside("inbox/khao_sat/‹phone›.xlsx", "refused", "thiếu cột", {}),
        Aside("inbox/khao_sat/10462_1.xlsx", "landed", None, {"rows superseded by newer ones": 5}),
    )


def test_a_district_is_the_sum_of_its_units(explained: Explain) -> None:
    found = explained("282", "2023-06", "overall")
    assert found.agrees and found.counts == Counts(13, 20, 1)
    assert [(part.name, part.counts) for part in found.units] == [
        ("Thị trấn Đại Nghĩa (10441)", Counts(1, 3, 0)), ("Xã An Mỹ (10462)", Counts(12, 17, 1)),
    ]  # fmt: skip


def test_cases_in_time_by_the_day_they_were_settled(explained: Explain) -> None:
    found = explained("10462", "2023-06", "case_in_time")
    # Lines 2, 3 and 4 have a due date and were settled in the period; line 7 has none; line 8 came a day after the period.
    assert found.counts == found.recomputed == Counts(2, 3, 1) and found.agrees
    assert found.files[0].sheets == (SheetLines(None, (2, 3, 4, 7)),)
    assert line_ranges(found.files[0].sheets[0].lines) == [(2, 4), (7, 7)]


def test_stocks_count_what_had_not_ended_and_what_has_no_unit(explained: Explain) -> None:
    assert explained("10462", "2023-06", "case_pending").files[0].sheets[0].lines == (8,)
    found = explained("Huyện Mỹ Đức", "2023-06", "case_pending")
    assert found.agrees and found.value == 2
    assert [part.name for part in found.units] == ["Chưa rõ đơn vị (282~)", "Xã An Mỹ (10462)"]


def test_a_figure_that_its_lines_do_not_give_is_told(tmp_path: Path) -> None:
    change = "UPDATE marts.sipas_index SET n_satisfied = 13, index_pct = 76.470588"
    with open_locked(plant_revision(Workspace(tmp_path), "rev2", change)) as marts:
        found = explain(marts, "10462", "2023-06", "overall")
    assert (found.agrees, found.held_since, found.counts.numerator, found.recomputed.numerator) == (False, None, 13, 12)


def test_a_figure_that_the_revision_has_no_facts_for_is_told(explained: Explain) -> None:
    with pytest.raises(NotFound, match=r"earlier version of the software, without what 766-2\.1 is traced by"):
        explained("10462", "2023-06", "766-2.1")


def test_a_figure_that_a_lock_holds_is_told_with_what_waits(tmp_path: Path) -> None:
    lock = "INSERT INTO marts.period_status VALUES ('10462', DATE '1900-01-01', '2023-06', 'locked', 'rev0', 0, 0, 1, 0, 1)"
    change = "UPDATE marts.sipas_index SET n_satisfied = 13"
    with open_locked(plant_revision(Workspace(tmp_path), "rev2", lock, change)) as marts:
        found = explain(marts, "10462", "2023-06", "overall")
        assert (found.agrees, found.held_since, found.waiting) == (False, "rev0", 2)
        assert explain(marts, "10441", "2023-06", "overall").held_since is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("An Mi", "2023-06", "overall"), "There is no unit “An Mi”. Did you mean “Xã An Mỹ”?"),
        (("99999", "2023-06", "overall"), "There is no unit “99999”"),
        (
            ("10462", "2023-6", "overall"),
            "There is no reporting period or survey round “2023-6”. Did you mean “2023-06”?",
        ),
        (("10462", "2023-06", "overal"), "Did you mean “overall”?"),
        (("10462", "2023-05", "case_in_time"), "case_settlement has no row of Xã An Mỹ"),
        (("10459", "2023-06", "overall"), "10459@1900-01-01), Xã Xuyên Mới (10459@2023-06-01)"),
        (("10462@1950-01-01", "2023-06", "overall"), "There is no unit “10462@1950-01-01”"),
        (("10462", "2023-06", "overall", "V9"), "There is no figure “overall”"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(asked: tuple[str, ...], told: str, explained: Explain) -> None:
    with pytest.raises(NotFound) as refused:
        explained(*asked)
    assert told in str(refused.value)


def test_a_revision_from_before_survey_rounds_has_none(tmp_path: Path) -> None:
    dropped = "DROP TABLE marts.dim_survey_round"
    with open_locked(plant_revision(Workspace(tmp_path), "rev2", dropped)) as marts:
        assert explain(marts, "10462", "2023-06", "overall").agrees
        with pytest.raises(NotFound, match="and no survey round"):
            explain(marts, "10462", "dot-1", "overall")


@pytest.mark.parametrize(
    "name", ["10462", "Xã An Mỹ", "xã an mỹ", "An Mỹ", "an my", "Xa An My", "UBND xã An Mỹ", "10462@1900-01-01"]
)
def test_units_are_found_by_code_and_by_name(name: str, explained: Explain) -> None:
    assert explained(name, "2023-06", "I").unit.code == "10462"


def test_no_number_of_a_record_and_no_answer_is_shown(explained: Explain) -> None:
    shown = json.dumps(asdict(explained("282", "2023-06", "overall")) | {"figure": None}, default=str)
    assert "response_id" not in shown and "case_id" not in shown and "0912345678" not in shown


@pytest.mark.parametrize(
    ("mode", "node", "value"),
    # I.1: 6 of 7 satisfied; I.2: 4 of 7; I.3: 3 of 6 (one blank) over both units.
    [
        ("mean_of_items", "overall", (600 / 7 + 400 / 7 + 50) / 3),
        ("mean_of_items", "I.2", 400 / 7),
        ("mean_of_factors", "overall", 65),
    ],
)
def test_a_mean_is_of_its_parts(mode: str, node: str, value: float, tmp_path: Path) -> None:
    changes = [
        f"UPDATE marts.dim_instrument_item SET aggregation_mode = '{mode}'",
        f"UPDATE marts.sipas_index SET index_pct = {value}",
        "INSERT INTO marts.sipas_index SELECT * REPLACE ('I.2' AS node_code, 7 AS n_answers, 4 AS n_satisfied, 0 AS n_missing)"
        " FROM marts.sipas_index WHERE unit_code = '282' AND node_code = 'I'",
    ]
    with open_locked(plant_revision(Workspace(tmp_path), "rev2", *changes)) as marts:
        found = explain(marts, "282", "2023-06", node)
    assert found.agrees and found.recomputed_value == pytest.approx(value)
    assert [part.name for part in found.parts] == {
        ("mean_of_items", "overall"): ["I.1", "I.2", "I.3"], ("mean_of_factors", "overall"): ["I"],
    }.get((mode, node), [])  # fmt: skip


def test_a_question_of_its_own_is_the_index_of_its_node(tmp_path: Path) -> None:
    changes = [
        "UPDATE marts.dim_instrument_item SET aggregation_mode = 'overall_question'",
        "UPDATE marts.dim_instrument_item SET answers_for = 'overall' WHERE node_code = 'I.3'",
        "UPDATE marts.sipas_index SET n_answers = 6, n_satisfied = 3, n_missing = 1, index_pct = 50 WHERE unit_code = '282'",
    ]
    with open_locked(plant_revision(Workspace(tmp_path), "rev2", *changes)) as marts:
        found = explain(marts, "282", "2023-06", "overall")
    assert found.agrees and found.counts == Counts(3, 6, 1) and "own question" in found.figure.formula


# Groups and ranks


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_revision(Workspace(tmp_path_factory.mktemp("grouped")), "rev1", *WOMEN_AND_RANKS)


def test_an_index_of_women_is_of_their_forms(grouped: Path) -> None:
    with open_locked(grouped) as marts:
        found = explain(marts, "10462", "2023-06", "overall", None, {"sex": "female"})
    assert found.agrees and found.counts == Counts(6, 6, 0) and found.value == 100
    assert found.figure.mart == "sipas_index_breakdown"
    assert found.files[0].sheets == (SheetLines("Phiếu", (3, 4)),)


@pytest.mark.parametrize(
    ("figure", "group", "told"),
    [
        ("overall", {"sexe": "female"}, "There is no sexe of overall: it is broken down by sex. Did you mean “sex”?"),
        (
            "overall",
            {"sex": "femal"},
            "There is no sex “femal” of Xã An Mỹ in 2023-06: there are female. Did you mean “female”?",
        ),
        ("case_in_time", {"sex": "female"}, "There is no sex of case_in_time: it is broken down by procedure_field"),
        (
            "case_in_time",
            {"procedure_field": "Đất đai"},
            "There is no procedure_field “Đất đai” of Xã An Mỹ in 2023-06: there is none",
        ),
        ("one_stop_3", {"weighting": "unit"}, "there are forms, units. Did you mean “units”?"),
        ("one_stop_3", {"sex": "female"}, "There is no sex of one_stop_3: it is broken down by weighting"),
    ],
)
def test_groups_that_are_not_there(figure: str, group: dict[str, str], told: str, grouped: Path) -> None:
    with open_locked(grouped) as marts, pytest.raises(NotFound) as refused:
        explain(marts, "10462", "2023-06", figure, None, group)
    assert told in str(refused.value)


def test_a_rank_is_told_with_the_units_compared(grouped: Path) -> None:
    with open_locked(grouped) as marts:
        [found] = explain_rank(marts, "10441", "2023-06", "overall")
        assert [(one.name, one.rank, one.sets) for one in found.units] == [
            ("Xã An Mỹ (10462)", 1, (1, 2, 1, 2)), ("Thị trấn Đại Nghĩa (10441)", 2, (1, 2, 1, 2)),
            ("Xã Bột Xuyên (10459)", None, None),
        ]  # fmt: skip
        assert (found.own.rank, found.recomputed, found.n_ranked, found.agrees) == (2, 2, 2, True)
        assert found.group == "Huyện Mỹ Đức (282)" and found.units[2].reason == "No valid answer"
        assert found.units[0].ask == Ask("10462", "2023-06", "overall")
        # One that has ended is not known by its code alone, and is told all the same.
        [ended] = explain_rank(marts, "10459@1900-01-01", "2023-06", "overall")
        assert ended.own.rank is None and ended.agrees


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ("I", "Xã An Mỹ is not ranked by I in 2023-06"),
        ("one_stop_3", "Units are ranked by one_stop_total and by the overall index"),
        ("case_in_time", "of a questionnaire, not by case_in_time"),
    ],
)
def test_what_nobody_is_ranked_by(figure: str, told: str, grouped: Path) -> None:
    with open_locked(grouped) as marts, pytest.raises(NotFound) as refused:
        explain_rank(marts, "10462", "2023-06", figure)
    assert told in str(refused.value)


def test_every_fixed_figure_names_its_page_and_items_are_called_as_in_their_list() -> None:
    root = Path(__file__).parents[3]
    with (root / "assets/reference/shipped/service_quality_item.csv").open(encoding="utf-8") as rows:
        items = {f"766-{row['item_code']}": (row["label_vi"], row["label_en"]) for row in csv.DictReader(rows)}
    told = {code: figure.of({}) for code, figure in fixed_figures().items() if code.startswith("766-")}
    assert {code: (figure.label_vi, figure.label_en) for code, figure in told.items()} == items
    assert len(fixed_figures()) > 15
    for figure in fixed_figures().values():
        assert (root / figure.of({}).page).is_file() and figure.of({}).denominator_is != "none"


def test_lines_are_told_as_runs() -> None:
    assert line_ranges([]) == []
    assert line_ranges([3, 4, 5, 5, 8, 10, 11]) == [(3, 5), (8, 8), (10, 11)]


def test_a_figure_that_is_pooled_is_no_mean() -> None:
    assert not survey_figure(
        REPORTED, "KS", "I", "vi", "en", "pooled_items", {"I.1": "I", "I.2": "I"}, {}
    ).is_mean_of_parts
