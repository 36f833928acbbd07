"""Letters posted to a stand-in for Slack: once, at its pace, and with a clear outcome whatever it says."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from aggregator.deliver.base import Channel, Letter, Outcome, Session
from aggregator.deliver.slack import Slack
from aggregator.deliver.slack.api import GAP, Pace
from aggregator.errors import UsageError
from aggregator.settings import Settings
from tests.deliver.slack_letters import CHANNEL, letter, paper
from tests.slack_server import TOKEN, Fault, SlackServer

DIRECT = "D0000000ADA"
COUNT = 60  # papers of a letter of five messages


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A Slack that does not mind how fast it is written to."""
    with SlackServer(strict_pace=False) as running:
        yield running


def settings(url: str, token: str = TOKEN) -> Settings:
    return Settings(slack_bot_token=SecretStr(token), slack_api_url=url)


def send(slack: SlackServer, given: Letter, *, again: bool = False, timeout: int = 5) -> Outcome:
    """As another process would: with a channel object that remembers nothing."""
    channel = Slack(settings(slack.url), timeout=timeout, pace=Pace(0))
    with channel.session() as session:
        return session.send(given, again=again)


def told(messages: list[dict[str, Any]]) -> Counter[str]:
    """How often each part of a letter was told."""
    return Counter(id for m in messages for id in m["metadata"]["event_payload"]["told"].split())


def many(count: int = COUNT, **changes: Any) -> Letter:
    return letter([paper(n) for n in range(count)], **changes)


def test_it_is_a_channel() -> None:
    channel: Channel = Slack.of(settings("https://slack.example/api/"))
    assert channel.name == "slack"
    assert channel.trouble() == ""
    with channel.session() as session:
        opened: Session = session
    assert opened
    assert "/invite" in channel.advice("#papers")
    assert channel.advice("U0000000ADA") == ""
    assert channel.redacted("#papers") == "#papers"
    assert "DAYPAPER_SLACK_BOT_TOKEN" in Slack.of(settings("https://x.example", "")).trouble()
    assert "DAYPAPER_SLACK_API_URL" in Slack.of(settings("file:///etc/passwd")).trouble()


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("#Papers", "#papers"),
        (" #deep-learning_2 ", "#deep-learning_2"),
        ("#论文", "#论文"),
        ("C0123ABCDEF", "C0123ABCDEF"),
        ("G0123ABCDEF", "G0123ABCDEF"),
        ("U0123ABCDEF", "U0123ABCDEF"),
    ],
)
def test_targets_have_one_form(given: str, stored: str) -> None:
    channel = Slack.of(settings(""))
    assert channel.normal(given) == stored
    assert channel.normal(stored) == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        "#",
        "papers",
        "@ada",
        "#a b",
        "#a\nb",
        "#" + "x" * 81,
        "D0123ABCDEF",
        "<#C012|x>",
        "#\u202ea",
    ],
)
def test_other_targets_are_refused_with_a_sentence(given: str) -> None:
    with pytest.raises(UsageError, match=r"^target: .*expected #channel, .*\.$"):
        Slack.of(settings("")).normal(given)


def test_a_letter_is_a_message_and_its_thread(slack: SlackServer) -> None:
    assert send(slack, many()) == Outcome("sent", "Posted 5 messages.")
    first, *thread = slack.posted()
    assert "thread_ts" not in first
    assert {message["thread_ts"] for message in thread} == {first["ts"]}
    assert {f"paper{n:04}" for n in range(COUNT)} <= set(told(slack.posted()))
    assert set(told(slack.posted()).values()) == {1}
    for message in slack.posted():
        assert message["unfurl_links"] is False
        assert message["unfurl_media"] is False
        assert message["text"]
        assert message["metadata"]["event_payload"]["key"] == "letter-1"
    parts = [m["metadata"]["event_payload"]["part"] for m in slack.posted()]
    assert parts == [1, 2, 3, 4, 5]


def test_members_get_it_as_a_direct_message(slack: SlackServer) -> None:
    assert send(slack, many(6, target="U0000000ADA")).status == "sent"
    assert len(slack.posted(DIRECT)) == 2
    assert send(slack, many(6, target="U0000000ADA"), again=True).status == "sent"
    assert len(slack.posted(DIRECT)) == 2


