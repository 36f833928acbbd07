"""Why a paper has a topic's tag or not: who says so, and the words for and against, in their places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

from aggregator.models import SUREST, Tag
from aggregator.tag import keywords as rule
from aggregator.tag.features import TITLE, normalised
from aggregator.tag.model import Tagger
from aggregator.tag.paper_text import Name, Place, Text
from aggregator.tag.places import Word
from aggregator.tag.tags import TopicLike

LEAST = 0.25
"""A word is highlighted from this share of the heaviest word's weight on: the rest is noise."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What spoke for the topic (weight > 0) or against it, in log-odds, with where it stands: `words`
    are normal forms, "…" stands for some words between, `written` the same as the paper writes it;
    `title` if it counts in the title alone."""

    words: str
    written: str
    title: bool
    weight: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Signs to highlight, and the log-odds that they brought."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a paper has a topic or not.

    `probability`, `tagged` and `by` are those of the tag. `own` is the probability that the words
    alone give, from `threshold` on a tag; None where neither a model nor keywords look at the
    topic. `constant` and the weights of `reasons` add up to its log-odds, with `meaning`, what the
    paper's meaning added, where embeddings are switched on. `below` are the topics
    below this one that gave it their tag, `excluded` the phrases of `exclude` that occur.
    """

    topic: str
    probability: float
    tagged: bool
    by: str
    said: bool | None
    own: float | None = None
    threshold: float | None = None
    constant: float | None = None
    meaning: float | None = None
    reasons: tuple[Reason, ...] = ()
    below: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    highlights: Mapping[Name, tuple[Span, ...]] = field(default_factory=dict)


def explain(
    doc: Mapping[str, Any],
    tags: Sequence[Tag],
    topics: Sequence[TopicLike],
    taggers: Mapping[str, Tagger],
    said: Mapping[str, bool],
    wanted: Sequence[str],
    near: float = 0.0,
) -> list[Explanation]:
    """A paper's document and its tags (as `tag_documents` gives them) -> why, for each topic wanted;
    of those that it has not, and nobody said a word about, from `near` of their threshold on.

    `taggers` are the models by the topic that they decide; `said` what people said of this paper.
    """
    text = Text(doc["title"], doc["abstract"])
    found = {tag.topic: tag for tag in tags}
    named = {topic.name: topic for topic in topics}
    explained = []
    for name in wanted:
        own, threshold = _own(text, named[name], taggers.get(name))
        # Words are found in place for what is shown alone: that takes the time.
        close = near == 0 or (own is not None and own >= near * (threshold or 0.0))
        if close or found[name].tagged or name in said:
            tagger = taggers.get(name)
            explained.append(_explained(text, named[name], found, topics, tagger, said))
    return explained


def _own(text: Text, topic: TopicLike, tagger: Tagger | None) -> tuple[float | None, float | None]:
    """What title and abstract say by themselves, and from what probability on it tags; None for a topic
    that neither a model nor keywords decide."""
    if tagger:
        column = tagger.topics.index(topic.name)
        return float(text.probabilities(tagger)[column]), float(tagger.thresholds[column])
    if topic.keywords:
        found = rule.keyword_probability(text.title, text.abstract, topic.keywords, topic.exclude)
        return found, rule.THRESHOLD
    return None, None


def _explained(
    text: Text,
    topic: TopicLike,
    tags: Mapping[str, Tag],
    topics: Sequence[TopicLike],
    tagger: Tagger | None,
    said: Mapping[str, bool],
) -> Explanation:
    name = topic.name
    own, threshold = _own(text, topic, tagger)
    constant = None
    parts: list[tuple[str, float]] = []
    if tagger:
        parts = tagger.explain_row(text.row(tagger), name)
    elif topic.keywords:
        parts = _of_keywords(text, topic)
    meaning = tagger.meant(text.title, text.abstract, name) if tagger else None
    if own is not None:
        constant = round(_log_odds(own) - sum(w for _, w in parts) - (meaning or 0.0), 4)
    tag = tags[name]
    return Explanation(
        topic=name,
        probability=tag.rounded,
        tagged=tag.tagged,
        by=tag.by,
        said=said.get(name),
        own=None if own is None else min(round(own, 4), SUREST),
        threshold=None if threshold is None else round(threshold, 4),
        constant=constant,
        meaning=None if meaning is None else round(meaning, 4),
        reasons=tuple(_reason(text, *pair) for pair in parts),
        below=tuple(t.name for t in topics if t.parent == name and tags[t.name].tagged),
        excluded=tuple(p for p in topic.exclude if text.numbers(_form(p))),
        highlights=highlights(text, parts),
    )


