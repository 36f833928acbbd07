"""What a month came to: compared with what was announced, and with every mail that arrived."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from aggregator.store.db import Store
from aggregator.store.sql import entry, event, letter
from tests.month.fleet import Fleet
from tests.sending.test_kills import Count

_ID = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{4,5})")
_PAGE = re.compile(r"/papers/([0-9a-z]+)")  # where a long letter has no room for more


@dataclass(slots=True)
class Month:
    """What is noted on the way: seconds of each day, days that were not done in time, gaps between two
    requests to one upstream (seconds), and the most requests that one of them had at once."""

    seconds: list[float] = field(default_factory=list)
    late: int = 0
    gaps: list[float] = field(default_factory=list)
    at_once: int = 0


def rows(
    store: Store,
    box: Path,
    truth: Collection[str],
    targets: Sequence[str],
    month: Month,
    fleet: Fleet,
) -> list[tuple[str, str]]:
    """(what, measured)."""
    stored = _stored(store)
    news, repeats = _news(store, stored)
    shown, copies = _mails(box, {owner: name for name, owner in stored.items()})
    count = Count()
    for target in targets:
        count.add(target, sorted(news), shown[target])
    lost, twice = count.lost, count.twice
    missing = sorted(set(truth) - set(stored))
    stray = sorted(set().union(*shown.values()) - news)
    return [
        ("kills", f"{fleet.kills}"),
        ("a day", f"{median(month.seconds):.0f} s (median); {month.late} not done in time"),
        (
            "arXiv ids announced",
            f"{len(truth) - len(missing)} of {len(truth)} stored {missing[:5]}; "
            f"{len(stored)} in {len(set(stored.values()))} papers",
        ),
        (
            "mail",
            f"{len(news)} papers to {len(targets)} readers: {len(lost)} lost {lost[:5]}, {len(twice)} "
            f"told by two mails {twice[:5]}, {len(stray)} that are no news {stray[:5]}; {copies} copies of "
            f"a mail, {repeats} possible ones counted",
        ),
        (
            "upstreams",
            f"at most {month.at_once} at once, smallest gap {min(month.gaps):.3f} s",
        ),
        ("API", f"{fleet.answered} answers, {len(fleet.refused)} refusals {fleet.refused[:3]}"),
    ]


def _stored(store: Store) -> dict[str, str]:
    """arXiv id -> paper."""
    asked = sa.select(entry.c.native_id, entry.c.paper_id).where(entry.c.key.startswith("arxiv:"))
    with store.read() as connection:
        return {row.native_id: row.paper_id for row in connection.execute(asked)}


def _news(store: Store, stored: dict[str, str]) -> tuple[set[str], int]:
    """The arXiv ids of papers that were news, and the repeats that the ledger counted."""
    asked = sa.select(event.c.paper_id).where(
        event.c.kind == "new", ~event.c.backfill, ~event.c.superseded
    )
    with store.read() as connection:
        new = set(connection.scalars(asked))
        repeats = connection.scalar(sa.select(sa.func.sum(letter.c.repeats))) or 0
    return {name for name, owner in stored.items() if owner in new}, repeats


def _mails(box: Path, names: Mapping[str, str]) -> tuple[dict[str, dict[str, list[str]]], int]:
    """(target -> arXiv id -> Message-IDs, copies of a message beyond its first); `names` are the arXiv
    ids of papers."""
    shown: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    seen: Counter[tuple[str, str]] = Counter()
    for path in sorted(box.glob("*.eml")):
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        body = message.get_body(("plain",))
        assert body
        seen[message["To"], message["Message-ID"]] += 1
        text = body.get_content()
        pages = {names[paper] for paper in _PAGE.findall(text) if paper in names}
        for name in pages | set(_ID.findall(text)):
            shown[message["To"]][name].append(message["Message-ID"])
    return shown, sum(seen.values()) - len(seen)
