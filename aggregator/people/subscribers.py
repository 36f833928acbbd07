"""Subscribing a target on somebody's word: the watch must exist, the target has its person."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from aggregator import deliver
from aggregator.deliver.base import Channel
from aggregator.errors import NotFoundError, UsageError
from aggregator.people.signing import Signer
from aggregator.settings import Settings
from aggregator.store import declared, people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.sql import one_at_a_time
from aggregator.store.subscriptions import Row
from aggregator.topics import Config
from aggregator.watches import Wanted


def alone(connection: Connection) -> None:
    """Wait until nobody else subscribes anybody; nobody does then until the transaction ends. For who looks
    what is there before something is added: two at once would find the same. Before a person is made,
    too, whom the other one might be making, and wait for this."""
    one_at_a_time(connection, "subscriptions")


def add(
    connection: Connection,
    config: Config,
    wanted: Wanted,
    now: datetime,
    *,
    origin: str,
    confirmed: bool,
    since: datetime | None = None,
    viewer: watches.Viewer = None,
) -> Row:
    """Store a subscription; its target is in the channel's normal form. An e-mail address is a
    person, everything else belongs to the person of this machine.

    Raises NotFoundError if there is no such watch for `viewer`, UsageError as `subscriptions.add`.
    """
    alone(connection)
    watches.find(connection, config, wanted.watch, viewer)
    pk = _person(connection, wanted, now, confirmed=confirmed)
    of_file = config.watch(wanted.watch) is not None
    return subscriptions.add(
        connection,
        wanted,
        pk,
        now,
        origin=origin,
        confirmed=confirmed,
        since=since,
        watch_owner=None if of_file else watches.owner(connection, wanted.watch),
    )


def check_file(settings: Settings, config: Config) -> None:
    """Check the targets of the file's subscriptions; their watches may be in the store, which is not
    asked. Raises UsageError as `follow_file`."""
    channels = deliver.channels(settings) if config.subscriptions else {}
    for one in config.subscriptions:
        _normal(settings, channels, one)


def follow_file(store: Store, settings: Settings, config: Config, now: datetime) -> None:
    """Make the subscriptions of topics.toml those of the store. An address that was erased is
    subscribed to nothing by it, and not stored again.

    Raises UsageError if one names no watch, or a target that its channel does not have.
    """
    channels = deliver.channels(settings) if config.subscriptions else {}
    with store.write() as connection:
        alone(connection)
        erased = people.erased(connection)
        signer = Signer.of(settings) if erased else None
        wanted = []
        for one in config.subscriptions:
            try:
                watches.find(connection, config, one.watch)
            except NotFoundError as error:
                raise UsageError(f"{_where(settings, one)}: {error}") from None
            one = _normal(settings, channels, one)
            if signer and signer.erased(_address(one)) in erased:
                continue
            wanted.append((one, _person(connection, one, now, confirmed=True)))
        declared.follow(connection, wanted, now)


def _normal(settings: Settings, channels: Mapping[str, Channel], one: Wanted) -> Wanted:
    try:
        return one.model_copy(update={"target": channels[one.channel].normal(one.target)})
    except UsageError as error:
        raise UsageError(f"{_where(settings, one)}: {error}") from None


def _where(settings: Settings, one: Wanted) -> str:
    return f'{settings.topics}: [[subscriptions]] to {one.channel} of "{one.watch}"'


def _person(connection: Connection, wanted: Wanted, now: datetime, *, confirmed: bool) -> int:
    return people.ensure(
        connection, _address(wanted), now, lang=wanted.lang, tz=wanted.tz, confirmed=confirmed
    )


def _address(wanted: Wanted) -> str:
    return f"email:{wanted.target}" if wanted.channel == "email" else people.LOCAL
