"""Stores of an older schema: who had left stays so, watches keep whose they were, the log names nobody."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.acting import Act
from aggregator.store import audit, people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.sql import subscription
from aggregator.watches import Wanted, Watch
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.older import downgrade

HOUR = timedelta(hours=1)


def test_an_older_store_is_understood(store: Store) -> None:
    with store.write() as connection:
        bob = people.ensure(connection, "email:bob@example.org", NOW, confirmed=True)
        ada = people.ensure(connection, "email:ada@example.org", NOW, confirmed=True)
        watches.save(connection, CONFIG, Watch(name="mine", query="x"), NOW, bob)

        def add(target: str, watch: str = "gan", now: datetime = NOW, **more: object) -> str:
            wanted = Wanted(watch=watch, channel="email", target=f"{target}@example.org")
            said = {"origin": "cli", "confirmed": True, **more}
            return subscriptions.add(connection, wanted, ada, now, **said).id  # type: ignore[arg-type]

        named = {
            "left": add("left"),
            "by file": add("by-file", origin="file"),
            "left the file": add("left-the-file", origin="file"),
            "waits": add("waits", confirmed=False),
            "older": add("older", "mine", NOW - HOUR),
            "younger": add("younger", "mine", NOW + HOUR, watch_owner=bob),
        }
        for name in ("left", "left the file"):
            subscriptions.end(connection, named[name], NOW)
    downgrade(store, "0020")
    with store.write() as connection:  # as the file did, also where its owner had left before
        by_file = sa.update(subscription).where(subscription.c.id == named["by file"])
        connection.execute(by_file.values(state="ended", origin="file, once"))
    store.migrate()
    with store.read() as connection:
        rows = {name: subscriptions.by_id(connection, opaque) for name, opaque in named.items()}
    assert [name for name, row in rows.items() if row.declined] == [
        "left",
        "by file",
        "left the file",
    ]
    assert {row.origin for name, row in rows.items() if "file" in name} == {"file"}
    assert [name for name, row in rows.items() if row.watch_owner == bob] == ["younger"]
    assert {name: row.asked_at for name, row in rows.items() if row.asked_at} == {"waits": NOW}


def test_who_was_signed_in_is_named_by_number(store: Store) -> None:
    with store.write() as connection:
        bob = people.ensure(connection, "email:bob@example.org", NOW, confirmed=True)
    downgrade(store, "0023")
    before = ("person bob@example.org", "person ada@example.org", "person 7", "owner")
    with store.write() as connection:
        for who in before:
            audit.note(connection, Act(who, "POST /judge", "here"), NOW)
    store.migrate()
    with store.read() as connection:
        found = [one.who for one in audit.newest(connection, None, 10)][::-1]
    assert found == [f"person {bob}", "person erased", "person 7", "owner"]
