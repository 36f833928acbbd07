"""One attempt at one source: pull it, store it page by page, and record what became of it."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol

from aggregator import clock
from aggregator.collect.ingest import store_drafts
from aggregator.collect.novelty import Novelty
from aggregator.errors import DeniedError, SourceError, ThrottledError
from aggregator.fetch.client import Fetcher, Line
from aggregator.fetch.manners import Manners
from aggregator.merge.keys import claims
from aggregator.merge.plan import Counts
from aggregator.models import QUIET_STATUSES, Parsed, Status
from aggregator.parse import addresses
from aggregator.settings import Settings
from aggregator.sources.base import Note, Page, Source
from aggregator.store import citations, entries, ledger, runs, wishes
from aggregator.store.db import Store

log = logging.getLogger(__name__)

SEVERITY: tuple[Status, ...] = (
    "ok",
    "holiday",
    "not_out_yet",
    "stale",
    "mismatch",
    "partial",
    "throttled",
    "challenged",
    "failed",
)
"""The worst note of a run is its status."""

COOLDOWN = timedelta(minutes=10)
"""After a refusal that names no time; what shipped readers came to for Reddit (UPSTREAMS 4.2)."""


class Progress(Protocol):
    """Hears how far a source is."""

    def __call__(self, source: str, what: str, done: int, total: int | None) -> None: ...


@dataclass(slots=True)
class Outcome:
    """What became of one source in one run."""

    status: Status
    message: str
    counts: Counts
    skipped: int
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The logical now of a run, and how far back it is to fetch dated streams."""

    now: datetime
    since: datetime | None


