"""The decision: which topics a paper is tagged with, from the models and from keywords."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from aggregator.models import Tag
from aggregator.tag import keywords as rule
from aggregator.tag.text import words_of
from aggregator.tag.tree import children_first, climb, spoken

if TYPE_CHECKING:  # numpy and scipy are slow to import
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
    papers: Sequence[tuple[str, str]],
    taggers: Mapping[str, "Tagger"],
    topics: Sequence[TopicLike],
    said: Sequence[Mapping[str, bool]] = (),
) -> list[list[Tag]]:
    """(title, abstract) pairs -> for each paper one tag per topic, in the order of `topics`.

    Each topic by itself as `look` says. Then a
    parent has the greatest probability among itself and its children, at any depth, and is tagged
    if one of them is. A parent that is neither known nor has keywords speaks by its children alone.
    `said` holds for each paper what people said of its topics, which goes before all that.
    """
    result = []
    looked, climbing = look(papers, taggers, topics), children_first(topics)
    for tags, words in zip(looked, said or [{}] * len(papers), strict=True):
        tags |= {name: spoken(name, words[name]) for name in tags.keys() & words.keys()}
        climb(tags, climbing, words)
        result.append([tags[topic.name] for topic in topics])
    return result


def look(
    papers: Sequence[tuple[str, str]], taggers: Mapping[str, "Tagger"], topics: Sequence[TopicLike]
) -> list[dict[str, Tag]]:
    """(title, abstract) pairs -> for each paper each topic's own tag, without regard to the others.

    A topic that a model of `taggers` (by topic) decides is tagged from the model's threshold on,
    unless the model is unsure (below one half) and an excluded phrase occurs; another by its
    keywords, if it has any.
    """
    known = [topic for topic in topics if topic.name in taggers]
    asked = [topic for topic in topics if topic.name not in taggers and topic.keywords]
    words = words_of(papers)
    rows = _rows(papers, words, {topic.name: taggers[topic.name] for topic in known})
    silent = {t.name: Tag(t.name, 0.0, False, "child") for t in topics}
    result = []
    for number in range(len(papers)):
        tags = silent.copy()
        text = rule.Text(words[2 * number], words[2 * number + 1])
        for topic in known:
            probabilities, threshold = rows[topic.name]
            p = probabilities[number]
            # The phrases last: making a text ready for them takes as long as the model.
            tagged = p >= threshold and (p >= SURE or not rule.excluded(text, topic.exclude))
            tags[topic.name] = Tag(topic.name, p, tagged, "model")
        for topic in asked:
            p = rule.probability_in(text, topic.keywords, topic.exclude)
            tags[topic.name] = Tag(topic.name, p, p >= rule.THRESHOLD, "keywords")
        result.append(tags)
    return result


def _rows(
    papers: Sequence[tuple[str, str]],
    words: Sequence[Sequence[str]],
    taggers: Mapping[str, "Tagger"],
) -> dict[str, tuple[list[float], float]]:
    """Each topic's probabilities, one per paper, and its threshold; a model is asked once for all
    its topics."""
    found = {}
    for tagger in {id(tagger): tagger for tagger in taggers.values()}.values():
        table = tagger.probabilities(papers, words)
        for topic, decider in taggers.items():
            if decider is tagger:
                column = tagger.topics.index(topic)
                found[topic] = (table[:, column].tolist(), float(tagger.thresholds[column]))
    return found
