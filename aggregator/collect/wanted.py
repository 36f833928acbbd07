"""Fetching a source because a person asks: whether it may be asked now, and the wish for who fetches.

Nothing is fetched here: the processes that fetch find the wish (`schedule.wanted`) and do what they
do when a source is due.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from aggregator.sources.base import Source
from aggregator.status import is_running
from aggregator.store import health, ledger, wishes
from aggregator.store.db import Store


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why an upstream is not asked now. rests: it is left alone `until` then (logical); stopped: until a
    person has seen to it; spent: the requests of the day (UTC) are used. `reason` is what it said."""

    kind: Literal["rests", "stopped", "spent"]
    until: datetime | None = None
    reason: str = ""


def hindrance(connection: Connection, source: Source, now: datetime) -> Hindrance | None:
    """What the politeness ledger has against asking this source's upstream at the logical moment `now`;
    None if nothing. Pace is no hindrance: each request waits for its turn."""
    resting = ledger.cooldown(connection, source.upstream, now)
    if resting:
        until, reason = resting
        if until == ledger.FOR_A_PERSON:
            return Hindrance("stopped", reason=reason)
        return Hindrance("rests", until, reason)
    if ledger.is_spent(connection, source.upstream, now.astimezone(UTC).date()):
        return Hindrance("spent")
    return None


def fetch_now(store: Store, source: Source, now: datetime) -> Hindrance | None:
    """Wish for a source at the logical moment `now`, unless something hinders it (which is given back)
    or it is being fetched; a wish that waits stays the only one."""
    with store.write() as connection:
        run = health.newest_runs(connection, now).get(source.name)
        against = hindrance(connection, source, now)
        if against is None and not is_running(store, source, run):
            wishes.make(connection, source.name, now)
        return against


def said(source: Source, against: Hindrance) -> str:
    """The hindrance in one or two sentences, for programs and the terminal."""
    until = f"{against.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if against.until else ""
    sentence = {
        "rests": f"{source.upstream} asked to be left alone until {until}.",
        "stopped": f"{source.upstream} took Daypaper for a robot and is left alone until a person has seen "
        f"to it and run `daypaper collect {source.name}`.",
        "spent": f"The requests that {source.upstream} is sent in a day are used, until midnight UTC.",
    }[against.kind]
    return f"{sentence} {against.reason}".strip()
