"""The citations source: what the services answer, in which order works are asked, where it goes on."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator import topics
from aggregator.errors import UsageError
from aggregator.models import Draft
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.citations import CitationsOptions, CitationsSource
from aggregator.sources.citing_works import openalex_draft, s2_draft
from aggregator.store.sql import event, paper, run
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import FETCHED, SHARED, expectation, outcome, samples

NOW = datetime(2026, 6, 12, 15, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = [f"1512.1000{n}" for n in range(6)]
NATIVES = ["1412.6980", "1502.03167", *MANY]
FOUND, LIST = "/works/doi:10.48550/arxiv.1412.6980", "/works"  # at OpenAlex
CAPTURES = SHARED / "captures"
TOML = """
[[topics]]
name = "optimizers"
title = "Optimisers"
works = [{works}]
[[sources]]
name = "cites"
kind = "citations"
provider = "{provider}"
base_url = "{url}"
pace_seconds = 0
daily_requests = {budget}
"""


def work(native: str) -> str:
    return f'{{ title = "Work {native}", arxiv = "{native}", year = 2014 }}'


def make_source(provider: str) -> CitationsSource:
    options = CitationsOptions.model_validate({"provider": provider, "works": ["1412.6980"]})
    return CitationsSource(SourceConfig("c", "citations", options, None, True), Credentials())


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", samples("citations"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path) -> None:
    expected = expectation(sample)
    source = make_source(sample.name.split("_")[0])
    meta = {"cites": "arxiv:1412.6980", "place": 0}
    assert outcome(source, sample, expected["raw"], meta) == expected


def captured(folder: str, pattern: str) -> list[tuple[str, Any]]:
    if not CAPTURES.is_dir():
        pytest.skip("the captured answers do not lie beside this checkout")
    paths = sorted((CAPTURES / folder).rglob(pattern))
    return [(p.name, json.loads(p.read_bytes())) for p in paths if "meta" not in p.name]


def test_captured_pages_of_citations_are_read_whole() -> None:
    source, read = make_source("semanticscholar"), 0
    for name, document in captured("semantic_scholar", "test_get_paper_citations.*.json"):
        place = document["offset"]
        meta = {"cites": "arxiv:1412.6980", "place": place}
        body = json.dumps(document).encode()
        raw = Raw("citing:x", "https://s2", body, "application/json", FETCHED, meta)
        parsed, following = source._provider.read(raw)
        named = [one["citingPaper"] for one in document["data"]]
        named = [one for one in named if one["paperId"] and one["title"]]
        assert (len(parsed.drafts), parsed.skipped) == (len(named), ()), name
        assert following == document.get("next"), name
        read += 1
    assert read >= 10


def test_captured_papers_of_semantic_scholar_are_read() -> None:
    found: dict[str, Draft] = {}
    for _, document in captured("semantic_scholar", "*.json"):
        listed = document.get("data") if isinstance(document, dict) else document
        single = [document] if isinstance(document, dict) else []
        for item in [*(listed if isinstance(listed, list) else []), *single]:
            if isinstance(item, dict) and item.get("paperId") and item.get("title"):
                read = s2_draft(item, (), FETCHED, 1)
                assert isinstance(read, Draft), item
                ids = item.get("externalIds") or {}
                if "ArXiv" in ids:
                    assert read.identifiers["arxiv"] == ids["ArXiv"]
                if ids.get("DOI") and "arxiv" not in ids["DOI"].lower():
                    assert read.identifiers["doi"] == ids["DOI"].lower()
                found[read.key] = read
    assert len(found) > 200
    dated = [draft for draft in found.values() if draft.dated]
    assert dated
    assert all(draft.published <= FETCHED for draft in found.values())


def test_captured_works_of_openalex_are_read() -> None:
    path = CAPTURES / "openalex" / "findpapers_works_search_2026-02.json.gz"
    if not path.exists():
        pytest.skip("the captured answers do not lie beside this checkout")
    works = json.loads(gzip.decompress(path.read_bytes()))["results"]
    for _, document in captured("openalex", "*.json"):
        works += document.get("results", [document] if document.get("title") else [])
    read = [openalex_draft(one, ("arxiv:1412.6980",), FETCHED) for one in works]
    drafts = [one for one in read if isinstance(one, Draft)]
    assert len(drafts) == len(works) > 50
    for draft, item in zip(drafts, works, strict=True):
        assert draft.native_id == item["id"].rsplit("/", 1)[1]
        assert len(draft.authors) == min(len(item.get("authorships") or []), 200)
        words = item.get("abstract_inverted_index") or {}
        assert len(draft.abstract.split()) >= sum(map(len, words.values())) * 0.95
    qa = next(d for d in drafts if d.title.startswith("PaperQA"))
    assert qa.identifiers == {"arxiv": "2312.07559"}
    assert qa.published == datetime(2023, 12, 1, tzinfo=UTC)
    assert "venue" not in qa.extra


def test_an_id_that_is_none_stops_the_start() -> None:
    text = TOML.format(works="", provider="openalex", url="http://x.example", budget=5)
    with pytest.raises(UsageError, match="expected an arXiv id such as"):
        topics.parse(text + 'works = ["Adam"]\n', "topics.toml")


# --- asking -------------------------------------------------------------------------------------


def native(n: int) -> str:
    return f"{n:040x}"


def citing(n: int, day: str = "2026-06-10", **more: Any) -> dict[str, Any]:
    found = {"paperId": native(n), "title": f"Widgets that cite, number {n}", "abstract": "We."}
    return found | {"publicationDate": day, "year": int(day[:4]), "authors": []} | more


class Cited:
    """Plays Semantic Scholar: work -> its citing papers, newest first, `size` on a page."""

    def __init__(self, server: Server, size: int = 2) -> None:
        self.works: dict[str, list[dict[str, Any]]] = {}
        self.size, self.server = size, server
        for native in NATIVES:
            server.routes[f"/graph/v1/paper/ARXIV:{native}/citations"] = self.page
        server.routes["/graph/v1/paper/batch"] = self.batch

    def page(self, asked: Asked) -> Reply:
        native = asked.path.split(":")[1].split("/")[0]
        if native not in self.works:
            return Reply(b'{"error": "Paper not found"}', 404)
        offset, listed = int(asked.query["offset"]), self.works[native]
        data = [{"citingPaper": one} for one in listed[offset : offset + self.size]]
        more = {"next": offset + self.size} if offset + self.size < len(listed) else {}
        return Reply(json.dumps({"offset": offset, **more, "data": data}).encode())

    def batch(self, asked: Asked) -> Reply:
        ids = json.loads(asked.body)["ids"]
        known = {one["paperId"]: one for listed in self.works.values() for one in listed}
        found = [known[i] | {"abstract": "Looked up."} if i in known else None for i in ids]
        return Reply(json.dumps(found).encode())

    def asked(self) -> list[str]:
        """ "1412.6980@0" for each page asked for, then forgets them."""
        said = [
            f"{one.path.split(':')[1].split('/')[0]}@{one.query['offset']}"
            if "citations" in one.path
            else "batch"
            for one in self.server.asked
        ]
        self.server.asked.clear()
        return said


@pytest.fixture
def cited(server: Server) -> Cited:
    return Cited(server)


@pytest.fixture
def make(server: Server, tmp_path: Path) -> Iterator[Any]:
    with closing(sqlite_store(tmp_path)) as store:

        def made(*natives: str, budget: int = 300, provider: str = "semanticscholar") -> Collected:
            works = ", ".join(map(work, natives))
            toml = TOML.format(works=works, provider=provider, url=server.url, budget=budget)
            keys = {"s2_api_key": "s2-secret", "openalex_api_key": "oa-secret"}
            return Collected(store, tmp_path, toml, **keys)

        yield made


def cited_events(collected: Collected) -> list[tuple[str, str, bool]]:
    """(title of the cited, title of the citing paper, back-fill)."""
    a, b = paper.alias(), paper.alias()
    asked = (
        sa.select(a.c.title, b.c.title, event.c.backfill)
        .join(a, a.c.id == event.c.paper_id)
        .join(b, b.c.id == event.c.cause)
        .where(event.c.kind == "cited")
    )
    with collected.store.read() as connection:
        return sorted((row[0], row[1], row[2]) for row in connection.execute(asked))


def test_a_first_run_walks_to_the_end_and_nothing_of_it_is_news(cited: Cited, make: Any) -> None:
    cited.works["1412.6980"] = [citing(n) for n in range(5)]
    collected = make("1412.6980")
    done = collected.run(NOW)
    assert (done.status, done.counts.new) == ("ok", 5)
    assert cited.asked() == ["1412.6980@0", "1412.6980@2", "1412.6980@4"]
    events = cited_events(collected)
    assert (len(events), all(backfill for *_, backfill in events)) == (5, True)
    adam = next(one for one in collected.papers() if one["starter"])
    assert adam["buzz"]["citations"] == 5


def test_later_runs_stop_at_what_is_known(cited: Cited, make: Any) -> None:
    cited.works["1412.6980"] = [citing(n) for n in range(5)]
    collected = make("1412.6980")
    collected.run(NOW)
    cited.asked()
    collected.run(NOW + DAY)
    assert cited.asked() == ["1412.6980@0"]
    cited.works["1412.6980"] = [citing(n) for n in (9, 8, 7)] + cited.works["1412.6980"]
    collected.run(NOW + 2 * DAY)
    assert cited.asked() == ["1412.6980@0", "1412.6980@2", "1412.6980@4"]
    assert [title[-1] for _, title, backfill in cited_events(collected) if not backfill] == [
        "7",
        "8",
        "9",
    ]


def test_one_paper_known_by_another_work_does_not_end_a_walk(cited: Cited, make: Any) -> None:
    cited.works["1412.6980"] = [citing(n) for n in range(4)]
    cited.works["1502.03167"] = [citing(n) for n in range(4)]
    collected = make("1412.6980", "1502.03167")
    collected.run(NOW)
    assert len(cited_events(collected)) == 8
    cited.works["1502.03167"] = [citing(n) for n in (9, 8)] + cited.works["1502.03167"]
    cited.works["1412.6980"] = [citing(n) for n in (9, 8, 7)] + cited.works["1412.6980"]
    collected.run(NOW + DAY)
    assert len([1 for *_, backfill in cited_events(collected) if not backfill]) == 5


def test_a_small_budget_reaches_every_work_and_ends_every_walk(cited: Cited, make: Any) -> None:
    for k, name in enumerate(MANY):
        cited.works[name] = [citing(10 * k + n) for n in range(6)]
    collected = make(*MANY, budget=4)
    seen: list[set[str]] = []
    for day in range(9):
        done = collected.run(NOW + day * DAY)
        assert done.status == "ok"
        asked = cited.asked()
        assert len(asked) <= 4
        seen.append({one.split("@")[0] for one in asked})
    assert set().union(*seen[:3]) == set(MANY), "every work within three days"
    events = cited_events(collected)
    assert len(events) == 36
    assert all(backfill for *_, backfill in events), "a first walk is history, on whatever day"
    again = collected.run(NOW + 8 * DAY)
    assert (again.requests, "4 requests are used" in again.message) == (0, True)


def test_what_came_without_abstract_is_looked_up_once(cited: Cited, make: Any) -> None:
    cited.works["1412.6980"] = [citing(1, abstract=None), citing(2)]
    collected = make("1412.6980")
    collected.run(NOW)
    assert cited.asked() == ["1412.6980@0", "batch"]
    assert collected.drafts()[f"s2:{native(1)}"].abstract == "Looked up."
    collected.run(NOW + DAY)
    assert cited.asked() == ["1412.6980@0"]
    assert collected.drafts()[f"s2:{native(1)}"].abstract == "Looked up."


def test_a_page_that_cannot_be_read_stops_its_work_only(
    cited: Cited, make: Any, server: Server
) -> None:
    cited.works["1412.6980"], cited.works["1502.03167"] = [citing(1)], [citing(2)]
    path = "/graph/v1/paper/ARXIV:1412.6980/citations"
    server.routes[path] = Reply(b'{"offset": 0, "data": [{')
    collected = make("1412.6980", "1502.03167")
    assert collected.run(NOW).status == "failed"
    assert len(cited_events(collected)) == 1
    server.routes[path] = cited.page
    assert collected.run(NOW + DAY).status == "ok"
    assert len(cited_events(collected)) == 2


def test_an_empty_answer_is_not_believed_where_citations_are_known(cited: Cited, make: Any) -> None:
    cited.works["1412.6980"] = [citing(n) for n in range(3)]
    collected = make("1412.6980")
    collected.run(NOW)
    kept, cited.works["1412.6980"] = cited.works["1412.6980"], []
    done = collected.run(NOW + DAY)
    assert (done.status, "though some are known" in done.message) == ("partial", True)
    cited.works["1412.6980"] = [citing(9), *kept]
    collected.run(NOW + 2 * DAY)
    assert len(cited_events(collected)) == 4


def test_an_unknown_work_is_said_to_be_and_asked_for_in_a_month(cited: Cited, make: Any) -> None:
    collected = make("1412.6980")
    done = collected.run(NOW)
    assert (done.status, "does not know arxiv:1412.6980" in done.message) == ("partial", True)
    cited.asked()
    assert collected.run(NOW + DAY).status == "ok"
    assert cited.asked() == []
    cited.works["1412.6980"] = [citing(1)]
    collected.run(NOW + 31 * DAY)
    assert len(cited_events(collected)) == 1


def test_both_services_tell_one_citation(cited: Cited, make: Any, server: Server) -> None:
    same: dict[str, Any] = {"externalIds": {"DOI": "10.1234/WIDGETS"}}
    cited.works["1412.6980"] = [citing(1, **same), citing(2)]
    make("1412.6980").run(NOW)
    result = {"id": "https://openalex.org/W7", "doi": "https://doi.org/10.1234/widgets"}
    result |= {"title": "Other Words for It", "publication_date": "2026-06-10"}
    found = {"meta": {"count": 1}, "results": [result | {"publication_year": 2026}]}
    server.routes[FOUND] = Reply(b'{"id": "W1"}')
    server.routes[LIST] = Reply(json.dumps(found).encode())
    server.asked.clear()
    collected = make("1412.6980", provider="openalex")
    assert collected.run(NOW + DAY).status == "ok"
    assert len(cited_events(collected)) == 2
    assert {"s2", "openalex"} == {e["kind"] for p in collected.papers() for e in p["entries"]} - {
        "works"
    }
    assert [one.query.get("filter") for one in server.asked] == [None, "cites:W1"]
    assert {one.query["api_key"] for one in server.asked} == {"oa-secret"}


def test_keys_are_sent_and_never_said(
    cited: Cited, make: Any, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    cited.works["1412.6980"] = [citing(1)]
    make("1412.6980").run(NOW)
    assert {one.headers["x-api-key"] for one in server.asked} == {"s2-secret"}
    wall = b"<html><title>Just a moment...</title><body>captcha</body></html>"
    collected = make("1412.6980", provider="openalex")
    messages = []
    for n, reply in enumerate((Reply(wall), Reply(b"{}", 401), Reply(b"x" * 9, 500), Reply(b"{"))):
        server.routes[FOUND] = reply
        done = collected.run(NOW + (n + 1) * DAY)
        assert done.status in ("challenged", "failed")
        messages.append(done.message)
    with collected.store.read() as connection:
        messages += connection.scalars(sa.select(run.c.message))
    assert "does not accept the key (401)" in " ".join(messages)
    assert "secret" not in " ".join(messages) + caplog.text


def test_credit_that_is_used_up_comes_back_at_midnight(make: Any, server: Server) -> None:
    server.routes[FOUND] = Reply(b'{"error": "budget"}', 429)
    collected = make("1412.6980", provider="openalex")
    assert collected.run(NOW).status == "throttled"
    server.asked.clear()
    assert collected.run(NOW + timedelta(hours=8)).status == "throttled"
    assert not server.asked
    collected.run(NOW + timedelta(hours=9, minutes=1))
    assert server.asked
