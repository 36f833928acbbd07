"""Asks arXiv for the papers that posts and representative works name and nothing here has."""

import logging
from collections.abc import Iterable
from datetime import datetime

from aggregator.collect.attempt import make_fetcher
from aggregator.collect.ingest import by_age, store_drafts
from aggregator.errors import BrokenError, DeniedError, SourceError, ThrottledError
from aggregator.models import Parsed
from aggregator.settings import Settings
from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.arxiv.source import IDS_PER_REQUEST
from aggregator.sources.base import Source
from aggregator.store import entries, ledger, runs
from aggregator.store.db import Store

log = logging.getLogger(__name__)

TROUBLE = ("failed", "throttled", "challenged")  # arXiv is not asked on top of that
MOST_REQUESTS = 3  # a run; posts name a few dozen papers a day


def look_up(
    store: Store,
    settings: Settings,
    sources: Iterable[Source],
    now: datetime,
) -> tuple[int, int]:
    """(papers made, papers changed) by looking up what is wanted, through the first arXiv source;
    nothing is asked while that source is in trouble or its upstream cools down."""
    arxiv = next((s for s in sources if isinstance(s, ArxivSource)), None)
    total_made = total_changed = 0
    if arxiv is None:
        return 0, 0
    for _ in range(MOST_REQUESTS):
        if not _wanted(store, arxiv, now):
            break
        with store.upstream_lock(arxiv.upstream):
            # Asked again under the lock: another process may just have looked these up.
            wanted = _wanted(store, arxiv, now)
            try:
                made, changed = _look_up(store, settings, arxiv, wanted, now) if wanted else (0, 0)
            except SourceError as error:
                _put_off(store, arxiv, error, now)
                break
        total_made += made
        total_changed += changed
    return total_made, total_changed


def _put_off(store: Store, arxiv: ArxivSource, error: SourceError, now: datetime) -> None:
    """Leave the look-ups alone for a while, and arXiv where it said so."""
    log.warning("%s: look-up failed: %s", arxiv.name, error)
    until = now + (getattr(error, "retry_after", None) or ledger.LOOK_UPS_WAIT)
    with store.write() as connection:
        ledger.cool_down(connection, ledger.LOOK_UPS, until, str(error))
        if isinstance(error, ThrottledError):
            ledger.cool_down(connection, arxiv.upstream, until, str(error))
        if isinstance(error, DeniedError):
            ledger.cool_down(connection, arxiv.upstream, ledger.FOR_A_PERSON, str(error))


def _wanted(store: Store, arxiv: ArxivSource, now: datetime) -> list[str]:
    """What to look up now; nothing while arXiv is in trouble or has asked for peace."""
    with store.write() as connection:
        last = runs.last(connection, arxiv.name, now)
        resting = [
            ledger.cooldown(connection, name, now) for name in (arxiv.upstream, ledger.LOOK_UPS)
        ]
        if any(resting) or (last and last.status in TROUBLE):
            return []
        return entries.wanted(connection, "arxiv", IDS_PER_REQUEST, now)


def _look_up(
    store: Store, settings: Settings, arxiv: ArxivSource, wanted: list[str], now: datetime
) -> tuple[int, int]:
    with store.read() as connection:
        witness = entries.oldest(connection, "arxiv")
    http = make_fetcher(store, settings, arxiv, now)
    try:
        drafts = arxiv.look_up(http, wanted, now)
        # Nothing at all: are they slips of the pen, or does it answer with nothing whatever is asked?
        if not drafts and witness and not arxiv.look_up(http, [witness], now):
            raise BrokenError(
                f"arXiv answered with none of the {len(wanted)} papers asked for, nor with one that it had."
            )
    finally:
        http.close()
    with store.write() as connection:
        begun = runs.first_good(connection, arxiv.name) or now
        made = changed = 0
        # What was out before arXiv was watched is no news because a post names it.
        for history, some in by_age([Parsed(tuple(drafts))], begun):
            _, new, more = store_drafts(connection, some, arxiv.name, now, backfill=history)
            made, changed = made + new, changed + more
        found = {f"arxiv:{draft.native_id}" for draft in drafts}
        ledger.looked_up(connection, {f"arxiv:{native}" for native in wanted}, found, now)
    return made, changed
