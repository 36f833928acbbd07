"""The rsshub source: Chinese dates and languages, and every way in which RSSHub says no."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import topics
from aggregator.errors import UsageError
from aggregator.sources.base import Credentials, SourceConfig
from aggregator.sources.rsshub import RsshubOptions, RsshubSource
from aggregator.sources.rsshub_pages import said
from tests.conftest import sqlite_store
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, expectation, outcome, samples
from tests.sources.standin import StandIn, stand_in

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
WEIBO, ZHIHU = "/weibo/user/100", "/zhihu/zhuanlan/kites"
FEED = (DATA / "rsshub" / "weibo.xml").read_bytes()
TOML = """
[[sources]]
name = "hub"
kind = "rsshub"
routes = {routes}
base_url = "{url}"
pace_seconds = 0
"""


@pytest.mark.parametrize("sample", samples("rsshub"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path) -> None:
    expected = expectation(sample)
    options = RsshubOptions(routes=(WEIBO,))
    source = RsshubSource(SourceConfig("hub", "rsshub", options, None, True), Credentials())
    assert outcome(source, sample, expected["raw"]) == expected


def page(words: str) -> bytes:
    """RSSHub's error page, as it has been since 2024."""
    return (
        "<html><head><title>Welcome to RSSHub!</title></head><body><h1>Looks like something went wrong"
        f"</h1><p>Error Message:<br/><code>{words}</code></p><p>Route: <code>/:id</code></p></body></html>"
    ).encode()


@pytest.fixture
def hub(tmp_path: Path, server: Server) -> Iterator[Collected]:
    """Two routes of an instance that is a real server."""
    with closing(sqlite_store(tmp_path)) as store:
        yield Collected(store, tmp_path, TOML.format(url=server.url, routes=[WEIBO, ZHIHU]))


def test_one_post_in_two_routes_is_one_entry(hub: Collected, server: Server) -> None:
    server.routes[WEIBO] = server.routes[ZHIHU] = Reply(FEED, headers={"ETag": '"1"'})
    first = hub.run(NOW)
    assert (first.status, first.counts.fetched) == ("ok", 6)
    # an id that is no address counts within its route
    assert sorted(hub.drafts()) == [
        "rsshub:/weibo/user/100/AbB9",
        "rsshub:/zhihu/zhuanlan/kites/AbB9",
        "rsshub:https://weibo.com/100/AbC0",
        "rsshub:https://weibo.com/100/AbC1",
    ]
    routes = {f"route:{WEIBO}", f"route:{ZHIHU}"}
    assert set(hub.checkpoint()) == routes | {f"{route}:marks" for route in routes}


@pytest.mark.parametrize(
    ("code", "words", "status", "told"),
    [
        (503, "Error: Cookies expired. Please update WEIBO_COOKIES", "challenged", "renew WEIBO_COOKIES"),
        (503, 'FetchError: [GET] "https://m.weibo.cn/api": 432', "challenged", "renew WEIBO_COOKIES"),
        (503, "FetchError: 请求参数异常，请升级客户端后重试", "challenged", "请求参数异常"),
        (503, "ConfigNotFoundError: Weibo RSS is disabled due to the lack of relevant config",
         "challenged", "Set WEIBO_COOKIES"),
        (503, "Error: captcha required", "challenged", "captcha"),
        (503, "Error: this route is empty, please check the original site", "failed", "Nothing was posted"),
        (503, "RequestInProgressError: This path is currently fetching, please come back later!",
         "throttled", "again next time"),
        (503, "Error: Cooling down before new visitor Cookies from https://m.weibo.cn/ may be fetched",
         "throttled", "again next time"),
        (404, "NotFoundError: The route does not exist or has been deleted.", "failed", "documentation"),
        (403, "RejectError: Authentication failed. Access denied.", "failed", "access key"),
        (503, "TypeError: Cannot read properties of undefined (reading 'map')", "failed", "update"),
        (200, "Error: Cookies expired", "challenged", "Cookies expired"),
    ],
)  # fmt: skip
def test_error_page_is_told_in_its_words_and_the_other_route_is_read(
    hub: Collected, server: Server, code: int, words: str, status: str, told: str
) -> None:
    server.routes[WEIBO] = Reply(page(words), code, {"Content-Type": "text/html"})
    server.routes[ZHIHU] = Reply(FEED)
    run = hub.run(NOW)
    assert run.status == status
    assert run.message.startswith(f'{WEIBO}: RSSHub says "')
    assert told in run.message
    assert len(hub.drafts()) == 3
    server.routes[WEIBO] = Reply(FEED)
    assert hub.run(NOW + timedelta(days=1)).status == "ok"
    assert len(hub.drafts()) == 4


