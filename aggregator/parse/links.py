"""What links lead to: the papers that are linked or written in texts, whatever site or mirror (pure)."""

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import SplitResult, unquote

from aggregator.parse import urls
from aggregator.parse.ids import ARXIV_NEW, ARXIV_OLD, acl_name, arxiv_id, cvf_id, doi, neurips_id
from aggregator.parse.publishers import doi_of
from aggregator.parse.text import title_key
from aggregator.parse.urls import host

_FLAGS = re.IGNORECASE | re.ASCII
_OPENREVIEW_HOSTS = frozenset({"openreview.net", "api.openreview.net", "api2.openreview.net"})
_OPENREVIEW_PATHS = frozenset({"/forum", "/pdf", "/attachment"})
_OPENREVIEW_ID = re.compile(r"[\w-]{5,40}", re.ASCII)
_CVF_HOSTS = frozenset({"openaccess.thecvf.com", "cv-foundation.org"})
_NIPS_HOSTS = frozenset({"papers.nips.cc", "papers.neurips.cc", "proceedings.neurips.cc"})
# Until 2019 the site's addresses had a number and the title: /paper/7181-attention-is-all-you-need.pdf
_NIPS = re.compile(
    r"^/paper/\d{1,5}-([a-z0-9-]{3,250}?)(?:-supplemental)?(?:\.[a-z]{3,4})?(?:/|$)", _FLAGS
)
_PMLR = re.compile(r"^(?:/proceedings/papers)?/(v\d+)/([\w-]+)(?:\.html|\.pdf|/|$)", _FLAGS)
_PMLR_ASSET = re.compile(r"^/mlresearch/(v\d+)/[\w-]+/assets/([\w-]+)/", _FLAGS)
_ACL_HOSTS = frozenset(
    {
        "aclanthology.org",
        "aclanthology.info",
        "aclweb.org",
        "anthology.aclweb.org",
        "aclanthology.coli.uni-saarland.de",
    }
)
_ACL = re.compile(
    r"/([a-z]\d{2}-\d{4}|\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.\d+)(?:v\d)?(?:\.pdf|\.bib|\.xml)?(?:/|$)",
    _FLAGS,
)
# Cool Papers names venue papers by the id they have at their own site: "rJXMpikCZ@OpenReview".
_COOL = re.compile(r"^/venue/([\w.-]{3,200})@(?:(\w{3,12})@)?(OpenReview|ACL|CVF)/?$", _FLAGS)
_DBLP_HOSTS = frozenset({"dblp.org", "dblp.uni-trier.de", "dblp.dagstuhl.de", "shortscience.org"})
_DBLP = re.compile(r"journals/corr/(?:abs-)?(\d{4})[.-](\d{4,5})(?!\d)", _FLAGS)

# How Zhihu and Mastodon show an address in short: its ends are there, and are not to be seen.
_SHORTENED = re.compile(
    r"<span class=[\"']?invisible[\"']?>([^<>]*)</span>"
    r"<span class=[\"']?(?:visible|ellipsis)[\"']?>([^<>]*)</span>"
    r"<span class=[\"']?invisible[\"']?>([^<>]*)</span>",
    _FLAGS,
)
_WHOLE_ARXIV = re.compile(r"arxiv:(?:[a-z-]+/\d{7}|(?:0[7-9]|1[0-4])\d\d\.\d{4}|\d{4}\.\d{5})")

_LONGEST = 300
"""Characters of a name that leads to a paper; the longest that were seen, of CVF papers, have 180."""
_MARK = r"(?:\s?id)?[:：\s]\s{0,3}"
"""What stands between "arXiv" and the id; Chinese has a colon of its own."""
_CANDIDATE = re.compile(
    r"https?://[!#-;=?-Z_a-z~%]+"
    r"|(?<![\w./@-])(?:[a-z0-9-]+\.)+(?:org|net|press|com|co|cool|cn|cc|top)/[!#-;=?-Z_a-z~%]+"
    rf"|(?<![\w./-])arxiv{_MARK}{ARXIV_NEW}(?!\d)"
    rf"|(?<![\w./-])arxiv{_MARK}{ARXIV_OLD}(?!\d)"
    r"|(?<![\w./-])10\.\d{4,9}/[!#-;=?-Z_a-z~%]+",
    _FLAGS,
)
_SITE = re.compile(r"\.(?:org|net|press|com|co|cool|cn|cc|top)/")


