"""When a subscription is due: schedules in the subscriber's time zone, daylight saving included. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ASAP_GAP = timedelta(hours=1)
"""`asap` sends when something is out, but not more often than this."""

_FORM = re.compile(r"(?:daily@|weekly@(mon|tue|wed|thu|fri|sat|sun)-)([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Schedule:
    """`clock` None: as soon as it is out. `weekday` (0 Monday … 6) None: every day."""

    clock: time | None = None
    weekday: int | None = None

    def __str__(self) -> str:
        if self.clock is None:
            return "asap"
        day = "daily@" if self.weekday is None else f"weekly@{DAYS[self.weekday]}-"
        return f"{day}{self.clock:%H:%M}"


def parse_schedule(text: str) -> Schedule:
    """ "asap", "daily@08:00" or "weekly@mon-08:00" -> schedule. Raises ValueError."""
    value = text.strip().lower()
    if value == "asap":
        return Schedule()
    match = _FORM.fullmatch(value)
    if not match:
        raise ValueError("expected asap, daily@08:00 or weekly@mon-08:00")
    day, hour, minute = match.groups()
    return Schedule(time(int(hour), int(minute)), DAYS.index(day) if day else None)


def parse_zone(name: str) -> ZoneInfo:
    """An IANA zone such as "Asia/Shanghai". Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected a time zone such as UTC or Asia/Shanghai") from None


def next_due(schedule: Schedule, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment strictly after `after` (aware) at which the schedule is due, aware UTC.

    A wall clock that shows the hour twice (the end of summer time) is due the first time; one that
    skips it (the beginning) is due as much later as the clock jumps, as PEP 495 has it with fold=0.
    """
    if schedule.clock is None:
        return after + ASAP_GAP
    day = after.astimezone(zone).date()
    while True:
        if schedule.weekday in (None, day.weekday()):
            due = datetime.combine(day, schedule.clock, zone).astimezone(UTC)
            if due > after:
                return due
        day += timedelta(days=1)
