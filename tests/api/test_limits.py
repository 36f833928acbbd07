"""Nobody needs to send us much, or often: large bodies are refused before they are read, and each client
may ask so many times."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from aggregator.errors import UsageError
from aggregator.settings import Settings, load
from aggregator.store import tokens
from aggregator.store.db import Store
from api.app import create_app
from api.limits import MOST_BYTES
from api.problems import MEDIA_TYPE
from tests.conftest import NOW, sqlite_store
from tests.filled import CONFIG

THREE: dict[str, Any] = {
    "limit_reads": "3/hour",
    "limit_searches": "2/hour",
    "limit_writes": "3/hour",
    "limit_attempts": "3/hour",
}
Opened = Callable[..., TestClient]


@pytest.mark.parametrize("path", ["/api/v1/signup", "/signup", "/slack/commands", "/unsubscribe/x"])
def test_a_large_body_is_refused(client: TestClient, path: str) -> None:
    answer = client.post(path, content=b"x" * (MOST_BYTES + 1))
    assert answer.status_code == 413
    assert "at most 256 KB" in answer.json()["detail"]


def test_a_large_body_that_does_not_say_so_is_refused_on_its_way(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 65_536

    answer = client.post("/api/v1/signup", content=pieces())
    assert answer.status_code == 413


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    store = sqlite_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def opened(kept: Store, tmp_path: Path) -> Opened:
    """Makes clients of one installation with small limits, at addresses of their own."""
    app = create_app(kept, Settings(data_dir=tmp_path, **THREE), CONFIG, now=lambda: NOW)

    def make(address: str = "192.0.2.1", host: str = "papers.example", **headers: str) -> Any:
        made = TestClient(app, f"http://{host}", client=(address, 1), follow_redirects=False)
        made.headers.update(headers)
        return made

    return make


def bearer(store: Store, name: str) -> str:
    with store.write() as connection:
        return f"Bearer {tokens.create(connection, name, 'write', NOW)}"


def statuses(client: TestClient, path: str, times: int, method: str = "GET") -> list[int]:
    return [client.request(method, path).status_code for _ in range(times)]


def test_reading_ends_with_a_problem_that_says_when_to_come_again(opened: Opened) -> None:
    client = opened()
    assert statuses(client, "/api/v1/topics", 3) == [200] * 3
    answer = client.get("/api/v1/topics")
    assert (answer.status_code, answer.headers["content-type"]) == (429, MEDIA_TYPE)
    assert 1 <= int(answer.headers["retry-after"]) <= 3_600
    assert "reads are limited to 3 per hour" in answer.json()["detail"]
    assert client.get("/feeds/gan.atom").status_code == 429
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert "<title>" in page.text
    assert page.headers["retry-after"]
    assert statuses(client, "/healthz", 5) == [200] * 5
    assert statuses(opened("192.0.2.2"), "/api/v1/topics", 1) == [200]


@pytest.mark.parametrize(
    "path", ["/api/v1/papers?q=x", "/search?q=x", "/feeds/search.atom?author=x"]
)
def test_searching_has_a_limit_of_its_own(opened: Opened, path: str) -> None:
    assert statuses(opened(), path, 3) == [200, 200, 429]
    assert statuses(opened(), "/api/v1/papers", 1) == [200]


def test_changing_has_a_limit_of_its_own(opened: Opened) -> None:
    assert statuses(opened(), "/api/v1/watches/x", 4, "DELETE") == [401, 401, 401, 429]
    assert statuses(opened(), "/api/v1/watches", 1) == [200]
    # Mail providers post here for everybody who has a mail box with them.
    assert statuses(opened("192.0.2.2"), "/unsubscribe/x", 3, "POST") == [400] * 3
    assert statuses(opened("192.0.2.2"), "/api/v1/watches/x", 1, "DELETE") == [401]


def test_a_token_is_a_client_wherever_it_is_used(opened: Opened, kept: Store) -> None:
    one, other = bearer(kept, "one"), bearer(kept, "other")
    first = [opened(f"192.0.2.{n}", Authorization=one) for n in range(4)]
    got = [client.get("/api/v1/topics").status_code for client in first]
    assert got == [200, 200, 200, 429]
    assert statuses(opened("192.0.2.0", Authorization=other), "/api/v1/topics", 1) == [200]


def test_tokens_cannot_be_guessed_at(opened: Opened, kept: Store) -> None:
    got = [
        opened(Authorization=f"Bearer dp_{n:043}").get("/api/v1/subscriptions").status_code
        for n in range(4)
    ]
    assert got == [401, 401, 401, 429]
    good = bearer(kept, "good")
    assert statuses(opened(Authorization=good), "/api/v1/subscriptions", 1) == [429]
    assert statuses(opened("192.0.2.2", Authorization=good), "/api/v1/subscriptions", 1) == [200]


def test_an_ipv6_customer_is_one_client(opened: Opened) -> None:
    got = [opened(f"2001:db8::{n}").get("/api/v1/topics").status_code for n in range(1, 5)]
    assert got == [200, 200, 200, 429]
    assert statuses(opened("2001:db8:0:1::1"), "/api/v1/topics", 1) == [200]


def test_a_proxy_may_write_ipv4_as_ipv6(opened: Opened) -> None:
    same = ["::ffff:192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", "::ffff:c000:201"]
    got = [opened(one).get("/api/v1/topics").status_code for one in same]
    assert got == [200, 200, 200, 429]
    assert statuses(opened("::ffff:192.0.2.2"), "/api/v1/topics", 1) == [200]


def test_whoever_sits_at_the_machine_is_not_counted(opened: Opened) -> None:
    assert statuses(opened("127.0.0.1", "localhost:8000"), "/api/v1/topics", 9) == [200] * 9
    behind = {"x-forwarded-for": "192.0.2.9"}
    assert statuses(opened("127.0.0.1", "localhost:8000", **behind), "/api/v1/topics", 4)[-1] == 429


def test_a_limit_can_be_taken_away(kept: Store, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, limit_reads="")
    client = TestClient(create_app(kept, settings, CONFIG, now=lambda: NOW))
    assert set(statuses(client, "/api/v1/topics", 50)) == {200}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LIMIT_READS", "many", "DAYPAPER_LIMIT_READS: 'many'; expected a number and a time"),
        ("TRUSTED_PROXIES", "10.0.0.1, proxy", "DAYPAPER_TRUSTED_PROXIES: 'proxy'; expected IP"),
    ],
)
def test_bad_settings_are_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"DAYPAPER_{name}", value)
    with pytest.raises(UsageError, match=said.replace("'", ".")):
        load()
