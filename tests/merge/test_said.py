"""What a paper says, of entries of each role."""

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.clock import iso
from aggregator.merge.merge import Merged, merge
from aggregator.models import Draft, Entry
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint
from tests.merge.test_match import PATIENT, drafts

KINDS = ("new", "new_version", "published", "discussed")
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


def test_a_paper_s_pdf_is_the_one_that_its_best_entry_names_else_arxiv_s() -> None:
    of_arxiv = preprint()
    printed = replace(page(arxiv="1711.00001"), extra={"pdf": "https://x.example/printed.pdf"})
    assert said(of_arxiv).doc["links"]["pdf"] == "https://arxiv.org/pdf/1711.00001"
    assert said(of_arxiv, printed).doc["links"]["pdf"] == "https://x.example/printed.pdf"
    assert "pdf" not in said(page()).doc["links"]


@PATIENT
@given(
    st.lists(drafts(), min_size=1, max_size=6, unique_by=lambda d: d.key),
    st.randoms(use_true_random=False),
)
def test_whatever_the_entries_a_paper_says_what_the_best_of_them_say(
    found: list[Draft], dice: random.Random
) -> None:
    paper = said(*found)
    dice.shuffle(found)
    assert said(*found) == paper
    by_key = {draft.key: draft for draft in found}
    best = {"proceedings": 0, "preprint": 1, "post": 2}
    for name in ("title", "abstract", "authors"):
        says = paper.doc[name]
        if name not in paper.provenance:
            assert not says
            continue
        of = by_key[paper.provenance[name]]
        assert says in (getattr(of, name), list(getattr(of, name))) or of.role == "post"
        assert all(
            best[of.role] <= best[draft.role]
            for draft in found
            if getattr(draft, name) and not (draft.role == "post" and draft.about)
        )
    assert sorted(entry["key"] for entry in paper.doc["entries"]) == sorted(by_key)
    assert paper.doc["buzz"]["posts"] == sum(draft.role == "post" for draft in found)


@PATIENT
@given(st.lists(drafts(), min_size=1, max_size=6, unique_by=lambda d: d.key))
def test_whatever_the_entries_a_paper_is_new_once_and_published_after_it_was_a_preprint(
    found: list[Draft],
) -> None:
    paper = said(*found)
    public = [draft for draft in found if draft.role != "post"]
    preprints = [draft for draft in public if draft.role == "preprint"]
    happened = {kind: [one for one in paper.happenings if one.kind == kind] for kind in KINDS}
    since = {draft.key: draft.first_public or draft.published for draft in found}
    if public:
        assert [one.at for one in happened["new"]] == [min(since[draft.key] for draft in public)]
    assert {one.cause for one in happened["new_version"]} == {
        draft.key for draft in preprints if draft.version != 1
    }
    first = min((since[draft.key] for draft in preprints), default=None)
    assert {one.cause for one in happened["published"]} == {
        draft.key
        for draft in public
        if draft not in preprints and first and draft.published > first
    }
    talked = {draft.key for draft in found if draft.role == "post"}
    assert {one.cause for one in happened["discussed"]} == (
        talked if paper.kind == "paper" else set()
    )
