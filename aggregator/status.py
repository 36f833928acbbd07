"""The state of every source, in the words that the CLI, the API and the pages share."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from aggregator.clock import iso
from aggregator.collect.turn import Turns
from aggregator.models import QUIET_STATUSES
from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.base import LastRun, Source
from aggregator.store import health, ledger
from aggregator.store.db import Store
from aggregator.store.runs import INTERRUPTED

LATE = timedelta(days=1)


def source_states(
    store: Store, connection: Connection, sources: Sequence[Source], now: datetime
) -> list[dict[str, Any]]:
    """One dictionary for each source, in their order, as it was at the logical moment `now`;
    `connection` is one of the store's.

    Keys: name, kind, status (one of the nine, None before the first run ended), message,
    last_success, next_due, newest_entry (ISO moments or None), failures (bad runs in a row), running,
    and overdue: it should have been asked more than `LATE` ago. While a source runs its message says
    how far it is. A run that nobody carries on, since its process was killed, does not count as
    running.
    """
    newest = health.newest_runs(connection, now)
    finished = health.last_finished(connection, now)
    successes = health.last_successes(connection, now)
    entries = health.newest_entries(connection)
    turns = Turns.read(connection)
    states = []
    for source in sources:
        run, last = newest.get(source.name), finished.get(source.name)
        running = is_running(store, source, run)
        due = turns.next_due(source, _last_run(last), now)
        overdue = last is not None and not running and due < now - LATE
        states.append(
            {
                "name": source.name,
                "kind": source.kind,
                "status": last.status if last else None,
                "message": _message(run, last, running, overdue),
                "last_success": _iso(successes.get(source.name)),
                "next_due": iso(due),
                "failures": last.failures if last else 0,
                "newest_entry": _iso(entries.get(source.name)),
                "running": running,
                "overdue": overdue,
            }
        )
    if turns.cooldowns.get(ledger.LOOK_UPS, now) > now:
        _add_look_ups(connection, sources, states, now)
    return states


def _add_look_ups(
    connection: Connection, sources: Sequence[Source], states: list[dict[str, Any]], now: datetime
) -> None:
    """Papers that posts name are looked up through the first arXiv source, after its run: what keeps
    them away is said with it."""
    first = next((n for n, one in enumerate(sources) if isinstance(one, ArxivSource)), None)
    waiting = ledger.cooldown(connection, ledger.LOOK_UPS, now)
    if first is None or not waiting:
        return
    # The ledger knows no past: it speaks of the time after the newest run.
    if health.has_run_since(connection, sources[first].name, now):
        return
    state = states[first]
    if state["status"] in QUIET_STATUSES:
        until, reason = waiting
        said = f"Papers that posts name wait to be looked up until {iso(until)}: {reason}"
        state |= {"status": "partial", "message": f"{state['message']} {said}"}


def is_running(store: Store, source: Source, run: health.RunRow | None) -> bool:
    """Is this run, the newest of the source, going on? One whose process was killed is not."""
    return run is not None and run.finished is None and store.is_asked(source.upstream)


def _message(
    run: health.RunRow | None, last: health.RunRow | None, running: bool, overdue: bool
) -> str:
    if run is None:
        return "Not asked yet."
    if running:
        return run.message or "Just started."
    if run.finished is None:
        return INTERRUPTED
    said = last.message if last else run.message
    return f"Not asked since {last.at.date()}. {said}" if last and overdue else said


def _last_run(last: health.RunRow | None) -> LastRun | None:
    return LastRun(last.at, last.status, last.failures) if last and last.status else None


def _iso(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def run_state(one: health.RunRow) -> dict[str, Any]:
    """One attempt of the history, in JSON values: `at` is logical, `started` and `finished` are of the
    wall; the counts are of entries."""
    counts = ("fetched", "new", "updated", "unchanged", "skipped", "requests", "failures")
    return {
        "id": one.id,
        "at": iso(one.at),
        "started": iso(one.started),
        "finished": _iso(one.finished),
        "status": one.status,
        "message": one.message,
        "backfill": one.backfill,
        **{name: getattr(one, name) for name in counts},
    }
