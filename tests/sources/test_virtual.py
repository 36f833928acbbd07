"""The virtual source: every form of its lists, and what a run makes of sites in trouble."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import topics
from aggregator.errors import UsageError
from aggregator.sources.base import Credentials, SourceConfig
from aggregator.sources.virtual import VirtualOptions, VirtualSource
from tests.conftest import sqlite_store
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, expectation, outcome, samples
from tests.sources.standin import StandIn, stand_in

NOW = datetime(2025, 7, 20, 12, tzinfo=UTC)
LIST = "/icml/static/virtual/data/icml-2025-orals-posters.json"
APART = "/icml/static/virtual/data/icml-2025-abstracts.json"
MARK = {"ETag": '"1"'}
TOML = """
[[sources]]
name = "virtual"
kind = "virtual"
conferences = {conferences}
base_url = "{url}/{{conference}}"
pace_seconds = 0
"""


@pytest.mark.parametrize("sample", samples("virtual"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path) -> None:
    expected = expectation(sample)
    options = VirtualOptions(conferences=("icml-2025", "neurips-2025"))
    source = VirtualSource(SourceConfig("v", "virtual", options, None, True), Credentials())
    assert outcome(source, sample, expected["raw"]) == expected


def test_each_conference_is_asked_at_its_own_site() -> None:
    options = VirtualOptions(conferences=("icml-2025", "eccv-2026", "icml-2024"))
    source = VirtualSource(SourceConfig("v", "virtual", options, None, True), Credentials())
    assert source.base_urls == ("https://icml.cc", "https://eccv.ecva.net")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('conferences = ["kdd-2025"]', "no site is known for 'kdd-2025'"),
        ('conferences = ["ICML2025"]', "ICML2025"),
        ("conferences = []", "conferences"),
        ('conferences = ["icml-2025"]\nbase_url = "icml.cc"', "expected a web address"),
    ],
)
def test_options_that_cannot_be_meant(line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        topics.parse(f'[[sources]]\nname = "v"\nkind = "virtual"\n{line}\n', "topics.toml")


def events(count: int, **more: Any) -> list[dict[str, Any]]:
    """Posters of invented papers."""
    return [
        {
            "id": n,
            "uid": f"u{n}",
            "name": f"Widgets of the {n}th Kind",
            "authors": [{"fullname": "Ada Lovelace"}],
            "abstract": "Widgets.",
            "eventtype": "Poster",
            "decision": "Accept (poster)",
            "virtualsite_url": f"/virtual/2025/poster/{n}",
            "starttime": "2025-07-15T10:30:00-07:00",
            **more,
        }
        for n in range(1, count + 1)
    ]


def page(results: list[Any], count: int | None = None, following: str | None = None) -> Reply:
    said = len(results) if count is None else count
    document = {"count": said, "next": following, "results": results}
    return Reply(json.dumps(document).encode(), headers={"Content-Type": "application/json"} | MARK)


@pytest.fixture
def collected(server: Server, tmp_path: Path) -> Iterator[Collected]:
    with closing(sqlite_store(tmp_path)) as store:
        toml = TOML.format(url=server.url, conferences='["icml-2025"]')
        yield Collected(store, tmp_path, toml)


def test_a_list_is_stored_once_and_then_asked_whether_it_changed(
    server: Server, collected: Collected
) -> None:
    server.routes[LIST] = Reply(
        (DATA / "virtual" / "icml-2025_oral_is_a_poster_too.json").read_bytes(), headers=MARK
    )
    assert collected.run(NOW).status == "ok"
    assert len(collected.drafts()) == len(collected.papers()) == 2
    server.routes[LIST] = Reply(status=304)
    done = collected.run(NOW + timedelta(days=1))
    assert (done.status, done.counts.fetched) == ("ok", 0)
    assert server.asked[-1].headers["if-none-match"] == '"1"'


def test_a_list_without_marks_is_asked_once_a_week(server: Server, collected: Collected) -> None:
    server.routes[LIST] = Reply(page(events(2)).body)
    for day in (0, 1, 6, 7):
        assert collected.run(NOW + timedelta(days=day)).status == "ok"
    assert len(server.asked) == 2


def test_a_conference_that_is_not_out_is_no_trouble(server: Server, collected: Collected) -> None:
    assert collected.run(NOW).status == "not_out_yet"
    server.routes[LIST] = page([])
    done = collected.run(NOW)
    assert (done.status, done.message.split()[0]) == ("not_out_yet", "icml-2025")
    server.routes[LIST] = page(events(3))
    assert collected.run(NOW + timedelta(days=1)).status == "ok"
    assert len(collected.papers()) == 3


def test_a_list_that_was_full_and_is_empty_is_trouble(server: Server, collected: Collected) -> None:
    server.routes[LIST] = page(events(3))
    collected.run(NOW)
    server.routes[LIST] = page([])
    done = collected.run(NOW + timedelta(days=1))
    assert done.status == "failed"
    assert "it had 3 events before" in done.message
    assert len(collected.papers()) == 3


def test_events_that_are_said_but_not_shown_are_a_mismatch(
    server: Server, collected: Collected
) -> None:
    server.routes[LIST] = page([], count=435)
    done = collected.run(NOW)
    assert (done.status, "435 events" in done.message) == ("mismatch", True)


def test_a_list_in_parts_is_followed(server: Server, collected: Collected) -> None:
    server.routes[LIST] = page(events(3)[:2], 3, f"{server.url}/more")
    server.routes["/more"] = page(events(3)[2:], 3)
    assert collected.run(NOW).status == "ok"
    assert len(collected.papers()) == 3


def test_a_list_whose_rest_is_refused_is_partial_and_asked_again(
    server: Server, collected: Collected
) -> None:
    server.routes[LIST] = page(events(2), 3, f"{server.url}/more")
    server.routes["/more"] = Reply(b"no", 403)
    done = collected.run(NOW)
    assert done.status == "partial"
    assert "2 of 3 events" in done.message
    assert len(collected.papers()) == 2
    server.routes["/more"] = page(events(3)[2:], 3)
    assert collected.run(NOW).status == "ok"
    assert len(collected.papers()) == 3


@pytest.mark.parametrize(
    "following", ["https://elsewhere.example/more", "file:///etc/passwd", LIST]
)
def test_a_list_that_leads_elsewhere_or_in_circles_ends(
    server: Server, collected: Collected, following: str
) -> None:
    server.routes[LIST] = page(events(2), 3, following)
    assert collected.run(NOW).status == "partial"
    assert len(server.asked) <= 2


def test_abstracts_that_stand_apart_are_asked_for(server: Server, collected: Collected) -> None:
    server.routes[LIST] = page(events(2, abstract=None))
    assert collected.run(NOW).status == "ok"
    assert {draft.abstract for draft in collected.drafts().values()} == {""}
    server.routes[APART] = Reply(b'{"1": "On the first.", "2": 7, "3": "Of nobody."}')
    collected.run(NOW + timedelta(days=1))
    assert server.asked[-1].headers["if-none-match"] == '"1"', "only whether it changed"
    collected.run(NOW + timedelta(days=7))
    found = {key: draft.abstract for key, draft in collected.drafts().items()}
    assert found == {"virtual:icml-2025/u1": "On the first.", "virtual:icml-2025/u2": ""}


def test_times_that_are_none_are_said_and_corrected(server: Server, collected: Collected) -> None:
    server.routes[LIST] = page(events(2, starttime="yesterday"))
    done = collected.run(NOW)
    assert (done.status, done.counts.new) == ("mismatch", 2)
    server.routes[LIST] = page(events(2))
    assert collected.run(NOW + timedelta(days=7)).status == "ok"
    found = {draft.published for draft in collected.drafts().values()}
    assert found == {datetime(2025, 7, 15, 17, 30, tzinfo=UTC)}


def test_one_site_in_trouble_does_not_stop_the_others(server: Server, tmp_path: Path) -> None:
    server.routes[LIST] = page(events(2))
    server.routes["/iclr/static/virtual/data/iclr-2025-orals-posters.json"] = Reply(
        b"<!doctype html><title>Just a moment...</title>", headers={"Content-Type": "text/html"}
    )
    server.routes["/mlsys/static/virtual/data/mlsys-2025-orals-posters.json"] = Reply(b"{", 200)
    with closing(sqlite_store(tmp_path)) as store:
        names = '["iclr-2025", "mlsys-2025", "icml-2025"]'
        done = Collected(store, tmp_path, TOML.format(url=server.url, conferences=names)).run(NOW)
    assert done.status == "failed"
    assert "iclr-2025" in done.message
    assert "mlsys-2025" in done.message
    assert done.counts.new == 2


def test_a_throttle_stops_the_run(server: Server, collected: Collected) -> None:
    server.routes[LIST] = Reply(b"slow down", 429, {"Retry-After": "3600"})
    assert collected.run(NOW).status == "throttled"
    assert collected.run(NOW + timedelta(minutes=1)).requests == 0


def test_broken_events_are_counted_and_the_rest_kept(server: Server, collected: Collected) -> None:
    server.routes[LIST] = Reply(
        (DATA / "virtual" / "icml-2025_hostile.json").read_bytes(), headers=MARK
    )
    done = collected.run(NOW)
    assert (done.status, done.skipped, done.counts.new) == ("mismatch", 6, 3)


# --- the stand-in --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in("2018-07-20T12:00:00Z") as running:
        yield running


@pytest.mark.upstream
def test_walk_through_the_stand_in(services: StandIn, tmp_path: Path) -> None:
    now = datetime(2018, 7, 20, 12, tzinfo=UTC)
    names = '["icml-2017", "iclr-2018", "icml-2019"]'
    toml = TOML.format(url=f"{services.url}/virtual", conferences=names)
    with closing(sqlite_store(tmp_path)) as store:
        collected = Collected(store, tmp_path, toml)
        done = collected.run(now)
        assert done.status == "not_out_yet", "icml-2019"
        drafts = list(collected.drafts().values())
        assert len(drafts) == done.counts.new == 435 + 430
        orals = [d for d in drafts if d.extra["presentation"] == "oral"]
        assert len(orals) == 23, "each is a poster, too"
        assert sum("openreview" in d.identifiers for d in drafts) > 400
        assert sum(bool(d.abstract and d.authors) for d in drafts) > 0.98 * len(drafts)
        again = collected.run(now + timedelta(days=1))
        assert (again.counts.fetched, again.skipped) == (0, 0)
        services.control(clear=True, fault={"prefix": "/virtual", "mode": "truncate", "times": 1})
        collected.run(now, since=now)
        assert len(collected.drafts()) == len(drafts)
