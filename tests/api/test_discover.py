"""Similar papers, a topic's weeks and rising terms: over the API, and on the pages."""

from datetime import timedelta

from starlette.testclient import TestClient

from aggregator.digest.rising import rising
from aggregator.digest.similar import weights
from aggregator.store.db import Store
from api.web.chart import HEIGHT, of_weeks
from tests.conftest import NOW
from tests.drafts import DAY, post, preprint
from tests.filled import give_tags, put


def filled(store: Store) -> None:
    """Sixty papers of ten weeks; three speak of quantum annealing."""
    drafts = [
        preprint(
            f"1711.{n:05d}",
            title=f"On Gadgets number {n}",
            abstract=f"We study thing{n % 9} and matter{n % 7}.",
            published=DAY - timedelta(days=n % 70),
        )
        for n in range(60)
    ]
    for n in range(3):
        title = (
            "Quantum Annealing of Nets",
            "Nets by Quantum Annealing",
            "A Quantum Annealing Machine",
        )
        text = "The quantum annealing hardware of superconducting qubits samples faster."
        drafts.append(preprint(f"1711.7{n:04d}", title=title[n], abstract=text, published=DAY))
    put(store, *drafts)
    put(store, post(title="Is annealing dead?"), source="reddit")
    tags = {d.title: [("gan", 0.9)] for d in drafts} | {"Is annealing dead?": [("gan", 0.9)]}
    give_tags(store, tags)


def test_similar_papers_share_rare_words(client: TestClient, store: Store) -> None:
    filled(store)
    answer = client.get("/api/v1/papers/arxiv:1711.70000/similar").json()["items"]
    assert [one["title"] for one in answer[:2]] == [
        "Nets by Quantum Annealing",
        "A Quantum Annealing Machine",
    ] or [one["title"] for one in answer[1::-1]] == [
        "Nets by Quantum Annealing",
        "A Quantum Annealing Machine",
    ]
    assert len(answer) == 2
    assert any("quantum" in words for words in answer[0]["shared"])
    assert client.get("/api/v1/papers/nope/similar").status_code == 404
    assert client.get("/api/v1/papers/arxiv:1711.70000/similar?limit=99").status_code == 400
    html = client.get(f"/papers/{answer[0]['id']}").text
    assert "Similar papers" in html
    assert "Quantum Annealing of Nets" in html


def test_common_and_single_words_say_nothing() -> None:
    counts = {"one": 1, "few": 5, "title": 5, "many": 300}
    found = weights(counts, "A Title", 1_000)
    assert set(found) == {"few", "title"}
    assert found["title"] == 1.5 * found["few"]


def test_a_topic_has_weeks_and_rising_terms(client: TestClient, store: Store) -> None:
    filled(store)
    answer = client.get("/api/v1/topics/gan/trend?weeks=4").json()
    assert [week["week"] for week in answer["weeks"]] == [
        "2017-10-23", "2017-10-30", "2017-11-06", "2017-11-13",
    ]  # fmt: skip
    assert [week["papers"] for week in answer["weeks"]][-1] == 4  # the post is no paper
    assert sum(week["papers"] for week in answer["weeks"]) == 4 + 21
    terms = {one["term"]: one for one in answer["rising"]}
    assert terms["quantum annealing"]["lately"] == 3
    assert "quantum" not in terms  # its pair says it
    assert client.get("/api/v1/topics/rl/trend").status_code == 404
    html = client.get("/topics/gan").text
    assert 'href="/topics/gan?week=2017-11-13"' in html
    week = client.get("/topics/gan?week=2017-11-15").text  # any day of it
    assert week.count("<article") == 4
    assert client.get("/topics/gan?week=x").status_code == 400


def test_a_topic_without_papers_has_no_trend(client: TestClient, store: Store) -> None:
    answer = client.get("/api/v1/topics/gan/trend").json()
    assert answer == {"name": "gan", "weeks": [], "rising": []}
    assert "<figure" not in client.get("/topics/gan").text


def test_rising_terms_are_no_accident() -> None:
    before = [f"speech recognition {n}" for n in range(40)] + [
        f"graph things {n}" for n in range(40)
    ]
    lately = ["speech recognition"] * 5 + ["graph attention"] * 6
    found = [one.term for one in rising(lately, before)]
    assert found[0] == "graph attention"
    assert "speech recognition" not in found
    assert rising([], before) == rising(["just one"], []) == []
    assert [one.term for one in rising(["扩散模型 A"] * 4, ["别的东西"] * 9)][:1] == ["扩散 模型"]


def test_a_week_of_conferences_does_not_flatten_the_others() -> None:
    weeks = [(NOW + timedelta(weeks=n), 10 + n % 3) for n in range(52)]
    made = of_weeks([*weeks, (NOW + timedelta(weeks=52), 900)])
    assert made
    assert made.top == 12
    assert made.bars[-1].cut
    assert made.bars[-1].height == HEIGHT
    assert not any(bar.cut for bar in made.bars[:-1])
    assert of_weeks([(NOW, 0)]) is None
