"""The built-in source `works`: the representative works of topics.toml, so that an empty store shows
something worth reading. They are entries like others, and never an event."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed
from aggregator.parse.text import title_key
from aggregator.store import entries
from aggregator.store.db import Store
from aggregator.topics import Config, Work

SOURCE = "works"


def drafts(config: Config) -> list[Draft]:
    """One draft per work; a work of two topics names both."""
    topics: dict[str, list[str]] = defaultdict(list)
    works: dict[str, Work] = {}
    for topic in config.topics:
        for work in topic.works:
            native = title_key(work.title)[:120]
            topics[native].append(topic.name)
            works.setdefault(native, work)
    return [_draft(native, work, topics[native]) for native, work in works.items()]


def load(store: Store, config: Config, now: datetime) -> None:
    """Store what topics.toml names, and that what it names no more stands for no topic; does nothing
    where nothing changed."""
    with store.write() as connection:
        named = drafts(config)
        keys = {draft.key for draft in named}
        left = [
            replace(draft, extra={**draft.extra, "topics": []})
            for draft in entries.of_kind(connection, SOURCE)
            if draft.key not in keys and draft.extra.get("topics")
        ]
        store_drafts(connection, [Parsed((*named, *left))], SOURCE, now, backfill=True)


def _draft(native: str, work: Work, topics: list[str]) -> Draft:
    identifiers = {k: v for k, v in (("arxiv", work.arxiv), ("doi", work.doi.lower())) if v}
    url = f"https://arxiv.org/abs/{work.arxiv}" if work.arxiv else ""
    return Draft(
        kind=SOURCE,
        native_id=native,
        role="work",
        title=work.title,
        url=url or (f"https://doi.org/{work.doi}" if work.doi else ""),
        published=datetime(work.year, 1, 1, tzinfo=UTC),
        authors=work.authors,
        year=work.year,
        identifiers=identifiers,
        extra={"topics": sorted(topics)},
    )
