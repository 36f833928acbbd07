"""`python -m tests.month`: 2 APIs and 4 workers live through a month, and some of them are killed each day.

Needs PostgreSQL (`DAYPAPER_TEST_DATABASE_URL`, where databases may be made), a C compiler, and the
stand-in services beside the checkout. A day takes a minute or two: workers look each minute what is due.
`--days N` (30), `--seed N` (1), `--keep FOLDER` for the logs.
"""

import argparse
import os
import random
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from rich.console import Console

from aggregator.clock import iso, parse_moment
from aggregator.store.db import Store
from tests.month.fleet import Clock, Fleet
from tests.month.judge import Month, rows
from tests.smtp_server import MailServer
from tests.sources.standin import StandIn, stand_in

START = datetime(2017, 11, 1, 12, tzinfo=UTC)
CATEGORIES = ["cs.CL", "cs.NE", "cs.RO", "cs.IR"]
PACE = 0.2
APIS, WORKERS = 2, 4
TARGETS = {
    "ada@example.org": "daily@07:00",
    "eve@example.org": "daily@13:00",
    "kim@example.org": "asap",
}
LONGEST = 300.0
"""Seconds that a day may take; what is not done then is left to the next."""
TOML = """
[[sources]]
name = "arxiv"
kind = "arxiv"
categories = {categories}
lookback_days = 2
oai_url = "{url}/arxiv/oai"
rss_url = "{url}/arxiv/rss"
api_url = "{url}/arxiv/api/query"
pace_seconds = {pace}

[[sources]]
name = "cvf"
kind = "cvf"
venues = ["ICCV2017"]
base_url = "{url}/cvf"
pace_seconds = {pace}

[[sources]]
name = "reddit"
kind = "reddit"
subreddits = ["MachineLearning"]
base_url = "{url}/reddit"
pace_seconds = {pace}

[[watches]]
name = "preprints"
sources = ["arxiv"]
"""


console = Console(width=110, highlight=False)


def main() -> None:
    """Live through it and print what came of it."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--days", type=int, default=30)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--keep", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        for name in ("box", "data"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        with (
            stand_in(iso(START)) as services,
            MailServer(folder=folder / "box") as mail,
        ):
            url = _database("daypaper_month")
            _live(folder, services, mail.url, url, given.days, random.Random(given.seed))


def _database(name: str) -> str:
    """The address of an empty database."""
    server = os.environ["DAYPAPER_TEST_DATABASE_URL"]
    plain = server.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _live(
    folder: Path, services: StandIn, smtp: str, database: str, days: int, dice: random.Random
) -> None:
    project = Path(__file__).parents[2]
    own = (project / "topics.toml").read_text(encoding="utf-8").partition("[[sources]]")[0]
    toml = TOML.format(url=services.url, pace=PACE, categories=CATEGORIES)
    (folder / "topics.toml").write_text(own + toml, encoding="utf-8")
    settings = {
        "DAYPAPER_DATABASE_URL": database,
        "DAYPAPER_DATA_DIR": str(folder / "data"),
        "DAYPAPER_TOPICS": str(folder / "topics.toml"),
        "DAYPAPER_SECRET_KEY": "a secret of forty signs, for the tests..",
        "DAYPAPER_SMTP_URL": smtp,
        "DAYPAPER_MAIL_FROM": "d@x.example",
        "DAYPAPER_CONTACT": "month@example.org",
    }
    clock, month = Clock(folder), Month()
    clock.jump(START)
    with Fleet(folder, clock, settings) as fleet:
        fleet.command("migrate")
        fleet.serve(APIS)
        fleet.hire(WORKERS)
        for day in range(days):
            now = START + timedelta(days=day)
            if day == 1:  # what the first look brought is no news
                _subscribe(fleet)
            clock.jump(now)
            services.control(now=iso(now), reset_log=True)
            _day(fleet, clock, month, dice, kills=day % 3)
            _polite(services, month)
            console.print(f"{now:%d %B}: {month.seconds[-1]:.0f} s, {fleet.kills} kills so far")
        # Quiet: what the last hours brought leaves, too, with everybody's next letter.
        for hours in (4, 8, 20, 28):
            clock.jump(START + timedelta(days=days - 1, hours=hours))
            time.sleep(75)
        fleet.dismiss()
        until = START + timedelta(days=days - 1)
        window = f"from={START.date()}&until={until.date()}&cats={','.join(CATEGORIES)}"
        truth = set(services.truth(f"arxiv?{window}")["ids"])
        with closing(Store(database, folder / "data")) as store:
            for what, measured in rows(store, folder / "box", truth, list(TARGETS), month, fleet):
                console.print(f"{what}: {measured}")


def _subscribe(fleet: Fleet) -> None:
    for target, schedule in TARGETS.items():
        fleet.command(
            *("subscribe", "--watch", "preprints", "--channel", "email", "--target", target),
            *("--schedule", schedule, "--events", "new", "--limit", "200", "--confirmed"),
        )


def _day(fleet: Fleet, clock: Clock, month: Month, dice: random.Random, kills: int) -> None:
    """Until nothing is due: kill so many workers at moments of no meaning, and ask the APIs."""
    begun = time.monotonic()
    moments = sorted(dice.uniform(1, 70) for _ in range(kills))
    while (spent := time.monotonic() - begun) < LONGEST:
        if moments and spent > moments[0]:
            moments.pop(0)
            fleet.kill_one(dice)
            if dice.random() < 0.2:
                fleet.kill_api(dice)
        fleet.ask("/api/v1/papers?topic=gan", dice)
        states = fleet.ask("/api/v1/sources", dice)
        if states and not moments and _is_quiet(states["items"], clock.now()):
            break
        time.sleep(1)
    else:
        month.late += 1
    month.seconds.append(time.monotonic() - begun)


def _is_quiet(states: list[dict[str, str]], now: datetime) -> bool:
    return all(
        state["status"] and parse_moment(state["next_due"]) > now and not state["running"]
        for state in states
    )


def _polite(services: StandIn, month: Month) -> None:
    for service in ("/arxiv", "/cvf", "/reddit"):
        asked = services.asked(service)
        month.gaps += [b["time"] - a["time"] for a, b in pairwise(asked)]
        month.at_once = max([month.at_once, *(one["in_flight"] for one in asked)])


if __name__ == "__main__":
    main()
