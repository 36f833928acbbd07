"""Papers that are withdrawn, come back, and are withdrawn again, whoever brings it."""

from datetime import datetime

import pytest

from aggregator.collect.ingest import store_drafts
from aggregator.deliver.base import Outcome
from aggregator.models import Parsed
from aggregator.settings import Settings
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import give_tags
from tests.sending import ADA, DAY, HOUR, native, send, settings, subscribe

__all__ = ["settings"]

TITLE = "Widgets, Improved"


def version(
    store: Store, number: int, now: datetime, *, withdrawn: bool = False, history: bool = False
) -> None:
    """What a source says of a version, once more where it has before."""
    draft = preprint(
        native(TITLE),
        number,
        title=TITLE,
        published=NOW + number * HOUR,
        first_public=NOW + HOUR,
        withdrawn=withdrawn,
        comments=f"as of {now}",
    )
    with store.write() as connection:
        store_drafts(connection, [Parsed((draft,))], "arxiv", now, backfill=history)
    give_tags(store, {TITLE: [("gan", 0.9)]})


def withdrawals(box: Box) -> list[str]:
    return [paper["title"] for letter in box.letters for paper in letter.withdrawn]


@pytest.fixture
def box(store: Store, settings: Settings) -> Box:
    """The letters of a subscription that has begun; the paper came after, and was withdrawn at once."""
    subscribe(store)
    box = Box()
    send(store, settings, box)
    version(store, 1, NOW + 2 * HOUR)
    version(store, 2, NOW + 3 * HOUR, withdrawn=True)
    send(store, settings, box, NOW + DAY)
    assert box.letters == []
    return box


def test_what_was_shown_when_it_was_back_is_told_to_be_withdrawn_again_once(
    store: Store, settings: Settings, box: Box
) -> None:
    version(store, 2, NOW + DAY + HOUR)
    send(store, settings, box, NOW + 2 * DAY)
    assert (box.titles(), withdrawals(box)) == ([TITLE], [])
    version(store, 2, NOW + 2 * DAY + HOUR, withdrawn=True)
    for n in (3, 4):
        send(store, settings, box, NOW + n * DAY)
    for n in (1, 2):  # and whoever changes their mind once more
        version(store, 2, NOW + 4 * DAY + n * HOUR, withdrawn=n == 2)
    for n in (5, 6):
        send(store, settings, box, NOW + n * DAY)
    assert (box.titles(), withdrawals(box)) == ([TITLE], [TITLE])


def test_a_paper_is_back_though_a_back_fill_was_the_first_to_see_it(
    store: Store, settings: Settings, box: Box
) -> None:
    version(store, 3, NOW + DAY + HOUR, history=True)
    version(store, 3, NOW + DAY + 2 * HOUR)
    for n in (2, 3, 4):
        send(store, settings, box, NOW + n * DAY)
    assert box.titles() == [TITLE]


@pytest.mark.parametrize("retried", [False, True])
def test_who_could_not_be_told_in_time_does_not_hear_of_a_paper_that_is_back(
    store: Store, settings: Settings, retried: bool
) -> None:
    subscribe(store)
    box = Box()
    version(store, 1, NOW - HOUR)
    send(store, settings, box)
    version(store, 2, NOW + 3 * HOUR, withdrawn=True)
    box.answers[ADA] = [Outcome("deferred", "Not now.")]
    send(store, settings, box, NOW + DAY)
    version(store, 3, NOW + DAY + HOUR)
    send(store, settings, box, NOW + DAY + 2 * HOUR if retried else NOW + 2 * DAY, impatient=True)
    assert withdrawals(box) == []
    version(store, 4, NOW + 2 * DAY + HOUR, withdrawn=True)
    for n in (3, 4):
        send(store, settings, box, NOW + n * DAY)
    assert (box.titles(), withdrawals(box)) == ([TITLE], [TITLE])
