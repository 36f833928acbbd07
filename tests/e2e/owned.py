"""What the owner of a Daypaper has after some weeks, to look at the pages of sources and settings with."""

from datetime import timedelta

from aggregator.merge.plan import Counts
from aggregator.models import Status
from aggregator.people import subscribers
from aggregator.store import ledger, runs, tokens, watches, wishes
from aggregator.store.db import Store
from aggregator.topics import Config
from aggregator.watches import Wanted, Watch
from tests.e2e.sample import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_STATUSES: tuple[tuple[Status, str], ...] = (
    ("ok", "41 new, 3 updated, 120 unchanged."),
    ("partial", "The day's 90 requests are used; 3 of 9 works were asked."),
    ("throttled", "Asked to wait (429)."),
    ("challenged", "A page that checks for robots came instead of the list."),
    ("failed", "The host did not answer in time."),
)


def fill(store: Store, config: Config) -> None:
    """Subscriptions, a watch, tokens; sources in every state, one that was asked for by hand, one that
    may not be asked."""
    wanted = (
        Wanted(watch="gan", channel="email", target="ada@example.org"),
        Wanted(watch="datasets", channel="slack", target="#papers", schedule="asap"),
        Wanted(watch="long-video", channel="email", target="bo@example.org"),
    )
    enabled = [one.name for one in config.sources if one.enabled]
    with store.write() as connection:
        watches.save(connection, config, Watch(name="long-video", query="video"), NOW)
        for one in wanted:
            confirmed = one.target != "bo@example.org"
            subscribers.add(connection, config, one, NOW, origin="cli", confirmed=confirmed)
        tokens.create(connection, "laptop", "write", NOW - 40 * DAY, days=30)
        tokens.create(connection, "feed reader", "read", NOW - DAY)
        for n, name in enumerate(enabled):
            for days in range(12 if n == 0 else 1, 0, -1):
                status, message = _STATUSES[n % len(_STATUSES)] if days == 1 else _STATUSES[0]
                at = NOW - days * DAY + 20 * HOUR
                run = runs.start(connection, name, at, at, False)
                runs.finish(
                    connection, run, status, message, Counts(), skipped=0, requests=3,
                    failures=int(status != "ok"), wall=at + timedelta(minutes=2),
                )  # fmt: skip
        wishes.make(connection, enabled[1], NOW)
        ledger.cool_down(connection, "arxiv", NOW + 2 * HOUR, "Asked to wait (429).")