@pytest.mark.parametrize("target", [CHANNEL, "#papers", "U0000000ADA"])
@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("kind", ["drop", "500", "429"])
def test_each_part_is_told_once_wherever_it_broke_off(
    slack: SlackServer, target: str, at: int, kind: str
) -> None:
    given = many(target=target)
    place = DIRECT if target.startswith("U") else CHANNEL
    slack.channels["C0000OTHERS"].messages = [{"ts": "1.1"}, {"ts": "1.2", "metadata": None}]
    slack.skip = at
    slack.faults = [Fault(kind, retry_after=3_600)]
    broken = send(slack, given)
    assert broken.status == "deferred"
    assert broken.unsure == (kind != "429" or at > 0)
    assert broken.blames_target is False
    assert send(slack, given, again=True).status == "sent"
    assert set(told(slack.posted(place)).values()) == {1}
    assert {f"paper{n:04}" for n in range(COUNT)} <= set(told(slack.posted(place)))
    assert len({m.get("thread_ts") for m in slack.posted(place)} - {None}) == 1
    before = len(slack.posted(place))
    assert send(slack, given, again=True).status == "sent"
    assert len(slack.posted(place)) == before


def test_what_changed_between_two_tries_is_still_told_once(slack: SlackServer) -> None:
    slack.skip = 2
    slack.faults = [Fault("drop")]
    assert send(slack, many()).unsure
    longer = [paper(n, abstract="We propose. " + "much more of it " * 30) for n in range(COUNT)]
    assert send(slack, letter(longer[::-1]), again=True).status == "sent"
    assert set(told(slack.posted()).values()) == {1}
    assert {f"paper{n:04}" for n in range(COUNT)} <= set(told(slack.posted()))


def test_other_letters_do_not_count(slack: SlackServer) -> None:
    send(slack, many(key="letter-0"))
    assert send(slack, many(key="letter-1"), again=True).status == "sent"
    assert set(told(slack.posted()).values()) == {2}


@pytest.mark.parametrize("code", ["missing_scope", "not_in_channel"])
def test_where_history_is_closed_it_is_told_again(slack: SlackServer, code: str) -> None:
    send(slack, many(3))
    slack.faults = [Fault(code, method="conversations.history")]
    assert send(slack, many(3), again=True).status == "sent"
    assert set(told(slack.posted()).values()) == {2}


@pytest.mark.parametrize("kind", ["429", "500", "hang"])
def test_where_looking_fails_nothing_is_posted(slack: SlackServer, kind: str) -> None:
    send(slack, many(3))
    before = len(slack.posted())
    slack.faults = [Fault(kind, method="conversations.history", retry_after=90)]
    outcome = send(slack, many(3), again=True, timeout=1)
    assert outcome.status == "deferred"
    assert outcome.unsure  # or the next try would not look
    assert len(slack.posted()) == before


@pytest.mark.parametrize(
    ("kind", "status", "unsure", "blames", "words"),
    [
        ("channel_not_found", "refused", False, True, "/invite @Daypaper"),
        ("not_in_channel", "refused", False, True, "/invite @Daypaper"),
        ("is_archived", "refused", False, True, "archived"),
        ("restricted_action", "refused", False, True, "workspace"),
        ("token_revoked", "deferred", False, False, "DAYPAPER_SLACK_BOT_TOKEN"),
        ("invalid_auth", "deferred", False, False, "DAYPAPER_SLACK_BOT_TOKEN"),
        ("account_inactive", "deferred", False, False, "install it again"),
        ("missing_scope", "deferred", False, False, "channels:history"),
        ("internal_error", "deferred", True, False, "in trouble"),
        ("fatal_error", "deferred", True, False, "in trouble"),
        ("something_new", "deferred", False, False, '"something_new"'),
        ("<script>xoxb-secret", "deferred", True, False, "in trouble"),
        ("500", "deferred", True, False, "in trouble"),
        ("hang", "deferred", True, False, "did not answer"),
        ("drop", "deferred", True, False, "did not answer"),
    ],
)
def test_every_failure_has_a_clear_outcome(
    slack: SlackServer, kind: str, status: str, unsure: bool, blames: bool, words: str
) -> None:
    slack.faults = [Fault(kind)]
    outcome = send(slack, many(3), timeout=1)
    assert (outcome.status, outcome.unsure) == (status, unsure)
    assert outcome.blames_target == blames
    assert words in outcome.message
    assert "xoxb" not in outcome.message


