"""Identifiers: every way of writing them, no false ones, and what links lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.ids import arxiv_id, cvf_id, doi, dois, find_identifiers, resolve

new_style = st.builds(
    lambda year, month, number: (
        f"{year:02}{month:02}.{number:05}"
        if year > 14
        else f"{year:02}{month:02}.{number % 10000:04}"
    ),
    st.integers(7, 60),
    st.integers(1, 12),
    st.integers(1, 99999),
)
old_style = st.builds(
    lambda archive, year, month, number: f"{archive}/{year:02}{month:02}{number:03}",
    st.sampled_from(["hep-th", "math", "cs", "astro-ph", "cond-mat", "q-bio", "cmp-lg"]),
    st.integers(91, 106).map(lambda year: year % 100),
    st.integers(1, 12),
    st.integers(1, 999),
)
written = st.sampled_from(
    [
        "{}",
        " {} ",
        "arXiv:{}",
        "arxiv: {}",
        "ARXIV:{}",
        "oai:arXiv.org:{}",
        "arXiv:{} [cs.LG]",
        "10.48550/arXiv.{}",
        "doi:10.48550/arXiv.{}",
        "https://doi.org/10.48550/arXiv.{}",
        "http://arxiv.org/abs/{}",
        "https://arxiv.org/pdf/{}.pdf",
        "https://www.arxiv.org/pdf/{}#page=2",
        "https://arxiv.org/html/{}/",
        "https://arxiv.org/abs/{}?context=stat",
        "arxiv.org/abs/{}",
        "http://export.arxiv.org/e-print/{}",
        "http://cn.arxiv.org/abs/{}",
        "https://de.arxiv.org/ps/{}",
        "http://xxx.lanl.gov/abs/{}",
        "https://ar5iv.org/abs/{}",
        "https://ar5iv.labs.arxiv.org/html/{}",
        "https://www.arxiv-vanity.com/papers/{}/",
        "https://www.alphaxiv.org/overview/{}",
        "https://huggingface.co/papers/{}",
        "https://papers.cool/arxiv/{}",
        "https://scirate.com/arxiv/{}",
        "https://web.archive.org/web/20200101000000/https://arxiv.org/abs/{}",
        "https://link.zhihu.com/?target=https%3A//arxiv.org/abs/{}",
        "https://www.alphaxiv.org/zh/overview/{}",
        "https://alphaxiv.org/html/{}",
        "https://hf.co/papers/{}",
        "https://hf-mirror.com/papers/{}",
        "http://xxx.itp.ac.cn/abs/{}",
        "https://hjfy.top/arxiv/{}",
        "https://ui.adsabs.harvard.edu/abs/arXiv:{}/abstract",
        "https://www.catalyzex.com/paper/arxiv:{}",
        "https://weibo.cn/sinaurl?u=http%3A%2F%2Farxiv.org%2Fabs%2F{}",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Farxiv.org%2Fabs%2F{}&d=1",
        "https://c.pc.qq.com/middlem.html?pfurl=https%3A%2F%2Farxiv.org%2Fabs%2F{}",
        "https://r.jina.ai/https://arxiv.org/abs/{}",
    ]
)

WRAPPERS = ("web.archive", "zhihu", "sinaurl", "outlook", "pc.qq", "jina")


@given(new_style | old_style, st.none() | st.integers(1, 20), written)
def test_arxiv_ids_come_back_from_every_way_of_writing_them(
    name: str, version: int | None, form: str
):
    text = form.format(name + (f"v{version}" if version else ""))
    assert resolve(text) == f"arxiv:{name}"
    if not any(wrapper in form for wrapper in WRAPPERS):
        assert arxiv_id(text) == (name, version)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("math.GT/0309136", "math/0309136"),
        ("cs.LG/0112017v2", "cs/0112017"),
        ("https://arxiv.org/abs/cs.CL/0112017", "cs/0112017"),
        ("arXiv:1501.1234", "1501.1234"),  # a label makes up for a wrong length
    ],
)
def test_arxiv_ids_are_normalised(text: str, name: str):
    found = arxiv_id(text)
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1713.03678",
        "1700.03678",
        "1412.12345",
        "1501.1234",
        "0612.1234",
        "1711.036789",
        "1711.03678v",
        "1711.03678v0",
        "10.1234/1706.03762abc",
        "10.1234/1706.03762",
        "notes/0309136",
        "hep-th/0313001",
        "cs/0912001",
        "see 1711.03678",
        "https://github.com/a/1711.03678",
        "https://notarxiv.org/abs/1711.03678",
        "https://arxiv.org.example.com/abs/1711.03678",
        "https://arxiv.org/list/cs.LG/1711",
        "https://arxiv.org/abs/1711.03678abc",
        "http://[arxiv.org/abs/1711.03678",
    ],
)
def test_no_arxiv_id_where_there_is_none(text: str):
    assert arxiv_id(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.1109/CVPR.2016.90", "10.1109/cvpr.2016.90"),
        (" doi:10.1038/nature14539.", "10.1038/nature14539"),
        ("DOI: 10.1038/nature14539", "10.1038/nature14539"),
        ("http://dx.doi.org/10.1007/s11263-015-0816-y", "10.1007/s11263-015-0816-y"),
        ("https://doi.org/10.1016%2FS0893-6080(05)80131-5", "10.1016/s0893-6080(05)80131-5"),
        ("https://doi.org/10.1145/3065386?x=1#y", "10.1145/3065386"),
        ("10.1000/abc),", "10.1000/abc"),
        ("10.12/short", None),
        ("10.1109", None),
        ("see 10.1109/x", None),
        ("", None),
    ],
)
def test_doi(text: str, value: str | None):
    assert doi(text) == value


def test_two_dois_in_one_field():
    assert dois("10.1103/PhysRevD.1 10.1016/j.x; 10.1103/physrevd.1") == (
        "10.1103/physrevd.1",
        "10.1016/j.x",
    )
    assert dois("doi = {10.1109/CVPR.2013.1},") == ("10.1109/cvpr.2013.1",)


@pytest.mark.parametrize(
    ("link", "paper"),
    [
        ("https://openreview.net/forum?id=rJXMpikCZ&noteId=a", "openreview:rJXMpikCZ"),
        ("https://www.openreview.net/pdf?id=B1-abc_d", "openreview:B1-abc_d"),
        ("https://openreview.net/group?id=ICLR.cc/2018", None),
        (
            "http://openaccess.thecvf.com/content_cvpr_2017/papers/A_B_CVPR_2017_paper.pdf",
            "cvf:CVPR2017/A_B",
        ),
        (
            "http://www.cv-foundation.org/openaccess/content_cvpr_2015/html/A_B_2015_CVPR_paper.html",
            "cvf:CVPR2015/A_B",
        ),
        (
            "https://openaccess.thecvf.com/content_CVPRW_2020/html/w1/A_B_CVPRW_2020_paper.html",
            "cvf:CVPRW2020/A_B",
        ),
        ("https://example.org/html/A_B_CVPR_2017_paper.html", None),
        ("https://openaccess.thecvf.com/CVPR2017", None),
        ("http://proceedings.mlr.press/v70/finn17a.html", "pmlr:v70/finn17a"),
        ("http://proceedings.mlr.press/v70/finn17a/finn17a.pdf", "pmlr:v70/finn17a"),
        ("http://jmlr.org/proceedings/papers/v37/ioffe15.pdf", "pmlr:v37/ioffe15"),
        (
            "https://raw.githubusercontent.com/mlresearch/v235/main/assets/a24b/a24b.pdf",
            "pmlr:v235/a24b",
        ),
        ("https://proceedings.mlr.press/v70/", None),
        ("https://proceedings.mlr.press/v70/assets/bib/citeproc.yaml", None),
        ("https://aclanthology.org/P17-1001/", "acl:P17-1001"),
        ("http://aclweb.org/anthology/P/P17/P17-1001.pdf", "acl:P17-1001"),
        ("https://aclanthology.org/2020.findings-emnlp.12.pdf", "acl:2020.findings-emnlp.12"),
        ("https://aclanthology.org/venues/acl/", None),
        ("https://dl.acm.org/doi/pdf/10.1145/3065386", "doi:10.1145/3065386"),
        ("https://onlinelibrary.wiley.com/doi/10.1002/abc.1/full", "doi:10.1002/abc.1"),
        ("https://www.nature.com/articles/nature14539", "doi:10.1038/nature14539"),
        (
            "https://www.biorxiv.org/content/10.1101/2020.01.01.123456v1.full.pdf",
            "doi:10.1101/2020.01.01.123456",
        ),
        ("https://example.org/10.1145/3065386", None),
        ("https://openreview.net/forum/?id=rJXMpikCZ", "openreview:rJXMpikCZ"),
        ("https://api2.openreview.net/pdf?id=rJXMpikCZ", "openreview:rJXMpikCZ"),
        ("https://papers.cool/venue/rJXMpikCZ@OpenReview", "openreview:rJXMpikCZ"),
        ("https://papers.cool/venue/A_B_C%40CVPR2025%40CVF", "cvf:CVPR2025/A_B_C"),
        ("https://papers.cool/venue/2024.acl-long.1@ACL", "acl:2024.acl-long.1"),
        ("https://papers.cool/venue/a-b%40usenixsecurity24%40USENIX", None),
        ("https://papers.cool/venue/NeurIPS.2023?group=Oral", None),
        ("http://jmlr.csail.mit.edu/proceedings/papers/v37/ioffe15.html", "pmlr:v37/ioffe15"),
        ("https://aclanthology.coli.uni-saarland.de/papers/P17-1001/p17-1001", "acl:P17-1001"),
        ("http://www.arxiv-sanity.com/1711.03678v1", "arxiv:1711.03678"),
        (
            "https://www.frontiersin.org/articles/10.3389/fnbot.2020.1/full",
            "doi:10.3389/fnbot.2020.1",
        ),
        ("https://sci-hub.se/10.1109/5.726791", "doi:10.1109/5.726791"),
        (
            "https://journals.aps.org/prl/abstract/10.1103/PhysRevLett.1.1",
            "doi:10.1103/physrevlett.1.1",
        ),
        ("https://dl.acm.org/doi/10.1145/" + "9" * 400, None),
        ("https://notweibo.example/sinaurl?u=https://arxiv.org/abs/1711.03678", None),
        ("https://xgoogle.com/url?q=https://arxiv.org/abs/1711.03678", None),
        ("https://www.reddit.com/r/MachineLearning/", None),
        ("not a link", None),
        ("http://[", None),
    ],
)
def test_links_lead_to_papers(link: str, paper: str | None):
    assert resolve(link) == paper


def test_identifiers_of_a_text_in_order_without_repeats():
    text = """[paper](https://arxiv.org/abs/1706.03762), arXiv:1711.03678v2, 10.1038/nature14539.
    <a href="https://openreview.net/forum?noteId=1&amp;id=rJXMpikCZ">x</a>
    参见https://arxiv.org/abs/1512.03385，很好 (see arxiv.org/pdf/1502.03167.pdf) 1234.56789
    [https://arxiv.org/abs/1602.07261](https://arxiv.org/abs/1602.07261) v1711.03679
    https://arxiv.org/abs/1801.00001。<a href='http://arxiv.org/abs/1801.00002'>y</a>"""
    assert find_identifiers(text) == (
        "arxiv:1706.03762",
        "arxiv:1711.03678",
        "doi:10.1038/nature14539",
        "openreview:rJXMpikCZ",
        "arxiv:1512.03385",
        "arxiv:1502.03167",
        "arxiv:1602.07261",
        "arxiv:1801.00001",
        "arxiv:1801.00002",
    )


PIECES = ["https://", "arxiv.org/abs/", "web.archive.org/web/1/", "1706.03762", "10.1234/", "(", ")",
          "[", "]", "?id=", "%2F", "arXiv:", " ", "openreview.net/forum", "@", ":", "#", "link.zhihu.com",
          "/?target=", "&amp;", "]:", "_CVPR_2017_paper.html", "\x00", "\ud800", "１"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join))
def test_any_text_is_read_without_an_error(text: str):
    for found in (*find_identifiers(text), resolve(text), cvf_id(text), arxiv_id(text), doi(text)):
        assert found is None or found
    for name in find_identifiers(text):
        kind, _, value = name.partition(":")
        assert kind in {"arxiv", "doi", "openreview", "cvf", "pmlr", "acl"}
        assert value == value.strip()


@pytest.mark.parametrize(
    "piece", ["a.", "https://arxiv.org/abs/(", "(10.1234/", "arXiv: ", "http:"]
)
def test_hostile_repetition_takes_no_long_time(piece: str):
    assert find_identifiers(piece * 20_000) in ((), ("arxiv:",))
