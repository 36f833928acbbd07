"""What a topic's tags depend on, as one short name: papers are tagged anew where it changes."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from aggregator.tag.model import Tagger
from aggregator.tag.tags import TopicLike

RULES = 1
"""Raise this when the rules of `tags.py`, `keywords.py` or `tree.py` decide otherwise than before."""


def topic_versions(topics: Sequence[TopicLike], taggers: Mapping[str, Tagger]) -> dict[str, str]:
    """Topic -> the version of its tags, by the model that decides it or else its keywords, its
    excluded phrases, and the topics below it.

    A version holds for the topic by itself: where a topic changes, those above it must be looked at
    again, too (`above`).
    """
    return {topic.name: _version(topic, topics, taggers.get(topic.name)) for topic in topics}


def _version(topic: TopicLike, topics: Sequence[TopicLike], tagger: Tagger | None) -> str:
    decided = _column(tagger, topic.name) if tagger else repr(sorted(topic.keywords))
    below = sorted(one.name for one in topics if one.parent == topic.name)
    said = (RULES, decided, sorted(topic.exclude), below)
    return blake2b(repr(said).encode(), digest_size=8).hexdigest()


def _column(tagger: Tagger, topic: str) -> str:
    """What a model knows of a topic. Of a model that was taught it is the base's and what differs,
    so that topics of which nothing was learned keep their version."""
    meaning = f" {tagger.meaning.version}" if tagger.meaning else ""
    base = tagger.artifact.figures.get("taught", {}).get("base")
    if base is None:
        return tagger.version + meaning
    return f"{base} {tagger.artifact.figures['taught']['topics'].get(topic, '')}{meaning}"


def above(names: Sequence[str], topics: Sequence[TopicLike]) -> set[str]:
    """These topics and all above them; names that are no topic's are left out."""
    parents = {topic.name: topic.parent for topic in topics}
    found: set[str] = set()
    for name in names:
        while name in parents and name not in found:
            found.add(name)
            name = parents[name]
    return found
