"""The ledger: told once, nothing lost, whatever fails in between; on both databases."""

from datetime import datetime, timedelta

import pytest

from aggregator.deliver.base import Outcome
from aggregator.settings import Settings
from aggregator.store import subscriptions, watches
from aggregator.store.db import Store
from aggregator.watches import Watch
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import ADA, DAY, HOUR, arrive, send, settings, subscribe

__all__ = ["settings"]


def test_what_is_new_is_told_once(store: Store, settings: Settings) -> None:
    box = Box()
    row = subscribe(store)
    arrive(store, "One widget", "Two widgets")
    said = send(store, settings, box)
    assert [(d.subscription, d.status, d.papers) for d in said] == [(row.id, "sent", 2)]
    assert sorted(box.titles()) == ["One widget", "Two widgets"]
    assert send(store, settings, box) == []  # not due again before tomorrow
    assert [d.status for d in send(store, settings, box, NOW + DAY)] == ["empty"]
    arrive(store, "Three widgets", now=NOW + 2 * DAY)
    send(store, settings, box, NOW + 2 * DAY)
    assert sorted(box.titles()) == ["One widget", "Three widgets", "Two widgets"]


def test_a_first_digest_goes_back_a_day_and_the_second_tells_what_came_since(
    store: Store, settings: Settings
) -> None:
    arrive(store, "Old", now=NOW - 3 * DAY)
    arrive(store, "Yesterday", now=NOW - 20 * HOUR)
    box = Box()
    subscribe(store)
    send(store, settings, box)
    assert box.titles() == ["Yesterday"]
    arrive(store, "Later", now=NOW + HOUR)
    send(store, settings, box, NOW + DAY)
    assert box.titles() == ["Yesterday", "Later"]


def test_a_first_digest_that_is_late_leaves_nothing_out(store: Store, settings: Settings) -> None:
    subscribe(store)
    arrive(store, "Soon after", now=NOW + HOUR)
    arrive(store, "A day later", now=NOW + DAY)
    box = Box()
    send(store, settings, box, NOW + 3 * DAY)
    assert sorted(box.titles()) == ["A day later", "Soon after"]


def test_what_came_in_a_pause_before_the_first_digest_is_not_in_it(
    store: Store, settings: Settings
) -> None:
    row = subscribe(store)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW)
    arrive(store, "In the pause", now=NOW + DAY)
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + 5 * DAY)
    arrive(store, "After it", now=NOW + 5 * DAY + HOUR)
    box = Box()
    send(store, settings, box, NOW + 7 * DAY)
    assert box.titles() == ["After it"]


def test_backfill_of_the_last_day_is_in_the_first_digest_and_later_backfill_in_none(
    store: Store, settings: Settings
) -> None:
    from aggregator.collect.ingest import store_drafts
    from aggregator.models import Parsed

    def fill(native: str, title: str, at: datetime, now: datetime) -> None:
        with store.write() as connection:
            drafts = Parsed((preprint(native, title=title, published=at),))
            store_drafts(connection, [drafts], "arxiv", now, backfill=True)
        give_tags(store, {title: [("gan", 0.9)]})

    fill("1711.00001", "First run", NOW - HOUR, NOW)
    box = Box()
    subscribe(store)
    send(store, settings, box)
    fill("1711.00002", "Filled later", NOW + HOUR, NOW + 2 * HOUR)
    send(store, settings, box, NOW + DAY)
    assert box.titles() == ["First run"]


