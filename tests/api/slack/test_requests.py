"""The Slack bot listens to Slack alone."""

import json
import time
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.errors import UsageError
from api.deps import Services
from api.slack.app import PATHS, install, start_socket_mode
from tests.api.slack.ways import ADA, PAPERS, post, signed
from tests.filled import CONFIG


@pytest.mark.parametrize("path", PATHS)
def test_only_slack_is_listened_to(http: TestClient, path: str) -> None:
    body = urlencode({"command": "/daypaper", "text": "help", "user_id": ADA, "channel_id": PAPERS})
    good = signed(body)
    bad: list[dict[str, str]] = [
        {},
        signed(body, "another secret"),
        signed(body, at=time.time() - 310),
        signed(body, at=time.time() + 310),
        signed(body + "x"),
        good | {"X-Slack-Request-Timestamp": "soon"},
        good | {"X-Slack-Request-Timestamp": "9" * 400},
        good | {"X-Slack-Signature": "v0=" + "0" * 64},
        {k: v for k, v in good.items() if "Signature" in k},
    ]
    for headers in bad:
        answer = http.post(path, content=body, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
    garbled = http.post(path, content=b"\xff{", headers=good)
    assert garbled.status_code == 401
    raw = [(k.encode(), v.encode()) for k, v in good.items() if "Time" in k]
    foreign = http.post(path, content=body, headers=[*raw, (b"X-Slack-Signature", b"v0=\xe9")])
    assert foreign.status_code == 401
    assert http.post(path, content="x" * 1_000_001, headers=good).status_code == 413
    assert http.get(path).status_code == 405


@pytest.mark.parametrize("body", ["{", "{]", "payload=x", "payload=1", "", "a=b", "{}"])
def test_what_is_signed_and_makes_no_sense_harms_nothing(http: TestClient, body: str) -> None:
    for path in ("commands", "interactions", "events"):
        assert post(http, path, body).status_code in (400, 404)


def test_slack_checks_the_address(http: TestClient) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    assert "abc" in post(http, "events", body, "application/json").text


def test_without_a_secret_there_is_nothing(services: Services) -> None:
    plain = services.settings.model_copy(update={"slack_signing_secret": SecretStr("")})
    app = FastAPI()
    install(app, Services(services.store, plain, CONFIG, [], services.now))
    with TestClient(app) as client:
        assert client.post(PATHS[0]).status_code == 404
    assert start_socket_mode(services) is None


def test_without_a_token_it_says_what_is_missing(services: Services) -> None:
    bare = services.settings.model_copy(update={"slack_bot_token": SecretStr("")})
    with pytest.raises(UsageError, match="DAYPAPER_SLACK_BOT_TOKEN"):
        install(FastAPI(), Services(services.store, bare, CONFIG, [], services.now))
