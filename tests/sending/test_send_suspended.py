"""Several subscriptions of one target, of which one is suspended or paused: what it is owed waits for it,
whatever the others of its letters are told."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from aggregator.deliver.base import Letter, Outcome
from aggregator.settings import Settings
from aggregator.store import people, subscriptions
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted
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


TRIED_AGAIN = pytest.mark.parametrize(
    "after", [HOUR, DAY], ids=["tried again", "with the next digest"]
)


def left_alone(store: Store, settings: Settings, box: Box, after: timedelta, leave: Action) -> Row:
    """Of a letter that is put off Ada leaves one subscription; the other is told the rest of it `after`
    that. Returns the one that she left."""
    box.answers[ADA] = [Outcome("deferred", "451 later")]
    subscribe(store)
    left = subscribe(store, watch="architectures")
    arrive(store, "Of gans")
    arrive(store, "Of architectures", topic="architectures")
    send(store, settings, box)
    with store.write() as connection:
        leave(connection, left.id, NOW)
    send(store, settings, box, NOW + after)
    assert box.titles() == ["Of gans"]
    return left


@TRIED_AGAIN
def test_what_waits_for_who_left_by_a_slip_is_told_when_they_are_back(
    store: Store, settings: Settings, after: timedelta
) -> None:
    box = Box()
    left = left_alone(store, settings, box, after, subscriptions.end)
    with store.write() as connection:
        subscriptions.take_back(connection, left.id)
    send(store, settings, box, NOW + 2 * DAY)
    assert box.titles()[1:] == ["Of architectures"]


@TRIED_AGAIN
def test_what_waits_for_who_paused_is_skipped_and_that_is_said(
    store: Store, settings: Settings, after: timedelta
) -> None:
    box = Box()
    left = left_alone(store, settings, box, after, subscriptions.pause)
    with store.write() as connection:
        subscriptions.resume(connection, left.id, NOW + 200 * DAY)
    arrive(store, "Another", now=NOW + 201 * DAY, topic="architectures")
    send(store, settings, box, NOW + 201 * DAY)
    assert box.titles()[1:] == ["Another"]
    last = box.letters[-1]
    assert (last.paused_since, last.late_since) == (NOW - HOUR, None)  # the paper that is skipped


def asked_again(store: Store, now: datetime) -> None:
    """Ada asks for architectures once more and, two hours before `now`, confirms it."""
    wanted = Wanted(watch="architectures", channel="email", target=ADA)
    with store.write() as connection:
        pk = people.ensure(connection, f"email:{ADA}", NOW, confirmed=True)
        then = now - 2 * HOUR
        row = subscriptions.add(connection, wanted, pk, then, origin="signup", confirmed=False)
        subscriptions.confirm(connection, row.id, then)


@TRIED_AGAIN
@pytest.mark.parametrize("later", [DAY, 365 * DAY])
def test_who_subscribes_again_is_told_of_the_last_day_whatever_waits_from_before(
    store: Store, settings: Settings, after: timedelta, later: timedelta
) -> None:
    box = Box()
    left_alone(store, settings, box, after, subscriptions.end)
    asked_again(store, NOW + later)
    for n in range(3):
        send(store, settings, box, NOW + later - HOUR + n * DAY)
    assert box.titles()[1:] == (["Of architectures"] if later == DAY else [])
    assert all(one.late_since is None for one in box.letters[1:])


def test_what_waits_for_who_left_earlier_makes_no_letter_for_who_subscribes_again(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("refused", "550 no")]})
    rows = [subscribe(store, watch=watch) for watch in ("gan", "architectures")]
    arrive(store, "Of gans")
    arrive(store, "Of architectures", topic="architectures")
    send(store, settings, box)
    with store.write() as connection:
        for row in rows:
            subscriptions.end(connection, row.id, NOW)
    asked_again(store, NOW + 9 * DAY)
    send(store, settings, box, NOW + 9 * DAY)
    with store.write() as connection:
        subscriptions.take_back(connection, rows[0].id)
    assert box.letters == []
    send(store, settings, box, NOW + 10 * DAY)
    assert box.titles() == ["Of gans"]


def test_what_may_have_been_read_is_not_told_to_who_subscribes_again(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "broke off", unsure=True)]})
    row = subscribe(store, watch="architectures")
    arrive(store, "Read", topic="architectures")
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.end(connection, row.id, NOW)
    arrive(store, "Unread", now=NOW + HOUR, topic="architectures")
    asked_again(store, NOW + 4 * HOUR)
    for n in range(3):
        send(store, settings, box, NOW + 4 * HOUR + n * DAY)
    assert box.titles() == ["Unread"]


class Dies(Box):
    """A sender dies at a letter that may have got through, or not."""

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        raise KeyboardInterrupt


@pytest.mark.parametrize("begun", [True, False], ids=["as it handed it over", "before it began"])
@pytest.mark.parametrize("back", ["resumed", "subscribed again"])
def test_what_a_sender_that_died_had_claimed_is_not_told_to_who_begins_anew(
    store: Store, settings: Settings, begun: bool, back: str
) -> None:
    row = subscribe(store, watch="architectures")
    send(store, settings, Box(), NOW - DAY)
    arrive(store, "Of before", topic="architectures")
    if begun:
        with pytest.raises(KeyboardInterrupt):
            send(store, settings, Dies(connections=1))
    else:
        asked = iter((False,))
        send(store, settings, Box(), stopping=lambda: next(asked, True))
    with store.write() as connection:
        leave = subscriptions.pause if back == "resumed" else subscriptions.end
        leave(connection, row.id, NOW)
        if back == "resumed":
            subscriptions.resume(connection, row.id, NOW + 9 * DAY)
    if back != "resumed":
        asked_again(store, NOW + 9 * DAY)
    arrive(store, "Of now", now=NOW + 9 * DAY, topic="architectures")
    box = Box()
    for n in (9, 10):
        send(store, settings, box, NOW + n * DAY)
    assert box.titles() == ["Of now"]


def test_a_letter_that_is_taken_from_its_sender_goes_to_the_others_it_is_for(
    store: Store, settings: Settings
) -> None:
    """One of Ada's subscriptions begins anew while a sender has claimed a letter of both."""
    subscribe(store)
    row = subscribe(store, watch="architectures")
    send(store, settings, Box(), NOW - DAY)
    arrive(store, "Of gans")
    arrive(store, "Of architectures", topic="architectures")

    def stopping() -> bool:
        if next(asked, False):
            with store.write() as connection:
                subscriptions.pause(connection, row.id, NOW)
                subscriptions.resume(connection, row.id, NOW)
        return False

    asked, box = iter((False, True)), Box(connections=1)
    assert send(store, settings, box, stopping=stopping) == []
    assert [one.status for one in send(store, settings, box, NOW + HOUR)] == ["sent", "sent"]
    assert box.titles() == ["Of gans"]
