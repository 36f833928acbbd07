"""Reads the pages on which RSSHub says in words why it has no feed (pure)."""

import re

from selectolax.lexbor import LexborHTMLParser

from aggregator.errors import SourceError
from aggregator.models import Status
from aggregator.parse.page import decode
from aggregator.parse.text import plain, shortened
from aggregator.sources.base import Note

MOST_WORDS = 200
_PAGE = re.compile(r"something went wrong|error message", re.IGNORECASE)
_STACK = re.compile(r"\s+at (?:async )?[\w.<>\[\] ]+ ?\(.*|\s+at (?:async )?file:.*", re.DOTALL)
_BUSY = re.compile(
    r"currently fetching|come back later|cooling down|too many requests|\b429\b", re.I
)
# What the sites behind RSSHub answer to robots and to those whose log-in has ended.
_SHUT = re.compile(
    r"cookie|log ?in|not logged|captcha|verif|challenge|forbidden|\b(?:401|403|412|418|432)\b|"
    r"anti-?(?:crawl|spider|bot)|blocked|验证|登录|反爬|请求参数异常|访问异常",
    re.IGNORECASE,
)
_NO_CONFIG = re.compile(r"ConfigNotFound|is not (?:set|configured)|config(?:uration)? is (?:missing|required)"
                        r"|disabled due to the lack of", re.IGNORECASE)  # fmt: skip
_EMPTY = re.compile(r"route is empty", re.IGNORECASE)
_NO_ROUTE = re.compile(r"NotFoundError|wrong path|route does not exist", re.IGNORECASE)
_KEY = re.compile(r"RejectError|authentication failed|access denied", re.IGNORECASE)
_COOKIES = {"zhihu": "ZHIHU_COOKIES", "weibo": "WEIBO_COOKIES", "wechat": "the account's log-in"}


def said(page: bytes) -> str:
    """What RSSHub's error page says, without the trace of where in its code; "" if it is none."""
    text = decode(page)
    if not _PAGE.search(text):
        return ""
    tree = LexborHTMLParser(text)
    for node in tree.css("code, pre"):
        words = plain(_STACK.sub("", node.text()))
        if words:
            return shortened(words, MOST_WORDS)
    return ""


def complaint(route: str, words: str, error: SourceError) -> Note:
    """What people should know of a route that gave no feed; `words` are RSSHub's own, if any."""
    if not words:
        return Note("failed", f"{route}: {error}")
    status, hint = _meaning(route, words)
    return Note(status, f'{route}: RSSHub says "{words.rstrip(".")}". {hint}')


def _meaning(route: str, words: str) -> tuple[Status, str]:
    site = route.split("/")[1]
    cookies = _COOKIES.get(site, f"its settings for {site}")
    if _NO_CONFIG.search(words):
        return "challenged", f"Set {cookies} in that instance."
    if _KEY.search(words):
        return "failed", "The instance wants its access key: add ?key=… to the route."
    if _NO_ROUTE.search(words):
        return "failed", "Look the route up in RSSHub's documentation, or update the instance."
    if _BUSY.search(words):
        return "throttled", "It is asked again next time."
    if _EMPTY.search(words):
        return (
            "failed",
            f"Nothing was posted, or {site} shows it nothing: see if {cookies} expired.",
        )
    if _SHUT.search(words):
        return "challenged", f"{site} lets the instance in no more: renew {cookies}."
    return "failed", f"If {site} works in a browser, update the instance."
