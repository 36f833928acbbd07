"""arXiv's calendar against its own table and against days that are known."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from aggregator import calendar


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("submitted", "listing"),
    [
        ("2017-11-13T18:59:00", "2017-11-14"),  # Monday 13:59 New York: announced that evening
        ("2017-11-13T19:00:00", "2017-11-15"),  # Monday 14:00: a day later
        ("2017-11-16T20:00:00", "2017-11-20"),  # Thursday after the cut-off: Sunday evening
        ("2017-11-17T18:59:00", "2017-11-20"),  # Friday before it: Sunday evening too
        ("2017-11-17T19:30:00", "2017-11-21"),  # Friday after it: Monday evening
        ("2017-11-19T12:00:00", "2017-11-21"),  # Sunday: Monday evening
        ("2026-07-02T17:00:00", "2026-07-03"),  # the evening before a holiday
        ("2026-11-26T12:00:00", "2026-11-30"),  # Thanksgiving, then Friday: Sunday evening
    ],
)
def test_listing_of_a_submission(submitted: str, listing: str) -> None:
    assert calendar.listing_of(utc(submitted)) == date.fromisoformat(listing)


@pytest.mark.parametrize(
    ("listing", "announced"),
    [
        ("2017-11-14", "2017-11-14T01:00:00"),  # 20:00 EST
        ("2017-07-18", "2017-07-18T00:00:00"),  # 20:00 EDT
        ("2026-03-09", "2026-03-09T00:00:00"),  # the Sunday on which summer time begins
        ("2026-11-02", "2026-11-02T01:00:00"),  # and the one on which it ends
    ],
)
def test_announcement_is_at_20_in_new_york(listing: str, announced: str) -> None:
    assert calendar.announced_at(date.fromisoformat(listing)) == utc(announced)


def test_latest_and_next_listing_around_a_weekend() -> None:
    saturday = utc("2017-11-18T12:00:00")
    assert calendar.latest_listing(saturday) == date(2017, 11, 17)
    assert calendar.next_listing(saturday) == date(2017, 11, 20)
    assert calendar.latest_listing(utc("2017-11-20T01:00:00")) == date(2017, 11, 20)
    assert calendar.latest_listing(utc("2017-11-20T00:59:59")) == date(2017, 11, 17)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ("2017-11-18T12:00:00", "weekend"),
        ("2017-11-19T12:00:00", "weekend"),
        ("2017-11-24T12:00:00", "holiday"),  # the day after Thanksgiving: nothing was announced
        ("2017-11-20T12:00:00", ""),
    ],
)
def test_today_says_why_there_is_no_listing(now: str, reason: str) -> None:
    today = calendar.today(utc(now))
    assert today.reason == reason
    assert (today.listing is None) == bool(reason)
    assert today.next_at > utc(now)


def test_published_holidays_have_no_announcement() -> None:
    assert not calendar.announces(date(2026, 12, 29))
    assert calendar.announces(date(2026, 12, 28))


def test_next_batch_walks_through_oai_and_rss_times_without_missing_a_day() -> None:
    moment, seen = utc("2017-11-13T00:00:00"), []
    while len(seen) < 10:
        moment = calendar.next_batch(moment)
        seen.append(moment)
    assert seen == sorted(set(seen))
    first_week = [calendar.oai_at(date(2017, 11, day)) for day in (14, 15, 16, 17)]
    assert set(first_week) <= set(seen)
    assert max(b - a for a, b in pairwise(seen)) < timedelta(days=4)


def test_a_year_is_assumed_unless_its_list_was_read() -> None:
    assert not calendar.is_assumed(date(2026, 12, 31))
    assert not calendar.is_assumed(date(2027, 1, 1))  # decided by the evening before
    assert calendar.is_assumed(date(2027, 1, 5))
    for year, known in calendar.PUBLISHED.items():
        assert known.source.startswith("https://")
        assert date.fromisoformat(f"{known.read}-01").year <= year
        assert len(calendar.holidays(year)) == len(known.evenings)
