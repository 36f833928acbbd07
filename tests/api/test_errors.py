"""Errors, health, headers and the description of the API."""

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store.db import Store
from api.app import create_app
from api.problems import MEDIA_TYPE
from tests.conftest import sqlite_store
from tests.filled import CONFIG


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/api/v1/nope", 404),
        ("GET", "/api/v1/papers/nope", 404),
        ("POST", "/api/v1/papers", 405),
        ("DELETE", "/healthz", 405),
        ("GET", "/api/v1/papers?limit=x", 400),
        ("GET", "/static/../deps.py", 404),
        ("GET", "/static/%2e%2e/view.py", 404),
    ],
)
def test_every_error_is_a_problem(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["status"] == status
    if status == 405:
        assert answer.headers["allow"]


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_an_old_schema_is_not_ready(store: Store, client: TestClient) -> None:
    with store.write() as connection:
        version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.headers["content-type"]) == (503, MEDIA_TYPE)
        assert "migrate" in answer.json()["detail"]
        assert client.get("/healthz").status_code == 200
    finally:
        with store.write() as connection:
            change = sa.text("UPDATE alembic_version SET version_num = :v")
            connection.execute(change, {"v": version})


def test_a_lost_database_is_a_503(tmp_path: Path) -> None:
    missing = Store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite3'}", tmp_path)
    app = create_app(missing, Settings(data_dir=tmp_path), CONFIG)
    with TestClient(app, raise_server_exceptions=False) as client:
        for path in ("/readyz", "/api/v1/papers", "/api/v1/sources"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (503, MEDIA_TYPE)
            assert "folder" not in answer.text
        assert client.get("/", headers={"Accept": "text/html"}).status_code == 503
    missing.close()


def test_what_nobody_foresaw_tells_nothing(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)

    def broken_clock() -> None:
        raise RuntimeError("secret inside")

    app = create_app(store, Settings(data_dir=tmp_path), CONFIG, now=broken_clock)  # pyright: ignore[reportArgumentType]
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/sources")
        assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
        assert "secret" not in answer.text
        page = client.get("/", headers={"Accept": "text/html"})
        assert page.status_code == 500
        assert page.headers["content-type"].startswith("text/html")
        assert "secret" not in page.text
    store.close()


@pytest.mark.parametrize("path", ["/", "/docs", "/api/v1/papers", "/nope", "/static/css/base.css"])
def test_browsers_are_told_to_run_nothing(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_the_description_declares_what_is_sent(app: FastAPI) -> None:
    document = app.openapi()
    assert "Problem" in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        assert path.startswith(("/api/v1/", "/healthz", "/readyz", "/metrics"))
        for operation in methods.values():
            assert "422" not in operation["responses"]
            default = operation["responses"]["default"]
            assert list(default["content"]) == [MEDIA_TYPE]
            for parameter in operation.get("parameters", ()):
                assert parameter["schema"]
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in schemas


def test_the_reference_shows_every_route(app: FastAPI, browser: TestClient) -> None:
    page = browser.get("/docs").text
    for path in app.openapi()["paths"]:
        assert path in page
    for name in app.openapi()["components"]["schemas"]:
        assert name in page
    assert "//cdn" not in page
    assert "<script>" not in page


def test_the_reference_begins_with_what_is_asked_most(browser: TestClient) -> None:
    page = browser.get("/docs").text
    papers = page.index("</b> /api/v1/papers<")
    assert papers < page.index("/api/v1/papers/{name}/similar") < page.index("<b>POST</b>")
    assert re.search(r"curl 'http[^']+/api/v1/papers\?topic=architectures&amp;limit=5'", page)
