"""The ledger under random operations: nothing is told twice, nothing is lost, whatever comes between."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.sql import delivery, event, letter, paper
from tests.sending.ledger_model import Model, play

SEEDS = range(8)
"""More of them, or longer rounds, by hand: what fails once fails again with the same seed."""


def told_twice(model: Model) -> list[object]:
    """What came in two letters though neither was tried a second time, nor repeated as such."""
    with model.store.read() as connection:
        repeats = dict(connection.execute(sa.select(letter.c.key, letter.c.repeats)).all())
    found, seen, known = [], {}, {}
    for one in model.told:
        for pk, event_id, kind, _, works in one.rows:
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
    same: dict[str, list[int]] = {}
    for one in happened:
        if one.kind == "new" and one.superseded:
            same.setdefault(one.paper_id, []).append(one.id)
    for row in rows:
        for one in happened:
            if one.superseded or one.withdrawn or one.kind not in ("new", "published"):
                continue
            ids = [one.id, *(same.get(one.paper_id, ()) if one.kind == "new" else ())]
            if (one.first_id or one.id) > row.started_id and not any(
                (row.pk, i) in ledger for i in ids
            ):
                found.append((row.pk, one.id, one.kind, one.at, one.seen_at))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_nothing_is_told_twice_or_lost(
    store: Store, tmp_path: Path, seed: int
) -> None:
    model = play(store, tmp_path, seed)
    assert model.told
    assert told_twice(model) == []
    assert lost(model) == []
