"""`sipas sql`, `sipas explain` and `sipas diff` on a revision planted by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cli_office import Sipas, lines_with, words
from planted_revision import ROUND_NOW_CHANGE_AND_DRIVER, WOMEN_AND_RANKS, plant_revision

from assets.workspace import Workspace

SUPERSEDED = (
    "UPDATE marts.sipas_index SET n_satisfied = 11, index_pct = 64.705882 WHERE unit_code = '10462'",
    "UPDATE marts.fct_survey_answer SET is_satisfied = 0, level = '1' WHERE response_id = 1 AND item_code = 'I.1'",
    "UPDATE marts.fct_survey_response SET input_id = 'i7' WHERE response_id = 1",
    "INSERT INTO marts.data_quality SELECT * REPLACE ('i7' AS input_id, 'inbox/khao_sat/10462_3.xlsx' AS path)"
    " FROM marts.data_quality WHERE input_id = 'i1'",
    "INSERT INTO marts.case_settlement SELECT * REPLACE ('10441' AS unit_code) FROM marts.case_settlement LIMIT 1",
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two revisions, the later one current. There are no settings: the revisions alone are enough."""
    workspace = Workspace(tmp_path_factory.mktemp("office"))
    plant_revision(workspace, "aaaa1111")
    plant_revision(workspace, "bbbb2222", *SUPERSEDED)
    return workspace


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("ranked"))
    plant_revision(workspace, "cccc3333", *WOMEN_AND_RANKS)
    return workspace


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("compared"))
    plant_revision(workspace, "dddd4444", *ROUND_NOW_CHANGE_AND_DRIVER)
    return workspace


# explain


def test_explain_tells_the_figure_its_counts_and_its_lines(published: Workspace, sipas: Sipas) -> None:
    result = sipas(
        "explain",
        "--unit",
        "An Mỹ",
        "--period",
        "2023-06",
        "--index",
        "overall",
        "--revision",
        "aaaa",
        "-w",
        str(published.root),
    )
    assert result.exit_code == 0
    told = words(result.output)
    assert "Xã An Mỹ (10462), Tháng 6/2023 (2023-06): 2023-05-15 … 2023-06-14" in told
    assert "figure 70.59 %" in told and "100 × n_satisfied / n_answers" in told
    assert (
        "numerator 12 (valid answers" in told
        and "denominator 17" in told
        and "left out 1 (blank and don’t know)" in told
    )
    assert "95 % interval 24.97 … 97.01 %, n = 6 (forms)" in told and "srs_korn_graubard" in told
    assert "revision aaaa1111, software 0.1.0" in told
    assert "12 of 17, 1 left out: the lines below give the figure exactly" in told
    [line] = lines_with(result.output, "10462_2.xlsx")
    assert "Phiếu: 3–5, 7–8" in line and "2 rows refused" in line
    assert lines_with(result.output, "5 rows superseded by newer ones")
    assert "0912345678" not in result.output and "response_id" not in result.output


def test_explain_tells_a_district_by_unit(published: Workspace, sipas: Sipas) -> None:
    result = sipas(
        "explain", "--unit", "282", "--period", "2023-06", "--index", "case_pending", "-w", str(published.root)
    )
    assert result.exit_code == 0 and "figure 2" in words(result.output)
    assert lines_with(result.output, "Chưa rõ đơn vị (282~)") and lines_with(result.output, "Xã An Mỹ (10462)")


def test_explain_as_json_holds_every_line(published: Workspace, sipas: Sipas) -> None:
    asked = ("--unit", "10462", "--period", "2023-06", "--index", "I", "--revision", "aaaa1111")
    found = json.loads(sipas("explain", *asked, "--json", "-w", str(published.root)).output)
    assert (found["revision"], found["value"], found["agrees"]) == ("aaaa1111", 70.588235, True)
    assert found["counts"] == found["recomputed"] == {"numerator": 12, "denominator": 17, "left_out": 1}
    assert found["files"][0]["sheets"] == [{"sheet": "Phiếu", "lines": [[3, 5], [7, 8]]}]
    assert "records" not in found["figure"] and found["figure"]["page"] == "docs/methods/sipas-index.md"


def test_explain_tells_a_group(ranked: Workspace, sipas: Sipas) -> None:
    asked = ("--unit", "10462", "--period", "2023-06", "--index", "overall", "-w", str(ranked.root))
    told = words(sipas("explain", *asked, "--group", "sex=female").output)
    assert "(overall, sex female)" in told and "figure 100.00 %" in told and "numerator 6 (valid answers" in told
    assert (
        "no file line answer_level: which answers are valid" in told and "no file line sipas.yml: cut_off_day" in told
    )
    refused = sipas("explain", *asked, "--group", "female")
    assert refused.exit_code == 2 and "give --group NAME=VALUE" in words(refused.output)


