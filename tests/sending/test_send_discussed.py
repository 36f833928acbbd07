"""Discussions in the ledger: told once for a paper, to those who asked for them."""

from datetime import datetime
from typing import Any

import pytest

from aggregator.deliver.base import Outcome
from aggregator.digest.letter import render_letter
from aggregator.settings import Settings
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import post, preprint
from tests.filled import give_tags, put
from tests.sending import DAY, HOUR, arrive, native, send, settings, subscribe

__all__ = ["settings"]

WIDGETS = "Widgets that Learn"


def talk(store: Store, name: str, now: datetime, **more: Any) -> None:
    """Somebody posts a link to the paper."""
    link = f"arxiv:{native(WIDGETS)}"
    put(store, post(name, about=link, published=now - HOUR, **more), now=now, source="reddit")
    give_tags(store, {WIDGETS: [("gan", 0.9)]})


def test_a_discussion_is_told_once_to_those_who_asked(store: Store, settings: Settings) -> None:
    arrive(store, WIDGETS)
    subscribe(store, events=("new", "discussed"))
    subscribe(store, "bob@example.org")
    box = Box()
    send(store, settings, box)
    talk(store, "t3_a", NOW + HOUR, score=12)
    said = send(store, settings, box, NOW + DAY)
    assert [d.target for d in said if d.status == "sent"] == ["ada@example.org"]
    (letter,) = (one for one in box.letters if one.at >= NOW + DAY)
    ((item,),) = [section.items for section in letter.digest.sections if section.items]
    assert (item.paper["title"], item.marks) == (WIDGETS, ("discussed",))
    assert "discussed" in render_letter(letter).text
    talk(store, "t3_a", NOW + DAY, score=300)
    talk(store, "t3_b", NOW + DAY, score=500)
    assert {d.status for d in send(store, settings, box, NOW + 2 * DAY)} == {"empty"}


def test_a_paper_that_is_new_and_discussed_is_one_paper(store: Store, settings: Settings) -> None:
    subscribe(store, events=("new", "discussed"))
    box = Box()
    arrive(store, WIDGETS)
    talk(store, "t3_a", NOW)
    assert [d.papers for d in send(store, settings, box)] == [1]
    talk(store, "t3_b", NOW + HOUR)
    assert [d.status for d in send(store, settings, box, NOW + DAY)] == ["empty"]


def test_an_old_paper_that_is_talked_about_today_is_told(store: Store, settings: Settings) -> None:
    arrive(store, WIDGETS, now=NOW - 200 * DAY)
    subscribe(store, events=("discussed",), schedule="asap")
    box = Box()
    send(store, settings, box)
    talk(store, "t3_old", NOW + HOUR)
    assert [d for d in send(store, settings, box, NOW + HOUR) if d.status == "sent"]
    assert box.titles() == [WIDGETS]


@pytest.mark.parametrize("put_off", [False, True])
def test_what_was_said_of_a_withdrawn_paper_is_told_when_it_is_back(
    store: Store, settings: Settings, put_off: bool
) -> None:
    def stored(version: int, now: datetime, *, withdrawn: bool) -> None:
        more = {"first_public": NOW - HOUR, "withdrawn": withdrawn}
        one = preprint(native(WIDGETS), version, title=WIDGETS, published=now, **more)  # type: ignore[arg-type]
        put(store, one, now=now)
        give_tags(store, {WIDGETS: [("gan", 0.9)]})

    box = Box()
    arrive(store, WIDGETS)
    subscribe(store, events=("discussed",))
    send(store, settings, box)
    talk(store, "t3_a", NOW + HOUR)
    if put_off:
        box.answers["ada@example.org"] = [Outcome("deferred", "451 later")]
        send(store, settings, box, NOW + DAY)
    stored(2, NOW + DAY + HOUR, withdrawn=True)
    send(store, settings, box, NOW + 2 * DAY)
    stored(3, NOW + 2 * DAY + HOUR, withdrawn=False)
    for n in (3, 4):
        send(store, settings, box, NOW + n * DAY)
    assert box.titles() == [WIDGETS]
