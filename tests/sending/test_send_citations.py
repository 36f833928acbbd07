"""Citations in the ledger: told once, to those who asked for them, with the work that is cited."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.collect.ingest import store_drafts
from aggregator.digest.letter import render_letter
from aggregator.models import Draft, Parsed
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.store.sql import delivery, event
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import give_tags, put
from tests.sending import DAY, HOUR, arrive, native, send, settings, subscribe

__all__ = ["settings"]


def cite(
    store: Store, title: str, *, now: datetime, kind: str = "s2", topic: str = "gan", **more: Any
) -> None:
    """Some service tells that the paper of this title cites "Adam"."""
    values = {
        "url": "https://x.example",
        "published": now - HOUR,
        "year": 2017,
        "authors": ("A B",),
    }
    about = {"title": title, "cites": (f"arxiv:{native('Adam')}",), "dated": True}
    draft = Draft(kind=kind, native_id=f"{kind}-{title}", role="citing", **(values | about | more))  # type: ignore[arg-type]
    with store.write() as connection:
        store_drafts(connection, [Parsed((draft,))], "cites", now, backfill=False)
    give_tags(store, {title: [(topic, 0.9)]})


def test_citations_are_told_once_to_those_who_asked(store: Store, settings: Settings) -> None:
    arrive(store, "Adam", topic="architectures", now=NOW - 9 * DAY)
    wanted = subscribe(store, events=("new", "cited"))
    subscribe(store, "bob@example.org")
    box = Box()
    send(store, settings, box)
    cite(store, "Gadgets that Learn", now=NOW + HOUR)
    cite(store, "Gadgets that Learn", now=NOW + 2 * HOUR, kind="openalex")
    cite(store, "Gadgets that Rest", now=NOW + 2 * HOUR)
    said = send(store, settings, box, NOW + DAY)
    assert [(d.target, d.status) for d in said if d.status == "sent"] == [
        ("ada@example.org", "sent")
    ]
    (letter,) = (one for one in box.letters if one.at >= NOW + DAY)
    rendered = render_letter(letter)
    assert "2 NEW PAPERS CITE “ADAM”" in rendered.text
    assert "2 new papers cite “Adam”" in rendered.html
    assert sorted(box.titles()) == ["Gadgets that Learn", "Gadgets that Rest"]
    with store.read() as connection:
        asked = sa.select(event.c.kind, delivery.c.subscription_pk).join(
            event, event.c.id == delivery.c.event_id
        )
        rows = connection.execute(asked).all()
        assert [tuple(row) for row in rows] == [("cited", wanted.pk)] * 2
    assert {d.status for d in send(store, settings, box, NOW + 2 * DAY)} == {"empty"}


def test_the_citing_paper_must_be_of_the_watch_and_tagged(store: Store, settings: Settings) -> None:
    arrive(store, "Adam", now=NOW - 9 * DAY)
    subscribe(store, events=("cited",))
    box = Box()
    send(store, settings, box)
    cite(store, "Gadgets that Learn", now=NOW + HOUR, topic="architectures")
    send(store, settings, box, NOW + DAY)
    assert box.titles() == []


def test_what_became_public_long_ago_is_no_news(store: Store, settings: Settings) -> None:
    arrive(store, "Adam", now=NOW - 9 * DAY)
    subscribe(store, events=("cited",))
    box = Box()
    send(store, settings, box)
    cite(store, "Old Gadgets", now=NOW + HOUR, published=datetime(2017, 1, 1, tzinfo=UTC))
    send(store, settings, box, NOW + DAY)
    assert box.titles() == []


@pytest.mark.parametrize("events", [("cited", "withdrawn"), ("new", "cited", "withdrawn")])
def test_who_was_shown_a_citing_paper_hears_that_it_was_withdrawn(
    store: Store, settings: Settings, events: tuple[str, ...]
) -> None:
    arrive(store, "Adam", "Citing", now=NOW - 9 * DAY)
    subscribe(store, events=events)
    box = Box()
    send(store, settings, box)
    cite(store, "Citing", now=NOW + HOUR, authors=("Ada Lovelace",), published=NOW - 9 * DAY)
    send(store, settings, box, NOW + DAY)
    assert box.titles() == ["Citing"]
    put(store, preprint(native("Citing"), 2, title="Citing", withdrawn=True), now=NOW + DAY + HOUR)
    give_tags(store, {"Citing": [("gan", 0.9)]})
    for n in (2, 3):
        send(store, settings, box, NOW + n * DAY)
    assert [[p["title"] for p in one.withdrawn] for one in box.letters] == [[], ["Citing"]]


def test_a_paper_that_is_new_and_cites_is_one_paper(store: Store, settings: Settings) -> None:
    arrive(store, "Adam", topic="architectures", now=NOW - 9 * DAY)
    subscribe(store, events=("new", "cited"))
    box = Box()
    send(store, settings, box)
    arrive(store, "Gadgets that Learn", now=NOW + HOUR)
    cite(store, "Gadgets that Learn", now=NOW + HOUR, authors=("Ada Lovelace",))
    said = send(store, settings, box, NOW + DAY)
    assert [d.papers for d in said] == [1]
    (letter,) = (one for one in box.letters if one.at >= NOW + DAY)
    assert [s.name[:5] for s in letter.digest.sections if s.count] == ["gan", "cites"]
    text = render_letter(letter).text
    assert "shown above, under Adversarial networks" in text
