"""When readers are due under other terms, what `asap` looks at, and what a pass says of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.deliver.base import Outcome
from aggregator.sending import claim
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store import subscriptions, watches
from aggregator.store.db import Store
from aggregator.watches import Terms, Watch
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import ADA, DAY, HOUR, arrive, native, send, settings, subscribe

__all__ = ["settings"]


def withdraw(store: Store, title: str, now: datetime) -> None:
    put(store, preprint(native(title), 2, title=title, published=now, withdrawn=True), now=now)
    give_tags(store, {title: [("gan", 0.9)]})


def test_what_would_be_sent_names_those_who_would_get_nothing(
    store: Store, settings: Settings
) -> None:
    row, eve = subscribe(store), subscribe(store, "eve@example.org", watch="architectures")
    arrive(store, "One widget")
    planned = Sender(store, settings, CONFIG, {"email": Box()}, NOW).preview()
    assert {one.subscription: one.status for one in planned} == {row.id: "due", eve.id: "empty"}


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"limit": 3}, datetime(2017, 11, 14, 8, tzinfo=UTC)),
        ({"tz": "Asia/Shanghai"}, datetime(2017, 11, 14, tzinfo=UTC)),
        ({"schedule": "daily@09:00"}, datetime(2017, 11, 14, 9, tzinfo=UTC)),
    ],
)
def test_another_zone_or_schedule_holds_from_the_next_digest_on(
    store: Store, settings: Settings, terms: dict[str, Any], due: datetime
) -> None:
    row = subscribe(store)
    send(store, settings, Box())
    with store.write() as connection:
        changed = Terms(**(row.terms.model_dump() | terms))
        assert subscriptions.change(connection, row.id, changed, NOW).next_due == due


def test_one_that_waits_for_news_begins_by_itself_and_goes_on_from_there(
    store: Store, settings: Settings
) -> None:
    """It looks at what it has seen no more, and nobody else's first digest changes."""
    waits = subscribe(store, schedule="asap")
    pauses = subscribe(store, "eve@example.org")
    with store.write() as connection:
        subscriptions.pause(connection, pauses.id, NOW)
    arrive(store, "For others", topic="architectures")
    send(store, settings, Box())
    with store.read() as connection:
        assert subscriptions.by_id(connection, waits.id).started_at == NOW
        assert subscriptions.by_id(connection, pauses.id).started_at is None


def test_one_that_waits_for_news_passes_over_what_is_none_but_not_over_what_waits_for_its_tags(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "BEHIND", 2)
    row = subscribe(store, schedule="asap")
    eve = subscribe(store, "eve@example.org", watch="architectures", schedule="weekly@mon-08:00")
    send(store, settings, Box())
    arrive(store, *(f"Of others {n}" for n in range(4)), topic="architectures", now=NOW + HOUR)
    put(store, preprint(native("Waits"), title="Waits", published=NOW), now=NOW + HOUR)
    for title in (f"Waits longer {n}" for n in range(4)):
        put(store, preprint(native(title), title=title, published=NOW), now=NOW + HOUR)
    box = Box()
    send(store, settings, box, NOW + 2 * HOUR)
    with store.read() as connection:
        assert subscriptions.by_id(connection, row.id).covered == 4
    give_tags(store, {"Waits": [("gan", 0.9)]})
    send(store, settings, box, NOW + 3 * HOUR)
    assert box.titles() == ["Waits"]
    send(store, settings, box, NOW + 7 * DAY)
    assert len(box.titles(eve.target)) == 4


def test_who_may_have_been_shown_a_paper_by_a_letter_that_was_given_up_hears_of_its_withdrawal(
    store: Store, settings: Settings
) -> None:
    broke_off = Outcome("deferred", "broke off", unsure=True, retry_after=4 * DAY)
    box = Box(answers={ADA: [broke_off]})
    subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    withdraw(store, "One widget", NOW + 2 * HOUR)
    for n in (1, 2):
        send(store, settings, box, NOW + n * DAY)
    assert [[p["title"] for p in one.withdrawn] for one in box.letters] == [["One widget"]]


def test_a_withdrawal_is_a_paper_of_the_letter_that_tells_of_it(
    store: Store, settings: Settings
) -> None:
    subscribe(store)
    arrive(store, "One widget")
    send(store, settings, Box())
    withdraw(store, "One widget", NOW + HOUR)
    assert [one.papers for one in send(store, settings, Box(), NOW + DAY)] == [1]


def test_a_digest_of_midnight_takes_places_of_the_day_that_begins(
    store: Store, settings: Settings
) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="few", topics=("gan",), max_per_day=1), NOW)
    midnight = datetime(2017, 11, 14, tzinfo=UTC)
    subscribe(store, watch="few", schedule="asap")
    box = Box()
    for title, now in (("A", midnight), ("B", midnight + 2 * HOUR), ("C", midnight + DAY)):
        arrive(store, title, now=now)
        send(store, settings, box, now)
    assert box.titles() == ["A", "C"]


@pytest.mark.parametrize(("late", "goes_on"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_an_answer_counts_for_three_days(store: Store, late: timedelta, goes_on: bool) -> None:
    row = subscribe(store)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW)
        subscriptions.ask(connection, row.id, NOW)
        said = subscriptions.confirm(connection, row.id, NOW + 3 * DAY + late)
    assert (said.state == "active") is goes_on
