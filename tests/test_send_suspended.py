"""Several subscriptions of one target, of which one is suspended or paused: what it is owed waits for it,
whatever the others of its letters are told."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from aggregator.deliver.base import Outcome
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.sending import ADA, DAY, HOUR, arrive, send, settings, subscribe

__all__ = ["settings"]

Action = Callable[[Connection, str, datetime], Row]
NO = Outcome("refused", "550 no such user")


def suspended(store: Store, settings: Settings, box: Box) -> tuple[Row, list[tuple[str, str]]]:
    """Ada's subscription to gans is refused three times, the third time together with a newer one of
    hers; returns it, and (subscription, status) of the third pass."""
    box.answers[ADA] = [NO, NO, NO]
    row = subscribe(store)
    for n in range(2):
        arrive(store, f"Gans of day {n}", now=NOW + n * DAY - HOUR)
        send(store, settings, box, NOW + n * DAY)
    subscribe(store, watch="architectures")
    arrive(store, "Gans of day 2", now=NOW + 2 * DAY - HOUR)
    arrive(store, "Architectures of day 2", now=NOW + 2 * DAY - HOUR, topic="architectures")
    done = send(store, settings, box, NOW + 2 * DAY)
    return row, [(one.subscription, one.status) for one in done]


def states(store: Store) -> dict[str, str]:
    with store.read() as connection:
        return {row.id: row.state for row in subscriptions.everything(connection)}


def test_only_the_one_that_was_refused_three_times_is_reported_suspended(
    store: Store, settings: Settings
) -> None:
    row, done = suspended(store, settings, Box())
    (other,) = {one for one, _ in done} - {row.id}
    assert dict(done) == {row.id: "suspended", other: "failed"}
    assert states(store) == {row.id: "suspended", other: "active"}


def test_what_a_suspended_one_is_owed_waits_though_another_of_its_target_goes_on(
    store: Store, settings: Settings
) -> None:
    box = Box()
    row, _ = suspended(store, settings, box)
    arrive(store, "Architectures of day 3", now=NOW + 3 * DAY - HOUR, topic="architectures")
    send(store, settings, box, NOW + 3 * DAY)  # the mailbox is there again
    assert sorted(box.titles()) == ["Architectures of day 2", "Architectures of day 3"]
    with store.write() as connection:
        assert subscriptions.by_id(connection, row.id).trouble == "550 no such user"
        subscriptions.resume(connection, row.id, NOW + 3 * DAY + HOUR)
    for n in (4, 5):
        send(store, settings, box, NOW + n * DAY)
    assert sorted(box.titles())[2:] == [f"Gans of day {n}" for n in range(3)]
    assert len(box.letters) == 2


@pytest.mark.parametrize("leave", [subscriptions.pause, subscriptions.end])
@pytest.mark.parametrize("after", [HOUR, DAY], ids=["tried again", "with the next digest"])
def test_what_waits_for_who_paused_or_left_by_a_slip_is_told_when_they_are_back(
    store: Store, settings: Settings, after: timedelta, leave: Action
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    subscribe(store)
    left = subscribe(store, watch="architectures")
    arrive(store, "Of gans")
    arrive(store, "Of architectures", topic="architectures")
    send(store, settings, box)
    with store.write() as connection:
        leave(connection, left.id, NOW)
    send(store, settings, box, NOW + after)
    assert box.titles() == ["Of gans"]
    with store.write() as connection:
        subscriptions.resume(connection, left.id, NOW + DAY + HOUR)
        subscriptions.take_back(connection, left.id)
    send(store, settings, box, NOW + 2 * DAY)
    assert box.titles()[1:] == ["Of architectures"]
