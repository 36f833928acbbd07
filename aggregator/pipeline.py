"""Calls the stages in order: pull, read, match and merge, store, tag. Does nothing else."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aggregator import clock, works
from aggregator.attempt import Attempt, Moment, Outcome, Progress, make_fetcher
from aggregator.errors import SourceError, UsageError
from aggregator.ingest import store_drafts
from aggregator.models import QUIET_STATUSES, Parsed
from aggregator.settings import Settings
from aggregator.sources import KINDS
from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.arxiv.lookup import IDS_PER_REQUEST
from aggregator.sources.base import Credentials, Source
from aggregator.store import ledger, runs
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)

LOOKUPS_PER_RUN = 3  # requests; posts name a few dozen papers a day


@dataclass(slots=True)
class Collected:
    """What `collect` did: each source's outcome, and papers made and changed."""

    sources: dict[str, Outcome] = field(default_factory=dict)
    papers_new: int = 0
    papers_updated: int = 0

    @property
    def all_well(self) -> bool:
        """Is every source ok, or quiet for a known reason?"""
        return all(o.status in QUIET_STATUSES for o in self.sources.values())


def make_sources(config: Config, settings: Settings) -> list[Source]:
    """The enabled sources of topics.toml, in its order."""
    credentials = Credentials(
        settings.reddit_client_id.get_secret_value(),
        settings.reddit_client_secret.get_secret_value(),
    )
    return [KINDS[s.kind](s, credentials) for s in config.sources if s.enabled]


def collect(
    store: Store,
    settings: Settings,
    config: Config,
    names: Collection[str] = (),
    *,
    since: datetime | None = None,
    as_of: datetime | None = None,
    progress: Progress | None = None,
) -> Collected:
    """Fetch the sources that are due (all with `since`, those named whether due or not), merge and
    store. Waits for another collector to finish first. Raises UsageError for an unknown name."""
    sources = make_sources(config, settings)
    unknown = set(names) - {s.name for s in sources}
    if unknown:
        known = ", ".join(s.name for s in sources) or "none"
        raise UsageError(f'No enabled source "{sorted(unknown)[0]}"; expected one of: {known}.')
    done = Collected()
    with store.collector_lock():
        moment = Moment(as_of or clock.wall(), since)
        works.load(store, config, moment.now)
        for source in sources:
            if source.name in names or (
                not names and (since or _is_due(store, source, moment.now))
            ):
                attempt = Attempt(store, settings, source, moment, progress)
                done.sources[source.name] = attempt.carry_out()
                done.papers_new += attempt.papers_new
                done.papers_updated += attempt.papers_updated
        _look_up(store, settings, sources, moment, done)
    return done


def _is_due(store: Store, source: Source, now: datetime) -> bool:
    with store.read() as connection:
        last = runs.last(connection, source.name)
    return source.next_due(last, now) <= now


def _look_up(
    store: Store,
    settings: Settings,
    sources: Iterable[Source],
    moment: Moment,
    done: Collected,
) -> None:
    """Ask arXiv once for the papers that posts named and nothing here has."""
    arxiv = next((s for s in sources if isinstance(s, ArxivSource)), None)
    outcome = done.sources.get(arxiv.name) if arxiv else None
    if arxiv is None or (outcome and outcome.status in ("failed", "throttled", "challenged")):
        return
    for _ in range(LOOKUPS_PER_RUN):
        with store.read() as connection:
            wanted = ledger.wanted(connection, "arxiv", IDS_PER_REQUEST)
        if not wanted:
            return
        http = make_fetcher(store, settings, arxiv)
        try:
            drafts = arxiv.look_up(http, wanted, moment.now)
        except SourceError as error:
            log.warning("%s: look-up of %d papers failed: %s", arxiv.name, len(wanted), error)
            return
        finally:
            http.close()
        with store.write() as connection:
            parsed = [Parsed(tuple(drafts))]
            _, made, changed = store_drafts(
                connection, parsed, arxiv.name, moment.now, backfill=False
            )
            found = {f"arxiv:{draft.native_id}" for draft in drafts}
            asked = {f"arxiv:{native}" for native in wanted}
            ledger.looked_up(connection, asked, found, moment.now)
        done.papers_new += made
        done.papers_updated += changed
