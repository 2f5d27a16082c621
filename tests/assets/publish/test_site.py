"""The page: self-contained, in two languages, with the open marts' figures and nothing they hide."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from publish_warehouse import ROOT, Warehouse

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish.charts import IndexBar, TrendPoint, index_svg, trend_svg
from assets.publish.context import PublishContext, PublishError
from assets.publish.marts import MartReader, marts_of
from assets.publish.site import write_site
from assets.publish.tables import OpenTable, write_open_mart
from assets.publish.words import STATES, WORDS
from assets.text.wording import count_text, date_text, name_key, percent_text
from quality.contract import load_contracts

VOID = {"meta", "line", "path", "rect", "br", "link", "img"}


class Page(HTMLParser):
    """Collects what the tests ask of the page; fails on a tag that closes another."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.editions: dict[str, list[str]] = {}
        self.headings: dict[str, list[int]] = {}
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.headers_without_scope = 0
        self.pictures_without_name = 0
        self._edition = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "div" and "edition" in (values.get("class") or "").split():
            self._edition = values["lang"] or ""
        self.addresses += [
            values[name] or "" for name in ("href", "src", "xlink:href", "data", "action") if name in values
        ]
        self.ids += [values["id"] or ""] if "id" in values else []
        self.headers_without_scope += tag == "th" and "scope" not in values
        self.pictures_without_name += tag == "svg" and not (values.get("role") == "img" and values.get("aria-label"))
        if re.fullmatch("h[1-6]", tag):
            self.headings.setdefault(self._edition, []).append(int(tag[1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self.open and "script" not in self.open:
            self.editions.setdefault(self._edition, []).append(data.strip())


@pytest.fixture
def make_page(tmp_path: Path, manifest: dict[str, Any]) -> Callable[..., tuple[str, dict[str, OpenTable]]]:
    def make(warehouse: Warehouse, context: PublishContext) -> tuple[str, dict[str, OpenTable]]:
        reader = MartReader(warehouse.query)
        tables = {
            m.name: write_open_mart(m, reader, tmp_path, Plan(DisclosureRules(context.minimum_n)))
            for m in marts_of(manifest)
            if m.audience == "open"
        }
        write_site(list(tables.values()), context, "r1", tmp_path / "index.html")
        return (tmp_path / "index.html").read_text(encoding="utf-8"), tables

    return make


MakePage = Callable[..., tuple[str, dict[str, OpenTable]]]


def test_page_is_whole_self_contained_and_bilingual(
    warehouse: Warehouse, context: PublishContext, make_page: MakePage
) -> None:
    text, _ = make_page(warehouse, context)
    page = Page(text)
    assert [a for a in page.addresses if not a.startswith(("#", "../"))] == []
    assert not re.findall(r"url\((?!#)|@import|https?:", text)
    assert len(page.ids) == len(set(page.ids))
    assert {a[1:] for a in page.addresses if a.startswith("#")} <= set(page.ids)
    assert page.headers_without_scope == page.pictures_without_name == 0
    for language in ("vi", "en"):
        words = page.editions[language]
        for section in (
            "overview",
            "index",
            "cases",
            "complaints",
            "submissions",
            "quality",
            "notes",
            "simulated_more",
        ):
            assert WORDS[language][section] in words
        assert set(WORDS[language]) == set(WORDS["vi"])
        levels = page.headings[language]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert '<html lang="vi">' in text and 'class="edition shown" id="vi" lang="vi"' in text
    assert 'class="edition" id="en" lang="en"' in text


def test_figures_are_those_of_the_open_marts(
    warehouse: Warehouse, context: PublishContext, make_page: MakePage
) -> None:
    text, tables = make_page(warehouse, context)
    page = Page(text)
    months = pq.read_table(tables["case_settlement"].parquet).to_pylist()
    root = next(row for row in months if row["unit_code"] == ROOT and row["period_id"] == "2023-03")
    for language in ("vi", "en"):
        words = page.editions[language]
        for name in ("n_in_time", "n_with_due_date", "n_settled_no_due_date"):
            assert count_text(root[name], language) in words
        assert percent_text(root["in_time_pct"], language) in words
        for row in pq.read_table(tables["sipas_index"].parquet).to_pylist():
            if row["period_id"] == "2023" and row["node_level"] == "overall" and not row["hidden"] and row["n_forms"]:
                assert (
                    percent_text(row["index_pct"], language) in words
                    and count_text(row["n_answers"], language) in words
                )
        states = [row["submission_state"] for row in pq.read_table(tables["submission_status"].parquet).to_pylist()]
        cells = [word for word in words if word[2:] in STATES[language].values()]
        assert len(cells) == len(states) + len(STATES[language]), "a cell per state, and the legend"


def test_what_the_open_marts_hide_is_not_on_the_page(
    warehouse: Warehouse, context: PublishContext, make_page: MakePage
) -> None:
    # The unit with one form: 777 satisfied of 777 would be seen anywhere; n below the minimum hides it.
    warehouse.execute(
        "update marts.sipas_index set n_satisfied = 777, index_pct = 77.77, ci_low_pct = 77.11, n_answers = 9"
        " where unit_code = '10447'"
    )
    text, _ = make_page(warehouse, context)
    assert not re.search(r"777|77[.,]77|77[.,]8|77[.,]11", re.sub(r"<svg.*?</svg>", "", text, flags=re.S))
    labels = re.findall(r">([^<>]+)</text>", text)
    assert "ẩn" in labels and "hidden" in labels and "77,8%" not in labels and "777" not in labels
    open_page, _ = make_page(warehouse, replace(context, minimum_n=0))
    assert "77,77%" in open_page


def test_everything_is_escaped(warehouse: Warehouse, context: PublishContext, make_page: MakePage) -> None:
    warehouse.execute(
        "update marts.dim_admin_unit set unit_name = '<script>alert(''x'')</script> & \"Xã\" ''' || unit_code"
    )
    warehouse.execute(
        "update marts.data_quality set status = 'refused', reason = '<img src=x onerror=1>', source = '</table>'"
    )
    text, _ = make_page(warehouse, replace(context, title_vi="<b>&", title_en='"></title>'))
    Page(text)
    assert text.count("<script>") == 1 and "<img" not in text and "<b>&" not in text


def test_page_says_so_where_there_is_no_data(
    warehouse: Warehouse, context: PublishContext, make_page: MakePage
) -> None:
    for mart in ("sipas_index", "case_settlement", "complaint_handling", "submission_status", "data_quality"):
        warehouse.execute(f"delete from marts.{mart}")
    page = Page(make_page(warehouse, context)[0])
    assert [w for w in page.editions["vi"] if "Chưa có dữ liệu." in w].__len__() == 6
    warehouse.execute("delete from marts.dim_admin_unit")
    Page(make_page(warehouse, context)[0])


def test_a_missing_mart_several_roots_and_instruments(
    warehouse: Warehouse, context: PublishContext, manifest: dict[str, Any], make_page: MakePage
) -> None:
    warehouse.execute(
        "update marts.dim_admin_unit set office_code = unit_code, parent_code = '01' where unit_code = '10444'"
    )
    warehouse.execute("insert into marts.sipas_index select * replace ('X2' as instrument_code) from marts.sipas_index")
    del manifest["nodes"]["model.sipas.complaint_handling"]
    text, _ = make_page(warehouse, context)
    page = Page(text)
    words = page.editions["vi"]
    for heading in (
        "Huyện Mỹ Đức · Phiếu 21 tiêu chí",
        "Huyện Mỹ Đức · X2",
        "Xã An Mỹ · Phiếu 21 tiêu chí",
        "Xã An Mỹ · X2",
    ):
        assert heading in words
    assert len(page.ids) == len(set(page.ids))


def test_one_language_and_an_unknown_one(warehouse: Warehouse, context: PublishContext, make_page: MakePage) -> None:
    text, _ = make_page(warehouse, replace(context, languages=("en",), simulated=False))
    page = Page(text)
    assert (
        set(page.editions) == {"", "en"}
        and '<html lang="en">' in text
        and "switch" not in re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.S)
    )
    assert WORDS["en"]["simulated_more"] not in page.editions["en"]
    with pytest.raises(PublishError, match="no words for"):
        make_page(warehouse, replace(context, languages=("vi", "fr")))


def test_page_of_a_district_and_a_year_stays_small(
    make_warehouse: Callable[..., Warehouse], context: PublishContext, make_page: MakePage
) -> None:
    text, _ = make_page(make_warehouse("district", units=22, months=12), context)
    assert len(text.encode()) < 500_000


def test_every_dataset_that_can_be_owed_bears_the_title_of_its_contract(
    warehouse: Warehouse, context: PublishContext, make_page: MakePage
) -> None:
    contracts = load_contracts()
    [field] = [field for field in contracts["expected_submission"].fields if field.name == "dataset"]
    assert len(field.values) == 7
    for dataset in sorted(set(field.values) - {"case", "complaint", "survey_response"}):
        warehouse.execute(
            f"insert into marts.submission_status select * replace ('{dataset}' as dataset)"
            " from marts.submission_status where dataset = 'case'"
        )
    text, _ = make_page(warehouse, context)
    for language in context.languages:
        words = Page(text).editions[language]
        shown = words[words.index(WORDS[language]["submissions_more"]) :]
        assert {getattr(contracts[dataset].title, language) for dataset in field.values} <= set(shown)


def test_charts_do_not_depend_on_text_widths_and_take_odd_figures() -> None:
    def sizes(unit: str) -> list[str]:
        return re.findall(r'viewBox="[^"]+"', index_svg([IndexBar(unit, 50.0, 40.0, 60.0, "50,0%")], "vi", "a", "x"))

    assert sizes("Xã An Phú") == sizes("Thị trấn có tên rất dài, dài hơn mọi tên " * 3)
    assert "NaN" not in index_svg([IndexBar("a", None, None, None, "–")], "vi", "a", "x")
    assert "NaN" not in index_svg([IndexBar("a", 100.0, 100.0, 100.0, "100,0%")], "vi", "a", "x")
    assert "NaN" not in index_svg([IndexBar("a", 0.0, 0.0, 0.0, "0,0%")], "vi", "a", "x")
    assert "NaN" not in index_svg([], "vi", "a", "x")
    gap = [
        TrendPoint("2022-11", 80.0, 75.0, 85.0),
        TrendPoint("2023-01", None, None, None),
        TrendPoint("2023-02", 82.0, None, None),
    ]
    svg = trend_svg(gap, "en", "a", "x")
    assert "NaN" not in svg
    assert re.findall(r">([0-9/]{7})</text>", svg) == ["11/2022", "12/2022", "01/2023", "02/2023"], (
        "gaps keep their place"
    )
    assert "NaN" not in trend_svg([replace(gap[1], month=f"2023-0{i}") for i in (1, 2)], "en", "a", "x")


def test_a_period_that_may_be_shown_goes_before_a_later_hidden_one(
    warehouse: Warehouse, context: PublishContext, make_page: MakePage
) -> None:
    warehouse.execute(
        "update marts.case_settlement set n_settled = 9 where unit_code = '282' and period_id = '2023-03'"
    )
    text, tables = make_page(warehouse, context)
    row = next(
        row for row in pq.read_table(tables["case_settlement"].parquet).to_pylist()
        if row["unit_code"] == ROOT and row["period_id"] == "2023-02"
    )  # fmt: skip
    words = Page(text).editions["vi"]
    card = words[words.index(WORDS["vi"]["case_card"]) :]
    assert card[1] == "Tháng 2/2023" and card[2] == percent_text(row["in_time_pct"], "vi")


@pytest.mark.parametrize(
    ("kind", "label_vi", "label_en"),
    [("month", "Tháng 1/2023", "January 2023"), ("quarter", "Quý I/2023", "Quarter 1, 2023")],
)
def test_before_a_year_is_whole_the_longest_period_there_is_stands_on_the_page(
    kind: str,
    label_vi: str,
    label_en: str,
    make_warehouse: Callable[..., Warehouse],
    context: PublishContext,
    make_page: MakePage,
) -> None:
    warehouse = make_warehouse(months=1)
    marts = ("dim_reporting_period", "sipas_index", "case_settlement", "complaint_handling")
    for mart in marts:
        change = f"update marts.{mart} set period_id = '2023-Q1'" if kind == "quarter" else f"delete from marts.{mart}"
        warehouse.execute(f"{change} where period_id = '2023'")
    warehouse.execute(
        f"update marts.dim_reporting_period set period_kind = 'quarter', label_vi = '{label_vi}', label_en = '{label_en}'"
        " where period_id = '2023-Q1'"
    )
    text, tables = make_page(warehouse, context)
    page = Page(text)
    for language, label in (("vi", label_vi), ("en", label_en)):
        words = page.editions[language]
        assert WORDS[language]["no_data"] not in words
        root = "Huyện Mỹ Đức"
        assert f"{WORDS[language]['rank']}: {label}" in words
        assert f"{WORDS[language]['by_criterion']}: {root}, {label}" in words
        assert words.count(f"{root}: {label}") == 2, "cases and complaints"
        period = "2023-01" if kind == "month" else "2023-Q1"
        for mart, pct in (("case_settlement", "in_time_pct"), ("sipas_index", "index_pct")):
            for row in pq.read_table(tables[mart].parquet).to_pylist():
                if row["period_id"] == period and not row["hidden"] and row.get("node_level", "overall") == "overall":
                    assert row[pct] is None or percent_text(row[pct], language) in words


def test_units_of_one_name_are_told_apart(warehouse: Warehouse, context: PublishContext, make_page: MakePage) -> None:
    warehouse.execute("update marts.dim_admin_unit set unit_name = 'Xã Hồng Sơn' where unit_code in ('10444', '10450')")
    words = Page(make_page(warehouse, context)[0]).editions["vi"]
    assert "Xã Hồng Sơn (từ 01/01/1900)" in words


def test_numbers_dates_and_names_are_written_as_each_language_does() -> None:
    assert (count_text(1234567, "vi"), count_text(1234567, "en")) == ("1.234.567", "1,234,567")
    assert (percent_text(46.6601, "vi"), percent_text(46.6601, "en", 1)) == ("46,66%", "46.7%")
    assert (date_text(date(2023, 6, 4), "vi"), date_text(date(2023, 6, 4), "en")) == ("04/06/2023", "4 Jun 2023")
    names = ["Xã Xuy Xá", "Xã Đốc Tín", "Xã An Tiến", "Xã Dân Hòa", "Xã Ân Phú", "Xã An Mỹ"]
    assert sorted(names, key=name_key) == [
        "Xã An Mỹ",
        "Xã An Tiến",
        "Xã Ân Phú",
        "Xã Dân Hòa",
        "Xã Đốc Tín",
        "Xã Xuy Xá",
    ]
