"""Citations in digests: a section for each work, of the citing papers that the reader's topics have."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.digest import render
from aggregator.digest.pick import Selection, arrange, choose
from aggregator.digest.select import Digest, EventRow, select
from aggregator.topics import Topic
from aggregator.watches import Watch

NOW = datetime(2017, 11, 14, 12, tzinfo=UTC)
TOPICS = (Topic(name="gan", title="Adversarial networks"), Topic(name="rl", title="Control"))
ADAM, GAN = ("a" * 12, "Adam: A Method"), ("b" * 12, "Generative *Adversarial* Networks")


def doc(paper_id: str, *topics: str, **more: Any) -> dict[str, Any]:
    tags = [{"name": name, "probability": 0.8, "by": "model"} for name in topics]
    plain = {"id": paper_id, "kind": "paper", "title": f"Widgets {paper_id}", "abstract": ""}
    lists = {"authors": [], "topics": tags, "links": {}, "buzz": {}, "venue": None, "entries": []}
    return plain | lists | more


def cites(work: tuple[str, str], paper: dict[str, Any], number: int = 0) -> EventRow:
    return EventRow("cited", NOW, paper, number, work)


def shown(digest: Digest) -> dict[str, list[str]]:
    return {s.name: [i.paper["id"] for i in s.items] for s in digest.sections if s.count}


def test_papers_stand_under_the_work_that_they_cite_if_they_are_of_these_topics() -> None:
    both, other, none = doc("1", "gan"), doc("2", "rl"), doc("3")
    rows = [cites(ADAM, both), cites(GAN, both), cites(ADAM, other), cites(ADAM, none)]
    made = select(rows, TOPICS, NOW, NOW, names=("gan",))
    assert shown(made) == {f"cites-{ADAM[0]}": ["1"], f"cites-{GAN[0]}": ["1"]}
    everything = select(rows, TOPICS, NOW, NOW)
    assert shown(everything)[f"cites-{ADAM[0]}"] == ["1", "2"]
    assert everything.sections[-1].name == "discussions"


def test_a_new_paper_that_cites_stands_in_its_topic_too_and_one_limit_holds() -> None:
    new = doc("1", "gan")
    rows = [EventRow("new", NOW, new), cites(ADAM, new)]
    rows += [cites(ADAM, doc(str(n), "gan")) for n in range(2, 6)]
    made = select(rows, TOPICS, NOW, NOW, limit=3)
    assert shown(made)["gan"] == ["1"]
    section = next(s for s in made.sections if s.work)
    assert (section.items[0].paper["id"], len(section.items), section.more) == ("1", 3, 2)
    assert section.items[0].marks == ("new", "cites")


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "2 new papers cite “Adam: A Method”"), ("zh", "2 篇新论文引用了《Adam: A Method》")],
)
def test_every_form_says_how_many_cite_what(lang: str, said: str) -> None:
    rows = [cites(ADAM, doc("1", "gan")), cites(ADAM, doc("2", "gan"))]
    made = select(rows, TOPICS, NOW - timedelta(days=1), NOW)
    texts = (form(made, (), lang=lang) for form in render.FORMATS.values())
    assert all(said.lower() in text.lower().replace("\n", " ") for text in texts)
    assert "cites a watched work" not in render.text(made, ()), "the heading says so"
    one = select(rows[:1], TOPICS, NOW - timedelta(days=1), NOW)
    assert ("1 new paper cites" in render.markdown(one, ())) is True
    assert "\\*Adversarial\\*" in render.markdown(
        select([cites(GAN, doc("1", "gan"))], TOPICS, NOW, NOW), ()
    )


def test_json_has_them_apart_from_the_topics() -> None:
    made = select([cites(ADAM, doc("1", "gan"))], TOPICS, NOW, NOW)
    data = render.data(made, (), "https://papers.example")
    assert [one["name"] for one in data["topics"]] == ["gan", "rl", "discussions"]
    (one,) = data["citations"]
    assert (one["work"], one["title"], one["more"]) == (*ADAM, 0)
    assert one["items"][0]["marks"] == ["cites"]


def test_a_letter_shows_them_once_and_counts_what_is_beyond_the_limit() -> None:
    rows = [cites(ADAM, doc(str(n), "gan"), n + 1) for n in range(4)]
    rows.append(EventRow("new", NOW, doc("9", "gan"), 9))
    watch = Watch(name="gan", topics=("gan",))
    kept = choose(Selection(watch, rows), TOPICS, 3)
    assert 9 in kept, "what is new goes before what cites"
    selection = Selection(watch, rows, kept)
    made = arrange([selection, selection], TOPICS, NOW, NOW)
    section = next(s for s in made.sections if s.work)
    assert (len(section.items), section.more) == (2, 2)
    assert shown(made)["gan"] == ["9"]


def test_a_letter_with_citations_alone_is_not_empty() -> None:
    made = arrange(
        [Selection(Watch(name="gan", topics=("gan",)), [cites(ADAM, doc("1", "gan"))])],
        TOPICS,
        NOW,
        NOW,
    )
    assert (made.empty, made.note) == (False, "")
