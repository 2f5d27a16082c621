"""The system's Chromium, and axe-core, which states the accessibility rules. Nothing here downloads a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NPM = shutil.which("npm")
_AXE = HERE / "node_modules" / "axe-core"
_NPM_SECONDS = 300


@dataclass
class Visit:
    """A page of the browser on the sample site, and what it noted: messages of the console, faults, requests elsewhere."""

    page: Page
    site: Path
    noted: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        self.page.goto((self.site / name).as_uri())
        return self.page


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium; as root it has no sandbox. Skips where none is installed."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def axe_source() -> str:
    """The script of axe-core as the lock file has it, installed beside it the first time. Skips where npm is not installed."""
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    wanted = lock["packages"]["node_modules/axe-core"]["version"]
    if _installed() != wanted:
        if NPM is None:
            pytest.skip("npm is not installed (apt install npm)")
        subprocess.run([NPM, "ci", "--ignore-scripts"], cwd=HERE, check=True, capture_output=True, timeout=_NPM_SECONDS)
    assert _installed() == wanted
    return (_AXE / "axe.min.js").read_text(encoding="utf-8")


def _installed() -> str | None:
    try:
        return str(json.loads((_AXE / "package.json").read_text(encoding="utf-8"))["version"])
    except FileNotFoundError:
        return None
