"""Tags the papers that wait, and single topics anew where they or their models changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aggregator import clock, learning, taggers
from aggregator.models import Tag
from aggregator.settings import Settings
from aggregator.store import retag, tags
from aggregator.store.db import Store
from aggregator.store.tags import Waiting
from aggregator.tag.documents import tag_documents, with_works
from aggregator.tag.model import Tagger
from aggregator.tag.tags import look
from aggregator.tag.tree import lift, spoken
from aggregator.tag.versions import above, topic_versions
from aggregator.topics import Config

BATCH = 500  # papers; about a quarter of a second of the write lock
SLOW_BATCH = 20  # with embeddings, which take some tenths of a second a paper


def tag(store: Store, settings: Settings, config: Config, *, everything: bool = False) -> int:
    """Tag the papers that wait (all with `everything`), then make anew the tags of topics that
    changed; returns how many papers were looked at. A kill loses at most one batch."""
    learning.own_models(store, settings, config, clock.wall())
    by_topic = taggers.in_use(store, settings, config).by_topic(config)
    versions = topic_versions(config.topics, by_topic)
    if everything:
        with store.write() as connection:
            tags.forget(connection)
    # First one step of the walk: in a store that was never tagged it ends at once. What is new goes
    # before what is old, after each further step.
    size = SLOW_BATCH if any(one.meaning for one in by_topic.values()) else BATCH
    total = changed = _changed(store, config, by_topic, versions, size)
    while True:
        total += (waiting := _waiting(store, config, by_topic, size))
        if waiting == size:
            continue
        if not changed:
            return total
        total += (changed := _changed(store, config, by_topic, versions, size))


def _waiting(store: Store, config: Config, by_topic: Mapping[str, Tagger], size: int) -> int:
    with store.write() as connection:
        batch = [_heard(one, config) for one in tags.untagged(connection, size)]
        docs, said = [p.doc for p in batch], [p.said for p in batch]
        tags.save(
            connection, batch, tag_documents(docs, by_topic, config.topics, said), tagged=True
        )
    return len(batch)


def _changed(
    store: Store,
    config: Config,
    by_topic: Mapping[str, Tagger],
    versions: Mapping[str, str],
    size: int,
) -> int:
    """One batch of the walk over papers whose tags of some topics are of another version; how many
    papers it had, 0 at its end. What is left of the walk is asked anew each time, so that several
    processes share one."""
    with store.write() as connection:
        walk = retag.begin(connection, versions)
        batch = [_heard(p, config) for p in retag.batch(connection, walk, size)] if walk else []
        if walk and batch:
            before = retag.stored(connection, batch)
            after = _anew(batch, before, config, by_topic, walk.stale)
            retag.save(connection, batch, before, after)
            retag.advance(connection, walk, batch[-1].pk)
        elif walk:
            retag.end(connection, walk, versions)
    return len(batch)


def _anew(
    papers: Sequence[Waiting],
    before: Mapping[int, Mapping[str, Tag]],
    config: Config,
    by_topic: Mapping[str, Tagger],
    stale: frozenset[str],
) -> dict[int, dict[str, Tag]]:
    """Tags as they are now: those of stale topics and all above them looked at, others as stored."""
    names = above(sorted(stale), config.topics)
    topics = [topic for topic in config.topics if topic.name in names]
    parents = {topic.name: topic.parent for topic in config.topics}
    texts = [(one.doc["title"], one.doc["abstract"]) for one in papers]
    found = {}
    for one, looked in zip(papers, look(texts, by_topic, topics), strict=True):
        found_here = {t.name: Tag(t.name, 0.0, False, "child") for t in config.topics}
        found_here |= {n: t for n, t in before[one.pk].items() if n in found_here} | looked
        found_here |= {name: spoken(name, word) for name, word in one.said.items()}
        lift(found_here, config.topics, one.said)
        tagged = with_works(one.doc, list(found_here.values()), parents)
        found[one.pk] = {t.topic: t for t in tagged} | {name: found_here[name] for name in one.said}
    return found


def _heard(waiting: Waiting, config: Config) -> Waiting:
    """Without what was said of topics that are not watched any more."""
    names = {topic.name for topic in config.topics}
    return replace(waiting, said={n: word for n, word in waiting.said.items() if n in names})
