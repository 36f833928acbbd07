"""From the ledger to letters: reads what was claimed and puts it together, the same on every try."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aggregator import pipeline, status
from aggregator.deliver.base import Letter, Links
from aggregator.digest.pages import AS_IT_IS, Page
from aggregator.digest.pick import Selection, arrange
from aggregator.digest.select import Digest, EventRow, Item, Section
from aggregator.errors import NotFoundError
from aggregator.learn import taggers
from aggregator.people.signing import LETTER, Signer
from aggregator.sending.claim import Documents
from aggregator.sending.due import parse_schedule
from aggregator.sending.news import excuse
from aggregator.settings import Settings
from aggregator.store import people, watches
from aggregator.store.db import Store
from aggregator.store.letters import Kept, Told
from aggregator.store.subscriptions import Row
from aggregator.tag.model import Tagger
from aggregator.tag.paper_text import Text
from aggregator.tag.reasons import reasons
from aggregator.tag.why import weighed
from aggregator.topics import Config
from aggregator.watches import Watch

NAMED = 10  # subscriptions that an unsubscribe link names by themselves
DIGESTS = 500  # kept, each some 100 kB
log = logging.getLogger(__name__)

PERIOD, WEEK = timedelta(days=1), timedelta(days=7)
"""That a letter speaks of where nothing was missed."""


def make_composer(
    store: Store, settings: Settings, config: Config, documents: Documents, now: datetime
) -> "Composer":
    """With the sources' states of the moment; loading the tagger takes half a second."""
    sources = pipeline.make_sources(config, settings)
    with store.read() as connection:
        states = status.source_states(store, connection, sources, now)
    deciders = taggers.in_use(store, settings, config).by_topic(config)
    signer = Signer.of(settings)
    return Composer(settings, config, signer, deciders, documents, tuple(states))


