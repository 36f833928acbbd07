"""Senders that die at every step: nothing is lost, and only a mail between the server's 250 and our
commit may come twice, with the same Message-ID, and counted."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.clock import iso
from aggregator.store import people, subscriptions
from aggregator.store.db import Store
from aggregator.store.sql import letter
from aggregator.watches import Wanted
from tests.conftest import NOW, empty_tables
from tests.drafts import preprint
from tests.filled import give_tags, put
from tests.sending.killed import Killer
from tests.slack_server import TOKEN, SlackServer
from tests.smtp_server import MailServer

DAY = timedelta(days=1)
SECRET = "a secret of forty signs, for the tests.."
TARGETS = ("ada@example.org", "eve@example.org", "kim@example.org")


def subscribe(store: Store, channel: str, *targets: str) -> None:
    with store.write() as connection:
        for target in targets:
            pk = people.ensure(connection, f"{channel}:{target}", NOW, confirmed=True)
            for watch in ("gan", "architectures"):
                wanted = Wanted(watch=watch, channel=channel, target=target)  # type: ignore[arg-type]
                subscriptions.add(connection, wanted, pk, NOW, origin="cli", confirmed=True)


def arrive(store: Store, day: int) -> list[str]:
    """Two new papers on that day, one for each watch; returns their titles."""
    titles = [f"Widget{day:03d}{topic}" for topic in ("gan", "architectures")]
    now = NOW + day * DAY
    for n, title in enumerate(titles):
        draft = preprint(f"1711.{day * 2 + n:05d}", title=title, published=now - DAY / 4)
        put(store, draft, now=now)
    give_tags(store, {title: [(title[9:], 0.9)] for title in titles})
    return titles


class Count:
    """What arrived: title -> target -> identifiers of the messages that show it, copies included."""

    def __init__(self) -> None:
        self.lost: list[tuple[str, str]] = []
        self.twice: list[tuple[str, str, list[str]]] = []  # told by two different messages
        self.copies = 0  # of one message, beyond the first

    def add(self, target: str, expected: list[str], shown: dict[str, list[str]]) -> None:
        """`shown`: title -> identifiers."""
        for title in expected:
            found = shown.get(title, [])
            if not found:
                self.lost.append((target, title))
            if len(set(found)) > 1:
                self.twice.append((target, title, found))


def mails(folder: Path, titles: list[str]) -> tuple[dict[str, dict[str, list[str]]], int]:
    """(target -> title -> Message-IDs, copies of a message beyond its first)."""
    shown: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    seen: Counter[tuple[str, str]] = Counter()
    for path in sorted(folder.iterdir()):
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body
        text = body.get_content()
        seen[message["To"], message["Message-ID"]] += 1
        for title in titles:
            if title in text:
                shown[message["To"]][title].append(message["Message-ID"])
    return shown, sum(seen.values()) - len(seen)


def repeats(store: Store) -> int:
    """How many repeats the ledger knows may have happened."""
    with store.read() as connection:
        return connection.scalar(sa.select(sa.func.sum(letter.c.repeats))) or 0


@contextmanager
def mail_killer(store: Store, folder: Path) -> Iterator[tuple[Killer, Path]]:
    box = folder / "box"
    box.mkdir()
    with MailServer(folder=box) as server:
        url = f"smtp+plain://127.0.0.1:{server.port}"
        with Killer(store, folder, smtp_url=url, secret_key=SECRET, mail_from="d@x.example") as one:
            yield one, box


def test_mail_survives_a_kill_at_every_step(store: Store, tmp_path: Path) -> None:
    subscribe(store, "email", *TARGETS)
    titles: list[str] = []
    steps = 0
    with mail_killer(store, tmp_path) as (killer, box):
        for day in range(1, 100):
            titles += arrive(store, day)
            now = iso(NOW + day * DAY)
            if killer.run(now, kill=day):  # all steps were tried: it came to its end before that
                break
            steps += 1
            assert killer.run(now)
    assert steps >= 20
    shown, copies = mails(box, titles)
    count = Count()
    for target in TARGETS:
        count.add(target, titles, shown[target])
    assert count.lost == []
    assert count.twice == []
    # Of each letter one step lies between the server's 250 and our commit, and two more before the
    # commit itself: the beginning of its transaction, and its end.
    assert 0 < copies <= 3 * len(TARGETS)
    assert repeats(store) >= copies


def test_slack_survives_a_kill_at_every_step(store: Store, tmp_path: Path) -> None:
    subscribe(store, "slack", "C0000PAPERS")
    titles: list[str] = []
    with (
        SlackServer(strict_pace=False) as server,
        Killer(
            store,
            tmp_path,
            slack_bot_token=TOKEN,
            slack_api_url=server.url,
            secret_key=SECRET,
        ) as killer,
    ):
        for day in range(1, 100):
            titles += arrive(store, day)
            now = iso(NOW + day * DAY)
            if killer.run(now, kill=day):
                break
            assert killer.run(now)
        posted = Counter(
            title for one in server.posted() for title in titles if title in json.dumps(one)
        )
    assert {posted[title] for title in titles} == {1}  # exactly once, whatever step it was


@pytest.mark.postgres
def test_three_senders_at_once_tell_everything_once(postgres: Store, tmp_path: Path) -> None:
    """Each is killed at random moments; the others and the next ones take over what it left."""
    with postgres.write() as connection:
        empty_tables(connection)
    targets = [f"reader{n}@example.org" for n in range(20)]
    subscribe(postgres, "email", *targets)
    titles: list[str] = []
    kills = 0
    with (
        mail_killer(postgres, tmp_path) as (first, box),
        first.twin() as second,
        first.twin() as third,
        ThreadPoolExecutor(3) as pool,
    ):
        for day in range(1, 5):
            titles += arrive(postgres, day)
            now = iso(NOW + day * DAY)
            dice = random.Random(day)
            for longest in (0.4, 0.2):  # the second time less is left to do
                waits = [dice.uniform(0.05, longest) for _ in range(3)]
                ends = pool.map(
                    lambda pair: pair[0].run(now, after=pair[1]),  # noqa: B023
                    zip((first, second, third), waits, strict=True),
                )
                kills += sum(not ended for ended in ends)
            assert first.run(now)
    assert kills >= 8  # of 24 runs
    shown, copies = mails(box, titles)
    count = Count()
    for target in targets:
        count.add(target, titles, shown[target])
    assert (count.lost, count.twice) == ([], [])
    assert copies <= repeats(postgres)
