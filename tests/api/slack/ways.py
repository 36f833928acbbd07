"""Ways to the Slack bot: signed requests, and what a stand-in for Slack got of it."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from starlette.testclient import TestClient

from aggregator.store import papers, subscriptions
from aggregator.store.db import Store
from tests.drafts import preprint
from tests.filled import give_tags, put
from tests.slack_server import SlackServer, check

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ADA, BAI = "U0000000ADA", "U0000000BAI"
PAPERS = "C0000PAPERS"


def signed(body: str, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    moment = str(int(time.time() if at is None else at))
    base = f"v0:{moment}:{body}".encode()
    signature = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": signature}


def post(http: TestClient, path: str, body: str, kind: str = "application/x-www-form-urlencoded"):
    headers = {**signed(body), "Content-Type": kind}
    return http.post(f"/slack/{path}", content=body, headers=headers)


def command(
    http: TestClient, text: str, *, user: str = ADA, channel: str = PAPERS, url: str = ""
) -> dict[str, Any]:
    """What a command is answered; each answer is one that Slack takes."""
    form = {
        "command": "/daypaper",
        "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "user_id": user,
        "team_id": "T0000000ONE",
        "channel_id": channel,
        "response_url": url,
    }
    answer = post(http, "commands", urlencode(form))
    assert answer.status_code == 200
    if not answer.headers["content-type"].startswith("application/json"):
        return {"text": answer.text}
    said = answer.json()
    assert said["response_type"] == "ephemeral"
    check(said)
    return said


def press(http: TestClient, slack: SlackServer, value: str, **action: Any) -> int:
    """Press a button; returns how many responses the bot had made before."""
    payload = {
        "type": "block_actions",
        "user": {"id": ADA},
        "team": {"id": "T0000000ONE"},
        "channel": {"id": PAPERS},
        "response_url": slack.response_url,
        "actions": [
            {"action_id": "paper_relevant", "block_id": "b", "type": "button", "value": value}
        ],
    }
    payload["actions"][0].update(action)
    before = len(slack.responses)
    answer = post(http, "interactions", urlencode({"payload": json.dumps(payload)}))
    assert answer.status_code == 200
    return before


def responded(slack: SlackServer, before: int) -> dict[str, Any]:
    for _ in range(200):
        if len(slack.responses) > before:
            said = slack.responses[before]
            assert said["response_type"] == "ephemeral"
            assert said["replace_original"] is False
            return said
        time.sleep(0.05)
    raise AssertionError("the bot did not respond")


def event(http: TestClient, **said: Any) -> None:
    body = json.dumps({"type": "event_callback", "team_id": "T0000000ONE", "event": said})
    assert post(http, "events", body, "application/json").status_code == 200


def called(slack: SlackServer, method: str) -> dict[str, Any]:
    for _ in range(200):
        if found := slack.calls(method):
            return found[-1]
        time.sleep(0.05)
    raise AssertionError(f"{method} was not asked")


def fill(store: Store) -> str:
    """Two papers on adversarial networks; returns the id of the first."""
    put(
        store,
        preprint("1711.00001", title="Widget GANs <!channel> *bold*"),
        preprint("1711.00002", title="Residual payload networks"),
    )
    tagged = [("gan", 0.9), ("learning", 0.6)]
    give_tags(store, {"Widget GANs <!channel> *bold*": tagged, "Residual payload networks": tagged})
    with store.read() as connection:
        return papers.by_name(connection, "arxiv:1711.00001").doc["id"]


def rows(store: Store, target: str = PAPERS) -> list[subscriptions.Row]:
    with store.read() as connection:
        return subscriptions.of_target(connection, "slack", target)
