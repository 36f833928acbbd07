"""What was there before somebody began, or came in a pause, is no news though it is told anew to others."""

from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.sql import event
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import give_tags, put
from tests.older import downgrade
from tests.sending import ADA, DAY, HOUR, arrive, native, send, settings, subscribe

__all__ = ["settings"]

TITLE = "Widgets, Improved"
BOB = "bob@example.org"


def tagged(store: Store, draft: Draft, now: datetime) -> None:
    put(store, draft, source="cvf", now=now)
    give_tags(store, {TITLE: [("gan", 0.9)]})


def listed(store: Store, now: datetime) -> None:
    tagged(store, page(title=TITLE, published=now), now)


def described(store: Store, listed_at: datetime, now: datetime) -> None:
    known = page(title=TITLE, published=listed_at)
    tagged(store, replace(known, abstract="Of networks.", fidelity=1), now)


def version(store: Store, number: int, now: datetime, first: datetime, **more: bool) -> None:
    made = preprint(native(TITLE), number, title=TITLE, published=now, first_public=first, **more)  # type: ignore[arg-type]
    tagged(store, made, now)


def days(store: Store, settings: Settings, box: Box, first: int, last: int) -> None:
    for n in range(first, last + 1):
        send(store, settings, box, NOW + n * DAY)


@pytest.mark.parametrize("again", ["described", "back"])
def test_what_was_there_before_somebody_began_is_no_news_by_what_it_gets_later(
    store: Store, settings: Settings, again: str
) -> None:
    box, early = Box(), NOW - 5 * DAY
    if again == "described":
        listed(store, early)
    else:
        version(store, 1, early, early)
        version(store, 2, early + HOUR, early, withdrawn=True)
    subscribe(store)
    send(store, settings, box)
    if again == "described":
        described(store, early, NOW + HOUR)
    else:
        version(store, 3, NOW + HOUR, early)
    days(store, settings, box, 1, 3)
    assert box.titles() == []


@pytest.mark.parametrize("again", ["described", "back"])
def test_what_a_pause_skipped_stays_skipped_and_the_others_are_told(
    store: Store, settings: Settings, again: str
) -> None:
    box = Box()
    row = subscribe(store)
    subscribe(store, BOB)
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW + HOUR)
    if again == "described":
        put(store, page(title=TITLE, published=NOW + 2 * HOUR), source="cvf", now=NOW + 2 * HOUR)
        give_tags(store, {TITLE: []})
    else:
        version(store, 1, NOW + 2 * HOUR, NOW + 2 * HOUR)
        version(store, 2, NOW + 3 * HOUR, NOW + 2 * HOUR, withdrawn=True)
    send(store, settings, box, NOW + DAY)
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + DAY + HOUR)
    for n in (2, 3):  # what is given a second new id keeps the first one
        if again == "described":
            described(store, NOW + 2 * HOUR, NOW + DAY + n * HOUR)
        else:
            version(store, 2 * n, NOW + DAY + n * HOUR, NOW + 2 * HOUR)
    days(store, settings, box, 2, 4)
    assert (box.titles(ADA), box.titles(BOB)) == ([], [TITLE])


def test_what_a_back_fill_brought_in_a_pause_is_told_when_it_is_announced_after(
    store: Store, settings: Settings
) -> None:
    box = Box()
    row = subscribe(store)
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW + HOUR)
    draft = preprint(title=TITLE, published=NOW + DAY)
    with store.write() as connection:
        store_drafts(connection, [Parsed((draft,))], "arxiv-cl", NOW + DAY + HOUR, backfill=True)
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + DAY + 2 * HOUR)
    now = NOW + DAY + 3 * HOUR
    with store.write() as connection:
        store_drafts(
            connection, [Parsed((draft,))], "arxiv-ml", now, backfill=False, announced_since=NOW
        )
    give_tags(store, {TITLE: [("gan", 0.9)]})
    days(store, settings, box, 2, 4)
    assert box.titles() == [TITLE]


def test_a_store_of_before_first_ids_is_migrated_with_its_events(
    store: Store, settings: Settings
) -> None:
    arrive(store, "One widget", "Another")
    with store.read() as connection:
        before = connection.execute(sa.select(event).order_by(event.c.id)).all()
    downgrade(store, "0022")
    store.migrate()
    with store.read() as connection:
        assert connection.execute(sa.select(event).order_by(event.c.id)).all() == before
    assert {row.first_id for row in before} == {None}
    box = Box()
    subscribe(store)
    send(store, settings, box)
    assert sorted(box.titles()) == ["Another", "One widget"]


@pytest.mark.parametrize("again", ["described", "back"])
def test_what_is_told_anew_before_a_late_first_digest_is_no_news_either(
    store: Store, settings: Settings, again: str
) -> None:
    box, early = Box(), NOW - 5 * DAY
    if again == "described":
        listed(store, early)
    else:
        version(store, 1, early, early)
        version(store, 2, early + HOUR, early, withdrawn=True)
    subscribe(store)
    if again == "described":
        described(store, early, NOW + HOUR)
    else:
        version(store, 3, NOW + HOUR, early)
    days(store, settings, box, 2, 4)
    assert box.titles() == []


@pytest.mark.parametrize("tagged_late", [False, True])
def test_what_is_stored_after_somebody_began_is_told_however_late_the_first_digest_is(
    store: Store, settings: Settings, tagged_late: bool
) -> None:
    """A machine that sleeps over the week-end: posts of before the subscription are stored after it."""
    box = Box()
    arrive(store, "Known", now=NOW - HOUR)
    subscribe(store)
    published = NOW - 2 * HOUR
    put(store, preprint(native(TITLE), title=TITLE, published=published), now=NOW + HOUR)
    old = preprint(native("Old"), title="Old", published=NOW - 31 * DAY)
    put(store, old, now=NOW + HOUR)
    labels = {title: [("gan", 0.9)] for title in (TITLE, "Old")}
    if tagged_late:
        send(store, settings, box, NOW + 2 * DAY)
        assert box.titles() == []
    give_tags(store, labels)
    days(store, settings, box, 3, 5)
    assert box.titles() == [TITLE]
