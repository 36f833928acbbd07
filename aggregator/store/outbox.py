"""The ledger: what each subscription has still to be told, and claiming it before it is sent.

Event ids grow in the order in which events are stored (only one writer stores at a time), so each
subscription remembers one id up to which everything has been looked at. No clock decides what is
new, and nothing that was stored late is passed over.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store import told as told_rows
from aggregator.store.query import PaperQuery, selects
from aggregator.store.sql import (
    TOLD_PAPER,
    chunks,
    delivery,
    event,
    hold,
    insert_into,
    is_sqlite,
    letter,
    one_at_a_time,
    paper,
    subscription,
)
from aggregator.store.subscriptions import Row, row_of

OLDEST = timedelta(days=30)
"""An event of a day longer past when it was stored is history, not news."""
SKEW = timedelta(days=1)
"""What lies further ahead than this was written by a clock that was wrong."""
BATCH = 500  # subscriptions claimed in one transaction


@dataclass(frozen=True, slots=True)
class News:
    """An event that may have to be told."""

    id: int
    kind: str
    at: datetime
    seen_at: datetime
    backfill: bool
    paper_pk: int
    paper_id: str
    first_id: int  # its place among all events, though it was given another id since


@dataclass(frozen=True, slots=True)
class Start:
    """What a first digest begins with: how far back it goes, the newest event of when its owner's word
    came, all later ones being news, and the newest event of now."""

    since: datetime
    begun: int
    newest: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a letter is made of, before it is stored. `told` maps subscription -> event id ->
    "shown" or "summarised"; `folded` are letters of which it takes over what they tell its subscriptions."""

    key: str
    channel: str
    target: str
    lang: str
    subscriptions: tuple[int, ...]
    told: Mapping[int, Mapping[int, str]]
    folded: tuple[int, ...] = ()
    late_since: datetime | None = None
    paused_since: datetime | None = None


def due(connection: Connection, now: datetime, channels: Collection[str]) -> list[Row]:
    """The active subscriptions of these channels that are due, those of one target together."""
    # Told at a moment that has not come yet: a clock was wrong, and with it when it is due.
    ahead = subscription.c.told_at > now + SKEW
    asked = sa.select(subscription).where(
        subscription.c.state == "active",
        subscription.c.channel.in_(list(channels)),
        subscription.c.next_due.is_(None) | (subscription.c.next_due <= now) | ahead,
    )
    order = (subscription.c.watch, subscription.c.pk)
    rows = [row_of(row._mapping) for row in connection.execute(asked.order_by(*order))]
    # Groups of one watch after the other, so that a batch asks for few watches.
    first: dict[tuple[str, str, str], int] = {}
    for n, row in enumerate(rows):
        first.setdefault((row.channel, row.target, row.terms.lang), n)
    return sorted(rows, key=lambda r: (first[(r.channel, r.target, r.terms.lang)], r.pk))


def newest(connection: Connection) -> int:
    """The highest event id, 0 in an empty store."""
    return connection.scalar(sa.select(sa.func.max(event.c.id))) or 0


def unready(
    connection: Connection, after: int, now: datetime, since: datetime | None = None
) -> list[int]:
    """The ids above `after` of events that cannot be told yet, ascending: their paper waits for its
    tags, or they are of a later moment than `now`. With `since` those from that day on, too."""
    waits = paper.c.tagged_by.is_(None) | ~_is_here(now)
    asked = sa.select(event.c.id).join(paper, paper.c.id == TOLD_PAPER).where(waits)
    late = event.c.id > after
    asked = asked.where(late if since is None else late | (event.c.at >= since))
    return list(connection.scalars(asked.order_by(event.c.id)))


def news_since(
    connection: Connection, query: PaperQuery, kinds: Collection[str], after: int, now: datetime
) -> list[News]:
    """Events above the id `after` that the query selects and that can be told, ascending."""
    return _news(connection, query, kinds, now, event.c.id > after)


