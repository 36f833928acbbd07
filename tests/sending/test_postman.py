"""The postman: sends at the time, waits until a batch is whole, and ends without leaving things half done."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.sending.postman import LONGEST, SETTLED, Postman
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.figures import figures
from aggregator.watches import Wanted
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.sending import arrive, subscribe
from tests.smtp_server import MailServer

MINUTE = timedelta(minutes=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def postman(store: Store, folder: Path, server: MailServer, clock: Clock) -> Postman:
    settings = Settings.model_validate(
        {
            "data_dir": folder,
            "smtp_url": f"smtp+plain://127.0.0.1:{server.port}",
            "mail_from": "daypaper@example.org",
        }
    )
    return Postman(store, settings, CONFIG, clock)


def test_as_soon_as_it_is_out_means_when_the_batch_is_whole(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    with MailServer() as server:
        rounds = postman(store, tmp_path, server, clock)
        subscribe(store, schedule="asap")
        for n in range(4):  # the announcement comes in page by page
            arrive(store, f"Widget {n}", now=clock.now)
            rounds()
            clock.now += MINUTE
        assert server.received == []
        clock.now += SETTLED
        rounds()
        rounds()
        (mail,) = server.received
        assert all(f"Widget {n}".encode() in mail.raw for n in range(4))


def test_it_does_not_wait_for_ever(store: Store, tmp_path: Path, clock: Clock) -> None:
    with MailServer() as server:
        rounds = postman(store, tmp_path, server, clock)
        clock.now += SETTLED
        subscribe(store, schedule="asap")
        for n in range(int(LONGEST / MINUTE) + 1):  # something comes in every minute
            assert server.received == []
            arrive(store, f"Widget {n}", now=clock.now)
            rounds()
            clock.now += MINUTE
        assert len(server.received) == 1


def test_a_daily_digest_comes_at_its_time_each_day(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    with MailServer() as server:
        rounds = postman(store, tmp_path, server, clock)
        subscribe(store, schedule="daily@20:30")
        came = []
        for hour in range(72):
            arrive(store, f"Widget {hour}", now=clock.now)
            before = len(server.received)
            rounds()
            came += [clock.now] * (len(server.received) - before)
            clock.now += timedelta(hours=1)
        assert [moment.hour for moment in came] == [12, 21, 21, 21]


def test_who_waits_for_news_is_not_late(store: Store, tmp_path: Path, clock: Clock) -> None:
    """Nor is the sender: a quiet night would wake whoever watches over it."""

    def late() -> int:
        with store.read() as connection:
            return figures(connection, clock.now, ["email"]).due

    with MailServer() as server:
        rounds = postman(store, tmp_path, server, clock)
        subscribe(store, schedule="asap")
        subscribe(store, target="kim@example.org", schedule="daily@08:00")
        assert late() == 2  # nobody has looked yet
        rounds()
        assert late() == 0
        clock.now += timedelta(hours=3)
        rounds()
        assert late() == 0
        clock.now += timedelta(days=1)
        assert late() == 1


def test_after_the_end_nothing_is_sent(store: Store, tmp_path: Path, clock: Clock) -> None:
    with MailServer() as server:
        rounds = postman(store, tmp_path, server, clock)
        subscribe(store)
        arrive(store, "One widget")
        rounds.stop()
        rounds()
        assert server.received == []


def test_unconfirmed_addresses_are_forgotten(store: Store, tmp_path: Path, clock: Clock) -> None:
    with MailServer() as server:
        rounds = postman(store, tmp_path, server, clock)
        row = subscribe(store)
        with store.write() as connection:
            subscriptions.end(connection, row.id, NOW)
            again = subscriptions.add(
                connection,
                _wanted(),
                row.person_pk,
                NOW,
                origin="signup",
                confirmed=False,
            )
        clock.now += timedelta(days=4)
        rounds.tidy()
        with store.read() as connection:
            assert again.id not in [one.id for one in subscriptions.everything(connection)]


def _wanted() -> Wanted:
    return Wanted(watch="gan", channel="email", target="eve@example.org")
