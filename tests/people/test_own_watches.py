"""A subscription is of the watch that was there when it was made, not of any that has its name."""

from dataclasses import replace

import pytest

from aggregator.errors import NotFoundError
from aggregator.people import subscribers
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store import people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted, Watch
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import ADA, DAY, HOUR, arrive, send, settings, subscribe

__all__ = ["settings"]

BOB = "bob@example.org"
FEWER = replace(CONFIG, topics=tuple(t for t in CONFIG.topics if t.name != "gan"))


def save(store: Store, address: str = BOB, name: str = "gan") -> int:
    """A watch of somebody's own; returns whose."""
    with store.write() as connection:
        pk = people.ensure(connection, f"email:{address}", NOW, confirmed=True)
        watches.save(connection, FEWER, Watch(name=name, query="secretproject"), NOW, pk)
    return pk


def share(store: Store, bob: int, target: str) -> Row:
    wanted = Wanted(watch="gan", channel="email", target=target)
    with store.write() as connection:
        return subscribers.add(
            connection, FEWER, wanted, NOW, origin="signup", confirmed=True, viewer=bob
        )


def later(store: Store, settings: Settings) -> dict[str, list[str]]:
    """Who is told what of a day on which a paper of Bob's project comes."""
    title, box = "Secretproject of Bob", Box()
    put(store, preprint("1711.09999", title=title, published=NOW + DAY), now=NOW + DAY + HOUR)
    give_tags(store, {})
    Sender(store, settings, FEWER, {"email": box}, NOW + 2 * DAY).run()
    return {letter.target: box.titles(letter.target) for letter in box.letters}


def test_who_subscribed_to_a_topic_does_not_get_the_own_watch_that_took_its_name(
    store: Store, settings: Settings
) -> None:
    subscribe(store, target=ADA)
    arrive(store, "One")
    send(store, settings, Box())
    share(store, save(store), BOB)
    assert later(store, settings) == {BOB: ["Secretproject of Bob"]}


def test_an_own_watch_that_was_there_before_the_topic_is_not_shown_after_it(
    store: Store, settings: Settings
) -> None:
    save(store)
    wanted = Wanted(watch="gan", channel="email", target=ADA)
    with store.write() as connection:
        subscribers.add(connection, CONFIG, wanted, NOW, origin="signup", confirmed=True)
    assert later(store, settings) == {}


def test_whoever_its_person_sends_an_own_watch_to_gets_it(store: Store, settings: Settings) -> None:
    share(store, save(store), "team@example.org")
    assert later(store, settings) == {"team@example.org": ["Secretproject of Bob"]}


def test_deleting_an_own_watch_ends_its_subscriptions_and_no_other(store: Store) -> None:
    topic = subscribe(store, target=ADA)
    bob = save(store)
    shared = share(store, bob, "team@example.org")
    with store.write() as connection:
        assert watches.delete(connection, FEWER, "gan", bob) == [shared.id]
        left = subscriptions.by_id(connection, shared.id)
        assert (left.state, left.watch_owner, left.declined) == ("ended", None, False)
        assert subscriptions.by_id(connection, topic.id).state == "active"


def test_erasing_a_person_leaves_the_subscribers_of_a_topic_of_the_name(store: Store) -> None:
    topic = subscribe(store, target=ADA)
    bob = save(store)
    shared = share(store, bob, "team@example.org")
    with store.write() as connection:
        subscriptions.end(connection, shared.id, NOW)
        people.erase(connection, bob, "digest")
        assert subscriptions.by_id(connection, topic.id).state == "active"
        assert subscriptions.by_id(connection, shared.id).watch_owner is None


def test_what_ended_with_an_own_watch_is_not_of_the_next_one_of_the_name(store: Store) -> None:
    bob = save(store)
    shared = share(store, bob, "team@example.org")
    with store.write() as connection:
        subscriptions.end(connection, shared.id, NOW)
        watches.delete(connection, FEWER, "gan", bob)
    save(store, "eve@example.org")
    with store.read() as connection:
        left = subscriptions.by_id(connection, shared.id)
        with pytest.raises(NotFoundError):
            watches.subscribed(connection, FEWER, left.watch, left.watch_owner)
