"""The politeness ledger: pace, cooldown, validators, checkpoints and look-ups, shared by everyone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.clock import parse_moment
from aggregator.sources.base import BUDGET, Validator
from aggregator.store.sql import (
    checkpoint,
    insert_missing,
    lookup,
    spending,
    upsert,
    upstream,
    validated,
)

FOR_A_PERSON = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a cooldown that only a person can lift."""
LOOK_UPS = "arxiv look-ups"
"""What stands for arXiv's look-ups by id: after a failed one the others wait, too."""
LOOK_UPS_WAIT = timedelta(hours=1)
"""So long, if arXiv does not say itself."""
MOST_AHEAD = timedelta(hours=1)
LOOKUP_TRIES = 3
LOOKUP_AGAIN = {"arxiv": timedelta(days=1), "doi": timedelta(days=7)}
"""After what time something that was not found is asked for again: arXiv's index lags by hours,
publishers register a DOI days after they print it."""

# Put together once: that takes longer than the database takes to answer, and every attempt needs them.
_RESTING = sa.select(upstream.c.cooldown_until, upstream.c.cooldown_reason).where(
    upstream.c.name == sa.bindparam("upstream")
)
_VALIDATOR = sa.select(validated).where(
    validated.c.source == sa.bindparam("source"), validated.c.url == sa.bindparam("url")
)
_CHECKPOINTS = sa.select(checkpoint.c.stream, checkpoint.c.value).where(
    checkpoint.c.source == sa.bindparam("name")
)


def reserve(connection: Connection, name: str, pace: timedelta, now: datetime) -> datetime:
    """The wall time at which the next request to this upstream may start; the slot is then taken.

    Atomic in the caller's write transaction, so that workers never get the same slot.
    """
    row = connection.execute(
        sa.select(upstream.c.next_allowed).where(upstream.c.name == name).with_for_update()
    ).first()
    taken = row.next_allowed if row else None
    # Further ahead than any queue of workers: the clock has jumped back.
    start = taken if taken and now < taken < now + MOST_AHEAD else now
    change = {"next_allowed": start + pace}
    if row:
        connection.execute(sa.update(upstream).where(upstream.c.name == name).values(**change))
    else:
        _make(connection, name, **change)
    return start


def put_off(connection: Connection, name: str, until: datetime) -> None:
    """The next request to this upstream is not to start before then (wall time)."""
    early = (upstream.c.name == name, upstream.c.next_allowed < until)
    connection.execute(sa.update(upstream).where(*early).values(next_allowed=until))


def spend(connection: Connection, name: str, day: date, most: int) -> bool:
    """Count a request to this upstream on this day (UTC, logical), unless `most` were sent: then False.

    Atomic, whoever else spends of the same budget.
    """
    row = {"upstream": name, "day": day.isoformat(), "used": 0, "most": most}
    insert_missing(connection, spending, [row], ("upstream", "day"))
    mine = (spending.c.upstream == name, spending.c.day == day.isoformat())
    change = sa.update(spending).where(*mine, spending.c.used < most)
    return bool(connection.execute(change.values(used=spending.c.used + 1, most=most)).rowcount)


def spend_all(connection: Connection, name: str, day: date, most: int) -> None:
    """Nothing more is to be asked of this upstream on this day."""
    row = {"upstream": name, "day": day.isoformat(), "used": most, "most": most}
    upsert(connection, spending, [row])


def is_spent(connection: Connection, name: str, day: date) -> bool:
    """Is the budget of this upstream for this day (UTC, logical) used?"""
    mine = (spending.c.upstream == name, spending.c.day == day.isoformat())
    used = sa.select(spending.c.upstream).where(*mine, spending.c.used >= spending.c.most)
    return connection.execute(used).first() is not None


def cool_down(connection: Connection, name: str, until: datetime, reason: str) -> None:
    """Leave this upstream alone until then (logical time), or longer if that was said before."""
    known = connection.scalar(sa.select(upstream.c.cooldown_until).where(upstream.c.name == name))
    if known and known >= until:
        return
    change = {"cooldown_until": until, "cooldown_reason": reason}
    done = connection.execute(sa.update(upstream).where(upstream.c.name == name).values(**change))
    if not done.rowcount:
        _make(connection, name, **change)


