"""A marked test message to a subscription or to a target: shows that it arrives; stands in no ledger."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from aggregator.deliver.base import Channel, Letter, Links
from aggregator.digest.pick import Selection, arrange, choose
from aggregator.digest.select import EventRow
from aggregator.errors import UsageError
from aggregator.sending import news
from aggregator.sending.claim import Documents
from aggregator.sending.compose import make_composer
from aggregator.sending.send import Delivered
from aggregator.settings import Settings
from aggregator.store import citations, letters, outbox, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.people import new_id
from aggregator.store.query import PaperQuery
from aggregator.topics import Config

PERIOD = timedelta(days=1)
SHOWN = 3
"""Papers of each topic in a message to a target."""


def send(
    store: Store,
    settings: Settings,
    config: Config,
    channels: Mapping[str, Channel],
    subscription: str,
    now: datetime,
) -> list[Delivered]:
    """Send the last day's papers of its watch to a subscription, whether they were told or not.

    Raises NotFoundError if there is no such subscription or watch.
    """
    composer = make_composer(store, settings, config, Documents(), now)
    with store.read() as connection:
        row = subscriptions.by_id(connection, subscription)
        watch = watches.subscribed(connection, config, row.watch, row.watch_owner)
        found = outbox.news_of_days(
            connection, PaperQuery.of(watch.under(row.terms)), row.terms.events, now - PERIOD, now
        )
        docs = letters.documents(connection, [one.paper_pk for one in found])
        works = citations.works(connection, [one.id for one in found if one.kind == "cited"])
        rows = [
            EventRow(one.kind, one.at, docs[one.paper_pk], one.id, works.get(one.id))
            for one in found
        ]
        shown = choose(Selection(watch, rows), config.topics, row.terms.limit)
        quiet = news.excuse(composer.states, now - PERIOD, now)
        told = [Selection(watch, rows, shown, composer.page(connection, row))]
        digest = arrange(told, config.topics, now - PERIOD, now, quiet=quiet)
        letter = composer.trial(connection, row, digest, watch, now)
    count = len({one.doc["id"] for one in rows if one.id in shown})
    return [_handed(channels[row.channel], letter, count, row.id)]


def send_to(
    store: Store,
    settings: Settings,
    config: Config,
    channels: Mapping[str, Channel],
    name: str,
    target: str,
    lang: str,
    now: datetime,
) -> list[Delivered]:
    """Send the last day's papers of all topics to a target of the channel `name`, which need not be
    subscribed to anything.

    Raises UsageError if there is no such channel, or the target is none of its.
    """
    if name not in channels:
        raise UsageError(f'There is no channel "{name}"; expected one of: {", ".join(channels)}.')
    target = channels[name].normal(target)
    digest, states = news.digest(store, settings, config, (), None, now, SHOWN)
    letter = Letter(
        key=f"test-{new_id()}",
        target=target,
        lang=lang,
        at=now,
        digest=digest,
        watches=(),
        sources=tuple(states),
        links=Links(settings.public_url),
        test=True,
    )
    shown = sum(len(section.items) for section in digest.sections)
    return [_handed(channels[name], letter, shown)]


def _handed(channel: Channel, letter: Letter, papers: int, subscription: str = "") -> Delivered:
    """Hand a letter over once."""
    trouble = channel.trouble()
    if trouble:
        return Delivered(subscription, channel.name, letter.target, 0, "deferred", trouble)
    with channel.session() as session:
        outcome = session.send(letter, again=False)
    said = "failed" if outcome.status == "refused" else outcome.status
    return Delivered(subscription, channel.name, letter.target, papers, said, outcome.message)
