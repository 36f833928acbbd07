"""Identifiers of papers (arXiv, DOI, OpenReview, CVF, PMLR, ACL) found in ids, links and texts."""

import html
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

# Archives of identifiers until March 2007: arXiv's taxonomy and the archives it absorbed.
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|"
    "cond-mat|cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|"
    "nucl-ex|nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|q-fin|quant-ph|solv-int|stat|supr-con"
)
_MONTH = r"(?:0[1-9]|1[0-2])"
_NEW = rf"(?:0[7-9]|[1-9]\d){_MONTH}\.\d{{4,5}}"
_OLD = rf"(?:{_ARCHIVES})(?:\.[a-z]{{2}})?/(?:9[1-9]|0[0-7]){_MONTH}\d{{3}}"
_ARXIV = rf"({_NEW}|{_OLD})(?:v([1-9]\d?))?"
_FLAGS = re.IGNORECASE | re.ASCII

_ARXIV_WRITTEN = re.compile(
    rf"\s*(?:oai:arxiv\.org:|(?:doi:\s*)?10\.48550/arxiv\.|arxiv[:\s]\s*)?{_ARXIV}"
    r"(?:\.pdf)?\s*(?:\[[\w.-]+\])?[\s.,;:)\]]*",
    _FLAGS,
)
_ARXIV_IN_PATH = re.compile(rf"(?:arxiv:)?{_ARXIV}(?!\w)", _FLAGS)
_ARXIV_VIEWS = "abs|pdf|html|e-print|ps|src|format|tb"
_ARXIV_HOSTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(host, _FLAGS), re.compile(path, _FLAGS))
    for host, path in (
        (r"(?:[\w-]+\.)?arxiv\.org|xxx\.lanl\.gov", rf"/(?:{_ARXIV_VIEWS})/"),
        (r"ar5iv\.org|ar5iv\.labs\.arxiv\.org", r"/(?:abs|html)/"),
        (r"arxiv-vanity\.com", r"/papers/"),
        (r"alphaxiv\.org", r"/(?:[a-z]{2}(?:-[a-z]{2})?/)?(?:abs|pdf|html|overview|resources)/"),
        (r"(?:huggingface\.co|hf\.co|hf-mirror\.com|emergentmind\.com)", r"/(?:api/)?papers/"),
        (r"(?:papers\.cool|scirate\.com|semanticscholar\.org|hjfy\.top)", r"/arxiv/"),
        (r"xxx\.itp\.ac\.cn", rf"/(?:{_ARXIV_VIEWS})/"),
        (r"arxiv-sanity\.com", r"/(?=\d)"),
        (r"catalyzex\.com", r"/paper/(?=arxiv:)"),
        (r"ui\.adsabs\.harvard\.edu", r"/abs/(?=arxiv:)"),
        (r"api\.semanticscholar\.org", r"/(?=arxiv:)"),
    )
)

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", _FLAGS)
_DOI_WRITTEN = re.compile(
    r"\s*(?:((?:https?://)?(?:(?:dx|www)\.)?doi\.org/)|doi[:\s]\s*|info:doi/)?"
    r"(10\.\d{4,9}(?:/|%2f)[^\s\"<>]{1,250})\s*",
    _FLAGS,
)
# Publishers whose addresses hold the DOI; what follows it is the name of a view.
_DOI_HOSTS = re.compile(
    r"(?:.+\.)?(?:doi\.org|acm\.org|springer\.com|wiley\.com|science\.org|pnas\.org|"
    r"tandfonline\.com|biorxiv\.org|medrxiv\.org|sagepub\.com|acs\.org|siam\.org|aps\.org|iop\.org|"
    r"frontiersin\.org|royalsocietypublishing\.org|annualreviews\.org|sci-hub\.[a-z]{2,3})",
    _FLAGS,
)
_DOI_VIEW = re.compile(r"(?:/(?:full|abstract|pdf|epdf|meta|fulltext|html))?(?:\.pdf)?$", _FLAGS)
_PREPRINT_VIEW = re.compile(r"v\d+(?:\..*)?$", _FLAGS)

