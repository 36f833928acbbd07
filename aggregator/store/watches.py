"""Watches: those of the topics and of topics.toml, and those that were saved here.

One that a person with an account saved is theirs alone. Whoever does not say for whom a watch is looked
up sees what is everybody's.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import NotFoundError, UsageError
from aggregator.store.sql import subscription, watch
from aggregator.topics import RESERVED, Config
from aggregator.watches import NAME, Watch, wordless

Viewer = int | Literal["all"] | None
"""For whom watches are looked up: a person (by key), who sees their own, too; whoever runs Daypaper, who
sees all; anybody."""
ALL: Literal["all"] = "all"


def find(connection: Connection, config: Config, name: str, viewer: Viewer = None) -> Watch:
    """The watch of that name; what the file says goes before what was saved.

    Raises NotFoundError, also for one that is another's.
    """
    return _find(connection, config, name, _seen(viewer))


def subscribed(connection: Connection, config: Config, name: str, owner_pk: int | None) -> Watch:
    """The watch of a subscription: `owner_pk` says whose own it was when it was subscribed to. One of
    the same name that somebody else has saved since is not it: that may be nobody's business.

    Raises NotFoundError if it is gone.
    """
    return _find(connection, config, name, watch.c.owner.is_not_distinct_from(owner_pk))


def owner(connection: Connection, name: str) -> int | None:
    """Whose own a saved watch is; None for everybody's, and for none."""
    return connection.scalar(sa.select(watch.c.owner).where(watch.c.name == name))


def saved(connection: Connection, viewer: Viewer = None) -> list[Watch]:
    """The watches that were saved here, by name."""
    rows = connection.execute(sa.select(watch).where(_seen(viewer)).order_by(watch.c.name))
    return [Watch(name=row.name, **row.filter) for row in rows]


def everything(connection: Connection, config: Config, viewer: Viewer = None) -> list[Watch]:
    """Every watch: the topics in their order, those of the file, those saved here."""
    names = [t.name for t in config.topics] + [w.name for w in config.watches]
    from_file = [known for name in names if (known := config.watch(name))]
    return from_file + [one for one in saved(connection, viewer) if one.name not in names]


def save(
    connection: Connection, config: Config, made: Watch, now: datetime, owner_pk: int | None = None
) -> None:
    """Store a new watch, or another filter for one that was saved here by the same: by a person, or
    for everybody.

    Raises UsageError if the name is the file's or another's, if a topic does not exist, or if something
    is no word.
    """
    if trouble := wordless(made):
        raise UsageError(f"watch: {trouble}")
    known = connection.execute(sa.select(watch.c.owner).where(watch.c.name == made.name)).first()
    others = known is not None and known.owner != owner_pk
    if others or config.watch(made.name) or made.name in RESERVED:
        raise UsageError(f'watch: the name "{made.name}" is taken; expected another.')
    for topic in (*made.topics, *made.exclude_topics):
        if config.topic(topic) is None:
            known = ", ".join(t.name for t in config.topics)
            raise UsageError(f'watch: there is no topic "{topic}"; expected one of: {known}.')
    said = made.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    change = sa.update(watch).where(watch.c.name == made.name).values(filter=said)
    if not connection.execute(change).rowcount:
        row = {"name": made.name, "filter": said, "owner": owner_pk, "created_at": now}
        connection.execute(sa.insert(watch).values(**row))


def delete(
    connection: Connection, config: Config, name: str, viewer: Viewer = None
) -> Sequence[str]:
    """Delete a saved watch and end its subscriptions; returns the ids of those that ended.

    Raises UsageError for a watch of the file, NotFoundError for none.
    """
    if config.watch(name):
        raise UsageError(f'The watch "{name}" stands in topics.toml; expected one saved here.')
    ended = _delete(connection, (watch.c.name == name) & _seen(viewer))
    if ended is None:
        raise missing(name)
    return ended


def delete_of(connection: Connection, owner_pk: int) -> None:
    """Delete the watches that are a person's own, and end their subscriptions."""
    _delete(connection, watch.c.owner == owner_pk)


def missing(name: str) -> NotFoundError:
    """What is said of a name that no watch has."""
    return NotFoundError(
        f'There is no watch "{name}"; `daypaper watch list` and GET /api/v1/watches name all.'
    )


def _find(
    connection: Connection, config: Config, name: str, which: sa.ColumnElement[bool]
) -> Watch:
    known = config.watch(name)
    if known:
        return known
    if not re.fullmatch(NAME, name):  # asked all the same, PostgreSQL would refuse a NUL
        raise missing(name)
    saved = connection.scalar(sa.select(watch.c.filter).where(watch.c.name == name, which))
    if saved is None:
        raise missing(name)
    return Watch(name=name, **saved)


def _delete(connection: Connection, which: sa.ColumnElement[bool]) -> list[str] | None:
    """Delete these saved watches; returns the ids of the subscriptions that ended, None if there was
    no such watch."""
    gone = connection.execute(sa.delete(watch).where(which).returning(watch.c.name, watch.c.owner))
    ended: list[str] | None = None
    for name, owner_pk in gone.all():
        theirs = subscription.c.watch_owner.is_not_distinct_from(owner_pk)
        mine = (subscription.c.watch == name) & theirs
        change = sa.update(subscription).where(mine, subscription.c.state != "ended")
        asked = change.values(state="ended").returning(subscription.c.id)
        ended = [*(ended or []), *connection.scalars(asked)]
        # Those that had ended before, too: whoever gets this name or this key next is another.
        connection.execute(sa.update(subscription).where(mine).values(watch_owner=None))
    return ended


def _seen(viewer: Viewer) -> sa.ColumnElement[bool]:
    if viewer == ALL:
        return sa.true()
    everybodys = watch.c.owner.is_(None)
    return everybodys if viewer is None else everybodys | (watch.c.owner == viewer)
