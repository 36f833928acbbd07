"""The neurips source: every layout of its pages, volumes of a year, and abstracts as a back-fill."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aggregator.errors import SourceError
from aggregator.parse.ids import neurips_id
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.neurips import NeuripsOptions, NeuripsSource
from aggregator.sources.neurips_pages import first_day
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, FETCHED, expectation, outcome, samples

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BOATS, KITES = (f"{n:032x}" for n in (0xABC0, 0xABC1))
LIST = "/paper_files/paper/2017"


def make_source() -> NeuripsSource:
    options = NeuripsOptions(years=(2017,))
    return NeuripsSource(SourceConfig("n", "neurips", options, None, True), Credentials())


def body(name: str) -> bytes:
    return (DATA / "neurips" / name).read_bytes()


def detail(name: str, year: int = 2017) -> str:
    return f"/paper_files/paper/{year}/hash/{name}-Abstract.html"


@pytest.mark.parametrize("sample", samples("neurips"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path):
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


@pytest.mark.parametrize(
    ("address", "known"),
    [
        (f"https://papers.nips.cc/paper/2017/hash/{BOATS}-Abstract.html", f"2017/{BOATS}"),
        (f"/paper_files/paper/2022/hash/{BOATS}-Abstract-Conference.html", f"2022/{BOATS}"),
        (
            f"/paper_files/paper/2023/hash/{BOATS}-Abstract-Datasets_and_Benchmarks.html",
            f"2023/{BOATS}-datasets_and_benchmarks",
        ),
        ("/paper/7181-attention-is-all-you-need", None),
        (f"/paper_files/paper/2017/file/{BOATS}-Paper.pdf", f"2017/{BOATS}"),
        (f"/paper_files/paper/2017/file/{BOATS[:30]}-Paper.pdf", None),
    ],
)
def test_id_is_the_same_wherever_the_page_is(address: str, known: str | None):
    assert neurips_id(address) == known


def test_years_have_days():
    assert first_day(2017) == datetime(2017, 12, 4, tzinfo=UTC)
    assert first_day(2031) == datetime(2031, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("years", [(), (17,), (1987,), ("NeurIPS",)])
def test_what_is_no_year_is_refused(years: tuple[Any, ...]):
    with pytest.raises(ValidationError):
        NeuripsOptions(years=years)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(content: bytes):
    start = b'<ul class="paper-list"><li><a title="paper title" href="'
    for stream in ("list:2017", f"detail:2017/{BOATS}"):
        for sent in (content, start + content, b"<h4>Title</h4><h4>Abstract</h4>" + content):
            try:
                parsed = make_source().to_drafts(Raw(stream, "http://h/x", sent, "", FETCHED))
            except SourceError:
                continue
            assert repr(parsed).encode()


# --- pull ----------------------------------------------------------------------------------


@pytest.fixture
def collected(server: Server, tmp_path: Path) -> Iterator[Any]:
    """Makes a store with one neurips source that asks the server."""
    with closing(sqlite_store(tmp_path)) as store:

        def make(years: str = "[2017]") -> Collected:
            toml = f"""
                [[sources]]
                name = "neurips"
                kind = "neurips"
                years = {years}
                base_url = "{server.url}"
                pace_seconds = 0
                """
            return Collected(store, tmp_path, toml)

        yield make


def abstract(title: str) -> Reply:
    text = body("detail_2024.html").decode().replace("Folding at Scale", title)
    return Reply(text.encode())


@pytest.fixture
def site(server: Server) -> Server:
    server.routes = {
        LIST: Reply(body("list_2017_italics.html")),
        detail(BOATS): abstract("Paper Boats"),
        detail(KITES): abstract("Kites"),
    }
    return server


def test_the_list_comes_first_then_abstracts_and_then_nothing(site: Server, collected: Any):
    it = collected()
    assert (it.run(NOW).status, site.paths()) == ("ok", [LIST, detail(BOATS), detail(KITES)])
    found = it.drafts()
    assert set(found) == {f"neurips:2017/{BOATS}", f"neurips:2017/{KITES}"}
    assert all(draft.abstract.startswith("We fold") for draft in found.values())
    assert {draft.published for draft in found.values()} == {first_day(2017)}
    site.asked.clear()
    assert it.run(NOW + DAY).status == "ok"
    assert site.paths() == []
    it.run(NOW + 8 * DAY)
    assert site.paths() == [LIST]


def test_a_list_with_an_etag_is_asked_daily(site: Server, collected: Any):
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == '"1"':
            return Reply(status=304)
        return Reply(body("list_2017_italics.html"), headers={"ETag": '"1"'})

    site.routes[LIST] = answer
    it = collected()
    it.run(NOW)
    site.asked.clear()
    done = it.run(NOW + DAY)
    assert (done.status, site.paths(), done.counts.fetched) == ("ok", [LIST], 0)


def test_volumes_of_a_year_are_followed_and_resumed(server: Server, collected: Any):
    main = "/paper_files/paper/2025/vol38-main-conference"
    server.routes = {
        "/paper_files/paper/2025": Reply(body("list_2025_volumes.html")),
        main: Reply(status=404),
    }
    it = collected("[2025]")
    assert it.run(NOW).status == "not_out_yet"
    assert len(it.drafts()) == 1
    server.routes[main] = Reply(body("list_2025_vol38.html"))
    server.asked.clear()
    assert it.run(NOW + DAY).status == "ok"
    assert server.paths()[0] == main
    late = it.drafts()[f"neurips:2025/{0xABC6:032x}"]
    assert (late.title, late.published) == ("Boats that Fold Themselves", NOW)


def test_a_volume_that_fails_on_the_day_on_which_its_year_comes_out_was_not_public_before(
    server: Server, collected: Any
):
    main = "/paper_files/paper/2025/vol38-main-conference"
    it = collected("[2025]")
    assert it.run(NOW).status == "not_out_yet"
    server.routes = {
        "/paper_files/paper/2025": Reply(body("list_2025_volumes.html")),
        main: Reply(status=403),
    }
    assert it.run(NOW + DAY).status == "failed"
    server.routes[main] = Reply(body("list_2025_vol38.html"))
    assert it.run(NOW + 2 * DAY).status == "ok"
    assert {draft.published for draft in it.drafts().values()} == {NOW}


def test_a_year_that_is_not_out_does_not_stop_the_others(site: Server, collected: Any):
    it = collected("[2026, 2017]")
    done = it.run(NOW)
    assert (done.status, "NeurIPS 2026" in done.message) == ("not_out_yet", True)
    assert len(it.drafts()) == 2


@pytest.mark.parametrize(("year", "status"), [(2026, "not_out_yet"), (2017, "failed")])
def test_an_empty_list_is_no_success(server: Server, collected: Any, year: int, status: str):
    server.routes = {f"/paper_files/paper/{year}": Reply(body("list_empty.html"))}
    it = collected(f"[{year}]")
    assert it.run(NOW).status == status
    assert it.run(NOW + DAY).requests == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("list_cut_off.html", "partial"),
        ("list_empty.html", "failed"),
        ("list_hostile.html", "mismatch"),
        ("list_stated_more.html", "mismatch"),
        ("other_page.html", "failed"),
        ("bot_wall.html", "challenged"),
    ],
)
def test_bad_lists_are_told_and_healed_from(site: Server, collected: Any, sent: str, status: str):
    site.routes[LIST] = Reply(body(sent))
    it = collected()
    assert it.run(NOW).status == status
    site.routes[LIST] = Reply(body("list_2017_italics.html"))
    assert it.run(NOW + 8 * DAY).status == "ok"
    assert {f"neurips:2017/{BOATS}", f"neurips:2017/{KITES}"} <= set(it.drafts())


@pytest.mark.parametrize("sent", ["detail_cut_off.html", "bot_wall.html", "other_page.html"])
def test_one_page_in_trouble_is_told_and_asked_again_the_next_day(
    site: Server, collected: Any, sent: str
):
    site.routes[detail(BOATS)] = Reply(body(sent))
    it = collected()
    assert it.run(NOW).status == "partial"
    assert it.drafts()[f"neurips:2017/{KITES}"].abstract
    site.routes[detail(BOATS)] = abstract("Paper Boats")
    assert it.run(NOW + timedelta(hours=1)).requests == 0
    assert it.run(NOW + DAY).status == "ok"
    assert it.drafts()[f"neurips:2017/{BOATS}"].abstract


def test_pages_that_are_gone_or_say_nothing_are_left_for_a_month(site: Server, collected: Any):
    site.routes[detail(KITES)] = Reply(body("detail_no_abstract.html"))
    del site.routes[detail(BOATS)]
    it = collected()
    assert it.run(NOW).status == "ok"
    site.asked.clear()
    it.run(NOW + DAY)
    assert site.paths() == []
    it.run(NOW + 30 * DAY)
    assert site.paths() == [LIST, detail(BOATS), detail(KITES)]


def test_a_wall_before_every_page_ends_the_run_and_keeps_the_list(site: Server, collected: Any):
    titles = "".join(
        f'<li><a title="paper title" href="{detail(f"{n:032x}")}">Paper {n}</a></li>'
        for n in range(9)
    )
    site.routes[LIST] = Reply(f'<ul class="paper-list">{titles}</ul>'.encode())
    for n in range(9):
        site.routes[detail(f"{n:032x}")] = Reply(body("bot_wall.html"), 403)
    it = collected()
    done = it.run(NOW)
    assert (done.status, done.requests, len(it.drafts())) == ("challenged", 4, 9)
    assert it.run(NOW + DAY).requests == 3


def test_a_byte_that_is_not_utf8_spoils_no_name_and_is_told(site: Server, collected: Any):
    del site.routes[detail(BOATS)]  # it would tell the authors again
    headers = {"Content-Type": "text/html; charset=utf-8", "ETag": '"1"'}
    named = body("list_2017_italics.html").replace(b"O&#39;Brien", "Müller".encode())
    site.routes[LIST] = Reply(b"\xe9\xff" + named, headers=headers)
    it = collected()
    done = it.run(NOW)
    assert (done.status, "not UTF-8" in done.message) == ("partial", True)
    assert it.drafts()[f"neurips:2017/{BOATS}"].authors[1] == "Zoë Müller"
    site.routes[LIST] = Reply(named, headers=headers)
    assert it.run(NOW + DAY).status == "ok"