def test_explain_tells_a_rank_with_the_figures_compared(ranked: Workspace, sipas: Sipas) -> None:
    asked = ("--unit", "10441", "--period", "2023-06", "--index", "overall", "--rank", "-w", str(ranked.root))
    result = sipas("explain", *asked)
    told = words(result.output)
    assert result.exit_code == 0 and "rank 2 of 2 ranked" in told and "in Huyện Mỹ Đức (282)" in told
    assert "1–2 for this unit alone, 1–2 for all units at once" in told and "mrsw_normal" in told
    assert "2: every rank follows from the figures below" in told
    assert "70.5882" in lines_with(result.output, "--unit 10462 --period 2023-06 --index overall")[0]
    assert "No valid answer" in lines_with(result.output, "Xã Bột Xuyên")[0]
    [ranking] = json.loads(sipas("explain", *asked, "--json").output)["rankings"]
    assert (ranking["own"]["rank"], ranking["agrees"], len(ranking["units"])) == (2, True, 3)
    both = sipas("explain", *asked, "--group", "sex=female")
    assert both.exit_code == 2 and "--rank is not of groups" in words(both.output)


def test_explain_tells_a_survey_round_with_its_design(compared: Workspace, sipas: Sipas) -> None:
    asked = ("--unit", "10462", "--period", "dot-1", "--index", "overall", "-w", str(compared.root))
    result = sipas("explain", *asked)
    told = words(result.output)
    assert result.exit_code == 0 and "Đợt khảo sát dot-1 (dot-1): 2023-05-15 … 2023-05-31" in told
    # 20 · 8 + 10 · 4 satisfied of 20 · 8 + 10 · 9 valid, in thousands of people.
    assert "figure 80.00 %" in told and "Σ weight × satisfied answers" in told
    assert "numerator 12 (" in told and "80.00 %, 95 % interval 41.50 … 98.25 %, n = 6 (forms)" in told
    assert "design probability sample; 2 strata, 4 primary sampling units, 2 stage(s)" in told
    assert "weights 90.0 in all of 6 forms of the unit" in told and "df 2, deff 1.5, presentation suppress" in told
    assert "12 of 17, 1 left out: the lines below give the figure exactly" in told
    found = json.loads(sipas("explain", *asked, "--json").output)
    assert (found["value"], found["recomputed_value"], found["agrees"]) == (80.0, 80.0, True)
    assert dict(found["notes"])["left out of it"] == "no form of these days"


def test_explain_tells_the_territory_of_now_by_the_units_of_then(compared: Workspace, sipas: Sipas) -> None:
    asked = ("--period", "2023-06", "--index", "overall", "--now", "-w", str(compared.root))
    result = sipas("explain", "--unit", "Xã Khác", *asked)
    told = words(result.output)
    assert result.exit_code == 0 and "figure 60.87 %" in told and "denominator 11.5 (valid answers)" in told
    [an_my] = lines_with(result.output, "--unit 10462")
    assert words(an_my) == "Xã An Mỹ (10462) 70.59 0.5 --unit 10462 --period 2023-06 --index overall --instrument KS"
    assert words(lines_with(result.output, "10441.xlsx")[0]).startswith("inbox/khao_sat/10441.xlsx 2023-06-16 1 3 0")
    found = json.loads(sipas("explain", "--unit", "99999", *asked, "--json").output)
    assert found["counts"] == {"numerator": 7, "denominator": 11.5, "left_out": 0.5}
    refused = sipas("explain", "--unit", "10462", *asked)
    assert refused.exit_code == 2 and "is not in force now; its records count in Xã Khác (99999)" in words(
        refused.output
    )


def test_explain_tells_a_change_with_its_two_figures(compared: Workspace, sipas: Sipas) -> None:
    asked = ("--unit", "10462", "--period", "2023-06", "--change", "-w", str(compared.root))
    result = sipas("explain", *asked, "--index", "overall")
    told = words(result.output)
    assert result.exit_code == 0 and "change +10.59 points from 2023-05 to 2023-06, the one right before" in told
    assert "tested no. Too few forms" in told and "+10.59: the change follows from the figures below" in told
    assert "60.0000" in lines_with(result.output, "--period 2023-05 --index overall --instrument KS")[0]
    [change] = json.loads(sipas("explain", *asked, "--index", "overall", "--json").output)["changes"]
    assert change["earlier"]["ask"]["period"] == "2023-05" and change["agrees"]
    refused = sipas("explain", *asked, "--index", "I")
    assert refused.exit_code == 2 and "I of Xã An Mỹ (10462) has no change to 2023-06" in words(refused.output)
    assert "there is none of it at all" in words(refused.output)


