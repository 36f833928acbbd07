"""What a browser kept goes to the person who signs in there, and nothing of it is lost."""

from typing import Any

import pytest

from aggregator.collect import rulings
from aggregator.errors import UsageError
from aggregator.store import kept, papers, people
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import put


def starred(connection: Any, person: int, names: list[str]) -> set[str]:
    return {
        name for name, mine in kept.of_papers(connection, person, names).items() if mine.starred
    }


def test_what_there_is_no_room_for_stays_with_the_guest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        store, *(preprint(f"1711.0000{n}", title=f"Widget {n}", authors=(f"A {n}",)) for n in "123")
    )
    with store.write() as connection:
        names = [papers.by_name(connection, f"arxiv:1711.0000{n}").doc["id"] for n in "123"]
        guest = people.ensure(connection, "browser:x", NOW, confirmed=False)
        ada = people.ensure(connection, "email:ada@example.org", NOW, confirmed=True)
        for name in names:
            kept.put(connection, guest, name, "starred", NOW)
        kept.put(connection, ada, names[0], "later", NOW)
        monkeypatch.setattr(kept, "MOST_KEPT", 2)
        kept.hand_over(connection, guest, ada)
        hers, left = starred(connection, ada, names), starred(connection, guest, names)
        assert len(hers) == 2
        assert names[0] in hers
        assert left == set(names) - hers
        monkeypatch.undo()
        kept.hand_over(connection, guest, ada)
        assert starred(connection, ada, names) == set(names)
        assert not starred(connection, guest, names)


@pytest.mark.parametrize("merged", [True, False])
def test_notes_that_come_together_are_whole_and_can_be_changed(store: Store, merged: bool) -> None:
    """Those of two papers that become one, and those of a browser and an account."""
    put(store, *(preprint(f"1711.0000{n}", title=f"W {n}", authors=(f"A {n}",)) for n in "12"))
    with store.write() as connection:
        first, second = (papers.by_name(connection, f"arxiv:1711.0000{n}").doc["id"] for n in "12")
        guest = people.ensure(connection, "browser:x", NOW, confirmed=False)
        ada = people.ensure(connection, "email:ada@example.org", NOW, confirmed=True)
        mine, other = ("a" * kept.MOST_NOTE, "b" * kept.MOST_NOTE)
        kept.note(connection, ada, first, mine, NOW)
        if merged:
            kept.note(connection, ada, second, other, NOW)
            assert rulings.join(connection, [first, second], "a test", NOW) == first
        else:
            kept.note(connection, guest, first, other, NOW)
            kept.hand_over(connection, guest, ada)

        def note() -> str:
            return kept.of_papers(connection, ada, [first])[first].note

        both = f"{mine}\n\n{other}"
        assert note() == both
        kept.note(connection, ada, first, both.replace("a", "c"), NOW)
        assert note() == both.replace("a", "c")
        with pytest.raises(UsageError, match="expected at most 8002"):
            kept.note(connection, ada, first, f"{both}d", NOW)