_OPENREVIEW_HOSTS = frozenset({"openreview.net", "api.openreview.net", "api2.openreview.net"})
_OPENREVIEW_PATHS = frozenset({"/forum", "/pdf", "/attachment"})
_OPENREVIEW_ID = re.compile(r"[\w-]{5,40}", re.ASCII)
_CVF_NAME = re.compile(
    r"/(?:html|papers)/(?:[^/]+/)*([^/]+?)_(?:([A-Z]+)_(\d{4})|(\d{4})_([A-Z]+))_paper\.(?:html|pdf)$",
    _FLAGS,
)
_PMLR = re.compile(r"^(?:/proceedings/papers)?/(v\d+)/([\w-]+)(?:\.html|\.pdf|/|$)", _FLAGS)
_PMLR_ASSET = re.compile(r"^/mlresearch/(v\d+)/[\w-]+/assets/([\w-]+)/", _FLAGS)
_ACL = re.compile(
    r"/([a-z]\d{2}-\d{4}|\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.\d+)(?:v\d)?(?:\.pdf|\.bib|\.xml)?(?:/|$)",
    _FLAGS,
)
# Cool Papers names venue papers by the id they have at their own site: "rJXMpikCZ@OpenReview".
_COOL = re.compile(r"^/venue/([\w.-]{3,200})@(?:(\w{3,12})@)?(OpenReview|ACL|CVF)/?$", _FLAGS)
_NATURE = re.compile(r"^/articles/(s\d{5}-[\d-]+\w|nature\d{4,6})(?:\.pdf)?/?$", _FLAGS)
# Sites that wrap outgoing links, and the query field that holds the address.
_WRAPPERS = {
    "link.zhihu.com": ("target",),
    "weibo.cn": ("u", "toasturl"),
    "weibo.com": ("u", "toasturl"),
    "google.com": ("q", "url", "u"),
    "facebook.com": ("u",),
    "link.csdn.net": ("target",),
    "link.juejin.cn": ("target",),
    "link.jianshu.com": ("t",),
    "jianshu.com": ("url",),
    "douban.com": ("url",),
    "pc.qq.com": ("pfurl", "url"),
    "mail.qq.com": ("url", "gourl"),
    "out.reddit.com": ("url",),
    "youtube.com": ("q",),
    "linkedin.com": ("url",),
    "slack-redir.net": ("url",),
    "medium.com": ("url",),
    "safelinks.protection.outlook.com": ("url",),
}
_READER = re.compile(r"^/(https?:/.+)$", _FLAGS)
_ARCHIVED = re.compile(r"^/web/\d+\w*/(https?:/.+)$", _FLAGS)

_LONGEST = 300
"""Characters of a name that leads to a paper; the longest that were seen, of CVF papers, have 180."""
_TRAILING = ".,;:!?'\"*_`]}("
_CANDIDATE = re.compile(
    r"https?://[!#-;=?-Z_a-z~%]+"
    r"|(?<![\w./@-])(?:[a-z0-9-]+\.)+(?:org|net|press|com|co|cool|cn|top)/[!#-;=?-Z_a-z~%]+"
    rf"|(?<![\w./-])arxiv[:\s]\s{{0,3}}{_NEW}(?!\d)|(?<![\w./-])arxiv[:\s]\s{{0,3}}{_OLD}(?!\d)"
    r"|(?<![\w./-])10\.\d{4,9}/[!#-;=?-Z_a-z~%]+",
    _FLAGS,
)


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """The arXiv id that `text` is (not: holds), and its version: ("1711.03678", 2); else None.

    Takes a bare or labelled id, arXiv's DOI, and links to arXiv and its mirrors. Old ids lose their
    subject class ("math.GT/0309136" -> "math/0309136"). A bare id must have the four digits used
    before 2015 or the five used since; a labelled or linked one may have either.
    """
    match = _ARXIV_WRITTEN.fullmatch(text)
    if match is None:
        url = _split(text)
        return _arxiv_link(url) if url else None
    bare = text.lstrip()[: len(match[1])] == match[1]
    if bare and "/" not in match[1] and (len(match[1]) == 10) != (match[1][:4] >= "1501"):
        return None
    return _arxiv(match)