def test_explain_tells_what_a_question_weighs(compared: Workspace, sipas: Sipas) -> None:
    asked = ("--unit", "10462", "--period", "2023-06", "--index", "I.1", "--driver", "-w", str(compared.root))
    result = sipas("explain", *asked)
    told = words(result.output)
    assert result.exit_code == 0 and "figure none: nothing to calculate from" in told
    assert "weight_missing_reason outcome_constant" in told and "denominator 6 (forms of the questionnaire)" in told
    assert "5 of 6, 1 left out: the lines below give the figure exactly" in told
    assert "--index I.2 --instrument KS --driver" in told and "Phiếu: 3–5, 7–8" in told
    assert json.loads(sipas("explain", *asked, "--json").output)["agrees"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--period", "dot-1", "--index", "case_in_time"), "“case_in_time” of Xã An Mỹ in dot-1 (sipas_round). There are I, overall"),
        (("--period", "dot-2", "--index", "overall"), "Did you mean “dot-1”? The revision has 2023-05, 2023-06, 2023-Q2, and the survey"),
        (("--period", "dot-1", "--index", "overall", "--now"), "not of the survey round dot-1"),
        (("--period", "dot-1", "--index", "I.1", "--driver"), "not of the survey round dot-1"),
        (("--period", "2023-05", "--index", "I.1", "--driver"), "There is none: only a questionnaire with an overall question of its own"),
        (("--period", "2023-06", "--index", "overall", "--now", "--change"), "--change and --now are different figures"),
        (("--period", "2023-06", "--index", "overall", "--change", "--group", "sex=female"), "--change is not of groups"),
        (("--period", "dot-1", "--index", "overall", "--group", "sex=female"), "There is no sex of overall: it is not broken down at all"),
    ],
)  # fmt: skip
def test_what_is_not_traced_so_ends_with_2_and_says_what_there_is(
    options: tuple[str, ...], told: str, compared: Workspace, sipas: Sipas
) -> None:
    result = sipas("explain", "--unit", "10462", *options, "-w", str(compared.root))
    assert result.exit_code == 2 and told in words(result.output)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("explain", "--unit", "10463", "--period", "2023-06", "--index", "I"), "Did you mean “10462”?"),
        (("explain", "--unit", "10462", "--period", "2023-06", "--index", "I", "--revision", "cccc"), "There is no revision “cccc”"),
        (("diff", "aaaa", "aaaa1111"), "Both are revision aaaa1111"),
        (("diff", "zzzz"), "kept are aaaa1111, bbbb2222 (current)"),
        (("diff", "aaaa", "--unit", "Xã An"), "There is no unit “Xã An”"),
        (("sql", "DROP TABLE sipas_index"), "a revision is only read"),
        (("sql", "SELECT * FROM sipas_indx"), "sipas_index"),
        (("sql", "--saved", "index_by_comune"), "Did you mean “index_by_commune”?"),
        (("sql", "SELECT 1", "--format", "xlsx"), "There is no format “xlsx”: give --format table, csv, json, parquet"),
        (("sql", "SELECT 1", "--out", "out.txt"), "let its name end with .csv, .json, .parquet, or give --format csv, json, parquet"),
        (("sql", "SELECT 1", "--out", "out"), "out does not say in which format"),
        (("sql", "SELECT 1", "--format", "parquet"), "give --out FILE"),
        (("sql", "SELECT 1", "--saved", "index_trend"), "one of them"),
        (("sql", "SELECT 1", "--unit", "10462"), "go with --saved"),
    ],
)  # fmt: skip
def test_a_mistake_ends_with_2_and_says_what_there_is(
    arguments: tuple[str, ...], told: str, published: Workspace, sipas: Sipas
) -> None:
    result = sipas(*arguments, "-w", str(published.root))
    assert result.exit_code == 2 and told in words(result.output)


