"""What `daypaper export` writes: every paper, or what a watch selects, in one of the formats."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from aggregator import cite
from aggregator.errors import UsageError
from aggregator.files import opml
from aggregator.learn.labels import export_labels
from aggregator.settings import Settings
from aggregator.store import papers, watches
from aggregator.store.db import Store
from aggregator.store.papers import MOST, PaperQuery
from aggregator.topics import Config

FORMATS = ("jsonl", *cite.FORMATS, "opml", "labels")


def write(
    store: Store, settings: Settings, config: Config, form: str, watch: str, now: datetime
) -> Iterator[str]:
    """The text in pieces, read from the store as they are asked for; `form` is one of `FORMATS`.

    With `watch` "" it is everything. Raises NotFoundError if there is no such watch, and UsageError
    if the feeds or the labels of one are asked for.
    """
    with store.read() as connection:
        found = watches.find(connection, config, watch, watches.ALL) if watch else None
        names = [one.name for one in watches.everything(connection, config)]
    if form == "opml":
        if found:
            raise UsageError("--watch: a list of feeds holds them all; expected none with opml.")
        base = settings.public_url
        feeds = opml.outlines(names, config.topics, base, lambda topic: topic.title)
        return iter([opml.opml(feeds, now).decode()])
    if form == "labels":
        if found:
            raise UsageError("--watch: labels are those of all papers; expected none with labels.")
        return export_labels(store)
    every = _everything(store) if found is None else _selected(store, PaperQuery.of(found))
    if form == "jsonl":
        return (json.dumps(doc, ensure_ascii=False) + "\n" for doc in every)
    return cite.FORMATS[form](every)


def _everything(store: Store) -> Iterator[dict[str, Any]]:
    with store.read() as connection:
        yield from papers.iterate(connection)


def _selected(store: Store, query: PaperQuery) -> Iterator[dict[str, Any]]:
    """Every paper of a query, newest first, read a page at a time; starter works are no result."""
    cursor = None
    with store.read() as connection:
        while True:
            page = papers.page(connection, replace(query, limit=MOST), cursor)
            yield from (doc for doc in page.items if not doc["starter"])
            cursor = page.next
            if cursor is None:
                return
