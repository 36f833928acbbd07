"""The DOI that a publisher's web address holds, or tells by a rule of that publisher (pure)."""

import re
from urllib.parse import SplitResult, unquote

from aggregator.parse.urls import field, host, trimmed

_FLAGS = re.IGNORECASE | re.ASCII
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", _FLAGS)
# Publishers whose addresses hold the DOI; what follows it is the name of a view. ACM's `delivery`
# has a path that only looks like one.
_HOLDING = re.compile(
    r"(?:(?!delivery\.).+\.)?(?:doi\.org|acm\.org|springer\.com|wiley\.com|science\.org|pnas\.org|"
    r"tandfonline\.com|biorxiv\.org|medrxiv\.org|sagepub\.com|acs\.org|siam\.org|aps\.org|iop\.org|"
    r"frontiersin\.org|royalsocietypublishing\.org|annualreviews\.org|plos\.org|sci-hub\.[a-z]{2,3})",
    _FLAGS,
)
# Software of many publishers: /doi/abs/10.1162/neco.1992.4.1.1
_UNDER_DOI = re.compile(r"/doi/(?:[a-z]{2,12}/)?(?=10\.\d{4,9}/)", _FLAGS)
_VIEW = re.compile(r"(?:/(?:full|abstract|pdf|epdf|meta|fulltext|html))?(?:\.pdf)?$", _FLAGS)
_PREPRINT_VIEW = re.compile(r"v\d+(?:\..*)?$", _FLAGS)

_EARLY = r"/content/(?:\w+/)?early/\d{4}/\d\d/\d\d/"
_NATURE = r"s\d{5}-[\d-]+\w|[a-z]{2,10}\d{4,6}|[a-z]{2,10}\.\d{4}(?:\.\d{1,4})?"
# (host, path, DOI made of the path's groups). Their own pages and Crossref agree on these.
_RULES: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?:.+\.)?(?:{name})", _FLAGS), re.compile(path, _FLAGS), made)
    for name, path, made in (
        (r"nature\.com", rf"/articles/(?:doi:10\.1038/)?({_NATURE})(?:\.e?pdf)?/?", "10.1038/{0}"),
        (
            r"nature\.com",
            rf"/[a-z]+/(?:[\w-]+/)*?(?:full|abs|pdf)/({_NATURE})\.(?:html|pdf)",
            "10.1038/{0}",
        ),
        (
            r"(?:bio|med)rxiv\.org",
            _EARLY + r"((?:\d{4}\.\d\d\.\d\d\.)?\d{5,9})(?:[.v/].*)?",
            "10.1101/{0}",
        ),
        (
            r"sciencemag\.org",
            _EARLY + r"((?:science|sci[a-z]{2,10})\.\w{7,9})(?:[./].*)?",
            "10.1126/{0}",
        ),
        (r"pnas\.org", _EARLY + r"(\d{10})(?:[./].*)?", "10.1073/pnas.{0}"),
        (r"elifesciences\.org", r"/articles/(\d{5,6})(?:v\d)?(?:/.*)?", "10.7554/elife.{0}"),
        (
            r"preprints\.org",
            r"/manuscript/(\d{6}\.\d{4})/(v\d+)(?:/.*)?",
            "10.20944/preprints{0}.{1}",
        ),
        (r"psyarxiv\.com", r"/([a-z0-9]{5})/?", "10.31234/osf.io/{0}"),
        (r"osf\.io", r"/preprints/psyarxiv/([a-z0-9]{5})/?", "10.31234/osf.io/{0}"),
        (r"ssrn\.com", r"/abstract=(\d{5,8})", "10.2139/ssrn.{0}"),
        (
            r"ijcai\.org",  # DOIs since 2017
            r"/proceedings/(201[7-9]|20[2-9]\d)/0*([1-9]\d*)(?:\.pdf)?/?",
            "10.24963/ijcai.{0}/{1}",
        ),
        (
            r"isca-speech\.org",
            r"/archive/interspeech_(20\d\d)/(?:pdfs|abstracts)/0*([1-9]\d*)\.(?:pdf|html)",
            "10.21437/interspeech.{0}-{1}",
        ),
    )
)
# Query fields that hold the DOI or what completes it: (host, field, DOI).
_FIELDS = (
    (re.compile(r"journals\.plos\.org"), "id", "{0}"),
    (re.compile(r"(?:papers\.)?ssrn\.com"), "abstract_id", "10.2139/ssrn.{0}"),
    (re.compile(r"dl\.acm\.org"), "doid", "10.1145/{0}"),
    (re.compile(r".+"), "doi", "{0}"),
)
# MDPI's addresses are made of ISSN, volume, issue and number; its DOIs of a short name and those.
_MDPI = re.compile(r"/(\d{4}-\d{3}[\dx])/(\d{1,3})/(\d{1,2})/(\d{1,5})(?:/.*)?", _FLAGS)
_MDPI_NAMES = {
    "1099-4300": "e",
    "1424-8220": "s",
    "1999-4893": "a",
    "2072-4292": "rs",
    "2076-3417": "app",
    "2078-2489": "info",
    "2079-9292": "electronics",
    "2227-7390": "math",
    "2313-433x": "jimaging",
    "2504-2289": "bdcc",
    "2504-4990": "make",
}


def doi_of(url: SplitResult) -> str | None:
    """The DOI of the work that this address of a publisher leads to, in lower case; else None."""
    name, path = host(url), unquote(url.path)
    found = _by_rule(name, path) or _mdpi(name, path) or _written(name, path) or _asked(name, url)
    return found.lower() if found else None


def _by_rule(name: str, path: str) -> str | None:
    for hosts, form, made in _RULES:
        if hosts.fullmatch(name) and (match := form.fullmatch(path)):
            return made.format(*match.groups())
    return None


def _mdpi(name: str, path: str) -> str | None:
    match = _MDPI.fullmatch(path) if name == "mdpi.com" else None
    short = _MDPI_NAMES.get(match[1].lower()) if match else None
    if match is None or short is None:
        return None
    return f"10.3390/{short}{int(match[2])}{int(match[3]):02}{int(match[4]):04}"


def _written(name: str, path: str) -> str | None:
    if _HOLDING.fullmatch(name):
        match = _DOI.search(path)
    else:
        lead = _UNDER_DOI.search(path)
        match = _DOI.match(path, lead.end()) if lead else None
    if match is None:
        return None
    value = _VIEW.sub("", trimmed(match[0]).rstrip("/"))
    return _PREPRINT_VIEW.sub("", value) if name.endswith("rxiv.org") else value


def _asked(name: str, url: SplitResult) -> str | None:
    for hosts, wanted, made in _FIELDS:
        value = field(url, wanted) if hosts.fullmatch(name) else ""
        if value and (found := _DOI.fullmatch(made.format(value))):
            return trimmed(found[0])
    return None
