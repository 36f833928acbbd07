"""Calls the stages in order: pull, read, match and merge, store, tag. Does nothing else."""

import logging
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from aggregator import clock
from aggregator.collect import resolve, works
from aggregator.collect.attempt import Attempt, Moment, Outcome, Progress, make_fetcher
from aggregator.collect.turn import Turns
from aggregator.errors import RefusedError, SourceError, UsageError
from aggregator.fetch.client import Line
from aggregator.models import QUIET_STATUSES
from aggregator.settings import Settings
from aggregator.sources import KINDS
from aggregator.sources.base import Credentials, Source
from aggregator.sources.crossref import CrossrefSource
from aggregator.store import runs, wishes
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)


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
    """The enabled sources of topics.toml, in its order; those of one upstream keep its slowest pace."""
    credentials = Credentials(
        settings.reddit_client_id.get_secret_value(),
        settings.reddit_client_secret.get_secret_value(),
        settings.openreview_user.get_secret_value(),
        settings.openreview_password.get_secret_value(),
        settings.s2_api_key.get_secret_value(),
        settings.openalex_api_key.get_secret_value(),
        settings.contact,
    )
    made: list[Source] = [KINDS[s.kind](s, credentials) for s in config.sources if s.enabled]
    # Who wants to be asked slowly by one source, is asked so by all.
    slowest: dict[str, float] = {}
    for source in made:
        slowest[source.upstream] = max(slowest.get(source.upstream, 0), source.pace_seconds)
    for source in made:
        source.pace_seconds = slowest[source.upstream]
    return made


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
    """Fetch the sources that are due or wanted (all with `since`, those named in any case), merge and
    store. Waits while another collector asks the same upstream.

    Raises UsageError for an unknown name.
    """
    sources = make_sources(config, settings)
    unknown = set(names) - {s.name for s in sources}
    if unknown:
        known = ", ".join(s.name for s in sources) or "none"
        raise UsageError(f'No enabled source "{sorted(unknown)[0]}"; expected one of: {known}.')
    done = Collected()
    now = as_of or clock.wall()
    works.load(store, config, now)
    # Last who looks up what the others named.
    ordered = sorted(sources, key=lambda source: isinstance(source, CrossrefSource))
    with closing(Line(settings.contact, settings.patience_seconds)) as line:
        for source in (one for one in ordered if one.name in names or not names):
            named = source.name in names
            always = named or since is not None
            _collect(
                store, settings, source, as_of, progress, done,
                since=since, always=always, by_name=named, line=line,
            )  # fmt: skip
    made, changed = resolve.look_up(store, settings, sources, now)
    done.papers_new += made
    done.papers_updated += changed
    return done


def collect_if_due(
    store: Store, settings: Settings, source: Source, progress: Progress | None = None
) -> Collected:
    """One source, if it is due now or a person wants it; what the scheduler calls every minute."""
    done = Collected()
    if _is_due(store, source, clock.wall()):  # asked before the lock, too: most often it is not
        _collect(store, settings, source, None, progress, done)
    return done


def look_up(store: Store, settings: Settings, config: Config) -> None:
    """Look up the papers that posts and works name, if arXiv may be asked now."""
    resolve.look_up(store, settings, make_sources(config, settings), clock.wall())


def _collect(
    store: Store,
    settings: Settings,
    source: Source,
    as_of: datetime | None,
    progress: Progress | None,
    done: Collected,
    *,
    since: datetime | None = None,
    always: bool = False,
    by_name: bool = False,
    line: Line | None = None,
) -> None:
    # Due or not is asked under the lock, and of the moment when it was got: another collector may have
    # done it while this one waited.
    with store.upstream_lock(source.upstream):
        moment = Moment(as_of or clock.wall(), since)
        if always or _is_due(store, source, moment.now):
            attempt = Attempt(store, settings, source, moment, progress, by_name=by_name, line=line)
            done.sources[source.name] = attempt.carry_out()
            done.papers_new += attempt.papers_new
            done.papers_updated += attempt.papers_updated


def _is_due(store: Store, source: Source, now: datetime) -> bool:
    with store.read() as connection:
        if wishes.is_waiting(connection, source.name):
            return True
        last = runs.last(connection, source.name, now)
        return Turns.read(connection).next_due(source, last, now) <= now


def tag(store: Store, settings: Settings, config: Config, *, everything: bool = False) -> int:
    """Tag the papers that wait, or `everything`, and topics that changed; returns how many papers
    were looked at."""
    from aggregator.learn import tagging

    return tagging.tag(store, settings, config, everything=everything)


def reach(store: Store, settings: Settings, config: Config) -> dict[str, str]:
    """Ask each enabled source's first address once: name -> "" or why it cannot be used."""
    found = {}
    for source in make_sources(config, settings):
        http = make_fetcher(store, settings, source, clock.wall())
        try:
            http.get(source.base_urls[0])
            found[source.name] = ""
        except SourceError as error:
            # A 404 for the bare address is an answer: somebody is there.
            there = isinstance(error, RefusedError) and error.http_status == 404
            found[source.name] = "" if there else str(error)
        finally:
            http.close()
    return found
