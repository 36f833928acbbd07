"""What two hundred kills of a sender lose, and what they repeat."""

import random
import tempfile
from contextlib import closing
from pathlib import Path

from aggregator.clock import iso
from tests.conftest import NOW, sqlite_store
from tests.sending.test_kills import (
    DAY,
    TARGETS,
    Count,
    arrive,
    mail_killer,
    mails,
    repeats,
    subscribe,
)

KILLS, STEPS = 200, 28  # a sender that is not killed takes 28 steps for three letters


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    dice = random.Random(1)
    titles: list[str] = []
    killed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(sqlite_store(folder)) as store:
            subscribe(store, "email", *TARGETS)
            with mail_killer(store, folder) as (killer, box):
                for day in range(1, 2 * KILLS):
                    titles += arrive(store, day)
                    now = iso(NOW + day * DAY)
                    killed += not killer.run(now, kill=dice.randint(1, STEPS))
                    killer.run(now)
                    if killed == KILLS:
                        break
                shown, copies = mails(box, titles)
            counted = repeats(store)
    count = Count()
    for target in TARGETS:
        count.add(target, titles, shown[target])
    return [
        (
            f"{killed} kills at random steps, {len(titles)} papers to {len(TARGETS)} readers over real "
            "SMTP, SQLite",
            f"{len(count.lost)} lost, {len(count.twice)} told by two different mails; {copies} copies "
            f"of a mail with the same Message-ID, {counted} possible ones counted in the ledger",
            "0 lost; repeats only between the server's 250 and our commit",
        )
    ]