def news_of_days(
    connection: Connection,
    query: PaperQuery,
    kinds: Collection[str],
    since: datetime,
    now: datetime,
) -> list[News]:
    """Events with `at` between `since` (included) and `now` that the query selects, for the first
    digest: whenever they were stored, back-fill too. A conference's papers may be known before its
    day: of later days those that were stored in this time, back-fill left out."""
    known = ~event.c.backfill & (event.c.seen_at >= since) & _is_here(now)
    days = (event.c.at >= since) & ((event.c.at <= now) | known)
    return _news(connection, query, kinds, None, days)


def is_of_days(one: News, since: datetime, now: datetime) -> bool:
    """Is this event, which has been stored by `now`, one of `news_of_days`?"""
    known = not one.backfill and one.seen_at >= since
    return one.at >= since and (one.at <= now or known)


def _is_here(now: datetime) -> sa.ColumnElement[bool]:
    """Has the event been stored by `now`? One that seems to be of a much later moment has."""
    return (event.c.seen_at <= now) | (event.c.seen_at > now + SKEW)


def _news(
    connection: Connection,
    query: PaperQuery,
    kinds: Collection[str],
    now: datetime | None,
    which: sa.ColumnElement[bool],
) -> list[News]:
    asked = (
        sa.select(*_COLUMNS)
        .join(paper, paper.c.id == TOLD_PAPER)
        .where(which, ~event.c.superseded, event.c.kind.in_([k for k in kinds if k != "withdrawn"]))
        .where(paper.c.tagged_by.is_not(None), ~paper.c.withdrawn, *selects(connection, query))
    )
    if now is not None:
        asked = asked.where(_is_here(now))
    return [News(*row) for row in connection.execute(asked.order_by(event.c.id))]


def withdrawals(connection: Connection, after: int, now: datetime) -> list[News]:
    """Papers withdrawn, as events above the id `after`."""
    asked = (
        sa.select(*_COLUMNS)
        .join(paper, paper.c.id == event.c.paper_id)
        .where(event.c.id > after, event.c.kind == "withdrawn", ~event.c.superseded)
        .where(_is_here(now), paper.c.withdrawn)
    )
    return [News(*row) for row in connection.execute(asked.order_by(event.c.id))]


_COLUMNS = (
    event.c.id,
    event.c.kind,
    event.c.at,
    event.c.seen_at,
    event.c.backfill,
    paper.c.pk,
    paper.c.id,
    sa.func.coalesce(event.c.first_id, event.c.id),
)


def told(
    connection: Connection, subscriptions: Sequence[int], events: Collection[int]
) -> set[tuple[int, int]]:
    """Of these subscriptions and events the pairs (subscription, event) that the ledger has."""
    found: set[tuple[int, int]] = set()
    for part in chunks(sorted(events)):
        asked = sa.select(delivery.c.subscription_pk, delivery.c.event_id).where(
            delivery.c.event_id.in_(part), delivery.c.subscription_pk.in_(subscriptions)
        )
        found |= {(row[0], row[1]) for row in connection.execute(asked)}
    return found


def same_news(connection: Connection, papers: Collection[str]) -> dict[tuple[str, str], list[int]]:
    """(paper, kind) -> events that tell the same: a `new` of before two papers became one, each
    `published`, since a conference's papers stand in its proceedings, on its virtual site and at
    OpenReview, and each `discussed`: that a paper is talked about is news once."""
    found: dict[tuple[str, str], list[int]] = {}
    old = event.c.superseded & (event.c.kind == "new")
    for part in chunks(sorted(papers)):
        asked = sa.select(event.c.paper_id, event.c.kind, event.c.id).where(
            event.c.paper_id.in_(part), old | event.c.kind.in_(("published", "discussed"))
        )
        for row in connection.execute(asked):
            found.setdefault((row[0], row[1]), []).append(row[2])
    return found