def test_a_wrong_token_and_no_slack_at_all(slack: SlackServer) -> None:
    with Slack(settings(slack.url, "xoxb-wrong"), pace=Pace(0)).session() as session:
        wrong = session.send(many(1), again=False)
    assert (wrong.status, wrong.blames_target, wrong.unsure) == ("deferred", False, False)
    assert "xoxb" not in wrong.message
    with Slack(settings("http://127.0.0.1:9/api/"), pace=Pace(0)).session() as session:
        away = session.send(many(1), again=False)
    assert away == Outcome("deferred", "Slack cannot be reached.", blames_target=False)


def test_unknown_and_archived_targets(slack: SlackServer) -> None:
    slack.channels["C0000OTHERS"].is_archived = True
    assert send(slack, many(1, target="#nowhere")).status == "refused"
    assert send(slack, many(1, target="#nowhere"), again=True).status == "refused"
    assert send(slack, many(1, target="C0000OTHERS")).status == "refused"
    assert send(slack, many(1, target="U0000000NIL")).status == "refused"
    assert not slack.posted("C0000OTHERS")


def test_too_many_requests_are_waited_for_or_put_off(slack: SlackServer) -> None:
    slack.faults = [Fault("429", retry_after=1)]
    started = time.monotonic()
    assert send(slack, many(1)).status == "sent"
    assert time.monotonic() - started >= 1
    slack.faults = [Fault("429", retry_after=61)]
    outcome = send(slack, many(1, key="letter-2"))
    assert (outcome.status, outcome.retry_after) == ("deferred", timedelta(seconds=61))
    assert outcome.unsure is False


@pytest.mark.parametrize("times", [1, 2, 4, 40])
def test_blocks_that_are_too_long_are_split_in_the_end_into_text(
    slack: SlackServer, times: int
) -> None:
    slack.faults = [Fault("msg_blocks_too_long")] * times
    assert send(slack, many(6)).status == "sent"
    assert set(told(slack.posted()).values()) == {1}
    assert {f"paper{n:04}" for n in range(6)} <= set(told(slack.posted()))
    assert len({m.get("thread_ts") for m in slack.posted()} - {None}) == 1
    plain = [m["text"] for m in slack.posted() if not m.get("blocks")]
    assert bool(plain) == (times >= 4)
    assert all(plain)


def test_one_message_a_second_over_all_sessions() -> None:
    with SlackServer(strict_pace=True) as strict:
        channel = Slack(settings(strict.url))
        started = time.monotonic()
        with channel.session() as one, channel.session() as other:
            assert one.send(many(6), again=False).status == "sent"
            assert other.send(many(1, key="letter-2"), again=False).status == "sent"
            assert other.send(many(1, key="letter-3", target="C0000OTHERS"), again=False).status
        posted = len(strict.posted())
        assert posted == 4
        assert time.monotonic() - started >= (posted - 1) * GAP
        assert len(strict.calls("chat.postMessage")) == 6  # none was refused for coming too early


def test_it_repeats_nothing_by_itself(slack: SlackServer) -> None:
    slack.faults = [Fault("drop")]
    send(slack, many(1))
    assert len(slack.posted()) == 1


def test_the_stand_in_as_a_process_of_its_own(tmp_path: Path) -> None:
    with SlackServer() as free:
        port = int(free.root.rsplit(":", 1)[1])
    kept = tmp_path / "posted.jsonl"
    command = [sys.executable, "-m", "tests.slack_server", str(port), str(kept)]
    with subprocess.Popen(command) as process:
        try:
            client = WebClient(TOKEN, base_url=f"http://127.0.0.1:{port}/api/", timeout=5)
            _until_it_answers(client)
            with Slack(settings(client.base_url)).session() as session:
                assert session.send(many(1), again=False).status == "sent"
        finally:
            process.terminate()
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert "paper0000" in told(lines)


def _until_it_answers(client: WebClient) -> None:
    for _ in range(100):
        try:
            client.auth_test()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the stand-in did not start")