def doi(text: str) -> str | None:
    """The DOI that `text` is, bare, labelled or as a resolver's link: lower case; else None."""
    match = _DOI_WRITTEN.fullmatch(text)
    if match is None:
        return None
    value = unquote(re.split("[?#]", match[2])[0]) if match[1] else match[2]
    return _trim(value).lower()


def dois(text: str) -> tuple[str, ...]:
    """Every DOI in `text`, in order, without repeats: some fields hold two with a blank between."""
    return tuple(dict.fromkeys(_trim(found).lower() for found in _DOI.findall(text)))


def resolve(url: str) -> str | None:
    """A link -> the paper it leads to, e.g. "arxiv:1711.03678", "openreview:rJXMpikCZ"; else None.

    Kinds: arxiv (without version), doi, openreview (forum), cvf ("CVPR2017/…"), pmlr
    ("v70/finn17a"), acl ("P17-1001"). Written ids ("arXiv:…", "10.1038/…") are understood too.
    """
    url = _unwrapped(url)
    if found := arxiv_id(url):
        return f"arxiv:{found[0]}"
    if value := doi(url):
        return f"doi:{value}"
    parts = _split(url)
    if parts is None:
        return None
    for read in (_openreview, _cvf, _pmlr, _acl, _cool, _publisher):
        if found := read(parts):
            return found if len(found) <= _LONGEST else None
    return None


def cvf_id(url: str) -> str | None:
    """The id of a CVF paper from its page or PDF: "CVPR2017/Mousavian_3D_Bounding_Box", else None.

    Derived from the file name, the one part that is the same in every layout and on every host.
    """
    match = _CVF_NAME.search(unquote(url.split("?")[0].split("#")[0]))
    if match is None:
        return None
    venue, year = match[2] or match[5], match[3] or match[4]
    return f"{venue.upper()}{year}/{match[1]}"


def find_identifiers(html_or_text: str) -> tuple[str, ...]:
    """Every identifier linked or written in a text, in order, without repeats.

    Reads href attributes, Markdown links, bare URLs, "arXiv:1711.03678" and bare DOIs. Numbers that
    merely look like an arXiv id are not taken.
    """
    return tuple(dict.fromkeys(_identifiers(html.unescape(html_or_text))))


def _identifiers(text: str) -> Iterator[str]:
    for match in _CANDIDATE.finditer(text):
        if found := resolve(_trim(match[0])):
            yield found


def _arxiv(match: re.Match[str]) -> tuple[str, int | None]:
    name = match[1].lower()
    if "/" in name:
        archive, _, number = name.partition("/")
        name = f"{archive.split('.')[0]}/{number}"
    return name, int(match[2]) if match[2] else None


def _arxiv_link(url: SplitResult) -> tuple[str, int | None] | None:
    path = unquote(url.path)
    for host, view in _ARXIV_HOSTS:
        if host.fullmatch(_host(url)) and (lead := view.match(path)):
            match = _ARXIV_IN_PATH.match(path, lead.end())
            return _arxiv(match) if match else None
    if _host(url) == "doi.org" and (match := _ARXIV_WRITTEN.fullmatch(path.lstrip("/"))):
        return _arxiv(match)
    return None


def _openreview(url: SplitResult) -> str | None:
    path = url.path.rstrip("/")
    if _host(url) not in _OPENREVIEW_HOSTS or path not in _OPENREVIEW_PATHS:
        return None
    forum = parse_qs(url.query).get("id", [""])[0]
    return f"openreview:{forum}" if _OPENREVIEW_ID.fullmatch(forum) else None


