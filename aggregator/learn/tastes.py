"""Personal ranking over the store: how its papers speak is learned apart, a taste at each asking, from
the person's own stars, so that it is never old and nothing of it is kept."""

import heapq
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import Connection

from aggregator.errors import UsageError
from aggregator.learn.learning import GROWN, apart
from aggregator.store import cursor as cursors
from aggregator.store import kept, labels, model, papers
from aggregator.store.cursor import Place
from aggregator.store.db import Store
from aggregator.store.papers import MOST, Page, PaperQuery
from aggregator.store.query import list_of
from aggregator.tag import artifact, reading, taste
from aggregator.tag.features import TITLE
from aggregator.tag.paper_text import Text
from aggregator.tag.reading import Reading
from aggregator.tag.taste import LEAST_LIKED, MOST_LEARNED, Taste

log = logging.getLogger(__name__)

EVERY = timedelta(days=7)
"""How often is learned anew how papers speak, if there are new ones: words come slowly."""
RANKED = 300
"""The newest papers of a list that are ranked; more would take longer than a page may."""
_REMEMBERED = 64
_readings: dict[str, Reading] = {}
_tastes: dict[tuple[str, str], Taste | None] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Mine:
    """A person's taste; without one, how many stars are `missing`, or that `waits`: with enough of
    them it is soon learned how papers speak, or there are too few papers for that."""

    taste: Taste | None = None
    missing: int = 0
    waits: bool = False


def is_due(store: Store, now: datetime) -> bool:
    """Is it to be learned how papers speak? Only once somebody has starred enough."""
    with store.read() as connection:
        if not kept.anybody_starred(connection, LEAST_LIKED):
            return False
        made = model.in_use(connection).get(("reading", ""))
        newest = model.newest_paper(connection)
    if made is None:
        return newest >= reading.LEAST_PAPERS
    if not made.version:
        return newest >= GROWN * max(made.reach, reading.LEAST_PAPERS)
    return now - made.at >= EVERY and newest > made.reach


def read_if_due(store: Store, now: datetime) -> bool:
    """Learn how papers speak, in a process of its own; False if it is not due."""
    if not is_due(store, now):
        return False
    trouble = apart("--reading")
    if trouble is not None:
        log.warning("learning how papers speak failed: %s", trouble)
    return True


def read(store: Store, now: datetime) -> int:
    """Learn how a sample of the store's papers speak; of how many, 0 if there are too few."""
    with store.read() as connection:
        sample = labels.sample(connection)
    found = reading.learn(sample)
    content = reading.to_bytes(found) if found else None
    version = artifact.version_of(content) if content else ""
    figures = {"papers": len(sample)}
    with store.write() as connection:
        model.swap_in(
            connection,
            "reading",
            "",
            basis="",
            version=version,
            now=now,
            figures=figures,
            content=content,
        )
    return len(sample) if found else 0


def of_person(connection: Connection, person_pk: int | None) -> Mine:
    """The taste of this person, by what is starred and hidden now."""
    if person_pk is None:
        return Mine(missing=LEAST_LIKED)
    liked = kept.latest(connection, person_pk, "starred", MOST_LEARNED)
    if len(liked) < LEAST_LIKED:
        return Mine(missing=LEAST_LIKED - len(liked))
    made = model.in_use(connection).get(("reading", ""))
    known = _reading(connection, made) if made and made.version else None
    if made is None or known is None:
        return Mine(waits=True)
    disliked = kept.latest(connection, person_pk, "hidden", MOST_LEARNED)
    key = made.version, sha256(json.dumps([liked, disliked]).encode()).hexdigest()
    if key not in _tastes:
        docs = [kept.documents(connection, some) for some in (liked, disliked)]
        seen = [[as_paper(doc) for doc in some] for some in docs]
        _remember(_tastes, key, taste.learn(known, *seen))
    found = _tastes.get(key)
    return Mine(taste=found, waits=found is None)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A page of a list; `because` is, by paper, what speaks for it (weight > 0) and against it."""

    page: Page
    because: Mapping[str, Sequence[tuple[str, float]]]


def page(
    connection: Connection,
    person_pk: int,
    mine: Taste,
    query: PaperQuery,
    cursor: str = "",
    most: int = 0,
) -> Ranked:
    """The newest `RANKED` papers that the query asks for, in the order of the taste, each with so many
    reasons at `most`; what the person starred or hid is known, and left out. Raises UsageError for a
    broken cursor, and as `papers.page` does."""
    place = int(cursors.read(cursor, "mine", list_of(query)).key) if cursor else 0
    every = _newest(connection, query)
    known = kept.of_papers(connection, person_pk, [name for name, _ in every])
    found = [
        r for r in every if not (r[0] in known and (known[r[0]].starred or known[r[0]].hidden))
    ]
    left_out = len(every) - len(found)
    seen = [as_paper(json.loads(text)) for _, text in found]
    rows = mine.rows(seen)
    order = np.argsort(-mine.of_rows(rows, seen), kind="stable")
    # A place counts what is left out: who stars or hides papers of a page makes the list shorter before it.
    start = max(0, place - left_out)
    end = start + query.limit
    shown = order[start:end]
    because = {
        found[n][0]: reasons(
            *mine.explain(seen[n], rows[n]), most, Text(seen[n].title, seen[n].abstract)
        )
        for n in (shown if most else ())
    }
    following = None
    if end < len(found):
        following = cursors.write(Place("mine", end + left_out, 0), list_of(query))
    return Ranked(Page(tuple(found[n] for n in shown), following), because)


def _newest(connection: Connection, query: PaperQuery) -> list[tuple[str, str]]:
    """(id, document as text) of the newest `RANKED` papers that are asked for."""
    rows: list[tuple[str, str]] = []
    cursor: str | None = None
    while len(rows) < RANKED:
        asked = replace(query, sort="new", limit=min(MOST, RANKED - len(rows)))
        found = papers.page(connection, asked, cursor)
        rows += found.rows
        cursor = found.next
        if cursor is None:
            break
    return rows


def as_paper(doc: Mapping[str, Any]) -> taste.Paper:
    """What a taste sees of a document."""
    return taste.Paper(doc["title"], doc["abstract"], tuple(doc["authors"]))


def _reading(connection: Connection, made: model.Made) -> Reading | None:
    if made.version not in _readings:
        data = model.data(connection, made.pk)
        try:
            found = reading.from_bytes(data, "model reading") if data else None
        except UsageError as error:
            log.warning("%s It is not used.", error)
            found = None
        if found is None:
            return None
        with _lock:
            _readings.clear()  # the one before is used no more, and is large
            _readings[made.version] = found
    return _readings.get(made.version)


def _remember(cache: dict[Any, Any], key: Any, value: object) -> None:
    with _lock:
        while len(cache) >= _REMEMBERED:
            del cache[next(iter(cache))]
        cache[key] = value


def reasons(
    words: Sequence[tuple[str, float]], authors: Sequence[tuple[str, float]], most: int, text: Text
) -> list[tuple[str, float]]:
    """The words, as the paper writes them, and authors that speak most for a paper, or against it,
    heaviest first; features of the same words, which say it twice, once."""
    read = ((word.removeprefix(TITLE), weight, True) for word, weight in words)
    people = ((name, weight, False) for name, weight in authors)
    found: list[tuple[str, float]] = []
    said: set[str] = set()
    for name, weight, is_word in heapq.merge(read, people, key=lambda one: -abs(one[1])):
        if len(found) == most:
            break
        if said.isdisjoint(parts := name.split()):
            found.append((text.written(name) if is_word else name, weight))
            said.update(parts)
    return found
