"""Stores with papers in them, for tests of what reads them."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

import sqlalchemy as sa

from aggregator import topics
from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed, Tag
from aggregator.store import tags
from aggregator.store.db import Store
from aggregator.store.sql import one_at_a_time, paper
from aggregator.topics import Config
from tests.conftest import NOW
from tests.drafts import DAY, preprint

CONFIG: Config = topics.parse(
    """
[[topics]]
name = "architectures"
title = "New architectures"
title_zh = "新的网络结构"
works = [{ title = "Deep Residual Learning", arxiv = "1512.03385", authors = ["Kaiming He"], year = 2015 }]

[[topics]]
name = "learning"
title = "New learning techniques"

[[topics]]
name = "gan"
title = "Adversarial networks"
parent = "learning"

[[sources]]
name = "arxiv"
kind = "arxiv"
categories = ["cs.CV"]

[[sources]]
name = "cvf"
kind = "cvf"
venues = ["CVPR2018"]
""",
    str(Path(__file__).name),
)

WORDS = (
    "deep",
    "widgets",
    "residual",
    "learning",
    "sparse",
    "networks",
    "graph",
    "扩散模型",
    "attention",
)


def put(store: Store, *drafts: Draft, source: str = "arxiv", now: datetime = NOW) -> None:
    """Store drafts as a source's page."""
    with store.write() as connection:
        store_drafts(connection, [Parsed(drafts)], source, now, backfill=False)


def untagged(connection: sa.Connection, most: int) -> list[tags.Waiting]:
    """The newest papers that wait for their tags."""
    one_at_a_time(connection, "ingest")
    asked = sa.select(paper.c.pk, paper.c.at, paper.c.heat, paper.c.doc)
    asked = asked.where(paper.c.tagged_by.is_(None)).order_by(paper.c.at.desc()).limit(most)
    rows = connection.execute(asked).all()
    said = tags.said_of(connection, [row.doc["id"] for row in rows])
    return [
        tags.Waiting(row.pk, row.at, row.heat, row.doc, said.get(row.doc["id"], {})) for row in rows
    ]


def give_tags(store: Store, probabilities: Mapping[str, Sequence[tuple[str, float]]]) -> None:
    """Tag the papers that wait, by title: (topic, probability); from 0.5 on it is a tag."""
    with store.write() as connection:
        waiting = untagged(connection, 1_000_000)
        said = [
            [Tag(name, p, p >= 0.5, "model") for name, p in probabilities.get(w.doc["title"], ())]
            for w in waiting
        ]
        tags.save(connection, waiting, said, tagged=True)


def fill(store: Store, count: int, *, length: int = 150, seed: int = 1) -> None:
    """Made-up papers over 40 days, many at the same moment, tagged at random; `length` is that of
    the abstracts, in words."""
    dice = random.Random(seed)
    rare = [f"word{n}" for n in range(3_000)]
    vocabulary = [*WORDS, *rare]
    often = list(
        accumulate(1 / (n + 1) for n in range(len(vocabulary)))
    )  # as words are: Zipf's law
    drafts = [
        preprint(
            f"1711.{n:05d}",
            title=f"{' '.join(dice.choices(WORDS, k=6))} {n}",
            authors=(f"Ada Lovelace {n % 50}", "Alan Turing"),
            abstract=" ".join(dice.choices(vocabulary, cum_weights=often, k=length)) + ".",
            published=DAY - timedelta(days=dice.randrange(40)),
        )
        for n in range(count)
    ]
    for start in range(0, count, 2_000):
        put(store, *drafts[start : start + 2_000])
    names = [topic.name for topic in CONFIG.topics]
    give_tags(store, {d.title: [(name, round(dice.random(), 3)) for name in names] for d in drafts})
