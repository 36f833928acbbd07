"""BibTeX, RIS and CSL-JSON: what they say, and that nothing in a paper can break them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cite import EXTENSIONS, FORMATS, MEDIA_TYPES, bibtex, csl, highwire, ris
from aggregator.digest.show import clean
from aggregator.models import Draft
from tests.cite import readers
from tests.cite.docs import document
from tests.drafts import page, post, preprint

HOSTILE = (
    'A } title {\r\nER  - \r\nTY  - BOOK\n},\n@book{x, \\input{y} $z$ & # % _ ~ ^ " \u202e\x00'
)


def work() -> Draft:
    return Draft(
        kind="works",
        native_id="resnet",
        role="work",
        title="Deep Residual Learning",
        url="https://doi.org/10.1109/cvpr.2016.90",
        published=datetime(2015, 1, 1, tzinfo=UTC),
        authors=("Kaiming He",),
        identifiers={"doi": "10.1109/cvpr.2016.90"},
    )


def bib(*papers: dict[str, Any]) -> list[readers.BibEntry]:
    return readers.bibtex("".join(bibtex.write(papers)))


def records(*papers: dict[str, Any]) -> list[list[tuple[str, str]]]:
    return readers.ris("".join(ris.write(papers)))


def items(*papers: dict[str, Any]) -> list[dict[str, Any]]:
    return json.loads("".join(csl.write(papers)))


def test_a_preprint() -> None:
    paper = document(
        preprint(
            title="U-Net for ImageNet & Friends",
            authors=("Aaron van den Oord", "何恺明", "CMS Collaboration"),
            identifiers={"doi": "10.1/abc_d"},
        ),
        topics=("gan", "learning"),
    )
    (entry,) = bib(paper)
    assert (entry.kind, entry.key) == ("misc", "oord2017unet")
    assert entry.fields == {
        "title": r"{U}-Net for {ImageNet} \& Friends",
        "author": "van den Oord, Aaron and {何恺明} and {CMS Collaboration}",
        "year": "2017",
        "month": "nov",
        "eprint": "1711.00001",
        "archiveprefix": "arXiv",
        "primaryclass": "cs.CV",
        "doi": "10.1/abc_d",
        "url": "https://arxiv.org/abs/1711.00001v1",
        "keywords": "gan, learning",
        "abstract": "We build widgets. They are deep.",
    }
    (record,) = records(paper)
    assert record == [
        ("TY", "UNPB"),
        ("AU", "van den Oord, Aaron"),
        ("AU", "何, 恺明"),
        ("AU", "CMS Collaboration"),
        ("TI", "U-Net for ImageNet & Friends"),
        ("PY", "2017"),
        ("DA", "2017/11/13"),
        ("PB", "arXiv"),
        ("AN", "arXiv:1711.00001"),
        ("DO", "10.1/abc_d"),
        ("UR", "https://arxiv.org/abs/1711.00001v1"),
        ("L1", "https://arxiv.org/pdf/1711.00001"),
        ("KW", "gan"),
        ("KW", "learning"),
        ("AB", "We build widgets. They are deep."),
        ("ID", "k7q2"),
        ("ER", ""),
    ]
    (item,) = items(paper)
    assert item["type"] == "article"
    assert item["author"] == [
        {"family": "Oord", "given": "Aaron", "non-dropping-particle": "van den"},
        {"family": "何", "given": "恺明"},
        {"literal": "CMS Collaboration"},
    ]
    assert item["issued"] == {"date-parts": [[2017, 11, 13]]}
    assert (item["number"], item["publisher"]) == ("arXiv:1711.00001", "arXiv")
    assert (item["archive"], item["archive_location"]) == ("arXiv", "1711.00001")
    assert item["DOI"] == "10.1/abc_d"


def test_a_paper_of_a_conference_has_the_date_of_its_proceedings() -> None:
    paper = document(preprint(), page())
    (entry,) = bib(paper)
    assert (entry.kind, entry.key) == ("inproceedings", "lovelace2018deep")
    assert entry.fields["booktitle"] == "CVPR 2018"
    assert (entry.fields["year"], entry.fields["month"]) == ("2018", "jun")
    assert entry.fields["eprint"] == "1711.00001"
    record = dict(records(paper)[0])
    assert (record["TY"], record["T2"], record["DA"]) == ("CONF", "CVPR 2018", "2018/06/18")
    assert "PB" not in record
    (item,) = items(paper)
    assert (item["type"], item["container-title"]) == ("paper-conference", "CVPR 2018")
    assert "number" not in item


def test_of_a_work_only_the_year_is_known() -> None:
    paper = document(work())
    (entry,) = bib(paper)
    assert (entry.kind, entry.key) == ("misc", "he2015deep")
    assert "month" not in entry.fields
    assert dict(records(paper)[0])["DA"] == "2015///"
    assert items(paper)[0]["issued"] == {"date-parts": [[2015]]}
    tags = highwire.tags(paper, "https://d.example/papers/k7q2")
    assert ("citation_publication_date", "2015") in tags
    known = document(work(), preprint(published=datetime(2015, 12, 11, tzinfo=UTC)))
    assert bib(known)[0].fields["month"] == "dec"


def test_a_post_and_a_withdrawn_paper() -> None:
    question = document(post(title="What?"))
    assert bib(question)[0].kind == "misc"
    assert dict(records(question)[0])["TY"] == "ELEC"
    assert items(question)[0]["type"] == "post"
    assert highwire.tags(question, "https://d.example/papers/k7q2") == []
    gone = document(preprint(withdrawn=True, journal_ref="Proc. 3"))
    note = "Withdrawn by its authors; Proc. 3"
    assert bib(gone)[0].fields["note"] == dict(records(gone)[0])["N1"] == note
    assert items(gone)[0]["note"] == note


def test_the_publishers_doi_goes_before_arxivs() -> None:
    paper = document(preprint())
    paper["identifiers_all"]["doi"] = ["10.48550/arxiv.1711.00001", "10.1109/x"]
    assert items(paper)[0]["DOI"] == "10.1109/x"


def test_keys_differ_within_a_file() -> None:
    papers = [document(preprint(), name=str(n)) for n in range(30)]
    keys = [entry.key for entry in bib(*papers)]
    assert keys[:3] == ["lovelace2017deep", "lovelace2017deepa", "lovelace2017deepb"]
    assert keys[26:29] == ["lovelace2017deepz", "lovelace2017deepaa", "lovelace2017deepab"]
    assert len(set(keys)) == 30
    clash = [document(preprint(title=title)) for title in ("Deep", "Deepa", "Deep")]
    assert [e.key for e in bib(*clash)] == [
        "lovelace2017deep",
        "lovelace2017deepa",
        "lovelace2017deepb",
    ]


@pytest.mark.parametrize(
    ("title", "authors", "key"),
    [
        ("The Art of Łukasz", ("Łukasz Żółć",), "zolc2017art"),
        ("深度学习", ("何恺明",), "anon2017"),
        ("", (), "anon2017"),
        ("Self-Supervised", ("Aaron van den Oord",), "oord2017selfsupervised"),
    ],
)
def test_keys_are_ascii(title: str, authors: tuple[str, ...], key: str) -> None:
    assert bib(document(preprint(title=title, authors=authors)))[0].key == key


def test_nothing_is_an_empty_file() -> None:
    assert bib() == []
    assert records() == []
    assert items() == []
    assert set(FORMATS) == set(MEDIA_TYPES) == set(EXTENSIONS)


def test_addresses_that_nobody_should_follow_are_left_out() -> None:
    paper = document(preprint())
    paper["links"] = {"abstract": "javascript:alert(1)", "pdf": "file:///x"}
    for name, write in FORMATS.items():
        assert "javascript" not in "".join(write([paper])), name
    page_url = "https://d.example/papers/k7q2"
    tags = dict(highwire.tags(paper, page_url))
    assert tags["citation_public_url"] == page_url
    assert "citation_pdf_url" not in tags
    paper["links"] = {"abstract": "https://a.example/}@book{x"}
    paper["identifiers_all"]["doi"] = ["10.1/{x}"]
    (entry,) = bib(paper)
    assert not {"url", "doi"} & set(entry.fields)


TEXT = st.text(max_size=80) | st.sampled_from([HOSTILE, "x" * 300, "and", "ER  - ", "\\", "{"])


@given(st.lists(st.tuples(TEXT, st.lists(TEXT, max_size=4), TEXT, TEXT), max_size=4))
def test_nothing_in_a_paper_breaks_a_file(given: list[tuple[str, list[str], str, str]]) -> None:
    papers = [
        document(
            preprint(title=title, authors=tuple(authors), abstract=abstract),
            Draft(
                kind="cvf", native_id="x", role="proceedings", title=title, url="https://a.example/",
                published=datetime(2018, 6, 18, tzinfo=UTC), extra={"venue": venue},
            ),
        )
        for title, authors, abstract, venue in given
    ]  # fmt: skip
    entries, found, made = bib(*papers), records(*papers), items(*papers)
    assert len(entries) == len(found) == len(made) == len(papers)
    assert len({entry.key for entry in entries}) == len(entries)
    for paper, entry, record, item in zip(papers, entries, found, made, strict=True):
        said = dict(record)
        names = [name for author in paper["authors"] if (name := clean(author))]
        for field, tag, variable, text in (
            ("title", "TI", "title", paper["title"]),
            ("abstract", "AB", "abstract", paper["abstract"]),
        ):
            known = clean(text)
            assert readers.set_by_tex(entry.fields.get(field, "")) == known
            assert said.get(tag, "").strip() == known
            assert item.get(variable, "") == known
        if names:
            assert len(readers.people(entry.fields["author"])) == len(names)
        assert len([value for tag, value in record if tag == "AU"]) <= len(names)
        assert len(item.get("author", [])) == len(names)


def test_tags_for_the_head_of_a_page() -> None:
    paper = document(
        preprint(authors=("Aaron J. van den Oord", "何恺明", "A; B", "Adam Smith, Jr.")), page()
    )
    tags = highwire.tags(paper, "https://d.example/papers/k7q2")
    assert [value for name, value in tags if name == "citation_author"] == [
        "Ada Lovelace",
        "Alan Turing",
    ]
    paper["authors"] = ["Aaron J. van den Oord", "何恺明", "A; B", "Adam Smith, Jr."]
    tags = highwire.tags(paper, "https://d.example/papers/k7q2")
    assert [value for name, value in tags if name == "citation_author"] == [
        "Aaron J. van den Oord",
        "何, 恺明",
        "A  B",
        "Adam Smith Jr.",
    ]
    said = dict(tags)
    assert said["citation_title"] == "Deep Widgets for Semantic Gadgets"
    assert said["citation_publication_date"] == "2018/06/18"
    assert said["citation_conference_title"] == "CVPR 2018"
    assert said["citation_arxiv_id"] == "1711.00001"
    assert said["citation_pdf_url"] == "https://arxiv.org/pdf/1711.00001"
    assert said["citation_abstract_html_url"] == "https://d.example/papers/k7q2"
