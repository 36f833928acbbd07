"""The ledger and people who pause, leave, come back or cannot be reached; papers that merge or go."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.deliver.base import Outcome
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store import people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.sql import letter
from aggregator.store.subscriptions import Row
from aggregator.watches import Watch
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import ADA, DAY, HOUR, arrive, native, send, settings, subscribe

Action = Callable[[Connection, str, datetime], Row]


__all__ = ["settings"]


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
    assert box.letters[0].paused_since == NOW  # since the last digest, not since the pause


@pytest.mark.parametrize("between", ["quiet day", "server down"])
def test_what_a_pause_skipped_is_said_by_the_first_digest_that_arrives(
    store: Store, settings: Settings, between: str
) -> None:
    box = Box()
    row = subscribe(store)
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW + HOUR)
    arrive(store, "Missed", now=NOW + DAY)
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + 2 * DAY)
    if between == "server down":
        box.answers[ADA] = [Outcome("deferred", "451 later")]
        arrive(store, "After", now=NOW + 2 * DAY + HOUR)
    assert [d.status for d in send(store, settings, box, NOW + 3 * DAY)] in (
        ["empty"],
        ["deferred"],
    )
    for n in (4, 5):
        arrive(store, f"Day {n}", now=NOW + n * DAY)
        send(store, settings, box, NOW + n * DAY)
    assert [one.paused_since for one in box.letters] == [NOW, None]


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


@pytest.mark.parametrize("when", ["untold", "put off", "put off for long", "told"])
def test_a_paper_that_is_back_after_it_was_withdrawn_is_told_once(
    store: Store, settings: Settings, when: str
) -> None:
    def stored(version: int, now: datetime, *, withdrawn: bool) -> None:
        title = "One widget"
        more = {"first_public": NOW - HOUR, "withdrawn": withdrawn}
        put(store, preprint(native(title), version, title=title, published=now, **more), now=now)  # type: ignore[arg-type]
        give_tags(store, {title: [("gan", 0.9)]})

    box = Box()
    subscribe(store)
    subscribe(store, watch="architectures")
    send(store, settings, box)
    arrive(store, "One widget", "Another", now=NOW + HOUR)
    wait = 2 * DAY if "long" in when else HOUR
    if "put off" in when:
        box.answers[ADA] = [Outcome("deferred", "451 later", retry_after=wait)]
    if when != "untold":
        send(store, settings, box, NOW + DAY)
    stored(2, NOW + DAY + HOUR, withdrawn=True)
    send(store, settings, box, NOW + DAY + 2 * HOUR)
    arrive(store, "Architectures", now=NOW + DAY + HOUR, topic="architectures")
    send(store, settings, box, NOW + 2 * DAY)
    stored(3, NOW + 2 * DAY + HOUR, withdrawn=False)
    for n in (3, 4, 5):
        send(store, settings, box, NOW + n * DAY)
    assert sorted(box.titles()) == ["Another", "Architectures", "One widget"]


def test_what_would_be_sent_changes_nothing(store: Store, settings: Settings) -> None:
    box = Box()
    row = subscribe(store)
    arrive(store, "One widget")
    planned = Sender(store, settings, CONFIG, {"email": box}, NOW).preview()
    assert [(d.subscription, d.papers, d.status) for d in planned] == [(row.id, 1, "due")]
    assert box.letters == []
    send(store, settings, box)
    assert box.titles() == ["One widget"]


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
        people.erase(connection, row.person_pk, "digest")
    assert send(store, settings, box, NOW + HOUR) == []
    assert box.letters == []


def test_a_letter_whose_papers_were_withdrawn_while_it_waited_is_not_sent(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    row = subscribe(store)
    send(store, settings, box, NOW - DAY)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW - 23 * HOUR)
        subscriptions.resume(connection, row.id, NOW - 23 * HOUR)
    arrive(store, "One widget")
    send(store, settings, box)
    gone = preprint(native("One widget"), 2, title="One widget", published=NOW, withdrawn=True)
    put(store, gone, now=NOW + HOUR)
    give_tags(store, {"One widget": [("gan", 0.9)]})
    for n in range(1, 4):
        send(store, settings, box, NOW + n * DAY)
    assert box.letters == []
    with store.read() as connection:  # the first, and the one that it went into
        assert connection.scalar(sa.select(sa.func.count()).select_from(letter)) == 2
    arrive(store, "Another", now=NOW + 4 * DAY)
    send(store, settings, box, NOW + 4 * DAY)
    (last,) = box.letters
    assert (last.late_since, last.paused_since) == (None, NOW - DAY)


def test_a_paper_that_a_broad_watch_only_counts_is_shown_by_the_narrow_one(
    store: Store, settings: Settings
) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="mine", query="zebra"), NOW)
    box = Box()
    subscribe(store, limit=2)
    subscribe(store, watch="mine")
    arrive(store, *(f"A widget {n}" for n in range(6)), "Zebra widget")
    send(store, settings, box)
    assert "Zebra widget" in box.titles()
    assert len(box.titles()) == 3


def test_who_changes_language_gets_what_did_not_arrive_in_the_other(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("refused", "550 no")]})
    subscribe(store)
    arrive(store, "Monday")
    send(store, settings, box)
    subscribe(store, lang="zh")
    arrive(store, "Tuesday", now=NOW + DAY)
    send(store, settings, box, NOW + DAY)
    assert sorted(box.titles()) == ["Monday", "Tuesday"]
    assert [letter.lang for letter in box.letters] == ["zh"]


def test_a_clock_that_was_a_year_ahead_for_once_silences_nobody(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store)
    send(store, settings, box, NOW + 365 * DAY)
    arrive(store, "One widget", now=NOW + DAY)
    send(store, settings, box, NOW + DAY + HOUR)
    assert box.titles() == ["One widget"]


def test_a_topic_that_left_the_file_stops_nobody_s_mail(store: Store, settings: Settings) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="mine", topics=("gan",)), NOW)
    box = Box()
    subscribe(store, watch="mine")
    subscribe(store, "eve@example.org", watch="architectures")
    arrive(store, "One widget")
    arrive(store, "Two widgets", topic="architectures")
    fewer = replace(CONFIG, topics=tuple(t for t in CONFIG.topics if t.name != "gan"))
    Sender(store, settings, fewer, {"email": box}, NOW).run()
    assert "Two widgets" in box.titles("eve@example.org")


def test_of_a_letter_the_part_of_who_had_left_is_not_counted_as_told(
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
    send(store, settings, box, NOW + HOUR)
    subscribe(store, watch="architectures")
    send(store, settings, box, NOW + 2 * HOUR)
    assert box.titles() == ["Of gans", "Of architectures"]


def test_one_that_waits_for_news_has_begun_when_it_was_made(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store, schedule="asap")
    send(store, settings, box)
    arrive(store, "Tuesday", now=NOW + DAY)  # announced on Tuesday, stored on Thursday
    send(store, settings, box, NOW + 3 * DAY)
    assert box.titles() == ["Tuesday"]
