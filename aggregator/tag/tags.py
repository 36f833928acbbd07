"""The decision: which topics a paper is tagged with, from the model and from keywords."""

from collections.abc import Sequence
from typing import Protocol

from aggregator.models import Tag
from aggregator.tag import keywords as rule
from aggregator.tag.model import Tagger

SURE = 0.5
"""From here on the model's word goes before `exclude`: a GAN paper may speak of attacks."""


class TopicLike(Protocol):
    """What a topic of topics.toml must say to be tagged."""

    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> str: ...
    @property
    def keywords(self) -> tuple[str, ...]: ...
    @property
    def exclude(self) -> tuple[str, ...]: ...


def tag_papers(
    papers: Sequence[tuple[str, str]], tagger: Tagger, topics: Sequence[TopicLike]
) -> list[list[Tag]]:
    """(title, abstract) pairs -> for each paper one tag per topic, in the order of `topics`.

    A topic that the model knows is tagged from the model's threshold on, unless the model is unsure
    (below one half) and an excluded phrase occurs; another by its keywords. A
    parent has the greatest probability among itself and its children, at any depth, and is tagged
    if one of them is. A parent that is neither known nor has keywords speaks by its children alone.
    """
    columns = {topic: column for column, topic in enumerate(tagger.topics)}
    probabilities = tagger.probabilities(papers).tolist()
    thresholds = tagger.thresholds.tolist()
    known = [topic for topic in topics if topic.name in columns]
    asked = [topic for topic in topics if topic.name not in columns and topic.keywords]
    deepest_first = _children_first(topics)
    result = []
    for paper, row in zip(papers, probabilities, strict=True):
        tags = {t.name: Tag(t.name, 0.0, False, "child") for t in topics}
        text = rule.Text(*paper)
        for topic in known:
            p, threshold = row[columns[topic.name]], thresholds[columns[topic.name]]
            unsure = p < SURE and rule.excluded(text, topic.exclude)
            tags[topic.name] = Tag(topic.name, p, p >= threshold and not unsure, "model")
        for topic in asked:
            p = rule.probability_in(text, topic.keywords, topic.exclude)
            tags[topic.name] = Tag(topic.name, p, p >= rule.THRESHOLD, "keywords")
        for topic in deepest_first:
            if topic.parent in tags:
                tags[topic.parent] = _lifted(tags[topic.parent], tags[topic.name])
        result.append([tags[topic.name] for topic in topics])
    return result


def _lifted(parent: Tag, child: Tag) -> Tag:
    """The parent's tag, no lower than its child's."""
    by = "child" if child.probability > parent.probability else parent.by
    probability = max(parent.probability, child.probability)
    return Tag(parent.topic, probability, parent.tagged or child.tagged, by)


def _children_first(topics: Sequence[TopicLike]) -> list[TopicLike]:
    """Topics ordered so that each stands before its parent; a circle of parents is cut open."""
    parents = {topic.name: topic.parent for topic in topics}

    def depth(name: str) -> int:
        seen: set[str] = set()
        while name in parents and name not in seen:
            seen.add(name)
            name = parents[name]
        return len(seen)

    return sorted(topics, key=lambda topic: -depth(topic.name))
