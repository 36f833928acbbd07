"""The ledger at its limits: the last id, the last minute, the last place."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.deliver.base import Letter, Outcome
from aggregator.sending.claim import Claimer, Documents
from aggregator.sending.compose import Composer
from aggregator.settings import Settings
from aggregator.store import letters, outbox, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.sql import delivery, letter
from aggregator.watches import Watch
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import ADA, DAY, HOUR, arrive, native, send, settings, subscribe

__all__ = ["settings"]


def test_a_withdrawal_during_a_pause_is_skipped_though_others_are_told(
    store: Store, settings: Settings
) -> None:
    box = Box()
    row = subscribe(store)
    subscribe(store, "eve@example.org")
    arrive(store, "One widget")
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW + HOUR)
    gone = preprint(native("One widget"), 2, title="One widget", published=NOW, withdrawn=True)
    put(store, gone, now=NOW + 2 * HOUR)
    give_tags(store, {"One widget": [("gan", 0.9)]})
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + 3 * HOUR)
    send(store, settings, box, NOW + DAY)
    assert [one.target for one in box.letters if one.withdrawn] == ["eve@example.org"]
    assert ADA in {one.target for one in box.letters}


def test_a_letter_that_cannot_be_put_together_waits_and_the_others_go(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_together = Composer._letter

    def breaks(self: Composer, connection: Any, kept: Any, *more: Any) -> Letter:
        if kept.target == ADA:
            raise ValueError("a bug in the composer")
        return put_together(self, connection, kept, *more)

    box = Box()
    subscribe(store)
    subscribe(store, "eve@example.org")
    arrive(store, "One widget")
    with monkeypatch.context() as patched:
        patched.setattr(Composer, "_letter", breaks)
        said = {one.target: one for one in send(store, settings, box)}
    assert {target: one.status for target, one in said.items()} == {
        ADA: "deferred",
        "eve@example.org": "sent",
    }
    assert "see the log" in said[ADA].message
    send(store, settings, box, NOW + HOUR)
    assert [one.target for one in box.letters] == ["eve@example.org", ADA]


def test_what_was_put_aside_while_a_reader_paused_is_skipped_as_what_comes_meanwhile(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    row = subscribe(store)
    arrive(store, "Monday")
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW)
    send(store, settings, box, NOW + HOUR)
    assert letters_in(store) == [("refused", False, 0)]
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + 2 * HOUR)
    arrive(store, "Tuesday", now=NOW + DAY)
    send(store, settings, box, NOW + DAY)
    assert box.titles() == ["Tuesday"]
    assert letters_in(store) == [("folded", False, 0), ("sent", False, 0)]


@pytest.mark.parametrize(("more", "state"), [(0, "deferred"), (1, "refused")])
def test_a_letter_whose_next_try_is_past_the_third_day_is_given_up(
    store: Store, settings: Settings, more: int, state: str
) -> None:
    wait = 3 * DAY + more * timedelta(seconds=1)
    box = Box(answers={ADA: [Outcome("deferred", "later", retry_after=wait)]})
    subscribe(store)
    arrive(store, "Monday")
    assert [one.status for one in send(store, settings, box)] == ["deferred"]
    assert letters_in(store) == [(state, False, 0)]


def test_a_pause_is_not_reported_as_the_trouble_of_a_channel(
    store: Store, settings: Settings
) -> None:
    row = subscribe(store)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW)
    assert send(store, settings, Box(broken="No mail server is set.")) == []


@pytest.mark.parametrize("meanwhile", ["paused", "told"])
def test_who_paused_or_was_told_since_the_look_at_what_is_due_is_told_nothing(
    store: Store, meanwhile: str
) -> None:
    row = subscribe(store)
    arrive(store, "One widget")
    with store.read() as connection:
        due = outbox.due(connection, NOW, ["email"])
    claimer = Claimer(CONFIG, "sender", NOW, settled=True, documents=Documents())
    with store.write() as connection:
        if meanwhile == "paused":
            subscriptions.pause(connection, row.id, NOW)
        else:
            assert len(claimer.claim(connection, due).letters) == 1
    with store.write() as connection:
        made = claimer.claim(connection, due)
    assert (made.letters, made.empty) == ([], [])


def test_the_ledger_has_each_event_as_shown_or_summarised(store: Store, settings: Settings) -> None:
    subscribe(store, limit=1)
    arrive(store, "One widget", "Two widgets")
    send(store, settings, Box())
    with store.read() as connection:
        outcomes = connection.scalars(sa.select(delivery.c.outcome))
        assert sorted(outcomes) == ["shown", "summarised"]


def test_what_is_split_off_a_paper_that_was_told_is_not_told_again(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store)
    put(store, preprint("1711.00001", published=NOW - 2 * HOUR), page(published=NOW - HOUR))
    give_tags(store, {"Deep Widgets for Semantic Gadgets": [("gan", 0.9)]})
    send(store, settings, box)
    other = page(title="Another work", published=NOW - HOUR, arxiv="1711.00003")
    put(store, other, now=NOW + HOUR)
    give_tags(store, {"Another work": [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    assert box.titles() == ["Deep Widgets for Semantic Gadgets"]


def test_a_try_after_one_that_may_have_got_through_is_one_repeat(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "broke off", unsure=True)]})
    subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    assert letters_in(store) == [("deferred", True, 0)]
    send(store, settings, box, NOW + HOUR)
    assert letters_in(store) == [("sent", False, 1)]


def test_what_was_before_the_first_digest_s_days_stays_so_though_it_waits_for_another(
    store: Store, settings: Settings
) -> None:
    box = Box()
    put(store, preprint("1711.00001", title="Waits", published=NOW - HOUR))
    put(store, preprint("1711.00002", title="Old", published=NOW - 3 * DAY))
    put(store, preprint("1711.00003", title="Of this moment", published=NOW + DAY))
    subscribe(store)
    send(store, settings, box)
    give_tags(store, {title: [("gan", 0.9)] for title in ("Waits", "Old", "Of this moment")})
    send(store, settings, box, NOW + DAY)
    assert sorted(box.titles()) == ["Of this moment", "Waits"]


def test_a_conference_s_papers_before_its_day_are_told_though_the_first_digest_was_too_early(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store)
    put(store, page(title="To come", published=NOW + 10 * DAY), source="cvf", now=NOW - HOUR)
    send(store, settings, box)
    give_tags(store, {"To come": [("gan", 0.9)]})
    for n in range(1, 12):
        send(store, settings, box, NOW + n * DAY)
    assert box.titles() == ["To come"]
    assert box.letters[0].at == NOW + DAY


def test_one_target_that_cannot_be_claimed_does_not_stop_the_others(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = outbox.claim

    def breaks(connection: Any, claims: Any, *more: Any) -> list[int]:
        if any(one.target == ADA for one in claims):
            raise ValueError("a bug")
        return claim(connection, claims, *more)

    box = Box()
    subscribe(store)
    subscribe(store, "eve@example.org")
    arrive(store, "One widget")
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "claim", breaks)
        said = sorted((one.target, one.status, one.papers) for one in send(store, settings, box))
    assert said == [(ADA, "failed", 0), ("eve@example.org", "sent", 1)]
    send(store, settings, box)
    assert [one.target for one in box.letters] == ["eve@example.org", ADA]


def test_papers_of_other_watches_take_no_place_of_a_cap_per_day(
    store: Store, settings: Settings
) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="few", topics=("gan",), max_per_day=2), NOW)
    box = Box()
    subscribe(store, watch="few", schedule="asap")
    arrive(store, "A")
    arrive(store, "X", "Y", "Z", topic="optimizers")
    send(store, settings, box)
    arrive(store, "B", "C", now=NOW + 2 * HOUR)
    send(store, settings, box, NOW + 2 * HOUR)
    assert len(box.titles()) == 2


def test_a_letter_that_goes_into_the_next_is_marked_so(store: Store, settings: Settings) -> None:
    box = Box(answers={ADA: [Outcome("refused", "550 no")]})
    subscribe(store)
    arrive(store, "Monday")
    send(store, settings, box)
    send(store, settings, box, NOW + DAY)
    assert letters_in(store) == [("folded", False, 0), ("sent", False, 0)]


def test_a_withdrawal_is_not_told_to_who_was_shown_other_papers(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store, watch="architectures")
    arrive(store, "Shown", topic="architectures")
    arrive(store, "One widget")
    send(store, settings, box)
    gone = preprint(native("One widget"), 2, title="One widget", published=NOW, withdrawn=True)
    put(store, gone, now=NOW + HOUR)
    give_tags(store, {"One widget": [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    assert [len(one.withdrawn) for one in box.letters] == [0]


@pytest.mark.parametrize(
    "said", [Outcome("refused", "550 no"), Outcome("deferred", "broke off", unsure=True)]
)
def test_papers_that_become_one_while_a_letter_waits_are_told_once(
    store: Store, settings: Settings, said: Outcome
) -> None:
    """Whether the letter goes into a later one, or is tried again itself."""
    box = Box()
    subscribe(store)
    put(store, preprint("1711.00001", title="A Preprint", published=NOW - HOUR))
    give_tags(store, {"A Preprint": [("gan", 0.9)]})
    send(store, settings, box)
    box.answers[ADA] = [said]
    put(store, page(published=NOW - 2 * HOUR), now=NOW + HOUR)
    give_tags(store, {page().title: [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    joined = page(published=NOW - 2 * HOUR, arxiv="1711.00001", fidelity=1)
    put(store, joined, now=NOW + DAY + HOUR)
    arrive(store, "Another", now=NOW + DAY + HOUR)
    give_tags(store, {page().title: [("gan", 0.9)]})
    send(store, settings, box, NOW + 2 * DAY)
    assert box.titles() == ["A Preprint", "Another"]


def test_who_may_have_been_shown_a_paper_hears_that_it_was_withdrawn(
    store: Store, settings: Settings
) -> None:
    broke_off = Outcome("deferred", "broke off", unsure=True, retry_after=2 * DAY)
    box = Box(answers={ADA: [broke_off]})
    subscribe(store)
    arrive(store, "One widget")
    send(store, settings, box)
    gone = preprint(native("One widget"), 2, title="One widget", published=NOW, withdrawn=True)
    put(store, gone, now=NOW + HOUR)
    give_tags(store, {"One widget": [("gan", 0.9)]})
    for n in (1, 2, 3):
        send(store, settings, box, NOW + n * DAY)
    assert [[p["title"] for p in one.withdrawn] for one in box.letters] == [["One widget"]]


def test_a_letter_whose_second_sender_died_before_it_began_has_not_arrived(
    store: Store, settings: Settings
) -> None:
    box = Box(answers={ADA: [Outcome("deferred", "451 later")]})
    subscribe(store)
    arrive(store, "Monday")
    send(store, settings, box)
    with store.write() as connection:
        (one,) = letters.waiting(connection, NOW + HOUR, ["email"], impatient=False)
        assert letters.take_over(connection, one, "dead")
    send(store, settings, box, NOW + 2 * HOUR)
    assert [again for _, again in box.tries] == [False, False]
    assert letters_in(store) == [("sent", False, 0)]


def test_a_letter_whose_first_sender_died_at_it_may_have_arrived_whoever_died_since(
    store: Store, settings: Settings
) -> None:
    class Dies(Box):
        def send(self, letter: Letter, *, again: bool) -> Outcome:
            raise KeyboardInterrupt

    subscribe(store)
    arrive(store, "Monday")
    with pytest.raises(KeyboardInterrupt):
        send(store, settings, Dies(connections=1))
    with store.write() as connection:
        (one,) = letters.waiting(connection, NOW + HOUR, ["email"], impatient=False)
        assert letters.take_over(connection, one, "dead")
    box = Box()
    send(store, settings, box, NOW + HOUR)
    assert [again for _, again in box.tries] == [True]
    assert letters_in(store) == [("sent", False, 1)]


def letters_in(store: Store) -> list[tuple[str, bool, int]]:
    """(state, whether it may have got through, repeats) of each letter."""
    with store.read() as connection:
        asked = sa.select(letter.c.state, letter.c.unsure, letter.c.repeats)
        return [tuple(row) for row in connection.execute(asked.order_by(letter.c.pk))]  # type: ignore[misc]
