"""Feeds asked for again: conditional requests, what counts as a change, and a real feed reader."""

import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import feedparser_sgmllib
import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from reader import Reader, make_reader
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store import tokens
from aggregator.store.db import Store
from api.app import create_app
from api.conditional import Versions
from tests.api.feeds_read import FORMS, one, parsed
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint
from tests.filled import CONFIG, give_tags, put


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The app behind a real server on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


# --- conditional requests ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/feeds/gan.atom", "/feeds/gan.json", "/feeds/all.opml"])
def test_who_has_it_gets_a_304(client: TestClient, store: Store, path: str) -> None:
    one(store)
    first = client.get(path)
    tag, moment = first.headers["etag"], first.headers["last-modified"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    assert first.headers["cache-control"] == "public, max-age=300"
    for headers in (
        {"If-None-Match": tag},
        {"If-None-Match": f"W/{tag}"},
        {"If-None-Match": f'"other", {tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": moment},
        {"If-None-Match": tag, "If-Modified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"},
    ):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (304, b""), headers
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == first.headers["cache-control"]
        assert client.head(path, headers=headers).status_code == 304
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": tag.strip('"')},
        {"If-None-Match": '"other"', "If-Modified-Since": moment},
        {"If-Modified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Mon, 01 Jan 99999999 00:00:00 GMT"},
    ):
        assert client.get(path, headers=headers).status_code == 200, headers


def test_every_change_can_be_seen_by_its_date_alone(client: TestClient, store: Store) -> None:
    """Papers of one announcement share their date and come in one after the other."""
    put(store, preprint("1711.00002", title="Two"))
    first = client.get("/feeds/search.atom")
    put(store, preprint("1711.00001", title="One"))
    second = client.get(
        "/feeds/search.atom", headers={"If-Modified-Since": first.headers["last-modified"]}
    )
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    assert "One" in second.text


def test_versions_forget_what_was_asked_long_ago() -> None:
    seen = Versions(most=2)
    later = NOW + timedelta(hours=1)
    assert seen.since("a", "1", NOW) == NOW
    assert seen.since("a", "1", later) == NOW
    assert seen.since("a", "2", NOW) == NOW + timedelta(seconds=1)
    seen.since("b", "1", NOW)
    seen.since("c", "1", NOW)
    assert seen.since("a", "2", later) == later


def test_head_tells_the_length_and_sends_nothing(address: str, store: Store) -> None:
    one(store)
    with httpx.Client(base_url=address) as client:
        whole, head = client.get("/feeds/gan.atom"), client.head("/feeds/gan.atom")
        assert head.status_code == 200
        assert head.content == b""
        for name in ("content-length", "etag", "content-type", "last-modified"):
            assert head.headers[name] == whole.headers[name]


def test_private_feeds_are_read_with_a_token_and_not_kept_by_shared_caches(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as connection:
        token = tokens.create(connection, "reader", "read", NOW)
    settings = Settings(data_dir=tmp_path, public_read=False)
    with TestClient(create_app(store, settings, CONFIG, now=lambda: NOW)) as client:
        for path in ("/feeds/gan.atom", "/feeds/all.opml"):
            assert client.get(path).status_code == 401
            answer = client.get(path, auth=("reader", token))
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "private, max-age=300"


# --- changes -----------------------------------------------------------------------------------


def test_updated_moves_with_the_paper_and_not_with_talk(client: TestClient, store: Store) -> None:
    one(store)

    def moment() -> str:
        made = parsed(client, "/feeds/gan.atom")
        assert made.feed.updated == made.entries[0].updated
        return made.entries[0].updated

    assert moment() == "2017-11-13T01:00:00Z"
    body = client.get("/feeds/gan.atom").content
    put(store, post(about="arxiv:1711.00001", score=5), source="reddit")
    give_tags(store, {"One": [("gan", 0.9)]})
    assert client.get("/feeds/gan.atom").content == body
    put(store, preprint(version=2, title="One", published=DAY + timedelta(days=3)))
    assert moment() == "2017-11-16T01:00:00Z"
    put(store, page(title="One"), source="cvf")
    assert moment() == "2018-06-18T12:00:00Z"


def test_an_empty_feed_stays_as_it_is(client: TestClient) -> None:
    made = parsed(client, "/feeds/gan.atom")
    assert made.entries == []
    assert made.feed.updated == "2017-01-01T00:00:00Z"


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """The library reader, with nothing in it."""
    # Its own copy of feedparser asks for this module by the name it had in older releases.
    monkeypatch.setitem(sys.modules, "sgmllib", feedparser_sgmllib)
    with closing(make_reader(":memory:")) as made:
        yield made


def test_reader_finds_each_paper_once_and_its_changes(
    address: str, store: Store, reader: Reader
) -> None:
    put(store, preprint("1711.00001", title="One"), preprint("1711.00002", title="Two"))
    give_tags(store, {"One": [("gan", 0.9)], "Two": [("gan", 0.9)]})
    urls = [f"{address}/feeds/gan.{form}" for form in FORMS]
    for url in urls:
        reader.add_feed(url)
        updated = reader.update_feed(url)
        assert updated is not None
        assert (updated.new, updated.modified) == (2, 0)
        again = reader.update_feed(url)
        assert again is None or (again.new, again.modified) == (0, 0)
    put(store, preprint(version=2, title="One, longer", published=DAY + timedelta(days=2)))
    for url in urls:
        updated = reader.update_feed(url)
        assert updated is not None
        assert (updated.new, updated.modified) == (0, 1), url
        titles = {entry.title for entry in reader.get_entries(feed=url)}
        assert titles == {"One, longer", "Two"}


def test_reader_finds_what_becomes_hot_once(address: str, store: Store, reader: Reader) -> None:
    """An old paper that comes into the list, falls out of it and comes back is one entry."""
    old = preprint("1711.09999", title="Old", published=DAY - timedelta(days=60))
    put(store, old)
    for n in range(50):
        put(store, preprint(f"1711.{n:05d}", title=f"Paper {n}"))
    urls = [f"{address}/feeds/search.{form}?sort=hot" for form in FORMS]
    for url in urls:
        reader.add_feed(url)

    def seen() -> list[tuple[int, int]]:
        found = [reader.update_feed(url) for url in urls]
        return [(one.new, one.modified) if one else (0, 0) for one in found]

    assert seen() == [(50, 0)] * 3
    assert seen() == [(0, 0)] * 3
    put(store, post(about="arxiv:1711.09999", score=10**12), source="reddit")
    assert seen() == [(1, 0)] * 3
    put(store, post(about="arxiv:1711.09999", score=1), source="reddit")
    assert seen() == [(0, 0)] * 3
    put(store, post(about="arxiv:1711.09999", score=10**12 + 1), source="reddit")
    assert seen() == [(0, 0)] * 3
    for url in urls:
        assert [e.title for e in reader.get_entries(feed=url)].count("Old") == 1
