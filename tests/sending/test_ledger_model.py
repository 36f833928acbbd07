"""The ledger under random operations: nothing is told twice, nothing is lost, whatever comes between."""

from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.sql import delivery, event, letter, paper
from tests.sending.ledger_model import DAY, Model, play

SEEDS = range(8)
"""More of them, or longer rounds, by hand: what fails once fails again with the same seed."""


def told_twice(model: Model) -> list[object]:
    """What came in two letters though neither was tried a second time, nor repeated as such."""
    with model.store.read() as connection:
        repeats = dict(connection.execute(sa.select(letter.c.key, letter.c.repeats)).all())
    found, seen, known = [], {}, {}
    for one in model.told:
        for pk, told, works in one.rows:
            event_id, kind = told.event_id, told.kind
            before = seen.setdefault((pk, event_id), one.key)
            if before != one.key and not repeats[before]:
                found.append((pk, event_id, before, one.key))
            heard = known.setdefault(pk, {})
            if kind == "new":
                others = {heard.get(work) for work in works}
                if (
                    None not in others
                    and one.key not in others
                    and not any(map(repeats.get, others))
                ):
                    found.append((pk, event_id, works, others))
                heard |= {work: one.key for work in works if work not in heard}
    return found


def lost(model: Model) -> list[object]:
    """Events after the first digest that a subscription without a pause was never told."""
    arrived = {one.key for one in model.told}
    with model.store.read() as connection:
        rows = [r for r in subscriptions.everything(connection) if r.pk not in model.restless]
        happened = connection.execute(
            sa.select(event, paper.c.withdrawn).join(paper, paper.c.id == event.c.paper_id)
        ).all()
        ledger = {
            (r.subscription_pk, r.event_id): r.key
            for r in connection.execute(
                sa.select(delivery, letter.c.key).outerjoin(
                    letter, letter.c.pk == delivery.c.letter_pk
                )
            )
        }
    found: list[object] = [pair for pair, key in ledger.items()
                           if pair[0] in {r.pk for r in rows} and key not in arrived]  # fmt: skip
    same: dict[tuple[str, str], list[int]] = {}
    for one in happened:
        if one.kind == "published" or (one.kind == "new" and one.superseded):
            same.setdefault((one.paper_id, one.kind), []).append(one.id)
    for row in rows:
        for one in happened:
            if (
                one.superseded
                or one.withdrawn
                or one.kind not in ("new", "published")
                or one.backfill
            ):
                continue
            ids = [one.id, *same.get((one.paper_id, one.kind), ())]
            if (one.first_id or one.id) > row.started_id and not any(
                (row.pk, i) in ledger for i in ids
            ):
                found.append((row.pk, one.id, one.kind, one.at, one.seen_at))
    return found


def unlike_the_ledger(model: Model) -> list[object]:
    """Letters that show, count or take back other papers than the ledger has for their subscriptions."""
    found: list[object] = []
    for one in (told for told in model.told if told.sure):
        standing = {pk: doc["id"] for pk, doc in one.papers.items() if not doc["withdrawn"]}
        papers: dict[str, set[str]] = {"shown": set(), "summarised": set()}
        for _, told, _ in one.rows:
            if told.kind != "withdrawn" and told.paper_pk in standing:
                papers[told.outcome].add(standing[told.paper_pk])
        gone = {one.papers[t.paper_pk]["id"] for _, t, _ in one.rows if t.kind == "withdrawn"}
        digest = one.letter.digest
        said = (
            {item.paper["id"] for section in digest.sections for item in section.items},
            {paper_id for section in digest.sections for paper_id in section.rest},
            {doc["id"] for doc in one.letter.withdrawn},
        )
        if said != (papers["shown"], papers["summarised"] - papers["shown"], gone):
            found.append((one.key, said, papers, gone))
    return found


def no_news(model: Model) -> list[object]:
    """What was told though it was there before the subscription began or went on after a pause, and was
    not of the day before."""
    with model.store.read() as connection:
        events = {row.id: row for row in connection.execute(sa.select(event))}
    found: list[object] = []
    for one in (told for told in model.told if told.sure):
        for pk, told, _ in one.rows:
            begun, what = one.begun[pk], events.get(told.event_id)
            if what is None or told.kind == "withdrawn":
                continue
            came = not what.backfill and (what.first_id or what.id) > begun.newest
            of_the_day = begun.earliest and told.at >= begun.earliest - DAY
            if not (came or of_the_day):
                found.append((one.key, pk, told, begun))
    return found


def left_unsaid(model: Model) -> list[object]:
    """Pauses of which no letter said that something was skipped; letters that speak of one to somebody who
    never paused."""
    found: list[object] = [
        (pk, paused)
        for pk, paused, count in model.skipped
        if not any(
            pk in one.begun and one.letter.paused_since and one.letter.paused_since <= paused
            for one in model.told[count:]
        )
    ]
    steady = [one for one in model.told if model.restless.isdisjoint(one.begun)]
    return found + [one.key for one in steady if one.letter.paused_since]


def badly_counted(model: Model) -> list[object]:
    """Letters of which the ledger does not know how often they were tried."""
    with model.store.read() as connection:
        asked = sa.select(letter.c.key, letter.c.tries)
        return [row for row in connection.execute(asked) if row.tries != model.tried[row.key]]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_nothing_is_told_twice_or_lost(
    store: Store, tmp_path: Path, seed: int
) -> None:
    model = play(store, tmp_path, seed)
    assert model.told
    assert told_twice(model) == []
    assert lost(model) == []
    assert unlike_the_ledger(model) == []
    assert no_news(model) == []
    assert badly_counted(model) == []
    assert model.wrong == []
    ordinary_days(model)
    assert left_unsaid(model) == []


def ordinary_days(model: Model) -> None:
    """After all that, four papers come: each subscription is told of them when it is due, by one letter for
    all of a target in one language, and of nothing else."""
    before, came = len(model.told), model.now
    titles = model.four_papers()
    model.pass_quietly()
    assert model.wrong == []
    with model.store.read() as connection:
        rows = {row.pk: row for row in subscriptions.everything(connection)}
    told = model.told[before:]
    assert set(
        Counter((one.letter.target, one.letter.lang, one.letter.at) for one in told).values()
    ) == {1}
    for pk, row in rows.items():
        (one,) = (
            one
            for one in told
            if row.target == one.letter.target and row.watch in one.letter.watches
        )
        mine = [told for key, told, _ in one.rows if key == pk]
        assert sorted(one.papers[told.paper_pk]["title"] for told in mine) == titles
        shown = [told for told in mine if told.outcome == "shown"]
        assert len(shown) == min(row.terms.limit, len(titles))
        weekly = "weekly" in row.terms.schedule
        assert one.letter.at - came <= (8 if weekly else 2) * DAY
        zones = {ZoneInfo(rows[each].terms.tz) for each in one.begun}
        assert one.letter.lang == row.terms.lang
        assert one.letter.at.tzinfo in zones
        assert one.letter.late_since is None
