"""A bot over a store, with a stand-in for Slack behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store.db import Store
from api.deps import Services
from api.slack.app import install
from tests.api.slack.ways import SECRET
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.slack_server import TOKEN, SlackServer


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """Slack's side."""
    with SlackServer(strict_pace=False) as running:
        yield running


@pytest.fixture
def services(store: Store, tmp_path: Path, slack: SlackServer) -> Services:
    """What the bot works with."""
    settings = Settings(
        data_dir=tmp_path,
        base_url="https://daypaper.example",
        slack_bot_token=SecretStr(TOKEN),
        slack_signing_secret=SecretStr(SECRET),
        slack_api_url=slack.url,
    )
    return Services(store, settings, CONFIG, [], lambda: NOW)


@pytest.fixture
def http(services: Services) -> Iterator[TestClient]:
    """A way to the bot."""
    app = FastAPI()
    install(app, services)
    with TestClient(app) as client:
        yield client
