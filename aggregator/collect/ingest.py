"""Match, merge and store one page of drafts, in the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aggregator.memory import unsearched
from aggregator.merge.first import brought, described, revised
from aggregator.merge.plan import Counts, changed_entries, plan
from aggregator.models import Parsed
from aggregator.store import changes, citations, entries, events, lone
from aggregator.store.lone import Ready
from aggregator.store.sql import is_sqlite, one_at_a_time

DESCRIBED = timedelta(days=7)
"""So long after a paper its abstract makes it news to whom its title did not."""


def by_age(
    parsed: Sequence[Parsed], news_since: datetime
) -> tuple[tuple[bool, list[Parsed]], tuple[bool, list[Parsed]]]:
    """(True, what was public before `news_since` and so is history), (False, the rest, with what else
    the pages say)."""
    old = [Parsed(tuple(d for d in part.drafts if d.public_since < news_since)) for part in parsed]
    new = [
        replace(part, drafts=tuple(d for d in part.drafts if d.public_since >= news_since))
        for part in parsed
    ]
    return (True, old), (False, new)


def store_drafts(
    connection: Connection,
    parsed: Sequence[Parsed],
    source: str,
    now: datetime,
    *,
    backfill: bool,
    ahead: Sequence[Ready] = (),
    announced_since: datetime | None = None,
) -> tuple[Counts, int, int]:
    """Match, merge and store what was read; returns (entry counts, papers made, papers changed).
    `ahead` are more drafts, made ready for this source and time in another process. What was public
    from `announced_since` on is this source's news, also if a back-fill of another came first; of a
    back-fill, what came out from then on of papers that were known: their versions."""
    # Two sources may bring the same work at once: the second must see the first one's paper.
    one_at_a_time(connection, "ingest")
    with unsearched():
        return _store(connection, parsed, _Batch(source, now, backfill, announced_since), ahead)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Whence and when; as of `store_drafts`."""

    source: str
    now: datetime
    backfill: bool
    announced_since: datetime | None


def _store(
    connection: Connection, parsed: Sequence[Parsed], batch: _Batch, ahead: Sequence[Ready]
) -> tuple[Counts, int, int]:
    drafts = [lone.ready(draft) for part in parsed for draft in part.drafts]
    alone, others = lone.part(connection, [*ahead, *drafts])
    make = lone.Maker(
        batch.source, batch.now, backfill=batch.backfill, sqlite=is_sqlite(connection)
    )
    made = [one.made or make(one.unpacked(), one.ties) for one in alone if one.ties]
    lone.add(connection, made, batch.source)
    changes.note_newest(connection, ((batch.source, one.published) for one in made))
    rest = Parsed(tuple(one.unpacked() for one in others))
    counts, more, changed = _merge(
        connection, [rest, *(replace(part, drafts=()) for part in parsed)], batch
    )
    counts.fetched += len(made)
    counts.new += len(made)
    return counts, len(made) + more, changed


def _merge(
    connection: Connection, parsed: Sequence[Parsed], batch: _Batch
) -> tuple[Counts, int, int]:
    """As `store_drafts`, the long way: with all that is stored around the drafts."""
    known = sum(part.known for part in parsed)
    if not any(part.drafts or part.gone for part in parsed):
        return Counts(fetched=known, unchanged=known), 0, 0
    keys = {draft.key for part in parsed for draft in part.drafts}
    stored, digests = entries.of_keys(connection, keys)
    for kind, native_ids in _gone(parsed).items():
        more, also = entries.of_native_ids(connection, kind, native_ids)
        stored, digests = stored | more, digests | also
    page, fetched = changed_entries(parsed, stored, batch.source, batch.now)
    changed = [entry for key, (entry, digest) in page.items() if digests.get(key) != digest]
    before = [stored[entry.key] for entry in changed if entry.key in stored]
    around = entries.around(connection, changed, before, digests)
    decided = plan(page, fetched, around, batch.now, batch.backfill)
    changes.apply(connection, decided)
    if batch.announced_since:
        news = revised if batch.backfill else brought
        first = news(decided, around.neighbours, batch.source)
        events.renew(connection, first, batch.announced_since, batch.now)
    # By its title alone a paper may have missed the topics, and the readers, that it has now.
    events.retell(connection, described(decided, around.neighbours), batch.now - DESCRIBED)
    citations.settle(connection, _cited(parsed), decided)
    entries.want_unknown(connection, changed)
    decided.counts.fetched += known
    decided.counts.unchanged += known
    made = len(decided.made)
    return decided.counts, made, len(decided.papers) - made


def regroup(
    connection: Connection, paper_ids: Collection[str], now: datetime, away: Collection[str] = ()
) -> set[str]:
    """Part the entries of these papers anew, after people decided about them; what changes is no
    news. `away` are keys of entries that leave their paper's id to the others. Returns the ids of the
    papers that now hold the entries."""
    one_at_a_time(connection, "ingest")
    own = entries.of_papers(connection, paper_ids)
    around = entries.around(connection, own, (), {e.key: "" for e in own})
    decided = plan({}, 0, around, now, True, away)
    changes.apply(connection, decided)
    citations.settle(connection, set(), decided)
    return {
        e.paper_id
        for e in entries.of_keys(connection, {e.key for e in own})[0].values()
        if e.paper_id
    }


def _cited(parsed: Sequence[Parsed]) -> set[tuple[str, str]]:
    """(entry key, name of a work it cites) of everything that was read."""
    return {(draft.key, name) for part in parsed for draft in part.drafts for name in draft.cites}


def _gone(parsed: Sequence[Parsed]) -> dict[str, set[str]]:
    """Kind -> native ids that their place has deleted."""
    found: dict[str, set[str]] = defaultdict(set)
    for part in parsed:
        for kind, native_id in part.gone:
            found[kind].add(native_id)
    return found
