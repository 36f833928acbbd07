"""Papers that proceedings list by their titles: when the abstract comes, so do the readers it concerns."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.settings import Settings
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import give_tags, put
from tests.sending import DAY, HOUR, send, settings, subscribe

__all__ = ["settings"]

TITLE = "Widgets, Improved"
LISTED = page(title=TITLE, published=NOW + HOUR)
WHOLE = replace(LISTED, abstract="Of adversarial networks.", fidelity=1)


@pytest.fixture
def box(store: Store, settings: Settings) -> Box:
    """The letters of a subscription to `gan` and one to `architectures`, begun, and told of the day on
    which the title, without a topic of theirs but `architectures`, was listed."""
    subscribe(store)
    subscribe(store, "bob@example.org", watch="architectures")
    box = Box()
    send(store, settings, box)
    put(store, LISTED, source="cvf", now=NOW + 2 * HOUR)
    give_tags(store, {TITLE: [("architectures", 0.9)]})
    send(store, settings, box, NOW + DAY)
    return box


def described(
    store: Store, settings: Settings, box: Box, by: str = "cvf", after: timedelta = DAY + HOUR
) -> dict[str, int]:
    """How often each is told of the paper, once its abstract has come."""
    draft = WHOLE if by == "cvf" else preprint(title=TITLE, published=NOW + after)
    at: datetime = NOW + after
    for n in range(2):  # it comes, and changes
        put(store, replace(draft, abstract=f"{draft.abstract} {n}"), source=by, now=at + n * HOUR)
        give_tags(store, {TITLE: [("architectures", 0.9), ("gan", 0.9)]})
    for n in range(1, 4):
        send(store, settings, box, at + n * DAY)
    return {name: box.titles(f"{name}@example.org").count(TITLE) for name in ("ada", "bob")}


@pytest.mark.parametrize("by", ["cvf", "arxiv"])
def test_whom_the_abstract_concerns_is_told_and_nobody_twice(
    store: Store, settings: Settings, box: Box, by: str
) -> None:
    assert described(store, settings, box, by) == {"ada": 1, "bob": 1}


def test_an_abstract_that_comes_late_makes_no_news(
    store: Store, settings: Settings, box: Box
) -> None:
    assert described(store, settings, box, after=9 * DAY) == {"ada": 0, "bob": 1}


def test_a_paper_that_had_an_abstract_is_told_by_it(store: Store, settings: Settings) -> None:
    subscribe(store)
    box = Box()
    send(store, settings, box)
    put(store, WHOLE, source="cvf", now=NOW + 2 * HOUR)
    give_tags(store, {})
    send(store, settings, box, NOW + DAY)
    assert described(store, settings, box) == {"ada": 0, "bob": 0}
