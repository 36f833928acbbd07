"""Stored papers with the tags that they have -> what tagging them now changes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import from_json

from aggregator.models import Tag
from aggregator.tag.documents import decided, kept, shown
from aggregator.tag.model import Tagger
from aggregator.tag.tags import TopicLike, look
from aggregator.tag.tree import children_first
from aggregator.tag.versions import above


@dataclass(frozen=True, slots=True)
class Stored:
    """A paper as it is stored: `text` is its document as JSON, `said` what people said of its topics,
    `tags` are those that it has, by topic."""

    pk: int
    text: str
    said: Mapping[str, bool]
    tags: Mapping[str, Tag]


@dataclass(frozen=True, slots=True)
class Plain:
    """A topic as far as tagging goes."""

    name: str
    parent: str
    keywords: tuple[str, ...]
    exclude: tuple[str, ...]

    @classmethod
    def of(cls, topic: TopicLike) -> "Plain":
        """The same topic."""
        return cls(topic.name, topic.parent, topic.keywords, topic.exclude)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of a paper: topics whose tag goes or is another one, tags that are new or
    others, and, where they are others, the topics that its document shows, as JSON."""

    pk: int
    gone: tuple[str, ...]
    made: tuple[Tag, ...]
    topics: str | None


@dataclass(frozen=True)
class Look:
    """All that papers are tagged by: the topics, the models by the topic that they decide, and which
    topics' tags are made anew where a paper has tags already."""

    topics: tuple[Plain, ...]
    taggers: Mapping[str, Tagger]
    stale: frozenset[str]

    def changes(self, papers: Sequence[Stored], *, whole: bool) -> list[Change]:
        """What tagging these papers changes, a change for each of them. `whole`: every topic is
        looked at, else those that are stale and all above them, and the others stay as stored."""
        names = above(sorted(self.stale), self.topics)
        asked = [topic for topic in self.topics if whole or topic.name in names]
        docs = [from_json(paper.text) for paper in papers]
        looked = look([(doc["title"], doc["abstract"]) for doc in docs], self.taggers, asked)
        none = {t.name: Tag(t.name, 0.0, False, "child") for t in self.topics}
        climbing = children_first(self.topics)

        def one() -> Iterator[Change]:
            for paper, doc, own in zip(papers, docs, looked, strict=True):
                tags = none | {n: t for n, t in paper.tags.items() if n in none} | own
                yield _change(paper, doc.get("topics"), decided(doc, tags, climbing, paper.said))

        return list(one())


def _change(paper: Stored, topics: object, tags: Mapping[str, Tag]) -> Change:
    after = {tag.topic: tag for tag in kept(list(tags.values()))}
    now = shown(list(after.values()))
    return Change(
        paper.pk,
        tuple(name for name, tag in paper.tags.items() if after.get(name) != tag),
        tuple(tag for name, tag in after.items() if paper.tags.get(name) != tag),
        None if now == topics else json.dumps(now),
    )