def test_nothing_published_is_told(tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("explain", "--unit", "1", "--period", "2023", "--index", "I", "-w", str(tmp_path))
    assert result.exit_code == 2 and "Run `sipas run`" in words(result.output)


# diff


def test_diff_tells_old_and_new_and_why(published: Workspace, sipas: Sipas) -> None:
    result = sipas("diff", "aaaa", "-w", str(published.root))
    assert result.exit_code == 0
    told = words(result.output)
    assert "aaaa1111 → bbbb2222" in told
    assert "case_settlement 0 1 0" in told and "sipas_index 2 0 0 new file, record superseded by a newer one" in told
    [line] = lines_with(result.output, "node_code=overall")
    assert "index_pct 70.5882 → 64.7059, n_satisfied 12 → 11" in line
    assert "(inbox/khao_sat/10462_3.xlsx (+1); inbox/khao_sat/10462_2.xlsx (−1))" in line


def test_diff_is_narrowed_by_unit_period_and_index(published: Workspace, sipas: Sipas) -> None:
    def told(*options: str) -> str:
        return words(sipas("diff", "aaaa", "bbbb", *options, "-w", str(published.root)).output)

    of_unit, of_node = told("--unit", "An Mỹ", "--limit", "1"), told("--index", "overall")
    assert "case_settlement" not in of_unit and "sipas_index 2 0 0" in of_unit and "… and 1 more" in of_unit
    assert "sipas_index 1 0 0" in of_node and "case_settlement" not in of_node
    assert "No figure differs" in told("--period", "2023-Q2")


# sql


def test_sql_answers_as_a_table_without_marks_in_codes_and_years(published: Workspace, sipas: Sipas) -> None:
    query = "SELECT unit_code, 2023 AS year, n_forms, index_pct FROM sipas_index WHERE node_code = 'I' ORDER BY 1"
    result = sipas("sql", query, "-w", str(published.root))
    assert result.exit_code == 0 and words(lines_with(result.output, "10441")[0]) == "10441 2023 1 33.333333"
    assert "3 row(s)" in result.output


def test_sql_writes_files_and_overwrites_none(published: Workspace, tmp_path: Path, sipas: Sipas) -> None:
    query = tmp_path / "question.sql"
    query.write_text("SELECT '=1' AS a, 5 AS b", encoding="utf-8")
    out = tmp_path / "answer.csv"
    arguments = ("sql", "--file", str(query), "--out", str(out), "-w", str(published.root))
    assert sipas(*arguments).exit_code == 0
    assert out.read_bytes() == b'\xef\xbb\xbf"a","b"\r\n"\'=1",5\r\n'
    again = sipas(*arguments)
    assert again.exit_code == 2 and "is not overwritten" in words(again.output)
    inside = sipas("sql", "SELECT 1", "--out", str(published.published / "x.csv"), "-w", str(published.root))
    assert inside.exit_code == 2 and not (published.published / "x.csv").exists()
    failed = sipas(
        "sql", "SELECT CAST('x' AS INTEGER) AS a", "--out", str(tmp_path / "no.json"), "-w", str(published.root)
    )
    assert failed.exit_code == 2 and sorted(path.name for path in tmp_path.iterdir()) == ["answer.csv", "question.sql"]


def test_sql_reads_the_query_from_a_pipe_and_answers_into_one(published: Workspace, sipas: Sipas) -> None:
    result = sipas("sql", "--format", "json", "-w", str(published.root), input="SELECT 'Mỹ' AS x")
    assert json.loads(result.output) == [{"x": "Mỹ"}]
    result = sipas("sql", "SELECT 1 AS x", "--format", "csv", "-w", str(published.root))
    assert result.stdout_bytes == b'"x"\r\n1\r\n'


def test_sql_lists_the_saved_queries_without_a_workspace(tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("sql", "--saved", "list", "-w", str(tmp_path))
    assert result.exit_code == 0 and "index_by_commune" in result.output and "Chỉ số hài lòng chung" in result.output


def test_sql_asks_at_a_terminal_until_the_end(
    published: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.cli.sql._is_terminal", lambda: True)
    typed = ".help\n.tables\n.nothing\nSELECT 40\n + 2 AS answer;\nDROP TABLE sipas_index;\nSELECT 'still' AS here;\n.quit\nSELECT 9;\n"
    result = sipas("sql", "-w", str(published.root), input=typed)
    assert result.exit_code == 0
    for told in (
        "A statement ends with ;",
        "sipas_index",
        "There is no .nothing",
        "42",
        "a revision is only read",
        "still",
    ):
        assert told in words(result.output)
    assert "9" not in words(result.output).split("still")[1].split("row(s)")[1]


def test_looking_up_changes_no_file(published: Workspace, sipas: Sipas) -> None:
    def contents() -> dict[str, str]:
        files = (path for path in published.root.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = contents()
    sipas("explain", "--unit", "282", "--period", "2023-06", "--index", "I", "-w", str(published.root))
    sipas("diff", "aaaa", "-w", str(published.root))
    sipas("sql", "CREATE TABLE marts.x AS SELECT 1", "-w", str(published.root))
    assert contents() == before
