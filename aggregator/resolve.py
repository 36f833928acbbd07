"""Asks arXiv for the papers that posts and representative works name and nothing here has."""

import logging
from collections.abc import Iterable
from datetime import datetime

from aggregator.attempt import make_fetcher
from aggregator.errors import SourceError
from aggregator.ingest import store_drafts
from aggregator.models import Parsed
from aggregator.settings import Settings
from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.arxiv.lookup import IDS_PER_REQUEST
from aggregator.sources.base import Source
from aggregator.store import ledger, runs
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
        with store.upstream_lock(arxiv.upstream), store.read() as connection:
            last = runs.last(connection, arxiv.name)
            resting = ledger.cooldown(connection, arxiv.upstream, now)
            wanted = ledger.wanted(connection, "arxiv", IDS_PER_REQUEST, now)
        if not wanted or resting or (last and last.status in TROUBLE):
            break
        try:
            made, changed = _look_up(store, settings, arxiv, wanted, now)
        except SourceError as error:
            log.warning("%s: look-up of %d papers failed: %s", arxiv.name, len(wanted), error)
            with store.write() as connection:  # counts as a try, so that it waits a day
                ledger.looked_up(connection, {f"arxiv:{native}" for native in wanted}, (), now)
            break
        total_made += made
        total_changed += changed
    return total_made, total_changed


def _look_up(
    store: Store, settings: Settings, arxiv: ArxivSource, wanted: list[str], now: datetime
) -> tuple[int, int]:
    http = make_fetcher(store, settings, arxiv)
    try:
        with store.upstream_lock(arxiv.upstream):
            drafts = arxiv.look_up(http, wanted, now)
    finally:
        http.close()
    with store.write() as connection:
        parsed = [Parsed(tuple(drafts))]
        _, made, changed = store_drafts(connection, parsed, arxiv.name, now, backfill=False)
        found = {f"arxiv:{draft.native_id}" for draft in drafts}
        ledger.looked_up(connection, {f"arxiv:{native}" for native in wanted}, found, now)
    return made, changed
