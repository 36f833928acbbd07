"""Preprints that were stored before their notice of withdrawal was understood."""

import sqlalchemy as sa

from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.store.sql import paper
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import give_tags, put
from tests.older import downgrade
from tests.sending import DAY, HOUR, send, settings, subscribe

__all__ = ["settings"]

NOTICE = "Paper withdrawn due to company policy"


def stored(
    store: Store, native: str, title: str, *comments: str, abstract: str = "We build."
) -> None:
    """A preprint with a version for each of the comments, none of which was taken for a notice."""
    for number, said in enumerate(comments, 1):
        draft = preprint(
            native,
            number,
            title=title,
            authors=(title, "Ada Lovelace"),
            abstract=abstract,
            published=NOW + number * HOUR,
            first_public=NOW + HOUR,
            comments=said,
            withdrawn=False,
        )
        put(store, draft, now=NOW + number * HOUR)
    give_tags(store, {title: [("gan", 0.9)]})


def withdrawn(store: Store) -> set[str]:
    with store.read() as connection:
        rows = connection.execute(sa.select(paper.c.title, paper.c.withdrawn, paper.c.doc)).all()
    assert all(row.withdrawn == row.doc["withdrawn"] for row in rows)
    return {row.title for row in rows if row.withdrawn}


def test_notices_that_are_stored_are_understood_and_tell_nobody(
    store: Store, settings: Settings
) -> None:
    subscribe(store)
    box = Box()
    send(store, settings, box)
    stored(store, "1711.00001", "By Its Comments", NOTICE)
    stored(store, "1711.00002", "By Its Second Version", "8 pages", NOTICE)
    stored(store, "1711.00003", "Back Again", NOTICE, "8 pages")
    stored(store, "1711.00004", "By Its Abstract", "", abstract="This work is withdrawn. " * 20)
    stored(store, "1711.00005", "Of Troops", "3 pages", abstract="Withdrawn troops leave traces.")
    stored(store, "1711.00006", "Printed", NOTICE)
    put(store, page("X/Printed", title="Printed", arxiv="1711.00006"), now=NOW + 2 * HOUR)
    send(store, settings, box, NOW + DAY)
    assert withdrawn(store) == set()
    downgrade(store, "0026")
    store.migrate()
    assert withdrawn(store) == {"By Its Comments", "By Its Second Version", "By Its Abstract"}
    send(store, settings, box, NOW + 2 * DAY)
    assert [letter.withdrawn for letter in box.letters] == [()]


def test_what_comes_of_it_later_is_as_of_any_withdrawn_paper(store: Store) -> None:
    stored(store, "1711.00001", "By Its Comments", NOTICE)
    downgrade(store, "0026")
    store.migrate()
    stored(store, "1711.00001", "By Its Comments", NOTICE, "8 pages")
    assert withdrawn(store) == set()
