"""The site in a real browser: ways through it, sorting, filtering, downloads, phone, print, and the rules of accessibility."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from chromium import Visit
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from site_samples import CITY, HIDDEN, LONG, LONG_NAME

from assets.site.words import WORDS

LANGUAGES = ("vi", "en")
TOPICS = ("index", "satisfaction", "ranking", "cases", "complaints", "improvement", "territory", "submissions", "quality",
          "downloads", "methods")  # fmt: skip
PAGES = [
    "index.html",
    *(f"001/{language}/{topic}.html" for language in LANGUAGES for topic in TOPICS),
    f"{CITY}/en/ranking-2022-Q1.html",
    f"{HIDDEN}/vi/satisfaction.html",
    f"{LONG}/vi/index.html",
]  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
INTERACTIVE_MS = 1000
# How many of the boxes hide something behind a scroll bar to the right.
_WIDE = "((boxes) => [...document.querySelectorAll(boxes)].filter((box) => box.scrollWidth > box.clientWidth).length)"


@pytest.fixture(scope="module")
def judged(browser: Browser, axe: str) -> Iterator[Page]:
    """A page without the site's own policy, in which axe may be run."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    context.add_init_script(axe)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_accessibility_fits_a_phone_and_is_there_at_once(
    name: str, judged: Page, site: Path
) -> None:
    judged.set_viewport_size({"width": 1280, "height": 900})
    judged.goto((site / name).as_uri())
    timing = judged.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    assert max(timing["domInteractive"], timing["domContentLoadedEventEnd"]) < INTERACTIVE_MS
    found = judged.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}, resultTypes: ['violations']}})")
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found["violations"]] == []
    judged.set_viewport_size({"width": 360, "height": 740})
    judged.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert judged.evaluate("document.documentElement.scrollWidth") == 360
    assert judged.evaluate(f"{_WIDE}('figure .scroll')") == 0, "charts fit a phone"


def test_the_entry_leads_to_each_unit_in_each_language(visit: Visit) -> None:
    page = visit.open("index.html")
    page.get_by_role("link", name="View in English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thành phố Mẫu")
    page.get_by_role("link", name="All units").click()
    page.get_by_role("link", name="Xã Mẫu 1.1: Tiếng Việt").click()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Mẫu 1.1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_navigation_reaches_every_topic_and_the_switch_its_sibling(language: str, visit: Visit) -> None:
    other = "en" if language == "vi" else "vi"
    page = visit.open(f"001/{language}/index.html")
    navigation = page.get_by_role("navigation", name=WORDS[language]["topics"])
    for text in navigation.get_by_role("link").all_inner_texts():
        navigation.get_by_role("link", name=text, exact=True).click()
        expect(navigation.locator("[aria-current=page]")).to_have_text(text)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        file = page.url.rpartition("/")[2]
        page.get_by_role("link", name=WORDS[other]["language"]).click()
        assert page.url.endswith(f"001/{other}/{file}")
        expect(page.locator("html")).to_have_attribute("lang", other)
        page.get_by_role("link", name=WORDS[language]["language"]).click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_fits_a_desktop_and_the_ranking_shows_index_and_rank_on_a_phone(language: str, visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 1200, "height": 900})
    page = visit.open(f"00101/{language}/improvement.html")
    assert page.evaluate(f"{_WIDE}('.plan .scroll')") == 0
    page.set_viewport_size({"width": 360, "height": 740})
    page = visit.open(f"{CITY}/{language}/ranking.html")
    for place, name in ((1, "index_pct"), (2, "rank")):
        head = page.locator("table[data-tools]").last.locator("thead th").nth(place)
        expect(head).to_have_text(WORDS[language][name])
        box = head.bounding_box()
        assert box is not None and box["x"] + box["width"] <= 360


def test_a_period_of_the_ranking_is_chosen_by_its_link(visit: Visit) -> None:
    page = visit.open(f"{CITY}/vi/ranking.html")
    page.get_by_role("link", name="Tháng 2/2023").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tháng 2/2023")
    assert page.url.endswith("ranking-2023-02.html")


