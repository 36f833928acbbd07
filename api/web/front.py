"""What the front page says: which day it shows, and what is going on while there is nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from aggregator import calendar
from aggregator.digest.quiet import unasked
from aggregator.errors import UsageError
from aggregator.models import QUIET_STATUSES

DAY = timedelta(days=1)
REACHED = frozenset({"ok", "not_out_yet", "holiday", "stale", "partial", "mismatch"})
"""Statuses of a source that answered."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Why the store is empty (a key of the catalogue), and what the running sources say."""

    key: str
    progress: tuple[tuple[str, str], ...]  # (source, how far it is)
    messages: tuple[tuple[str, str], ...]  # (source, what went wrong)


def situation(states: Sequence[Mapping[str, Any]]) -> Situation:
    """What to tell a reader whose store has no news, from the states of the sources."""
    progress = tuple((s["name"], s["message"]) for s in states if s["running"])
    asked = [s for s in states if s["status"] is not None]
    trouble = tuple((s["name"], s["message"]) for s in asked if s["status"] not in REACHED)
    if progress:
        return Situation("empty_running", progress, trouble)
    if not asked:
        return Situation("empty_waiting", (), ())
    if len(trouble) == len(asked):
        return Situation("empty_failed", (), trouble)
    return Situation("empty_quiet", (), trouble)


@dataclass(frozen=True, slots=True)
class Morning:
    """How many sources answered when they were asked last and lack nothing; of the others the one to name,
    whether that one was silent, and how many more there are."""

    fine: int
    sources: int
    named: Mapping[str, Any] | None
    silent: bool
    others: int


def morning(states: Sequence[Mapping[str, Any]]) -> Morning:
    """The states of the sources in one line; who is silent is named before who lacks something, and
    that before who was never asked."""

    def silent(source: Mapping[str, Any]) -> bool:
        return source["status"] is not None and source["status"] not in REACHED

    fine = [s for s in states if s["status"] in QUIET_STATUSES and not unasked(s)]
    lacking = [s for s in states if s not in fine]
    lacking.sort(key=lambda s: (not silent(s), s["status"] is None))
    named = lacking[0] if lacking else None
    return Morning(
        len(fine),
        len(states),
        named,
        named is not None and silent(named),
        max(0, len(lacking) - 1),
    )


def day_of(moment: datetime) -> datetime:
    """The midnight (UTC) at which this moment's day begins."""
    return datetime.combine(moment.date(), time(0), UTC)


def asked_day(date: str) -> datetime:
    """The day that an address asks for. Raises UsageError if it is none of our time."""
    try:
        day = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError("date: expected a day such as 2017-11-13.") from None
    if not 1990 <= day.year <= 2200:
        raise UsageError("date: expected a day between 1990 and 2200.")
    return day


def note(
    shown: datetime, today: datetime, asked: bool, empty: bool, states: Sequence[Mapping[str, Any]]
) -> str:
    """Key of the sentence above the papers, "" if none is needed."""
    if asked or shown == today:
        return _with_reason("day_empty", shown) if empty else ""
    # No calendar excuses what was not looked at.
    return "not_today_unasked" if any(map(unasked, states)) else _with_reason("not_today", today)


def _with_reason(key: str, day: datetime) -> str:
    reason = calendar.today(day + DAY / 2).reason
    return f"{key}_{reason}" if reason else key
