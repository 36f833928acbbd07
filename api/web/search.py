"""The search page: as you type where scripts run, by a button where they do not; what it finds can be
saved as a watch."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from aggregator.digest.select import in_order
from aggregator.errors import UsageError
from aggregator.expected import in_words
from aggregator.store import papers, watches
from aggregator.store.papers import PaperQuery
from aggregator.store.watches import ALL
from aggregator.store.words import is_unfinished, lasting
from aggregator.watches import Watch
from api.deps import ServicesDep
from api.params import topic_of
from api.web import front, reader
from api.web.language import chosen
from api.web.reader import Member
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

ON_A_PAGE = 25

MOST_SIGNS = 500
Words = Annotated[str, Query(max_length=MOST_SIGNS)]
Field = Annotated[str, Form(max_length=MOST_SIGNS)]


class Asked:
    """What the form of the page was sent with."""

    def __init__(
        self,
        q: Words = "",
        author: Words = "",
        venue: Words = "",
        topic: Annotated[str, Query(max_length=64)] = "",
        since: Annotated[str, Query(max_length=10)] = "",
        until: Annotated[str, Query(max_length=10)] = "",
        sort: Annotated[str, Query(max_length=10)] = "new",
        typed: Annotated[bool, Query()] = False,
    ) -> None:
        given = {"q": q, "author": author, "venue": venue, "topic": topic}
        # What PostgreSQL or a header would not take is no word that anybody looks for.
        self.given = {k: _printable(v) for k, v in given.items()}
        self.given |= {"since": since, "until": until}
        ranked = sort == "relevance" and bool(self.given["q"] or self.given["author"])
        self.sort = "relevance" if ranked else "new"
        self.typed = typed
        """Was it found while somebody was typing? Then its last word goes on, on further pages and when
        this one is loaded again, too."""

    def query(self, *, typing: bool) -> PaperQuery:
        """As the store is asked; while somebody is typing the last word may go on. Raises UsageError
        for a day that is none."""
        until = front.asked_day(self.given["until"]) if self.given["until"] else None
        return PaperQuery(
            topics=(self.given["topic"],) if self.given["topic"] else (),
            q=self.given["q"],
            author=self.given["author"],
            venue=self.given["venue"],
            since=front.asked_day(self.given["since"]) if self.given["since"] else None,
            until=until + timedelta(days=1) if until else None,
            sort="relevance" if self.sort == "relevance" else "new",
            kind="any" if self.given["q"] else "paper",
            prefix=typing,
            limit=ON_A_PAGE,
        )

    def address(self, **more: str) -> str:
        """The address of the page with what was asked."""
        pairs = {k: v for k, v in self.given.items() if v}
        if self.sort != "new":
            pairs["sort"] = self.sort
        query = urlencode(pairs | {k: v for k, v in more.items() if v})
        return f"/search?{query}" if query else "/search"

    def kept(self, found: list[dict[str, Any]], *, typing: bool) -> dict[str, str]:
        """What a feed or a watch keeps of it, which finds these papers."""
        kept = {k: v for k, v in self.given.items() if v and k in _KEPT}
        if typing and "q" in kept:
            words = lasting(kept["q"], found)
            kept["q"] = words if len(words) <= MOST_SIGNS else kept["q"]
        return kept


def _printable(text: str) -> str:
    """Words as they were typed or pasted; any blank, such as that of Chinese, sets them apart."""
    return "".join(s if s.isprintable() else " " if s.isspace() else "" for s in text).strip()


@router.get("/search")
def show_search(
    request: Request,
    services: ServicesDep,
    asked: Annotated[Asked, Depends(Asked)],
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The form, and what it finds; for a script the findings alone."""
    config = services.config
    if asked.given["topic"]:
        topic_of(config, asked.given["topic"])
    partly = "hx-request" in request.headers
    typing = (partly or asked.typed) and is_unfinished(asked.given["q"])
    typed = "1" if typing else ""
    items: list[dict[str, Any]] = []
    following, trouble = None, ""
    if any(asked.given.values()):
        try:
            query = asked.query(typing=typing)
            with services.store.read() as connection:
                found = papers.page(connection, query, cursor or None)
            items, following = found.items, found.next
        except UsageError as error:
            trouble = str(error)
    saved, lang = asked.kept(items, typing=typing), chosen(request).code
    values = {
        "asked": asked,
        "any": any(asked.given.values()),
        "trouble": trouble,
        "items": items,
        "more": asked.address(cursor=following, typed=typed) if following else "",
        "topics": {t.name: t for t in config.topics},
        "choices": in_order(config.topics),
        "kept": reader.kept_of(request, services, {paper["id"] for paper in items}),
        "saved": saved,
        "feed": urlencode(saved | ({"lang": lang} if lang != "en" else {})) if saved else "",
    }
    response = page(request, "found.html" if partly else "search.html", values)
    if partly:
        response.headers["HX-Replace-Url"] = asked.address(typed=typed)
    return response


_KEPT = ("q", "author", "venue", "topic")
"""What a feed and a watch of a search keep."""


@router.post("/search/save")
def save_search(
    services: ServicesDep,
    sender: Member,
    name: Field,
    q: Field = "",
    author: Field = "",
    venue: Field = "",
    topic: Field = "",
) -> Response:
    """Save the search as a watch, and lead to its page, where it can be subscribed to."""
    try:
        made = Watch(
            name=name.strip().lower().replace(" ", "-"),
            topics=(topic,) if topic else (),
            query=q,
            authors=(author,) if author else (),
            venues=(venue,) if venue else (),
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = first["loc"][0] if first["loc"] else "watch"
        raise UsageError(f"{key}: {in_words(first)}.") from None
    with services.store.write() as connection:
        if any(
            made.name == one.name for one in watches.everything(connection, services.config, ALL)
        ):
            raise UsageError(
                f'name: there is a watch "{made.name}" already; expected another name.'
            )
        mine = sender.account.person_pk if sender.account else None
        watches.save(connection, services.config, made, services.now(), mine)
    return RedirectResponse(f"/watches/{made.name}", 303)
