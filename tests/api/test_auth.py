"""Who may ask what, over real requests: scopes, revoked tokens, an installation that is not public."""

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store import tokens
from aggregator.store.db import Store
from aggregator.store.tokens import Scope
from api.app import create_app
from api.problems import MEDIA_TYPE
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put

WATCH = {"name": "mine", "query": "widgets"}


def token(store: Store, scope: Scope, name: str = "") -> dict[str, str]:
    """The header of a new token."""
    with store.write() as connection:
        secret = tokens.create(connection, name or f"{scope} token", scope, NOW)
    return {"Authorization": f"Bearer {secret}"}


def basic(headers: dict[str, str], name: str = "ada") -> dict[str, str]:
    """The same token as the password of HTTP Basic."""
    secret = headers["Authorization"].removeprefix("Bearer ")
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.fixture
def closed(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A client of an installation that is not public."""
    settings = Settings(data_dir=tmp_path, public_read=False)
    app = create_app(store, settings, CONFIG, now=lambda: NOW)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/watches"),
        ("PUT", "/api/v1/watches/mine"),
        ("DELETE", "/api/v1/watches/mine"),
        ("GET", "/api/v1/subscriptions"),
        ("POST", "/api/v1/subscriptions"),
        ("GET", "/api/v1/subscriptions/x"),
        ("PATCH", "/api/v1/subscriptions/x"),
        ("DELETE", "/api/v1/subscriptions/x"),
        ("POST", "/api/v1/papers/x/feedback"),
        ("DELETE", "/api/v1/papers/x/feedback"),
    ],
)
def test_changing_anything_needs_a_token_that_may(
    client: TestClient, store: Store, method: str, path: str
) -> None:
    reads = token(store, "read")
    dead = token(store, "admin", "dead")
    with store.write() as connection:
        tokens.revoke(connection, "dead", NOW)
    wrong = {"Authorization": "Bearer dp_" + "x" * 43}
    for headers in ({}, dead, wrong, {"Authorization": "Bearer"}, basic(token(store, "write"))):
        answer = client.request(method, path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, MEDIA_TYPE)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = client.request(method, path, headers=reads)
    assert (answer.status_code, answer.headers["content-type"]) == (403, MEDIA_TYPE)
    assert "write" in answer.json()["detail"]


def test_a_body_that_is_no_json_changes_nothing(client: TestClient, store: Store) -> None:
    """What another site's form could send."""
    headers = token(store, "write") | {"Content-Type": "text/plain"}
    answer = client.post(
        "/api/v1/watches", content=b'{"name": "mine", "query": "x"}', headers=headers
    )
    assert answer.status_code == 400
    assert client.get("/api/v1/watches/mine").status_code == 404


def test_reading_is_open(client: TestClient) -> None:
    for path in ("/", "/docs", "/api/v1/papers", "/api/v1/watches", "/feeds/all.opml"):
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"Authorization": "Basic proxy"}).status_code == 200


READ = ("/", "/docs", "/sources", "/topics/gan", "/watches/gan", "/api/v1/papers",
        "/api/v1/watches", "/api/v1/topics", "/api/v1/digests/gan", "/api/v1/sources",
        "/feeds/gan.atom", "/feeds/all.opml")  # fmt: skip


@pytest.mark.parametrize("path", READ)
def test_without_public_reading_everything_needs_a_token(
    closed: TestClient, store: Store, path: str
) -> None:
    put(store, preprint())
    give_tags(store, {})
    reads = token(store, "read")
    expected = 302 if path == "/watches/gan" else 200
    assert closed.get(path, headers=reads).status_code == expected
    assert closed.get(path, headers=basic(reads)).status_code == expected
    wrong = ({}, {"Authorization": "Basic x"}, {"Authorization": "Basic " + "/" * 9},
             basic({"Authorization": "Bearer nope"}))  # fmt: skip
    for headers in wrong:
        answer = closed.get(path, headers=headers)
        assert answer.status_code == 401
        kind = "Bearer" if path.startswith("/api/") else "Basic"
        assert answer.headers["www-authenticate"].startswith(kind)
        assert "Widgets" not in answer.text


def test_every_route_is_behind_the_guard(closed: TestClient) -> None:
    """Whatever is added later: a route that is not named here as open asks for a token."""
    app = closed.app
    assert isinstance(app, FastAPI)
    named = [(path, "GET") for path in READ]
    for path, methods in app.openapi()["paths"].items():
        named += [(path, method.upper()) for method in methods]
    still_open = {
        path
        for path, method in named
        if closed.request(method, path.replace("{", "").replace("}", "")).status_code != 401
    }
    assert still_open == {"/healthz", "/readyz"}


def test_what_mails_lead_to_stays_open(closed: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/static/css/base.css"):
        assert closed.get(path).status_code == 200
    for page in ("confirm", "unsubscribe", "preferences", "feedback"):
        assert closed.get(f"/{page}/nope").status_code == 400  # the link's own fault, not a token's
    assert closed.post("/api/v1/signup", json={}).status_code == 401
    assert closed.post("/signup").status_code == 401


def test_a_browser_is_asked_by_a_page(closed: TestClient) -> None:
    answer = closed.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="Daypaper", charset="UTF-8"'
    assert "A token is needed here" in answer.text


def test_the_last_use_is_noted(store: Store, tmp_path: Path) -> None:
    moment = [NOW]
    app = create_app(store, Settings(data_dir=tmp_path), CONFIG, now=lambda: moment[0])
    headers = token(store, "write")

    def used() -> datetime | None:
        with store.read() as connection:
            return tokens.everything(connection)[0].last_used

    with TestClient(app) as client:
        for seconds, noted in ((0, 0), (59, 0), (60, 60)):
            moment[0] = NOW + timedelta(seconds=seconds)
            assert client.get("/api/v1/subscriptions", headers=headers).status_code == 200
            assert used() == NOW + timedelta(seconds=noted)


def test_the_description_says_which_routes_take_a_token(app: FastAPI) -> None:
    document = app.openapi()
    assert document["components"]["securitySchemes"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            opens = path == "/api/v1/signup" or (
                method == "get" and not path.startswith("/api/v1/subscriptions")
            )
            assert bool(operation.get("security")) != opens, (method, path)
