"""Messages that an earlier version stored, with what opens a private feed."""

import pytest
import sqlalchemy as sa

from aggregator.store import ledger
from aggregator.store.db import Store
from aggregator.store.sql import run, upstream
from tests.conftest import NOW
from tests.older import downgrade

MESSAGES = {
    "Open https://ada:p%40ss@x.example:8443/feed/SECRET/rss?key=SECRET#SECRET in a browser; well.": (
        "Open https://x.example:8443/feed/… in a browser; well."
    ),
    "https://x.example/SECRET redirects more than 5 times.": (
        "https://x.example/… redirects more than 5 times."
    ),
    "x.example answered 404 for /services/T00/B00/SECRET, asking to wait 120 min.": (
        "x.example answered 404 for /services/…, asking to wait 120 min."
    ),
    "x.example answered 403 for /SECRET.": "x.example answered 403 for /….",
    "oaipmh.arxiv.org answered 403 for /oai.": "oaipmh.arxiv.org answered 403 for /oai.",
    "https://x.example/feed.xml redirects to no web address.": (
        "https://x.example/feed.xml redirects to no web address."
    ),
    "12 new, 3 updated, 4 unchanged.": "12 new, 3 updated, 4 unchanged.",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_stored_messages_lose_what_opens_a_private_address(store: Store, message: str) -> None:
    with store.write() as connection:
        connection.execute(
            sa.insert(run).values(
                source="a-feed",
                at=NOW,
                started=NOW,
                finished=NOW,
                status="failed",
                message=message,
                backfill=False,
                **dict.fromkeys(
                    ("fetched", "new", "updated", "unchanged", "skipped", "requests", "failures"), 0
                ),
            )
        )
        ledger.cool_down(connection, "feed x.example", NOW, message)
    downgrade(store, "0028")
    store.migrate()
    with store.read() as connection:
        found = [
            connection.scalar(sa.select(run.c.message)),
            connection.scalar(sa.select(upstream.c.cooldown_reason)),
        ]
    assert found == [MESSAGES[message]] * 2