@dataclass(slots=True)
class Composer:
    """Puts letters together for one pass. `deciders` are the models by the topic that they decide,
    `states` those of the sources."""

    settings: Settings
    config: Config
    signer: Signer
    deciders: Mapping[str, Tagger]
    documents: Documents
    states: tuple[Mapping[str, Any], ...]
    _why: dict[tuple[str, str], tuple[tuple[str, float], ...]] = field(default_factory=dict)
    _people: dict[int, str] = field(default_factory=dict)
    _digests: dict[Any, Digest] = field(default_factory=dict)

    def letters(
        self,
        connection: Connection,
        kept: Sequence[Kept],
        contents: Mapping[int, Sequence[Told]],
        rows: Mapping[int, Row],
    ) -> dict[int, Letter | None]:
        """Letters by key (`pk`), with their parts of the ledger and all their subscriptions given.
        Subscriptions that have been paused or ended meanwhile have no part in them; a letter for
        none but such is missing, as is one whose papers were all withdrawn while it waited. None
        stands for one that cannot be put together."""
        told = [one.paper_pk for some in contents.values() for one in some]
        docs = self.documents.get(connection, told)
        self._know(connection, rows.values())
        active = {pk: row for pk, row in rows.items() if row.state == "active"}
        made: dict[int, Letter | None] = {}
        for one in kept:
            if active.keys().isdisjoint(one.subscriptions):
                continue
            try:
                letter = self._letter(connection, one, contents[one.pk], active, docs)
                if _says_something(letter) or _is_asked_for(one, active):
                    made[one.pk] = letter
            except Exception:  # the edge of one letter: the others go
                log.exception("letter %s cannot be put together", one.key)
                made[one.pk] = None
        return made

    def trial(
        self, connection: Connection, row: Row, digest: Digest, watch: Watch, now: datetime
    ) -> Letter:
        """A marked test message that shows a digest and stands in no ledger."""
        self._know(connection, [row])
        digest = self._explained(digest)
        return Letter(
            key=f"test-{people.new_id()}",
            target=row.target,
            lang=row.terms.lang,
            at=now.astimezone(ZoneInfo(row.terms.tz)),
            digest=digest,
            watches=(watch.name,),
            pages={watch.name: self.page(connection, row)},
            sources=self.states,
            links=self._links([row], digest, ""),
            test=True,
        )

    def page(self, connection: Connection, row: Row) -> Page:
        """How a subscription has the page of its watch. A person's own opens by a key, for whoever they
        send it to by mail; in a channel everybody would have it."""
        if row.watch_owner is None or row.channel != "email":
            return Page(row.terms.min_probability)
        self._know(connection, [row])
        owner = self._people.get(row.watch_owner)
        return Page(
            row.terms.min_probability, self.signer.feed_token(owner, row.watch) if owner else ""
        )

    def _know(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Look up the people of these subscriptions, and whose own their watches are."""
        theirs = {pk for row in rows for pk in (row.person_pk, row.watch_owner) if pk is not None}
        if unknown := theirs - self._people.keys():
            self._people |= people.ids(connection, unknown)

    def _letter(
        self,
        connection: Connection,
        kept: Kept,
        contents: Sequence[Told],
        rows: Mapping[int, Row],
        docs: Mapping[int, Mapping[str, Any]],
    ) -> Letter:
        mine = [rows[pk] for pk in kept.subscriptions if pk in rows]
        contents = [one for one in contents if one.subscription_pk in rows]
        zone = ZoneInfo(mine[0].terms.tz)
        pages = {
            row.watch: page for row in mine if (page := self.page(connection, row)) != AS_IT_IS
        }
        digest = self._digest(connection, kept, mine, contents, docs)
        withdrawn = {
            one.paper_pk: docs[one.paper_pk] for one in contents if one.kind == "withdrawn"
        }
        return Letter(
            key=kept.key,
            target=kept.target,
            lang=kept.lang,
            at=kept.at.astimezone(zone),
            digest=digest,
            watches=tuple(row.watch for row in mine),
            pages=pages,
            sources=self.states,
            links=self._links(mine, digest, kept.key),
            late_since=kept.late_since and kept.late_since.astimezone(zone),
            paused_since=kept.paused_since and kept.paused_since.astimezone(zone),
            paused_until=(ends := _went_on(mine, kept)) and ends.astimezone(zone),
            withdrawn=tuple(withdrawn.values()),
        )

    def _digest(
        self,
        connection: Connection,
        kept: Kept,
        mine: Sequence[Row],
        contents: Sequence[Told],
        docs: Mapping[int, Mapping[str, Any]],
    ) -> Digest:
        """The same object for everybody who is told the same: a channel renders it once."""
        since = kept.late_since or min(_begins(row, kept.at) for row in mine)
        watched = {row.pk: row.watch for row in mine}
        told = tuple(
            sorted((watched[one.subscription_pk], one.event_id, one.outcome) for one in contents)
        )
        # `told` may be the same and the pages that have it not.
        named = tuple((row.watch, row.watch_owner, self.page(connection, row)) for row in mine)
        key = (named, told, since, kept.at)
        if key not in self._digests:
            selections = [self._selection(connection, row, contents, docs) for row in mine]
            quiet = excuse(self.states, since, kept.at)
            made = arrange(selections, self.config.topics, since, kept.at, quiet=quiet)
            if len(self._digests) >= DIGESTS:
                self._digests.clear()
            self._digests[key] = self._explained(made)
        return self._digests[key]

    def _selection(
        self,
        connection: Connection,
        row: Row,
        contents: Sequence[Told],
        docs: Mapping[int, Mapping[str, Any]],
    ) -> Selection:
        told = [one for one in contents if one.subscription_pk == row.pk]
        mine = [one for one in told if one.kind != "withdrawn"]
        events = [
            EventRow(one.kind, one.at, docs[one.paper_pk], one.event_id, one.work) for one in mine
        ]
        shown = {one.event_id for one in mine if one.outcome == "shown"}
        return Selection(self._watch(connection, row), events, shown, self.page(connection, row))

    def _watch(self, connection: Connection, row: Row) -> Watch:
        try:
            return watches.subscribed(connection, self.config, row.watch, row.watch_owner)
        except NotFoundError:  # deleted since it was claimed; what was claimed is told all the same
            return Watch(name=row.watch, query=row.watch)

    def _links(self, rows: Sequence[Row], digest: Digest, key: str) -> Links:
        """A reader's own links go to mail only: in a channel everybody would have them."""
        base = self.settings.public_url
        if rows[0].channel != "email":
            return Links(base)
        person = self._people[rows[0].person_pk]
        papers = [
            item.paper["id"]
            for section in digest.sections
            for item in section.items
            if item.paper["topics"]  # else there is nothing to object to
        ]
        ids = [row.id for row in rows]
        # A header must stay below 998 signs: of many subscriptions the letter knows which.
        named = ids if len(ids) <= NAMED else [f"{LETTER}{key}"]
        unsubscribe = self.signer.unsubscribe_token(*named)
        return Links(
            base,
            unsubscribe=f"{base}/unsubscribe/{unsubscribe}",
            preferences=f"{base}/preferences/{self.signer.preferences_token(person)}",
            feedback={
                paper: f"{base}/feedback/{self.signer.feedback_token(person, paper)}"
                for paper in papers
            },
        )

    def _explained(self, digest: Digest) -> Digest:
        sections = tuple(
            replace(s, items=tuple(self._with_why(s, item) for item in s.items))
            for s in digest.sections
        )
        return replace(digest, sections=sections)

    def _with_why(self, section: Section, item: Item) -> Item:
        topic = self.config.topic(section.name)
        if topic is None:  # posts, and what cites a work
            return item
        key = (item.paper["id"], section.name)
        if key not in self._why:
            title, abstract = item.paper["title"], item.paper["abstract"]
            found = reasons(weighed(title, abstract, topic, self.deciders.get(topic.name)))
            text = Text(title, abstract)
            self._why[key] = tuple((text.written(words), weight) for words, weight in found)
        return replace(item, why=self._why[key])


def _begins(row: Row, at: datetime) -> datetime:
    """Where the period begins that a letter of this moment speaks of."""
    if row.since and row.started_at == at:  # its first
        return row.since
    return at - (PERIOD if parse_schedule(row.terms.schedule).weekday is None else WEEK)


def _went_on(mine: Sequence[Row], kept: Kept) -> datetime | None:
    """When the last of the pauses ended of which a letter speaks; None if that is not known. Who goes
    on begins anew, with nothing older."""
    ends = [row.started_at for row in mine if row.started_at and row.since is None]
    since = kept.paused_since
    return max((end for end in ends if since and since < end <= kept.at), default=None)


def _says_something(letter: Letter) -> bool:
    return bool(letter.withdrawn) or any(s.items or s.more for s in letter.digest.sections)


def _is_asked_for(kept: Kept, rows: Mapping[int, Row]) -> bool:
    """Does anybody want to be told that there is nothing?"""
    return any(rows[pk].terms.empty == "say" for pk in kept.subscriptions if pk in rows)
