"""The openreview source: both versions of the API, walks that are cut off, and the challenge."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.openreview import OpenReviewOptions, OpenReviewSource
from aggregator.sources.openreview_notes import outcome, presentation, venue_name
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, FETCHED, expectation, samples
from tests.sources.sample_walk import outcome as read
from tests.sources.standin import StandIn, stand_in

NOW = datetime(2025, 7, 20, 12, tzinfo=UTC)
GROUP = "ICLR.cc/2025/Conference"
TOML = """
[[sources]]
name = "openreview"
kind = "openreview"
venues = {venues}
base_url = "{url}{two}"
base_url_v1 = "{url}{one}"
pace_seconds = 0
"""
CHALLENGE = (DATA / "openreview" / "challenge.json").read_bytes()
JSON = {"Content-Type": "application/json"}


def make_source() -> OpenReviewSource:
    options = OpenReviewOptions(venues=(GROUP,))
    return OpenReviewSource(SourceConfig("o", "openreview", options, None, True), Credentials())


@pytest.mark.parametrize("sample", samples("openreview"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path) -> None:
    expected = expectation(sample)
    assert read(make_source(), sample, expected["raw"]) == expected


def test_a_deleted_submission_is_gone() -> None:
    body = (DATA / "openreview" / "v1_iclr2018.json").read_bytes()
    raw = Raw(
        "notes:ICLR.cc/2018/Conference", "https://api.openreview.net/notes", body, "", FETCHED
    )
    gone = {name for kind, name in make_source().to_drafts(raw).gone if "ryDeleted1" in name}
    assert gone == {"ryDeleted1", "ryDeleted1/ICLR.cc/2018/Conference"}


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("ICLR.cc/2018/Conference", "ICLR 2018"),
        ("ICLR.cc/2017/conference", "ICLR 2017"),
        ("robot-learning.org/CoRL/2021/Conference", "CoRL 2021"),
        ("NeurIPS.cc/2023/Track/Datasets_and_Benchmarks", "NeurIPS 2023 Datasets and Benchmarks"),
        ("ICML.cc/2024/Workshop/Widgets", "ICML 2024 Workshop Widgets"),
        ("TMLR", "TMLR"),
    ],
)
def test_a_group_is_named_as_people_name_it(group: str, name: str) -> None:
    assert venue_name(group) == name


@pytest.mark.parametrize(
    ("venue", "venueid", "said"),
    [
        ("ICLR 2025 Oral", GROUP, "accepted"),
        ("ICLR 2025 Poster", "", "accepted"),
        ("ICLR 2025 Conference Submission", f"{GROUP}/Submission", ""),
        ("Submitted to ICLR 2025", f"{GROUP}/Rejected_Submission", "rejected"),
        ("ICLR 2025 Submitted", GROUP, "rejected"),
        ("ICLR 2025 Conference Desk Rejected Submission", "", "desk rejected"),
        ("", f"{GROUP}/Withdrawn_Submission", "withdrawn"),
        ("", "", ""),
        ("TMLR", "TMLR", ""),  # another group's
        ("Under review for TMLR", "", ""),
    ],
)
def test_what_was_decided(venue: str, venueid: str, said: str) -> None:
    assert outcome({"venue": venue, "venueid": venueid}, GROUP) == said


def test_how_it_is_presented() -> None:
    words = ("ICLR 2023 notable top 5%", "ICLR 2023 notable top 25%", "CoRL 2022 Poster", "COLM")
    assert [presentation(one) for one in words] == ["oral", "spotlight", "poster", ""]


# --- pull ----------------------------------------------------------------------------------


def note(number: int, changed: int, **content: Any) -> dict[str, Any]:
    """A submission of version 2; `changed` in seconds since the first of them."""
    given = {"title": f"Widgets of the {number}th Kind", "authors": ["Ada Lovelace"], **content}
    return {
        "id": f"wIdget{number:05d}",
        "forum": f"wIdget{number:05d}",
        "odate": 1_728_000_000_000,
        "tmdate": 1_728_000_000_000 + 1000 * changed,
        "content": {key: {"value": value} for key, value in given.items()},
    }


def api(notes: list[dict[str, Any]], hidden: int = 0) -> Callable[[Asked], Reply]:
    """Answers as /notes does: by invitation, latest change first, in pages; `hidden` are counted only."""

    def answer(asked: Asked) -> Reply:
        assert asked.query["sort"] == "tmdate:desc"
        known = asked.query["invitation"] == f"{GROUP}/-/Submission"
        found = sorted(notes, key=lambda n: -n["tmdate"]) if known else []
        offset, limit = int(asked.query["offset"]), int(asked.query["limit"])
        page = {"notes": found[offset : offset + limit], "count": len(found) + hidden}
        return Reply(json.dumps(page).encode(), headers=JSON)

    return answer


@pytest.fixture
def collected(server: Server, tmp_path: Path) -> Iterator[Collected]:
    with closing(sqlite_store(tmp_path)) as store:
        toml = TOML.format(url=server.url, venues=f'["{GROUP}"]', one="/one", two="/two")
        server.routes["/one/notes"] = api([])
        yield Collected(store, tmp_path, toml)


def test_a_decision_is_an_event_of_its_own(server: Server, collected: Collected) -> None:
    waiting = note(1, 0, venue="ICLR 2025 Conference Submission", venueid=f"{GROUP}/Submission")
    server.routes["/two/notes"] = api([waiting])
    assert collected.run(datetime(2024, 11, 1, tzinfo=UTC)).status == "ok"
    (paper,) = collected.papers()
    assert [entry["role"] for entry in paper["entries"]] == ["preprint"]
    decided = note(1, 9_000_000, venue="ICLR 2025 Oral", venueid=GROUP) | {
        "pdate": 1_737_500_000_000
    }
    server.routes["/two/notes"] = api([decided])
    assert collected.run(NOW).status == "ok"
    (paper,) = collected.papers()
    assert [entry["role"] for entry in paper["entries"]] == ["preprint", "proceedings"]
    assert (paper["venue"], paper["at"]) == ("ICLR 2025", "2024-10-04T00:00:00Z")
    accepted = collected.drafts()[f"openreview:wIdget00001/{GROUP}"]
    assert accepted.extra["presentation"] == "oral"


@pytest.mark.parametrize("verdict", ["Withdrawn", "Desk_Rejected"])
def test_an_acceptance_that_is_taken_back_is_none(
    server: Server, collected: Collected, verdict: str
) -> None:
    accepted = note(1, 0, venue="ICLR 2025 Oral", venueid=GROUP)
    taken_back = note(1, 9_000_000, venueid=f"{GROUP}/{verdict}_Submission")
    again = note(1, 9_900_000, venue="ICLR 2025 Oral", venueid=GROUP)

    def seen(one: dict[str, Any], day: int) -> tuple[str | None, bool]:
        server.routes["/two/notes"] = api([one])
        assert collected.run(NOW + timedelta(days=day)).status == "ok"
        (paper,) = collected.papers()
        assert paper["entries"][-1].get("venue") == paper["venue"]
        return paper["venue"], paper["withdrawn"]

    assert seen(accepted, 0) == ("ICLR 2025", False)
    assert seen(taken_back, 1) == (None, verdict == "Withdrawn")
    assert seen(again, 2) == ("ICLR 2025", False)
    assert seen(accepted | {"tmdate": again["tmdate"] + 1, "ddate": 1}, 3) == (None, True)


def test_only_what_changed_is_asked_for(server: Server, collected: Collected) -> None:
    notes = [note(n, n) for n in range(2_500)]
    server.routes["/two/notes"] = api(notes)
    assert collected.run(NOW).counts.new == 2_500
    offsets = [asked.query["offset"] for asked in server.asked]
    assert offsets == ["0", "990", "1980"]
    server.asked.clear()
    notes[7] = note(7, 5_000, title="Widgets, Revised")
    notes.append(note(2_600, 4_000))
    done = collected.run(NOW + timedelta(days=1))
    assert (done.requests, done.counts.new, done.counts.updated) == (1, 1, 1)
    notes += [note(n, 10_000 + n) for n in range(3_000, 4_200)]
    done = collected.run(NOW + timedelta(days=2))
    assert (done.counts.new, done.status) == (1_200, "ok")


def test_a_walk_that_was_cut_off_goes_on_and_misses_nothing(
    server: Server, collected: Collected
) -> None:
    notes = [note(n, n) for n in range(2_500)]
    whole = api(notes)

    def failing(asked: Asked) -> Reply:
        return whole(asked) if asked.query["offset"] == "0" else Reply(b"no", 403)

    server.routes["/two/notes"] = failing
    assert collected.run(NOW).status == "failed"
    assert len(collected.drafts()) == 1_000
    notes.append(note(9_000, 9_000))  # meanwhile, in front
    server.routes["/two/notes"] = whole
    server.asked.clear()
    assert collected.run(NOW + timedelta(hours=1)).status == "ok"
    assert server.asked[0].query["offset"] == "990"
    assert collected.run(NOW + timedelta(days=1)).status == "ok"
    assert len(collected.drafts()) == 2_501


def test_fewer_notes_than_said_are_partial_and_asked_again(
    server: Server, collected: Collected
) -> None:
    page = {"notes": [note(1, 1)], "count": 3}
    server.routes["/two/notes"] = Reply(json.dumps(page).encode(), headers=JSON)
    done = collected.run(NOW)
    assert (done.status, "1 of 3 notes" in done.message) == ("partial", True)
    server.routes["/two/notes"] = api([note(n, n) for n in range(3)])
    assert collected.run(NOW).status == "ok"
    assert len(collected.drafts()) == 3


def test_what_is_new_is_seen_though_a_long_list_always_says_more_than_it_shows(
    server: Server, collected: Collected
) -> None:
    notes = [note(n, n) for n in range(1_500)]
    server.routes["/two/notes"] = api(notes, hidden=4)
    for day in range(2):
        assert collected.run(NOW + timedelta(days=day)).status == "partial"
    notes.append(note(9_000, 9_000))
    assert collected.run(NOW + timedelta(days=2)).counts.new == 1


def test_an_empty_page_is_not_believed(server: Server, collected: Collected) -> None:
    server.routes["/two/notes"] = Reply(b'{"notes": [], "count": 7}', headers=JSON)
    assert collected.run(NOW).status == "mismatch"
    server.routes["/two/notes"] = api([note(1, 1)])
    assert collected.run(NOW).status == "ok"
    server.routes["/two/notes"] = api([])
    assert collected.run(NOW).status == "failed"


def test_a_venue_that_is_not_there_is_looked_for_in_both_versions(
    server: Server, collected: Collected
) -> None:
    server.routes["/two/notes"] = Reply(b'{"name": "NotFoundError"}', 404, JSON)
    assert collected.run(NOW).status == "not_out_yet"
    asked = [(a.path, a.query["invitation"].rpartition("/")[2]) for a in server.asked]
    assert asked == [
        ("/two/notes", "Submission"),
        ("/one/notes", "Blind_Submission"),
        ("/one/notes", "Submission"),
        ("/one/notes", "submission"),
    ]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(CHALLENGE, 403, JSON),
        Reply((DATA / "openreview" / "verifying.html").read_bytes()),
    ],
)
def test_the_challenge_for_guests_is_said_in_words(
    server: Server, collected: Collected, reply: Reply
) -> None:
    server.routes["/two/notes"] = reply
    done = collected.run(NOW)
    assert done.status == "challenged"
    assert "asks guests to show in a browser that they are people" in done.message
    assert len(server.asked) == 1


ACCOUNT = {"openreview_user": "me@example.org", "openreview_password": "hunter2"}


def members_only(notes: list[dict[str, Any]], token: str) -> Callable[[Asked], Reply]:
    """Answers who is logged in; refuses guests and old tokens."""
    whole = api(notes)

    def answer(asked: Asked) -> Reply:
        given = asked.headers.get("authorization")
        if given is None:
            return Reply(CHALLENGE, 403, JSON)
        return whole(asked) if given == f"Bearer {token}" else Reply(b"{}", 401, JSON)

    return answer


@pytest.fixture
def logged_in(server: Server, tmp_path: Path) -> Iterator[Collected]:
    with closing(sqlite_store(tmp_path)) as store:
        toml = TOML.format(url=server.url, venues=f'["{GROUP}"]', one="/one", two="/two")
        yield Collected(store, tmp_path, toml, **ACCOUNT)


def test_an_account_logs_in_once_a_week(server: Server, logged_in: Collected) -> None:
    server.routes["/two/login"] = Reply(b'{"token": "t0k3n"}')
    server.routes["/two/notes"] = members_only([note(1, 1)], "t0k3n")
    for day in (0, 1, 6, 7):
        assert logged_in.run(NOW + timedelta(days=day)).status == "ok"
    logins = [asked for asked in server.asked if asked.path == "/two/login"]
    assert len(logins) == 2
    assert json.loads(logins[0].body) == {
        "id": "me@example.org",
        "password": "hunter2",
        "expiresIn": 604_800,
    }


def test_a_token_that_was_revoked_is_renewed(server: Server, logged_in: Collected) -> None:
    server.routes["/two/login"] = Reply(b'{"token": "first"}')
    server.routes["/two/notes"] = members_only([note(1, 1)], "second")
    assert logged_in.run(NOW).status == "failed"
    assert "login" not in logged_in.checkpoint()
    server.routes["/two/login"] = Reply(b'{"token": "second"}')
    assert logged_in.run(NOW + timedelta(minutes=5)).status == "ok"


@pytest.mark.parametrize(
    ("reply", "status", "says"),
    [
        (Reply(b'{"name": "Error"}', 400, JSON), "failed", "DAYPAPER_OPENREVIEW_USER"),
        (Reply(b'{"mfaPending": true}', 200, JSON), "failed", "second factor"),
        (Reply(b"{}", 429, JSON), "throttled", "429"),
    ],
)
def test_a_log_in_that_fails_is_said_in_words(
    server: Server, logged_in: Collected, reply: Reply, status: str, says: str
) -> None:
    server.routes["/two/login"] = reply
    done = logged_in.run(NOW)
    assert done.status == status
    assert says in done.message
    assert "hunter2" not in done.message
    assert server.paths() == ["/two/login"]


def test_a_change_in_the_future_does_not_end_the_asking(
    server: Server, collected: Collected
) -> None:
    server.routes["/two/notes"] = api([note(1, 10**9)])
    collected.run(NOW)
    server.routes["/two/notes"] = api([note(1, 10**9), note(2, 26_000_000)])
    collected.run(NOW + timedelta(days=30))
    assert len(collected.drafts()) == 2


def test_since_never_leaves_a_gap(server: Server, collected: Collected) -> None:
    notes = [note(n, n) for n in range(2_000)]
    server.routes["/two/notes"] = api(notes)
    collected.run(NOW, since=NOW)
    assert len(collected.drafts()) == 2_000


def test_broken_notes_are_counted_and_the_rest_kept(server: Server, collected: Collected) -> None:
    body = (DATA / "openreview" / "hostile.json").read_bytes()
    server.routes["/two/notes"] = Reply(body, headers=JSON)
    done = collected.run(NOW)
    assert (done.status, done.skipped) == ("mismatch", 8)
    assert done.counts.new == 2


# --- the stand-in --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in("2017-12-01T12:00:00Z") as running:
        yield running


@pytest.mark.upstream
def test_walk_through_the_stand_in(services: StandIn, tmp_path: Path) -> None:
    venues = '["ICLR.cc/2017/conference", "ICLR.cc/2018/Conference"]'
    toml = TOML.format(url=services.url, venues=venues, one="/openreview1", two="/openreview2")
    with closing(sqlite_store(tmp_path)) as store:
        collected = Collected(store, tmp_path, toml)
        collected.run(datetime(2017, 12, 1, 12, tzinfo=UTC))
        drafts = collected.drafts().values()
        assert len(drafts) > 1_470
        assert {draft.role for draft in drafts} == {"preprint"}, "nobody has decided"
        services.control(now="2018-07-20T12:00:00Z")
        collected.run(datetime(2018, 7, 20, 12, tzinfo=UTC))
        shown = [
            d.extra["presentation"] for d in collected.drafts().values() if d.role != "preprint"
        ]
        assert shown.count("oral") == 23
        assert shown.count("poster") > 310
        before = collected.drafts()
        services.control(switch={"openreview_challenge": True})
        assert collected.run(datetime(2018, 7, 21, tzinfo=UTC)).status == "challenged"
        assert collected.drafts() == before
        member = Collected(store, tmp_path, toml, **ACCOUNT)
        assert member.run(datetime(2018, 7, 22, tzinfo=UTC)).status == "ok"