def column(page: Page, number: int) -> list[str]:
    return page.locator(f"table[data-tools] >> nth=-1 >> tbody tr:visible > :nth-child({number})").all_inner_texts()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_is_sorted_by_the_keyboard(language: str, visit: Visit) -> None:
    page = visit.open(f"{CITY}/{language}/ranking.html")
    table = page.locator("table[data-tools]").last
    button = table.get_by_role("button", name=WORDS[language]["index_pct"])
    head = table.locator("th").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    figures = column(page, 2)
    numbers = [float(text.rstrip("%").replace(",", ".")) for text in figures if text[0].isdigit()]
    assert numbers == sorted(numbers) and len(numbers) > 3
    assert figures[-1] == WORDS[language]["hidden"], "what is hidden comes last"
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    figures = column(page, 2)
    assert [float(text.rstrip("%").replace(",", ".")) for text in figures[:-1]] == sorted(numbers, reverse=True)
    assert figures[-1] == WORDS[language]["hidden"]


def test_rows_are_filtered_with_or_without_marks(visit: Visit) -> None:
    page = visit.open("index.html")
    tools = page.locator(".tools:visible").last
    tools.get_by_role("searchbox").fill("thi tran nong truong")
    assert column(page, 1) == [LONG_NAME]
    expect(tools.locator("output")).to_contain_text("1/7")
    tools.get_by_role("searchbox").fill("")
    assert len(column(page, 1)) == 7


def test_the_territory_is_switched(visit: Visit) -> None:
    page = visit.open("001/vi/territory.html")
    then, now = (page.get_by_role("button", name=WORDS["vi"][f"territory_{name}"]) for name in ("then", "now"))
    expect(page.locator("#then")).to_be_visible()
    expect(page.locator("#now")).to_be_hidden()
    now.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#now")).to_be_visible()
    expect(page.locator("#then")).to_be_hidden()
    assert (then.get_attribute("aria-pressed"), now.get_attribute("aria-pressed")) == ("false", "true")


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(visit: Visit) -> None:
    page = visit.open("001/en/cases.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=WORDS["en"]["skip"])).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_file_is_downloaded_from_the_page(visit: Visit) -> None:
    page = visit.open("00101/vi/downloads.html")
    link = page.get_by_role("link", name="Bảng sipas_index, Parquet")
    with page.expect_download() as waiting:
        link.click()
    path = waiting.value.path()
    assert path.read_bytes() == (visit.site.parent / "marts" / "sipas_index.parquet").read_bytes()


def test_paper_has_no_navigation_and_every_section(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("001/vi/satisfaction.html")
    page.emulate_media(media="print")
    for hidden in ("nav.topics", ".skip", ".ways"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("main svg").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_head_of_a_long_table_stands_on_each_sheet(visit: Visit) -> None:
    page = visit.open(f"{CITY}/en/ranking.html")
    repeat = "rows => rows.forEach((row) => { for (let n = 0; n < 20; n++) row.after(row.cloneNode(true)); })"
    page.eval_on_selector_all("table[data-tools] tbody tr", repeat)
    sheets = ["".join(sheet.extract_text().split()) for sheet in PdfReader(BytesIO(page.pdf(format="A4"))).pages]
    with_rows = [sheet for sheet in sheets if sheet.count("10,080") > 5]
    assert len(with_rows) > 3
    assert all("".join(WORDS["en"]["possible_ranks"].split()) in sheet for sheet in with_rows)


def test_without_a_script_everything_is_said(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "001/vi/territory.html").as_uri())
    expect(page.locator("#then")).to_be_visible()
    expect(page.locator("#now")).to_be_visible()
    page.goto((site / f"{CITY}/vi/ranking.html").as_uri())
    expect(page.locator(".tools").first).to_be_hidden()
    assert page.locator("tbody tr").count() >= 6
    context.close()
