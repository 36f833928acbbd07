"""Web addresses as people paste them: read, trimmed, and taken out of what wraps them (pure)."""

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

MOST_WRAPS = 3
"""Wrappers around wrappers that are taken off: a chat's redirect around a search engine's, say."""

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
    "gitee.com": ("target",),
    "cloud.tencent.com": ("target",),
    "oschina.net": ("url",),
    "out.reddit.com": ("url",),
    "youtube.com": ("q",),
    "linkedin.com": ("url",),
    "duckduckgo.com": ("uddg",),
    "vk.com": ("to",),
    "t.umblr.com": ("z",),
    "fermatslibrary.com": ("url",),
    "slack-redir.net": ("url",),
    "medium.com": ("url",),
    "safelinks.protection.outlook.com": ("url",),
}
# Sites whose path is an archived or otherwise prepared page's address.
_PREFIXES = {
    "web.archive.org": re.compile(r"^/web/\d+\w*/(https?:/.+)$", re.IGNORECASE | re.ASCII),
    "r.jina.ai": re.compile(r"^/(https?:/.+)$", re.IGNORECASE | re.ASCII),
}
_ONE_SLASH = re.compile(r"^(https?:/)(?!/)", re.IGNORECASE)
_TRAILING = ".,;:!?'\"*_`]}("
# Signs of Chinese sentences, as they are and as sites write them in addresses; none is part of one.
_CHINESE = "。，；：！？、（）《》〈〉「」『』【】〔〕［］｛｝“”‘’…"
_CHINESE_SIGN = re.compile(f"[{_CHINESE}]|{'|'.join(map(quote, _CHINESE))}", re.IGNORECASE)


@lru_cache(maxsize=256)  # who asks where a link leads, asks for its parts again and again
def split(text: str) -> SplitResult | None:
    """The parts of a web address, with or without its scheme; None if it is none."""
    text = text.strip()
    try:
        url = urlsplit(text if "://" in text[:12] else f"https://{text}")
        return url if url.hostname and "." in url.hostname else None
    except ValueError:
        return None


@lru_cache(maxsize=256)
def host(url: SplitResult) -> str:
    """The host in lower case, without "www."."""
    return (url.hostname or "").removeprefix("www.")


def field(url: SplitResult, name: str) -> str:
    """The first value of a query field, decoded; "" without one."""
    try:
        return parse_qs(url.query).get(name, [""])[0]
    except ValueError:  # more fields than anybody writes
        return ""


def unwrapped(text: str) -> str:
    """The address inside a redirector's or an archive's link, up to three deep; else the text itself.
    Nothing is asked of any host."""
    for _ in range(MOST_WRAPS):
        inner = _inner(text)
        if inner is None:
            break
        text = inner
    return text


def before_chinese(text: str) -> str:
    """What stands before the first sign of a Chinese sentence: where links are made of addresses in one,
    what follows them is often taken in."""
    return _CHINESE_SIGN.split(text, maxsplit=1)[0]


def trimmed(text: str) -> str:
    """Cut what belongs to the sentence: end marks, and a bracket opened before the link."""
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            text = text[:place]
            break
    return text.rstrip(_TRAILING)


def _inner(text: str) -> str | None:
    url = split(text)
    if url is None:
        return None
    prefix = _PREFIXES.get(host(url))
    if prefix and (match := prefix.match(url.path)):
        found = _ONE_SLASH.sub(r"\1/", match[1])
        return f"{found}?{url.query}" if url.query else found
    for name in _fields_of(host(url)):
        value = field(url, name)
        if value.lower().startswith(("http://", "https://")):
            return value
        if value.lower().startswith(("http%3a", "https%3a")):  # some encode twice
            return unquote(value)
    return None


def _fields_of(name: str) -> tuple[str, ...]:
    """The query fields in which a site hides where its links lead."""
    while name:
        if name in _WRAPPERS:
            return _WRAPPERS[name]
        name = name.partition(".")[2]
    return ()
