"""The API of papers, topics, digests and sources over real requests."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from aggregator.collect import works
from aggregator.models import Draft
from aggregator.store.db import Store
from api import schemas
from tests.api.conftest import BASE_URL
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint
from tests.filled import CONFIG, fill, give_tags, put


def test_a_list_of_papers(client: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001", title="One"), preprint("1711.00002", title="Two"))
    put(store, post("t3_a", title="A question"))
    answer = client.get("/api/v1/papers", params={"limit": 1})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    first = schemas.PaperList.model_validate_json(answer.content)
    assert first.items[0].url == f"{BASE_URL}/papers/{first.items[0].id}"
    rest = client.get("/api/v1/papers", params={"cursor": first.next or ""}).json()
    titles = {first.items[0].title} | {item["title"] for item in rest["items"]}
    assert titles == {"One", "Two"}
    assert rest["next"] is None
    assert len(client.get("/api/v1/papers?kind=any").json()["items"]) == 3


def test_every_document_has_the_declared_form(client: TestClient, store: Store) -> None:
    works.load(store, CONFIG, NOW)
    fill(store, 20)
    put(store, page(arxiv="1711.00003"), source="cvf")
    put(store, post(about="arxiv:1711.00003", score=3, num_comments=1))
    for url in ("/api/v1/papers?limit=100", "/api/v1/papers?q=residual&sort=relevance"):
        items = client.get(url).json()["items"]
        assert items
        for item in items:
            schemas.Paper.model_validate(item)
            detail = client.get(f"/api/v1/papers/{item['id']}").json()
            schemas.PaperDetail.model_validate(detail)
            assert item.items() <= detail.items()
    schemas.TopicList.model_validate(client.get("/api/v1/topics").json())
    schemas.TopicDetail.model_validate(client.get("/api/v1/topics/architectures").json())
    schemas.SourceList.model_validate(client.get("/api/v1/sources").json())
    schemas.Digest.model_validate(client.get("/api/v1/digests/learning?days=30").json())


def test_filters_reach_the_store(client: TestClient, store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="One", authors=("Yann LeCun",)),
        preprint("1711.00002", title="Two"),
    )
    give_tags(store, {"One": [("gan", 0.9)], "Two": [("gan", 0.2), ("learning", 0.7)]})

    def titles(query: str) -> list[str]:
        return [item["title"] for item in client.get(f"/api/v1/papers?{query}").json()["items"]]

    assert titles("topic=gan") == ["One"]
    assert sorted(titles("topic=gan&topic=learning")) == ["One", "Two"]
    assert sorted(titles("topic=gan&min_probability=0.1")) == ["One", "Two"]
    assert titles("min_probability=0.8") == ["One"]  # of any topic
    assert titles("author=lecun") == ["One"]
    assert titles("source=arxiv&since=2017-11-14") == []
    assert len(titles("since=2017-11-13&until=2017-11-13T12:00:00Z")) == 2


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("sort=old", "sort"),
        ("kind=book", "kind"),
        ("since=yesterday", "since"),
        ("until=0001-01-01T00:00:00%2B23:59", "until"),
        ("min_probability=2", "min_probability"),
        ("topics=gan", "topics"),
        ("q=a%00b", "q"),
        ("venue=a%0Ab", "venue"),
        (f"q={'x' * 501}", "q"),
    ],
)
def test_wrong_parameters_are_named(client: TestClient, query: str, parameter: str) -> None:
    answer = client.get(f"/api/v1/papers?{query}")
    assert_problem(answer, 400)
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]
    assert parameter in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["topic=nope", "cursor=nope", "sort=relevance", "source=nope", "source=nope&sort=hot"]
)
def test_what_cannot_be_answered_is_a_problem(client: TestClient, query: str) -> None:
    assert_problem(client.get(f"/api/v1/papers?{query}"), 400)


def test_a_source_is_one_of_topics_toml_or_brought_something(
    client: TestClient, store: Store
) -> None:
    """Also one that is configured no more, and files that were imported."""
    put(store, preprint(), source="import")
    put(store, preprint("1711.00002", title="Of old"), source="gone")
    for route in ("/api/v1/papers", "/feeds/search.json"):
        for name, count in (("import", 1), ("gone", 1), ("arxiv", 0), ("", 2)):
            answer = client.get(route, params={"source": name})
            assert (answer.status_code, len(answer.json()["items"])) == (200, count)
        answer = client.get(route, params={"source": "arXiv"})
        assert_problem(answer, 400)
        assert answer.json()["detail"] == (
            'source: there is no source "arXiv"; expected one of: arxiv, cvf, gone, import.'
        )


def test_a_cursor_of_another_question_is_a_problem(client: TestClient, store: Store) -> None:
    put(store, *(preprint(f"1711.0000{n}", title=f"Number {n}") for n in range(1, 4)))
    end = client.get("/api/v1/papers?limit=1&q=number").json()["next"]
    following = client.get(f"/api/v1/papers?limit=2&q=number&cursor={end}")
    assert len(following.json()["items"]) == 2
    answer = client.get(f"/api/v1/papers?limit=1&cursor={end}")
    assert_problem(answer, 400)
    assert answer.json()["detail"].startswith("cursor: it goes on with another list; expected")


def assert_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    schemas.Problem.model_validate(answer.json())
    assert answer.json()["status"] == status


def test_one_paper_by_id_and_external_id(client: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001", identifiers={"doi": "10.1/abc(1)"}))
    paper = client.get("/api/v1/papers/arxiv:1711.00001").json()
    assert paper["timeline"][0]["kind"] == "new"
    names = ("arxiv:1711.00001v1", "arXiv:1711.00001", "ARXIV:1711.00001v1")
    for name in (paper["id"], *names, "doi:10.1/ABC(1)", "doi:10.1%2Fabc(1)", "DOI:10.1/abc(1)"):
        answer = client.get(f"/api/v1/papers/{name}")
        assert answer.status_code == 200
        assert answer.json() == paper
    for name in ("nope", "doi:10.1/x", "arxiv:", "%00", "../etc/passwd"):
        assert_problem(client.get(f"/api/v1/papers/{name}"), 404)


def test_a_merged_paper_moved_for_good(client: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001", title="One title", authors=("Ada Lovelace",)))
    put(store, page(title="Another title", authors=("Ada Lovelace",)), source="cvf")
    before = {item["id"] for item in client.get("/api/v1/papers").json()["items"]}
    put(
        store,
        page(title="Another title", authors=("Ada Lovelace",), arxiv="1711.00001", fidelity=1),
        source="cvf",
    )
    (left,) = client.get("/api/v1/papers").json()["items"]
    (gone,) = before - {left["id"]}
    answer = client.get(f"/api/v1/papers/{gone}")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/api/v1/papers/{left['id']}"
    assert client.get(f"/papers/{gone}").headers["location"] == f"/papers/{left['id']}"
    for path, rest in (
        ("/papers/", "?lang=zh"),
        ("/api/v1/papers/", "/citations?limit=1&cursor=x"),
    ):
        moved = client.get(f"{path}{gone}{rest}").headers["location"]
        assert moved == f"{path}{left['id']}{rest}"


def test_topics(client: TestClient, store: Store) -> None:
    works.load(store, CONFIG, NOW)
    put(store, preprint(title="One"))
    give_tags(store, {"One": [("gan", 0.9)]})
    items = client.get("/api/v1/topics").json()["items"]
    assert [(item["name"], item["papers"]) for item in items] == [
        ("architectures", 0),
        ("learning", 0),
        ("gan", 1),
    ]
    one = client.get("/api/v1/topics/architectures").json()
    assert one["title_zh"] == "新的网络结构"
    assert [work["title"] for work in one["works"]] == ["Deep Residual Learning"]
    assert_problem(client.get("/api/v1/topics/nope"), 404)


def test_digests(client: TestClient, store: Store) -> None:
    put(store, preprint(title="One <b>bold</b>"), preprint("1711.00002", title="Two"))
    give_tags(store, {"One <b>bold</b>": [("gan", 0.9)], "Two": [("architectures", 0.8)]})
    made = client.get("/api/v1/digests/learning").json()
    assert made["period"] == {"from": "2017-11-12T12:00:00Z", "until": "2017-11-13T12:00:00Z"}
    shown = {topic["name"]: [p["title"] for p in topic["items"]] for topic in made["topics"]}
    assert shown == {"learning": [], "gan": ["One <b>bold</b>"], "discussions": []}
    assert {source["name"] for source in made["sources"]} == {"arxiv", "cvf"}
    html = client.get("/api/v1/digests/gan?date=2017-11-13&format=html")
    assert html.headers["content-type"].startswith("text/html")
    assert "script-src" not in html.headers["content-security-policy"]
    assert "One &lt;b&gt;bold&lt;/b&gt;" in html.text
    assert "Adversarial" in client.get("/api/v1/digests/gan?format=markdown").text
    text = client.get("/api/v1/digests/gan?date=2017-11-12&days=1&format=text")
    assert text.headers["content-type"].startswith("text/plain")
    assert "weekend" in text.text
    assert_problem(client.get("/api/v1/digests/nope"), 404)
    assert_problem(client.get("/api/v1/digests/gan?date=0001-01-01&days=31"), 400)
    assert_problem(client.get("/api/v1/digests/gan?date=2017-11-13&days=32"), 400)
    assert_problem(client.get("/api/v1/papers?sort=hot&until=0001-01-02"), 400)
    assert_problem(client.get("/api/v1/digests/gan?format=pdf"), 400)


def test_sources_before_their_first_run(client: TestClient) -> None:
    (arxiv, _) = client.get("/api/v1/sources").json()["items"]
    assert arxiv | {"next_due": ""} == {
        "name": "arxiv",
        "kind": "arxiv",
        "status": None,
        "message": "Not asked yet.",
        "last_success": None,
        "next_due": "",
        "failures": 0,
        "newest_entry": None,
        "running": False,
        "overdue": False,
    }


def test_a_page_of_the_future_is_empty(client: TestClient, store: Store) -> None:
    put(store, preprint(published=DAY + timedelta(days=1)))
    assert client.get("/api/v1/papers?since=2017-11-20").json() == {"items": [], "next": None}


def test_pages_of_citing_papers(client: TestClient, store: Store) -> None:
    put(store, preprint("1412.06980", title="Adam"))
    citing = [
        Draft(
            kind="s2",
            native_id=str(n),
            role="citing",
            title=f"Gadgets, Part {n}",
            url="https://x.example",
            published=NOW - timedelta(hours=n),
            cites=("arxiv:1412.06980",),
        )
        for n in range(5)
    ]
    put(store, *citing)
    route = "/api/v1/papers/arxiv:1412.06980/citations"
    found, cursor = [], ""
    while True:
        answer = client.get(route, params={"limit": 2, "cursor": cursor}).json()
        found += [one.title for one in schemas.PaperList.model_validate(answer).items]
        cursor = answer["next"]
        if not cursor:
            break
    assert found == [f"Gadgets, Part {n}" for n in range(5)]
    detail = client.get("/api/v1/papers/arxiv:1412.06980").json()
    assert schemas.PaperDetail.model_validate(detail).buzz.citations == 5
    assert [one.get("count") for one in detail["timeline"]] == [None, 5]
    assert client.get(route, params={"limit": 0}).status_code == 400
    assert client.get(route, params={"cursor": "x"}).status_code == 400
    assert client.get("/api/v1/papers/arxiv:1.1/citations").status_code == 404
