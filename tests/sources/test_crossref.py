"""The source `crossref`: what its answers may hold, and that each DOI is asked for once, politely."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from aggregator.collect.ingest import store_drafts
from aggregator.errors import SourceError
from aggregator.models import Draft, Parsed
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.sources.crossref import PER_REQUEST, CrossrefOptions, CrossrefSource
from aggregator.sources.crossref_works import read_works
from aggregator.store import ledger
from aggregator.store.db import Store
from aggregator.store.papers import by_name
from aggregator.store.sql import entry, lookup
from tests.drafts import page, post, preprint
from tests.server import Asked, Reply, Server
from tests.sources.collected import Collected
from tests.sources.sample_walk import DATA, FETCHED, SHARED, expectation, outcome, samples

NOW = datetime(2018, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KITES, WORMS = "10.5555/kites.2017.1", "10.5555/240317"
WORKS = json.loads((DATA / "crossref" / "works.json").read_text(encoding="utf-8"))
DOIS = [item["DOI"].lower() for item in WORKS["message"]["items"] if "not.asked" not in item["DOI"]]
DOIS += [f"10.5555/h{n}" for n in range(1, 5)]


def make_source() -> CrossrefSource:
    config = SourceConfig("c", "crossref", CrossrefOptions(), None, True)
    return CrossrefSource(config, Credentials())


@pytest.mark.parametrize("sample", samples("crossref"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path):
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"], {"dois": DOIS}) == expected


KEYS = "DOI title issued date-parts created date-time author given family relation has-preprint id"
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(KITES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=6)
    ),
)
works = st.dictionaries(st.sampled_from(KEYS.split()), values, max_size=6)


@given(works | values)
def test_any_answer_is_read_or_refused_with_an_error_of_ours(message: Any):
    if isinstance(message, dict):
        message = {"DOI": KITES, "title": ["T"], **message}
    body = json.dumps({"message-type": "work", "message": message}).encode()
    try:
        parsed = read_works(body, "application/json", "http://h/works", [KITES], FETCHED)
    except SourceError:
        return
    for draft in parsed.drafts:
        assert draft.native_id == KITES
        assert draft.title
        assert draft.published.tzinfo
        assert repr(draft).encode()


CAPTURES = SHARED / "captures/crossref"


@pytest.mark.skipif(not CAPTURES.exists(), reason="real answers lie beside the checkout only")
def test_real_answers_are_read_whole():
    read = 0
    for sample in sorted(CAPTURES.rglob("*.json")):
        document = json.loads(sample.read_text(encoding="utf-8"))
        if sample.name.endswith(".meta.json") or not isinstance(document.get("message"), dict):
            continue
        message = document["message"]
        items = [i for i in message.get("items", [message]) if {"DOI", "type", "created"} <= set(i)]
        wanted = {item["DOI"].lower() for item in items if item["type"] != "journal"}
        parsed = read_works(sample.read_bytes(), "", "u", wanted, FETCHED) if wanted else None
        for draft in parsed.drafts if parsed else ():
            shown = draft.title + draft.abstract + "".join(draft.authors)
            assert not re.search(r"</?(?:jats|mml|[a-z]{1,3}[ />])|&amp;|\n", shown), sample
            wanted.discard(draft.native_id)
            read += 1
        titled = {i["DOI"].lower() for i in items if i.get("title")}
        assert not wanted & titled, sample
    assert read > 50


# --- asking --------------------------------------------------------------------------------


@pytest.fixture
def collected(store: Store, server: Server, tmp_path: Path) -> Collected:
    source = f'[[sources]]\nname = "crossref"\nkind = "crossref"\nbase_url = "{server.url}"\n'
    toml = source + "pace_seconds = 0\ndaily_requests = 8\n"
    return Collected(store, tmp_path, toml, contact="ada@example.org")


def add(store: Store, *drafts: Draft, at: datetime = NOW) -> None:
    with store.write() as connection:
        store_drafts(connection, [Parsed(drafts)], "s", at, backfill=False)


def answer(*dois: str) -> Reply:
    items = [item for item in WORKS["message"]["items"] if item["DOI"].lower() in dois]
    document = WORKS | {"message": WORKS["message"] | {"items": items}}
    return Reply(json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def filtered(asked: Asked) -> list[str]:
    return [part.removeprefix("doi:") for part in asked.query["filter"].split(",")]


def test_the_dois_of_posts_are_asked_for_once_and_together(
    collected: Collected, store: Store, server: Server
):
    server.routes["/works"] = answer(KITES, WORMS)
    add(
        store, post("a", about=f"doi:{KITES}"), post("b", mentions=(f"doi:{WORMS}", f"doi:{KITES}"))
    )
    done = collected.run(NOW)
    assert (done.status, done.counts.new, done.requests) == ("ok", 2, 1)
    [asked] = server.asked
    assert sorted(filtered(asked)) == [WORMS, KITES]
    assert asked.query["mailto"] == "ada@example.org"
    assert "ada@example.org" in asked.headers["user-agent"]
    assert "Daypaper" in asked.headers["user-agent"]
    papers = {paper["title"]: paper for paper in collected.papers()}
    kites = papers["Paper Kites & H₂O Balloons: A Field Study"]
    assert {entry["key"] for entry in kites["entries"]} == {f"crossref:{KITES}", "reddit:a"}
    assert kites["kind"] == "paper"
    assert kites["buzz"]["posts"] == 2
    assert papers["Folding Worms"]["buzz"]["posts"] == 1
    for later in (DAY, 8 * DAY, 30 * DAY):
        assert collected.run(NOW + later).message == "Nothing to look up."
    assert len(server.asked) == 1


def test_dois_that_were_named_before_there_was_a_look_up_are_asked_for_once(
    collected: Collected, store: Store, server: Server
):
    server.routes["/works"] = answer(KITES, WORMS)
    add(
        store,
        post("a", about=f"doi:{KITES}"),
        post("b", mentions=(f"doi:{WORMS}", "doi:10.5555/x")),
    )
    add(store, preprint(identifiers={"doi": "10.5555/x"}))
    with store.write() as connection:
        connection.execute(sa.delete(lookup))  # as an older Daypaper left it
    done = collected.run(NOW)
    assert (done.status, done.counts.new, done.requests) == ("ok", 2, 1)
    assert sorted(filtered(server.asked[0])) == [WORMS, KITES]
    with store.write() as connection:
        connection.execute(sa.delete(lookup))
        connection.execute(sa.delete(entry).where(entry.c.kind == "crossref"))
    assert collected.run(NOW + DAY).message == "Nothing to look up."


def test_what_is_not_known_is_asked_for_again_after_a_week_and_then_given_up(
    collected: Collected, store: Store, server: Server
):
    server.routes["/works"] = answer()
    add(store, post("a", about="doi:10.5555/none"), post("b", about="doi:10.5555/nor.this"))
    asked = []
    for day in range(30):
        before = len(server.asked)
        assert collected.run(NOW + day * DAY).status == "ok"
        asked += [day] * (len(server.asked) - before)
    assert asked == [0, 7, 14]


def test_a_single_doi_that_is_not_there_is_a_404_and_no_trouble(
    collected: Collected, store: Store, server: Server
):
    add(store, post("a", about="doi:10.5555/a(b)/c#d"))
    assert collected.run(NOW).status == "ok"
    assert server.paths() == ["/works/10.5555%2Fa%28b%29%2Fc%23d"]
    assert collected.run(NOW + DAY).requests == 0


def test_what_crossref_stumbles_over_does_not_stop_the_others(
    collected: Collected, store: Store, server: Server
):
    def stumble(asked: Asked) -> Reply:
        bad = any("bad" in one for one in filtered(asked))
        return Reply(b"{}", 400) if bad else answer(*filtered(asked))

    server.routes["/works"] = stumble
    server.routes["/works/10.5555%2F240317"] = Reply((DATA / "crossref" / "work.json").read_bytes())
    names = ["10.5555/bad", KITES, WORMS, "10.5555/year.alone"]
    add(store, *(post(str(n), about=f"doi:{name}") for n, name in enumerate(names)))
    done = collected.run(NOW)
    assert (done.status, done.counts.new) == ("ok", 3)
    assert collected.run(NOW + DAY).requests == 0


def test_many_are_asked_for_in_pages_within_the_budget_of_a_day(
    collected: Collected, store: Store, server: Server
):
    server.routes["/works"] = answer()
    many = 9 * PER_REQUEST
    add(store, post("a", mentions=tuple(f"doi:10.5555/{n:04}" for n in range(many))))
    messages = [collected.run(NOW + timedelta(hours=hour)).message for hour in range(3)]
    assert "8 requests" in messages[-1]
    sizes = [len(filtered(asked)) for asked in server.asked]
    assert sizes == [PER_REQUEST] * 8
    assert collected.run(NOW + DAY).status == "ok"
    assert len(server.asked) == 9


def test_retry_after_is_kept_and_no_try_is_lost(collected: Collected, store: Store, server: Server):
    server.routes["/works"] = Reply(b"", 429, {"Retry-After": "7200"})
    add(store, post("a", about=f"doi:{KITES}"), post("b", about=f"doi:{WORMS}"))
    assert collected.run(NOW).status == "throttled"
    assert collected.run(NOW + timedelta(hours=1)).status == "throttled"
    assert len(server.asked) == 1
    with store.read() as connection:
        assert ledger.cooldown(connection, "crossref", NOW + timedelta(hours=1))
    server.routes["/works"] = answer(KITES, WORMS)
    assert collected.run(NOW + timedelta(hours=3)).counts.new == 2


def test_only_what_nothing_has_is_asked_for(collected: Collected, store: Store, server: Server):
    add(store, preprint(identifiers={"doi": KITES}), post("a", about=f"doi:{KITES}"))
    add(store, post("b", about=f"doi:{WORMS}"))
    add(store, preprint("1711.00002", identifiers={"doi": WORMS}, title="Worms"))  # came meanwhile
    assert collected.run(NOW).message == "Nothing to look up."
    assert server.asked == []


def test_the_preprint_that_the_publisher_names_is_the_same_paper(
    collected: Collected, store: Store, server: Server
):
    server.routes[f"/works/{KITES.replace('/', '%2F')}"] = Reply(
        json.dumps({"message-type": "work", "message": WORKS["message"]["items"][0]}).encode()
    )
    add(store, preprint("1704.00017", title="Kites and Balloons", authors=("Ada Sato",)))
    add(store, post("a", about=f"doi:{KITES}"))
    assert collected.run(NOW).counts.new == 1
    [paper] = collected.papers()
    assert paper["identifiers"] == {"doi": KITES, "arxiv": "1704.00017"}
    assert len(paper["entries"]) == 3


def test_a_preprint_and_its_article_are_one_paper_by_their_dois(store: Store):
    body = (DATA / "crossref" / "work.json").read_bytes()
    [worms] = read_works(body, "", "u", [WORMS], NOW).drafts
    article = page("10.5555/worms.2018", title="On Worms That Fold", kind="doi")
    add(store, worms)
    add(store, article)
    with store.read() as connection:
        assert len(by_name(connection, f"doi:{WORMS}").doc["entries"]) == 2


def test_a_paper_of_the_acl_is_asked_for_by_its_doi(
    collected: Collected, store: Store, server: Server
):
    item = WORKS["message"]["items"][0] | {"DOI": "10.18653/v1/N18-2074", "relation": {}}
    server.routes["/works/10.18653%2Fv1%2Fn18-2074"] = Reply(
        json.dumps({"message-type": "work", "message": item}).encode()
    )
    add(store, post("a", about="acl:N18-2074"), post("b", about="acl:P05-1001"))
    assert collected.run(NOW).counts.new == 1
    paper = next(paper for paper in collected.papers() if "doi" in paper["identifiers"])
    assert paper["identifiers"] == {"doi": "10.18653/v1/n18-2074", "acl": "N18-2074"}
    assert paper["buzz"]["posts"] == 1


def test_raw_answers_carry_what_was_asked():
    raw = Raw("works", "http://h/works", json.dumps(WORKS).encode(), "", FETCHED, {"dois": [KITES]})
    assert [draft.native_id for draft in make_source().to_drafts(raw).drafts] == [KITES]
