"""The ecva source: both markups of its one list, years that come and go, and abstracts."""

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
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.ecva import EcvaOptions, EcvaSource
from aggregator.sources.ecva_pages import first_day, paper_id
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, FETCHED, SHARED, expectation, outcome, samples

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIST = "/papers.php"
HTML = "/papers/eccv_2020/papers_ECCV/html"
BOATS, KITES = f"{HTML}/2201_ECCV_2020_paper.php", f"{HTML}/2202_ECCV_2020_paper.php"


def make_source() -> EcvaSource:
    options = EcvaOptions(years=(2018, 2020))
    return EcvaSource(SourceConfig("e", "ecva", options, None, True), Credentials())


def body(name: str) -> bytes:
    return (DATA / "ecva" / name).read_bytes()


@pytest.mark.parametrize("sample", samples("ecva"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path):
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


@pytest.mark.parametrize(
    ("address", "known"),
    [
        (f"https://www.ecva.net{BOATS}", "ECCV2020/2201"),
        (BOATS.removeprefix("/").replace(".php", ".html"), "ECCV2020/2201"),
        ("https://www.ecva.net/papers/eccv_2020/papers_ECCV/papers/123590494.pdf", None),
        ("https://www.ecva.net/papers.php", None),
    ],
)
def test_id_is_the_same_wherever_the_page_is(address: str, known: str | None):
    assert paper_id(address) == known


def test_years_have_days():
    assert first_day(2020) == datetime(2020, 8, 23, tzinfo=UTC)
    assert first_day(2032) == datetime(2032, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize("years", [(), (20,), (2016,), ("ECCV",)])
def test_what_is_no_year_is_refused(years: tuple[Any, ...]):
    with pytest.raises(ValidationError):
        EcvaOptions(years=years)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(content: bytes):
    starts = (b"", b'<dt class="ptitle"><a href="', b'<p id="papertitle">')
    for stream in ("list", "detail:ECCV2020/2201"):
        for sent in (start + content for start in starts):
            try:
                parsed = make_source().to_drafts(Raw(stream, "http://h/x", sent, "", FETCHED))
            except SourceError:
                continue
            assert repr(parsed).encode()


@pytest.mark.parametrize(
    ("name", "papers", "authors", "dois"),
    [
        ("papers_php_eccv2018_excerpt.html", 4, 14, 0),
        ("papers_php_eccv2020_excerpt.html", 6, 22, 6),
    ],
)
def test_captured_lists_are_read_whole(name: str, papers: int, authors: int, dois: int):
    path = SHARED / "captures" / "ecva" / name
    if not path.exists():
        pytest.skip("the captured pages do not lie beside this checkout")
    content = b"<dl>" + path.read_bytes() + b"</dl>"
    parsed = make_source().to_drafts(Raw("list", "https://www.ecva.net/x", content, "", FETCHED))
    assert (len(parsed.drafts), parsed.skipped, parsed.declared) == (papers, (), papers)
    assert sum(len(draft.authors) for draft in parsed.drafts) == authors
    assert sum("doi" in draft.identifiers for draft in parsed.drafts) == dois


# --- pull ----------------------------------------------------------------------------------


@pytest.fixture
def collected(server: Server, tmp_path: Path) -> Iterator[Any]:
    """Makes a store with one ecva source that asks the server."""
    with closing(sqlite_store(tmp_path)) as store:

        def make(years: str = "[2020]") -> Collected:
            toml = f"""
                [[sources]]
                name = "ecva"
                kind = "ecva"
                years = {years}
                base_url = "{server.url}"
                pace_seconds = 0
                """
            return Collected(store, tmp_path, toml)

        yield make


def marked(content: bytes, etag: str = '"1"') -> Any:
    """Answers with an ETag, and with "not modified" to those that have it."""

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == etag:
            return Reply(status=304)
        return Reply(content, headers={"ETag": etag})

    return answer


@pytest.fixture
def site(server: Server) -> Server:
    server.routes = {
        LIST: marked(body("list_both_markups.html")),
        BOATS: Reply(body("detail_quoted.html")),
        KITES: Reply(body("detail_no_abstract.html")),
    }
    return server


def test_the_list_comes_first_then_abstracts_and_then_only_the_list(site: Server, collected: Any):
    it = collected()
    assert (it.run(NOW).status, site.paths()) == ("ok", [LIST, BOATS, KITES])
    found = it.drafts()
    assert set(found) == {"ecva:ECCV2020/2201", "ecva:ECCV2020/2202"}
    boats = found["ecva:ECCV2020/2201"]
    assert (boats.abstract, boats.fidelity) == ("We fold n × n boats & kites.", 1)
    assert boats.identifiers["doi"] == "10.1007/978-3-030-99999-9_30"  # the list's, kept
    assert boats.extra["supp"]
    site.asked.clear()
    assert it.run(NOW + DAY).status == "ok"
    assert site.paths() == [LIST]


def test_a_year_added_later_is_read_although_the_list_is_the_same(site: Server, collected: Any):
    collected().run(NOW)
    it = collected("[2020, 2018]")
    assert it.run(NOW + DAY).counts.new == 2
    assert it.drafts()["ecva:ECCV2018/J._W._Gil_Lone_Kite"].published == first_day(2018)


def test_a_year_that_is_waited_for_is_public_from_when_it_comes(site: Server, collected: Any):
    it = collected("[2020, 2022]")
    first, second = it.run(NOW), it.run(NOW + DAY)
    assert (first.status, second.status) == ("not_out_yet", "not_out_yet")
    assert "ECCV 2022" in second.message
    site.routes[LIST] = marked(body("list_2022_not_asked.html"), '"2"')
    assert it.run(NOW + 2 * DAY).counts.new == 1
    found = it.drafts()
    assert found["ecva:ECCV2022/9"].published == NOW + DAY
    assert found["ecva:ECCV2020/2201"].published == first_day(2020)


def test_a_year_that_is_gone_is_told_until_it_is_back(site: Server, collected: Any):
    it = collected("[2020, 2018]")
    it.run(NOW)
    site.routes[LIST] = marked(body("list_2022_not_asked.html"), '"2"')
    for day in (1, 2):
        done = it.run(NOW + day * DAY)
        assert (done.status, "ECCV 2018" in done.message) == ("failed", True)
    site.routes[LIST] = marked(body("list_both_markups.html"), '"3"')
    assert (it.run(NOW + 3 * DAY).status, len(it.drafts())) == ("ok", 4)


def test_a_heading_without_papers_is_a_mismatch(site: Server, collected: Any):
    page = body("list_both_markups.html")
    site.routes[LIST] = marked(page + b'<button class="accordion">ECCV 2026 Papers</button>')
    it = collected("[2020, 2026]")
    assert [it.run(NOW + day * DAY).status for day in (0, 1)] == ["mismatch", "mismatch"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("list_cut_off.html", "partial"),
        ("list_empty.html", "failed"),
        ("list_hostile.html", "mismatch"),
        ("other_page.html", "failed"),
        ("bot_wall.html", "challenged"),
    ],
)
def test_bad_lists_are_told_and_healed_from(site: Server, collected: Any, sent: str, status: str):
    etag = '"0"' if status == "mismatch" else '"1"'
    site.routes[LIST] = Reply(body(sent), headers={"ETag": etag})
    it = collected()
    assert it.run(NOW).status == status
    site.routes[LIST] = marked(body("list_both_markups.html"))
    it.run(NOW + DAY)
    assert it.run(NOW + 3 * DAY).status == "ok"
    assert {"ecva:ECCV2020/2201", "ecva:ECCV2020/2202"} <= set(it.drafts())


@pytest.mark.parametrize("sent", ["detail_cut_off.html", "bot_wall.html"])
def test_a_page_in_trouble_is_asked_again_the_next_day(site: Server, collected: Any, sent: str):
    site.routes[BOATS] = Reply(body(sent))
    it = collected()
    assert it.run(NOW).status == "partial"
    site.routes[BOATS] = Reply(body("detail_quoted.html"))
    assert it.run(NOW + DAY).status == "ok"
    assert it.drafts()["ecva:ECCV2020/2201"].abstract


def test_a_byte_that_is_not_utf8_spoils_no_name_and_is_told(site: Server, collected: Any):
    del site.routes[BOATS]  # it would tell the authors again
    headers = {"Content-Type": "text/html; charset=utf-8", "ETag": '"1"'}
    named = body("list_both_markups.html").replace(b"O&#39;Brien", "Müller".encode())
    site.routes[LIST] = Reply(b"\xe9\xff" + named, headers=headers)
    it = collected()
    done = it.run(NOW)
    assert (done.status, "not UTF-8" in done.message) == ("partial", True)
    assert it.drafts()["ecva:ECCV2020/2201"].authors[1] == "Zoë Müller"
    site.routes[LIST] = Reply(named, headers=headers)
    assert it.run(NOW + DAY).status == "ok"
