"""The ledger at its limits: the last id, the last minute, the last place."""

from typing import Any

import pytest

from aggregator.compose import Composer
from aggregator.deliver.base import Letter
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import give_tags, put
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
