"""Schedules: in the subscriber's own time, across the days on which clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.sending.due import DAYS, Schedule, next_due, parse_schedule, parse_zone


@pytest.mark.parametrize("text", ["asap", "daily@08:00", "weekly@mon-08:00", "weekly@sun-23:59"])
def test_schedules_are_written_as_they_are_read(text: str) -> None:
    assert str(parse_schedule(f" {text.upper()} ")) == text


@pytest.mark.parametrize(
    "text",
    ["", "daily", "daily@8:00", "daily@24:00", "weekly@08:00", "weekly@funday-08:00", "hourly"],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected asap, daily@08:00 or weekly@mon-08:00"):
        parse_schedule(text)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "\x00"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a time zone"):
        parse_zone(name)


def due(schedule: str, zone: str, after: str) -> str:
    found = next_due(parse_schedule(schedule), parse_zone(zone), datetime.fromisoformat(after))
    return found.isoformat()


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "expected"),
    [
        ("daily@08:00", "UTC", "2026-03-01T07:59:59+00:00", "2026-03-01T08:00:00+00:00"),
        ("daily@08:00", "UTC", "2026-03-01T08:00:00+00:00", "2026-03-02T08:00:00+00:00"),
        ("daily@08:00", "Asia/Shanghai", "2026-03-01T01:00:00+00:00", "2026-03-02T00:00:00+00:00"),
        ("weekly@mon-08:00", "UTC", "2026-11-23T08:00:00+00:00", "2026-11-30T08:00:00+00:00"),
        ("weekly@sun-08:00", "UTC", "2026-11-23T08:00:00+00:00", "2026-11-29T08:00:00+00:00"),
        # Berlin: one hour less between two mornings in March, one more in October.
        ("daily@08:00", "Europe/Berlin", "2026-03-28T07:00:00+00:00", "2026-03-29T06:00:00+00:00"),
        ("daily@08:00", "Europe/Berlin", "2026-10-24T06:00:00+00:00", "2026-10-25T07:00:00+00:00"),
        # 02:30 does not exist on the day that begins summer time, and exists twice when it ends.
        ("daily@02:30", "Europe/Berlin", "2026-03-28T12:00:00+00:00", "2026-03-29T01:30:00+00:00"),
        ("daily@02:30", "Europe/Berlin", "2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("daily@02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
        ("asap", "UTC", "2026-03-01T08:00:00+00:00", "2026-03-01T09:00:00+00:00"),
    ],
)
def test_the_next_time(schedule: str, zone: str, after: str, expected: str) -> None:
    assert due(schedule, zone, after) == expected


@given(
    st.integers(1_577_836_800, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.times(),
    st.none() | st.integers(0, 6),
    st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_it_is_always_later_and_within_a_week_and_a_bit(
    after: datetime, clock: object, weekday: int | None, zone: str
) -> None:
    schedule = Schedule(clock.replace(second=0, microsecond=0, tzinfo=None), weekday)  # type: ignore[attr-defined]
    where = parse_zone(zone)
    found = next_due(schedule, where, after)
    assert timedelta(0) < found - after <= timedelta(days=1 if weekday is None else 7, hours=1)
    local = found.astimezone(where)
    jumped = local.time().replace(fold=0) != schedule.clock
    assert (
        not jumped
        or local.utcoffset() != (local - timedelta(hours=3)).astimezone(where).utcoffset()
    )
    if weekday is not None:
        assert DAYS[local.weekday()] == DAYS[weekday]
