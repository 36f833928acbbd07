"""What letters say of the time they are about: a weekly one of its week, of a pause when it ended."""

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.deliver.base import Outcome
from aggregator.digest.letter import render_letter
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from tests.deliver.box import Box
from tests.sending import ADA, DAY, arrive, send, settings, subscribe

__all__ = ["settings"]
MONDAY = datetime(2017, 11, 6, 8, tzinfo=UTC)
WEEKEND = "Nothing new: arXiv announces no papers at the weekend."
NOTHING = "Nothing new in this period."


@pytest.mark.parametrize(
    ("schedule", "day", "note"),
    [("daily@08:00", 6, WEEKEND), ("weekly@sun-08:00", 6, NOTHING), ("daily@08:00", 4, NOTHING)],
)
def test_a_quiet_week_is_no_weekend(
    store: Store, settings: Settings, schedule: str, day: int, note: str
) -> None:
    box = Box()
    subscribe(store, schedule=schedule, empty="say")
    for n in (0, *range(1, day + 1)):
        send(store, settings, box, MONDAY + n * DAY)
    last = box.letters[-1]
    assert (last.at, last.digest.note) == (MONDAY + day * DAY, note)
    assert last.at - last.digest.since == (timedelta(days=7) if "weekly" in schedule else DAY)


def test_a_quiet_friday_that_goes_out_on_saturday_is_no_weekend(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store, empty="say")
    for n in range(4):
        send(store, settings, box, MONDAY + n * DAY)
    box.answers[ADA] = [Outcome("deferred", "Not now.")]
    friday = MONDAY + 4 * DAY
    send(store, settings, box, friday)
    send(store, settings, box, friday + timedelta(hours=23), impatient=True)
    (late,) = (one for one in box.letters if one.at == friday)
    assert late.digest.note == NOTHING


@pytest.mark.parametrize("schedule", ["daily@08:00", "weekly@mon-08:00"])
def test_a_pause_skipped_nothing_of_what_came_after_it(
    store: Store, settings: Settings, schedule: str
) -> None:
    box = Box()
    row = subscribe(store, schedule=schedule, tz="Asia/Shanghai")
    arrive(store, "Before", now=MONDAY)
    send(store, settings, box, MONDAY)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, MONDAY + DAY)
        subscriptions.resume(connection, row.id, MONDAY + 3 * DAY + timedelta(hours=9))
    arrive(store, "After", now=MONDAY + 4 * DAY)
    send(store, settings, box, MONDAY + 7 * DAY)
    assert box.titles() == ["Before", "After"]
    text = " ".join(render_letter(box.letters[-1]).text.split())
    assert "between 6 November 2017 and 10 November 2017 was skipped" in text
