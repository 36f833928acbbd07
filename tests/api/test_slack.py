"""The Slack bot over signed requests, with a stand-in for Slack behind it."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.errors import UsageError
from aggregator.settings import Settings
from aggregator.store import papers, people, subscriptions
from aggregator.store.db import Store
from api.deps import Services
from api.slack.app import PATHS, bot_of, install, start_socket_mode
from api.slack.bot import Members
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.slack_server import TOKEN, Fault, SlackServer, check

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ADA, BAI = "U0000000ADA", "U0000000BAI"
PAPERS = "C0000PAPERS"


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


def press(http: TestClient, slack: SlackServer, value: str, *, user: str = ADA, **action: Any):
    """Press a button; Slack's side then has the bot's response."""
    payload = {
        "type": "block_actions",
        "user": {"id": user},
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


@pytest.mark.parametrize("path", PATHS)
def test_only_slack_is_listened_to(http: TestClient, path: str) -> None:
    body = urlencode({"command": "/daypaper", "text": "help", "user_id": ADA, "channel_id": PAPERS})
    good = signed(body)
    bad: list[dict[str, str]] = [
        {},
        signed(body, "another secret"),
        signed(body, at=time.time() - 301),
        signed(body, at=time.time() + 301),
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


@pytest.mark.parametrize("text", ["", "help", "HELP me", "nonsense <!channel>"])
def test_help(http: TestClient, text: str) -> None:
    said = command(http, text)
    shown = json.dumps(said)
    assert "/daypaper subscribe" in shown
    assert "<!channel>" not in shown
    assert "/daypaper search 词语" in json.dumps(command(http, text, user=BAI), ensure_ascii=False)


def test_topics(http: TestClient, store: Store) -> None:
    fill(store)
    said = command(http, "topics")["blocks"][0]["text"]["text"]
    assert "Adversarial networks (`gan`): 2 papers" in said
    assert "新的网络结构" in json.dumps(command(http, "topics", user=BAI), ensure_ascii=False)


def test_a_topic(http: TestClient, store: Store) -> None:
    assert command(http, "topic gan")["text"] == "No paper carries this topic yet."
    paper_id = fill(store)
    said = command(http, "topic GAN")
    shown = json.dumps(said, ensure_ascii=False)
    assert "&lt;!channel&gt; ∗bold∗" in shown
    assert f"not_relevant|{paper_id}|gan" in shown
    assert (
        "There is no topic nope&lt;. Topics: architectures" in command(http, "topic nope<")["text"]
    )
    assert command(http, "topic")["text"].startswith("Which topic?")


def test_search(http: TestClient, store: Store) -> None:
    fill(store)
    # a form that holds this word is lost by the library's own reader
    assert "Residual payload networks" in json.dumps(command(http, "search payload"))
    assert command(http, "search nothing-like-it")["text"] == "Nothing found for nothing-like-it."
    assert command(http, "search")["text"].startswith("Which words?")
    assert "500" in command(http, "search " + "x" * 501)["text"]
    for odd in ('"', "*", "a\x00b", "'; DROP TABLE paper; --", "\u202e", "NEAR(a b) OR", "&<>"):
        assert command(http, f"search {odd}")["text"]


def test_a_channel_is_subscribed(http: TestClient, store: Store, slack: SlackServer) -> None:
    said = command(http, "subscribe GAN weekly@mon-09:30 Europe/Berlin")
    assert said["text"].startswith("Subscribed this channel to *gan*: every Monday at 09:30 (Eur")
    assert "/invite" not in json.dumps(said)
    (row,) = rows(store)
    assert (row.watch, row.state, row.origin) == ("gan", "active", "slack")
    assert (row.terms.schedule, row.terms.tz, row.terms.lang) == (
        "weekly@mon-09:30",
        "Europe/Berlin",
        "en",
    )
    with store.read() as connection:
        assert people.by_pk(connection, row.person_pk).address == f"slack:{ADA}"
    assert not slack.posted()  # nobody else is told


def test_the_members_own_zone_and_language(http: TestClient, store: Store) -> None:
    command(http, "subscribe gan", user=BAI)
    (row,) = rows(store)
    assert (row.terms.schedule, row.terms.tz, row.terms.lang) == (
        "daily@08:00",
        "Asia/Shanghai",
        "zh",
    )


def test_anybody_in_the_channel_changes_it(http: TestClient, store: Store) -> None:
    command(http, "subscribe gan asap")
    (before,) = rows(store)
    said = command(http, "subscribe gan Asia/Tokyo daily@07:00", user=BAI)
    assert "Asia/Tokyo" in said["text"]
    (row,) = rows(store)
    assert (row.id, row.person_pk, row.terms.schedule) == (
        before.id,
        before.person_pk,
        "daily@07:00",
    )
    command(http, "subscribe gan", user=BAI)  # says nothing new, so nothing changes
    assert rows(store)[0].terms == row.terms


def test_in_a_conversation_of_two_the_member_is_subscribed(http: TestClient, store: Store) -> None:
    assert "Subscribed you" in command(http, "subscribe gan", channel="D0123")["text"]
    assert [row.watch for row in rows(store, ADA)] == ["gan"]
    assert not rows(store, "D0123")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Which watch?"),
        ("nope", "There is no watch nope. Watches: architectures, learning, gan."),
        ("<!channel>", "There is no watch &lt;!channel&gt;."),
        ("gan daily@25:00", "daily@25:00 is not understood"),
        ("gan ../../etc/passwd", "../../etc/passwd is not understood"),
        ("gan " + "x" * 3_000, "is not understood"),
        ("gan Mars/Olympus", "Mars/Olympus is not understood"),
    ],
)
def test_what_cannot_be_subscribed(http: TestClient, store: Store, words: str, said: str) -> None:
    assert said in command(http, f"subscribe {words}")["text"]
    assert not rows(store)


def test_the_bot_asks_to_be_invited(http: TestClient, slack: SlackServer) -> None:
    slack.channels["C0000OTHERS"].is_member = False
    for channel in ("C0000OTHERS", "G0PRIVATE"):
        said = command(http, "subscribe gan", channel=channel)
        assert "/invite @Daypaper" in json.dumps(said)


def test_unsubscribing_and_listing(http: TestClient, store: Store) -> None:
    command(http, "subscribe gan")
    command(http, "subscribe learning asap", channel="D0123")
    shown = json.dumps(command(http, "list"))
    assert "*gan*: daily at 08:00 (Europe/London)" in shown
    assert "*learning*: as soon as there is news" in shown
    assert "no more of *gan*" in command(http, "unsubscribe GAN", user=BAI)["text"]
    assert not rows(store)
    assert "is not subscribed" in command(http, "unsubscribe gan")["text"]
    assert "&lt;" in command(http, "unsubscribe <x>")["text"]
    assert command(http, "unsubscribe")["text"].startswith("Which watch?")
    assert "no subscriptions" in json.dumps(command(http, "list"))


@pytest.mark.parametrize("verb", ["relevant", "not_relevant"])
def test_feedback(http: TestClient, store: Store, slack: SlackServer, verb: str) -> None:
    paper_id = fill(store)
    said = responded(slack, press(http, slack, f"{verb}|{paper_id}|gan"))
    assert "Adversarial networks" in said["text"]
    assert "&lt;!channel&gt;" in said["text"]
    with store.read() as connection:
        doc = papers.by_name(connection, paper_id).doc
    by = {tag["name"]: tag["by"] for tag in doc["topics"]}
    assert ("gan" in by) == (verb == "relevant")
    assert not slack.posted()


def test_feedback_from_the_menu(http: TestClient, store: Store, slack: SlackServer) -> None:
    paper_id = fill(store)
    option = {"selected_option": {"value": f"not_relevant|{paper_id}|gan"}, "value": None}
    before = press(http, slack, "", action_id="paper_menu", type="overflow", **option)
    assert "not relevant" in responded(slack, before)["text"]


def test_saving_sends_a_copy_to_the_member(
    http: TestClient, store: Store, slack: SlackServer
) -> None:
    paper_id = fill(store)
    assert "Saved" in responded(slack, press(http, slack, f"save|{paper_id}|gan"))["text"]
    (copy,) = slack.posted("D0000000ADA")
    assert "∗bold∗" in json.dumps(copy, ensure_ascii=False)
    assert not slack.posted()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("relevant|nope|gan", "not here any more"),
        ("relevant|{id}|nope<", "no topic nope&lt;"),
        ("relevant|{id}|", "There is no topic"),
    ],
)
def test_buttons_that_lead_nowhere(
    http: TestClient, store: Store, slack: SlackServer, value: str, said: str
) -> None:
    given = value.format(id=fill(store))
    assert said in responded(slack, press(http, slack, given))["text"]


def test_a_save_that_fails_is_said(http: TestClient, store: Store, slack: SlackServer) -> None:
    paper_id = fill(store)
    slack.faults = [Fault("token_revoked")]
    assert "went wrong" in responded(slack, press(http, slack, f"save|{paper_id}|gan"))["text"]


def test_links_to_known_papers_are_previewed(
    http: TestClient, store: Store, slack: SlackServer
) -> None:
    fill(store)
    known = "https://arxiv.org/pdf/1711.00001v2"
    links = [known, "https://arxiv.org/abs/1999.99999", "https://example.org/1711.00001", "x", ""]
    event(
        http,
        type="link_shared",
        channel=PAPERS,
        message_ts="1.0",
        links=[{"url": url, "domain": "arxiv.org"} for url in links],
    )
    asked = called(slack, "chat.unfurl")
    shown = asked["unfurls"]
    shown = json.loads(shown) if isinstance(shown, str) else shown
    assert list(shown) == [known]
    assert "Adversarial networks 90%" in json.dumps(shown)
    assert (asked["channel"], asked["ts"]) == (PAPERS, "1.0")


def test_unknown_links_are_passed_over_in_silence(http: TestClient, slack: SlackServer) -> None:
    links = [{"url": "https://arxiv.org/abs/1711.00001"}, {"url": "javascript:1711.00001"}, {}]
    event(http, type="link_shared", channel=PAPERS, message_ts="1.0", links=links)
    event(http, type="app_home_opened", user=ADA, tab="home")
    called(slack, "views.publish")
    assert not slack.calls("chat.unfurl")


def test_the_home_shows_what_a_member_has(http: TestClient, slack: SlackServer) -> None:
    command(http, "subscribe gan")
    command(http, "subscribe architectures", channel="D0123")
    event(http, type="app_home_opened", user=ADA, tab="home")
    asked = called(slack, "views.publish")
    assert asked["user_id"] == ADA
    shown = json.dumps(asked["view"])
    assert "*architectures*" in shown
    assert f"<#{PAPERS}> *gan*" in shown
    assert "/daypaper search" in shown


def test_the_home_of_somebody_new(http: TestClient, slack: SlackServer) -> None:
    event(http, type="app_home_opened", user=BAI, tab="home")
    assert "\u6ca1\u6709\u8ba2\u9605" in json.dumps(
        called(slack, "views.publish")["view"], ensure_ascii=False
    )
    event(http, type="app_home_opened", user=ADA, tab="messages")
    assert len(slack.calls("views.publish")) == 1


def test_a_slow_answer_follows(http: TestClient, services: Services, slack: SlackServer) -> None:
    # Somebody stores a page: the command waits for its transaction, Slack does not.
    with services.store.write():
        said = command(http, "subscribe gan", url=slack.response_url)
        assert said["text"] == "One moment …"
    assert "Subscribed" in responded(slack, 0)["text"]


def test_members_are_asked_once_and_slack_may_be_away(
    services: Services, slack: SlackServer
) -> None:
    bot = bot_of(services)
    assert [bot.members.get(BAI).zone for _ in range(3)] == ["Asia/Shanghai"] * 3
    assert len(slack.calls("users.info")) == 1
    slack.faults = [Fault("hang", method="users.info")]
    started = time.monotonic()
    assert bot.members.get(ADA).lang == "en"
    assert time.monotonic() - started < 2.9
    assert Members(bot.quick).get("U0NOBODY").zone == "UTC"
