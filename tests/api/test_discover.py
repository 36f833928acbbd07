"""Similar papers, a topic's weeks and rising terms: over the API, and on the pages."""

from datetime import timedelta

from starlette.testclient import TestClient

from aggregator import trend
from aggregator.digest.parts import Part
from aggregator.digest.rising import Term
from aggregator.digest.similar import weights, words_of
from aggregator.store.db import Store
from api.web.chart import LEAST, of_shares, of_weeks
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


def test_a_command_of_tex_is_no_word() -> None:
    words = words_of({"title": "Barriers", "abstract": r"Vectors in $\mathbb{R}^n$ and $\alpha$."})
    assert words == ["barriers", "vectors", "and"]


def test_common_and_single_words_say_nothing() -> None:
    counts = {"one": 1, "few": 5, "title": 5, "many": 300}
    found = weights(counts, "A Title", 1_000)
    assert set(found) == {"few", "title"}
    assert found["title"] == 1.5 * found["few"]


def test_a_topic_has_weeks(client: TestClient, store: Store) -> None:
    filled(store)
    answer = client.get("/api/v1/topics/gan/trend?weeks=4").json()
    assert [week["week"] for week in answer["weeks"]] == [
        "2017-10-23", "2017-10-30", "2017-11-06", "2017-11-13",
    ]  # fmt: skip
    assert [week["papers"] for week in answer["weeks"]][-1] == 4  # the post is no paper
    assert sum(week["papers"] for week in answer["weeks"]) == 4 + 21
    assert answer["rising"] == []  # three papers are no trend
    assert client.get("/api/v1/topics/rl/trend").status_code == 404
    html = client.get("/topics/gan").text
    assert 'href="/topics/gan?week=2017-11-13"' in html
    assert "Rising" not in html
    week = client.get("/topics/gan?week=2017-11-15").text  # any day of it
    assert week.count("<article") == 4
    assert client.get("/topics/gan?week=x").status_code == 400


def test_a_trend_is_made_again_when_papers_came(client: TestClient, store: Store) -> None:
    filled(store)
    asked = "/api/v1/topics/gan/trend?weeks=2"
    first = client.get(asked).json()
    assert client.get(asked).json() == first
    put(store, preprint("1711.80000", title="Another", published=DAY - timedelta(days=1)))
    give_tags(store, {"Another": [("gan", 0.9)]})
    more = client.get(asked).json()
    assert sum(w["papers"] for w in more["weeks"]) == sum(w["papers"] for w in first["weeks"]) + 1


def risen(store: Store) -> None:
    """Five months of papers of one topic, three a day; in October one a day is on capsules, and in the
    last weeks all abstracts name the topic's work."""
    drafts = [
        preprint(
            f"17{n // 10_000 + 10:02d}.{n % 10_000:05d}",
            title=f"Thing {n} as Capsules" if 29 < day < 55 and n % 3 == 0 else f"On Thing {n}",
            abstract="We follow Deep Residual Learning." if day < 20 else "We follow nobody.",
            published=DAY - timedelta(days=day),
            authors=(f"Author {n}", f"Other {n}"),
        )
        for day in range(150)
        for n in range(3 * day, 3 * day + 3)
    ]
    put(store, *drafts)
    give_tags(store, {d.title: [("architectures", 0.9)] for d in drafts})


def test_terms_rise_in_their_week_and_works_are_named_more(
    client: TestClient, store: Store
) -> None:
    risen(store)
    now = client.get("/api/v1/topics/architectures/trend").json()
    assert now["rising"] == []
    assert now["lately"]["titles"] == 3 * 28
    assert now["before"]["until"] == now["lately"]["since"] == "2017-10-16T01:00:01Z"
    (work,) = now["works"]
    assert work["names"] == ["Deep Residual Learning"]
    assert (work["lately"], work["before"]) == (60, 0)
    assert work["q"] < 1e-6
    then = client.get("/api/v1/topics/architectures/trend?week=2017-10-11").json()
    (term,) = then["rising"]
    assert (term["term"], term["before"], term["name"]) == ("capsules", 0, False)
    assert term["lately"] == 25
    assert [part["lately"] for part in then["parts"]] == [False] * 12 + [True] * 3
    assert sum(part["titles"] for part in then["parts"][12:]) == then["lately"]["titles"]
    assert sum(term["parts"][12:]) == 25
    assert not any(term["parts"][:12])
    assert client.get("/api/v1/topics/architectures/trend?week=x").status_code == 400
    html = client.get("/topics/architectures?week=2017-10-09").text
    assert "/search?q=%22capsules%22&amp;topic=architectures" in html
    assert html.count('class="plot"') == 2  # the weeks, and the term
    newest = html.index("<tr data-lately>")
    row = html[newest : html.index("</tr>", newest)]
    assert f'<data value="{then["parts"][-1]["titles"]}">' in row
    assert f'<data value="{term["parts"][-1]}">' in row
    html = client.get("/topics/architectures").text
    assert "capsules" not in html
    assert "Deep Residual Learning: named by 60 papers of the last 13 weeks" in html


def test_a_topic_without_papers_has_no_trend(client: TestClient, store: Store) -> None:
    answer = client.get("/api/v1/topics/gan/trend").json()
    assert answer == {
        "name": "gan", "weeks": [], "lately": None, "before": None, "parts": [], "rising": [],
        "works": [],
    }  # fmt: skip
    assert "<figure" not in client.get("/topics/gan").text


def test_a_week_of_conferences_does_not_flatten_the_others() -> None:
    weeks = [(NOW + timedelta(weeks=n), 10 + n % 3) for n in range(52)]
    ends = NOW + timedelta(weeks=52)
    made = of_weeks([*weeks, (ends, 900)], ends)
    assert made
    assert (made.top, made.cut) == (12, True)
    assert made.rows[0] == (ends, 900)
    assert len(made.rows) == 53
    plain = of_weeks(weeks, ends)
    assert plain
    assert (plain.top, plain.cut) == (12, False)
    assert of_weeks([(NOW, 0)], NOW) is None


def test_a_young_store_has_the_weeks_that_it_knows() -> None:
    monday = trend.monday(NOW)
    weeks = [(monday - timedelta(weeks=n), 5 if n < 2 else 0) for n in reversed(range(53))]
    made = of_weeks(weeks, NOW)
    assert made
    assert len(made.rows) == LEAST
    assert made.running == monday
    later = of_weeks(weeks, NOW + timedelta(weeks=1))
    assert later
    assert later.running is None
    older = of_weeks([(monday - timedelta(weeks=40), 1), *weeks[13:]], NOW)
    assert older
    assert len(older.rows) == 41


def test_parts_of_few_titles_have_no_shares() -> None:
    days = [NOW + n * timedelta(weeks=4) for n in range(5)]
    titles = (0, 3, 40, 9, 6)
    parts = [
        Part(day, n == 4, count, (1,) * 8)
        for n, (day, count) in enumerate(zip(days, titles, strict=True))
    ]
    terms = [Term(f"term {n}", 5, 3, 0.01, False, (), ()) for n in range(8)]
    made = of_shares(trend.Trend([], terms, None, None, parts, []))
    assert made
    assert [row.titles for row in made.rows] == [6, 9, 40]
    assert [made.tells(row) for row in made.rows] == [True, False, True]
    assert (len(made.terms), len(made.others)) == (6, 2)
    assert made.rows[0].having == (1,) * 6
    assert of_shares(trend.Trend([], [], None, None, [], [])) is None
