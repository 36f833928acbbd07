"""The audit log over requests: who changed what and from where, with the change, without secrets."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator import acting
from aggregator.acting import Act
from aggregator.store import audit, tokens
from aggregator.store.audit import KEPT, Line
from aggregator.store.db import Store
from tests.api.mailed import installation, link
from tests.api.test_auth import token
from tests.api.test_settings_page import proof
from tests.api.test_why_page import local
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import put
from tests.smtp_server import MailServer

WATCH = {"name": "mine", "query": "widgets"}


def lines(store: Store) -> Sequence[Line]:
    """The log, the oldest first."""
    with store.read() as connection:
        return audit.newest(connection, None, 100)[::-1]


def said(store: Store) -> list[tuple[str, str, str, str]]:
    return [(one.who, one.what, one.about, one.place) for one in lines(store)]


def test_changes_by_a_token(client: TestClient, store: Store) -> None:
    put(store, preprint(), preprint("1711.00002", title="Other Gadgets Altogether"))
    headers = token(store, "write", "laptop")
    secret = headers["Authorization"].removeprefix("Bearer ")
    who = f"token {secret[:9]} (laptop)"
    body = {"others": ["arxiv:1711.00002"]}
    client.post("/api/v1/watches", json=WATCH, headers=headers)
    client.put("/api/v1/watches/mine", json={**WATCH, "query": "gadgets"}, headers=headers)
    made = client.post(
        "/api/v1/subscriptions",
        json={"watch": "mine", "channel": "webhook", "target": "https://hooks.example/hidden"},
        headers=headers,
    ).json()["id"]
    client.patch(f"/api/v1/subscriptions/{made}", json={"state": "paused"}, headers=headers)
    client.post("/api/v1/papers/arxiv:1711.00001/join", json=body, headers=headers)
    client.delete("/api/v1/watches/mine", headers=headers)
    assert said(store) == [
        (who, what, about, "testclient")
        for what, about in (
            ("POST /api/v1/watches", "mine"),
            ("PUT /api/v1/watches/{name}", "mine"),
            ("POST /api/v1/subscriptions", f"{made} (mine)"),
            ("PATCH /api/v1/subscriptions/{id}", made),
            ("POST /api/v1/papers/{name}/join", "arxiv:1711.00001"),
            ("DELETE /api/v1/watches/{name}", "mine"),
        )
    ]
    assert "hidden" not in str(lines(store))
    assert secret not in str(lines(store))


def test_what_changes_nothing_leaves_no_line(client: TestClient, store: Store) -> None:
    headers = token(store, "write")
    assert client.post("/api/v1/watches", json=WATCH).status_code == 401
    assert client.post("/api/v1/watches", json={"name": "x"}, headers=headers).status_code == 400
    assert client.delete("/api/v1/watches/mine", headers=headers).status_code == 404
    assert client.get("/api/v1/watches", headers=headers).status_code == 200
    assert not lines(store)


def test_people_with_links_and_visitors(store: Store, tmp_path: Path) -> None:
    with MailServer() as server, installation(store, tmp_path, server) as at:
        at.sign_up()
        path = link(server.received[0].message, "confirm")
        at.client.get(path)
        at.client.post(path)
        (row,) = at.everything()
    signed_up, confirmed = lines(store)
    assert (signed_up.who, signed_up.what) == ("visitor", "POST /api/v1/signup")
    assert (confirmed.who, confirmed.what) == (f"person {row.person_pk}", "POST /confirm/{token}")
    assert confirmed.place == "link in a mail"
    for hidden in ("ada", "example.org", path.rpartition("/")[2]):
        assert hidden not in str(lines(store))


def test_whoever_sits_at_the_machine_is_the_owner(app: FastAPI, store: Store) -> None:
    with store.write() as connection:
        tokens.create(connection, "phone", "read", NOW)
    with local(app) as owner:
        given = {"proof": proof(owner.get("/settings").text), "do": "revoke", "what": "phone"}
        assert owner.post("/settings", data=given).status_code == 303
    assert [(one.who, one.what, one.place) for one in lines(store)] == [
        ("owner", "POST /settings", "127.0.0.1")
    ]


def test_the_line_and_the_change_are_one_transaction(store: Store) -> None:
    def change() -> None:
        with acting.acting(Act("owner", "test", "here")), store.write() as connection:
            tokens.create(connection, "one", "read", NOW)
            raise LookupError

    with pytest.raises(LookupError):
        change()
    assert not lines(store)
    with acting.acting(Act("owner", "test", "here", ["x" * 9_999, "\x00"])):
        for name in ("one", "two"):
            with store.write() as connection:
                tokens.create(connection, name, "read", NOW)
    with store.write() as connection:
        tokens.create(connection, "three", "read", NOW)
    (line,) = lines(store)
    assert (line.who, line.what, len(line.about)) == ("owner", "test", 500)


def test_lines_go_after_a_year(store: Store) -> None:
    with store.write() as connection:
        for days in (0, 364, 367):
            audit.note(connection, Act("owner", f"day {days}", "here"), NOW + timedelta(days=days))
    assert timedelta(days=365) == KEPT
    assert [one.what for one in lines(store)] == ["day 364", "day 367"]
    with store.read() as connection:
        later = audit.newest(connection, NOW + timedelta(days=365), 10)
        assert [one.what for one in later] == ["day 367"]
        assert [one.what for one in audit.newest(connection, None, 1)] == ["day 367"]
