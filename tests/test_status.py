"""How sources are and were: states of a moment, the history of runs, figures for Prometheus."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from aggregator import topics
from aggregator.merge.plan import Counts
from aggregator.models import STATUSES, Status
from aggregator.sending import news
from aggregator.settings import Settings
from aggregator.status import source_states
from aggregator.store import health, ledger, runs
from aggregator.store.db import Store
from api.app import create_app
from tests.conftest import NOW, sqlite_store
from tests.filled import CONFIG, fill

HOUR = timedelta(hours=1)


def ran(
    store: Store, at: datetime, status: Status, message: str, *, source: str = "arxiv", new: int = 0
) -> None:
    """One finished run."""
    with store.write() as connection:
        n = runs.start(connection, source, at, at, False)
        counts = Counts(fetched=new, new=new)
        failures = 0 if status in ("ok", "holiday") else 1
        runs.finish(
            connection,
            n,
            status,
            message,
            counts,
            skipped=2,
            requests=3,
            failures=failures,
            wall=at,
        )


@pytest.fixture
def lived(store: Store) -> Store:
    """Three days of a source: well, in trouble and mended, in trouble."""
    ran(store, NOW - timedelta(days=2), "ok", "7 new.", new=7)
    ran(store, NOW - timedelta(days=1, hours=2), "throttled", "Asked to wait.")
    ran(store, NOW - timedelta(days=1), "ok", "3 new.", new=3)
    ran(store, NOW - 2 * HOUR, "holiday", "A weekend.")
    ran(store, NOW - HOUR, "failed", "It cannot be reached.")
    return store


def states(store: Store, now: datetime) -> list[tuple[str | None, str]]:
    client_config = create_app(store, Settings(), CONFIG).state.services
    with store.read() as connection:
        found = source_states(store, connection, client_config.sources, now)
    return [(one["status"], one["message"]) for one in found if one["name"] == "arxiv"]


def test_states_are_those_of_the_moment(lived: Store) -> None:
    assert states(lived, NOW) == [("failed", "It cannot be reached.")]
    assert states(lived, NOW - timedelta(hours=25)) == [("throttled", "Asked to wait.")]
    assert states(lived, NOW - timedelta(days=3)) == [(None, "Not asked yet.")]


def test_look_ups_that_wait_are_said_with_arxiv(store: Store) -> None:
    ran(store, NOW - HOUR, "ok", "Listing is complete.")
    ran(store, NOW, "ok", "Listing is complete.")  # and then it failed
    with store.write() as connection:
        ledger.cool_down(connection, ledger.LOOK_UPS, NOW + HOUR, "arxiv.org answered 503.")
    ((status, message),) = states(store, NOW + HOUR / 2)
    assert status == "partial"
    assert message == (
        "Listing is complete. Papers that posts name wait to be looked up until "
        "2017-11-13T13:00:00Z: arxiv.org answered 503."
    )
    for other in (NOW - 3 * HOUR / 4, NOW + HOUR):  # before it failed, and after the wait
        assert states(store, other) == [("ok", "Listing is complete.")]
    with store.write() as connection:  # arXiv asked for a day
        ledger.cool_down(connection, ledger.LOOK_UPS, NOW + 24 * HOUR, "arxiv.org answered 429.")
    assert [states(store, NOW + n * HOUR)[0][0] for n in (-1, 0, 12, 24)] == [
        "ok", "partial", "partial", "ok",
    ]  # fmt: skip


def test_a_digest_of_a_past_day_shows_how_the_sources_were_then(
    lived: Store, tmp_path: Path
) -> None:
    settings, then = Settings(data_dir=tmp_path), NOW - timedelta(hours=25)
    _, found = news.digest(lived, settings, CONFIG, (), None, then, 25)
    assert ("arxiv", "throttled") in [(one["name"], one["status"]) for one in found]


def test_days_tell_how_each_ended_and_what_went_wrong_on_the_way(lived: Store) -> None:
    with lived.read() as connection:
        found = health.days(connection, NOW - timedelta(days=10), NOW)["arxiv"]
    told = [(d.date.day, d.status, d.runs, d.bad) for d in found]
    assert told == [(11, "ok", 1, 0), (12, "ok", 2, 1), (13, "failed", 2, 1)]


def test_the_history_is_paged(lived: Store) -> None:
    app = create_app(lived, Settings(), CONFIG, now=lambda: NOW)
    with TestClient(app) as client:
        seen, cursor = [], ""
        while cursor is not None:
            asked = {"limit": 2, "cursor": cursor}
            answer = client.get("/api/v1/sources/arxiv/runs", params=asked).json()
            seen += [(one["status"], one["new"], one["skipped"]) for one in answer["items"]]
            cursor = answer["next"]
        assert seen == [
            ("failed", 0, 2), ("holiday", 0, 2), ("ok", 3, 2), ("throttled", 0, 2), ("ok", 7, 2),
        ]  # fmt: skip
        assert client.get("/api/v1/sources/none/runs").status_code == 404
        assert client.get("/api/v1/sources/arxiv/runs?cursor=x").status_code == 400
        assert client.get("/api/v1/sources/arxiv/runs?cursor=99999999999999999999").status_code in (
            400,
            422,
        )


def values(text: str) -> dict[tuple[str, ...], float]:
    """Every sample: (name, label values by their names…) -> value."""
    return {
        (sample.name, *(v for _, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics(lived: Store) -> None:
    fill(lived, 20, length=20)
    with lived.write() as connection:
        ledger.cool_down(connection, "arxiv", NOW + HOUR, "asked to wait")
    app = create_app(lived, Settings(), CONFIG, now=lambda: NOW)
    with TestClient(app) as client:
        client.get("/api/v1/papers")
        client.get("/api/v1/papers/nobody-knows-it")
        found = values(client.get("/metrics").text)
    assert found["daypaper_source_status", "arxiv", "failed"] == 1
    assert sum(found["daypaper_source_status", "arxiv", one] for one in STATUSES) == 1
    assert found["daypaper_source_last_success_age_seconds", "arxiv"] == 7200
    assert ("daypaper_source_last_success_age_seconds", "cvf") not in found
    assert found["daypaper_source_runs_last_day", "arxiv", "failed"] == 1
    assert found["daypaper_source_requests_last_day", "arxiv"] == 6
    assert found["daypaper_source_entries_last_day", "skipped", "arxiv"] == 4
    assert found["daypaper_upstream_cooldown_seconds", "arxiv"] == 3600
    assert (found["daypaper_papers",], found["daypaper_papers_untagged",]) == (20, 0)
    assert found["daypaper_subscriptions_due",] == 0
    route = ("daypaper_http_request_seconds_count", "GET")
    assert found[*route, "/api/v1/papers", "2xx"] == 1
    assert found[*route, "/api/v1/papers/{name:path}", "4xx"] == 1


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an installation whose reading needs a token."""
    with closing(sqlite_store(tmp_path)) as store:
        app = create_app(store, Settings(public_read=False), topics.parse("", "none"))
        with TestClient(app) as client:
            yield client


def test_metrics_need_a_token_where_reading_does(closed: TestClient) -> None:
    assert closed.get("/metrics").status_code == 401