def _cvf(url: SplitResult) -> str | None:
    if _host(url) not in ("openaccess.thecvf.com", "cv-foundation.org"):
        return None
    name = cvf_id(url.path)
    return f"cvf:{name}" if name else None


def _pmlr(url: SplitResult) -> str | None:
    host = _host(url)
    jmlr = host.endswith("jmlr.org") or host == "jmlr.csail.mit.edu"
    if host == "raw.githubusercontent.com":
        match = _PMLR_ASSET.match(url.path)
    elif host == "proceedings.mlr.press" or (jmlr and "/papers/" in url.path):
        match = _PMLR.match(url.path)
    else:
        return None
    return f"pmlr:{match[1].lower()}/{match[2]}" if match and match[2] != "assets" else None


def _acl(url: SplitResult) -> str | None:
    if _host(url) not in (
        "aclanthology.org",
        "aclanthology.info",
        "aclweb.org",
        "anthology.aclweb.org",
        "aclanthology.coli.uni-saarland.de",
    ):
        return None
    match = _ACL.search(url.path)
    if match is None:
        return None
    return f"acl:{_acl_name(match[1])}"


def _acl_name(name: str) -> str:
    return name.upper() if name[0].isalpha() else name.lower()


def _cool(url: SplitResult) -> str | None:
    match = _COOL.match(unquote(url.path)) if _host(url) == "papers.cool" else None
    if match is None:
        return None
    name, venue, site = match.groups()
    if site.lower() == "openreview" and _OPENREVIEW_ID.fullmatch(name):
        return f"openreview:{name}"
    if site.lower() == "cvf" and venue:
        return f"cvf:{venue.upper()}/{name}"
    if site.lower() == "acl" and (found := _ACL.match(f"/{name}")):
        return f"acl:{_acl_name(found[1])}"
    return None


def _publisher(url: SplitResult) -> str | None:
    host, path = _host(url), unquote(url.path)
    if host == "nature.com" and (match := _NATURE.match(path)):
        return f"doi:10.1038/{match[1].lower()}"
    match = _DOI.search(path) if _DOI_HOSTS.fullmatch(host) else None
    if match is None:
        return None
    value = _DOI_VIEW.sub("", _trim(match[0]).rstrip("/"))
    if host.endswith("rxiv.org"):
        value = _PREPRINT_VIEW.sub("", value)
    return f"doi:{value.lower()}"


def _unwrapped(text: str) -> str:
    """The address inside a wrapped or archived link (one level deep), else the text itself."""
    url = _split(text)
    if url is None:
        return text
    if _host(url) == "web.archive.org" and (match := _ARCHIVED.match(url.path)):
        return match[1]
    if _host(url) == "r.jina.ai" and (match := _READER.match(url.path)):
        return match[1]
    for name in _wrapped_in(_host(url)):
        value = parse_qs(url.query).get(name, [""])[0]
        if value.startswith(("http://", "https://")):
            return value
    return text


def _wrapped_in(host: str) -> tuple[str, ...]:
    """The query fields in which a site hides where its links lead."""
    while host:
        if host in _WRAPPERS:
            return _WRAPPERS[host]
        host = host.partition(".")[2]
    return ()


def _split(text: str) -> SplitResult | None:
    text = text.strip()
    try:
        url = urlsplit(text if "://" in text[:12] else f"https://{text}")
        return url if url.hostname and "." in url.hostname else None
    except ValueError:
        return None


def _host(url: SplitResult) -> str:
    return (url.hostname or "").removeprefix("www.")


def _trim(text: str) -> str:
    """Cut what belongs to the sentence: end marks, and a bracket opened before the link."""
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            text = text[:place]
            break
    return text.rstrip(_TRAILING)
