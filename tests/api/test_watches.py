"""Watches, subscriptions and feedback over real requests."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from aggregator.store import subscriptions
from aggregator.store.db import Store
from api import forms
from api.problems import MEDIA_TYPE
from tests.api.conftest import BASE_URL
from tests.api.test_auth import token
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import give_tags, put

Ask = Callable[..., Any]
MINE = {"name": "mine", "query": "widgets", "authors": ["Lovelace"]}
HOOK = {"watch": "gan", "channel": "slack", "target": "#papers"}


@pytest.fixture
def ask(client: TestClient, store: Store) -> Ask:
    """Asks with a token of the given scope: (method, path, JSON) -> answer."""
    headers = {scope: token(store, scope) for scope in ("write", "admin")}

    def call(method: str, path: str, body: Any = None, scope: str = "write") -> Any:
        return client.request(method, f"/api/v1{path}", json=body, headers=headers[scope])

    return call


def assert_problem(answer: Any, status: int) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)


def test_a_watch_lives_and_dies(ask: Ask, client: TestClient) -> None:
    made = ask("POST", "/watches", MINE)
    assert made.status_code == 201
    assert made.headers["location"] == "/api/v1/watches/mine"
    one = client.get("/api/v1/watches/mine").json()
    forms.WatchAnswer.model_validate(one)
    assert one == made.json()
    assert (one["made_by"], one["url"]) == ("api", f"{BASE_URL}/watches/mine")
    assert_problem(ask("POST", "/watches", MINE), 409)
    changed = ask("PUT", "/watches/mine", {"name": "mine", "topics": ["gan"]})
    assert (changed.json()["topics"], changed.json()["query"]) == (["gan"], "")
    assert_problem(ask("PUT", "/watches/other", MINE), 400)
    names = [item["name"] for item in client.get("/api/v1/watches").json()["items"]]
    assert names == ["architectures", "learning", "gan", "mine"]
    assert ask("DELETE", "/watches/mine").status_code == 204
    assert_problem(client.get("/api/v1/watches/mine"), 404)
    assert_problem(ask("DELETE", "/watches/mine"), 404)


@pytest.mark.parametrize(
    "watch",
    [
        {"name": "mine"},
        {"name": "Mine", "query": "x"},
        {"name": "gan2", "topics": ["nope"]},
        {"name": "all", "query": "x"},
        {"name": "mine", "query": "x", "minimum": 1},
        {"name": "mine", "topics": ["gan"], "min_probability": 2},
        {"name": "mine", "query": "x" * 501},
        {"name": "../x", "query": "x"},
        {"name": "mine", "query": "- ()"},
        {"name": "mine", "query": "x", "authors": ["Ada", "_"]},
        {"name": "mine", "query": "x", "exclude_query": "*"},
        {"name": "mine", "sources": ["a\0"]},
        {"name": "mine", "query": "x", "exclude_sources": ["\0"]},
        [],
    ],
)
def test_a_watch_of_no_use_is_refused(ask: Ask, watch: Any) -> None:
    assert_problem(ask("POST", "/watches", watch), 400)


def test_what_is_wrong_is_named(ask: Ask) -> None:
    assert "query: " in ask("POST", "/watches", {"name": "mine", "query": 5}).json()["detail"]
    signs = ask("POST", "/watches", {"name": "mine", "authors": ["_"]}).json()["detail"]
    assert signs == 'watch: authors: "_" has no letter and no digit; expected words to look for.'
    assert "expected an object" in ask("POST", "/watches", []).json()["detail"]


def test_what_is_no_json_is_said(client: TestClient, store: Store) -> None:
    headers = {**token(store, "write"), "Content-Type": "application/json"}
    answer = client.post("/api/v1/watches", content=b"{bad", headers=headers)
    assert_problem(answer, 400)
    assert "body: expected JSON" in answer.json()["detail"]


def test_watches_of_the_file_stay(ask: Ask) -> None:
    assert_problem(ask("POST", "/watches", {"name": "gan", "query": "x"}), 409)
    assert_problem(ask("PUT", "/watches/gan", {"name": "gan", "query": "x"}), 400)
    assert_problem(ask("DELETE", "/watches/gan"), 400)


def test_a_subscription_lives_and_dies(ask: Ask, store: Store) -> None:
    made = ask("POST", "/subscriptions", {**HOOK, "tz": "Asia/Shanghai"})
    assert made.status_code == 201
    one = made.json()
    forms.SubscriptionMade.model_validate(one)
    assert (one["state"], one["origin"], one["tz"]) == ("active", "api", "Asia/Shanghai")
    path = f"/subscriptions/{one['id']}"
    del one["advice"]
    assert ask("GET", path).json() == one
    assert ask("GET", "/subscriptions").json()["items"] == [one]
    changed = ask("PATCH", path, {"schedule": "weekly@fri-17:30", "limit": 5, "state": "paused"})
    assert changed.json() == one | {"schedule": "weekly@fri-17:30", "limit": 5, "state": "paused"}
    assert ask("PATCH", path, {"state": "active"}).json()["state"] == "active"
    for wrong in ({"limit": 0}, {"tz": "Mars"}, {"schedule": "hourly"}, {"watch": "rl"},
                  {"state": "ended"}, {"events": []}, {"lang": None}):  # fmt: skip
        assert_problem(ask("PATCH", path, wrong), 400)
    assert ask("DELETE", path).status_code == 204
    for method in ("GET", "DELETE"):
        assert_problem(ask(method, path), 404)
    assert_problem(ask("PATCH", path, {"limit": 1}), 404)
    again = ask("POST", "/subscriptions", HOOK).json()
    assert (again["id"], again["state"]) == (one["id"], "active")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"watch": "nope"}, 404),
        ({"watch": "No!"}, 400),
        ({"channel": "pigeon"}, 400),
        ({"target": "not a channel"}, 400),
        ({"target": ""}, 400),
        ({"channel": "email", "target": "ada@example.org\r\nBcc: eve@example.org"}, 400),
        ({"limit": 0}, 400),
        ({"schedule": "daily@25:00"}, 400),
        ({"since": "yesterday"}, 400),
        ({"confirmed": True}, 403),
    ],
)
def test_a_subscription_of_no_use_is_refused(ask: Ask, change: Any, status: int) -> None:
    assert_problem(ask("POST", "/subscriptions", {**HOOK, **change}), status)


def test_without_a_mail_server_no_address_can_be_asked(ask: Ask) -> None:
    wanted = {"watch": "gan", "channel": "email", "target": "Ada@Example.org"}
    answer = ask("POST", "/subscriptions", wanted)
    assert_problem(answer, 409)
    assert "DAYPAPER_SMTP_URL" in answer.json()["detail"]
    confirmed = ask("POST", "/subscriptions", wanted | {"confirmed": True}, "admin").json()
    assert (confirmed["state"], confirmed["target"]) == ("active", "ada@example.org")


def test_who_may_write_sees_what_the_api_made(ask: Ask, store: Store) -> None:
    wanted = {"watch": "gan", "channel": "email", "target": "ada@example.org"}
    from aggregator.people import subscribers
    from aggregator.watches import Wanted
    from tests.filled import CONFIG

    with store.write() as connection:
        row = subscribers.add(
            connection, CONFIG, Wanted.model_validate(wanted), NOW, origin="signup", confirmed=True
        )
    path = f"/subscriptions/{row.id}"
    assert ask("GET", "/subscriptions").json()["items"] == []
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"limit": 1})):
        assert_problem(ask(method, path, body), 404)
    assert len(ask("GET", "/subscriptions", scope="admin").json()["items"]) == 1
    changed = ask("PATCH", path, {"limit": 1}, "admin").json()
    assert (changed["limit"], changed["origin"]) == (1, "signup")
    with store.read() as connection:
        assert subscriptions.by_id(connection, row.id).state == "active"


def test_deleting_a_watch_ends_its_subscriptions(ask: Ask) -> None:
    ask("POST", "/watches", MINE)
    made = ask("POST", "/subscriptions", {**HOOK, "watch": "mine"}).json()
    ask("DELETE", "/watches/mine")
    assert_problem(ask("GET", f"/subscriptions/{made['id']}"), 404)


def shown_tag(client: TestClient, paper: str, title: str) -> str:
    """What the page of a paper says of a topic."""
    page = client.get(f"/papers/{paper}", headers={"Accept": "text/html"})
    said = [one.text_content() for one in html.fromstring(page.text).xpath("//summary")]
    (found,) = [one for one in said if title in one]
    return " ".join(found.split())


def test_feedback_by_any_name_of_the_paper(ask: Ask, client: TestClient, store: Store) -> None:
    put(store, preprint(identifiers={"doi": "10.1/abc"}))
    give_tags(store, {"Deep Widgets for Semantic Gadgets": [("gan", 0.9)]})
    paper = client.get("/api/v1/papers/arxiv:1711.00001").json()
    for name in (paper["id"], "arxiv:1711.00001", "doi:10.1/abc"):
        said = ask("POST", f"/papers/{name}/feedback", {"topic": "gan", "relevant": True})
        assert said.status_code == 200
        assert said.json()["id"] == paper["id"]
        assert {"name": "gan", "probability": 1.0, "by": "person"} in said.json()["topics"]
    assert client.get("/api/v1/papers?topic=learning").json()["items"][0]["id"] == paper["id"]
    assert "not tagged" not in shown_tag(client, paper["id"], "Adversarial networks")
    ask("POST", f"/papers/{paper['id']}/feedback", {"topic": "gan", "relevant": False})
    assert client.get("/api/v1/papers?topic=gan").json()["items"] == []
    assert "not tagged" in shown_tag(client, paper["id"], "Adversarial networks")
    gone = ask("DELETE", f"/papers/{paper['id']}/feedback?topic=gan")
    assert gone.status_code == 200
    assert_problem(ask("DELETE", f"/papers/{paper['id']}/feedback"), 400)


@pytest.mark.parametrize(
    ("name", "word", "status"),
    [
        ("nope", {"topic": "gan", "relevant": True}, 404),
        ("arxiv:1711.00001", {"topic": "nope", "relevant": True}, 400),
        ("arxiv:1711.00001", {"topic": "gan"}, 400),
        ("arxiv:1711.00001", {"topic": "gan", "relevant": "perhaps"}, 400),
        ("arxiv:1711.00001", {"topic": "gan", "relevant": True, "by": "me"}, 400),
        ("%00", {"topic": "gan", "relevant": True}, 404),
    ],
)
def test_a_word_that_cannot_be_taken(
    ask: Ask, store: Store, name: str, word: Any, status: int
) -> None:
    put(store, preprint())
    assert_problem(ask("POST", f"/papers/{name}/feedback", word), status)


def test_the_page_shows_who_said_it(ask: Ask, client: TestClient, store: Store) -> None:
    put(store, preprint())
    ask("POST", "/papers/arxiv:1711.00001/feedback", {"topic": "gan", "relevant": True})
    path = client.get("/papers/arxiv:1711.00001").headers["location"]
    page = client.get(path, headers={"Accept": "text/html"}).text
    assert '<span>100% <span class="quiet">by a person</span></span>' in page


def test_the_page_of_a_watch(ask: Ask, browser: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001"), preprint("1711.00002", title="Something", abstract=""))
    ask("POST", "/watches", {**MINE, "exclude_topics": ["gan"], "min_probability": 0.3})
    page = browser.get("/watches/mine").text
    assert "Deep Widgets" in page
    assert "Something" not in page
    said = (
        "Words: widgets · Authors: Lovelace · at least 30% · without Topics: Adversarial networks"
    )
    assert said in page
    assert "作者：Lovelace" in browser.get("/watches/mine?lang=zh").text
    assert browser.get("/watches/gan").headers["location"] == "/topics/gan"
    assert browser.get("/watches/nope").status_code == 404


def test_the_reference_says_how_to_write(browser: TestClient) -> None:
    page = browser.get("/docs").text
    assert 'Body, as JSON: <a href="#schema-SubscriptionRequest">' in page
    assert "Authorization: Bearer TOKEN" in page
