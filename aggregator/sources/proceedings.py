"""What sources of proceedings share: when to ask for a list again, and papers' pages as a back-fill."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from urllib.parse import urljoin, urlsplit

from aggregator.clock import iso, parse_moment
from aggregator.errors import RefusedError, SourceError, ThrottledError
from aggregator.models import Parsed
from aggregator.parse.page import decode
from aggregator.sources.base import Answer, Context, Note, Page, Raw

_UTF8 = re.compile(rb"charset\s*=\s*[\"']?utf-?8\b", re.IGNORECASE)

LIST_AGAIN = timedelta(days=7)
"""Proceedings hardly change: a list that gives no ETag or Last-Modified is asked once a week."""
DETAIL_AGAIN = timedelta(days=30)
"""When to ask again for a paper's page that was missing or had no abstract."""
TROUBLE_AGAIN = timedelta(days=1)
"""When to ask again for a paper's page that could not be read, between others that could."""
GROUP = 20
"""Papers' pages stored at a time: what a killed process may have to repeat."""
GIVE_UP = 3
"""Papers' pages that fail in a row before the run stops asking."""


class Reader(Protocol):
    """The part of a source that reads what was fetched."""

    kind: ClassVar[str]

    def to_drafts(self, raw: Raw) -> Parsed: ...


def list_due(state: Mapping[str, Any], ctx: Context) -> bool:
    """Whether to ask for a list: always where "not modified" can be heard, else once a week.

    `state` is the checkpoint of its stream; one that was not there is asked for in every run.
    """
    if not state or ctx.since is not None or state.get("conditional") or "at" not in state:
        return True
    return ctx.now - parse_moment(state["at"]) >= LIST_AGAIN


def asked(answer: Answer, now: datetime) -> dict[str, Any]:
    """The checkpoint of a list that was just had."""
    mark = answer.validator
    return {"at": iso(now), "conditional": bool(mark.etag or mark.last_modified)}


def not_there(error: RefusedError) -> bool:
    """Does the answer say that there is no such page (and not that we may not see it)?"""
    return error.http_status in (404, 410)


def absent(ctx: Context, stream: str, what: str, site: str) -> Iterator[Page | Note]:
    """A list that is not there: not out yet, or a failure where it has been read before.

    The day is remembered: what comes out later was not public before it.
    """
    state = ctx.checkpoint.get(stream) or {}
    if "at" in state:
        yield Note("failed", f"{what} is gone from {site}; it was there on {state['at'][:10]}.")
        return
    yield Page(checkpoint={stream: {"absent": iso(ctx.now)}})
    yield Note("not_out_yet", f"{what} is not on {site} yet.")


def raw_list(stream: str, answer: Answer, state: Mapping[str, Any], now: datetime) -> Raw:
    """The raw list; when it was last seen to be absent is kept for `public_since`."""
    meta = {"absent": state["absent"]} if "absent" in state else {}
    return Raw(stream, answer.url, answer.body, answer.content_type, now, meta)


def public_since(day: datetime, raw: Raw, mark: str = "absent") -> datetime:
    """When a list's papers could first be seen: on their day, or when the list came out after it.

    A list may be out before the conference: then it is public from the day it was first seen.
    `mark` names what `raw.meta` has of the last time at which they were not there.
    """
    if mark in raw.meta:
        day = max(day, parse_moment(raw.meta[mark]))
    return min(day, raw.fetched_at)


def text_of(body: bytes, content_type: str) -> str:
    """A page as text. One that says it is UTF-8 is read as such, whatever single bytes are not:
    one of those must not turn every accent on the page into two wrong letters."""
    return (
        body.decode("utf-8", "replace")
        if _says_utf8(body, content_type)
        else decode(body, content_type)
    )


def list_page(
    raw: Raw, answer: Answer, state: Mapping[str, Any], *, whole: bool
) -> Iterator[Page | Note]:
    """A list with its checkpoint; without, if it is not there to its end or was damaged on its way,
    so that it is asked again."""
    said = text_of(answer.body, answer.content_type)
    damaged = _says_utf8(answer.body, answer.content_type) and "\ufffd" in said
    if whole and not damaged:
        marked = replace(raw, validator=answer.validator)
        yield Page((marked,), checkpoint={raw.stream: dict(state)})
        return
    fault = "has bytes that are not UTF-8, as it says it is" if whole else "ends in the middle"
    yield Page((raw,))
    yield Note("partial", f"{answer.url} {fault}; it is asked again next time.")


