"""Sign-up by e-mail, with a real mail server: asked once, answered the same, revealing nothing."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.sql import one_at_a_time, subscription
from api.problems import MEDIA_TYPE
from tests.api.mailed import Installation, installation, link, part
from tests.api.test_pages import elements
from tests.conftest import NOW
from tests.smtp_server import MailServer


@pytest.fixture
def at(store: Store, tmp_path: Path) -> Iterator[Installation]:
    with MailServer() as server, installation(store, tmp_path, server) as made:
        yield made


def mails(at: Installation) -> list[str]:
    return [one.recipient for one in at.server.received]


def test_an_address_is_asked_and_answers(at: Installation) -> None:
    answer = at.sign_up(tz="Asia/Shanghai", schedule="weekly@fri-17:00")
    assert answer.status_code == 202
    (row,) = at.everything()
    assert (row.state, row.origin, row.terms.tz) == ("pending", "signup", "Asia/Shanghai")
    assert at.person(row.person_pk).confirmed_at is None
    (mail,) = at.server.received
    assert mail.recipient == mail.message["To"] == "ada@example.org"
    assert mail.message["Subject"] == "Please confirm: Adversarial networks by mail"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert "every Friday at 17:00 (Asia/Shanghai)" in part(mail.message, "plain").replace("\n", " ")
    path = link(mail.message, "confirm")
    page = at.client.get(path)
    elements(page.text)
    assert "Adversarial networks" in page.text
    assert at.row(row.id).state == "pending"
    done = at.client.post(path, data={"id": row.id})
    elements(done.text)
    assert done.status_code == 200
    assert at.row(row.id).state == "active"
    assert at.person(row.person_pk).confirmed_at == NOW
    assert at.client.post(path).status_code == 200  # twice is once


def test_the_mail_is_in_the_language_asked_for(at: Installation) -> None:
    at.sign_up(lang="zh", watch="architectures")
    message = at.server.received[0].message
    assert message["Subject"] == "请确认：用邮件订阅“新的网络结构”"
    assert "每天 08:00（UTC）" in part(message, "plain")
    assert message["Content-Language"] == "zh"
    assert "确认订阅" in at.client.get(link(message, "confirm")).text


def test_the_answer_is_the_same_for_everybody(at: Installation) -> None:
    """New, waiting, subscribed, paused, suspended, unsubscribed: same answer, and a mail only to who
    has none waiting and gets no digests. What is paused stays as it is until its owner answers."""
    new = at.sign_up(email="new@example.org")
    expected = (new.status_code, new.content, sorted(new.headers.items()))
    paused, ended = (at.subscribe(target=f"{name}@example.org") for name in ("paused", "ended"))
    known = at.subscribe(target="known@example.org", schedule="asap", lang="zh")
    with at.store.write() as connection:
        subscriptions.pause(connection, paused.id, NOW)
        subscriptions.end(connection, ended.id, NOW)
    before = {row.id: row for row in at.everything()}
    for name in ("new", "paused", "known", "ended"):
        answer = at.sign_up(email=f"{name}@example.org", lang="en")
        assert (answer.status_code, answer.content, sorted(answer.headers.items())) == expected
    assert mails(at) == ["new@example.org", "paused@example.org", "ended@example.org"]
    assert at.row(known.id) == known
    assert {i: replace(at.row(i), asked_at=before[i].asked_at) for i in before} == before
    assert at.row(ended.id).state == "pending"


@pytest.mark.parametrize("state", ["paused", "suspended"])
def test_who_signs_up_again_is_asked_and_gets_digests_again(at: Installation, state: str) -> None:
    row = at.subscribe()
    stopped = sa.update(subscription).values(state=state, paused_at=NOW, refusals=3)
    with at.store.write() as connection:
        connection.execute(stopped)
    for _ in range(2):
        assert at.sign_up(lang="zh").status_code == 202
    assert (at.row(row.id).state, at.row(row.id).terms) == (state, row.terms)
    (mail,) = at.server.received
    path = link(mail.message, "confirm")
    page = at.client.get(path).text
    elements(page)
    assert "Adversarial networks" in page
    assert at.row(row.id).state == state
    at.client.post(path, data={"id": row.id})
    assert (at.row(row.id).state, at.row(row.id).refusals) == ("active", 0)
    with at.store.write() as connection:
        subscriptions.pause(connection, row.id, NOW)
    at.client.post(path)  # the word was given, and does not count again
    assert at.row(row.id).state == "paused"


def test_what_is_suspended_stays_so_if_the_question_is_refused_too(at: Installation) -> None:
    row = at.subscribe()
    with at.store.write() as connection:
        connection.execute(sa.update(subscription).values(state="suspended"))
    at.server.answer("RCPT", "ada@example.org", "550 no such user", "")
    at.sign_up()
    assert (at.row(row.id).state, at.row(row.id).asked_at) == ("suspended", None)
    at.sign_up()
    assert mails(at) == ["ada@example.org"]


def test_an_address_gets_one_mail_an_hour(at: Installation) -> None:
    at.sign_up()
    at.sign_up()
    at.sign_up(watch="architectures")  # waits with the other, on the page that the mail opens
    assert len(mails(at)) == 1
    page = at.client.get(link(at.server.received[0].message, "confirm")).text
    assert "Adversarial networks" in page
    assert "New architectures" in page
    at.moment[0] = NOW + timedelta(minutes=59)
    at.sign_up()
    assert len(mails(at)) == 1
    at.moment[0] = NOW + timedelta(minutes=61)
    at.sign_up()
    assert len(mails(at)) == 2
    ids = [row.id for row in at.everything()]
    at.client.post(link(at.server.received[1].message, "confirm"), data={"id": ids})
    assert [row.state for row in at.everything()] == ["active", "active"]


def test_who_asks_for_several_at_once_gets_one_mail_too(at: Installation) -> None:
    names = ("gan", "architectures", "learning")
    with ThreadPoolExecutor(len(names)) as pool:
        with at.store.write() as connection:  # all of them come while somebody else is at it
            one_at_a_time(connection, "subscriptions")
            asked = [pool.submit(at.sign_up, watch=name) for name in names]
            wait(asked, timeout=1)
        assert [one.result().status_code for one in asked] == [202, 202, 202]
    assert len(mails(at)) == 1
    assert {row.watch for row in at.everything()} == set(names)


def test_what_else_waits_is_a_choice_and_a_pause_no_oversight(at: Installation) -> None:
    paused = at.subscribe(watch="learning")
    with at.store.write() as connection:
        subscriptions.pause(connection, paused.id, NOW)
    for watch in ("gan", "architectures", "learning"):
        at.sign_up(watch=watch)
    _, gan, architectures = at.everything()
    page = at.client.get(link(at.server.received[0].message, "confirm")).text
    elements(page)
    boxes = re.findall(r'type="checkbox" name="id" value="([^"]+)"( checked)?>', page)
    assert sorted(boxes) == sorted([(paused.id, ""), (architectures.id, " checked")])
    assert gan.id not in page


def test_only_what_the_page_listed_is_confirmed(at: Installation) -> None:
    other = at.sign_up(email="eve@example.org", watch="learning")
    assert other.status_code == 202
    at.sign_up()
    at.sign_up(watch="architectures")
    eve, gan, architectures = at.everything()
    path = link(at.server.received[1].message, "confirm")
    at.client.post(path, data={"id": [gan.id, eve.id, "nope"]})
    states = [at.row(row.id).state for row in (eve, gan, architectures)]
    assert states == ["pending", "active", "pending"]


@pytest.mark.parametrize("swept", [True, False])
def test_a_question_without_an_answer_gets_old(at: Installation, swept: bool) -> None:
    paused = at.subscribe()
    with at.store.write() as connection:
        subscriptions.pause(connection, paused.id, NOW)
    at.sign_up()  # a stranger
    at.moment[0] = later = NOW + subscriptions.UNCONFIRMED_FOR + timedelta(seconds=1)
    if swept:
        with at.store.write() as connection:
            subscriptions.forget_unconfirmed(connection, later)
        assert at.row(paused.id).asked_at is None
    at.sign_up(watch="architectures")
    path = link(at.server.received[1].message, "confirm")
    assert paused.id not in at.client.get(path).text
    at.client.post(path, data={"id": paused.id})
    with at.store.write() as connection:
        subscriptions.confirm(connection, paused.id, later)
    assert [row.state for row in at.everything()] == ["paused", "active"]


def test_one_client_cannot_ask_for_many(at: Installation) -> None:
    answers = [at.sign_up(email=f"a{n}@example.org") for n in range(12)]
    assert [one.status_code for one in answers[-3:]] == [202, 429, 429]
    assert answers[-1].headers["content-type"] == MEDIA_TYPE
    assert 3_500 < int(answers[-1].headers["retry-after"]) <= 3_600
    assert len(mails(at)) == 10


@pytest.mark.parametrize("reply", ["451 later", "550 no such user"])
def test_a_mail_that_was_not_taken_may_be_asked_for_at_once(at: Installation, reply: str) -> None:
    at.server.answer("RCPT", "ada@example.org", reply, "")
    assert at.sign_up().status_code == 202
    assert mails(at) == []
    assert at.everything() == []
    assert at.sign_up().status_code == 202
    assert mails(at) == ["ada@example.org"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "nobody"}, 400),
        ({"email": "ada@example.org, eve@example.org"}, 400),
        ({"email": "Ada <ada@example.org>"}, 400),
        ({"email": "ada@example.org\r\nBcc: eve@example.org"}, 400),
        ({"email": "ada@example.org\x00"}, 400),
        ({"email": f"{'a' * 310}@example.org"}, 400),
        ({"email": ["ada@example.org"]}, 400),
        ({"watch": "nope"}, 404),
        ({"watch": "../x"}, 400),
        ({"tz": "Mars/Base"}, 400),
        ({"tz": "../../etc/passwd"}, 400),
        ({"schedule": "hourly"}, 400),
        ({"lang": "xx"}, 400),
        ({"confirmed": True}, 400),
    ],
)
def test_a_wrong_sign_up_is_said_and_sends_nothing(
    at: Installation, body: dict[str, Any], status: int
) -> None:
    answer = at.sign_up(**body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    assert mails(at) == []
    assert at.everything() == []


def test_international_domains_have_one_form(at: Installation) -> None:
    at.sign_up(email="ada@Bücher.example.org")
    at.sign_up(email="ada@xn--bcher-kva.example.org")
    assert mails(at) == ["ada@xn--bcher-kva.example.org"]


def test_what_nobody_confirmed_is_forgotten(at: Installation) -> None:
    at.sign_up()
    path = link(at.server.received[0].message, "confirm")
    at.moment[0] = NOW + timedelta(days=3, seconds=1)
    with at.store.write() as connection:
        assert subscriptions.forget_unconfirmed(connection, at.moment[0]) == 1
    page = at.client.get(path)
    assert page.status_code == 410
    assert "expired" in page.text
    assert at.client.post(path).status_code == 410
    assert at.everything() == []


def test_the_form_does_the_same(at: Installation) -> None:
    page = at.client.get("/topics/gan").text
    elements(page)
    assert 'action="/signup"' in page
    form = {"email": " ada@example.org ", "watch": "gan", "schedule": "daily@08:00", "tz": "UTC"}
    answers = [at.client.post("/signup", data=form) for _ in range(2)]
    elements(answers[0].text)
    assert answers[0].status_code == 202
    said = [re.sub(r'(name="proof" value=")[^"]*', r"\1", one.text) for one in answers]
    assert said[0] == said[1]
    assert mails(at) == ["ada@example.org"]
    wrong = at.client.post("/signup", data={**form, "email": '"><script>x</script>'})
    elements(wrong.text)
    assert wrong.status_code == 400
    assert "check the address" in wrong.text
    assert at.client.post("/signup?lang=zh", data={**form, "email": "bo@example.org"}).text
    assert at.everything()[1].terms.lang == "zh"
    assert at.client.post("/signup", data={**form, "watch": "nope"}).status_code == 404
    assert at.client.post("/signup").status_code == 400


def test_a_program_that_fills_in_everything_gets_nowhere(at: Installation) -> None:
    form = {"email": "ada@example.org", "watch": "gan", "website": "https://spam.example"}
    assert at.client.post("/signup", data=form).status_code == 202
    assert mails(at) == []
    assert at.everything() == []


def test_without_a_mail_server_there_is_no_form(client: Any) -> None:
    assert "/signup" not in client.get("/topics/gan", headers={"Accept": "text/html"}).text
    body = {"email": "ada@example.org", "watch": "gan"}
    assert client.post("/api/v1/signup", json=body).status_code == 503


def test_a_subscription_made_by_the_api_asks_too(at: Installation) -> None:
    from tests.api.test_auth import token

    wanted = {"watch": "gan", "channel": "email", "target": "ada@example.org"}
    headers = token(at.store, "write")
    made = at.client.post("/api/v1/subscriptions", json=wanted, headers=headers).json()
    assert made["state"] == "pending"
    at.client.post("/api/v1/subscriptions", json=wanted, headers=headers)
    assert mails(at) == ["ada@example.org"]
    change = at.client.patch(
        f"/api/v1/subscriptions/{made['id']}", json={"state": "active"}, headers=headers
    )
    assert change.status_code == 409
    at.client.post(link(at.server.received[0].message, "confirm"))
    assert at.row(made["id"]).state == "active"
    assert at.person(at.row(made["id"]).person_pk).confirmed_at == NOW
    with at.store.write() as connection:
        subscriptions.pause(connection, made["id"], NOW)
    path = f"/api/v1/subscriptions/{made['id']}"
    # It may be the owner who paused it.
    assert at.client.patch(path, json={"state": "active"}, headers=headers).status_code == 403
    assert at.row(made["id"]).state == "paused"
    for _ in range(2):
        again = at.client.post("/api/v1/subscriptions", json=wanted, headers=headers).json()
        assert again["state"] == "paused"
    assert len(mails(at)) == 2
    at.client.post(link(at.server.received[1].message, "confirm"))
    assert at.row(made["id"]).state == "active"
    assert at.client.patch(path, json={"state": "paused"}, headers=headers).status_code == 200
    admin = token(at.store, "admin")
    assert at.client.patch(path, json={"state": "active"}, headers=admin).status_code == 200
    assert at.row(made["id"]).state == "active"


@pytest.mark.parametrize("address", ["root@localhost", "postmaster@[127.0.0.1]", "root@mailhost"])
def test_a_stranger_signs_up_no_mailbox_of_a_server_nearby(at: Installation, address: str) -> None:
    assert at.sign_up(email=address).status_code == 400
    assert (at.everything(), mails(at)) == ([], [])


def test_the_owner_signs_up_a_mailbox_of_a_server_nearby(at: Installation) -> None:
    here = TestClient(at.client.app, "http://127.0.0.1:8000", client=("127.0.0.1", 5))
    asked = {"email": "root@localhost", "watch": "gan"}
    assert here.post("/api/v1/signup", json=asked).status_code == 202
    assert mails(at) == ["root@localhost"]
