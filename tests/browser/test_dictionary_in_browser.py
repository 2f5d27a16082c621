"""The dictionary and dbt's own documentation in a real browser: nothing is asked for from elsewhere, and the filter works."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from assets.publish.context import PublishContext
from assets.publish.dbt_docs import write_dbt_docs
from assets.publish.dictionary_page import write_dictionary
from assets.warehouse.dbt import manifest


def test_nothing_is_asked_for_and_the_filter_works(browser: Browser, tmp_path: Path) -> None:
    context = PublishContext("Huyện Mỹ Đức", "Mỹ Đức district", True, 10, ("vi", "en"), "0.1.0")
    write_dictionary(manifest("duckdb"), context, tmp_path)
    write_dbt_docs(manifest("duckdb"), tmp_path / "dbt.html")
    asked: list[str] = []
    noted: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.goto(f"{(tmp_path / 'dbt.html').as_uri()}#!/model/model.sipas.sipas_index")
    page.wait_for_selector("text=n_satisfied")
    assert "Chỉ số hài lòng" in page.inner_text("body")
    icons = page.eval_on_selector_all("svg.menu-icon-on use", "found => found.map((one) => one.getAttribute('href'))")
    assert "#icn-doc-on" in icons
    page.goto((tmp_path / "vi.html").as_uri())
    page.fill("#filter", "ty le hai long")
    shown = page.locator("main section:visible").count()
    assert 0 < shown < page.locator("main section").count() and page.inner_text("#found").startswith(f"{shown} /")
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    meanings = page.locator("main section:visible tbody td:last-child")
    edges = meanings.evaluate_all("found => found.map((one) => one.getBoundingClientRect().right)")
    assert edges and max(edges) <= 360, "what a column means is read without scrolling sideways"
    page.close()
    assert noted == []
    assert asked and all(url.startswith(("file:", "data:")) for url in asked)