def cooldown(connection: Connection, name: str, now: datetime) -> tuple[datetime, str] | None:
    """(until, reason) if this upstream is to be left alone at this logical time, else None."""
    row = connection.execute(_RESTING, {"upstream": name}).first()
    if row and row.cooldown_until and row.cooldown_until > now:
        return row.cooldown_until, row.cooldown_reason
    return None


def cooldowns(connection: Connection) -> dict[str, datetime]:
    """Until when (logical time) each upstream is to be left alone that ever was; not those that wait
    for a person."""
    asked = sa.select(upstream.c.name, upstream.c.cooldown_until).where(
        upstream.c.cooldown_until < FOR_A_PERSON
    )
    return {row.name: row.cooldown_until for row in connection.execute(asked)}


def renewals(connection: Connection) -> dict[str, datetime]:
    """When the day's budget was or is renewed that last made each source stop."""
    asked = sa.select(checkpoint.c.source, checkpoint.c.value).where(checkpoint.c.stream == BUDGET)
    return {row.source: parse_moment(row.value["renewed"]) for row in connection.execute(asked)}


def lift(connection: Connection, name: str) -> None:
    """End the cooldown of this upstream: a person takes it upon themselves."""
    change = {"cooldown_until": None, "cooldown_reason": ""}
    connection.execute(sa.update(upstream).where(upstream.c.name == name).values(**change))


def _make(connection: Connection, name: str, **values: Any) -> None:
    blank = {"name": name, "next_allowed": None, "cooldown_until": None, "cooldown_reason": ""}
    upsert(connection, upstream, [blank | values])


def validator(connection: Connection, source: str, url: str) -> Validator | None:
    """What is known of the answer that this source last stored for this URL."""
    row = connection.execute(_VALIDATOR, {"source": source, "url": url}).first()
    return Validator(url, row.etag, row.last_modified, row.digest) if row else None


def save_validators(connection: Connection, source: str, validators: Sequence[Validator]) -> None:
    """Remember these for the source's next conditional request; call with what they belong to."""
    rows = {
        v.url: {
            "source": source,
            "url": v.url,
            "etag": v.etag,
            "last_modified": v.last_modified,
            "digest": v.digest,
        }
        for v in validators
    }
    upsert(connection, validated, list(rows.values()))


def checkpoints(connection: Connection, source: str) -> dict[str, Any]:
    """How far each stream of the source has been stored."""
    rows = connection.execute(_CHECKPOINTS, {"name": source})
    return {row.stream: row.value for row in rows}


def save_checkpoints(connection: Connection, source: str, moved: Mapping[str, Any]) -> None:
    """Move the streams to these values; None forgets a stream."""
    gone = [stream for stream, value in moved.items() if value is None]
    if gone:
        connection.execute(
            sa.delete(checkpoint).where(
                checkpoint.c.source == source, checkpoint.c.stream.in_(gone)
            )
        )
    upsert(
        connection,
        checkpoint,
        [
            {"source": source, "stream": stream, "value": value}
            for stream, value in moved.items()
            if value is not None
        ],
    )


def want(connection: Connection, names: Collection[str]) -> None:
    """Note identifiers that something named, to be looked up."""
    rows = [{"name": name, "found": False, "tries": 0, "asked_at": None} for name in sorted(names)]
    insert_missing(connection, lookup, rows, ("name",))


def wanted(connection: Connection, kind: str, most: int, now: datetime) -> list[str]:
    """Identifiers of this kind ("arxiv", "doi") to look up now, without the kind; at most so many.
    What was not found is asked for again after `LOOKUP_AGAIN`, and given up after three times."""
    asked = (
        sa.select(lookup.c.name)
        .where(lookup.c.found.is_(False), lookup.c.tries < LOOKUP_TRIES)
        .where(sa.or_(lookup.c.asked_at.is_(None), lookup.c.asked_at <= now - LOOKUP_AGAIN[kind]))
        .where(lookup.c.name.startswith(f"{kind}:"))
        .order_by(lookup.c.name)
        .limit(most)
    )
    return [name.removeprefix(f"{kind}:") for name in connection.scalars(asked)]


def looked_up(
    connection: Connection, names: Collection[str], found: Collection[str], now: datetime
) -> None:
    """Note what was asked for, and which of it exists."""
    for name in sorted(names):
        connection.execute(
            sa.update(lookup)
            .where(lookup.c.name == name)
            .values(asked_at=now, found=name in found, tries=lookup.c.tries + 1)
        )
