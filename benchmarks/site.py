"""The static site: seconds and memory to write it for a district and a city, and how large and how quick its pages are."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from benchmarks.measure import BenchmarkFailed, Measured, task
from benchmarks.report import Finding, Target
from benchmarks.site_marts import CITY, open_tables, site_marts

MOST_SECONDS_CITY = 120.0
MOST_MB = 1024.0
MOST_KB = 500.0
MOST_SECONDS_PAGE = 1.0
TIMES = 3
# Districts and communes in each: the district alone stands under a city of its own.
DISTRICT, WHOLE_CITY = (1, 22), (30, 20)
# The first pages of a city, and the largest of it and of a commune.
OPENED = ("index.html", *(f"{CITY}/vi/{name}.html" for name in ("index", "satisfaction", "ranking", "cases", "territory")),
          "00101/vi/satisfaction.html")  # fmt: skip


def run(folder: Path) -> Finding:
    """Measure in `folder`, which is empty."""
    cases = [("district", DISTRICT, 1), ("district", DISTRICT, 12), ("city", WHOLE_CITY, 1), ("city", WHOLE_CITY, 24)]
    rows: list[tuple[str, float, float | None]] = []
    for name, (districts, communes), months in cases:
        place = folder / f"{name}-{months}"
        written = _written(place, districts, communes, months)
        units = 1 + districts + districts * communes
        rows.append((f"{name}: {units} units, {months} months", written.seconds, written.peak_mb))
    site = folder / "city-24" / "site"
    sizes = {path: path.stat().st_size / 1000 for path in site.rglob("*.html")}
    opened = [(name, _opened(site / name)) for name in OPENED]
    rows += [(f"opened: {name}, {sizes[site / name]:,.0f} kB", seconds, None) for name, seconds in opened]
    return Finding(
        "The static site, in one language",
        [
            Target("a city for 24 months is written", MOST_SECONDS_CITY, rows[3][1], "s"),
            Target("its peak memory", MOST_MB, rows[3][2] or 0.0, "MB"),
            Target(
                "first page", MOST_KB, max(sizes[site / "index.html"], sizes[site / CITY / "vi" / "index.html"]), "kB"
            ),
            Target("largest page", MOST_KB, max(sizes.values()), "kB"),
            Target(
                "the slowest of the pages below until it is interactive",
                MOST_SECONDS_PAGE,
                max(s for _, s in opened),
                "s",
            ),
        ],
        rows,
        [
            f"{len(sizes):,} pages for the city, {sum(sizes.values()) / 1000:,.0f} MB. Pages are opened from files in headless "
            f"Chromium; interactive is the end of DOMContentLoaded, after the script. Median of {TIMES}."
        ],
    )


def _written(place: Path, districts: int, communes: int, months: int) -> Measured:
    open_tables(site_marts(districts, communes, months), place / "marts")
    return task("site_pages", [place], place)


def _opened(path: Path) -> float:
    """Seconds until the page is interactive, in a fresh context each time."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise BenchmarkFailed("Chromium is not installed (apt install chromium)")
    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(TIMES):
            page = browser.new_page()
            page.goto(path.as_uri())
            entry = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
            seconds.append(max(entry["domInteractive"], entry["domContentLoadedEventEnd"]) / 1000)
            page.close()
        browser.close()
    return float(statistics.median(seconds))
