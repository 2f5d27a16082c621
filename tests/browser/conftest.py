"""One browser, one sample site and one page that notes what it should not do, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Visit, axe_source, chromium
from playwright.sync_api import Browser, Request, Route
from site_samples import write_sample

TIMEOUT_MS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def axe() -> str:
    return axe_source()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "open"
    write_sample(folder)
    return folder / "site"


@pytest.fixture
def visit(browser: Browser, site: Path) -> Iterator[Visit]:
    """Fails where a page wrote to the console, raised, or asked for anything that is not a file."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, accept_downloads=True, reduced_motion="reduce"
    )
    context.set_default_timeout(TIMEOUT_MS)
    one = Visit(context.new_page(), site)

    def pass_files(route: Route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            one.noted.append(f"asked for {route.request.url}")
            route.abort()

    def note_failed(request: Request) -> None:
        # A download ends the navigation that began it, and a quick reader leaves before the script has come.
        if request.failure != "net::ERR_ABORTED":
            one.noted.append(f"failed: {request.url}: {request.failure}")

    context.route("**/*", pass_files)
    one.page.on("console", lambda message: one.noted.append(f"console: {message.text}"))
    one.page.on("pageerror", lambda error: one.noted.append(f"raised: {error}"))
    one.page.on("requestfailed", note_failed)
    yield one
    context.close()
    assert one.noted == []
