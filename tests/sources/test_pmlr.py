"""The pmlr source: what a volume's file may hold, and how volumes are found, asked again and missed."""

import json
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
from aggregator.models import Parsed
from aggregator.parse.links import resolve
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.pmlr import PmlrOptions, PmlrSource
from aggregator.sources.pmlr_volumes import is_whole
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, FETCHED, expectation, outcome, samples

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
V70 = "/v70/assets/bib/citeproc.yaml"
HOME = b"""<html><body><ul class="proceedings-list">
<li><a href="v401"><b>Volume 401</b></a> Proceedings of ICML 2026</li>
<li><a href="/v400/"><b>Volume 400</b></a> AISTATS 2026 Workshop on Folding</li>
<li><a href="v399"><b>Volume 399</b></a> ALT 2026 Proceedings</li>
</ul></body></html>"""


def make_source(*volumes: int | str) -> PmlrSource:
    options = PmlrOptions(volumes=volumes or (70,))
    return PmlrSource(SourceConfig("pmlr", "pmlr", options, None, True), Credentials())


def body(name: str) -> bytes:
    return (DATA / "pmlr" / name).read_bytes()


def raw(content: bytes, stream: str = "list:v70", **meta: Any) -> Raw:
    return Raw(stream, "https://proceedings.mlr.press/v70/x", content, "", FETCHED, meta)


