"""Do terms rise when they did? On arXiv to 2019 by month and at conferences by year; and with dates
shuffled, where nothing may rise.

For arXiv a store is filled and tagged, and each topic's trend is asked for at the end of each month, as its
page does. The papers of conferences have no dates but years, so their titles are given to the same function
directly. The windows and the rule for groups were chosen by looking at these papers; the test was not.
"""

import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from aggregator import pipeline, topics, trend
from aggregator.collect.ingest import store_drafts
from aggregator.digest.rising import rising
from aggregator.models import Draft, Parsed
from aggregator.settings import Settings
from aggregator.store import trend as stored
from aggregator.store.db import Store
from aggregator.topics import Config, Topic
from tests.bench import places
from tests.conftest import NOW, sqlite_store
from tests.written import PROJECT

HEADINGS = ("what", "measured", "expected")
SHUFFLES = 20
CATEGORIES = {"cs.LG", "cs.CV", "cs.CL", "cs.NE", "stat.ML"}
FIRST, LAST = 2014, 2019
BATCH = 2_000
BEFORE = 3
"""Years of conferences that are held against the next."""
CHINESE = ("2208", "2308", "2402")
"""Months, as arXiv ids begin: those before, and those of late, as far as there are translations."""

Row = tuple[str, str, str]
Paper = dict[str, Any]
Titles = tuple[list[str], list[str]]
"""Titles lately and before."""


class Known(NamedTuple):
    """What is known to have risen: in which topics, by which terms or as which work, in which years."""

    what: str
    topics: tuple[str, ...]
    term: str
    work: str
    years: tuple[int, int]

    def among(self, found: trend.Trend) -> list[str]:
        """What of this a trend has."""
        terms = [one.term for one in found.rising if re.search(self.term, one.term, re.I)]
        works = [one.work.called[0] for one in found.works if one.rises]
        return [*terms, *(f"{name} (named)" for name in works if name == self.work)]


ON_ARXIV = (
    Known(
        "batch normalization", ("optimizers",), "batch norm", "batch normalization", (2015, 2015)
    ),
    Known("residual networks", ("architectures",), "residual|resnet", "ResNet", (2016, 2016)),
    Known("GANs", ("gan", "learning"), r"\bgans?\b|adversarial", "GAN", (2016, 2017)),
    Known("deep reinforcement learning", ("rl", "learning"), "deep reinf", "DQN", (2015, 2016)),
    Known("attention", ("architectures",), "attention", "", (2015, 2017)),
    Known("transformers", ("architectures",), "transformer", "transformer", (2018, 2019)),
    Known("graph neural networks", ("architectures",), "graph neural", "", (2018, 2019)),
    Known("federated learning", ("optimizers",), "federated", "", (2019, 2019)),
)
AT_CONFERENCES = {
    "convolutional networks": ("convolutional", 2014),
    "residual networks": ("residual|resnet", 2016),
    "GANs": (r"\bgans?\b|adversarial", 2016),
    "transformers": ("transformer", 2018),
    "contrastive learning": ("contrastive", 2020),
    "diffusion models": ("diffusion", 2021),
    "radiance fields": ("radiance|nerf", 2021),
    "large language models": ("large language|llm", 2023),
}
"""What rose -> its terms, the year from which on it did."""


def bench() -> list[Row]:
    """Rows of (what, measured, expected)."""
    if not places.STAND_IN.exists() or not places.CORPUS.exists():
        return [("rising terms", "not measured: ../shared is not there", "")]
    config = topics.load(PROJECT / "topics.toml")
    with tempfile.TemporaryDirectory() as name, closing(sqlite_store(Path(name))) as store:
        _fill(store, Path(name), config)
        with store.read() as connection:
            rows = [*_by_month(connection, config), *_named_by_chance(connection, config)]
            quarters = list(_quarters(connection, config))
    papers = list(places.rows(places.CORPUS / "papers.jsonl.gz"))
    years = {year: _papers_of(papers, year) for year in range(2014, 2026)}
    titles = {year: (_titles(now), _titles(then)) for year, (now, then) in years.items()}
    rows += _by_year("titles", titles)
    texts = {year: (_texts(now), _texts(then)) for year, (now, then) in years.items()}
    rows += _by_year("titles and abstracts", texts)
    rows += [_chinese(), _shuffled("arXiv, topics and quarters", quarters)]
    return [*rows, _shuffled("conferences, years", list(titles.values()))]


def _fill(store: Store, folder: Path, config: Config) -> None:
    drafts = [
        places.preprint(row)
        for row in places.rows(places.STAND_IN / "arxiv.jsonl.gz")
        if CATEGORIES & {*row["categories"]} and FIRST - 2 <= int(row["created"][:4]) <= LAST
    ]
    for start in range(0, len(drafts), BATCH):
        _store(store, drafts[start : start + BATCH])
    pipeline.tag(store, Settings(data_dir=folder), config)


def _store(store: Store, drafts: Sequence[Draft]) -> None:
    with store.write() as connection:
        store_drafts(connection, [Parsed(tuple(drafts))], "arxiv", NOW, backfill=True)


def _month_ends(every: int = 1) -> list[datetime]:
    months = range(FIRST * 12 + every, (LAST + 1) * 12 + 1, every)
    return [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]


