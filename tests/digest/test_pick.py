"""What a letter shows and what it only counts."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from aggregator.digest.pick import Selection, arrange, choose, shortened
from aggregator.digest.select import Digest, EventRow
from aggregator.digest.sheet import totals
from aggregator.watches import Watch
from tests.conftest import NOW
from tests.filled import CONFIG

GAN = Watch(name="gan", topics=("gan",))
WORDS = Watch(name="mine", query="widgets")


def doc(name: str, kind: str = "paper", **probabilities: float) -> dict[str, Any]:
    topics = [{"name": t, "probability": p, "by": "model"} for t, p in probabilities.items()]
    return {"id": name, "title": name, "kind": kind, "topics": topics, "buzz": {"posts": 0}}


def rows(*docs: Mapping[str, Any], first: int = 1) -> list[EventRow]:
    return [EventRow("new", NOW, one, n) for n, one in enumerate(docs, first)]


def arranged(*selections: Selection) -> Digest:
    return arrange(selections, CONFIG.topics, NOW - timedelta(days=1), NOW)


def shown(digest: Digest) -> dict[str, list[str]]:
    return {s.path: [i.paper["id"] for i in s.items] for s in digest.sections}


def counted(digest: Digest) -> dict[str, int]:
    return {s.path: s.more for s in digest.sections if s.more}


def names(events: Collection[EventRow], chosen: Collection[int]) -> set[str]:
    return {row.doc["id"] for row in events if row.id in chosen}


def test_the_likeliest_are_shown() -> None:
    some = rows(*(doc(f"p{n}", gan=n / 10) for n in range(1, 8)))
    assert names(some, choose(Selection(GAN, some), CONFIG.topics, 3)) == {"p5", "p6", "p7"}


def test_all_events_of_a_paper_are_chosen_together() -> None:
    one = doc("p", gan=0.9)
    both = [EventRow("new", NOW, one, 1), EventRow("published", NOW, one, 2)]
    assert choose(Selection(GAN, both), CONFIG.topics, 1) == {1, 2}


def test_discussions_do_not_crowd_out_papers() -> None:
    some = rows(
        *(doc(f"post{n}", "post", gan=0.99) for n in range(9)),
        *(doc(f"paper{n}", gan=0.6) for n in range(9)),
    )
    chosen = names(some, choose(Selection(GAN, some), CONFIG.topics, 5))
    assert sum(name.startswith("post") for name in chosen) == 1
    assert len(chosen) == 5


def test_discussions_get_the_places_that_papers_leave() -> None:
    some = rows(doc("paper", gan=0.6), *(doc(f"post{n}", "post", gan=0.9) for n in range(9)))
    chosen = names(some, choose(Selection(GAN, some), CONFIG.topics, 5))
    assert "paper" in chosen
    assert len(chosen) == 5


def test_each_paper_stands_once_where_it_is_shown_first() -> None:
    both = doc("both", gan=0.9)
    digest = arranged(
        Selection(GAN, rows(both, doc("gan", gan=0.8))),
        Selection(WORDS, rows(both, doc("other"), first=10)),
    )
    assert shown(digest) == {"topics/gan": ["both", "gan"], "watches/mine": ["other"]}


def test_what_one_watch_only_counts_another_may_show() -> None:
    both = doc("both", gan=0.6)
    digest = arranged(
        Selection(GAN, rows(both, doc("gan", gan=0.8)), shown={2}),
        Selection(WORDS, rows(both, first=10), shown={10}),
    )
    assert shown(digest) == {"topics/gan": ["gan"], "watches/mine": ["both"]}
    assert counted(digest) == {}


def test_a_watch_that_narrows_a_topic_leads_to_its_own_page() -> None:
    narrow = Watch(name="narrow", topics=("gan",), exclude_query="survey")
    digest = arranged(Selection(narrow, rows(doc("a", gan=0.9))))
    assert list(shown(digest)) == ["watches/narrow"]


def test_what_is_counted_leads_to_a_page_that_has_it() -> None:
    narrow = Watch(name="narrow", topics=("gan",), exclude_query="survey")
    first = Selection(narrow, rows(doc("a", gan=0.9)))
    digest = arranged(first, Selection(GAN, rows(doc("b", gan=0.8), first=5), shown={}))
    assert counted(digest) == {"topics/gan": 1}


def test_a_section_of_papers_without_the_tag_has_the_topics_title_in_each_language() -> None:
    broad = Watch(name="gan", topics=("gan",), min_probability=0.1)
    topics = [topic.model_copy(update={"title_zh": "对抗网络"}) for topic in CONFIG.topics]
    (section,) = arrange([Selection(broad, rows(doc("a")))], topics, NOW, NOW).sections
    assert (section.title, section.title_zh) == ("Adversarial networks", "对抗网络")


def test_a_paper_that_is_new_and_cites_is_counted_once() -> None:
    work = ("adam", "Adam")
    some = [doc(f"p{n}", gan=0.9) for n in range(5)]
    cited = [EventRow("cited", NOW, one, n, work) for n, one in enumerate(some, 20)]
    digest = arranged(Selection(GAN, [*rows(*some), *cited], shown={1, 2}))
    assert counted(digest) == {"topics/gan": 3, "papers/adam": 3}
    assert totals(digest) == (5, 0)
    assert totals(shortened(digest, 1)) == (5, 0)


def test_shortened_counts_the_rest() -> None:
    digest = arranged(Selection(GAN, rows(*(doc(f"p{n}", gan=0.5) for n in range(5)))))
    assert counted(shortened(digest, 2)) == {"topics/gan": 3}


def test_nothing_has_a_reason() -> None:
    assert arranged(Selection(GAN, [])).note == "Nothing new in this period."
    quiet = arrange([Selection(GAN, [])], CONFIG.topics, NOW, NOW, quiet="troubled")
    assert "not every source could be read" in quiet.note
