"""Tags for stored papers: what topics.toml says of its representative works goes before the model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aggregator.models import Tag
from aggregator.tag.tags import TopicLike, tag_papers
from aggregator.tag.tree import Node, children_first, climb, spoken

if TYPE_CHECKING:  # numpy and scipy are slow to import
    from aggregator.tag.model import Tagger

KEPT_FROM = 0.05
"""Probabilities below this are not stored: no filter asks for less."""


def tag_documents(
    docs: Sequence[Mapping[str, Any]],
    taggers: Mapping[str, "Tagger"],
    topics: Sequence[TopicLike],
    said: Sequence[Mapping[str, bool]] = (),
) -> list[list[Tag]]:
    """For each paper's document one tag per topic, in the order of `topics`; `taggers` are the models
    by the topic that they decide, `said` holds for each paper what people said of its topics.

    A representative work has its topics (and theirs above) with probability 1. One that is known by
    its title alone has no others: a title is too little for the model.
    """
    papers = [(doc["title"], doc["abstract"]) for doc in docs]
    tagged = tag_papers(papers, taggers, topics, said)
    climbing = children_first(topics)
    return [
        list(decided(doc, {tag.topic: tag for tag in tags}, climbing, words).values())
        for doc, tags, words in zip(docs, tagged, said or [{}] * len(docs), strict=True)
    ]


def decided(
    doc: Mapping[str, Any],
    tags: Mapping[str, Tag],
    climbing: Sequence[Node],
    said: Mapping[str, bool],
) -> dict[str, Tag]:
    """A document's tags, by topic, after what topics.toml says of it, if it is a representative work,
    and after people's words (`said`), which go before that; `climbing` are the topics, children first."""
    found = {**tags, **_of_works(doc, tags, climbing, said)}
    found |= {name: spoken(name, said[name]) for name in found.keys() & said.keys()}
    climb(found, climbing, said)
    return found


def _of_works(
    doc: Mapping[str, Any],
    tags: Mapping[str, Tag],
    topics: Sequence[Node],
    said: Mapping[str, bool],
) -> dict[str, Tag]:
    """The tags that are others since the document is a representative work."""
    given = {name for e in doc["entries"] if e["role"] == "work" for name in e.get("topics", ())}
    if not given and not doc["starter"]:
        return {}
    given = {name for name in given if said.get(name, True)}
    parents = {topic.name: topic.parent for topic in topics}
    for name in sorted(given):
        above = parents.get(name, "")
        while above and above not in given:
            given.add(above)
            above = parents.get(above, "")
    none = {n: replace(t, probability=0.0, tagged=False) for n, t in tags.items() if doc["starter"]}
    return none | {name: Tag(name, 1.0, True, "works") for name in given & tags.keys()}


def kept(tags: Sequence[Tag]) -> list[Tag]:
    """Those that are stored."""
    return [t for t in tags if t.tagged or t.probability >= KEPT_FROM]


def shown(tags: Sequence[Tag]) -> list[dict[str, Any]]:
    """A paper's tags as its document has them, the likeliest first."""
    found = sorted((t for t in tags if t.tagged), key=lambda t: (-t.probability, t.topic))
    return [{"name": t.topic, "probability": t.rounded, "by": t.by} for t in found]