@pytest.mark.parametrize("sample", samples("pmlr"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path):
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


def test_a_link_in_a_post_leads_to_the_entry():
    draft = make_source().to_drafts(raw(body("v70_single_quotes.yaml"))).drafts[0]
    assert resolve(draft.url) == draft.key
    assert resolve(draft.extra["pdf"]) == draft.key


@pytest.mark.parametrize(
    ("book", "venue"),
    [
        ("Proceedings of The 33rd International Conference on Machine Learning", "ICML 2017"),
        (
            "Proceedings of the Twenty-Second International Conference on Artificial Intelligence"
            " and Statistics",
            "AISTATS 2017",
        ),
        ("Proceedings of the 2020 Conference on Robot Learning", "CoRL 2017"),
        ("Proceedings of Thirty Sixth Conference on Learning Theory", "COLT 2017"),
        ("Proceedings of The 7th Annual Gathering on Kites", "Gathering on Kites 2017"),
        ("Workshop at the International Conference on Machine Learning 2016",
         "Workshop at the International Conference on Machine Learning 2016"),
    ],
)  # fmt: skip
def test_venue_is_what_people_call_it(book: str, venue: str):
    title = b"Proceedings of the 34th International Conference on Machine Learning"
    content = body("v70_single_quotes.yaml").replace(title, book.encode())
    assert make_source().to_drafts(raw(content)).drafts[0].extra["venue"] == venue


@pytest.mark.parametrize(
    ("absent", "public"),
    [
        (None, "2017-07-17T00:00:00+00:00"),
        ("2017-07-01T00:00:00Z", "2017-07-17T00:00:00+00:00"),  # out before its day
        ("2017-10-02T06:00:00Z", "2017-10-02T06:00:00+00:00"),  # out after its day
    ],
)
def test_papers_are_public_when_the_volume_is(absent: str | None, public: str):
    meta = {"absent": absent} if absent else {}
    draft = make_source().to_drafts(raw(body("v70_single_quotes.yaml"), **meta)).drafts[0]
    assert draft.published.isoformat() == public


def test_a_file_cut_anywhere_in_its_last_paper_is_not_whole():
    content = body("v70_single_quotes.yaml")
    assert is_whole(content)
    last = content.rindex(b"\n- title")
    end = content.rindex(b"\n  published:")
    assert not any(is_whole(content[:cut]) for cut in range(last + 9, end + 12))


@pytest.mark.parametrize("volumes", [(), (0,), ("ICML",), ("v70",), ("ICML 17",), ("../x 2017",)])
def test_what_names_no_volume_is_refused(volumes: tuple[Any, ...]):
    with pytest.raises(ValidationError):
        PmlrOptions(volumes=volumes)


def test_names_are_understood_in_any_capitals():
    assert make_source("icml-2017", "CORL 2018").volumes == ("ICML 2017", "CoRL 2018")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(content: bytes):
    for sent in (content, b"- title: " + content, b"- title: 'a'\n  id: a\n  author: " + content):
        try:
            parsed = make_source().to_drafts(raw(sent))
        except SourceError:
            continue
        assert isinstance(parsed, Parsed)
        assert len(parsed.drafts) + len(parsed.skipped) == parsed.declared
        assert repr(parsed).encode()


json_values = st.recursive(
    st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
)


@given(json_values)
def test_any_value_in_any_place_is_read_or_skipped(value: Any):
    said = json.dumps(value, ensure_ascii=True)
    for key in ("id", "abstract", "author", "issued", "container-title", "PDF", "DOI", "page"):
        parsed = make_source().to_drafts(raw(f"- title: 'a'\n  {key}: {said}\n".encode()))
        assert len(parsed.drafts) + len(parsed.skipped) == 1


def test_nesting_that_would_break_the_loader_is_skipped():
    for deep in (b"[" * 90_000, b"{a: " * 20_000, b"- " * 40_000):
        parsed = make_source().to_drafts(raw(b"- title: 'a'\n  note: " + deep))
        assert len(parsed.skipped) == 1


# --- pull ----------------------------------------------------------------------------------


@pytest.fixture
def collected(server: Server, tmp_path: Path) -> Iterator[Any]:
    """Makes a store with one pmlr source that asks the server."""
    with closing(sqlite_store(tmp_path)) as store:

        def make(volumes: str) -> Collected:
            toml = f"""
                [[sources]]
                name = "pmlr"
                kind = "pmlr"
                volumes = {volumes}
                base_url = "{server.url}"
                pace_seconds = 0
                """
            return Collected(store, tmp_path, toml)

        yield make


def static(content: bytes, etag: str = '"1"') -> Any:
    """Answers as GitHub's pages do."""

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == etag:
            return Reply(status=304, headers={"ETag": etag})
        return Reply(content, headers={"ETag": etag, "Content-Type": "text/yaml"})

    return answer


def test_a_volume_is_one_request_and_then_not_modified(server: Server, collected: Any):
    server.routes = {V70: static(body("v70_single_quotes.yaml"))}
    it = collected("[70]")
    first, second = it.run(NOW), it.run(NOW + timedelta(days=1))
    assert (first.status, first.counts.new, first.requests) == ("ok", 2, 1)
    assert (second.status, second.counts.fetched, second.requests) == ("ok", 0, 1)
    assert set(it.drafts()) == {"pmlr:v70/sato17a", "pmlr:v70/zhang17b"}


def test_without_an_etag_it_is_asked_once_a_week(server: Server, collected: Any):
    server.routes = {V70: Reply(body("v70_single_quotes.yaml"))}
    it = collected("[70]")
    assert [it.run(NOW + timedelta(days=d)).requests for d in (0, 1, 6, 7)] == [1, 0, 0, 1]


def test_known_conferences_are_not_looked_up_and_others_once(server: Server, collected: Any):
    server.routes = {
        "/": Reply(HOME),
        V70: static(body("v70_single_quotes.yaml")),
        "/v399/assets/bib/citeproc.yaml": static(body("v28_cycle.yaml")),
    }
    it = collected('["icml 2017", "ALT 2026"]')
    assert it.run(NOW).status == "ok"
    assert server.paths() == ["/", V70, "/v399/assets/bib/citeproc.yaml"]
    assert it.drafts()["pmlr:v399/abe13"].extra["venue"] == "ALT 2026"
    server.asked.clear()
    it.run(NOW + timedelta(days=1))
    assert server.paths() == [V70, "/v399/assets/bib/citeproc.yaml"]


def test_a_volume_that_comes_out_late_is_public_from_then(server: Server, collected: Any):
    server.routes = {"/": Reply(HOME.replace(b"ICML 2026", b"UAI 2026"))}
    it = collected('["ICML 2026"]')
    first = it.run(NOW)
    assert (first.status, "ICML 2026" in first.message) == ("not_out_yet", True)
    late = static(body("v28_cycle.yaml"))
    server.routes = {"/": Reply(HOME), "/v401/assets/bib/citeproc.yaml": late}
    assert it.run(NOW + timedelta(days=1)).status == "ok"
    assert it.drafts()["pmlr:v401/abe13"].published == NOW


def test_a_workshop_is_not_taken_for_the_conference(server: Server, collected: Any):
    server.routes = {"/": Reply(HOME)}
    assert collected('["AISTATS 2026"]').run(NOW).status == "not_out_yet"
    assert server.paths() == ["/"]


def test_one_missing_volume_does_not_stop_the_others(server: Server, collected: Any):
    server.routes = {V70: static(body("v70_single_quotes.yaml"))}
    it = collected("[9999, 70]")
    done = it.run(NOW)
    assert (done.status, len(it.drafts())) == ("not_out_yet", 2)
    assert "Volume 9999" in done.message


def test_a_volume_that_is_gone_is_a_failure_and_nothing_is_lost(server: Server, collected: Any):
    server.routes = {V70: static(body("v70_single_quotes.yaml"))}
    it = collected("[70]")
    it.run(NOW)
    server.routes = {}
    done = it.run(NOW + timedelta(days=1))
    assert (done.status, "2026-07-01" in done.message) == ("failed", True)
    assert len(it.drafts()) == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("v70_cut_off.yaml", "partial"),
        ("empty.yaml", "failed"),
        ("not_utf8.yaml", "failed"),
        ("other_page.html", "failed"),
        ("bot_wall.html", "challenged"),
        ("v70_broken_items.yaml", "mismatch"),
    ],
)
def test_bad_answers_are_told_and_healed_from(
    server: Server, collected: Any, sent: str, status: str
):
    server.routes = {V70: Reply(body(sent), headers={"ETag": '"1"'})}
    it = collected("[70]")
    assert it.run(NOW).status == status
    # the site's ETag is that of the good file all along, unless the file itself was bad
    etag = '"2"' if status == "mismatch" else '"1"'
    server.routes = {V70: static(body("v70_single_quotes.yaml"), etag)}
    assert it.run(NOW + timedelta(days=1)).status == "ok"
    assert {"pmlr:v70/sato17a", "pmlr:v70/zhang17b"} <= set(it.drafts())


def test_a_list_of_volumes_of_another_form_is_told(server: Server, collected: Any):
    server.routes = {
        "/": Reply(b"<html><body>All new!</body></html>"),
        V70: static(body("v70_single_quotes.yaml")),
    }
    it = collected('["ALT 2026", 70]')
    assert (it.run(NOW).status, len(it.drafts())) == ("failed", 2)
