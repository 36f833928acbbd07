"""An app over an empty store, a clock that stands, and a client for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store.db import Store
from api.app import create_app
from tests.conftest import NOW
from tests.filled import CONFIG

BASE_URL = "https://daypaper.example"


@pytest.fixture
def app(store: Store, tmp_path: Path) -> FastAPI:
    """An app over `store`, at noon of 13 November 2017."""
    settings = Settings(data_dir=tmp_path, base_url=f"{BASE_URL}/")
    return create_app(store, settings, CONFIG, now=lambda: NOW)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client that follows no redirections and sees errors as answers."""
    with TestClient(app, BASE_URL, follow_redirects=False, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    """A client that asks for pages."""
    with TestClient(app, BASE_URL, follow_redirects=False, raise_server_exceptions=False) as made:
        made.headers["Accept"] = "text/html,application/xhtml+xml"
        yield made
