"""The decision: which topics a paper is tagged with, from the model and from keywords."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from aggregator.models import Tag
from aggregator.tag import keywords as rule
from aggregator.tag.model import Tagger
from aggregator.tag.tree import lift, spoken

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
    papers: Sequence[tuple[str, str]],
    tagger: Tagger,
    topics: Sequence[TopicLike],
    said: Sequence[Mapping[str, bool]] = (),
) -> list[list[Tag]]:
    """(title, abstract) pairs -> for each paper one tag per topic, in the order of `topics`.

    A topic that the model knows is tagged from the model's threshold on, unless the model is unsure
    (below one half) and an excluded phrase occurs; another by its keywords. A
    parent has the greatest probability among itself and its children, at any depth, and is tagged
    if one of them is. A parent that is neither known nor has keywords speaks by its children alone.
    `said` holds for each paper what people said of its topics, which goes before all that.
    """
    columns = {topic: column for column, topic in enumerate(tagger.topics)}
    probabilities = tagger.probabilities(papers).tolist()
    thresholds = tagger.thresholds.tolist()
    known = [topic for topic in topics if topic.name in columns]
    asked = [topic for topic in topics if topic.name not in columns and topic.keywords]
    result = []
    for paper, row, words in zip(papers, probabilities, said or [{}] * len(papers), strict=True):
        tags = {t.name: Tag(t.name, 0.0, False, "child") for t in topics}
        text = rule.Text(*paper)
        for topic in known:
            p, threshold = row[columns[topic.name]], thresholds[columns[topic.name]]
            unsure = p < SURE and rule.excluded(text, topic.exclude)
            tags[topic.name] = Tag(topic.name, p, p >= threshold and not unsure, "model")
        for topic in asked:
            p = rule.probability_in(text, topic.keywords, topic.exclude)
            tags[topic.name] = Tag(topic.name, p, p >= rule.THRESHOLD, "keywords")
        tags |= {name: spoken(name, words[name]) for name in tags.keys() & words.keys()}
        lift(tags, topics, words)
        result.append([tags[topic.name] for topic in topics])
    return result
