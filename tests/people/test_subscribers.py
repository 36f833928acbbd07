"""Subscriptions: who may be subscribed to what, again and again, from the file and by hand."""

from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import topics
from aggregator.errors import NotFoundError, UsageError
from aggregator.people import subscribers
from aggregator.settings import Settings
from aggregator.store import people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.topics import Config
from aggregator.watches import Terms, Wanted, Watch
from tests.conftest import NOW
from tests.filled import CONFIG

DAY = timedelta(days=1)
HEAD = """
[[topics]]
name = "gan"
title = "Adversarial networks"

[[watches]]
name = "quiet"
query = "widgets"
"""


def wanted(watch: str = "gan", target: str = "ada@example.org", **terms: object) -> Wanted:
    return Wanted(watch=watch, channel="email", target=target, **terms)  # type: ignore[arg-type]


def add(store: Store, asked: Wanted, *, confirmed: bool = True) -> Row:
    with store.write() as connection:
        return subscribers.add(connection, CONFIG, asked, NOW, origin="cli", confirmed=confirmed)


def states(store: Store) -> dict[str, str]:
    with store.read() as connection:
        return {f"{r.watch} {r.target}": r.state for r in subscriptions.everything(connection)}


def config(text: str) -> Config:
    return topics.parse(HEAD + text, "t.toml")


def follow(store: Store, folder: Path, text: str) -> None:
    settings = Settings(data_dir=folder, topics=Path("t.toml"))
    subscribers.follow_file(store, settings, config(text), NOW)


ADA = '[[subscriptions]]\nwatch = "gan"\nchannel = "email"\ntarget = "Ada@Example.ORG"\n'
EVE = '[[subscriptions]]\nwatch = "quiet"\nchannel = "email"\ntarget = "eve@example.org"\n'


def test_a_watch_must_exist(store: Store) -> None:
    with pytest.raises(NotFoundError, match='There is no watch "nothing"'):
        add(store, wanted("nothing"))


def test_asking_again_changes_the_terms_and_keeps_the_rest(store: Store) -> None:
    first = add(store, wanted())
    again = add(store, wanted(limit=5, lang="zh"))
    assert again.id == first.id
    assert (again.terms.limit, again.terms.lang, again.state) == (5, "zh", "active")


def test_a_pending_one_waits_for_its_owner_s_word(store: Store) -> None:
    row = add(store, wanted(), confirmed=False)
    assert row.state == "pending"
    with store.write() as connection:
        assert subscriptions.confirm(connection, row.id, NOW).state == "active"
        assert subscriptions.confirm(connection, row.id, NOW + DAY).confirmed_at == NOW
        subscriptions.end(connection, row.id, NOW)
        with pytest.raises(NotFoundError, match="has ended"):
            subscriptions.confirm(connection, row.id, NOW)


def test_an_administrator_s_word_confirms_a_pending_one(store: Store) -> None:
    add(store, wanted(), confirmed=False)
    assert add(store, wanted()).state == "active"


def test_another_s_subscription_is_not_taken_over(store: Store) -> None:
    add(store, wanted())
    with store.write() as connection:
        other = people.ensure(connection, "slack:U1", NOW, confirmed=True)
        with pytest.raises(UsageError, match="another person's"):
            subscriptions.add(connection, wanted(), other, NOW, origin="slack", confirmed=True)


def test_unconfirmed_addresses_are_forgotten(store: Store) -> None:
    add(store, wanted(), confirmed=False)
    add(store, wanted(target="eve@example.org"))
    with store.write() as connection:
        assert subscriptions.forget_unconfirmed(connection, NOW + 2 * DAY) == 0
        assert subscriptions.forget_unconfirmed(connection, NOW + 4 * DAY) == 1
        known = people.ids(connection, range(1, 10))
    assert states(store) == {"gan eve@example.org": "active"}
    assert len(known) == 1


def test_pause_and_resume(store: Store) -> None:
    row = add(store, wanted())
    with store.write() as connection:
        assert subscriptions.pause(connection, row.id, NOW).state == "paused"
        assert subscriptions.pause(connection, row.id, NOW + DAY).paused_at == NOW
        assert subscriptions.resume(connection, row.id, NOW + DAY).state == "active"
        pending = add_pending(connection)
        assert subscriptions.pause(connection, pending.id, NOW).state == "pending"
        assert subscriptions.resume(connection, pending.id, NOW).state == "pending"


