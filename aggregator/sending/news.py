"""A digest from the store: asks for the period's events and hands them to the pure stages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from aggregator import calendar, pipeline
from aggregator.digest.pick import Selection, arrange, shortened
from aggregator.digest.quiet import troubled
from aggregator.digest.select import Digest, day_before, select, wanted_topics
from aggregator.errors import UsageError
from aggregator.settings import Settings
from aggregator.status import source_states
from aggregator.store import news, watches
from aggregator.store.db import Store
from aggregator.store.query import PaperQuery
from aggregator.topics import Config


def digest(
    store: Store,
    settings: Settings,
    config: Config,
    names: Collection[str],
    since: datetime | None,
    until: datetime,
    limit: int,
) -> tuple[Digest, list[dict[str, Any]]]:
    """(digest, state of each source) of the period up to `until`; a day long without `since`.

    Raises UsageError for a topic that topics.toml does not have.
    """
    for name in names:
        if config.topic(name) is None:
            known = ", ".join(t.name for t in config.topics)
            raise UsageError(f'There is no topic "{name}"; expected one of: {known}.')
    start = since or day_before(until)
    with store.read() as connection:
        wanted = [topic.name for topic in wanted_topics(config.topics, names)]
        rows = news.topic_rows(connection, start, until, wanted, news.DIGEST_KINDS)
        elsewhere = bool(rows) or news.happened(connection, start, until, news.DIGEST_KINDS)
        states = _states(store, settings, config, connection, until)
    quiet = excuse(states, start, until)
    made = select(
        rows,
        config.topics,
        start,
        until,
        names=names,
        limit=limit,
        quiet=quiet,
        elsewhere=elsewhere,
    )
    return made, states


def watch_digest(
    store: Store,
    settings: Settings,
    config: Config,
    name: str,
    since: datetime | None,
    until: datetime,
    limit: int,
    viewer: watches.Viewer = None,
) -> tuple[Digest, list[dict[str, Any]]]:
    """As `digest`, of what a watch selects. Raises NotFoundError if there is no such watch."""
    start = since or day_before(until)
    with store.read() as connection:
        watch = watches.find(connection, config, name, viewer)
        rows = news.watch_rows(connection, PaperQuery.of(watch), start, until, news.DIGEST_KINDS)
        states = _states(store, settings, config, connection, until)
    quiet = excuse(states, start, until)
    made = arrange([Selection(watch, rows)], config.topics, start, until, quiet=quiet)
    return shortened(made, limit), states


def _states(
    store: Store, settings: Settings, config: Config, connection: Connection, now: datetime
) -> list[dict[str, Any]]:
    return source_states(store, connection, pipeline.make_sources(config, settings), now)


def excuse(states: Sequence[Mapping[str, Any]], since: datetime, until: datetime) -> str:
    """ "weekend" or "holiday" if that is why a period is quiet; "troubled" while a source is in
    trouble or has not been asked as it should: nothing was found, but nobody can say that there is
    nothing."""
    return "troubled" if troubled(states) else calendar.why_quiet(since, until)
