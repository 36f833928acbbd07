"""What links lead to: sites, mirrors, publishers and redirectors, and texts full of them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.ids import arxiv_id, cvf_id, doi
from aggregator.parse.links import _CANDIDATE, find_identifiers, resolve
from aggregator.parse.urls import trimmed

KINDS = {"arxiv", "doi", "openreview", "cvf", "pmlr", "acl", "neurips", "nips"}
HASH = "3f5ee243547dee91fbd053c1c4a845aa"


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
        (
            "https://arxiv.org/ftp/arxiv/papers/1801/1801.00631.pdf",
            "arxiv:1801.00631",
        ),
        ("https://arxiv.org/ftp/cs/papers/0112/0112017.pdf", "arxiv:cs/0112017"),
        ("https://arxiv.org/ftp/arxiv/papers/1801/", None),
        (
            "http://papers.nips.cc/paper/7504-metagan-an-adversarial-approach-to-few-shot-learning",
            "nips:metagananadversarialapproachtofewshotlearning",
        ),
        (
            "https://papers.nips.cc/paper/5542-recurrent-models-of-visual-attention.pdf",
            "nips:recurrentmodelsofvisualattention",
        ),
        (
            "https://papers.nips.cc/paper/5542-recurrent-models-of-visual-attention-supplemental.zip",
            "nips:recurrentmodelsofvisualattention",
        ),
        (f"https://papers.nips.cc/paper/2017/hash/{HASH}-Abstract.html", f"neurips:2017/{HASH}"),
        (
            f"https://proceedings.neurips.cc/paper_files/paper/2023/file/{HASH}-Paper-Conference.pdf",
            f"neurips:2023/{HASH}",
        ),
        ("https://papers.nips.cc/book/advances-in-neural-information-processing-systems-30", None),
        (
            "https://papers.nips.cc/paper/1-" + "a-" * 200,
            None,
        ),
        ("https://www.biorxiv.org/content/early/2017/12/28/240317", "doi:10.1101/240317"),
        (
            "https://www.biorxiv.org/content/early/2017/11/30/227181.full.pdf+html",
            "doi:10.1101/227181",
        ),
        ("http://www.biorxiv.org/content/early/2017/07/12/162263.1", "doi:10.1101/162263"),
        (
            "https://www.biorxiv.org/content/biorxiv/early/2017/10/03/197574.full.pdf",
            "doi:10.1101/197574",
        ),
        ("http://nature.com/articles/doi:10.1038/nature24270", "doi:10.1038/nature24270"),
        (
            "https://www.nature.com/nature/journal/v550/n7676/full/nature24270.html",
            "doi:10.1038/nature24270",
        ),
        ("https://www.nature.com/articles/nature24270.epdf?token=VJX", "doi:10.1038/nature24270"),
        ("https://www.nature.com/articles/nmeth.4627", "doi:10.1038/nmeth.4627"),
        ("https://www.nature.com/articles/sdata.2016.18", "doi:10.1038/sdata.2016.18"),
        ("https://www.nature.com/articles/d41586-018-05664-2", None),  # the magazine's news
        ("https://www.nature.com/natmachintell/", None),
        (
            "http://science.sciencemag.org/content/early/2017/10/25/science.aag2612.full",
            "doi:10.1126/science.aag2612",
        ),
        ("http://science.sciencemag.org/content/356/6334/183", None),
        (
            "http://www.pnas.org/content/early/2017/08/28/1700770114.full",
            "doi:10.1073/pnas.1700770114",
        ),
        ("https://elifesciences.org/articles/22901", "doi:10.7554/elife.22901"),
        (
            "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0191493",
            "doi:10.1371/journal.pone.0191493",
        ),
        ("http://dx.plos.org/10.1371/journal.pone.0194889", "doi:10.1371/journal.pone.0194889"),
        (
            "https://www.mitpressjournals.org/doi/pdf/10.1162/comj.2009.33.2.85",
            "doi:10.1162/comj.2009.33.2.85",
        ),
        ("https://pubs.rsna.org/doi/10.1148/radiol.2018180958", "doi:10.1148/radiol.2018180958"),
        (
            "https://dl.acm.org/citation.cfm?doid=3072959.3073601",
            "doi:10.1145/3072959.3073601",
        ),
        ("https://dl.acm.org/citation.cfm?id=2983270", None),
        ("http://delivery.acm.org/10.1145/3280000/3274433/cscw164-soni.pdf?id=3274433", None),
        ("http://www.mdpi.com/1099-4300/19/12/696/htm", "doi:10.3390/e19120696"),
        ("https://www.mdpi.com/2313-433X/4/11/128", "doi:10.3390/jimaging4110128"),
        ("https://www.mdpi.com/0000-0000/4/11/128", None),
        (
            "https://papers.ssrn.com/sol3/papers.cfm?abstract_id=2477899",
            "doi:10.2139/ssrn.2477899",
        ),
        ("https://ssrn.com/abstract=2477899", "doi:10.2139/ssrn.2477899"),
        ("https://psyarxiv.com/hv28a/", "doi:10.31234/osf.io/hv28a"),
        (
            "https://www.preprints.org/manuscript/201801.0017/v1",
            "doi:10.20944/preprints201801.0017.v1",
        ),
        ("https://www.ijcai.org/proceedings/2018/0122.pdf", "doi:10.24963/ijcai.2018/122"),
        (
            "http://www.isca-speech.org/archive/Interspeech_2017/pdfs/1452.PDF",
            "doi:10.21437/interspeech.2017-1452",
        ),
        (
            "https://www.itm-conferences.org/component/?task=show&doi=10.1051/itmconf/20182100008",
            "doi:10.1051/itmconf/20182100008",
        ),
        ("http://citeseerx.ist.psu.edu/viewdoc/download?doi=10.1.1.413.1919&type=pdf", None),
        (
            "http://www.shortscience.org/paper?bibtexKey=journals/corr/1604.00289",
            "arxiv:1604.00289",
        ),
        ("https://dblp.org/rec/journals/corr/abs-1801-00631", "arxiv:1801.00631"),
        ("https://dblp.org/rec/journals/corr/SimonyanZ14a", None),
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


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://www.google.com/url?q={}&sa=D",
        "https://scholar.google.com/scholar_url?url={}&hl=en",
        "https://l.facebook.com/l.php?u={}&h=AT0",
        "https://out.reddit.com/t3_abc?url={}&token=AQ",
        "https://link.zhihu.com/?target={}",
        "https://weibo.cn/sinaurl?u={}",
        "https://fermatslibrary.com/arxiv_comments?url={}",
        "https://duckduckgo.com/l/?uddg={}",
        "https://gitee.com/link?target={}",
    ],
)
def test_redirectors_are_taken_off_without_asking_them(wrapped: str):
    address = "https://openreview.net/forum?id=rJXMpikCZ&noteId=1"
    assert resolve(wrapped.format(quote(address, safe=""))) == "openreview:rJXMpikCZ"
    # one around another, as where a chat rewrites what a search engine had rewritten
    twice = "https://www.google.com/url?q=" + quote(
        wrapped.format(quote(address, safe="")), safe=""
    )
    assert resolve(twice) == "openreview:rJXMpikCZ"


def test_a_redirector_that_leads_to_itself_ends():
    assert resolve("https://www.google.com/url?q=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3D") is None
    assert (
        resolve("https://web.archive.org/web/1/" * 50 + "https://arxiv.org/abs/1711.03678") is None
    )


def test_archived_links_keep_their_query_and_lost_slashes():
    archived = "https://web.archive.org/web/2018/http:/openreview.net/forum?id=rJXMpikCZ"
    assert resolve(archived) == "openreview:rJXMpikCZ"


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


@pytest.mark.parametrize(
    "text",
    [
        "论文：arXiv：1711.03678",
        "arXiv： 1711.03678v2。",
        "arXiv ID: 1711.03678",
        "ArXiv ID：1711.03678",
    ],
)
def test_ids_are_found_as_chinese_and_wordy_posts_write_them(text: str) -> None:
    assert find_identifiers(text) == ("arxiv:1711.03678",)


@pytest.mark.parametrize(
    "shown",
    [
        '<span class="invisible">https://</span><span class="visible">arxiv.org/abs/1711.0367</span>'
        '<span class="invisible">8</span>',
        '<span class="invisible">https://</span><span class="ellipsis">arxiv.org/abs/1711.0</span>'
        '<span class="invisible">3678v2</span>',
        "arxiv.org/abs/1711.0367…",
        "https://arxiv.org/abs/1711.0367...",
        "https://arxiv.org/abs/1711.03678...",
    ],
)
def test_an_address_that_is_shown_in_short_is_no_other_paper(shown: str) -> None:
    link = "https://link.zhihu.com/?target=https%3A//arxiv.org/abs/1711.03678"
    assert find_identifiers(f'<a href="{link}">{shown}</a>') == ("arxiv:1711.03678",)


def test_what_is_cut_off_is_no_name_unless_it_is_whole() -> None:
    assert find_identifiers("openreview.net/forum?id=rJXMp… and doi.org/10.1145/3292...") == ()
    assert find_identifiers("We read arxiv.org/abs/1711.03678… and arxiv.org/abs/0706.1234...") == (
        "arxiv:1711.03678",
        "arxiv:0706.1234",
    )


SENTENCES = (
    "。",
    "，后面还有",
    "；",
    "：",
    "！",
    "？",
    "、",
    "）",
    "》",
    "」",
    "』",
    "】",
    "”",
    "’",
    "…",
)


@pytest.mark.parametrize("after", SENTENCES)
@pytest.mark.parametrize(
    ("address", "paper"),
    [
        ("https://doi.org/10.1145/3292500.3330701", "doi:10.1145/3292500.3330701"),
        ("10.1145/3292500.3330701", "doi:10.1145/3292500.3330701"),
        ("https://dl.acm.org/doi/10.1145/3292500.3330701", "doi:10.1145/3292500.3330701"),
        ("https://openreview.net/forum?id=rJXMpikCZ", "openreview:rJXMpikCZ"),
        ("https://proceedings.mlr.press/v70/finn17a", "pmlr:v70/finn17a"),
        ("https://arxiv.org/abs/1711.03678", "arxiv:1711.03678"),
    ],
)
def test_a_chinese_sentence_ends_an_address(address: str, paper: str, after: str) -> None:
    link = "https://link.zhihu.com/?target=" + quote(address + after, safe="")
    assert resolve(address + after) == paper
    if "//" in address:
        assert resolve(address + quote(after)) == resolve(link) == paper
        assert find_identifiers(f'看<a href="{link}">这篇</a>') == (paper,)


PIECES = ["https://", "arxiv.org/abs/", "web.archive.org/web/1/", "1706.03762", "10.1234/", "(", ")",
          "[", "]", "?id=", "%2F", "arXiv:", " ", "openreview.net/forum", "@", ":", "#", "link.zhihu.com",
          "/?target=", "&amp;", "]:", "_CVPR_2017_paper.html", "\x00", "\ud800", "１"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join))
def test_any_text_is_read_without_an_error(text: str):
    for found in (*find_identifiers(text), resolve(text), cvf_id(text), arxiv_id(text), doi(text)):
        assert found is None or found
    for name in find_identifiers(text):
        kind, _, value = name.partition(":")
        assert kind in KINDS
        assert value == value.strip()


SCHEMELESS = ["arxiv.org/abs/1706.03762", "ARXIV 1706.03762", "10.1234/x",
              "Openreview.NET/forum?id=rJXMpikCZ",
              "ArXiv:cs/0101001", " ", "and", "."]  # fmt: skip


@given(
    st.lists(st.sampled_from(SCHEMELESS), max_size=3)
    .map("".join)
    .filter(lambda text: ".." not in text)  # may be cut off
)
def test_a_text_that_is_passed_over_holds_nothing(text: str):
    asked = [resolve(trimmed(match[0])) for match in _CANDIDATE.finditer(text)]
    assert find_identifiers(text) == tuple(dict.fromkeys(found for found in asked if found))


@pytest.mark.parametrize(
    "piece", ["a.", "https://arxiv.org/abs/(", "(10.1234/", "arXiv: ", "http:"]
)
def test_hostile_repetition_takes_no_long_time(piece: str):
    assert find_identifiers(piece * 20_000) in ((), ("arxiv:",))