def add_pending(connection: object) -> Row:
    return subscribers.add(
        connection,  # type: ignore[arg-type]
        CONFIG,
        wanted(target="kim@example.org"),
        NOW,
        origin="signup",
        confirmed=False,
    )


def test_another_schedule_is_followed_from_now_on(store: Store) -> None:
    row = add(store, wanted())
    with store.write() as connection:
        changed = subscriptions.change(connection, row.id, Terms(schedule="asap"), NOW)
    assert (changed.terms.schedule, changed.next_due) == ("asap", None)


def test_the_file_s_subscriptions_are_the_store_s(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, ADA + EVE)
    assert states(store) == {"gan ada@example.org": "active", "quiet eve@example.org": "active"}
    follow(store, tmp_path, EVE + "limit = 3\n")
    assert states(store) == {"quiet eve@example.org": "active"}
    with store.read() as connection:
        assert subscriptions.everything(connection)[0].terms.limit == 3
    follow(store, tmp_path, ADA + EVE)  # named again
    assert len(states(store)) == 2


def test_who_unsubscribed_stays_so_whatever_the_file_says(store: Store, tmp_path: Path) -> None:
    follow(store, tmp_path, ADA)
    with store.write() as connection:
        (row,) = subscriptions.everything(connection)
        subscriptions.end(connection, row.id, NOW)
    follow(store, tmp_path, ADA)
    assert states(store) == {}


def test_what_was_made_by_hand_is_no_business_of_the_file(store: Store, tmp_path: Path) -> None:
    add(store, wanted("architectures"))
    follow(store, tmp_path, ADA)
    follow(store, tmp_path, "")
    assert states(store) == {"architectures ada@example.org": "active"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ADA.replace("gan", "nothing"), r't\.toml: .*to email of "nothing": There is no watch'),
        (ADA.replace("@", " at "), r"t\.toml: .*is no e-mail address"),
    ],
)
def test_a_broken_subscription_in_the_file_stops_the_start(
    store: Store, tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        follow(store, tmp_path, text)
    assert states(store) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ADA + 'schedule = "hourly"\n', "number 1: schedule: expected asap, daily"),
        (ADA + 'tz = "Mars"\n', "number 1: tz: expected a time zone"),
        (ADA + "limit = 0\n", "number 1: limit"),
        (ADA + 'events = ["quoted"]\n', r"number 1: events\.0"),
        (ADA + 'chanel = "x"\n', "number 1: chanel: unknown key"),
        ('[[watches]]\nname = "all"\nquery = "x"\n', '"all": the name is taken'),
        ('[[watches]]\nname = "gan"\nquery = "x"\n', '"gan": the name is taken'),
        ('[[watches]]\nname = "empty"\n', "a watch of everything is none"),
        ('[[watches]]\nname = "a"\ntopics = ["cats"]\n', 'there is no topic "cats"'),
        ('[[watches]]\nname = "quiet"\nquery = "x"\n', '"quiet" stands twice'),
    ],
)
def test_one_sentence_says_what_is_wrong_in_the_file(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        config(text)


def test_a_saved_watch_yields_to_the_file_s_and_may_be_deleted(store: Store) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="mine", query="widgets"), NOW)
        for taken in ("gan", "search", "discussions"):
            with pytest.raises(UsageError, match="is taken"):
                watches.save(connection, CONFIG, Watch(name=taken, query="x"), NOW)
    row = add(store, wanted("mine"))
    with store.write() as connection:
        named = config('[[watches]]\nname = "mine"\nquery = "of the file"\n')
        assert watches.find(connection, named, "mine").query == "of the file"
        assert watches.delete(connection, CONFIG, "mine") == [row.id]
        with pytest.raises(NotFoundError):
            watches.find(connection, CONFIG, "mine")
        with pytest.raises(UsageError, match=r"stands in topics\.toml"):
            watches.delete(connection, CONFIG, "gan")
    assert states(store) == {}
