"""How well three topics of one's own find papers, and how long adding them to 50,000 papers takes.

For each topic: of the 20 likeliest papers and of the 20 newest tagged ones, how many are about it, by
the word of a reader who read title and abstract (`tests/data/tag/own_topics.json`, by corpus id);
beside them, the 20 newest that a plain search for its keywords finds. `DAYPAPER_BENCH_UNREAD=FILE` has
the papers that nobody judged yet written there, to be read.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.files import bulk
from aggregator.parse.text import plain
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.store.sql import paper, tag
from aggregator.tag import keywords as rule
from aggregator.tag.files import read_papers
from aggregator.topics import Config, Topic
from tests.bench.bulk import NOW
from tests.conftest import sqlite_store
from tests.written import PROJECT

DATA = PROJECT / "tests/data/tag"
CORPUS = [PROJECT / f"../shared/corpus/{name}.jsonl.gz" for name in ("papers", "arxiv_recent")]
PAPERS = 50_000
SHOWN = 20

Row = dict[str, Any]


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    if not all(path.exists() for path in CORPUS):
        return [("topics of one's own", "the corpus is not there", "-")]
    judged = json.loads((DATA / "own_topics.json").read_text())
    corpus = {row["title"]: row for row in _corpus()}
    found, rows = _found(list(corpus.values()))
    for topic, lists in found.items():
        for name, titles in lists.items():
            said = [judged[topic].get(corpus[title]["id"]) for title in titles]
            unread = f", {said.count(None)} not judged" if None in said else ""
            target = "useful" if name == "likeliest" else "-"
            rows.append((f"{topic}: {name}", f"{said.count(True)} of {len(said)}{unread}", target))
    if unread := os.environ.get("DAYPAPER_BENCH_UNREAD"):
        _write_unread(Path(unread), found, corpus, judged)
    return rows


def _corpus() -> Iterator[Row]:
    """Real papers, the recent ones last, each title, as it is stored, once."""
    read = (row | {"title": plain(row["title"])} for path in CORPUS for row in read_papers(path))
    rows = {row["title"]: row for row in read}
    yield from list(rows.values())[:PAPERS]


def _found(
    corpus: Sequence[Row],
) -> tuple[dict[str, dict[str, list[str]]], list[tuple[str, str, str]]]:
    """Topic -> name of a list -> titles in its order; and rows that say what it took."""
    plain = topics.load(PROJECT / "topics.toml")
    added = topics.parse((DATA / "own_topics.toml").read_text(), "own_topics.toml").topics
    wider = Config((*plain.topics, *added), plain.sources)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data_dir=folder)
        with closing(sqlite_store(folder)) as store:
            _fill(store, folder, corpus)
            seconds = [_timed(store, settings, config) for config in (plain, wider)]
            found = {topic.name: _lists(store, topic, corpus) for topic in added}
    return found, [
        (f"first tagging of {len(corpus):,} papers, eight topics", seconds[0], "-"),
        ("three topics added, models fitted and papers tagged", seconds[1], "60 s each"),
    ]


def _fill(store: Store, folder: Path, corpus: Sequence[Row]) -> None:
    path = folder / "corpus.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in corpus:
            day = {"published": row["seen_on"]} if "seen_on" in row else {"year": row["year"]}
            kept = {k: row[k] for k in ("title", "abstract", "authors") if k in row}
            file.write(json.dumps(kept | day) + "\n")
    bulk.load(store, path, "jsonl", NOW, lambda _: None)


def _timed(store: Store, settings: Settings, config: Config) -> str:
    started, spent = time.perf_counter(), time.process_time()
    pipeline.tag(store, settings, config)
    return f"{time.perf_counter() - started:.0f} s, {time.process_time() - spent:.0f} s of CPU"


def _lists(store: Store, topic: Topic, corpus: Sequence[Row]) -> dict[str, list[str]]:
    with store.read() as connection:
        asked = (
            sa.select(paper.c.title, paper.c.at, tag.c.probability, tag.c.tagged)
            .join(tag, tag.c.paper_pk == paper.c.pk)
            .where(tag.c.topic == topic.name)
        )
        tags = connection.execute(asked).all()
    newest = sorted((t for t in tags if t.tagged), key=lambda t: t.at, reverse=True)
    works = {work.title for work in topic.works}
    likeliest = sorted(tags, key=lambda t: t.probability, reverse=True)
    by_words = [
        row["title"]
        for row in sorted(corpus, key=lambda row: row.get("seen_on") or str(row["year"]))[::-1]
        if rule.keyword_probability(row["title"], row["abstract"], topic.keywords, ()) > rule.NONE
    ]
    return {
        "likeliest": [t.title for t in likeliest if t.title not in works][:SHOWN],
        "newest tagged": [t.title for t in newest][:SHOWN],
        "newest with a keyword": by_words[:SHOWN],
    }


def _write_unread(
    path: Path,
    found: dict[str, dict[str, list[str]]],
    corpus: dict[str, Row],
    judged: dict[str, Row],
) -> None:
    with path.open("w", encoding="utf-8") as file:
        for topic, lists in found.items():
            for title in dict.fromkeys(title for titles in lists.values() for title in titles):
                row = corpus[title]
                if row["id"] not in judged[topic]:
                    kept = {"topic": topic, **{k: row[k] for k in ("id", "title", "abstract")}}
                    file.write(json.dumps(kept, ensure_ascii=False) + "\n")
