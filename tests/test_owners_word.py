"""The owner's word wins: who left, paused, or had everything erased stays so, whatever topics.toml says;
and it is the owner's word that begins again what was ended, paused or suspended."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.deliver.base import Outcome
from aggregator.people import subscribers
from aggregator.people.signing import Signer
from aggregator.settings import Settings
from aggregator.store import declared, people, subscriptions
from aggregator.store.db import Store
from aggregator.store.sql import subscription
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.people.test_subscribers import ADA as NAMED
from tests.people.test_subscribers import config
from tests.sending import ADA, DAY, HOUR, arrive, send, settings, subscribe

__all__ = ["settings"]

GAN = Wanted(watch="gan", channel="email", target=ADA)


def follow(store: Store, folder: Path, text: str) -> None:
    chosen = Settings(data_dir=folder, topics=Path("t.toml"))
    subscribers.follow_file(store, chosen, config(text), NOW)


def row(store: Store) -> Row:
    with store.read() as connection:
        return row_of(connection)


def row_of(connection: Connection) -> Row:
    found = subscriptions.find(connection, GAN)
    assert found is not None
    return found


def end(store: Store) -> None:
    with store.write() as connection:
        subscriptions.end(connection, row(store).id, NOW)


def asked(store: Store, *, confirmed: bool, now: datetime = NOW, origin: str = "signup") -> Row:
    with store.write() as connection:
        pk = people.ensure(connection, f"email:{ADA}", now, confirmed=confirmed)
        return subscriptions.add(connection, GAN, pk, now, origin=origin, confirmed=confirmed)


def test_who_left_is_not_subscribed_by_a_line_that_is_taken_out_and_put_back(
    store: Store, tmp_path: Path
) -> None:
    follow(store, tmp_path, NAMED)
    end(store)
    for text in (NAMED, "", NAMED):
        follow(store, tmp_path, text)
        assert row(store).state == "ended"


def test_who_left_what_they_had_asked_for_themselves_is_not_subscribed_by_the_file(
    store: Store, tmp_path: Path
) -> None:
    asked(store, confirmed=True)
    follow(store, tmp_path, NAMED)
    end(store)
    follow(store, tmp_path, NAMED)
    assert row(store).state == "ended"


def test_a_no_of_after_the_line_went_counts_too(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, NAMED)
    follow(store, tmp_path, "")
    end(store)  # by the link of an old mail
    follow(store, tmp_path, NAMED)
    assert row(store).state == "ended"


def test_a_stranger_s_sign_up_does_not_take_a_no_back(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, NAMED)
    end(store)
    asked(store, confirmed=False)
    follow(store, tmp_path, NAMED)
    assert row(store).state == "pending"
    with store.write() as connection:
        assert subscriptions.forget_unconfirmed(connection, NOW + 4 * DAY) == 0
    follow(store, tmp_path, NAMED)
    assert row(store).state == "ended"


def test_the_owner_s_own_word_takes_a_no_back(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, NAMED)
    end(store)
    asked(store, confirmed=False)
    with store.write() as connection:
        assert subscriptions.confirm(connection, row(store).id, NOW).state == "active"
    follow(store, tmp_path, NAMED)
    assert (row(store).state, row(store).declined) == ("active", False)


def test_what_the_file_ended_it_begins_again_and_a_pause_stays_one(
    store: Store, tmp_path: Path
) -> None:
    follow(store, tmp_path, NAMED)
    follow(store, tmp_path, "")
    assert row(store).state == "ended"
    follow(store, tmp_path, NAMED)
    assert row(store).state == "active"
    with store.write() as connection:
        subscriptions.pause(connection, row(store).id, NOW + HOUR)
    follow(store, tmp_path, "")
    follow(store, tmp_path, NAMED)
    assert (row(store).state, row(store).paused_at) == ("paused", NOW + HOUR)


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_pause_outlasts_a_stranger_s_sign_up(
    store: Store, tmp_path: Path, forgotten: bool
) -> None:
    follow(store, tmp_path, NAMED)
    with store.write() as connection:
        subscriptions.pause(connection, row(store).id, NOW + HOUR)
    follow(store, tmp_path, "")
    asked(store, confirmed=False)
    if forgotten:
        with store.write() as connection:
            assert subscriptions.forget_unconfirmed(connection, NOW + 4 * DAY) == 0
    follow(store, tmp_path, NAMED)
    assert (row(store).state, row(store).paused_at) == ("paused", NOW + HOUR)


@pytest.mark.parametrize("state", ["paused", "suspended"])
def test_what_is_paused_stays_as_it_is_until_its_owner_s_word(
    store: Store, tmp_path: Path, state: str
) -> None:
    follow(store, tmp_path, NAMED)
    stopped = sa.update(subscription).values(state=state, paused_at=NOW)
    with store.write() as connection:
        connection.execute(stopped)
        before = row_of(connection)
        other = GAN.model_copy(update={"limit": 3, "schedule": "asap"})
        subscriptions.add(
            connection, other, before.person_pk, NOW, origin="cli", confirmed=False, since=NOW
        )
        assert row_of(connection) == replace(before, asked_at=NOW)


def test_an_erased_address_is_neither_subscribed_nor_stored_by_the_file(
    store: Store, tmp_path: Path
) -> None:
    follow(store, tmp_path, NAMED)
    digest = Signer.of(Settings(data_dir=tmp_path)).erased(f"email:{ADA}")
    assert "ada" not in digest
    with store.write() as connection:
        people.erase(connection, row(store).person_pk, digest)
    other = NAMED.replace("Ada@", "Eve@")
    follow(store, tmp_path, NAMED + other)
    with store.read() as connection:
        assert [one.target for one in subscriptions.everything(connection)] == ["eve@example.org"]
        assert people.find(connection, f"email:{ADA}") is None
    asked(store, confirmed=True)  # who was erased may come back, by their own word
    follow(store, tmp_path, NAMED + other)
    assert (row(store).state, row(store).origin) == ("active", "signup")


def test_a_slip_taken_back_loses_nothing(store: Store, settings: Settings) -> None:
    box = Box()
    made = subscribe(store, schedule="weekly@mon-08:00")
    arrive(store, "Monday", now=NOW - HOUR)
    send(store, settings, box)
    arrive(store, "Tuesday", now=NOW + DAY)
    due = row(store).next_due
    end(store)
    arrive(store, "Wednesday", now=NOW + 2 * DAY)
    with store.write() as connection:
        assert subscriptions.take_back(connection, made.id).next_due == due
    assert send(store, settings, box, NOW + 3 * DAY) == []
    send(store, settings, box, NOW + 7 * DAY)
    assert box.titles() == ["Monday", "Tuesday", "Wednesday"]


def test_a_slip_taken_back_leaves_a_pause_and_ends_a_suspension(store: Store) -> None:
    made = subscribe(store)
    with store.write() as connection:
        subscriptions.pause(connection, made.id, NOW)
        subscriptions.end(connection, made.id, NOW)
        assert subscriptions.take_back(connection, made.id).state == "paused"
        subscriptions.resume(connection, made.id, NOW)
    _suspend(store, made)
    with store.write() as connection:
        subscriptions.end(connection, made.id, NOW)
        back = subscriptions.take_back(connection, made.id)
    assert (back.state, back.refusals, back.trouble) == ("active", 0, "")


def test_what_the_file_ended_is_not_taken_back_by_a_button(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, NAMED)
    follow(store, tmp_path, "")
    with store.write() as connection:
        assert subscriptions.take_back(connection, row(store).id).state == "ended"


def _suspend(store: Store, made: Row) -> None:
    chosen = Settings(data_dir=store.data_dir, secret_key="a secret of forty signs..")  # type: ignore[arg-type]
    no = Outcome("refused", "550 no such user")
    box = Box(answers={ADA: [no] * 3})
    for n in range(3):
        arrive(store, f"Refused {n}", now=NOW + n * DAY)
        send(store, chosen, box, NOW + n * DAY)
    assert row(store).state == "suspended"


@pytest.mark.parametrize("state", ["paused", "suspended"])
def test_subscribing_again_lets_it_go_on(store: Store, settings: Settings, state: str) -> None:
    """As docs/delivery.md says of `daypaper subscribe`; a bare request waits for the owner's word."""
    made = subscribe(store)
    if state == "suspended":
        _suspend(store, made)
    else:
        send(store, settings, Box())
        with store.write() as connection:
            subscriptions.pause(connection, made.id, NOW + HOUR)
    waits = asked(store, confirmed=False, now=NOW + 3 * DAY)
    assert (waits.state, waits.asked_at) == (state, NOW + 3 * DAY)
    again = asked(store, confirmed=True, now=NOW + 3 * DAY)
    assert (again.id, again.state, again.asked_at, again.paused_at) == (
        made.id,
        "active",
        None,
        None,
    )
    box = Box()
    arrive(store, "After", now=NOW + 4 * DAY)
    send(store, settings, box, NOW + 5 * DAY)
    refused = [f"Refused {n}" for n in range(3)] if state == "suspended" else []
    assert sorted(box.titles()) == sorted(["After", *refused])


def test_what_is_declared_keeps_the_terms_of_the_file(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, NAMED)
    with store.write() as connection:
        declared.follow(
            connection, [(GAN.model_copy(update={"limit": 3}), row(store).person_pk)], NOW
        )
    assert row(store).terms.limit == 3
