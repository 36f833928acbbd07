"""No page of another site can change anything here with a reader's browser: every route is tried."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.routing import BaseRoute, Route
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store.db import Store
from api.app import create_app
from tests.api.conftest import BASE_URL
from tests.api.test_auth import token
from tests.api.test_why_page import local
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.slack_server import TOKEN

SAFE = {"GET", "HEAD", "OPTIONS"}
OPEN = {
    "/unsubscribe/{token}": "one click in a mail program, which may be a page (RFC 8058)",
    "/slack/commands": "signed by Slack",
    "/slack/interactions": "signed by Slack",
    "/slack/events": "signed by Slack",
}
"""Routes that another site may post to, and why."""
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.daypaper.example"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "null"},
    {"Origin": "https://elsewhere.example", "Authorization": "Basic bWU6ZHBfeA=="},
)
OURS = (
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": BASE_URL},
    {},
)
REFUSED = "another site"


@pytest.fixture
def everything(store: Store, tmp_path: Path) -> FastAPI:
    """An app with every route that it can have."""
    settings = Settings(
        data_dir=tmp_path,
        base_url=BASE_URL,
        slack_bot_token=SecretStr(TOKEN),
        slack_signing_secret=SecretStr("x" * 32),
    )
    return create_app(store, settings, CONFIG, now=lambda: NOW)


def changing(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """(method, path) of each route that may change something."""
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from changing(inner.routes)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - SAFE:
                yield method, route.path
        else:
            assert getattr(route, "path", "") == "/static", f"what is behind {route}?"


def test_every_route_that_changes_something_refuses_another_site(everything: FastAPI) -> None:
    routes = list(changing(everything.router.routes))
    assert len(routes) > 25
    assert set(OPEN) <= {path for _, path in routes}
    with local(everything) as owner:
        for method, path in routes:
            address = re.sub(r"\{[^}]+\}", "x", path)
            for headers in FOREIGN:
                answer = owner.request(method, address, headers=headers, data={"a": "b"})
                refused = answer.status_code == 403 and REFUSED in answer.text
                assert refused == (path not in OPEN), (method, path, headers)
            for headers in OURS:
                answer = owner.request(method, address, headers=headers, data={"a": "b"})
                assert REFUSED not in answer.text, (method, path, headers)


def test_programs_with_a_token_say_what_they_like(client: TestClient, store: Store) -> None:
    headers = token(store, "write") | FOREIGN[0]
    watch = {"name": "mine", "query": "widgets"}
    assert client.post("/api/v1/watches", json=watch, headers=headers).status_code == 201
