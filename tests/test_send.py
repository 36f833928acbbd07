"""The ledger: told once, nothing lost, whatever fails in between; on both databases."""

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from aggregator.deliver.base import Outcome
from aggregator.send import Delivered, Sender
from aggregator.settings import Settings
from aggregator.store import people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted, Watch
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import CONFIG, give_tags, put

Action = Callable[[Connection, str, datetime], Row]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ADA = "ada@example.org"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret_key="a secret of forty signs, for the tests..")  # type: ignore[arg-type]


def subscribe(store: Store, target: str = ADA, watch: str = "gan", **terms: object) -> Row:
    wanted = Wanted(watch=watch, channel="email", target=target, **terms)  # type: ignore[arg-type]
    with store.write() as connection:
        pk = people.ensure(connection, f"email:{target}", NOW, confirmed=True)
        return subscriptions.add(connection, wanted, pk, NOW, origin="cli", confirmed=True)


def native(title: str) -> str:
    """The arXiv id of the paper of this title."""
    return f"1711.{zlib.crc32(title.encode()) % 100_000:05d}"


def arrive(store: Store, *titles: str, now: datetime = NOW, topic: str = "gan") -> None:
    """New preprints of these titles, announced and stored at `now`, and tagged."""
    for title in titles:
        put(store, preprint(native(title), title=title, published=now - HOUR), now=now)
    give_tags(store, {title: [(topic, 0.9)] for title in titles})


def send(
    store: Store, settings: Settings, box: Box, now: datetime = NOW, **more: Any
) -> list[Delivered]:
    return Sender(store, settings, CONFIG, {box.name: box}, now, **more).run()


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


def test_backfill_of_the_last_day_is_in_the_first_digest_and_later_backfill_in_none(
    store: Store, settings: Settings
) -> None:
    from aggregator.ingest import store_drafts
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


def test_three_refusals_suspend_and_resuming_loses_nothing(
    store: Store, settings: Settings
) -> None:
    no = Outcome("refused", "550 no such user")
    box = Box(answers={ADA: [no, no, no]})
    row = subscribe(store)
    said = []
    for n in range(5):
        arrive(store, f"Day {n}", now=NOW + n * DAY)
        said += [d.status for d in send(store, settings, box, NOW + n * DAY)]
    assert said == ["failed", "failed", "suspended"]
    with store.write() as connection:
        assert subscriptions.by_id(connection, row.id).trouble == "550 no such user"
        subscriptions.resume(connection, row.id, NOW + 5 * DAY)
    send(store, settings, box, NOW + 5 * DAY)
    assert sorted(box.titles()) == [f"Day {n}" for n in range(5)]


def test_our_own_trouble_suspends_nobody(store: Store, settings: Settings) -> None:
    box = Box(answers={ADA: [Outcome("refused", "token revoked", blames_target=False)] * 4})
    row = subscribe(store)
    for n in range(4):
        arrive(store, f"Day {n}", now=NOW + n * DAY)
        send(store, settings, box, NOW + n * DAY)
    with store.read() as connection:
        assert subscriptions.by_id(connection, row.id).state == "active"
    send(store, settings, box, NOW + 4 * DAY)
    assert len(box.titles()) == 4


def test_a_channel_without_settings_touches_nothing(store: Store, settings: Settings) -> None:
    box = Box(broken="No mail server is set.")
    subscribe(store)
    arrive(store, "One widget")
    assert [(d.status, d.message) for d in send(store, settings, box)] == [
        ("deferred", "No mail server is set.")
    ]
    box.broken = ""
    send(store, settings, box, NOW + 2 * HOUR)
    assert box.titles() == ["One widget"]


def test_a_pause_skips_and_says_since_when(store: Store, settings: Settings) -> None:
    box = Box()
    row = subscribe(store)
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW + HOUR)
    arrive(store, "Missed", now=NOW + DAY)
    assert send(store, settings, box, NOW + DAY) == []
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + 2 * DAY)
    arrive(store, "After", now=NOW + 3 * DAY)
    send(store, settings, box, NOW + 3 * DAY)
    assert box.titles() == ["After"]
    assert box.letters[0].paused_since == NOW + HOUR