def weighed(
    title: str, abstract: str, topic: TopicLike, tagger: Tagger | None
) -> list[tuple[str, float]]:
    """What speaks for a topic in a paper (weight > 0) or against it, in log-odds: features of the
    model that decides it (heaviest first) or, without one, its keywords. Empty for a topic of
    neither."""
    if tagger:
        return tagger.explain(title, abstract, topic.name)
    return _of_keywords(Text(title, abstract), topic) if topic.keywords else []


def highlights(text: Text, weighed: Sequence[tuple[str, float]]) -> dict[Name, tuple[Span, ...]]:
    """Weighed features -> what to highlight in title and abstract, in order, never overlapping.

    Features overlap: a word counts by itself, in pairs and in phrases. So each feature's weight is
    shared equally by its occurrences, and each share by the words that make it; a word's weight is
    the sum of its shares, and all words together have the weight of all features that have a place.
    Words below `LEAST` of the heaviest are left out. Neighbours of one sign that a feature joins
    become one span, which also covers what is written between them.
    """
    weights: dict[Name, list[float]] = {n: [0.0] * len(f.words) for n, f in text.fields.items()}
    joined: set[tuple[Name, int]] = set()
    for feature, weight in weighed:
        found = text.numbers(feature)
        for name, numbers in found:
            for number in numbers:
                weights[name][number] += weight / len(found) / len(numbers)
            joined |= {(name, n) for n in numbers if n + 1 in numbers}
    most = max((abs(w) for each in weights.values() for w in each), default=0.0)
    return {
        name: tuple(
            _spans(field.words, weights[name], LEAST * most, {n for f, n in joined if f == name})
        )
        for name, field in text.fields.items()
    }


def _spans(
    words: Sequence[Word], weights: Sequence[float], least: float, joined: set[int]
) -> list[Span]:
    """`joined` are the numbers of the words that belong together with the next one."""
    found: list[Span] = []
    last = 0.0  # the weight of the word before, 0 if it is not shown
    for number, (word, weight) in enumerate(zip(words, weights, strict=True)):
        shown = weight if weight and abs(weight) >= least else 0.0
        if shown and last * shown > 0 and number - 1 in joined:
            found[-1] = Span(found[-1].start, word.end, found[-1].weight + shown)
        elif shown:
            found.append(Span(word.start, word.end, shown))
        last = shown
    return [Span(s.start, s.end, round(s.weight, 4)) for s in found]


def _reason(text: Text, feature: str, weight: float) -> Reason:
    words = feature.removeprefix(TITLE)
    written, title = text.written(feature), words != feature
    return Reason(words, written, title, round(weight, 4), text.places(feature))


def _of_keywords(text: Text, topic: TopicLike) -> list[tuple[str, float]]:
    """The rule of keywords as weights: what it found shares the distance from finding nothing; an
    excluded phrase takes all of that away again."""
    found = [word for word in topic.keywords if text.numbers(_form(word))]
    against = [word for word in topic.exclude if text.numbers(_form(word))]
    own = rule.keyword_probability(text.title, text.abstract, topic.keywords, topic.exclude)
    free = rule.keyword_probability(text.title, text.abstract, topic.keywords, ())
    brought = _log_odds(free) - _log_odds(rule.NONE)
    lost = _log_odds(own) - _log_odds(free)
    shares = [(_form(word), brought / len(found)) for word in found]
    return shares + [(_form(word), lost / len(against)) for word in against]


def _form(keyword: str) -> str:
    return " ".join(normalised(keyword))


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-9), 1 - 1e-9)
    return log(p / (1 - p))
