"""Behind a proxy that takes https from us: cookies, and who is believed."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store.db import Store
from api.app import create_app
from tests.conftest import NOW
from tests.filled import CONFIG

PUBLIC = "https://papers.example"


def browser(
    store: Store, folder: Path, base: str, at: str, peer: str, **headers: str
) -> TestClient:
    app = create_app(store, Settings(data_dir=folder, base_url=base), CONFIG, now=lambda: NOW)
    made = TestClient(app, at, client=(peer, 1))
    made.headers.update({"Accept": "text/html", **headers})
    return made


@pytest.mark.parametrize(
    ("base", "at", "peer", "forwarded", "secure"),
    [
        (PUBLIC, "http://papers.example", "127.0.0.1", "192.0.2.7", True),
        (PUBLIC, "http://127.0.0.1:8000", "127.0.0.1", "192.0.2.7", True),  # as nginx names us
        (PUBLIC, "http://papers.example", "192.0.2.7", "", True),  # a trusted one named its client
        (PUBLIC, "http://127.0.0.1:8000", "127.0.0.1", "", False),  # at the machine itself
        ("http://papers.lan", "http://papers.lan", "192.0.2.7", "", False),
        ("", "https://papers.example", "192.0.2.7", "", True),
    ],
)
def test_cookies_are_secure_where_the_public_address_is(
    store: Store, tmp_path: Path, base: str, at: str, peer: str, forwarded: str, secure: bool
) -> None:
    more = {"X-Forwarded-For": forwarded} if forwarded else {}
    asking = browser(store, tmp_path, base, at, peer, **more)
    answer = asking.get("/?lang=zh&theme=dark")
    given = answer.headers.get_list("set-cookie")
    assert {one.partition("=")[0] for one in given} == {"reader", "lang", "theme"}
    assert {"secure" in one.lower() for one in given} == {secure}


def test_a_proxy_that_is_not_believed_is_told_of_once(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    named = {"X-Forwarded-For": "192.0.2.7, 192.0.2.8"}
    believed = browser(store, tmp_path, PUBLIC, PUBLIC, "192.0.2.8", **named)
    believed.get("/sources")
    assert "X-Forwarded-For" not in caplog.text
    asking = browser(store, tmp_path, PUBLIC, PUBLIC, "127.0.0.1", **named)
    for _ in range(2):
        asking.get("/sources")
    assert caplog.text.count("DAYPAPER_TRUSTED_PROXIES=127.0.0.1") == 1
