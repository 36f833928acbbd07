"""What subscriptions select -> which papers a letter shows, which it only counts, and its digest."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aggregator.digest.pages import AS_IT_IS, Page, least_of
from aggregator.digest.select import (
    POSTS,
    Citing,
    Digest,
    EventRow,
    Item,
    Section,
    in_order,
    marks_of,
    own_tags,
    place_of,
    why_empty,
)
from aggregator.topics import Topic
from aggregator.watches import Watch

POSTS_SHARE = 5  # one place in so many is for posts, if there are any


@dataclass(frozen=True, slots=True)
class Selection:
    """The events that one subscription has to tell, with its watch. `shown` are the ids of those
    whose papers are shown, None before that is decided. `page` says how it has its watch's page."""

    watch: Watch
    rows: Sequence[EventRow]
    shown: Collection[int] | None = None
    page: Page = AS_IT_IS


def choose(selection: Selection, topics: Sequence[Topic], most: int) -> frozenset[int]:
    """The ids of the events of the `most` papers that rank highest; the others are counted only.
    Posts about no paper get what papers leave, and a fifth of the places at least."""
    found = _papers(selection.rows)
    ranked = sorted(found.values(), key=lambda p: place_of(_item(p, selection, topics)[1]))
    posts = [rows for rows in ranked if rows[0].doc["kind"] == "post"]
    papers = [rows for rows in ranked if rows[0].doc["kind"] != "post"]
    kept = min(len(posts), max(most // POSTS_SHARE, most - len(papers)))
    shown = papers[: most - kept] + posts[:kept]
    return frozenset(row.id for rows in shown for row in rows)


def arrange(
    selections: Sequence[Selection],
    topics: Sequence[Topic],
    since: datetime,
    until: datetime,
    *,
    quiet: str = "",
) -> Digest:
    """The digest of a letter: sections by topic in their order, then watches without topics, then
    works with the papers that cite them, then posts; of the others each paper once, where its first
    selection puts it. `quiet` is what the calendar says of a day without news."""
    items: dict[str, list[Item]] = {}
    more: dict[str, dict[str, str]] = {}
    heads: dict[str, Section] = {}
    taken: set[str] = set()
    citing = Citing()
    for showing in (True, False):  # what one selection only counts, another may show
        for selection in selections:
            for paper_id, rows in _papers(selection.rows).items():
                if _is_shown(selection, rows) != showing:
                    continue
                head, item = _item(rows, selection, topics)
                for work in {row.work for row in rows if row.work}:
                    citing.add(work, item, shown=showing)
                if paper_id in taken or all(row.work for row in rows):
                    continue
                taken.add(paper_id)
                heads.setdefault(head.name, head)
                if showing:
                    items.setdefault(head.name, []).append(item)
                else:
                    more.setdefault(head.name, {})[paper_id] = head.path
    order = [t.name for t in in_order(topics)]
    order += [name for name in heads if name not in order]
    found = [
        replace(
            head,
            items=tuple(sorted(items.get(head.name, ()), key=place_of)),
            rest=frozenset(more.get(head.name, ())),
            path=_page_of(more.get(head.name, {}).values()) or head.path,
        )
        for name in order
        if (head := heads.get(name))
    ]
    cites = citing.sections()
    posts = [one for one in found if one.name == POSTS.name]
    sections = [one for one in found if one.name != POSTS.name] + cites + posts
    note = "" if taken or cites else why_empty(False, quiet)
    return Digest(since, until, tuple(sections), note, tuple(topics))


def _page_of(pages: Collection[str]) -> str:
    """Of the pages that have a section's counted papers the topic's, the one with more of it first, else
    that of most of them; "" of none."""
    counts = Counter(pages)
    return max(
        counts,
        key=lambda page: (page.startswith("topics/"), -least_of(page), counts[page]),
        default="",
    )


def _is_shown(selection: Selection, rows: Sequence[EventRow]) -> bool:
    return selection.shown is None or any(row.id in selection.shown for row in rows)


def shortened(digest: Digest, limit: int) -> Digest:
    """At most `limit` papers in each section; the others are counted."""
    sections = tuple(
        replace(
            s,
            items=s.items[:limit],
            rest=s.rest | {item.paper["id"] for item in s.items[limit:]},
        )
        for s in digest.sections
    )
    return replace(digest, sections=sections)


def _papers(rows: Sequence[EventRow]) -> dict[str, list[EventRow]]:
    """The events of each paper, withdrawn papers left out."""
    found: dict[str, list[EventRow]] = {}
    for row in rows:
        if not row.doc.get("withdrawn"):
            found.setdefault(row.doc["id"], []).append(row)
    return found


def _item(
    rows: Sequence[EventRow], selection: Selection, topics: Sequence[Topic]
) -> tuple[Section, Item]:
    """(the section it belongs to, still empty; the item) of a paper in a watch's selection."""
    doc, watch, page = rows[0].doc, selection.watch, selection.page
    marks = marks_of(doc, {row.kind for row in rows})
    wanted = _below(watch.topics, topics)
    tags = [tag for tag in own_tags(doc) if tag["name"] in wanted]
    best: Mapping[str, Any] | None = max(tags, key=lambda tag: tag["probability"], default=None)
    # Words match or they do not; a topic that the paper has only by a lower bound ranks below.
    certainty = best["probability"] if best else (0.5 if watch.topics else 1.0)
    if doc["kind"] == "post":
        named = (POSTS.name, POSTS.title, POSTS.title_zh, "")
        head = Section(*named, path=f"topics/{POSTS.name}")
    elif best:
        topic = next(t for t in topics if t.name == best["name"])
        plain = _is_plain(watch)
        path = page.of_topic(topic.name) if plain else page.of_watch(watch.name)
        named = (topic.name, topic.title, topic.title_zh, topic.parent)
        head = Section(*named, path=path)
    else:
        own = next((t for t in topics if t.name == watch.name), None)
        own = own or Topic(name=watch.name, title=watch.name)
        named = (own.name, own.title, own.title_zh, own.parent)
        head = Section(*named, path=page.of_watch(watch.name))
    return head, Item(doc, marks, certainty)


def _is_plain(watch: Watch) -> bool:
    """Does it select what the topic's own page shows?"""
    return watch == Watch(name=watch.name, topics=watch.topics)


def _below(names: Collection[str], topics: Sequence[Topic]) -> set[str]:
    """These topics and those under them."""
    found = set(names) & {topic.name for topic in topics}  # one may have left topics.toml
    for topic in in_order(topics):
        if topic.parent in found:
            found.add(topic.name)
    return found
