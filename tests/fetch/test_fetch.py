"""The HTTP client against a real server on loopback: pace, retries, limits, conditions, addresses."""

import gzip
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection

from aggregator import clock
from aggregator.errors import (
    BrokenError,
    ChallengedError,
    RefusedError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from aggregator.fetch import answers
from aggregator.fetch import client as fetch
from aggregator.fetch.client import Fetcher, Line
from aggregator.fetch.manners import Manners
from aggregator.store import ledger
from aggregator.store.db import Store
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server


class Clock:
    """A wall clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []
        self.oversleeps = timedelta()

    def wall(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds) + self.oversleeps


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path)) as made:
        yield made


@contextmanager
def fetcher(
    store: Store,
    own: str = "",
    *,
    pace: float = 0,
    clock: Clock | None = None,
    contact: str = "me@example.org",
) -> Iterator[Fetcher]:
    clock = clock or Clock()
    hosts = frozenset({urlsplit(own).netloc})
    manners = Manners("upstream", timedelta(seconds=pace), hosts, source="blog")
    made = Fetcher(manners, store, contact=contact, wall=clock.wall, sleep=clock.sleep)
    with closing(made):
        yield made


def test_names_daypaper_and_the_contact(one_store: Store, server: Server) -> None:
    server.routes["/a"] = Reply(b"hello")
    with fetcher(one_store, server.url) as http:
        assert http.get(server.url + "/a").body == b"hello"
        assert http.requests == 1
    agent = server.asked[0].headers["user-agent"]
    assert agent.startswith("Daypaper/")
    assert "me@example.org" in agent


def test_sources_share_a_connection_and_not_what_hosts_remember_of_them(
    one_store: Store, server: Server
) -> None:
    server.routes["/a"] = Reply(b"hello", headers={"Set-Cookie": "who=first"})
    manners = Manners("upstream", timedelta(), frozenset({urlsplit(server.url).netloc}))
    with closing(Line("me@example.org")) as line:
        for _ in range(2):
            http = Fetcher(manners, one_store, contact="", line=line)
            http.get(server.url + "/a")
            http.close()
    assert [asked.headers.get("cookie") for asked in server.asked] == [None, None]
    assert len({asked.port for asked in server.asked}) == 1


def test_requests_keep_the_pace_over_processes(one_store: Store, server: Server) -> None:
    server.routes["/a"] = Reply(b"hello")
    clock = Clock()
    for _ in range(3):  # each time a new client, as after a restart
        with fetcher(one_store, server.url, pace=3, clock=clock) as http:
            http.get(server.url + "/a")
    assert clock.slept == [3.0, 3.0]


def test_a_request_that_left_late_has_no_other_on_its_heels(
    one_store: Store, server: Server
) -> None:
    server.routes["/a"] = Reply(b"hello")
    clock = Clock()
    with fetcher(one_store, server.url, pace=3, clock=clock) as http:
        http.get(server.url + "/a")
        clock.oversleeps = timedelta(seconds=2)  # a busy machine wakes it late
        http.get(server.url + "/a")
        clock.oversleeps = timedelta()
        http.get(server.url + "/a")
    assert clock.slept == [3.0, 3.0]


def test_nor_has_one_that_left_late_the_next_sources(one_store: Store, server: Server) -> None:
    server.routes["/a"] = Reply(b"hello")
    clock = Clock()
    clock.oversleeps = timedelta(seconds=2)
    for _ in range(3):  # sources of one upstream take turns, each with a client of its own
        with fetcher(one_store, server.url, pace=3, clock=clock) as http:
            http.get(server.url + "/a")
    assert clock.slept == [3.0, 3.0]
    with one_store.write() as connection:
        now = clock.wall()
        assert ledger.reserve(connection, "upstream", timedelta(seconds=3), now) == now + timedelta(
            seconds=3
        )


def test_patience_ends(one_store: Store, server: Server) -> None:
    def slow(_: Asked) -> Reply:
        time.sleep(0.3)
        return Reply(b"late")

    server.routes["/slow"] = slow
    manners = Manners("upstream", timedelta(), frozenset({urlsplit(server.url).netloc}))
    with (
        closing(Fetcher(manners, one_store, contact="", patience=0.1)) as http,
        pytest.raises(UnreachableError, match="did not answer in time"),
    ):
        http.get(server.url + "/slow")


def test_the_ledger_gives_each_slot_once(store: Store) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    starts = []
    for _ in range(3):
        with store.write() as connection:
            starts.append(ledger.reserve(connection, "arxiv", timedelta(seconds=3), now))
    assert starts == [now, now + timedelta(seconds=3), now + timedelta(seconds=6)]


@pytest.mark.parametrize(
    "mark", [{"ETag": '"1"'}, {"Last-Modified": "Mon, 13 Nov 2017 00:00:00 GMT"}, {}]
)
def test_what_was_stored_is_asked_for_conditionally(
    one_store: Store, server: Server, mark: dict[str, str]
) -> None:
    def answer(asked: Asked) -> Reply:
        sent = asked.headers.get("if-none-match") or asked.headers.get("if-modified-since")
        return Reply(status=304) if sent else Reply(b"body", headers=mark)

    server.routes["/feed"] = answer
    url = server.url + "/feed"
    with fetcher(one_store, server.url) as http:
        first = http.get(url, conditional=True)
        assert not http.get(url, conditional=True).unchanged  # nothing was stored yet
        with one_store.write() as connection:
            ledger.save_validators(connection, "blog", [first.validator])
        again = http.get(url, conditional=True)
    assert again.unchanged
    assert (again.body == b"") == bool(mark)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_in_trouble_is_asked_again(one_store: Store, server: Server, status: int) -> None:
    replies = iter([Reply(b"oops", status), Reply(b"fine")])
    server.routes["/a"] = lambda _: next(replies)
    with fetcher(one_store, server.url) as http:
        assert http.get(server.url + "/a").body == b"fine"
    assert len(server.asked) == 2


def test_a_short_retry_after_is_waited_for(one_store: Store, server: Server) -> None:
    replies = iter([Reply(b"", 503, {"Retry-After": "0"}), Reply(b"fine")])
    server.routes["/a"] = lambda _: next(replies)
    with fetcher(one_store, server.url) as http:
        assert http.get(server.url + "/a").body == b"fine"


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(b"", 429, {"Retry-After": "3600"}), ThrottledError, "wait 60 min"),
        (Reply(b"", 429), ThrottledError, "too many requests"),
        (Reply(b"no", 404), RefusedError, "404"),
        (Reply(b"no", 403), RefusedError, "403"),
        (
            Reply(b"<html>Just a moment...</html>", 403, {"Content-Type": "text/html"}),
            ChallengedError,
            "wall",
        ),
        (Reply(b"", 302, {"Location": "ftp://example.org/x"}), RefusedError, "no web address"),
        (Reply(b"", 302, {"Location": "http://a..b/"}), RefusedError, "no web address"),
        (
            Reply(b"", 302, {"Location": "http://example.org:99999/"}),
            RefusedError,
            "no web address",
        ),
        (Reply(b"", 302, {"Location": "http://[/"}), RefusedError, "no web address"),
        (Reply(b"not gzip", 200, {"Content-Encoding": "gzip"}), BrokenError, "unpacked"),
    ],
)
def test_refusals_say_what_happened(
    one_store: Store, server: Server, reply: Reply, error: type[SourceError], says: str
) -> None:
    server.routes["/a"] = reply
    with fetcher(one_store, server.url) as http, pytest.raises(error, match=says):
        http.get(server.url + "/a")
    assert len(server.asked) == 1


def test_a_date_to_retry_after_is_one_on_the_servers_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    sent = "Mon, 13 Nov 2017 00:00:00 GMT"
    for until in ("Mon, 13 Nov 2017 00:05:00 GMT", "Mon, 13 Nov 2017 00:05:00 -0000",
                  "Mon, 13 Nov 2017 08:05:00 +0800"):  # fmt: skip
        wait = answers.retry_after({"retry-after": until, "date": sent})
        assert wait == timedelta(minutes=5), until
    soon = clock.wall() + timedelta(hours=1)
    for zone in ("GMT", "-0000"):
        text = soon.strftime("%a, %d %b %Y %H:%M:%S ") + zone
        wait = answers.retry_after({"retry-after": text, "date": "today"})
        assert wait is not None
        assert timedelta(minutes=59) < wait <= timedelta(hours=1), zone
    monkeypatch.undo()
    time.tzset()


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert answers.retry_after({"retry-after": "90"}) == timedelta(seconds=90)
    assert answers.retry_after({"retry-after": "Mon, 13 Nov 2017 00:00:00 GMT"}) == timedelta()
    assert answers.retry_after({"retry-after": "soon"}) is None
    assert answers.retry_after({}) is None
    assert answers.retry_after({"retry-after": "²"}) is None
    for far in ("99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"):
        assert answers.retry_after({"retry-after": far}) == answers.MOST_RETRY


def test_a_bomb_is_given_up(one_store: Store, server: Server) -> None:
    bomb = gzip.compress(bytes(fetch.MOST_BYTES + 1))
    server.routes["/bomb"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    with (
        fetcher(one_store, server.url) as http,
        pytest.raises(BrokenError, match="more than 64 MB"),
    ):
        http.get(server.url + "/bomb")


def test_a_cut_connection_is_tried_again_and_then_said(one_store: Store, server: Server) -> None:
    server.routes["/cut"] = Reply(b"half", cut=True)
    with (
        fetcher(one_store, server.url) as http,
        pytest.raises(UnreachableError, match="cut the connection"),
    ):
        http.get(server.url + "/cut")
    assert len(server.asked) == fetch.ATTEMPTS


def test_nobody_listening_is_said_in_words(one_store: Store) -> None:
    url = "http://127.0.0.1:9"
    with (
        fetcher(one_store, url) as http,
        pytest.raises(UnreachableError, match="cannot be reached"),
    ):
        http.get(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://0x7f.1/",
        "http://[64:ff9b::7f00:1]/",
        "http://224.0.0.1/",
    ],
)
def test_private_addresses_are_refused(one_store: Store, url: str) -> None:
    with (
        fetcher(one_store, "https://arxiv.org") as http,
        pytest.raises(RefusedError, match="private"),
    ):
        http.get(url)


def test_a_redirect_to_a_private_address_is_refused(one_store: Store, server: Server) -> None:
    with Server() as inside:
        inside.routes["/secret"] = Reply(b"secret")
        server.routes["/a"] = Reply(b"", 302, {"Location": inside.url + "/secret"})
        with fetcher(one_store, server.url) as http, pytest.raises(RefusedError, match="private"):
            http.get(server.url + "/a")
        assert inside.asked == []


def test_redirects_end(one_store: Store, server: Server) -> None:
    server.routes["/a"] = Reply(b"", 302, {"Location": "/a"})
    with (
        fetcher(one_store, server.url) as http,
        pytest.raises(RefusedError, match="more than 5 times"),
    ):
        http.get(server.url + "/a")


def test_a_form_is_posted(one_store: Store, server: Server) -> None:
    server.routes["/token"] = lambda asked: Reply(asked.body)
    with fetcher(one_store, server.url) as http:
        answer = http.post(server.url + "/token", data={"grant_type": "x"}, auth=("id", "secret"))
    assert answer.body == b"grant_type=x"
    assert server.asked[0].headers["authorization"].startswith("Basic ")


def test_a_document_is_posted_and_follows_no_redirect_elsewhere(
    one_store: Store, server: Server
) -> None:
    with Server() as other:
        server.routes["/login"] = Reply(b'{"token": "x"}')
        server.routes["/away"] = Reply(b"", 307, {"Location": other.url + "/login"})
        other.routes["/login"] = Reply(b"{}")
        own = frozenset({urlsplit(server.url).netloc, urlsplit(other.url).netloc})
        manners = Manners("upstream", timedelta(), own)
        with closing(Fetcher(manners, one_store, contact="")) as http:
            assert http.post_json(server.url + "/login", {"id": "me"}).body == b'{"token": "x"}'
            http.post_json(server.url + "/away", {"password": "hunter2"})
        assert [asked.body for asked in other.asked] == [b""]
    assert server.asked[0].headers["content-type"] == "application/json"
    assert server.asked[0].body == b'{"id":"me"}'


def test_what_proves_who_we_are_does_not_follow_a_redirect(
    one_store: Store, server: Server
) -> None:
    with Server() as other:
        other.routes["/b"] = Reply(b"got")
        server.routes["/a"] = Reply(b"", 302, {"Location": other.url + "/b"})
        manners = Manners(
            "upstream",
            timedelta(),
            frozenset({urlsplit(server.url).netloc, urlsplit(other.url).netloc}),
        )
        with closing(Fetcher(manners, one_store, contact="")) as http:
            http.get(server.url + "/a", headers={"Authorization": "bearer hunter2"})
            http.post(server.url + "/a", data={"grant_type": "x"}, auth=("id", "hunter2"))
        assert [asked.method for asked in other.asked] == ["GET", "GET"]
        assert not any("authorization" in asked.headers or asked.body for asked in other.asked)
    assert all("authorization" in asked.headers for asked in server.asked)


def test_a_transaction_of_the_ledger_is_short(one_store: Store, server: Server) -> None:
    """While a request is under way nobody waits for the database."""

    def answer(_: Asked) -> Reply:
        with one_store.write() as connection:
            assert isinstance(connection, Connection)
        return Reply(b"fine")

    server.routes["/a"] = answer
    with fetcher(one_store, server.url, pace=1) as http:
        assert http.get(server.url + "/a").body == b"fine"
