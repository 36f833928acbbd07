"""Representative works follow topics.toml: what it names no more stands for no topic."""

from dataclasses import replace
from pathlib import Path

import pytest

from aggregator import pipeline, works
from aggregator.settings import Settings
from aggregator.store import papers
from aggregator.store.db import Store
from aggregator.topics import Config
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import CONFIG, put

TITLE = "Deep Residual Learning"


WITHOUT: Config = replace(
    CONFIG, topics=tuple(topic.model_copy(update={"works": ()}) for topic in CONFIG.topics)
)


def loaded(store: Store, settings: Settings, config: Config) -> dict[str, tuple[float, str]]:
    """The topics of the one paper there is, once its works are loaded and all is tagged."""
    works.load(store, config, NOW)
    pipeline.tag(store, settings, config)
    with store.read() as connection:
        [doc] = papers.iterate(connection)
    return {t["name"]: (t["probability"], t["by"]) for t in doc["topics"]}


@pytest.mark.parametrize("known", [False, True])
def test_a_work_that_leaves_the_file_stands_for_its_topic_no_more(
    store: Store, tmp_path: Path, known: bool
) -> None:
    settings = Settings(data_dir=tmp_path)
    if known:  # as a paper of a source, too
        put(store, preprint("1512.03385", title=TITLE, abstract="Of cats."))
    before = loaded(store, settings, WITHOUT) if known else {}
    given = loaded(store, settings, CONFIG)
    assert given["architectures"] == (1.0, "works")
    assert loaded(store, settings, WITHOUT) == before
    with store.read() as connection:
        assert papers.starters(connection) == {}
    assert loaded(store, settings, CONFIG) == given
