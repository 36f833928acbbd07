"""What a paper says, of entries of each role."""

from dataclasses import replace
from datetime import timedelta

from aggregator.clock import iso
from aggregator.merge.merge import Merged, merge
from aggregator.models import Draft, Entry
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint

LATER = DAY + timedelta(days=9)


def said(*drafts: Draft) -> Merged:
    return merge("0" * 12, [Entry(draft, ("s",), NOW) for draft in drafts])


def work(**changes: object) -> Draft:
    """A line of the list of representative works."""
    return replace(
        preprint(), kind="work", role="work", identifiers={}, first_public=None, **changes
    )  # type: ignore[arg-type]


def test_a_work_of_the_list_is_as_old_as_its_line_and_a_post_about_it_is_nearer() -> None:
    alone = said(work(published=LATER))
    assert (alone.at, alone.starter, alone.happenings) == (LATER, True, ())
    with_post = said(work(published=DAY), post(published=LATER, about="arxiv:1711.00001"))
    assert (with_post.at, with_post.starter) == (LATER, False)


def test_of_a_post_about_a_paper_only_the_title_is_believed() -> None:
    stranger = post(title="[R] Deep Widgets are out", about="arxiv:1711.00001", abstract="Wow!")
    alone = said(stranger)
    assert (alone.title, alone.doc["abstract"], alone.doc["authors"]) == (
        "Deep Widgets are out",
        "",
        [],
    )
    assert alone.provenance == {"title": stranger.key}
    pasted = post(title="[1711.00001v2] Deep Widgets", about="arxiv:1711.00001")
    assert said(pasted).title == "Deep Widgets"
    own = said(post(abstract="How do you read papers?"))
    assert (own.doc["abstract"], own.doc["authors"]) == ("How do you read papers?", ["u/reader"])


def test_an_entry_shows_what_its_place_says_of_it() -> None:
    shown = {"score": 3, "num_comments": 0, "flair": "Research", "subreddit": "MachineLearning"}
    (entry,) = said(post(**shown, secret="not shown")).doc["entries"]
    assert shown.items() <= entry.items()
    assert "secret" not in entry
    printed = said(page())
    assert printed.provenance["venue"] == page().key
    (entry,) = printed.doc["entries"]
    assert (entry["venue"], entry["role"], entry["sources"]) == ("CVPR 2018", "proceedings", ["s"])


def test_a_paper_links_to_its_page_else_to_arxiv_else_to_what_is_there() -> None:
    of_arxiv, about = preprint(), post(about="arxiv:1711.00001")
    assert said(of_arxiv, page(arxiv="1711.00001")).doc["links"]["abstract"] == page().url
    assert said(about, of_arxiv).doc["links"]["abstract"] == of_arxiv.url
    assert said(about).doc["links"]["abstract"] == "https://arxiv.org/abs/1711.00001"
    assert said(post()).doc["links"] == {"abstract": post().url}


def test_a_paper_was_published_with_its_first_and_updated_with_its_latest_version() -> None:
    doc = said(preprint(version=2, published=LATER, first_public=DAY), preprint()).doc
    assert (doc["published"], doc["updated"]) == (iso(DAY), iso(LATER))
