"""The site says what the open marts say and nothing they hide, each folder whole in itself, in two languages."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from html_page import PageRead
from site_samples import (
    BREAK,
    CITY,
    CONTEXT,
    EARLIER,
    HIDDEN,
    LONG,
    LONG_NAME,
    MARKUP,
    MARKUP_NAME,
    REUSED,
    REUSED_FROM,
    changed,
    sample_marts,
    write_sample,
)  # fmt: skip

from assets.publish.context import PublishError
from assets.site.render import STATIC, environment
from assets.site.words import WORDS
from assets.site.write import read_desk, write_unit
from assets.text.wording import count_text, date_text, percent_text
from benchmarks.site_marts import INSTRUMENT, open_tables, site_marts

LANGUAGES = ("vi", "en")
TOPICS = {
    "index.html", "satisfaction.html", "cases.html", "complaints.html", "improvement.html", "territory.html", "submissions.html",
    "quality.html", "downloads.html", "methods.html",
}  # fmt: skip


def rows(sample: Path, mart: str, **wanted: Any) -> list[dict[str, Any]]:
    found = pq.read_table(sample / "marts" / f"{mart}.parquet").to_pylist()
    return [row for row in found if all(row[name] == value for name, value in wanted.items())]


def page(sample: Path, unit: str, language: str, name: str) -> PageRead:
    return PageRead(sample / "site" / unit / language / name)


def index_cells(row: dict[str, Any], language: str) -> list[str]:
    counts = (row["n_satisfied"], row["n_answers"], row["n_dont_know"] + row["n_missing"], row["n_forms_answered"])
    low, high = (percent_text(row[name], language, 1) for name in ("ci_low_pct", "ci_high_pct"))
    return [
        percent_text(row["index_pct"], language),
        f"{low} – {high}",
        *(count_text(count, language) for count in counts),
    ]


def every_page(sample: Path) -> list[Path]:
    return sorted((sample / "site").rglob("*.html"))


def test_each_unit_has_a_folder_of_every_topic_in_every_language(sample: Path) -> None:
    reused = {f"{REUSED}-1900-01-01", f"{REUSED}-{REUSED_FROM}"}
    units = {CITY, "001", "002", "00101", HIDDEN, LONG, MARKUP, "00203"} | reused
    assert {path.name for path in (sample / "site").iterdir()} == units | {"assets", "index.html"}
    for unit, language in itertools.product(units, LANGUAGES):
        names = {path.name for path in (sample / "site" / unit / language).iterdir()}
        ranking = {name for name in names if name.startswith("ranking")}
        assert names - ranking == TOPICS
        assert ("ranking.html" in ranking) == (unit in (CITY, "001", "002"))
        assert (sample / "site" / unit / "assets" / "site.css").read_bytes() == (STATIC / "site.css").read_bytes()
    first, second = (sample / "site" / unit / "assets" / "site.js" for unit in ("001", "002"))
    assert first.stat().st_ino == second.stat().st_ino


def test_pages_are_whole_named_and_load_nothing_from_elsewhere(sample: Path) -> None:
    for path in every_page(sample):
        read = PageRead(path)
        assert not re.search(r"https?:|url\(|@import|\son[a-z]+=|style=|<script>", read.text), path
        assert read.lang == (path.parent.name if path.parent.name in LANGUAGES else "vi")
        assert len(read.ids) == len(set(read.ids)) and read.pictures_without_name == 0
        assert read.levels[0] == 1 and read.levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(read.levels)), path
        assert WORDS[read.lang]["simulated_more"] in read.words
    assert not re.search(r"https?:|@import|url\(", (STATIC / "site.css").read_text() + (STATIC / "site.js").read_text())


def test_no_link_is_broken_and_a_folder_is_closed_under_its_own(sample: Path) -> None:
    reads = {path: PageRead(path) for path in every_page(sample)}
    site = sample / "site"
    for path, read in reads.items():
        unit = site if path.parent == site else path.parent.parent
        for address, is_beyond in set(read.links):
            name, _, mark = address.partition("#")
            target = Path(os.path.normpath(path.parent / name)) if name else path
            assert target.is_file(), (path, address)
            assert not mark or mark in reads[target].ids
            assert is_beyond != target.is_relative_to(unit), (path, address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_of_the_index_are_those_of_the_open_marts(sample: Path, language: str) -> None:
    w = WORDS[language]
    ranking = page(sample, "001", language, "ranking.html")
    table = ranking.table(w["rank"], w["interval"])
    for row in rows(sample, "sipas_index", period_id="2022", node_level="overall", unit_code="00101"):
        [ranked] = rows(sample, "sipas_ranking", edition_id="2022", unit_code="00101", group_code="001")
        possible = f"{ranked['rank_low_simultaneous']} – {ranked['rank_high_simultaneous']}"
        index, *others = index_cells(row, language)
        assert table.row("Xã Mẫu 1.1") == [index, f"{ranked['index_rank']}/{ranked['n_ranked']}", possible, *others]
    satisfaction = page(sample, "00101", language, "satisfaction.html")
    criteria = satisfaction.table(w["criterion"], w["interval"])
    nodes = rows(sample, "sipas_index", unit_code="00101", period_id="2022")
    shown = {row[0].partition(". ")[0]: [row[1], row[2], *row[4:]] for row in criteria.rows[1:]}
    assert shown == {row["node_code"]: index_cells(row, language) for row in nodes if row["node_level"] != "overall"}
    months = satisfaction.table(w["month"], w["change"])
    for row in rows(sample, "sipas_index", unit_code="00101", node_level="overall", instrument_code=EARLIER):
        year, month = row["period_id"].split("-")
        cells = months.row(f"{month}/{year}")
        assert [*cells[:2], *cells[3:]] == index_cells(row, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_of_the_other_topics_are_those_of_the_open_marts(sample: Path, language: str) -> None:
    w = WORDS[language]

    def counts(row: dict[str, Any], *names: str) -> list[str]:
        return [count_text(row[name], language) for name in names]

    [case] = rows(sample, "case_settlement", unit_code="00101", period_id="2022", procedure_field="*")
    names = (
        "n_in_time",
        "n_with_due_date",
        "n_settled_late",
        "n_settled_no_due_date",
        "n_settled",
        "n_opening",
        "n_received",
        "n_pending",
    )
    table = page(sample, "001", language, "cases.html").table(w["unit"], w["in_time_pct"])
    assert table.row("Xã Mẫu 1.1") == [percent_text(case["in_time_pct"], language), *counts(case, *names)]
    [complaint] = rows(
        sample, "complaint_handling", unit_code="001", period_id="2022", channel="*", **{"class": "conduct"}
    )
    names = (
        "n_closed_in_time",
        "n_with_due_date",
        "n_closed_late",
        "n_closed_no_due_date",
        "n_closed",
        "n_opening",
        "n_received",
        "n_pending",
    )
    table = page(sample, "001", language, "complaints.html").table(w["class"], w["in_time_pct"])
    assert table.row(w["class_conduct"]) == [
        percent_text(complaint["in_time_pct"], language),
        *counts(complaint, *names),
    ]
    [rate] = rows(sample, "submission_rate", unit_code="001", period_id="2022", dataset="*")
    table = page(sample, "001", language, "submissions.html").table(w["period"], w["completeness"])
    [label] = [row[f"label_{language}"] for row in rows(sample, "dim_reporting_period", period_id="2022")]
    assert table.row(label)[2:] == counts(
        rate, "n_expected", "n_on_time", "n_late", "n_empty", "n_missing", "n_missing_refused"
    )
    plan = rows(sample, "improvement_plan", unit_code="00101", period_id="2022")
    table = page(sample, "00101", language, "improvement.html").table(w["who_stack"])
    assert len(table.rows) == len(plan) + 1
    for row in plan:
        [cells] = [cells for cells in table.rows[1:] if cells[0].startswith(f"{row['node_code']}. ")]
        assert cells[1].startswith(percent_text(row["index_pct"], language))
        assert cells[1].endswith(" / ".join(counts(row, "n_satisfied", "n_answers")))
        assert cells[4] == f"{row[f'lead_{language}']} {w['executing_by'].format(unit=row[f'executing_{language}'])}"
    [now] = rows(sample, "sipas_index_now", unit_code="00101", period_id="2022")
    table = page(sample, "00101", language, "territory.html").table(w["allocated"])
    assert table.row(label)[0] == percent_text(now["index_pct"], language)
    quality = page(sample, "00101", language, "quality.html").table(w["source"], w["rows_read"])
    inputs = rows(sample, "data_quality", unit_code="00101")
    assert quality.row(w["total"])[0] == count_text(len(inputs), language)
    assert quality.row(w["total"])[2] == count_text(sum(row["rows_read"] for row in inputs), language)


def test_states_of_submissions_stand_month_by_month(sample: Path) -> None:
    table = page(sample, "00101", "vi", "submissions.html").table("02/2023")
    states = rows(sample, "submission_status", unit_code="00101", dataset="case")[-12:]
    assert [cell[2:] for cell in table.rows[1][1:]] == [
        WORDS["vi"][f"state_{row['submission_state']}"] for row in states
    ]


def test_what_is_hidden_is_on_no_page(sample: Path) -> None:
    """Hidden rows of the sample hold figures that no open file would: still none may be seen, nor be read off a chart."""
    secret = re.compile(r"7[.,]?77[1-6]|3[135][.,]\d+%")
    for path in every_page(sample):
        assert not secret.search(re.sub(r"<svg.*?</svg>", "", path.read_text(encoding="utf-8"))), path
    for language, word in (("vi", "ẩn"), ("en", "hidden")):
        table = page(sample, "001", language, "ranking.html").table(WORDS[language]["rank"])
        index, _, _, *others = table.row("Xã Mẫu 1.2")
        assert {index, *others} == {word}
        picture = re.findall(r"<svg.*?</svg>", page(sample, "001", language, "ranking.html").text, re.S)[0]
        assert picture.count("<circle") == 2 and picture.count('class="band"') == 2 and f">{word}</text>" in picture
        assert f"{word}" in page(sample, HIDDEN, language, "cases.html").words
        assert "<circle" not in page(sample, HIDDEN, language, "satisfaction.html").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_method_break_is_marked_and_no_line_crosses_it(sample: Path, language: str) -> None:
    read = page(sample, "00101", language, "satisfaction.html")
    picture = re.findall(r"<svg.*?</svg>", read.text, re.S)[0]
    [mark] = re.findall(r'class="break" d="M([\d.]+) ', picture)
    lines = [
        [float(x) for x in re.findall(r"([\d.]+) [\d.]+", d)] for d in re.findall(r'class="line" d="M([^"]+)"', picture)
    ]
    areas = [
        [float(x) for x in re.findall(r"([\d.]+) [\d.]+", d)]
        for d in re.findall(r'class="area" d="M([^"]+)Z"', picture)
    ]
    assert sorted(map(len, lines)) == [3, 11] and len(areas) == 2
    assert all(max(xs) < float(mark) or min(xs) > float(mark) for xs in [*lines, *areas])
    assert WORDS[language]["break_mark"].format(day=date_text(BREAK, language)) in read.words
    assert any("asks otherwise" in word or "hỏi khác trước" in word for word in read.words)


def test_one_instrument_over_a_break_of_its_family_is_cut_there(tmp_path: Path) -> None:
    tables = sample_marts()
    tables["sipas_index"] = changed(tables["sipas_index"], lambda row: row | {"instrument_code": INSTRUMENT})
    write_sample(tmp_path / "open", tables)
    picture = re.findall(r"<svg.*?</svg>", page(tmp_path / "open", "00101", "vi", "satisfaction.html").text, re.S)[0]
    assert sorted(d.count("L") + 1 for d in re.findall(r'class="line" d="M([^"]+)"', picture)) == [3, 11]


def test_names_are_escaped_and_long_ones_whole(sample: Path) -> None:
    for path in every_page(sample):
        assert "<script>alert" not in path.read_text(encoding="utf-8")
    assert MARKUP_NAME in page(sample, MARKUP, "vi", "index.html").words
    assert page(sample, "001", "vi", "ranking.html").table("Thứ hạng").row(LONG_NAME)


def test_a_code_that_meant_two_units_has_two_folders(sample: Path) -> None:
    old, new = (page(sample, f"{REUSED}-{day}", "en", "satisfaction.html") for day in ("1900-01-01", REUSED_FROM))
    assert (
        "02/2023" not in old.words and "12/2022" in old.words and "02/2023" in new.words and "12/2022" not in new.words
    )


def test_the_same_marts_give_the_same_bytes_and_a_revision_changes_three_pages(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "same")
    write_sample(tmp_path / "other", revision="r2")
    for path in every_page(sample):
        name = path.relative_to(sample)
        assert (tmp_path / "same" / name).read_bytes() == path.read_bytes()
        is_same = (tmp_path / "other" / name).read_bytes() == path.read_bytes()
        names_it = path.name in ("index.html", "downloads.html", "methods.html") and path.parent.name != "site"
        assert is_same != names_it, path


def test_without_data_each_page_says_so(tmp_path: Path) -> None:
    kept = {"dim_admin_unit", "dim_reporting_period", "dim_instrument_item", "dim_method_break"}
    empty = {name: table if name in kept else table.slice(0, 0) for name, table in sample_marts().items()}
    for name, tables in (("empty", empty), ("missing", {mart: empty[mart] for mart in kept})):
        write_sample(tmp_path / name, tables)
        for topic in (
            "index",
            "satisfaction",
            "cases",
            "complaints",
            "submissions",
            "quality",
            "improvement",
            "territory",
        ):
            words = page(tmp_path / name, CITY, "vi", f"{topic}.html").words
            assert "Chưa có dữ liệu." in words and WORDS["vi"]["plan_none"] not in words, topic
    write_sample(tmp_path / "nothing", {})
    assert "Chưa có dữ liệu." in PageRead(tmp_path / "nothing" / "site" / "index.html").words


def test_one_language_has_no_switch_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    tables = sample_marts()
    write_sample(tmp_path / "open", tables, context=replace(CONTEXT, languages=("en",), simulated=False))
    read = page(tmp_path / "open", CITY, "en", "index.html")
    assert 'class="switch"' not in read.text and WORDS["en"]["simulated_more"] not in read.words
    assert not (tmp_path / "open" / "site" / CITY / "vi").exists()
    with pytest.raises(PublishError, match="no words for"):
        write_sample(tmp_path / "refused", tables, context=replace(CONTEXT, languages=("vi", "fr")))


def test_what_stands_beside_the_site_can_be_downloaded(tmp_path: Path) -> None:
    beside = [
        "districts/001/marts.xlsx",
        "districts/001/datapackage.json",
        "site/dictionary/vi.html",
        "forms/001/2022/bieu%2E1.vi.pdf",
    ]
    for name in beside:
        (tmp_path / "open" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "open" / name).write_bytes(b"x")
    form = {"path": "001/2022/bieu%2E1.vi.pdf", "title": "Biểu II.06", "unit_code": "001", "unit_valid_from": "1900-01-01",
            "period_id": "2022", "language": "vi"}  # fmt: skip
    late = form | {"path": "001/2022/late.vi.pdf", "form": "overdue_summary", "title": "CÔNG KHAI", "unit_code": "002"}
    index = {"files": [form, form | {"path": "001/2022/bieu.en.pdf", "language": "en"}, late]}
    (tmp_path / "open" / "forms" / "index.json").write_text(json.dumps(index), encoding="utf-8")
    write_sample(tmp_path / "open")
    read = page(tmp_path / "open", "001", "vi", "downloads.html")
    addresses = {address for address, is_beyond in read.links if is_beyond}
    assert {"../../../" + name.replace("%", "%25") for name in beside} <= addresses
    assert read.table("Kỳ báo cáo").row("Biểu II.06") == ["Năm 2022", "tiếng Việt", "PDF"]
    # Where there is no form in the language of the page, it is named in that language, and said to be in the other.
    english = page(tmp_path / "open", "002", "en", "downloads.html")
    assert english.table(WORDS["en"]["period"]).row(WORDS["en"]["form_overdue_summary"])[1:] == ["Vietnamese", "PDF"]
    other = page(tmp_path / "open", "002", "vi", "downloads.html")
    assert "Biểu II.06" not in other.words and not any("districts" in address for address, _ in other.links)


def test_a_period_in_which_no_criterion_is_to_be_improved_says_so_first(tmp_path: Path) -> None:
    tables = sample_marts()
    kept = [row for row in tables["improvement_plan"].to_pylist() if row["period_id"] != "2022"]
    tables["improvement_plan"] = pa.Table.from_pylist(kept, schema=tables["improvement_plan"].schema)
    write_sample(tmp_path / "open", tables)
    words = page(tmp_path / "open", "00101", "vi", "improvement.html").words
    assert words[words.index("Năm 2022") + 1] == WORDS["vi"]["plan_none"]
    assert words.count(WORDS["vi"]["plan_none"]) == 1


def test_what_disclosure_leaves_out_leaves_no_empty_table_or_chart(tmp_path: Path) -> None:
    """Rows of fields, classes and channels may be left out whole, and all months of a commune hidden."""
    tables = sample_marts()
    cases, complaints = (tables[name].to_pylist() for name in ("case_settlement", "complaint_handling"))
    months = {row["period_id"] for row in tables["dim_reporting_period"].to_pylist() if row["period_kind"] == "month"}
    figures = [
        name for name in tables["complaint_handling"].column_names if name.startswith("n_") or name.endswith("_pct")
    ]
    none = dict.fromkeys(figures) | {"hidden": True}
    kept = [
        row | (none if row["period_id"] in months else {})
        for row in complaints
        if row["channel"] == row["class"] == "*"
    ]
    tables["complaint_handling"] = pa.Table.from_pylist(kept, schema=tables["complaint_handling"].schema)
    kept = [row for row in cases if row["procedure_field"] == "*"]
    tables["case_settlement"] = pa.Table.from_pylist(kept, schema=tables["case_settlement"].schema)
    write_sample(tmp_path / "open", tables)
    read = page(tmp_path / "open", "00101", "vi", "complaints.html")
    assert "<svg" not in read.text and WORDS["vi"]["by_class_channel"] not in read.words
    assert WORDS["vi"]["by_field"] not in page(tmp_path / "open", "00101", "vi", "cases.html").words
    overview = page(tmp_path / "open", "00101", "vi", "index.html")
    card = overview.words[overview.words.index(WORDS["vi"]["complaint_card"]) :]
    assert card[1] == "Năm 2022" and card[2].endswith("%"), "the year stands where every month is hidden"


def test_what_was_late_is_told_of_hidden_rows(tmp_path: Path) -> None:
    """Few or many; and a sum of files of which none is shown is hidden, not at least 0."""
    tables, w = sample_marts(), WORDS["vi"]
    told = {"complaint_handling": {"n_closed_late": 3}, "case_apology": {"n_late": 4}, "data_quality": {}}
    for mart, counts in told.items():
        figures = [
            name for name in tables[mart].column_names if name.startswith(("n_", "rows_")) or name.endswith("_pct")
        ]
        hidden = dict.fromkeys([*figures, *(name for name in ("cells_changed",) if mart == "data_quality")])
        tables[mart] = changed(
            tables[mart], lambda row, hidden=hidden, counts=counts: row | hidden | counts | {"hidden": True}
        )
    inputs = tables["data_quality"]
    tables["data_quality"] = inputs.append_column("hidden", pa.array([True] * inputs.num_rows))
    write_sample(tmp_path / "open", tables)
    table = page(tmp_path / "open", "00101", "vi", "complaints.html").table(w["late"], w["received"])
    late, received = (table.rows[0].index(w[name]) for name in ("late", "received"))
    assert {(row[late], row[received]) for row in table.rows[1:]} == {("3", w["hidden"])}
    table = page(tmp_path / "open", "00101", "vi", "cases.html").table(w["apology_pct"])
    assert len(table.rows) > 2 and {row[3] for row in table.rows[1:]} == {"4"}
    table = page(tmp_path / "open", "00101", "vi", "quality.html").table(w["source"], w["rows_read"])
    assert table.row(w["total"])[2] == w["hidden"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_complaints_by_class_and_late_cases_stand_beside_the_plan(sample: Path, language: str) -> None:
    w = WORDS[language]
    table = page(sample, "00101", language, "improvement.html").table(w["count"], w["bears_on"])
    complaints = {
        row["class"]: row
        for row in rows(sample, "complaint_handling", unit_code="00101", period_id="2022", channel="*")
    }
    [case] = rows(sample, "case_settlement", unit_code="00101", period_id="2022", procedure_field="*")
    nodes = sorted(rows(sample, "dim_instrument_item", instrument_code=INSTRUMENT), key=lambda node: node["position"])
    factors = [node["node_code"] for node in nodes if node["node_level"] == "factor"]
    plan = {row["node_code"] for row in rows(sample, "improvement_plan", unit_code="00101", period_id="2022")}
    under = {
        factor: ", ".join(n["node_code"] for n in nodes if n["parent_code"] == factor and n["node_code"] in plan)
        for factor in factors
    }
    late = [
        ("*", w["every_class"]),
        *((name, w[f"class_{name}"]) for name in ("regulation", "conduct", "other")),
        ("~", w["not_stated"]),
    ]
    assert {row[0]: row[1:] for row in table.rows[1:]} == {
        f"{w['complaint']}: {w['class_conduct']}": [
            count_text(complaints["conduct"]["n_received"], language),
            under[factors[0]],
        ],
        **{
            f"{w['complaint_late']}: {label}": [
                count_text(complaints[name]["n_closed_late"], language),
                under[factors[1]],
            ]
            for name, label in late
        },
        w["case_late"]: [
            count_text(case["n_settled_late"] + case["n_pending_overdue"], language),
            next(node["node_code"] for node in nodes if node["node_level"] == "item"),
        ],
    }


def test_counts_beside_the_plan_that_are_hidden_stay_hidden(tmp_path: Path) -> None:
    tables = sample_marts()
    for mart in ("case_settlement", "complaint_handling"):
        tables[mart] = changed(tables[mart], lambda row: row | {"hidden": True})
    write_sample(tmp_path / "open", tables)
    table = page(tmp_path / "open", "00101", "vi", "improvement.html").table(WORDS["vi"]["bears_on"])
    assert {row[1] for row in table.rows[1:]} == {WORDS["vi"]["hidden"]}


def test_columns_of_evidence_stand_only_where_they_are_open(tmp_path: Path) -> None:
    tables = sample_marts()
    closed = [name for name in tables["improvement_plan"].column_names if name.startswith(("n_complaints", "n_cases"))]
    tables["improvement_plan"] = tables["improvement_plan"].drop_columns(closed)
    write_sample(tmp_path / "open", tables)
    plan = page(tmp_path / "open", "00101", "vi", "improvement.html").table(WORDS["vi"]["who_stack"])
    assert not {WORDS["vi"]["n_complaints"], WORDS["vi"]["n_cases_late"]} & set(plan.rows[0])
    assert WORDS["vi"]["plan_evidence"] not in page(tmp_path / "open", "00101", "vi", "improvement.html").words


def test_a_start_before_the_lists_is_not_a_day(sample: Path) -> None:
    assert any(word.endswith("đang có hiệu lực.") for word in page(sample, "00101", "vi", "territory.html").words)
    for path in every_page(sample):
        assert "01/01/1900" not in path.read_text(encoding="utf-8") and "1 January 1900" not in path.read_text(
            encoding="utf-8"
        ), path
    later = page(sample, f"{REUSED}-{REUSED_FROM}", "vi", "territory.html").words
    assert any("có hiệu lực từ 01/01/2023 đến nay" in word for word in later)


def test_the_plan_says_how_it_is_ordered(tmp_path: Path) -> None:
    tables = sample_marts()
    write_sample(tmp_path / "weighed", tables)
    read = page(tmp_path / "weighed", "00101", "vi", "improvement.html")
    assert WORDS["vi"]["contribution_pct"] in read.table(WORDS["vi"]["who_stack"]).rows[0]
    assert WORDS["vi"]["plan_by_contribution"] in read.words
    tables["improvement_plan"] = tables["improvement_plan"].drop_columns(["contribution_pct", "contribution_rank"])
    write_sample(tmp_path / "unweighed", tables)
    read = page(tmp_path / "unweighed", "00101", "vi", "improvement.html")
    assert WORDS["vi"]["contribution_pct"] not in read.table(WORDS["vi"]["who_stack"]).rows[0]
    assert WORDS["vi"]["plan_by_gap"] in read.words


def test_apologies_that_no_source_states_are_not_said_to_be_none(tmp_path: Path) -> None:
    tables = sample_marts()
    tables["case_apology"] = changed(
        tables["case_apology"], lambda row: row | {"n_apology_issued": 0, "apology_pct": 0.0}
    )
    write_sample(tmp_path / "open", tables)
    read = page(tmp_path / "open", "00101", "vi", "cases.html")
    table = read.table(WORDS["vi"]["apology_pct"])
    assert WORDS["vi"]["apologies_unknown"] in read.words
    assert all(row[1] == row[2] == row[4] == "–" and row[3] != "–" for row in table.rows[1:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_and_the_page_of_submissions_say_one_rate(sample: Path, language: str) -> None:
    w = WORDS[language]
    found = page(sample, "001", language, "index.html").words
    card = found[found.index(w["submission_card"]) :]
    table = page(sample, "001", language, "submissions.html").table(w["period"], w["completeness"])
    [rate] = rows(sample, "submission_rate", unit_code="001", period_id="2023-02", dataset="*")
    assert card[2] == percent_text(rate["timeliness_pct"], language)
    assert table.row(card[1])[1] == percent_text(rate["timeliness_pct"], language, 1)
    assert count_text(rate["n_on_time"] + rate["n_empty"] - rate["n_empty_late"], language) in card[:12]


def test_both_languages_have_the_same_words_and_all_are_used() -> None:
    assert set(WORDS["vi"]) == set(WORDS["en"])
    package = STATIC.parent
    texts = [path for path in package.rglob("*") if path.suffix in (".py", ".j2") and path.name != "words.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in texts)
    literals = {
        node.value
        for path in texts
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    patterns = [
        re.compile(re.sub(r"\\\{[^}]*\\\}", "[a-z_0-9]+", re.escape(text))) for text in literals_of_formats(texts)
    ]
    unused = [
        word for word in WORDS["vi"]
        if word not in literals and not re.search(rf"\bw\.{word}\b|\.{word}\b", code) and not any(p.fullmatch(word) for p in patterns)
    ]  # fmt: skip
    assert unused == []


def literals_of_formats(paths: list[Path]) -> set[str]:
    """The formatted strings of the code, a brace for each inserted part; `topic ~ "_nav"` of the templates likewise."""
    found = {"{topic}_nav", "level_{level}"}
    for path in paths:
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    text = "".join(part.value if isinstance(part, ast.Constant) else "{x}" for part in node.values)
                    found |= {text} if re.fullmatch(r"[a-z_{}]+", text) and text.strip("{x}") else set()
    return found


def test_pages_of_a_city_of_579_communes_and_24_months_stay_small(tmp_path: Path) -> None:
    tables = open_tables(site_marts(districts=30, communes=19, months=24), tmp_path / "marts")
    desk = read_desk(tables, CONTEXT, "r1", tmp_path)
    template = environment().get_template("page.html.j2")
    for unit in (desk.units.paged[0], desk.units.paged[-1]):
        write_unit(desk, unit, "vi", template, tmp_path / unit.folder)
    sizes = {path.name: path.stat().st_size for path in (tmp_path / CITY).iterdir()}
    assert max(sizes.values()) < 500_000, sizes
    assert len(sizes) > 40