def _says_utf8(body: bytes, content_type: str) -> bool:
    return bool(_UTF8.search(content_type.encode("utf-8", "replace")) or _UTF8.search(body[:2048]))


def web_address(link: str, url: str) -> str:
    """A link of the page at `url`, made whole; "" if it leads to nothing that can be fetched."""
    try:
        whole = urljoin(url, link.strip())
        parts = urlsplit(whole)
    except ValueError:
        return ""
    return whole if link.strip() and parts.scheme in ("http", "https") and parts.hostname else ""


def pull_details(ctx: Context, source: Reader, prefix: str, what: str) -> Iterator[Page | Note]:
    """Pages of the papers whose native id begins with `prefix` and that have no abstract yet.

    A back-fill that any later run resumes. Raises SourceError when asking on is of no use.
    """
    gaps = _Gaps(ctx, prefix.rstrip("/"))
    incomplete = ctx.incomplete(source.kind, prefix)
    wanted = [(native_id, url) for native_id, url in incomplete if gaps.is_due(native_id)]
    for start in range(0, len(wanted), GROUP):
        ctx.progress(f"{what}: abstracts", start, len(wanted))
        raws, fatal = _details(ctx, source, wanted[start : start + GROUP], gaps)
        yield Page(raws, checkpoint=gaps.checkpoint())
        if fatal:
            raise fatal
        gaps.had += len(raws)
    if gaps.failed and gaps.had:
        gaps.settle()
        yield Page(checkpoint=gaps.checkpoint())
    if troubled := gaps.troubled({native_id for native_id, _ in incomplete}):
        last = f"The last one: {gaps.said[-1]}" if gaps.said else "They are asked for daily."
        yield Note("partial", f"{what}: pages of papers that could not be read: {troubled}. {last}")


def _details(
    ctx: Context, source: Reader, group: list[tuple[str, str]], gaps: "_Gaps"
) -> tuple[tuple[Raw, ...], SourceError | None]:
    """Ask for a group of papers' pages; what was had, and the error that ends the run, if any."""
    raws: list[Raw] = []
    for native_id, url in group:
        try:
            answer = ctx.http.get(url)
            stream = f"detail:{native_id}"
            raw = Raw(stream, answer.url, answer.body, answer.content_type, ctx.now)
            if not source.to_drafts(raw).drafts[0].abstract:
                gaps.missing[native_id] = iso(gaps.now)
        except ThrottledError as error:
            return tuple(raws), error
        except SourceError as error:
            if isinstance(error, RefusedError) and not_there(error):
                gaps.missing[native_id] = iso(gaps.now)
                continue
            gaps.failed.append(native_id)
            if len(gaps.failed) == GIVE_UP:
                return tuple(raws), error
            gaps.said.append(str(error))
        else:
            raws.append(raw)
            gaps.trouble.pop(native_id, None)
            gaps.settle()
    return tuple(raws), None


class _Gaps:
    """Papers' pages that did not give an abstract, so that they are not asked for in every run.

    `missing` (id -> when) are those gone or without abstract. `failed` are those that could not be
    read just now: they are put off for a day, in `trouble`, once a good page shows that the site
    itself is well, since a bot wall's words may stand in a paper's title. `said` are their errors.
    """

    def __init__(self, ctx: Context, name: str) -> None:
        self.now = ctx.now
        self._streams = (f"missing:{name}", f"trouble:{name}")
        self._kept = {s: ctx.checkpoint[s] for s in self._streams if ctx.checkpoint.get(s)}
        self.missing, self.trouble = (dict(self._kept.get(s, {})) for s in self._streams)
        self.failed: list[str] = []
        self.said: list[str] = []
        self.had = 0

    def is_due(self, native_id: str) -> bool:
        """Is the page of this paper to be asked for now?"""
        return _older(self.missing.get(native_id), self.now, DETAIL_AGAIN) and _older(
            self.trouble.get(native_id), self.now, TROUBLE_AGAIN
        )

    def troubled(self, incomplete: Collection[str]) -> int:
        """How many pages could not be read, now or a short while ago."""
        return len({*self.failed, *self.trouble} & set(incomplete))

    def settle(self) -> None:
        self.trouble |= dict.fromkeys(self.failed, iso(self.now))
        self.failed.clear()

    def checkpoint(self) -> dict[str, Any]:
        now = zip(self._streams, (self.missing, self.trouble), strict=True)
        return {s: dict(ids) or None for s, ids in now if ids or s in self._kept}


def _older(at: str | None, now: datetime, age: timedelta) -> bool:
    return at is None or now - parse_moment(at) >= age
