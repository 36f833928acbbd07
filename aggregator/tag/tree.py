"""The tree of topics: what a child's tag, and a person's word, mean for the topics above."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from aggregator.models import Tag


class Node(Protocol):
    """A topic as far as the tree goes."""

    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> str: ...


def lift(tags: dict[str, Tag], topics: Sequence[Node], said: Mapping[str, bool]) -> None:
    """Give each parent the greatest probability among itself and its children, at any depth; it is
    tagged if one of them is. A parent of which a person spoke (`said`) keeps that word."""
    climb(tags, children_first(topics), said)


def climb(tags: dict[str, Tag], topics: Sequence[Node], said: Mapping[str, bool]) -> None:
    """As `lift`, of topics that `children_first` gave: their order is the same for every paper."""
    for topic in topics:
        if topic.parent in tags and topic.name in tags and topic.parent not in said:
            tags[topic.parent] = _lifted(tags[topic.parent], tags[topic.name])


def spoken(topic: str, relevant: bool) -> Tag:
    """What a person says of a topic, as a tag: certain, one way or the other."""
    return Tag(topic, 1.0 if relevant else 0.0, relevant, "person")


def overruled(
    tags: Sequence[Tag], said: Mapping[str, bool], topics: Sequence[Node] = ()
) -> list[Tag]:
    """Tags that are stored already, after what people said of their topics.

    Parents that had a tag from below get it anew; what they had of their own below that is not known
    here any more, so the tagger must look again for the last word.
    """
    found = {tag.topic: tag for tag in tags}
    parents = {topic.parent for topic in topics}
    for name in parents & found.keys():
        if found[name].by == "child":
            found[name] = Tag(name, 0.0, False, "child")
    for topic in topics:
        if topic.name in parents:
            found.setdefault(topic.name, Tag(topic.name, 0.0, False, "child"))
    found |= {topic: spoken(topic, relevant) for topic, relevant in said.items()}
    lift(found, topics, said)
    return list(found.values())


def children_first(topics: Sequence[Node]) -> list[Node]:
    """Topics ordered so that each stands before its parent; a circle of parents is cut open."""
    parents = {topic.name: topic.parent for topic in topics}

    def depth(name: str) -> int:
        seen: set[str] = set()
        while name in parents and name not in seen:
            seen.add(name)
            name = parents[name]
        return len(seen)

    return sorted(topics, key=lambda topic: -depth(topic.name))


def _lifted(parent: Tag, child: Tag) -> Tag:
    """The parent's tag, no lower than its child's."""
    by = "child" if child.probability > parent.probability else parent.by
    probability = max(parent.probability, child.probability)
    return Tag(parent.topic, probability, parent.tagged or child.tagged, by)
