"""Identifiers: every way of writing them, and no false ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.ids import acl_doi, acl_id, arxiv_id, doi, dois
from aggregator.parse.links import resolve

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
        "https://cds.cern.ch/record/2298977/files/arXiv:{}.pdf",
        "https://inspirehep.net/api/arxiv/{}",
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
        ("https://doi.org/10.1101/2026.01.02.123456v1", "10.1101/2026.01.02.123456"),
        ("10.64898/2026.01.02.123456v12.full.pdf", "10.64898/2026.01.02.123456"),
        ("doi:10.1101/240317v2", "10.1101/240317"),
        ("10.1101/gr.123456.108v1", "10.1101/gr.123456.108v1"),
        ("10.20944/preprints201801.0017.v1", "10.20944/preprints201801.0017.v1"),
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
    assert dois("10.1101/240317v2，10.1101/240317") == ("10.1101/240317",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("N18-2074", "10.18653/v1/n18-2074"),
        ("P15-1067", "10.3115/v1/p15-1067"),
        ("2020.findings-emnlp.12", "10.18653/v1/2020.findings-emnlp.12"),
        ("P05-1001", None),
        ("J89-1001", None),
        ("nothing", None),
    ],
)
def test_papers_of_the_acl_have_dois_made_of_their_ids(name: str, value: str | None):
    assert acl_doi(name) == value
    if value:
        assert acl_id(value) == name