def test_unsubscribed_and_subscribed_again_nothing_is_told_twice(
    store: Store, settings: Settings
) -> None:
    box = Box()
    row = subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.end(connection, row.id, NOW)
    arrive(store, "Two widgets", now=NOW + HOUR)
    assert send(store, settings, box, NOW + 2 * HOUR) == []
    assert subscribe(store).id == row.id
    send(store, settings, box, NOW + 3 * HOUR)
    assert box.titles() == ["One widget", "Two widgets"]


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


def test_a_paper_merged_into_another_is_not_new_again(store: Store, settings: Settings) -> None:
    box = Box()
    subscribe(store)
    # The page is told first, under the younger paper's id; then a link makes the two one.
    put(store, preprint("1711.00001", title="A Preprint of Widgets"), now=NOW - 5 * DAY)
    put(store, page(published=NOW - HOUR), now=NOW)
    give_tags(store, {"Deep Widgets for Semantic Gadgets": [("gan", 0.9)]})
    send(store, settings, box)
    put(store, page(published=NOW - HOUR, arxiv="1711.00001", fidelity=1), now=NOW + HOUR)
    give_tags(store, {"Deep Widgets for Semantic Gadgets": [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    assert [letter.digest.sections[0].items[0].marks for letter in box.letters[1:]] in (
        [],
        [("published",)],
    )
    with store.read() as connection:
        (row,) = subscriptions.everything(connection)
    assert row.state == "active"


def test_who_was_told_of_a_paper_hears_that_it_was_withdrawn(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store)
    subscribe(store, "eve@example.org", watch="architectures")
    arrive(store, "One widget")
    send(store, settings, box)
    native = f"1711.{zlib.crc32(b'One widget') % 100_000:05d}"
    gone = preprint(native, 2, title="One widget", published=NOW + HOUR, withdrawn=True)
    put(store, gone, now=NOW + 2 * HOUR)
    give_tags(store, {"One widget": [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    assert [letter.target for letter in box.letters] == [ADA, ADA]
    assert [paper["title"] for paper in box.letters[1].withdrawn] == ["One widget"]
    assert box.titles() == ["One widget"]


def test_what_would_be_sent_changes_nothing(store: Store, settings: Settings) -> None:
    box = Box()
    row = subscribe(store)
    arrive(store, "One widget")
    planned = Sender(store, settings, CONFIG, {"email": box}, NOW).preview()
    assert [(d.subscription, d.papers, d.status) for d in planned] == [(row.id, 1, "due")]
    assert box.letters == []
    send(store, settings, box)
    assert box.titles() == ["One widget"]


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


def test_a_broken_letter_does_not_stop_the_others(store: Store, settings: Settings) -> None:
    class Breaks(Box):
        def send(self, letter: object, *, again: bool) -> Outcome:
            if letter.target == ADA:  # type: ignore[attr-defined]
                raise ValueError("a bug in a template")
            return super().send(letter, again=again)  # type: ignore[arg-type]

    box = Breaks(connections=1)
    subscribe(store)
    subscribe(store, "eve@example.org")
    arrive(store, "One widget")
    said = send(store, settings, box)
    assert sorted(d.status for d in said) == ["deferred", "sent"]
    assert [letter.target for letter in box.letters] == ["eve@example.org"]


@pytest.mark.parametrize("action", [subscriptions.end, subscriptions.pause])
def test_a_letter_that_was_put_off_does_not_follow_who_left(
    store: Store, settings: Settings, action: Action
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    row = subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    with store.write() as connection:
        action(connection, row.id, NOW)
    assert send(store, settings, box, NOW + HOUR, impatient=True) == []
    assert box.letters == []


def test_of_a_letter_for_two_watches_the_one_that_was_left_is_not_sent(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    subscribe(store)
    left = subscribe(store, watch="architectures")
    arrive(store, "Of gans")
    arrive(store, "Of architectures", topic="architectures")
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.end(connection, left.id, NOW)
    assert len(send(store, settings, box, NOW + HOUR)) == 1
    assert box.titles() == ["Of gans"]


def test_who_is_erased_gets_nothing_more(store: Store, settings: Settings) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    row = subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    with store.write() as connection:
        people.erase(connection, row.person_pk)
    assert send(store, settings, box, NOW + HOUR) == []
    assert box.letters == []