def resolve(url: str) -> str | None:
    """A link -> the paper it leads to, e.g. "arxiv:1711.03678", "openreview:rJXMpikCZ"; else None.

    Kinds: arxiv (without version), doi, openreview (forum), cvf ("CVPR2017/…"), neurips ("2017/…"),
    nips (an old address, by its title), pmlr ("v70/finn17a"), acl ("P17-1001"). Written ids
    ("arXiv:…", "10.1038/…") are understood too.
    """
    whole = urls.unwrapped(url)
    url = urls.before_chinese(whole)
    if found := arxiv_id(whole) or arxiv_id(url):  # "arXiv：" may stand before an id
        return f"arxiv:{found[0]}"
    if value := doi(url):
        return f"doi:{value}"
    parts = urls.split(url)
    if parts is None:
        return None
    for read in _SITES:
        if found := read(parts):
            return found if len(found) <= _LONGEST else None
    return None


def find_identifiers(html_or_text: str) -> tuple[str, ...]:
    """Every identifier linked or written in a text, in order, without repeats.

    Reads href attributes, Markdown links, bare URLs, "arXiv:1711.03678" and bare DOIs. Numbers that
    merely look like an arXiv id are not taken.
    """
    return tuple(dict.fromkeys(_identifiers(html.unescape(html_or_text))))


def _identifiers(text: str) -> Iterator[str]:
    # What every candidate holds; most texts hold none of it, and looking for it takes no time.
    low = text.lower()
    if not ("://" in low or "arxiv" in low or "10." in low or _SITE.search(low)):
        return
    if "invisible" in low:
        text = _SHORTENED.sub(r"\1\2\3", text)
    for match in _CANDIDATE.finditer(text):
        found = resolve(urls.trimmed(match[0]))
        # What ends in dots may be cut off: another name, or none.
        cut = text.startswith("…", match.end()) or match[0].endswith("..")
        if found and (not cut or _WHOLE_ARXIV.fullmatch(found)):
            yield found


def _openreview(url: SplitResult) -> str | None:
    if host(url) not in _OPENREVIEW_HOSTS or url.path.rstrip("/") not in _OPENREVIEW_PATHS:
        return None
    forum = urls.field(url, "id")
    return f"openreview:{forum}" if _OPENREVIEW_ID.fullmatch(forum) else None


def _cvf(url: SplitResult) -> str | None:
    name = cvf_id(url.path) if host(url) in _CVF_HOSTS else None
    return f"cvf:{name}" if name else None


def _neurips(url: SplitResult) -> str | None:
    if host(url) not in _NIPS_HOSTS:
        return None
    if found := neurips_id(url.path):
        return f"neurips:{found}"
    match = _NIPS.match(unquote(url.path))
    return f"nips:{title_key(match[1])}" if match else None


def _pmlr(url: SplitResult) -> str | None:
    name = host(url)
    jmlr = name.endswith("jmlr.org") or name == "jmlr.csail.mit.edu"
    if name == "raw.githubusercontent.com":
        match = _PMLR_ASSET.match(url.path)
    elif name == "proceedings.mlr.press" or (jmlr and "/papers/" in url.path):
        match = _PMLR.match(url.path)
    else:
        return None
    return f"pmlr:{match[1].lower()}/{match[2]}" if match and match[2] != "assets" else None


def _acl(url: SplitResult) -> str | None:
    match = _ACL.search(url.path) if host(url) in _ACL_HOSTS else None
    return f"acl:{acl_name(match[1])}" if match else None


def _cool(url: SplitResult) -> str | None:
    match = _COOL.match(unquote(url.path)) if host(url) == "papers.cool" else None
    if match is None:
        return None
    name, venue, site = match.groups()
    if site.lower() == "openreview" and _OPENREVIEW_ID.fullmatch(name):
        return f"openreview:{name}"
    if site.lower() == "cvf" and venue:
        return f"cvf:{venue.upper()}/{name}"
    if site.lower() == "acl" and (found := _ACL.match(f"/{name}")):
        return f"acl:{acl_name(found[1])}"
    return None


def _dblp(url: SplitResult) -> str | None:
    """arXiv papers have their ids in dblp's keys since 2015."""
    match = _DBLP.search(f"{url.path}?{unquote(url.query)}") if host(url) in _DBLP_HOSTS else None
    found = arxiv_id(f"{match[1]}.{match[2]}") if match else None
    return f"arxiv:{found[0]}" if found else None


def _publisher(url: SplitResult) -> str | None:
    found = doi_of(url)
    return f"doi:{found}" if found else None


_SITES: tuple[Callable[[SplitResult], str | None], ...] = (
    _openreview,
    _cvf,
    _neurips,
    _pmlr,
    _acl,
    _cool,
    _dblp,
    _publisher,
)
