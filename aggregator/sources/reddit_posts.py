"""Reads Reddit's listings, Atom and JSON, into drafts of posts (pure)."""

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.errors import (
    BrokenError,
    ChallengedError,
    RefusedError,
    SourceError,
    ThrottledError,
)
from aggregator.models import Draft, Parsed
from aggregator.parse.dates import EARLIEST, LATEST
from aggregator.parse.feed import FeedEntry, parse_feed
from aggregator.parse.links import find_identifiers, resolve
from aggregator.parse.page import decode, is_html, is_wall
from aggregator.parse.text import clean_html, is_damaged, plain, shortened, storable

KIND = "reddit"
SITE = "https://www.reddit.com"
MOST_TEXT = 4000
"""Characters kept of a post's own text: enough to tag and to read what it is about."""
_GONE = frozenset({"[removed]", "[deleted]"})
_COMMENTS = re.compile(r"/comments/([0-9a-z]{1,13})/")
_NAME = re.compile(r"t3_[0-9a-z]{1,13}")
_TAG = re.compile(r"\s*[\[(]\s*([A-Za-z]+)\s*[\])]")
# r/MachineLearning's tags in titles, and one of its flairs as it was really spelled.
_FLAIRS = {
    "r": "Research",
    "d": "Discussion",
    "p": "Project",
    "n": "News",
    "research": "Research",
    "discussion": "Discussion",
    "discusssion": "Discussion",
    "project": "Project",
    "news": "News",
}
_BLOCKED = re.compile(r"whoa there|too many requests|blocked due to a network policy", re.I)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of posts, in its order; `after` names where the next one goes on, "" if none does.

    `posts` are all that can be read, `parsed` those of them that are wanted. `sound` is false where
    a post cannot be read, or only with bytes that are no text.
    """

    posts: tuple[Draft, ...]
    parsed: Parsed
    after: str
    sound: bool


def read_listing(
    body: bytes, content_type: str, url: str, min_score: int | None, now: datetime
) -> Listing:
    """A page of a listing, in either format; `parsed` leaves out posts below `min_score`. What is
    dated later than tomorrow has no date that can be believed.

    Raises ThrottledError, ChallengedError, RefusedError or BrokenError for what is no listing.
    """
    if body.lstrip()[:1] in (b"{", b"["):
        children, after, whole = _json_children(_load(body, url), url)
        posts = [_believed(_from_child(child), now) for child in children]
        listing = _listing(posts, after, min_score)
        return listing if whole else replace(listing, sound=False)
    if is_html(body):
        raise html_error(decode(body, content_type), url)
    # Reddit writes UTF-8. Broken bytes are damage, and no other encoding to be guessed.
    entries = parse_feed(body.decode("utf-8", "replace").encode(), content_type).entries
    read = [_believed(_from_entry(entry), now) for entry in entries]
    # Atom does not say whether more follows: going on after its last post tells
    names = [post.native_id for post in read if isinstance(post, Draft)]
    return _listing(read, names[-1] if names else "", min_score)


def _listing(read: Sequence[Draft | str | None], after: str, min_score: int | None) -> Listing:
    posts = {post.native_id: post for post in read if isinstance(post, Draft)}
    least = -math.inf if min_score is None else min_score
    wanted = tuple(post for post in posts.values() if post.extra.get("score", math.inf) >= least)
    skipped = tuple(why for why in read if isinstance(why, str))
    sound = not skipped and not any(is_damaged(post.title) for post in posts.values())
    return Listing(tuple(posts.values()), Parsed(wanted, skipped), after, sound)


def _believed(post: Draft | str | None, now: datetime) -> Draft | str | None:
    if isinstance(post, Draft) and post.published > now + timedelta(days=1):
        return f"{post.native_id}: dated {post.published:%Y-%m-%d}, later than now."
    return post


def _load(body: bytes, url: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BrokenError(f"{url} answered with broken JSON.", url=url) from error


def _json_children(data: Any, url: str) -> tuple[list[Any], str, bool]:
    """(posts, where the next page begins, whether all are there that the listing says it has)."""
    if isinstance(data, dict) and data.get("error") is not None:
        raise _json_error(data, url)
    listing = data.get("data") if isinstance(data, dict) else None
    children = listing.get("children") if isinstance(listing, dict) else None
    if not isinstance(listing, dict) or not isinstance(children, list):
        raise BrokenError(f"{url} answered with JSON that is no listing.", url=url)
    declared = listing.get("dist")
    whole = not isinstance(declared, int) or declared <= len(children)
    return children, _text(listing, "after"), whole


def _json_error(data: Mapping[str, Any], url: str) -> SourceError:
    code, reason = data.get("error"), _text(data, "reason") or _text(data, "message")
    said = f"Reddit answered {code}" + (f" ({reason})" if reason else "")
    if code == 429 or (code == 403 and _text(data, "reason") == ""):
        return ThrottledError(f"{said}: too many requests.", url=url)
    if isinstance(code, int):
        return RefusedError(f"{said} for {url}.", url=url, http_status=code)
    return BrokenError(f"{said} for {url}.", url=url)


def html_error(text: str, url: str) -> SourceError:
    """What it means that a web page came instead of data."""
    if _BLOCKED.search(text[:20_000]):
        return ThrottledError("Reddit asks for fewer requests (an HTML page came).", url=url)
    if is_wall(text):
        return ChallengedError("Reddit shows a bot wall.", url=url)
    return BrokenError(f"{url} answered with an HTML page instead of a listing.", url=url)


# --- one post ------------------------------------------------------------------------------


def _from_child(child: Any) -> Draft | str | None:
    """A child of a JSON listing; None if it is no post, a reason if it cannot be read."""
    if not isinstance(child, dict) or not isinstance(child.get("data"), dict):
        return "a child of the listing without data."
    if child.get("kind") != "t3":
        return None
    post: Mapping[str, Any] = child["data"]
    score, comments = _whole(post.get("score")), _whole(post.get("num_comments"))
    written = "" if _text(post, "selftext").strip() in _GONE else _text(post, "selftext")
    marked = _text(post, "selftext_html") if written else ""
    if marked.lstrip().startswith("&lt;"):
        marked = html.unescape(marked)
    page = _permalink(_text(post, "permalink"))
    url = html.unescape(_text(post, "url_overridden_by_dest") or _text(post, "url"))
    extra = {"score": score, "num_comments": comments}
    return _draft(
        native_id=_text(post, "name") or f"t3_{_text(post, 'id')}",
        title=_text(post, "title"),
        page=page,
        link="" if post.get("is_self") is True else url,
        marked=marked or html.escape(html.unescape(written)).replace("\n\n", "<p>"),
        author=_text(post, "author"),
        published=_epoch(post.get("created_utc")),
        subreddit=_text(post, "subreddit"),
        flair=_text(post, "link_flair_text"),
        extra={key: value for key, value in extra.items() if value is not None},
    )


def _from_entry(entry: FeedEntry) -> Draft | str:
    """An entry of the Atom feed: its own text stands in div.md, its link is called "[link]"."""
    tree = LexborHTMLParser(entry.content)
    own = tree.css_first("div.md")
    author = entry.authors[0] if entry.authors else ""
    return _draft(
        native_id=f"t3_{at[1]}" if (at := _COMMENTS.search(entry.link)) else entry.id,
        title=entry.title,
        page=_permalink(entry.link),
        link=next((_href(a) for a in tree.css("a") if a.text().strip() == "[link]"), ""),
        marked=(own.html or "") if own and own.text().strip() not in _GONE else "",
        author=author.removeprefix("/u/"),
        published=entry.published or entry.updated,
        subreddit=entry.categories[0] if entry.categories else "",
        flair="",
        extra={},
    )


def _draft(
    *,
    native_id: str,
    title: str,
    page: str,
    link: str,
    marked: str,
    author: str,
    published: datetime | None,
    subreddit: str,
    flair: str,
    extra: dict[str, Any],
) -> Draft | str:
    title = plain(title)
    if not _NAME.fullmatch(native_id):
        return f"a post without id: {title[:80]}"
    if not title or published is None:
        return f"{native_id}: no {'title' if not title else 'date that can be read'}."
    outward = link if link and not _is_reddit(link) else ""
    about = resolve(outward) if outward else None
    found = tuple(name for name in find_identifiers(marked) if name != about)
    extra = {"subreddit": subreddit, "flair": _flair(flair, title), "link": outward} | extra
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="post",
        title=title,
        url=page or f"{SITE}/comments/{native_id.removeprefix('t3_')}/",
        published=published,
        abstract=shortened(clean_html(marked), MOST_TEXT),
        authors=(f"u/{author}",) if author and author not in _GONE else (),
        about=about,
        mentions=found,
        extra={key: value for key, value in extra.items() if value != ""},
    )


def _flair(flair: str, title: str) -> str:
    """The flair given, else that of a leading tag such as [R]; "" if there is neither."""
    flair = plain(flair)
    if flair:
        return _FLAIRS.get(flair.strip("[]").lower(), flair)
    tag = _TAG.match(title)
    return _FLAIRS.get(tag[1].lower(), "") if tag else ""


def _permalink(path: str) -> str:
    """The post's page on www.reddit.com, whichever host or service told it."""
    try:
        found = urlsplit(path).path
    except ValueError:
        return ""
    return f"{SITE}{found}" if found.startswith("/r/") or found.startswith("/user/") else ""


def _is_reddit(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    return host in ("", "redd.it") or host.endswith(("reddit.com", ".redd.it"))


def _epoch(value: Any) -> datetime | None:
    """Seconds since 1970 as int, float or string -> aware UTC; None if it is no such date."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # listings give whole seconds as floats
    if not math.isfinite(seconds) or not 0 < seconds < 5e9:
        return None
    found = datetime.fromtimestamp(int(seconds), UTC)
    return found if EARLIEST <= found.year <= LATEST else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    # JSON can escape halves of characters and NULs, which no database takes
    return storable(value) if isinstance(value, str) else ""


def _href(node: LexborNode) -> str:
    return node.attributes.get("href") or ""
