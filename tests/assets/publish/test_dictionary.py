"""The data dictionary: every mart and column of the models, in words, with lineage; pages that stand on their own."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from assets.publish.context import PublishContext
from assets.publish.dbt_docs import write_dbt_docs
from assets.publish.dictionary import Entry, dictionary_of
from assets.publish.dictionary_page import write_dictionary
from assets.publish.disclosure import HIDDEN_COLUMN
from assets.warehouse.dbt import manifest as compiled
from quality.contract import Bilingual


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    return {entry.mart.name: entry for entry in dictionary_of(compiled("duckdb"))}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "dictionary"
    context = PublishContext("Huyện <Mỹ Đức>", "Mỹ Đức & co", True, 10, ("vi", "en"), "0.1.0")
    write_dictionary(compiled("duckdb"), context, folder)
    return folder


class Page(HTMLParser):
    """Tags in their order with their attributes, and the cells of every row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_types_tests_and_lineage_are_those_of_the_models(entries: dict[str, Entry]) -> None:
    index = entries["sipas_index"]
    assert index.types["index_pct"].startswith("double") and index.types["unit_code"] == "text"
    assert "unit_code" in index.required and "index_pct" not in index.required
    said = [test.en for test in index.tests]
    assert "one row per unit_code, unit_valid_from, period_id, instrument_code, node_code" in said
    assert "every unit_code, unit_valid_from stands in dim_admin_unit" in said
    assert {"landing.survey_response", "landing.survey_answer"} <= set(index.sources)
    assert "int_survey_node_sums" in index.made_from
    assert {"sipas_ranking", "sipas_change"} <= set(index.used_by) and "sipas_index" not in index.used_by
    for entry in entries.values():
        assert entry.sources or entry.mart.name.startswith("dim_"), entry.mart.name
        assert entry.tests and entry.types.keys() == set(entry.mart.column_names), entry.mart.name


def test_exposures_are_shown_where_a_mart_reaches_them() -> None:
    manifest = dict(compiled("duckdb"))
    key = "exposure.sipas.ranking_page"
    labels = {"label_vi": "Trang xếp hạng", "label_en": "Ranking"}
    manifest["exposures"] = {key: {"name": "ranking_page", "config": {"meta": labels}}}
    children = {name: list(listed) for name, listed in manifest["child_map"].items()}
    children["model.sipas.sipas_ranking"].append(key)
    manifest["child_map"] = children
    found = {entry.mart.name: entry.shown_in for entry in dictionary_of(manifest)}
    assert found["sipas_ranking"] == found["sipas_index"] == (Bilingual(vi="Trang xếp hạng", en="Ranking"),)
    assert found["case_overdue"] == ()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_mart_and_column_stands_on_the_page_and_nothing_is_loaded(
    pages: Path, entries: dict[str, Entry], language: str
) -> None:
    text = (pages / f"{language}.html").read_text(encoding="utf-8")
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) and entries.keys() <= set(ids)
    rows = {(row[0], row[1], row[-1]) for row in page.rows}
    for entry in entries.values():
        assert escape(entry.mart.description_vi if language == "vi" else entry.mart.description) in text
        for column in entry.mart.columns:
            told = (
                (column.label_vi, column.description_vi) if language == "vi" else (column.label_en, column.description)
            )
            assert (column.name, *told) in rows
    hidden = HIDDEN_COLUMN.description_vi if language == "vi" else HIDDEN_COLUMN.description
    assert hidden[1:] in text, "within a sentence"
    for tag, attributes in page.tags:
        target = attributes.get("href") or attributes.get("src")
        assert target is None or target in ("../index.html", "vi.html", "en.html", "dbt.html") or target[1:] in ids, (
            target
        )
        assert tag not in ("link", "img", "iframe")
    assert dict(page.tags[0][1]) == {"lang": language}
    assert not re.search(r"https?:|@import|url\(", text)
    assert "Huyện &lt;Mỹ Đức&gt;" in text or "Mỹ Đức &amp; co" in text
    assert len(text.encode()) < 500_000
    assert next(level for level, _ in page.tags if re.fullmatch("h[1-6]", level)) == "h1"


def test_the_colours_have_enough_contrast(pages: Path) -> None:
    """WCAG 2.1, contrast (minimum): 4.5 to 1 for text."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    text = (pages / "vi.html").read_text(encoding="utf-8")
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", text))
    pairs = [
        (named["ink"], "#ffffff"),
        (named["soft"], "#ffffff"),
        (named["accent"], "#ffffff"),
        (named["ink"], named["pale"]),
    ]
    pairs.append(("#8a1c00", "#fff1e0"))
    assert "#8a1c00" in text and "#fff1e0" in text
    for front, back in pairs:
        light, dark = sorted((luminance(front), luminance(back)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


def test_the_same_models_give_the_same_bytes(pages: Path, tmp_path: Path, manifest: dict[str, Any]) -> None:
    context = PublishContext("Huyện <Mỹ Đức>", "Mỹ Đức & co", True, 10, ("vi", "en"), "0.1.0")
    write_dictionary(compiled("duckdb"), context, tmp_path)
    assert (tmp_path / "vi.html").read_bytes() == (pages / "vi.html").read_bytes()
    write_dictionary(manifest, context, tmp_path / "small")  # no lineage in it
    assert "sipas_index" in (tmp_path / "small" / "en.html").read_text(encoding="utf-8")


def test_dbts_own_page_holds_no_path_no_moment_and_no_script_of_the_models(pages: Path, tmp_path: Path) -> None:
    place = pages / "dbt.html"
    write_dbt_docs(compiled("duckdb"), place)
    text = place.read_text(encoding="utf-8")
    root = str(Path(__file__).parents[3])
    assert root not in text and "invocation" not in text and "INLINE DATA" not in text
    assert not re.search(r'"(created_at|generated_at|user_id)"', text)
    write_dbt_docs(compiled("duckdb"), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == place.read_bytes()
    write_dbt_docs({"nodes": {"model.a.b": {"name": "b", "description": "</script>"}}}, tmp_path / "small.html")
    assert (tmp_path / "small.html").read_text().count("</script>") == text.count("</script>")
