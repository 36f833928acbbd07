"""Clustering: the outcome depends on the set of entries alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.merge.doubts import believed
from aggregator.merge.match import cluster
from aggregator.models import Draft, Entry
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint

TITLES = (
    "Deep Widgets for Semantic Gadgets",
    "Deep Widget for the Semantic Gadget",  # the same people call it so, too
    "On the Depth of Widgets, Part I",
    "Introduction",
)
PEOPLE = (("Ada Lovelace", "Alan Turing"), ("Turing, Alan",), ("Grace Hopper",), ())
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy."""


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    title, authors = draw(st.sampled_from(TITLES)), draw(st.sampled_from(PEOPLE))
    number = draw(st.integers(1, 3))
    arxiv = f"1711.0000{draw(st.integers(1, 3))}"
    published = DAY + timedelta(days=365 * draw(st.integers(0, 3)))
    doi = {"doi": f"10.1/{number}"} if draw(st.booleans()) else {}
    kind = draw(st.sampled_from(("preprint", "page", "linked", "post")))
    if kind == "preprint":
        return preprint(
            arxiv, number, title=title, authors=authors, published=published, identifiers=doi
        )
    if kind == "post":
        return post(
            f"t3_{number}", title=title, about=draw(st.sampled_from((None, f"arxiv:{arxiv}")))
        )
    link = arxiv if kind == "linked" else ""
    return page(f"CVPR2018/{number}", title=title, authors=authors, published=published, arxiv=link)


def parts(entries: list[Entry]) -> set[frozenset[str]]:
    return {frozenset(e.key for e in group) for group in cluster(entries)}


@PATIENT
@given(st.lists(drafts(), max_size=8, unique_by=lambda d: d.key), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nothing_is_lost(found: list[Draft], dice) -> None:
    entries = [Entry(draft, ("s",), NOW) for draft in found]
    shuffled = entries.copy()
    dice.shuffle(shuffled)
    groups = parts(entries)
    assert groups == parts(shuffled)
    assert sorted(key for group in groups for key in group) == sorted(e.key for e in entries)


@PATIENT
@given(st.lists(drafts(), max_size=8, unique_by=lambda d: d.key))
def test_no_paper_has_two_arxiv_ids_and_no_arxiv_id_two_papers(found: list[Draft]) -> None:
    entries = [Entry(draft, ("s",), NOW) for draft in found]
    owner: dict[str, int] = {}
    said = {e.key: e.draft.identifiers.get("arxiv") for e in believed(entries)}
    for n, group in enumerate(cluster(entries)):
        ids = {name for e in group if (name := said[e.key])}
        assert len(ids) <= 1
        for one in ids:
            assert owner.setdefault(one, n) == n


def together(a: Draft, b: Draft) -> bool:
    return len(cluster([Entry(a, ("s",), NOW), Entry(b, ("s",), NOW)])) == 1


def test_title_rules() -> None:
    assert together(preprint(), page())
    assert together(preprint(title="Deep widgets for {Semantic} Gadgets."), page())
    assert together(preprint(authors=("A. Lovelace", "A. Turing")), page())
    assert not together(preprint(title="Deep Widgets for Semantic Gadgets II"), page())
    assert not together(preprint(authors=("Ada Byron",)), page())
    assert together(preprint(published=DAY - timedelta(days=1200)), page())
    some = ("Ada Lovelace", "Grace Hopper")
    assert not together(preprint(published=DAY - timedelta(days=1200), authors=some), page())
    assert not together(preprint(published=DAY - timedelta(days=2400)), page())
    short = "Deep Widgets"
    old = preprint(title=short, published=DAY - timedelta(days=1200))
    assert not together(old, page(title=short))


def test_without_authors_only_a_specific_title_joins() -> None:
    assert together(preprint(), page(authors=()))
    assert not together(preprint(title="Mask R-CNN"), page(title="Mask R-CNN", authors=()))
    long = "基于深度学习的图像识别方法"
    assert together(preprint(title=long), page(title=long, authors=()))
    assert not together(preprint(title="图像识别"), page(title="图像识别", authors=()))


def test_two_pages_of_one_site_join_only_by_an_identifier() -> None:
    assert not together(page("CVPR2018/a"), page("CVPR2018/b"))
    assert together(page("CVPR2018/a", arxiv="1711.00001"), page("CVPRW2018/b", arxiv="1711.00001"))


def test_a_name_made_of_a_title_joins_a_post_but_never_two_pages() -> None:
    name = {"nips": "gadgets"}
    pages = [
        replace(page(n, kind="neurips", title=n), identifiers={"neurips": n, **name})
        for n in ("2013/a", "2017/b")
    ]
    entries = [Entry(d, ("s",), NOW) for d in (*pages, post(about="nips:gadgets"))]
    assert parts(entries) == {
        frozenset({"neurips:2013/a", "reddit:t3_abc"}),
        frozenset({"neurips:2017/b"}),
    }


def test_the_nearest_year_wins_where_a_title_fits_two_preprints() -> None:
    early = preprint("1601.00001", published=DAY - timedelta(days=600))
    late = preprint("1711.00001")
    entries = [Entry(d, ("s",), NOW) for d in (early, late, page())]
    assert frozenset({"arxiv:1711.00001v1", "cvf:CVPR2018/Lovelace_Deep_Widgets"}) in parts(entries)


@pytest.mark.parametrize(
    ("strong", "weak"), [("openreview", "cvf"), ("openreview", "doi"), ("cvf", "doi")]
)
def test_where_two_ids_of_a_page_lead_to_two_preprints_the_stronger_decides(
    strong: str, weak: str
) -> None:
    by = {strong: "strong", weak: "weak"}
    entries = [
        Entry(preprint(arxiv, title=arxiv, authors=(), identifiers={kind: by[kind]}), ("s",), NOW)
        for arxiv, kind in (("1711.00001", weak), ("1711.00002", strong))
    ]
    printed = Entry(replace(page(title="Printed", kind="pmlr"), identifiers=by), ("s",), NOW)
    assert frozenset({"arxiv:1711.00002v1", printed.key}) in parts([*entries, printed])
