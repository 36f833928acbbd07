"""The settings page: what the owner may change there, and that nobody else may."""

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.people import subscribers
from aggregator.store import subscriptions, tokens, watches
from aggregator.store.db import Store
from aggregator.watches import Wanted, Watch
from tests.api.test_pages import elements
from tests.api.test_why_page import local
from tests.conftest import NOW
from tests.filled import CONFIG


@pytest.fixture
def subscription(store: Store) -> str:
    """The id of a subscription; a saved watch and a token are there too."""
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="mine", query="<b>x</b>"), NOW)
        tokens.create(connection, "<i>script</i>", "read", NOW)
        wanted = Wanted(watch="gan", channel="email", target="ada@example.org")
        return subscribers.add(connection, CONFIG, wanted, NOW, origin="cli", confirmed=True).id


def proof(html: str) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', html)
    assert found
    return found[1]


def test_the_owner_changes_what_is_there(app: FastAPI, store: Store, subscription: str) -> None:
    with local(app) as owner:
        html = owner.get("/settings").text
        elements(html)
        assert "&lt;i&gt;script&lt;/i&gt;" in html
        assert "<i>" not in html

        def do(action: str, what: str, part: str) -> str:
            sent = {"proof": proof(html), "do": action, "what": what}
            answer = owner.post("/settings", data=sent)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/settings#{part}")
            return owner.get("/settings").text

        assert 'value="resume"' in do("pause", subscription, "subscriptions")
        assert 'value="pause"' in do("resume", subscription, "subscriptions")
        assert "ada@example.org" not in do("stop", subscription, "subscriptions")
        assert "/watches/mine" not in do("unwatch", "mine", "watches")
        assert "script&lt;/i&gt;" not in do("revoke", "<i>script</i>", "tokens")
        wrong = {"proof": proof(html), "do": "pause", "what": "nothing"}
        assert owner.post("/settings", data=wrong).status_code == 404
        assert owner.post("/settings", data={**wrong, "do": "burn"}).status_code == 400
        assert owner.post("/settings", data={**wrong, "proof": "made up"}).status_code == 403
    with store.read() as connection:
        assert subscriptions.by_id(connection, subscription).state == "ended"
        assert all(token.revoked_at for token in tokens.everything(connection))


@pytest.mark.parametrize(("lang", "said"), [("en", "only a browser on the"), ("zh", "这台机器上")])
def test_others_see_language_and_theme(
    browser: TestClient, store: Store, subscription: str, lang: str, said: str
) -> None:
    html = browser.get(f"/settings?lang={lang}").text
    elements(html)
    assert said in html
    assert "ada@example.org" not in html
    assert 'action="/settings"' not in html
    sent = {"proof": proof(html), "do": "pause", "what": subscription}
    assert browser.post("/settings", data=sent).status_code == 403
    with store.read() as connection:
        assert subscriptions.by_id(connection, subscription).state == "active"
