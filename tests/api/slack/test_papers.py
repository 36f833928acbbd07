"""The Slack bot on papers: buttons, previews, the home; and when Slack or the store is slow."""

import json
import time

import pytest
from slack_bolt import BoltRequest
from starlette.testclient import TestClient

from aggregator.deliver.slack.api import client_of
from aggregator.store import papers
from aggregator.store.db import Store
from aggregator.store.sql import one_at_a_time
from api.deps import Services
from api.slack.app import bolt_app, bot_of
from api.slack.bot import Bot, Members
from tests.api.slack.ways import ADA, BAI, PAPERS, called, command, event, fill, press, responded
from tests.slack_server import Fault, SlackServer


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
    option = {"value": f"not_relevant|{paper_id}|gan"}
    menu = {"action_id": "paper_menu", "type": "overflow", "selected_option": option}
    before = press(http, slack, "", **menu)
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
    with services.store.write() as connection:
        one_at_a_time(connection, "subscriptions")
        said = command(http, "subscribe gan", url=slack.response_url)
        assert said["text"] == "One moment …"
    assert "Subscribed" in responded(slack, 0)["text"]


def test_the_word_that_an_answer_follows_waits_for_nothing(
    services: Services, slack: SlackServer
) -> None:
    settings = services.settings
    bot = Bot(services, client_of(settings, 15), client_of(settings, 4))
    slack.faults = [Fault("hang", method="users.info")] * 2
    form = {"command": "/daypaper", "text": "topics", "user_id": ADA, "channel_id": PAPERS}
    form |= {"team_id": "T0000000ONE", "response_url": slack.response_url}
    started = time.monotonic()
    answer = bolt_app(bot).dispatch(BoltRequest(mode="socket_mode", body=form))
    assert time.monotonic() - started < 2.9  # Slack waits for three
    assert (answer.status, "One moment" in answer.body) == (200, True)
    assert "gan" in str(responded(slack, 0))


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
