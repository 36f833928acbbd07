"""The Slack bot answers its slash command."""

import json

import pytest
from starlette.testclient import TestClient

from aggregator.store import audit, people
from aggregator.store.db import Store
from tests.api.slack.ways import ADA, BAI, command, fill, rows
from tests.slack_server import SlackServer


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
        person = people.by_id(connection, people.ids(connection, [row.person_pk])[row.person_pk])
    assert person.address == f"slack:{ADA}"
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
    assert "不再接收 *gan*" in command(http, "unsubscribe GAN", user=BAI)["text"]
    assert not rows(store)
    assert "is not subscribed" in command(http, "unsubscribe gan")["text"]
    assert "&lt;" in command(http, "unsubscribe <x>")["text"]
    assert command(http, "unsubscribe")["text"].startswith("Which watch?")
    assert "no subscriptions" in json.dumps(command(http, "list"))


def test_a_change_is_in_the_audit_log(http: TestClient, store: Store) -> None:
    command(http, "subscribe gan")
    with store.read() as connection:
        (line,) = audit.newest(connection, None, 10)
    assert (line.who, line.what, line.place) == (f"slack {ADA}", "/daypaper", "slack")