def test_news_of_a_day_long_past_is_history(store: Store, settings: Settings) -> None:
    box = Box()
    subscribe(store)
    send(store, settings, box)
    put(store, preprint("1701.00001", title="Long ago", published=NOW - 31 * DAY), now=NOW + HOUR)
    put(
        store, preprint("1701.00002", title="Put on hold", published=NOW - 29 * DAY), now=NOW + HOUR
    )
    give_tags(store, {"Long ago": [("gan", 0.9)], "Put on hold": [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    assert box.titles() == ["Put on hold"]


@pytest.mark.parametrize("ahead", [2, 40, 400])
def test_what_was_stored_while_the_clock_was_days_ahead_is_told_when_it_is_right_again(
    store: Store, settings: Settings, ahead: int
) -> None:
    box = Box()
    subscribe(store)
    send(store, settings, box)
    stored = preprint("1711.00005", title="By a wrong clock", published=NOW + HOUR)
    put(store, stored, now=NOW + ahead * DAY)
    give_tags(store, {"By a wrong clock": [("gan", 0.9)]})
    arrive(store, "Afterwards", now=NOW + 3 * HOUR)
    for n in (1, 2):
        send(store, settings, box, NOW + n * DAY)
    assert sorted(box.titles()) == ["Afterwards", "By a wrong clock"]
    for n in (ahead, ahead + 1):
        send(store, settings, box, NOW + n * DAY)
    assert len(box.titles()) == 2


def test_what_is_not_tagged_yet_is_told_when_it_is(store: Store, settings: Settings) -> None:
    box = Box()
    subscribe(store)
    arrive(store, "Tagged")
    put(store, preprint("1711.99999", title="Waits", published=NOW - HOUR))
    send(store, settings, box)
    assert box.titles() == ["Tagged"]
    arrive(store, "Next day", now=NOW + 20 * HOUR)
    put(store, preprint("1711.99998", title="Waits, too", published=NOW), now=NOW + 20 * HOUR)
    send(store, settings, box, NOW + DAY)  # "Waits" was tagged by `arrive`, as it came by
    assert "Waits" not in box.titles()
    give_tags(store, {"Waits": [("gan", 0.9)], "Waits, too": [("gan", 0.9)]})
    send(store, settings, box, NOW + 2 * DAY)
    assert sorted(box.titles()) == ["Next day", "Tagged", "Waits, too"]


def test_beyond_the_limit_papers_are_counted_and_not_repeated(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store, limit=2)
    arrive(store, *(f"Widget {n}" for n in range(7)))
    assert send(store, settings, box)[0].papers == 2
    (letter,) = box.letters
    assert sum(s.more for s in letter.digest.sections) == 5
    assert len(box.titles()) == 2
    arrive(store, "New", now=NOW + HOUR)
    send(store, settings, box, NOW + DAY)
    assert box.titles()[2:] == ["New"]


def test_put_off_and_tried_again_with_the_same_key(store: Store, settings: Settings) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    subscribe(store)
    arrive(store, "One widget")
    assert [d.status for d in send(store, settings, box)] == ["deferred"]
    assert send(store, settings, box, NOW + timedelta(minutes=1)) == []
    assert [d.status for d in send(store, settings, box, NOW + 10 * timedelta(minutes=1))] == [
        "sent"
    ]
    assert len({key for key, _ in box.tries}) == 1
    assert [again for _, again in box.tries] == [False, False]
    assert box.titles() == ["One widget"]


def test_by_hand_what_was_put_off_is_tried_at_once(store: Store, settings: Settings) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    assert [d.status for d in send(store, settings, box, impatient=True)] == ["sent"]


def test_an_outage_over_days_becomes_one_digest_that_says_so(
    store: Store, settings: Settings
) -> None:
    down = Outcome("deferred", "no connection")
    box = Box(answers={ADA: [down] * 2})
    subscribe(store)
    arrive(store, "Monday")
    send(store, settings, box)
    arrive(store, "Tuesday", now=NOW + DAY)
    send(store, settings, box, NOW + DAY)
    arrive(store, "Wednesday", now=NOW + 2 * DAY)
    box.answers.clear()
    send(store, settings, box, NOW + 2 * DAY)
    send(store, settings, box, NOW + 2 * DAY + HOUR)
    (letter,) = box.letters
    assert sorted(box.titles()) == ["Monday", "Tuesday", "Wednesday"]
    assert letter.late_since == NOW


def test_a_sender_that_slept_for_days_catches_up_and_says_so(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store)
    arrive(store, "Monday")
    send(store, settings, box)
    for n in (1, 2, 3):
        arrive(store, f"Day {n}", now=NOW + n * DAY)
    send(store, settings, box, NOW + 3 * DAY + HOUR)
    assert sorted(box.titles()) == ["Day 1", "Day 2", "Day 3", "Monday"]
    assert box.letters[0].late_since is None
    assert box.letters[1].late_since == NOW


def test_watches_of_one_target_make_one_letter_with_each_paper_once(
    store: Store, settings: Settings
) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="mine", query="widget"), NOW)
    box = Box()
    rows = [subscribe(store), subscribe(store, watch="mine")]
    arrive(store, "One widget")
    arrive(store, "A widget of no topic", topic="optimizers")
    said = send(store, settings, box)
    assert sorted(d.subscription for d in said) == sorted(row.id for row in rows)
    assert len(box.letters) == 1
    assert sorted(box.titles()) == ["A widget of no topic", "One widget"]
    assert box.letters[0].watches == ("gan", "mine")
    assert [s.path for s in box.letters[0].digest.sections] == ["topics/gan", "watches/mine"]


def test_quiet_days_are_said_only_to_who_asked(store: Store, settings: Settings) -> None:
    box = Box()
    subscribe(store, "quiet@example.org")
    subscribe(store, "say@example.org", empty="say")
    assert sorted(d.status for d in send(store, settings, box)) == ["empty", "sent"]
    (letter,) = box.letters
    assert letter.target == "say@example.org"
    assert letter.digest.empty
    assert letter.digest.note


def test_as_soon_as_it_is_out_but_not_every_minute(store: Store, settings: Settings) -> None:
    box = Box()
    subscribe(store, schedule="asap")
    assert send(store, settings, box) == []
    arrive(store, "First", now=NOW + HOUR)
    assert send(store, settings, box, NOW + HOUR, settled=False) == []
    send(store, settings, box, NOW + HOUR)
    arrive(store, "Second", now=NOW + HOUR)
    assert send(store, settings, box, NOW + HOUR + timedelta(minutes=5)) == []
    send(store, settings, box, NOW + 2 * HOUR)
    assert box.titles() == ["First", "Second"]


def test_a_cap_per_day_holds_over_several_letters(store: Store, settings: Settings) -> None:
    with store.write() as connection:
        capped = Watch(name="noisy", topics=("gan",), max_per_day=3)
        watches.save(connection, CONFIG, capped, NOW)
    box = Box()
    subscribe(store, watch="noisy", schedule="asap")
    arrive(store, "A", "B")
    send(store, settings, box)
    arrive(store, "C", "D", "E", now=NOW + 2 * HOUR)
    send(store, settings, box, NOW + 2 * HOUR)
    assert len(box.titles()) == 3
    arrive(store, "F", now=NOW + DAY)
    send(store, settings, box, NOW + DAY)
    assert len(box.titles()) == 4


def test_published_is_told_once_wherever_else_the_paper_then_stands(
    store: Store, settings: Settings
) -> None:
    box = Box()
    title = "Deep Widgets for Semantic Gadgets"
    put(store, preprint("1711.00001", published=NOW - 90 * DAY), now=NOW - 90 * DAY)
    subscribe(store)
    send(store, settings, box)
    for n, kind in enumerate(("cvf", "virtual")):
        now = NOW + (n + 1) * DAY
        put(store, page(kind=kind, published=now - HOUR, arxiv="1711.00001"), source=kind, now=now)
        give_tags(store, {title: [("gan", 0.9)]})
        send(store, settings, box, now)
    assert [i.marks for one in box.letters for s in one.digest.sections for i in s.items] == [
        ("published",)
    ]
