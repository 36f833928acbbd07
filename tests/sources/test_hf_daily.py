"""The hf_daily source: a day's page as posts about papers, asked again while votes come in."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.hf_daily import HfDailyOptions, HfDailySource
from tests.conftest import sqlite_store
from tests.drafts import preprint
from tests.filled import put
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import FETCHED, SHARED, expectation, outcome, samples

NOW = datetime(2026, 6, 12, 15, tzinfo=UTC)
PATH = "/api/daily_papers"
TOML = '[[sources]]\nname = "hf"\nkind = "hf_daily"\nbase_url = "{url}"\npace_seconds = 0\n'


def make_source() -> HfDailySource:
    config = SourceConfig("hf", "hf_daily", HfDailyOptions(), None, True)
    return HfDailySource(config, Credentials())


@pytest.mark.parametrize("sample", samples("hf_daily"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path) -> None:
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


def test_a_captured_day_is_read_to_the_last_paper() -> None:
    path = SHARED / "captures" / "huggingface" / "daily_papers_2026-06-12.json"
    if not path.exists():
        pytest.skip("the captured answers do not lie beside this checkout")
    raw = Raw("day:2026-06-12", "https://huggingface.co", path.read_bytes(), "", FETCHED)
    parsed = make_source().to_drafts(raw)
    assert (len(parsed.drafts), parsed.skipped) == (30, ())
    assert sum(draft.extra["score"] for draft in parsed.drafts) == 453
    assert {draft.published for draft in parsed.drafts} == {datetime(2026, 6, 12, tzinfo=UTC)}


class Days:
    """Plays the page: day -> papers; a day that it does not know is refused as in the future."""

    def __init__(self, **days: list[Any]) -> None:
        self.days = {
            name.removeprefix("d").replace("_", "-"): found for name, found in days.items()
        }

    def __call__(self, asked: Asked) -> Reply:
        found = self.days.get(asked.query["date"])
        if found is None:
            return Reply(b'{"error": "Invalid date"}', 400)
        return Reply(json.dumps(found).encode(), headers={"Content-Type": "application/json"})


def paper(native: str, votes: int = 1) -> dict[str, Any]:
    found = {"id": native, "title": f"Widgets {native}", "upvotes": votes}
    return {"paper": found, "numComments": 2}


@pytest.fixture
def collected(server: Server, tmp_path: Path) -> Iterator[Collected]:
    with closing(sqlite_store(tmp_path)) as store:
        yield Collected(store, tmp_path, TOML.format(url=server.url))


def test_a_first_run_takes_yesterday_and_today(server: Server, collected: Collected) -> None:
    server.routes[PATH] = Days(d2026_06_11=[paper("2606.00001")], d2026_06_12=[paper("2606.00002")])
    assert collected.run(NOW).status == "ok"
    assert [asked.query["date"] for asked in server.asked] == ["2026-06-11", "2026-06-12"]
    assert sorted(collected.drafts()) == ["hf_daily:2606.00001", "hf_daily:2606.00002"]


def test_votes_of_the_last_days_are_renewed_and_days_away_made_up_for(
    server: Server, collected: Collected
) -> None:
    days = Days(d2026_06_11=[], d2026_06_12=[paper("2606.00001", 3)])
    server.routes[PATH] = days
    collected.run(NOW)
    server.asked.clear()
    days.days |= {f"2026-06-{n:02d}": [] for n in range(9, 19)}
    days.days |= {"2026-06-12": [paper("2606.00001", 50)], "2026-06-15": [paper("2606.00003")]}
    assert collected.run(NOW + timedelta(days=6)).status == "ok", "never four empty days in a row"
    assert [asked.query["date"][-2:] for asked in server.asked] == [
        f"{n:02d}" for n in range(9, 19)
    ]
    drafts = collected.drafts()
    assert drafts["hf_daily:2606.00001"].extra["score"] == 50
    assert "hf_daily:2606.00003" in drafts


def test_the_post_is_joined_with_its_paper(server: Server, collected: Collected) -> None:
    published = datetime(2026, 6, 10, tzinfo=UTC)
    put(collected.store, preprint("2606.00001", title="Other Words", published=published))
    server.routes[PATH] = Days(d2026_06_11=[], d2026_06_12=[paper("2606.00001", 7)])
    collected.run(NOW)
    (found,) = collected.papers()
    assert (found["title"], found["kind"]) == ("Other Words", "paper")
    assert found["buzz"] == {"score": 7, "comments": 2, "posts": 1, "citations": None}


def test_a_day_that_has_not_begun_there_is_no_trouble(server: Server, collected: Collected) -> None:
    server.routes[PATH] = Days(d2026_06_11=[paper("2606.00001")])
    assert collected.run(NOW).status == "not_out_yet"
    assert len(collected.drafts()) == 1


def test_an_older_day_that_is_refused_is_trouble(server: Server, collected: Collected) -> None:
    server.routes[PATH] = Days(d2026_06_12=[])
    assert collected.run(NOW).status == "failed"


def test_a_run_that_was_cut_off_goes_on(server: Server, collected: Collected) -> None:
    days = Days(**{f"d2026_06_{n:02d}": [paper(f"2606.000{n:02d}")] for n in range(1, 13)})
    del days.days["2026-06-08"]
    server.routes[PATH] = days
    assert collected.run(NOW, since=NOW - timedelta(days=11)).status == "failed"
    assert len(collected.drafts()) == 7
    days.days["2026-06-08"] = [paper("2606.00008")]
    assert collected.run(NOW).status == "ok"
    assert len(collected.drafts()) == 12


def test_days_without_any_paper_are_not_believed(server: Server, collected: Collected) -> None:
    server.routes[PATH] = Reply(b"[]")
    assert collected.run(NOW).status == "ok"
    done = collected.run(NOW + timedelta(days=1))
    assert (done.status, "no paper of the last 3 days" in done.message) == ("mismatch", True)


def test_a_run_goes_back_a_year_at_most(server: Server, collected: Collected) -> None:
    server.routes[PATH] = Reply(json.dumps([paper("2606.00001")]).encode())
    done = collected.run(NOW, since=NOW - timedelta(days=1_000))
    assert (done.status, done.requests) == ("partial", 366)


def test_a_full_page_is_said_to_be_one(server: Server, collected: Collected) -> None:
    full = [paper(f"2606.{n:05d}") for n in range(1, 101)]
    server.routes[PATH] = Days(d2026_06_11=full, d2026_06_12=[])
    done = collected.run(NOW)
    assert (done.status, done.counts.new) == ("partial", 100)
    assert "2026-06-11: only the first 100 papers" in done.message


def test_what_has_not_changed_is_not_sent_again(server: Server, collected: Collected) -> None:
    body = json.dumps([paper("2606.00001")]).encode()

    def answer(asked: Asked) -> Reply:
        known = asked.headers.get("if-none-match") == 'W/"1"'
        return Reply(status=304) if known else Reply(body, headers={"ETag": 'W/"1"'})

    server.routes[PATH] = answer
    collected.run(NOW)
    done = collected.run(NOW + timedelta(hours=6))
    assert (done.status, done.counts.updated) == ("ok", 0)
    assert server.asked[-1].headers["if-none-match"] == 'W/"1"'


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(b"<!doctype html><title>Just a moment...</title>"), "challenged"),
        (Reply(b'{"error": "x"}'), "failed"),
        (Reply(b"["), "failed"),
        (Reply(b"slow down", 429, {"Retry-After": "600"}), "throttled"),
    ],
)
def test_answers_that_are_no_page(
    server: Server, collected: Collected, reply: Reply, status: str
) -> None:
    server.routes[PATH] = reply
    assert collected.run(NOW).status == status
    assert collected.checkpoint() == {}