class Attempt:
    """One attempt at one source; it is the `Context` that the source's pull sees."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        source: Source,
        moment: Moment,
        progress: Progress | None,
        *,
        by_name: bool = False,
        line: Line | None = None,
    ) -> None:
        """`by_name`: a person asks for this very source, which ends what waits for one. `line` is that
        of the sources before it, if there were any."""
        self.papers_new = 0
        self.papers_updated = 0
        self.now = moment.now
        self.since = moment.since
        self._store, self._source, self._tell = store, source, progress
        self._counts = Counts()
        self._skipped: list[str] = []
        self._notes: list[Note] = []
        self._said = ""
        self._told_at = 0.0
        self._moved: dict[str, Any] = {}
        self.http = make_fetcher(store, settings, source, moment.now, line)
        with store.write() as connection:
            wall = clock.wall()
            known = runs.standing(connection, source.name, self.now, wall)
            self.checkpoint = ledger.checkpoints(connection, source.name)
            self._resting = ledger.cooldown(connection, source.upstream, self.now)
            if by_name and self._waits_for_a_person:
                ledger.lift(connection, source.upstream)
                self._resting = None
            self._failures = known.last.failures if known.last else 0
            self._replay = known.latest is not None and known.latest > self.now
            backfill = not known.ever_good or self.since is not None
            had_all = None if self._replay else known.had_all
            self._novelty = Novelty(self.now, not known.ever_good, self.since is not None, had_all)
            self._id = runs.start(connection, source.name, self.now, wall, backfill, known)
            if known.wanted:
                wishes.take(connection, source.name, self._id)

    @property
    def _waits_for_a_person(self) -> bool:
        return self._resting is not None and self._resting[0] == ledger.FOR_A_PERSON

    def known(self, keys: Collection[str], by: datetime) -> set[str]:
        with self._store.read() as connection:
            return entries.known(connection, keys, by)

    def citing(self, work: str, keys: Collection[str]) -> set[str]:
        with self._store.read() as connection:
            return citations.known(connection, work, keys)

    def incomplete(self, kind: str, prefix: str = "") -> list[tuple[str, str]]:
        with self._store.read() as connection:
            return entries.incomplete(connection, kind, prefix)

    def wanted(self, kind: str, most: int) -> list[str]:
        with self._store.write() as connection:
            return entries.wanted(connection, kind, most, self.now)

    def want_stored(self, kind: str) -> None:
        with self._store.write() as connection:
            entries.want_stored(connection, kind)

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        self._said = f"{what}: {done}" + (f" of {total}" if total else "")
        if self._tell:
            self._tell(self._source.name, what, done, total)

    def carry_out(self) -> Outcome:
        """Pull, store page by page, and record what became of it."""
        started = monotonic()
        try:
            if self._resting:
                until, reason = self._resting
                if self._waits_for_a_person:
                    raise DeniedError(reason)
                raise ThrottledError(f"Left alone until {clock.iso(until)}: {reason}")
            for step in self._source.pull(self):
                if isinstance(step, Note):
                    self._notes.append(step)
                else:
                    self._store_page(step)
        except SourceError as error:
            self._notes.append(self._failed(error))
        except Exception as error:  # nobody foresaw it: the other sources go on, this one backs off
            log.exception("%s: an error of Daypaper's own", self._source.name)
            kind = type(error).__name__
            self._notes.append(
                Note("failed", f"An error of Daypaper's own ({kind}); it is logged.")
            )
        finally:
            self.http.close()
        note = self._verdict()
        failures = 0 if note.status in QUIET_STATUSES else self._failures + 1
        with self._store.write() as connection:
            ledger.save_checkpoints(connection, self._source.name, self._moved)
            runs.finish(
                connection,
                self._id,
                note.status,
                note.message,
                self._counts,
                skipped=len(self._skipped),
                requests=self.http.requests,
                failures=failures,
                wall=clock.wall(),
            )
        seconds = round(monotonic() - started, 2)
        skipped = len(self._skipped)
        return Outcome(
            note.status, note.message, self._counts, skipped, self.http.requests, seconds
        )

    def _store_page(self, page: Page) -> None:
        if not (page.raws or page.drafts or page.asked or self._moved or self._replay):
            # A checkpoint alone waits for what is written next, the next one at the latest: nothing
            # that was read can be lost.
            self._moved = dict(page.checkpoint)
            return
        parsed = [self._source.to_drafts(raw) for raw in page.raws]
        parsed.append(Parsed(page.drafts))
        for part in parsed:
            for reason in part.skipped:
                log.warning("%s: skipped %s", self._source.name, reason)
            self._skipped += part.skipped
            read = len(part.drafts) + len(part.skipped) + len(part.gone) + part.known
            if part.declared is not None and part.declared > read:
                lost = f"{part.declared} items were served and {read} recognised"
                self._notes.append(
                    Note("mismatch", f"{lost}; this place may have changed its form.")
                )
        with self._store.write() as connection:
            kept = [
                store_drafts(
                    connection,
                    part,
                    self._source.name,
                    self.now,
                    backfill=history,
                    announced_since=since,
                )
                for history, part, since in self._novelty.parted(page, parsed)
            ]
            if page.asked:
                found = {name for part in parsed for one in part.drafts for name in claims(one)}
                ledger.looked_up(connection, page.asked, found, self.now)
            if not self._replay:
                moved = {**self._moved, **page.checkpoint}
                ledger.save_checkpoints(connection, self._source.name, moved)
                marks = [raw.validator for raw in page.raws if raw.validator]
                ledger.save_validators(connection, self._source.name, marks)
            if self._said and monotonic() - self._told_at > 1:
                runs.progress(connection, self._id, self._said)
                self._told_at = monotonic()
        self._moved = {}
        for counts, made, changed in kept:
            for name in ("fetched", "new", "updated", "unchanged"):
                setattr(self._counts, name, getattr(self._counts, name) + getattr(counts, name))
            self.papers_new += made
            self.papers_updated += changed

    def _failed(self, error: SourceError) -> Note:
        log.warning("%s: %s", self._source.name, error)
        until = None
        if isinstance(error, DeniedError):
            until = ledger.FOR_A_PERSON
        elif isinstance(error, ThrottledError):
            until = self.now + (error.retry_after or COOLDOWN)
        if until and not self._resting:
            with self._store.write() as connection:
                ledger.cool_down(connection, self._source.upstream, until, str(error))
        status: Any = error.status
        return Note(status, str(error))

    def _verdict(self) -> Note:
        notes = list(self._notes)
        if self._skipped:
            first = self._skipped[0]
            some = (
                f"{len(self._skipped)} items could not be read and were left out (first: {first})."
            )
            notes.append(Note("mismatch", some))
        if not notes:
            c = self._counts
            notes = [Note("ok", f"{c.new} new, {c.updated} updated, {c.unchanged} unchanged.")]
        worst = max(notes, key=_severity)
        bad = [n for n in notes if n.status not in QUIET_STATUSES]
        said = sorted(bad, key=_severity, reverse=True) or [
            n for n in notes if n.status == worst.status
        ]
        return Note(worst.status, " ".join(dict.fromkeys(n.message for n in said)))


def _severity(note: Note) -> int:
    return SEVERITY.index(note.status)


def make_fetcher(
    store: Store, settings: Settings, source: Source, now: datetime, line: Line | None = None
) -> Fetcher:
    """The HTTP client of one source, at the logical moment `now`; on `line`, which stays open, or on one
    of its own."""
    manners = Manners(
        source.upstream,
        timedelta(seconds=source.pace_seconds),
        frozenset(map(addresses.host, source.base_urls)),
        getattr(source, "daily_requests", None),  # few kinds have it
        now,
        source.name,
    )
    return Fetcher(
        manners,
        store,
        given=source.base_urls,
        contact=settings.contact,
        allow_private=settings.allow_private_upstreams,
        patience=settings.patience_seconds,
        line=line,
    )
