"""The ledger and a real mail server: one address that fails never stops the others."""

from collections import Counter
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from aggregator.deliver.mail import Email
from aggregator.sending.send import Delivered, Sender
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.sending import DAY, arrive, subscribe
from tests.smtp_server import DROP, LOSE, MailServer

READERS = ("ada@example.org", "eve@example.org", "kim@example.org")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path,
            "secret_key": "a secret of forty signs, for the tests..",
            "base_url": "https://papers.example.org",
        }
    )


class Post:
    """Sends over a real mail server."""

    def __init__(self, store: Store, settings: Settings, server: MailServer) -> None:
        url = f"smtp+plain://127.0.0.1:{server.port}"
        self._email = Email(url, "Daypaper <daypaper@example.org>", patience=2)
        self._store, self._settings, self._server = store, settings, server

    def send(self, after: timedelta = timedelta()) -> dict[str, str]:
        """Target -> what became of it."""
        channels = {"email": self._email}
        now = NOW + after
        done: list[Delivered] = Sender(self._store, self._settings, CONFIG, channels, now).run()
        return {one.target: one.status for one in done}

    def to(self, target: str) -> list[EmailMessage]:
        return [one.message for one in self._server.received if one.recipient == target]


def test_put_off_by_the_server_and_sent_later(store: Store, settings: Settings) -> None:
    with MailServer() as server:
        post = Post(store, settings, server)
        for reader in READERS:
            subscribe(store, reader)
        arrive(store, "One widget")
        server.answer("RCPT", "eve@example.org", "451 4.7.1 greylisted")
        assert post.send() == {
            "ada@example.org": "sent",
            "eve@example.org": "deferred",
            "kim@example.org": "sent",
        }
        server.usual("RCPT", "eve@example.org")
        assert post.send(10 * MINUTE) == {"eve@example.org": "sent"}
        assert post.send(20 * MINUTE) == {}
        assert {reader: len(post.to(reader)) for reader in READERS} == dict.fromkeys(READERS, 1)


def test_an_unknown_user_is_suspended_after_three_digests_and_the_others_get_theirs(
    store: Store, settings: Settings
) -> None:
    with MailServer() as server:
        post = Post(store, settings, server)
        for reader in READERS:
            subscribe(store, reader)
        server.answer("RCPT", "eve@example.org", *["550 5.1.1 no such user"] * 9)
        said = []
        for day in range(4):
            arrive(store, f"Day {day}", now=NOW + day * DAY)
            said.append(post.send(day * DAY).get("eve@example.org"))
        assert said == ["failed", "failed", "suspended", None]
        assert Counter(one.recipient for one in server.received) == {
            "ada@example.org": 4,
            "kim@example.org": 4,
        }
    with store.read() as connection:
        (row,) = subscriptions.of_target(connection, "email", "eve@example.org")
    assert "no such user" in row.trouble


@pytest.mark.parametrize(("answer", "copies"), [(DROP, 2), (LOSE, 1)])
def test_a_connection_that_breaks_at_the_end_may_repeat_a_mail_and_never_loses_it(
    store: Store, settings: Settings, answer: str, copies: int
) -> None:
    with MailServer() as server:
        post = Post(store, settings, server)
        subscribe(store, "ada@example.org")
        arrive(store, "One widget")
        server.answer("DATA", "ada@example.org", answer)
        assert post.send() == {"ada@example.org": "deferred"}
        server.usual("DATA", "ada@example.org")
        assert post.send(10 * MINUTE) == {"ada@example.org": "sent"}
        mails = post.to("ada@example.org")
        assert len(mails) == copies
        assert len({mail["Message-ID"] for mail in mails}) == 1
        assert "One widget" in mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_each_mail_has_its_reader_s_own_links_and_nobody_else_s(
    store: Store, settings: Settings
) -> None:
    with MailServer() as server:
        post = Post(store, settings, server)
        rows = {reader: subscribe(store, reader) for reader in READERS}
        arrive(store, "One widget", "Two widgets")
        post.send()
        tokens = {}
        for reader in READERS:
            (mail,) = post.to(reader)
            link = mail["List-Unsubscribe"].strip("<>")
            tokens[reader] = link.rpartition("/")[2]
            for kind in ("plain", "html"):
                assert link in mail.get_body((kind,)).get_content()  # type: ignore[union-attr]
        assert len(set(tokens.values())) == len(rows)
        for reader in READERS:
            raw = post.to(reader)[0].as_string()
            assert not any(tokens[other] in raw for other in READERS if other != reader)
