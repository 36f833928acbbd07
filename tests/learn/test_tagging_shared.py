"""Processes that share the tagging of one store on PostgreSQL: what they write is what one would write,
whoever dies."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.settings import Settings
from aggregator.store import papers, retag
from aggregator.store.db import Store
from aggregator.store.sql import paper, tag
from tests.conftest import empty_tables
from tests.filled import fill

pytestmark = pytest.mark.postgres
COUNT = 4_000
TOML = """
[[topics]]
name = "learning"
title = "Learning"

[[topics]]
name = "gan"
title = "Adversarial networks"
parent = "learning"

[[topics]]
name = "rl"
title = "Reinforcement learning"
parent = "learning"
"""
CHANGED = """
[[topics]]
name = "residual"
title = "Residual learning"
keywords = ["residual learning", "sparse networks"]
"""


def start(store: Store, folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    settings = {
        "DAYPAPER_DATABASE_URL": store.engine.url.render_as_string(hide_password=False),
        "DAYPAPER_DATA_DIR": str(folder),
        "DAYPAPER_TOPICS": str(folder / "topics.toml"),
    }
    command = [sys.executable, "-m", "aggregator", "tag", *words]
    return subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.DEVNULL)


def left(store: Store) -> int:
    """Blocks of the walk, and papers that wait for all their tags."""
    with store.read() as connection:
        waiting = sa.select(sa.func.count()).select_from(paper).where(paper.c.tagged_by.is_(None))
        return (connection.scalar(waiting) or 0) + len(retag.walk_blocks(connection, COUNT))


def found(store: Store) -> tuple[set[tuple[Any, ...]], dict[str, Any]]:
    """Every tag, and what every paper shows."""
    with store.read() as connection:
        columns = (tag.c.paper_pk, tag.c.topic, tag.c.probability, tag.c.tagged, tag.c.by)
        tags = {tuple(row) for row in connection.execute(sa.select(*columns))}
        return tags, {doc["id"]: doc["topics"] for doc in papers.iterate(connection)}


def together(store: Store, folder: Path) -> None:
    """Three processes; one is killed as soon as something was written, and the others do the rest."""
    before = left(store)
    running = [start(store, folder) for _ in range(3)]
    until = time.monotonic() + 60
    while left(store) in (0, before) and time.monotonic() < until:
        time.sleep(0.01)
    running[0].kill()
    assert left(store), "killed too late to say anything"
    assert [one.wait(timeout=100) for one in running][1:] == [0, 0]
    assert left(store) == 0


def test_three_processes_with_one_killed_tag_as_one_does(postgres: Store, tmp_path: Path) -> None:
    with postgres.write() as connection:
        empty_tables(connection)
    fill(postgres, COUNT, length=30)
    with postgres.write() as connection:
        connection.execute(sa.update(paper).values(tagged_by=None))
    toml = tmp_path / "topics.toml"
    for text in (TOML, TOML + CHANGED):
        toml.write_text(text)
        together(postgres, tmp_path)
        shared = found(postgres)
        assert {name for _, name, *_ in shared[0]} <= {"learning", "gan", "rl", "residual"}
        settings, config = Settings(data_dir=tmp_path), topics.load(toml)
        assert pipeline.tag(postgres, settings, config) == 0
        assert pipeline.tag(postgres, settings, config, everything=True) == COUNT
        tags, shown = found(postgres)
        assert (tags - shared[0], shared[0] - tags) == (set(), set())
        assert shown == shared[1]