def _by_month(connection: Connection, config: Config) -> Iterator[Row]:
    shown: list[int] = []
    found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for topic in config.topics:
        for end in _month_ends():
            one = trend.of_topic(connection, topic, end, weeks=1)
            shown.append(len(one.rising))
            for known in ON_ARXIV:
                if topic.name in known.topics and (terms := known.among(one)):
                    found[known.what].append((end, f"{topic.name}: {', '.join(terms)}"))
    for known in ON_ARXIV:
        yield known.what, _when(found[known.what], known.years), "-".join(map(str, known.years))
    lists = sum(map(bool, shown))
    said = f"{lists} of {len(shown)} with terms, {sum(shown) / lists:.1f} each"
    yield "lists, one a topic and month", said, "-"


def _when(found: Sequence[tuple[datetime, str]], years: tuple[int, int]) -> str:
    if not found:
        return "never"
    months = {_month(end): said for end, said in sorted(found, reverse=True)}
    first = min(months)
    right = sum(years[0] <= int(month[:4]) <= years[1] for month in months)
    return f"first {first}, {months[first]}; {right} months in these years"


def _month(end: datetime) -> str:
    """The month that ends where the next begins."""
    return f"{end.year - (end.month == 1)}-{(end.month - 2) % 12 + 1:02d}"


def _quarters(connection: Connection, config: Config) -> Iterator[Titles]:
    for topic in config.topics:
        for end in _month_ends(3):
            begins = end - trend.WEEK * trend.SPANS[-1]
            since = begins - trend.TIMES * (end - begins)
            periods = ((begins, end), (since, begins))
            now, then = (stored.titles(connection, topic.name, *one, every=1) for one in periods)
            yield [one.title for one in now], [one.title for one in then]


def _papers_of(papers: Sequence[Paper], year: int) -> tuple[list[Paper], list[Paper]]:
    """Papers of a year and of those before, of the conferences that both have."""
    now = [row for row in papers if row["year"] == year]
    then = [row for row in papers if year - BEFORE <= row["year"] < year]
    both = {row["venue"] for row in now} & {row["venue"] for row in then}
    return [row for row in now if row["venue"] in both], [r for r in then if r["venue"] in both]


def _titles(rows: Sequence[Paper]) -> list[str]:
    return [row["title"] for row in rows]


def _texts(rows: Sequence[Paper]) -> list[str]:
    return [f"{row['title']}. {row.get('abstract') or ''}" for row in rows]


def _by_year(what: str, years: dict[int, Titles]) -> Iterator[Row]:
    started = time.process_time()
    found = {year: _risen(*both, most=10_000) for year, both in years.items()}
    spent = time.process_time() - started
    for name, (term, since) in AT_CONFERENCES.items():
        when = [
            str(y) for y, terms in found.items() if any(re.search(term, t, re.I) for t in terms)
        ]
        yield f"{what}: {name}", ", ".join(when) or "never", f"{since} or later"
    read = sum(len(now) + len(then) for now, then in years.values())
    count = sum(map(len, found.values())) / len(found)
    yield f"{what}: terms a year", f"{count:.0f}", "-"
    yield f"{what}: time", f"{spent / read * 4_000 * 1_000:.0f} ms of CPU for 4,000 papers", "-"


def _risen(now: Sequence[str], then: Sequence[str], most: int = 12) -> list[str]:
    """The terms; nobody is known to have written two of the papers, so that more is shown."""
    return [one.term for one in rising(now, then, lambda _: {}, most=most)]


def _chinese() -> Row:
    first, split, last = CHINESE
    now, then = [], []
    for row in places.rows(places.CORPUS / "arxiv_chinese.jsonl.gz"):
        if row.get("title_zh") and first <= row["id"][:4] <= last:
            (now if row["id"][:4] >= split else then).append(row["title_zh"])
    found = ", ".join(_risen(now, then))
    return f"Chinese titles, {len(now)} after {len(then)}", found, "大型语言模型"


def _shuffled(what: str, cells: Sequence[Titles]) -> Row:
    dice = random.Random(1)
    shown: list[int] = []
    for now, then in cells:
        titles = [*now, *then]
        for _ in range(SHUFFLES):
            dice.shuffle(titles)
            shown.append(len(_risen(titles[: len(now)], titles[len(now) :])))
    lists = sum(map(bool, shown))
    said = f"{lists} of {len(shown)} lists have terms, {sum(shown)} terms in all"
    return f"shuffled: {what}", said, "at most 5 % of lists"


def _named_by_chance(connection: Connection, config: Config) -> Iterator[Row]:
    """The mentions of each topic's works, dealt out at random."""
    dice = np.random.default_rng(1)
    lists, families = 0, 0
    for topic in (one for one in config.topics if one.works):
        for end in _month_ends(3):
            for counts, read in _dealt(connection, topic, end, dice):
                families += 1
                lists += any(one.rises for one in trend.mentioned(topic.works, counts, read))
    yield "shuffled: mentions of works", f"{lists} of {families} lists have works", "at most 5 %"


def _dealt(
    connection: Connection, topic: Topic, end: datetime, dice: np.random.Generator
) -> Iterator[tuple[list[list[int]], list[int]]]:
    names = [work.called for work in topic.works]
    *counts, read = stored.mentions(connection, names, trend.periods(end))
    for _ in range(SHUFFLES):
        lately = [int(dice.hypergeometric(read[0], read[1], sum(one))) for one in counts]
        yield [[n, sum(one) - n] for n, one in zip(lately, counts, strict=True)], read
