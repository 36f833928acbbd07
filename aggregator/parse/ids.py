"""Identifiers of papers as they are written: arXiv ids, DOIs, the names that proceedings sites give."""

import re
from datetime import date
from urllib.parse import SplitResult, unquote

from aggregator.parse.urls import before_chinese, host, split, trimmed

# Archives of identifiers until March 2007: arXiv's taxonomy and the archives it absorbed.
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|"
    "cond-mat|cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|"
    "nucl-ex|nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|q-fin|quant-ph|solv-int|stat|supr-con"
)
_MONTH = r"(?:0[1-9]|1[0-2])"
ARXIV_NEW = rf"(?:0[7-9]|[1-9]\d){_MONTH}\.\d{{4,5}}"
ARXIV_OLD = rf"(?:{_ARCHIVES})(?:\.[a-z]{{2}})?/(?:9[1-9]|0[0-7]){_MONTH}\d{{3}}"
_ARXIV = rf"({ARXIV_NEW}|{ARXIV_OLD})(?:v([1-9]\d?))?"
_FLAGS = re.IGNORECASE | re.ASCII

_ARXIV_WRITTEN = re.compile(
    rf"\s*(?:oai:arxiv\.org:|(?:doi:\s*)?10\.48550/arxiv\.|arxiv(?:\s?id)?[:：\s]\s*)?{_ARXIV}"
    r"(?:\.pdf)?\s*(?:\[[\w.-]+\])?[\s.,;:)\]]*",
    _FLAGS,
)
_ARXIV_IN_PATH = re.compile(rf"(?:arxiv:)?{_ARXIV}(?!\w)", _FLAGS)
_ARXIV_VIEWS = "abs|pdf|html|e-print|ps|src|format|tb"
_ARXIV_HOSTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(host, _FLAGS), re.compile(path, _FLAGS))
    for host, path in (
        (r"(?:[\w-]+\.)?arxiv\.org|xxx\.lanl\.gov", rf"/(?:{_ARXIV_VIEWS})/"),
        (r"cds\.cern\.ch", r"/record/\d+/files/(?=arxiv:)"),
        (r"inspirehep\.net", r"/(?:api/)?arxiv/"),
        (r"bytez\.com", r"/docs/arxiv/"),
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
_RXIV = re.compile(
    r"(10\.(?:1101|64898)/(?:\d{4}\.\d\d\.\d\d\.)?\d{5,9})v\d{1,3}(?:\.[\w.+]+)?", re.ASCII
)
"""A DOI of bioRxiv's or medRxiv's with the version and view of their addresses, which Crossref does not
know."""
_CVF_NAME = re.compile(
    r"/(?:html|papers)/(?:[^/]+/)*([^/]+?)_(?:([A-Z]+)_(\d{4})|(\d{4})_([A-Z]+))_paper\.(?:html|pdf)$",
    _FLAGS,
)
_NEURIPS = re.compile(
    r"/paper(?:_files/paper)?/(\d{4})/(?:hash|file)/([0-9a-f]{32})-\w{1,20}(?:-(\w{1,60}))?\.\w{2,4}",
    re.ASCII,
)
_ACL_DOI = re.compile(r"10\.(?:18653|3115)/v1/([a-z]\d{2}-\d{4}|\d{4}\.[\w-]+\.\d+)", _FLAGS)
_ACL_NAME = re.compile(r"[a-z](\d{2})-\d{4}|(\d{4})\.[\w-]+\.\d+", _FLAGS)
ACL_FIRST_DOIS, ACL_OWN_PREFIX = 2012, 2016
"""From which years on ACL's papers have DOIs, and have them under ACL's own prefix."""
_CENTURY = 65
"""The Anthology's first year is 1965: J65-1001 could not be of 2065."""
_NEURIPS_MAIN = "Conference"
_ARXIV_BEGAN = 91
"""The year of the first ids."""
_FTP = re.compile(r"^/ftp/([a-z-]+)/papers/\d{4}/(\d{4}[.\d]\d{2,5})(?!\d)", _FLAGS)


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """The arXiv id that `text` is (not: holds), and its version: ("1711.03678", 2); else None.

    Takes a bare or labelled id, arXiv's DOI, and links to arXiv and its mirrors. Old ids lose their
    subject class ("math.GT/0309136" -> "math/0309136"). A bare id must have the four digits used
    before 2015 or the five used since; a labelled or linked one may have either.
    """
    match = _ARXIV_WRITTEN.fullmatch(text)
    if match is None:
        url = split(text)
        return _arxiv_link(url) if url else None
    bare = text.lstrip()[: len(match[1])] == match[1]
    if bare and "/" not in match[1] and (len(match[1]) == 10) != (match[1][:4] >= "1501"):
        return None
    return _arxiv(match)


def arxiv_month(native: str) -> date:
    """The first day of the month that an arXiv id names: "1711.03678", "math/0309136"."""
    digits = native.rpartition("/")[2]
    year = int(digits[:2])
    return date(year + (1900 if year >= _ARXIV_BEGAN else 2000), int(digits[2:4]), 1)


def doi(text: str) -> str | None:
    """The DOI that `text` is, bare, labelled or as a resolver's link: lower case; else None."""
    match = _DOI_WRITTEN.fullmatch(text)
    if match is None:
        return None
    value = unquote(re.split("[?#]", match[2])[0]) if match[1] else match[2]
    return _registered(value)


def dois(text: str) -> tuple[str, ...]:
    """Every DOI in `text`, in order, without repeats: some fields hold two with a blank between."""
    return tuple(dict.fromkeys(map(_registered, _DOI.findall(text))))


def _registered(text: str) -> str:
    value = trimmed(before_chinese(text)).lower()
    match = _RXIV.fullmatch(value)
    return match[1] if match else value


def cvf_id(url: str) -> str | None:
    """The id of a CVF paper from its page or PDF: "CVPR2017/Mousavian_3D_Bounding_Box", else None.

    Derived from the file name, the one part that is the same in every layout and on every host.
    """
    match = _CVF_NAME.search(unquote(url.split("?")[0].split("#")[0]))
    if match is None:
        return None
    venue, year = match[2] or match[5], match[3] or match[4]
    return f"{venue.upper()}{year}/{match[1]}"


def neurips_id(url: str) -> str | None:
    """The id of a NeurIPS paper from the address of its page or a file: "2017/3f5e…", other tracks
    named; else None.

    The main track is left out, since addresses named it from 2022 on only.
    """
    match = _NEURIPS.search(url)
    if match is None:
        return None
    track = "" if match[3] in (None, _NEURIPS_MAIN) else f"-{match[3].lower()}"
    return f"{match[1]}/{match[2]}{track}"


def acl_id(value: str) -> str | None:
    """The ACL Anthology's id in a DOI of ACL's: "10.18653/v1/n18-2074" -> "N18-2074"; else None."""
    match = _ACL_DOI.fullmatch(value)
    return acl_name(match[1]) if match else None


def acl_doi(name: str) -> str | None:
    """The DOI of a paper of the ACL Anthology, which are made of its ids since 2012; None before."""
    match = _ACL_NAME.fullmatch(name)
    if match is None:
        return None
    short, full = match.groups()
    year = int(full) if full else int(short) + (2000 if int(short) < _CENTURY else 1900)
    if year < ACL_FIRST_DOIS:
        return None
    return f"{'10.18653' if year >= ACL_OWN_PREFIX else '10.3115'}/v1/{name.lower()}"


def acl_name(name: str) -> str:
    """An id of the ACL Anthology as it writes it: "P17-1001", "2020.findings-emnlp.12"."""
    return name.upper() if name[0].isalpha() else name.lower()


def _arxiv(match: re.Match[str]) -> tuple[str, int | None]:
    name = match[1].lower()
    if "/" in name:
        archive, _, number = name.partition("/")
        name = f"{archive.split('.')[0]}/{number}"
    return name, int(match[2]) if match[2] else None


def _arxiv_link(url: SplitResult) -> tuple[str, int | None] | None:
    path = _without_ftp(unquote(url.path))
    for hosts, view in _ARXIV_HOSTS:
        if hosts.fullmatch(host(url)) and (lead := view.match(path)):
            match = _ARXIV_IN_PATH.match(path, lead.end())
            return _arxiv(match) if match else None
    if host(url) == "doi.org" and (match := _ARXIV_WRITTEN.fullmatch(path.lstrip("/"))):
        return _arxiv(match)
    return None


def _without_ftp(path: str) -> str:
    """Files of papers that arXiv serves as they came: /ftp/cs/papers/0112/0112017.pdf."""
    match = _FTP.match(path)
    if match is None:
        return path
    return f"/pdf/{match[2]}" if match[1].lower() == "arxiv" else f"/pdf/{match[1]}/{match[2]}"
