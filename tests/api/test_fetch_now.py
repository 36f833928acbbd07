"""A program has a source fetched: who may, what is answered, and when not."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from aggregator.store import ledger, runs, tokens, wishes
from aggregator.store.db import Store
from aggregator.store.tokens import Scope
from tests.conftest import NOW

FETCH = "/api/v1/sources/arxiv/fetch"


def authorized(client: TestClient, store: Store, scope: Scope) -> TestClient:
    with store.write() as connection:
        secret = tokens.create(connection, f"ci {scope}", scope, NOW)
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


@pytest.fixture
def admin(client: TestClient, store: Store) -> TestClient:
    return authorized(client, store, "admin")


def waiting(store: Store) -> list[str]:
    with store.read() as connection:
        return sorted(wishes.waiting(connection))


def test_a_source_is_wished_for_once(admin: TestClient, store: Store) -> None:
    answer = admin.post(FETCH)
    assert answer.status_code == 202
    assert answer.json() == {"source": "arxiv", "waits_since": "2017-11-13T12:00:00Z"}
    assert admin.post(FETCH).json() == answer.json()
    assert waiting(store) == ["arxiv"]


def test_one_that_is_being_fetched_is_not_wished_for(admin: TestClient, store: Store) -> None:
    with store.write() as connection:
        runs.start(connection, "arxiv", NOW, NOW, False)
    with store.upstream_lock("arxiv"):
        answer = admin.post(FETCH)
    assert (answer.status_code, answer.json()["waits_since"]) == (202, None)
    assert waiting(store) == []


def test_politeness_goes_first(admin: TestClient, store: Store) -> None:
    with store.write() as connection:
        ledger.cool_down(connection, "arxiv", NOW + timedelta(hours=1), "Asked to wait.")
    answer = admin.post(FETCH)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "3600")
    assert answer.json()["detail"] == (
        "arxiv asked to be left alone until 2017-11-13 13:00 UTC. Asked to wait."
    )
    with store.write() as connection:
        ledger.cool_down(connection, "arxiv", ledger.FOR_A_PERSON, "Access denied.")
    answer = admin.post(FETCH)
    assert (answer.status_code, "Retry-After" in answer.headers) == (409, False)
    assert "run `daypaper collect arxiv`. Access denied." in answer.json()["detail"]
    with store.write() as connection:
        ledger.lift(connection, "arxiv")
        ledger.spend_all(connection, "arxiv", NOW.date(), 100)
    assert "until midnight UTC" in admin.post(FETCH).json()["detail"]
    assert waiting(store) == []


@pytest.mark.parametrize("scope", ["read", "write"])
def test_it_takes_an_administrator(client: TestClient, store: Store, scope: Scope) -> None:
    assert client.post(FETCH).status_code == 401
    assert authorized(client, store, scope).post(FETCH).status_code == 403
    assert waiting(store) == []


def test_a_source_that_is_not_there(admin: TestClient) -> None:
    assert admin.post("/api/v1/sources/nothing/fetch").status_code == 404
