"""A marked test message to one subscription: shows that it arrives; stands in no ledger."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from aggregator.claim import Documents
from aggregator.compose import make_composer
from aggregator.deliver.base import Channel
from aggregator.digest.pick import Selection, arrange, choose
from aggregator.digest.select import EventRow
from aggregator.send import Delivered
from aggregator.settings import Settings
from aggregator.store import citations, letters, outbox, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.query import PaperQuery
from aggregator.topics import Config

PERIOD = timedelta(days=1)


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
        watch = watches.find(connection, config, row.watch, watches.ALL)
        news = outbox.news_of_days(
            connection, PaperQuery.of(watch), row.terms.events, now - PERIOD, now
        )
        docs = letters.documents(connection, [one.paper_pk for one in news])
        works = citations.works(connection, [one.id for one in news if one.kind == "cited"])
        rows = [
            EventRow(one.kind, one.at, docs[one.paper_pk], one.id, works.get(one.id))
            for one in news
        ]
        shown = choose(Selection(watch, rows), config.topics, row.terms.limit)
        digest = arrange([Selection(watch, rows, shown)], config.topics, now - PERIOD, now)
        letter = composer.trial(connection, row, digest, watch, now)
    channel = channels[row.channel]
    trouble = channel.trouble()
    if trouble:
        return [Delivered(row.id, row.channel, row.target, 0, "deferred", trouble)]
    with channel.session() as session:
        outcome = session.send(letter, again=False)
    said = "failed" if outcome.status == "refused" else outcome.status
    count = len({one.doc["id"] for one in rows if one.id in shown})
    return [Delivered(row.id, row.channel, row.target, count, said, outcome.message)]