def shown_papers(
    connection: Connection, subscriptions: Sequence[int], papers: Collection[str]
) -> set[tuple[int, str]]:
    """The pairs (subscription, paper) where the one was shown the other, or may have been: a try that
    broke off may have got through."""
    begun = (letter.c.state == "claimed") & letter.c.handed_at.is_not(None)
    arrived = (letter.c.state == "sent") | letter.c.unsure | (letter.c.repeats > 0) | begun
    found: set[tuple[int, str]] = set()
    for part in chunks(sorted(papers)):
        cites = event.c.kind == "cited"
        of_part = ~cites & event.c.paper_id.in_(part) | cites & event.c.cause.in_(part)
        asked = (
            sa.select(delivery.c.subscription_pk, TOLD_PAPER)
            .join(event, event.c.id == delivery.c.event_id)
            .outerjoin(letter, letter.c.pk == delivery.c.letter_pk)
            .where(of_part, delivery.c.outcome == "shown")
            .where(letter.c.pk.is_(None) | arrived)
            .where(delivery.c.subscription_pk.in_(subscriptions))
        )
        found |= {(row[0], row[1]) for row in connection.execute(asked)}
    return found


def shown_since(connection: Connection, subscription_pk: int, since: datetime) -> int:
    """How many papers a subscription was shown in digests from `since` on."""
    asked = (
        sa.select(sa.func.count(TOLD_PAPER.distinct()))
        .select_from(delivery)
        .join(event, event.c.id == delivery.c.event_id)
        .join(letter, letter.c.pk == delivery.c.letter_pk)
        .where(delivery.c.subscription_pk == subscription_pk, delivery.c.outcome == "shown")
        .where(letter.c.at >= since)
    )
    return connection.execute(asked).scalar_one()


def unsent(
    connection: Connection, channel: str, targets: Collection[str]
) -> dict[str, list[sa.Row[Any]]]:
    """Target -> its letters that did not get through for certain and may go into a later one."""
    found: dict[str, list[sa.Row[Any]]] = {}
    for part in chunks(sorted(targets)):
        asked = sa.select(letter).where(
            letter.c.channel == channel,
            letter.c.target.in_(part),
            letter.c.state.in_(told_rows.UNSENT),
            ~letter.c.unsure,
        )
        for row in connection.execute(asked.order_by(letter.c.pk)):
            found.setdefault(row.target, []).append(row)
    return found


def lock(connection: Connection, rows: Sequence[Row]) -> None:
    """Hold these subscriptions, and keep papers as they are, until the transaction ends: what is
    not ready is asked first and what is news after it, and nothing may move in between."""
    one_at_a_time(connection, "ingest")
    hold(connection, [row.pk for row in rows])


def fold(connection: Connection, one: sa.Row[Any]) -> bool:
    """Take a letter's contents for a later one; False if somebody has begun to send it again."""
    same = (
        (letter.c.pk == one.pk)
        & (letter.c.state == one.state)
        & (letter.c.tries == one.tries)
        & (letter.c.sender == one.sender)
    )
    change = sa.update(letter).where(same).values(state="folded", next_try=None)
    return connection.execute(change).rowcount == 1


def unfold(connection: Connection, one: sa.Row[Any]) -> None:
    """There is no later one after all."""
    same = (letter.c.pk == one.pk) & (letter.c.state == "folded")
    change = sa.update(letter).where(same).values(state=one.state, next_try=one.next_try)
    connection.execute(change)


def begin(connection: Connection, row: Row, covered: int, start: Start, now: datetime) -> None:
    """Note what the first digest of a subscription that waits for news will begin with."""
    same = (subscription.c.pk == row.pk) & subscription.c.started_at.is_(None)
    values = {"started_at": now, "started_id": start.newest, "since": start.since}
    change = sa.update(subscription).where(same).values(covered=covered, **values)
    connection.execute(change)


