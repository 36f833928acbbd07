"""Tags for stored papers: what topics.toml says of its representative works goes before the model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aggregator.models import Tag
from aggregator.tag.tags import TopicLike, tag_papers

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
    parents = {topic.name: topic.parent for topic in topics}
    return [with_works(doc, tags, parents) for doc, tags in zip(docs, tagged, strict=True)]


def with_works(
    doc: Mapping[str, Any], tags: Sequence[Tag], parents: Mapping[str, str]
) -> list[Tag]:
    """A document's tags after what topics.toml says of it, if it is a representative work; `parents`
    are the topics above, by topic."""
    given = {name for e in doc["entries"] if e["role"] == "work" for name in e.get("topics", ())}
    if not given and not doc["starter"]:
        return list(tags)
    for name in sorted(given):
        above = parents.get(name, "")
        while above and above not in given:
            given.add(above)
            above = parents.get(above, "")
    return [
        Tag(t.topic, 1.0, True, "works")
        if t.topic in given
        else replace(t, probability=0.0, tagged=False)
        if doc["starter"]
        else t
        for t in tags
    ]


def kept(tags: Sequence[Tag]) -> list[Tag]:
    """Those that are stored."""
    return [t for t in tags if t.tagged or t.probability >= KEPT_FROM]


def shown(tags: Sequence[Tag]) -> list[dict[str, Any]]:
    """A paper's tags as its document has them, the likeliest first."""
    found = sorted((t for t in tags if t.tagged), key=lambda t: (-t.probability, t.topic))
    return [{"name": t.topic, "probability": t.rounded, "by": t.by} for t in found]
