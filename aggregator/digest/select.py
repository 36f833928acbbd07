"""A period's events -> a digest: one section per topic, ranked, each paper once per section."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aggregator.digest import rank
from aggregator.topics import Topic

LIMIT = 25
POSTS = Topic(name="discussions", title="Discussions", title_zh="讨论")
"""Stands for the posts that are about no paper, as a topic stands for its papers."""

_MARKS = ("new", "published", "new_version")


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event with its paper's document (which holds the tags); `id` is the event's, 0 where nobody
    needs it."""

    kind: str
    at: datetime
    doc: Mapping[str, Any]
    id: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A paper in a section. `marks` say why it is here: new, published, new_version, discussed;
    `probability` is that of the section's topic, `why` the words that spoke for it, with the weights
    of the linear model, heaviest first."""

    paper: Mapping[str, Any]
    marks: tuple[str, ...]
    probability: float
    why: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What is new in a topic; `more` papers did not fit. `parent` is the name of the topic above,
    `path` the page with all of them: "topics/gan", "watches/mine"."""

    name: str
    title: str
    title_zh: str
    parent: str
    items: tuple[Item, ...]
    more: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """What is new in a period (`since` included, `until` not). `note` says why there is nothing;
    `topics` have the titles of papers' tags."""

    since: datetime
    until: datetime
    sections: tuple[Section, ...]
    note: str = ""
    topics: tuple[Topic, ...] = ()

    @property
    def empty(self) -> bool:
        """Is there nothing in any section?"""
        return not any(section.items for section in self.sections)


def papers_of(digest: Digest) -> list[Mapping[str, Any]]:
    """The papers of a digest, each once, in its order."""
    found = {i.paper["id"]: i.paper for section in digest.sections for i in section.items}
    return list(found.values())


def day_before(until: datetime) -> datetime:
    """Where the period that ends at `until` begins, if nothing else is asked for."""
    return until - timedelta(days=1)


def select(
    rows: Sequence[EventRow],
    topics: Sequence[Topic],
    since: datetime,
    until: datetime,
    *,
    names: Collection[str] = (),
    limit: int = LIMIT,
    quiet: str = "",
) -> Digest:
    """The digest of a period: sections in the order of the topics, children under their parent, and
    the posts at the end.

    `names` keeps the topics of these names with their children (none: all of them); `quiet` is what
    the calendar says of a day without news ("weekend", "holiday", ""). Withdrawn papers are left
    out. The order is the same for the same events, whatever order they come in.
    """
    wanted = [t for t in in_order(topics) if _is_wanted(t, topics, names)]
    shown = {t.name for t in wanted}
    papers: dict[str, Mapping[str, Any]] = {}
    kinds: dict[str, set[str]] = {}
    for row in rows:
        if not row.doc.get("withdrawn"):
            papers[row.doc["id"]] = row.doc
            kinds.setdefault(row.doc["id"], set()).add(row.kind)
    by_topic: dict[str, list[Item]] = {name: [] for name in shown}
    posts: list[Item] = []
    for paper_id, doc in papers.items():
        marks = marks_of(doc, kinds[paper_id])
        tags = {t["name"]: t["probability"] for t in own_tags(doc) if t["name"] in shown}
        if doc["kind"] == "post":
            posts += [Item(doc, marks, max(tags.values()))] if tags else []
            continue
        for name, probability in tags.items():
            by_topic[name].append(Item(doc, marks, probability))
    sections = [_section(topic, by_topic[topic.name], limit) for topic in wanted]
    sections.append(_section(POSTS, posts, limit))
    empty = not any(section.items for section in sections)
    note = why_empty(bool(rows), quiet) if empty else ""
    return Digest(since, until, tuple(sections), note, tuple(topics))


def in_order(topics: Sequence[Topic], parent: str = "") -> list[Topic]:
    """The topics as written, but each under its parent."""
    found: list[Topic] = []
    for topic in topics:
        if topic.parent == parent:
            found += [topic, *in_order(topics, topic.name)]
    return found


def _is_wanted(topic: Topic, topics: Sequence[Topic], names: Collection[str]) -> bool:
    """Is the topic, or one above it, among the names?"""
    if not names or topic.name in names:
        return True
    parent = next((t for t in topics if t.name == topic.parent), None)
    return parent is not None and _is_wanted(parent, topics, names)


def own_tags(doc: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tags without those that a parent topic has from its child: the child's section, right
    below the parent's, has the paper already."""
    return [tag for tag in doc["topics"] if tag["by"] != "child"]


def marks_of(doc: Mapping[str, Any], kinds: Collection[str]) -> tuple[str, ...]:
    """The marks of a paper; a paper that is new today is not also a new version."""
    marks = [mark for mark in _MARKS if mark in kinds]
    if "new" in marks and "new_version" in marks:
        marks.remove("new_version")
    if doc["kind"] == "paper" and (doc.get("buzz") or {}).get("posts"):
        marks.append("discussed")
    return tuple(marks)


def _section(topic: Topic, items: Sequence[Item], limit: int) -> Section:
    ranked = sorted(items, key=place_of)
    kept = tuple(ranked[:limit])
    more = len(ranked) - len(kept)
    path = f"topics/{topic.name}"
    return Section(topic.name, topic.title, topic.title_zh, topic.parent, kept, more, path)


def place_of(item: Item) -> tuple[float, str, str]:
    """Best first; of equals the one whose id comes first, so that the order never wavers."""
    score = rank.in_digest(item.probability, item.paper.get("buzz") or {}, item.marks)
    return (-round(score, 6), item.paper["title"], item.paper["id"])


def why_empty(anything: bool, quiet: str) -> str:
    """Why there is nothing: `anything` happened in other topics, or what the calendar says."""
    if anything:
        return "Nothing new in these topics."
    if quiet == "troubled":
        return "Nothing new was found, but not every source could be read: see the end."
    if quiet == "weekend":
        return "Nothing new: arXiv announces no papers at the weekend."
    if quiet == "holiday":
        return "Nothing new: arXiv announces no papers on this holiday."
    return "Nothing new in this period."