def advance(
    connection: Connection,
    row: Row,
    now: datetime,
    due_next: datetime | None,
    covered: int,
    start: Start | None,
    *,
    says: bool,
) -> bool:
    """Note that a subscription was told everything up to the id `covered` and is due again at
    `due_next`; False if another sender did so meanwhile. `start` is what the first digest began
    with; `says`: there is a letter, which also says what a pause skipped."""
    values: dict[str, Any] = {"next_due": due_next, "covered": max(covered, row.covered)}
    values["told_at"] = now
    if says:
        values["skipped_since"] = None
    if start:
        values |= {"started_at": now, "started_id": start.newest, "since": start.since}
    same = sa.and_(
        subscription.c.pk == row.pk,
        subscription.c.state == "active",
        subscription.c.covered == row.covered,
        subscription.c.started_id == row.started_id,
        subscription.c.next_due.is_not_distinct_from(row.next_due),
        subscription.c.told_at.is_not_distinct_from(row.told_at),
    )
    return connection.execute(sa.update(subscription).where(same).values(**values)).rowcount == 1


def cover(connection: Connection, row: Row, covered: int) -> None:
    """Note that there was nothing to tell up to this id."""
    same = (subscription.c.pk == row.pk) & (subscription.c.covered == row.covered)
    connection.execute(sa.update(subscription).where(same).values(covered=covered))


def claim(connection: Connection, claims: Sequence[Claim], sender: str, now: datetime) -> list[int]:
    """Store letters with their part of the ledger; returns their keys (`pk`)."""
    made = []
    for one in claims:
        values = {
            "key": one.key,
            "channel": one.channel,
            "target": one.target,
            "lang": one.lang,
            "at": now,
            "subscriptions": list(one.subscriptions),
            "state": "claimed",
            "sender": sender,
            "tries": 0,
            "repeats": 0,
            "unsure": False,
            "outcome": "",
            "late_since": one.late_since,
            "paused_since": one.paused_since,
        }
        inserted = connection.execute(sa.insert(letter).values(**values).returning(letter.c.pk))
        pk = int(inserted.scalar_one())
        made.append(pk)
        for old in one.folded:
            told_rows.set_apart(connection, old, one.subscriptions)
            take = sa.update(delivery).where(delivery.c.letter_pk == old).values(letter_pk=pk)
            connection.execute(take)
        if one.folded:
            told_rows.drop(connection, pk)
            told_rows.drop_withdrawn(connection, pk)
        for subscription_pk, events in one.told.items():
            _write(connection, pk, subscription_pk, events)
    return made


def _write(
    connection: Connection, letter_pk: int, subscription_pk: int, events: Mapping[int, str]
) -> None:
    """Rows of the ledger in one statement, whose only parameter is the list of ids: sent row by
    row, a day of a large installation takes minutes."""
    for outcome in sorted(set(events.values())):
        ids = sorted(i for i, said in events.items() if said == outcome)
        fixed = [sa.literal(v) for v in (subscription_pk, letter_pk, outcome)]
        if is_sqlite(connection):
            each = sa.func.json_each(sa.literal(str(ids))).table_valued("value").c.value
        else:
            each = sa.func.unnest(sa.cast(ids, sa.ARRAY(sa.BigInteger))).column_valued("value")
        rows = sa.select(each, *fixed)
        columns = ["event_id", "subscription_pk", "letter_pk", "outcome"]
        connection.execute(insert_into(connection, delivery).from_select(columns, rows))


def rows_of(connection: Connection, keys: Iterable[int]) -> dict[int, Row]:
    """Subscriptions by key."""
    found: dict[int, Row] = {}
    for part in chunks(sorted(keys)):
        asked = sa.select(subscription).where(subscription.c.pk.in_(part))
        found |= {row.pk: row_of(row._mapping) for row in connection.execute(asked)}
    return found