def test_trace_and_markup_of_an_error_page_are_left_out() -> None:
    trace = "Error: no &lt;b&gt;list&lt;/b&gt;\n    at handler (file:///app/lib/routes/x.ts:3:4)\n  at y"
    assert said(page(trace)) == "Error: no list"
    assert len(said(page("x" * 90_000))) <= 200
    assert said(b"<html>Error message: <code></code></html>") == ""
    assert said(b"<html><title>RSSHub</title><code>Ray ID 5</code></html>") == ""
    assert said(b"\xff\xfe") == ""


@pytest.mark.parametrize(
    ("reply", "status", "asked"),
    [
        (Reply(b"<html>Just a moment...</html>", 403), "challenged", 1),
        (Reply(b"<html>Just a moment...</html>"), "challenged", 1),
        (Reply(b"", 429, {"Retry-After": "600"}), "throttled", 1),
        (Reply(b"Bad Gateway", 502), "failed", 6),
        (Reply(b"<rss", cut=True), "failed", 6),
        (Reply(b"<html>Welcome to nginx</html>"), "failed", 2),
    ],
)
def test_instance_in_trouble_ends_the_run(
    tmp_path: Path, server: Server, reply: Reply, status: str, asked: int
) -> None:
    routes = [f"/zhihu/zhuanlan/{n}" for n in range(5)]
    server.routes |= dict.fromkeys(routes, reply)
    with closing(sqlite_store(tmp_path)) as store:
        run = Collected(store, tmp_path, TOML.format(url=server.url, routes=routes)).run(NOW)
    assert (run.status, len(server.asked)) == (status, asked)


def test_access_key_is_sent_and_never_told(tmp_path: Path, server: Server) -> None:
    for reply in (Reply(b"<html>Just a moment...</html>", 403), Reply(b"", 404), Reply(FEED)):
        server.routes[WEIBO] = reply
        toml = TOML.format(url=server.url, routes=[f"{WEIBO}?key=s3cret"])
        with closing(sqlite_store(tmp_path)) as store:
            hub = Collected(store, tmp_path, toml)
            assert "s3cret" not in hub.run(NOW).message
            assert "s3cret" not in repr((hub.drafts(), hub.checkpoint()))
    assert {asked.query["key"] for asked in server.asked} == {"s3cret"}


def test_cut_off_route_is_read_again(hub: Collected, server: Server) -> None:
    server.routes[ZHIHU] = Reply(FEED)
    server.routes[WEIBO] = Reply(FEED[: FEED.index("三篇".encode())], headers={"ETag": '"1"'})
    assert hub.run(NOW).status == "partial"
    server.routes[WEIBO] = Reply(FEED, headers={"ETag": '"1"'})
    assert hub.run(NOW).status == "ok"
    assert len(hub.drafts()) == 4


@pytest.mark.parametrize("routes", ["[]", '["zhihu/daily"]', '["/a b"]', '["https://x/zhihu"]'])
def test_what_is_no_route_is_refused(routes: str) -> None:
    with pytest.raises(UsageError, match="routes"):
        topics.parse(TOML.format(url="http://127.0.0.1", routes=routes), "topics.toml")


# --- the stand-in --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def upstream() -> Iterator[StandIn]:
    with stand_in("2026-08-23T12:00:00Z") as running:
        yield running


@pytest.mark.upstream
def test_stand_in_gives_its_items_and_its_errors(upstream: StandIn, tmp_path: Path) -> None:
    routes = ["/zhihu/daily", "/weibo/search/hot", "/zhihu/zhuanlan/none"]
    toml = TOML.format(url=f"{upstream.url}/rsshub", routes=routes)
    now = datetime(2026, 8, 23, 12, tzinfo=UTC)
    with closing(sqlite_store(tmp_path)) as store:
        hub = Collected(store, tmp_path, toml)
        run = hub.run(now)
        drafts = hub.drafts()
        assert run.status == "failed"
        assert run.message.startswith('/zhihu/zhuanlan/none: RSSHub says "wrong path')
        zhihu = [d for d in drafts.values() if "daily.zhihu.com" in d.url]
        assert len(zhihu) == 4
        assert {d.published for d in zhihu} == {datetime(2026, 8, 22, 18, 20, 21, tzinfo=UTC)}
        hot = [d for d in drafts.values() if "s.weibo.com" in d.url]
        assert len(hot) > 10
        assert not any(draft.dated for draft in hot)
        again = hub.run(now)
        assert (again.counts.fetched, len(hub.drafts())) == (0, len(drafts))
        upstream.control(now="2025-01-01T00:00:00Z")
        early = hub.run(now)
        assert '/zhihu/daily: RSSHub says "this route is empty' in early.message
