"""arXiv's calendar on the stand-in, by the source's own due times: clock changes, holidays, delays."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from aggregator import calendar, pipeline, topics
from aggregator.clock import parse_moment
from aggregator.models import Draft
from aggregator.settings import Settings
from aggregator.store import runs
from aggregator.store.db import Store
from aggregator.store.sql import entry, event
from tests.conftest import sqlite_store
from tests.sources.collected import Collected
from tests.sources.standin import StandIn, stand_in

CALENDAR = "calendar?days=20"
CATEGORIES = ("cs.CV", "cs.LG")
TOPICS = """
[[sources]]
name = "arxiv"
kind = "arxiv"
categories = ["cs.CV", "cs.LG"]
oai_url = "{url}/arxiv/oai"
rss_url = "{url}/arxiv/rss"
api_url = "{url}/arxiv/api/query"
lookback_days = 2
pace_seconds = 0
"""


class Look(NamedTuple):
    """One run: when, and what it said."""

    at: datetime
    status: str
    message: str


@pytest.fixture(scope="module")
def upstream() -> Iterator[StandIn]:
    with stand_in("2017-10-29T12:00:00Z") as running:
        yield running


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path)) as made:
        yield made


@pytest.fixture
def reader(one_store: Store, tmp_path: Path, upstream: StandIn) -> Iterator["Reader"]:
    yield Reader(one_store, tmp_path, upstream)
    upstream.control(clear=True)


class Reader:
    """A collector that is woken when the source says so, and never else."""

    def __init__(self, store: Store, folder: Path, upstream: StandIn) -> None:
        text = TOPICS.format(url=upstream.url)
        self.store, self.upstream = store, upstream
        self.collected = Collected(store, folder, text)
        config = topics.parse(text, "topics.toml")
        [self.source] = pipeline.make_sources(config, Settings(data_dir=folder))

    def due(self, now: datetime) -> datetime:
        with self.store.read() as connection:
            return self.source.next_due(runs.last(connection, "arxiv", now), now)

    def look(self, at: datetime, *, turn: bool = True) -> Look:
        """Run now; with `turn` the upstream's clock goes along."""
        if turn:
            self.upstream.control(now=at.isoformat().replace("+00:00", "Z"))
        outcome = self.collected.run(at)
        return Look(at, outcome.status, outcome.message)

    def follow(self, start: str, end: str) -> list[Look]:
        """Every run from the first to `end`, each at its due time."""
        looks = [self.look(utc(start))]
        while (due := max(self.due(looks[-1].at), looks[-1].at)) < utc(end):
            assert due > looks[-1].at, "due again at once"
            looks.append(self.look(due))
        return looks

    def news(self) -> dict[str, tuple[datetime, bool]]:
        """Entry -> when its paper was new, and whether that is only history, of later runs."""
        asked = (
            sa.select(entry.c.key, event.c.at, event.c.backfill)
            .join(event, event.c.paper_id == entry.c.paper_id)
            .where(event.c.kind == "new", event.c.seen_at > utc("2017-11-20T12:00:00"))
        )
        with self.store.read() as connection:
            return {row.key: (row.at, row.backfill) for row in connection.execute(asked)}

    def lacking(self, first: date, last: date) -> set[str]:
        """New papers of these listings that were not stored."""
        cats = ",".join(CATEGORIES)
        truth = self.upstream.truth(f"arxiv?from={first}&until={last}&cats={cats}&by=listing")
        assert truth["ids"]
        stored = {draft.native_id for draft in self.collected.drafts().values()}
        return set(truth["ids"]) - stored


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # Summer time ends on Sunday, 5 November: the batch of that evening comes an hour later in UTC.
        ("2017-11-02T12:00:00", "2017-11-08T12:00:00"),
        # It begins on Sunday, 11 March.
        ("2018-03-08T12:00:00", "2018-03-14T12:00:00"),
        # Thanksgiving, 23 November: no announcement that evening, the next one is Sunday's.
        ("2017-11-22T12:00:00", "2017-11-28T12:00:00"),
        # Christmas Day and New Year's Day are Mondays.
        ("2017-12-22T12:00:00", "2018-01-03T12:00:00"),
    ],
)
def test_a_week_is_followed_from_batch_to_batch(reader: Reader, start: str, end: str) -> None:
    looks = reader.follow(start, end)
    assert {look.status for look in looks} <= {"ok", "holiday", "not_out_yet"}, looks
    first, last = calendar.latest_listing(utc(start)), calendar.latest_listing(utc(end))
    assert reader.lacking(first, last) == set()
    announced = {date.fromisoformat(one["listing"]) for one in reader.upstream.truth(CALENDAR)}
    for day in (one for one in announced if first < one <= last):
        # It was had, and said to be complete, within an hour of the moment at which RSS shows it.
        since, until = calendar.oai_at(day), calendar.rss_at(day) + timedelta(hours=1)
        assert any(since <= x.at <= until and f"Listing of {day:%a}" in x.message for x in looks)


