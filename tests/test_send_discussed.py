"""Discussions in the ledger: told once for a paper, to those who asked for them."""

from datetime import datetime
from typing import Any

from aggregator.digest.letter import render_letter
from aggregator.settings import Settings
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import post
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
