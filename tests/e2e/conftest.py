"""A filled store, the application over it on loopback, and a real Chromium; made once for each module."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from aggregator import pipeline, topics
from aggregator.collect import works
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config
from api.app import create_app
from tests.conftest import sqlite_store
from tests.e2e import hostile, owned, sample

PROJECT = Path(__file__).parents[2]


@contextmanager
def served(
    store: Store,
    folder: Path,
    config: Config | None = None,
    now: Callable[[], datetime] = lambda: sample.NOW,
    **given: Any,
) -> Iterator[str]:
    """The address of the application over this store, at the time of the sample and with the topics as
    shipped unless told otherwise; with settings of its own it knows its address."""

    def made(url: str) -> FastAPI:
        settings = Settings(data_dir=folder, **({"base_url": url, **given} if given else {}))
        return create_app(store, settings, config or topics.load(PROJECT / "topics.toml"), now=now)

    with serving(made) as url:
        yield url


@contextmanager
def serving(made: Callable[[str], FastAPI]) -> Iterator[str]:
    """The address of an application on loopback, which is made for that address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = made(url)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a morning of papers, some of them hostile."""
    folder = tmp_path_factory.mktemp("site")
    config = topics.load(PROJECT / "topics.toml")
    with closing(sqlite_store(folder)) as store:
        works.load(store, config, sample.NOW)
        sample.fill(store)
        hostile.fill(store)
        pipeline.tag(store, Settings(data_dir=folder), config)
        owned.fill(store, config)
        with served(store, folder) as url:
            yield url


@pytest.fixture
def empty_site(tmp_path: Path) -> Iterator[str]:
    """The address of a store with nothing but the representative works."""
    with closing(sqlite_store(tmp_path)) as store:
        works.load(store, topics.load(PROJECT / "topics.toml"), sample.NOW)
        with served(store, tmp_path) as url:
            yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium as the system has it; nothing is downloaded. It ends with its module, since Playwright
    runs an event loop in this thread for as long as it lives."""
    if not _found():
        pytest.skip("no Chromium: install the package chromium for the tests of the pages")
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


def _found() -> str | None:
    return os.environ.get("DAYPAPER_TEST_CHROMIUM") or shutil.which("chromium")


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, running."""
    browser = playwright.chromium.launch(
        executable_path=_found(), args=["--no-sandbox", "--disable-gpu"]
    )
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A reader whom nobody knows yet."""
    made = chromium.new_context(locale="en-GB")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: str) -> Iterator[Page]:
    """A page that fails its test if anything is written to the console or asked of another host."""
    made = context.new_page()
    with watched(made, site):
        yield made


@contextmanager
def watched(page: Page, site: str) -> Iterator[list[str]]:
    """Sees to it that the page stays silent and at home."""
    trouble = heard(page, site)
    yield trouble
    assert not trouble


def heard(page: Page, site: str) -> list[str]:
    """What the page writes to the console from now on, and the addresses of others that it asks."""
    trouble: list[str] = []
    page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(site) else trouble.append(r.url))
    return trouble
