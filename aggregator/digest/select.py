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
_CITED = "cited"
_DISCUSSED = "discussed"


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event with its paper's document (which holds the tags); `id` is the event's, 0 where nobody
    needs it. Of a citation it is the citing paper, and `work` is (id, title) of the cited one, None
    where nobody needs it."""

    kind: str
    at: datetime
    doc: Mapping[str, Any]
    id: int = 0
    work: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A paper in a section. `marks` say why it is here: new, published, new_version, cites,
    discussed;
    `probability` is that of the section's topic, `why` the words that spoke for it, with the weights
    of the linear model, heaviest first."""

    paper: Mapping[str, Any]
    marks: tuple[str, ...]
    probability: float
    why: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What is new in a topic; `rest` are the ids of papers that did not fit. `parent` is the name of
    the topic above, `path` the page with all of them: "topics/gan", "watches/mine". `work` is the title
    of the work that the papers of a section of citations cite."""

    name: str
    title: str
    title_zh: str
    parent: str
    items: tuple[Item, ...] = ()
    rest: frozenset[str] = frozenset()
    path: str = ""
    work: str = ""

    @property
    def more(self) -> int:
        """How many papers did not fit."""
        return len(self.rest)

    @property
    def count(self) -> int:
        """Papers in it, shown or not."""
        return len(self.items) + self.more


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
    elsewhere: bool = False,
) -> Digest:
    """The digest of a period: sections in the order of the topics, children under their parent, and
    the posts at the end.

    `names` keeps the topics of these names with their children (none: all of them); `quiet` is what
    the calendar says of a day without news ("weekend", "holiday", ""); `elsewhere`: more happened
    than the rows that are given. Withdrawn papers are left out. The order is the same for the same
    events, whatever order they come in.
    """
    wanted = wanted_topics(topics, names)
    shown = {t.name for t in wanted}
    papers: dict[str, Mapping[str, Any]] = {}
    kinds: dict[str, set[str]] = {}
    works: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        if not row.doc.get("withdrawn"):
            papers[row.doc["id"]] = row.doc
            kinds.setdefault(row.doc["id"], set()).add(row.kind)
            works.setdefault(row.doc["id"], set()).update({row.work} if row.work else ())
    by_topic: dict[str, list[Item]] = {name: [] for name in shown}
    posts: list[Item] = []
    citing = Citing()
    for paper_id, doc in papers.items():
        marks = marks_of(doc, kinds[paper_id])
        tags = {t["name"]: t["probability"] for t in own_tags(doc) if t["name"] in shown}
        if doc["kind"] == "post":
            posts += [Item(doc, marks, max(tags.values()))] if tags else []
            continue
        for work in works[paper_id] if tags else ():
            citing.add(work, Item(doc, marks, max(tags.values())))
        if kinds[paper_id] == {_CITED}:
            continue
        for name, probability in tags.items():
            by_topic[name].append(Item(doc, marks, probability))
    sections = [_section(topic, by_topic[topic.name], limit) for topic in wanted]
    sections += citing.sections(limit)
    sections.append(_section(POSTS, posts, limit))
    empty = not any(section.items for section in sections)
    note = why_empty(bool(rows) or elsewhere, quiet) if empty else ""
    return Digest(since, until, tuple(sections), note, tuple(topics))


class Citing:
    """Collects papers under the works that they cite."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], dict[str, Item]] = {}
        self._more: dict[tuple[str, str], set[str]] = {}

    def add(self, work: tuple[str, str], item: Item, *, shown: bool = True) -> None:
        """A paper that cites `work` (id, title); one that is not `shown` is only counted."""
        self._items.setdefault(work, {})
        self._more.setdefault(work, set())
        if shown:
            self._items[work][item.paper["id"]] = item
        else:
            self._more[work].add(item.paper["id"])

    def sections(self, limit: int | None = None) -> list[Section]:
        """A section for each work, the most cited first."""
        made = []
        for (work, title), items in self._items.items():
            ranked = sorted(items.values(), key=place_of)
            kept = tuple(ranked[:limit])
            rest = (self._more[work, title] | items.keys()) - {item.paper["id"] for item in kept}
            named = (f"cites-{work}", title, "", "")
            made.append(Section(*named, kept, frozenset(rest), f"papers/{work}", title))
        return sorted(made, key=lambda section: (-section.count, section.title, section.name))


def in_order(topics: Sequence[Topic], parent: str = "") -> list[Topic]:
    """The topics as written, but each under its parent."""
    found: list[Topic] = []
    for topic in topics:
        if topic.parent == parent:
            found += [topic, *in_order(topics, topic.name)]
    return found


def wanted_topics(topics: Sequence[Topic], names: Collection[str]) -> list[Topic]:
    """The topics of these names with those below them (without names: all), in order."""
    return [t for t in in_order(topics) if _is_wanted(t, topics, names)]


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
    """The marks of a paper; a paper that is new today is not also a new version. What is talked
    about is marked so whatever it is here for."""
    marks = [mark for mark in _MARKS if mark in kinds]
    if "new" in marks and "new_version" in marks:
        marks.remove("new_version")
    if _CITED in kinds:
        marks.append("cites")
    talked = _DISCUSSED in kinds or (doc.get("buzz") or {}).get("posts")
    if doc["kind"] == "paper" and talked:
        marks.append("discussed")
    return tuple(marks)


def _section(topic: Topic, items: Sequence[Item], limit: int) -> Section:
    ranked = sorted(items, key=place_of)
    rest = frozenset(item.paper["id"] for item in ranked[limit:])
    named = (topic.name, topic.title, topic.title_zh, topic.parent)
    return Section(*named, tuple(ranked[:limit]), rest, f"topics/{topic.name}")


def place_of(item: Item) -> tuple[float, str, str]:
    """Best first; of equals the one whose id comes first, so that the order never wavers."""
    score = rank.in_digest(item.probability, item.paper.get("buzz") or {}, item.marks)
    return (-round(score, 6), item.paper["title"], item.paper["id"])


def why_empty(anything: bool, quiet: str) -> str:
    """Why there is nothing: `anything` happened in other topics, or what the calendar says."""
    if quiet == "troubled":
        return "Nothing new was found, but not every source could be read: see the end."
    if anything:
        return "Nothing new in these topics."
    if quiet == "weekend":
        return "Nothing new: arXiv announces no papers at the weekend."
    if quiet == "holiday":
        return "Nothing new: arXiv announces no papers on this holiday."
    return "Nothing new in this period."
