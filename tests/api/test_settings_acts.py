"""What the settings page and the forms below topics do: tests by mail and Slack, tokens, Slack's channels."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.people import subscribers
from aggregator.settings import Settings
from aggregator.store import subscriptions, tokens
from aggregator.store.db import Store
from aggregator.watches import Wanted
from api.app import create_app
from tests.api.test_pages import elements
from tests.api.test_why_page import local
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.server import Reply, Server
from tests.slack_server import TOKEN, SlackServer
from tests.smtp_server import MailServer

MAIL = ("email", "ada@example.org")
SLACK = ("slack", "#papers")


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer(strict_pace=False) as server:
        yield server


@pytest.fixture
def sending(store: Store, tmp_path: Path, mails: MailServer, slack: SlackServer) -> FastAPI:
    """An app that can send by mail and Slack."""
    settings = Settings(
        data_dir=tmp_path,
        base_url="https://daypaper.example",
        smtp_url=SecretStr(mails.url),
        mail_from="papers@example.org",
        slack_bot_token=SecretStr(TOKEN),
        slack_api_url=slack.url,
        allow_private_upstreams=True,
    )
    return create_app(store, settings, CONFIG, now=lambda: NOW)


def subscribed(store: Store, channel: str, target: str, *, confirmed: bool = True) -> str:
    wanted = Wanted.model_validate({"watch": "gan", "channel": channel, "target": target})
    with store.write() as connection:
        return subscribers.add(
            connection, CONFIG, wanted, NOW, origin="cli", confirmed=confirmed
        ).id


def post(owner: TestClient, path: str, **sent: str) -> tuple[int, str]:
    found = re.search(r'name="proof" value="([^"]+)"', owner.get("/settings").text)
    assert found
    answer = owner.post(path, data={"proof": found[1], **sent})
    if answer.headers.get("content-type", "").startswith("text/html"):
        elements(answer.text)
    return answer.status_code, answer.text


def said(html: str) -> str:
    (found,) = re.findall(r'<p class="note said" role="status">(.*?)</p>', html)
    return found


def test_a_test_by_mail_and_what_became_of_it(
    sending: FastAPI, store: Store, mails: MailServer
) -> None:
    mine = subscribed(store, *MAIL)
    with local(sending) as owner:
        status, html = post(owner, "/settings/test", what=mine)
        assert (status, said(html)) == (200, "The test is on its way: papers in it: 0.")
        (letter,) = mails.received
        assert letter.recipient == MAIL[1]
        mails.answer("RCPT", MAIL[1], "550 5.1.1 <b>no such user</b>")
        status, html = post(owner, "/settings/test", what=mine)
        assert status == 200
        assert said(html).startswith("The test was refused. ")
        assert "&lt;b&gt;no such user" in said(html)
        assert post(owner, "/settings/test", what="nothing")[0] == 404
        assert owner.post("/settings/test", data={"what": mine}).status_code == 403
    with store.read() as connection:  # a test says nothing of the subscription
        assert subscriptions.by_id(connection, mine).state == "active"
        assert subscriptions.by_id(connection, mine).told_at is None


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("The test is on its way", "The test was refused.", "No test was sent.")),
        ("zh", ("测试已发出", "测试被拒收。", "没有发送测试。")),
    ],
)
def test_a_channel_is_tried_without_a_subscription(
    sending: FastAPI,
    store: Store,
    mails: MailServer,
    slack: SlackServer,
    server: Server,
    lang: str,
    words: tuple[str, str, str],
) -> None:
    put(store, preprint("1711.00002", title="Widgets That Are Told Of"))
    give_tags(store, {"Widgets That Are Told Of": [("gan", 0.9)]})
    path, hook = f"/settings/test/channel?lang={lang}", f"{server.url}/hook/not-shown"
    server.routes["/hook/not-shown"] = Reply(status=204)
    with local(sending) as owner:
        page = owner.get("/settings").text
        assert page.count('action="/settings/test/channel#') == 4
        for channel, target in (MAIL, SLACK, ("webhook", hook)):
            status, html = post(owner, path, channel=channel, target=target)
            assert status == 200
            assert said(html).startswith(words[0])
        assert slack.calls("chat.postMessage")
        (request,) = server.asked
        sent = json.loads(request.body)
        assert (sent["test"], sent["lang"]) == (True, lang)
        (letter,) = mails.received
        assert "Widgets That Are Told Of" in str(letter.message)
        assert "List-Unsubscribe" not in letter.message
        server.routes["/hook/not-shown"] = Reply(status=410)
        status, html = post(owner, path, channel="webhook", target=hook)
        assert (status, said(html)[: len(words[1])]) == (200, words[1])
        assert "answered 410" in said(html)
        for channel, target in (("email", "nobody"), ("apprise", "x"), ("slack", "a b")):
            status, html = post(owner, path, channel=channel, target=target)
            assert (status, said(html)[: len(words[2])]) == (400, words[2])
        assert post(owner, path, channel="pigeon", target="x")[0] == 400
        assert owner.post(path, data={"channel": "email", "target": MAIL[1]}).status_code == 403
    with store.read() as connection:
        assert subscriptions.everything(connection) == []


def test_only_what_is_set_up_can_be_tried(app: FastAPI, client: TestClient) -> None:
    with local(app) as owner:
        page = owner.get("/settings").text
        tried = re.findall(r'name="channel" value="(\w+)"', page)
        assert tried == ["webhook", "apprise"]
        sent = {"channel": "email", "target": MAIL[1]}
        status, html = post(owner, "/settings/test/channel", **sent)
        assert (status, "No mail server is set" in said(html)) == (200, True)
    assert 'action="/settings/test/channel#' not in client.get("/settings").text


def test_no_test_before_the_owner_of_the_address_has_answered(
    sending: FastAPI, store: Store, mails: MailServer
) -> None:
    mine = subscribed(store, *MAIL, confirmed=False)
    with local(sending) as owner:
        status, html = post(owner, "/settings/test", what=mine)
        assert status == 400
        assert "before the owner of the address has answered" in said(html)
    assert mails.received == []


def test_a_test_by_slack(sending: FastAPI, store: Store, slack: SlackServer) -> None:
    mine = subscribed(store, *SLACK)
    with local(sending) as owner:
        assert said(post(owner, "/settings/test", what=mine)[1]).startswith(
            "The test is on its way"
        )
        assert len(slack.channels["C0000PAPERS"].messages) >= 1
        slack.channels["C0000PAPERS"].is_archived = True
        assert said(post(owner, "/settings/test", what=mine)[1]).startswith(
            "The test was refused. "
        )


@pytest.mark.parametrize(("lang", "sets"), [("en", "Set <code>"), ("zh", "设置 <code>")])
def test_channels_say_what_to_set(
    app: FastAPI, sending: FastAPI, store: Store, lang: str, sets: str
) -> None:
    subscribed(store, *MAIL)
    with local(app) as owner:
        html = owner.get(f"/settings?lang={lang}").text
        elements(html)
        channels = html.split('id="channels"')[1].split("</section>")[0]
        assert re.findall(r'class="state (\w+)"', channels) == ["none", "none", "ok", "ok"]
        assert "<code>DAYPAPER_SMTP_URL</code>" in channels
        assert f"{sets}DAYPAPER_SLACK_BOT_TOKEN</code>" in channels
        wait = {"en": "could not be sent now. No mail server is set", "zh": "暂时无法发送测试"}
        (mine,) = re.findall(r'name="what" value="([^"]+)"', html)
        assert wait[lang] in said(post(owner, "/settings/test", what=mine)[1])
    with local(sending) as owner:
        channels = owner.get("/settings").text.split('id="channels"')[1].split("</section>")[0]
        assert re.findall(r'class="state (\w+)"', channels) == ["ok"] * 4


def test_a_token_is_shown_once_and_opens(app: FastAPI, store: Store) -> None:
    with local(app) as owner:
        status, html = post(
            owner, "/settings/tokens", name="<i>laptop</i>", scope="write", days="30"
        )
        assert status == 200
        (secret,) = re.findall(r'<code class="secret">(dp_[^<]+)</code>', html)
        with store.read() as connection:
            found = tokens.find(connection, secret, NOW)
        assert found is not None
        assert (found.name, found.scope) == ("<i>laptop</i>", "write")
        again = owner.get("/settings").text
        assert secret not in again
        assert f"{secret[:9]}…" in again
        assert "until 13 Dec 2017" in again
        assert "never used" in again
        headers = {"Authorization": f"Bearer {secret}"}
        assert owner.get("/api/v1/subscriptions", headers=headers).status_code == 200
        assert "last used 13 Nov 2017" in owner.get("/settings").text
        for wrong in (
            {"name": "<i>laptop</i>", "scope": "read"},
            {"name": "phone", "scope": "everything"},
            {"name": "phone", "scope": "read", "days": "-1"},
            {"name": "phone", "scope": "read", "days": "99999"},
            {"name": " ", "scope": "read"},
        ):
            status, html = post(owner, "/settings/tokens", **wrong)
            assert (status, said(html)[:17]) == (400, "No token was made"), wrong
    with store.read() as connection:
        assert [one.name for one in tokens.everything(connection)] == ["<i>laptop</i>"]


def test_a_token_without_an_end_is_not_cached(app: FastAPI, store: Store) -> None:
    with local(app) as owner:
        found = re.search(r'name="proof" value="([^"]+)"', owner.get("/settings").text)
        assert found
        sent = {"proof": found[1], "name": "laptop", "scope": "read", "days": ""}
        assert owner.post("/settings/tokens", data=sent).headers["cache-control"] == "no-store"
        assert "no end" in owner.get("/settings").text


def test_a_channel_of_slack_from_the_page_of_a_topic(
    app: FastAPI, sending: FastAPI, store: Store, client: TestClient
) -> None:
    with local(sending) as owner:
        html = owner.get("/topics/gan").text
        elements(html)
        assert 'action="/subscribe"' in html
        sent = {"watch": "gan", "target": "#Papers", "schedule": "asap", "tz": "Asia/Shanghai"}
        assert post(owner, "/subscribe", **sent)[0] == 303
        assert post(owner, "/subscribe", **{**sent, "target": "papers please"})[0] == 400
        assert post(owner, "/subscribe", **{**sent, "schedule": "hourly"})[0] == 400
        assert post(owner, "/subscribe", **{**sent, "watch": "cooking"})[0] == 404
        assert owner.post("/subscribe", data=sent).status_code == 403
    with store.read() as connection:
        (row,) = subscriptions.everything(connection)
    assert (row.channel, row.target, row.state, row.origin) == ("slack", "#papers", "active", "web")
    assert (row.terms.schedule, row.terms.tz) == ("asap", "Asia/Shanghai")
    with local(app) as owner:
        html = owner.get("/topics/gan").text
        assert 'action="/subscribe"' not in html
        assert "Set <code>DAYPAPER_SLACK_BOT_TOKEN</code>" in html
        assert post(owner, "/subscribe", **sent)[0] == 400
    client.headers["Accept"] = "text/html"
    assert "by-slack" not in client.get("/topics/gan").text


def test_others_are_told_what_to_type_in_slack(store: Store, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        slack_bot_token=SecretStr(TOKEN),
        slack_signing_secret=SecretStr("x" * 32),
    )
    with TestClient(create_app(store, settings, CONFIG, now=lambda: NOW)) as client:
        html = client.get("/topics/gan", headers={"Accept": "text/html"}).text
    assert "<code>/daypaper subscribe gan</code>" in html
    assert 'action="/subscribe"' not in html
