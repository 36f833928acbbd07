"""`python -m tests.e2e.screenshots FOLDER`: every page, desktop and phone, light and dark, English and
Chinese, of the sample's morning."""

import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

from aggregator import pipeline, topics, works
from aggregator.settings import Settings
from tests.conftest import sqlite_store
from tests.e2e import owned, sample
from tests.e2e.conftest import PROJECT, served

PAGES = {
    "today": "/",
    "topics": "/topics",
    "topic": "/topics/architectures",
    "mine": "/topics/architectures?sort=mine",
    "watch": "/watches/long-video",
    "paper": "/papers/arxiv:2611.10001",
    "search": "/search?q=attention",
    "library": "/library",
    "sources": "/sources",
    "settings": "/settings",
    "label": "/label?topic=gan",
    "reference": "/docs",
    "error": "/nowhere",
    "offline": "/offline",
}
SIZES: dict[str, Any] = {
    "desktop": {"viewport": {"width": 1280, "height": 960}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main(folder: Path) -> None:
    """Fill a store, serve it, and let Chromium take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    config = topics.load(PROJECT / "topics.toml")
    with tempfile.TemporaryDirectory() as work, closing(sqlite_store(Path(work))) as store:
        works.load(store, config, sample.NOW)
        sample.fill(store)
        pipeline.tag(store, Settings(data_dir=Path(work)), config)
        owned.fill(store, config)
        with served(store, Path(work)) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for size in SIZES:
                for theme in THEMES:
                    for lang in ("en", "zh"):
                        _take(browser, url, folder, size, theme, lang)
            browser.close()


def _take(
    browser: Browser,
    url: str,
    folder: Path,
    size: str,
    theme: Literal["light", "dark"],
    lang: str,
) -> None:
    context = browser.new_context(**SIZES[size], color_scheme=theme, device_scale_factor=1.5)
    context.add_cookies([{"name": "lang", "value": lang, "url": url}])
    page = context.new_page()
    page.goto(url)
    for action in ("star", "later"):
        page.locator(f".card .{action}").first.click()
    for name, path in PAGES.items():
        page.goto(url + path)
        page.wait_for_timeout(100)
        page.screenshot(path=folder / f"{name}-{size}-{theme}-{lang}.png")
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