@pytest.mark.parametrize(
    ("now", "reason"),
    [("2017-11-18", "weekend"), ("2017-11-24", "holiday"), ("2017-12-26", "holiday")],
)
def test_a_day_without_a_listing_says_why(reader: Reader, now: str, reason: str) -> None:
    look = reader.look(utc(f"{now}T15:00:00"))
    assert look.status == "holiday"
    assert f"({reason})" in look.message


def test_a_late_batch_is_waited_for_then_called_late_then_had(reader: Reader) -> None:
    reader.look(utc("2017-11-14T12:00:00"))
    late = date(2017, 11, 15)
    statuses, at = [], calendar.oai_at(late) + timedelta(minutes=10)
    while at < calendar.rss_at(late) + timedelta(hours=12):  # the upstream's clock stands still
        look = reader.look(at, turn=False)
        statuses.append(look.status)
        assert ("arXiv's list of 2017 is not known" in look.message) == (look.status == "stale")
        at = reader.due(at)
    assert statuses[:2] == ["not_out_yet"] * 2
    assert statuses[-2:] == ["stale"] * 2
    assert statuses == sorted(statuses)
    assert 5 < len(statuses) < 30
    assert reader.look(at).status == "ok"
    assert reader.lacking(late, late) == set()


def test_one_category_that_is_late_is_named_alone_and_asked_again(reader: Reader) -> None:
    reader.look(utc("2017-11-14T12:00:00"))
    old = {"prefix": "/arxiv/rss/cs.LG", "mode": "stale_batch"}
    reader.upstream.control(fault=old)
    behind = reader.look(utc("2017-11-15T05:10:00"))
    assert behind.status == "stale"
    assert "cs.LG" in behind.message
    assert "cs.CV" not in behind.message
    again = reader.due(behind.at)
    assert timedelta(0) < again - behind.at <= timedelta(hours=3)
    reader.upstream.control(clear=True)
    assert reader.look(again).status == "ok"
    assert reader.lacking(date(2017, 11, 15), date(2017, 11, 15)) == set()


def test_a_paper_that_was_on_hold_is_news_on_the_day_it_is_announced(reader: Reader) -> None:
    reader.look(utc("2017-11-20T12:00:00"))
    for day in (21, 22, 23):
        reader.look(calendar.rss_at(date(2017, 11, day)) + timedelta(minutes=10))
    told = reader.news()
    drafts = {key: one for key, one in reader.collected.drafts().items() if key in told}
    held = {key for key, draft in drafts.items() if draft.version == 1 and _waited(draft)}
    # Submitted on 31 October and on Friday the 17th, announced on the 20th and the 22nd.
    assert {"arxiv:1711.07328v1", "arxiv:1711.08331v1"} <= held
    assert {key: told[key] for key in held} == {key: (drafts[key].published, False) for key in held}


def _waited(draft: Draft) -> bool:
    """Was it announced later than what was submitted with it?"""
    submitted = parse_moment(draft.extra["versions"][0]["date"])
    expected = calendar.announced_at(calendar.listing_of(submitted))
    return expected < draft.published and draft.published >= utc("2017-11-20T12:00:00")
