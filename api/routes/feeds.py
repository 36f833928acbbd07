"""Feeds of topics, watches and searches in three formats, and the list of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aggregator.digest.select import POSTS
from aggregator.digest.show import per_cent
from aggregator.errors import NotFoundError
from aggregator.files import opml
from aggregator.store import papers, watches
from aggregator.store.papers import PaperQuery
from aggregator.topics import Config
from aggregator.watches import NAME, Terms
from api import conditional
from api.address import base_url
from api.conditional import Versions, VersionsDep
from api.deps import Services, ServicesDep
from api.feeds import FORMS
from api.feeds.build import NEWEST, TAG, Head, build
from api.params import PaperParams, Words
from api.routes.papers import check_source, check_topics
from api.web import reader
from api.web.front import day_of
from api.web.language import Language, chosen, language
from api.web.watch import as_topic

# Documented in words: what they answer with is no JSON of ours.
router = APIRouter(prefix="/feeds", include_in_schema=False)

BOTH = ["GET", "HEAD"]
FRESH_SECONDS = 300
"""How long caches may answer for us: papers come in a few times a day, readers ask once an hour or
more seldom, and five minutes of delay take the load of many readers from the store."""

WatchName = Annotated[str, Path(pattern=NAME)]
Lang = Annotated[Literal["en", "zh"], Query()]
Key = Annotated[str, Query(max_length=400)]
Order = Literal["new", "hot"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a feed, with what is needed to answer it."""

    request: Request
    services: Services
    versions: Versions

    @property
    def base(self) -> str:
        """The address that links begin with."""
        return base_url(self.request)


async def _asked(request: Request, services: ServicesDep, versions: VersionsDep) -> Asked:
    return Asked(request, services, versions)


AskedDep = Annotated[Asked, Depends(_asked)]


class SearchParams(BaseModel):
    """What a feed of a search can be asked: what `GET /api/v1/papers` can, as far as it selects."""

    model_config = ConfigDict(extra="forbid")

    topic: list[str] = Field(default=[], max_length=50)
    q: Words = ""
    author: Words = ""
    venue: Words = ""
    source: Words = ""
    min_probability: float | None = Field(default=None, ge=0, le=1)
    sort: Order = "new"
    lang: Literal["en", "zh"] = "en"

    def given(self) -> dict[str, object]:
        """The conditions that were given, without the language, always in the same order."""
        return self.model_dump(exclude={"lang"}, exclude_defaults=True)

    def query(self, config: Config) -> PaperQuery:
        """As the store is asked; `config` tells the topics."""
        # As on the page of the search, which has posts where there are words; no hot list has any.
        kind = "any" if self.q and self.sort != "hot" else "paper"
        asked = {**self.given(), "kind": kind, "limit": NEWEST}
        return PaperParams.model_validate(asked).query(config)


@router.api_route("/all.opml", methods=BOTH)
def list_feeds(asked: AskedDep) -> Response:
    """Every feed, as OPML; titles in the language of the request."""
    t, config = chosen(asked.request), asked.services.config
    with asked.services.store.read() as connection:
        known = watches.everything(connection, config)
    query = f"?lang={t.code}" if t.code != "en" else ""
    names = [watch.name for watch in known]
    feeds = opml.outlines(names, config.topics, asked.base, t.title_of, query)
    # Dated by the day, so that it stays the same until the next.
    body = opml.opml(feeds, day_of(asked.services.now()))
    address = f"{asked.base}/feeds/all.opml?lang={t.code}"
    answer = _answer(asked, address, body, opml.MEDIA_TYPE)
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


@router.api_route("/search.{form}", methods=BOTH)
def feed_of_search(
    asked: AskedDep, form: str, params: Annotated[SearchParams, Query()]
) -> Response:
    """The newest or hottest papers that a search finds, by words posts about no paper, too; without
    conditions, the papers of all."""
    config, t, given = asked.services.config, language(params.lang), params.given()
    check_topics(config, params.topic)
    check_source(asked.services, params.source)
    titles = [t.title_of(topic) for name in params.topic if (topic := config.topic(name))]
    words = [str(value) for name, value in given.items() if name not in ("topic", "sort")]
    title = _titled(t, params.sort, *words, *titles)
    head = Head(
        f"{TAG}search:{urlencode(given, doseq=True)}", title, t("tagline"), f"{asked.base}/"
    )
    return _feed(asked, ("search", form), params.query(config), head, t, given)


@router.api_route("/{name}.{form}", methods=BOTH)
def feed_of_watch(
    asked: AskedDep,
    name: WatchName,
    form: str,
    lang: Lang = "en",
    key: Key = "",
    sort: Annotated[Order, Query()] = "new",
    min_probability: Annotated[float | None, Query(ge=0, le=1)] = None,
) -> Response:
    """The newest or hottest papers of a topic or a watch, with a least probability other than its own
    if one is given, or posts about no paper. A person's own watch needs its `key`, as the page of the
    watch gives it."""
    config, t = asked.services.config, language(lang)
    topic = POSTS if name == POSTS.name else config.topic(name)
    if topic is POSTS:
        query, shown = PaperQuery(kind="post", sort=sort, limit=NEWEST), POSTS
    else:
        with asked.services.store.read() as connection:
            viewer = reader.of_key(asked.request, connection, name, key)
            watch = watches.find(connection, config, name, viewer)
        watch = watch.under(Terms(min_probability=min_probability))
        # The hot list is that of the pages and the API, which holds papers alone.
        kind = "paper" if sort == "hot" else "any"
        query = PaperQuery.of(watch, kind=kind, sort=sort, limit=NEWEST)
        shown = topic or as_topic(t, watch, config)
    given: dict[str, object] = {"sort": sort} if sort != "new" else {}
    if min_probability is not None and topic is not POSTS:
        given["min_probability"] = min_probability
    page, keyed = (
        f"{asked.base}/{'topics' if topic else 'watches'}/{name}",
        {"key": key} if key else {},
    )
    head = Head(
        ":".join([f"{TAG}feed", name, *map(str, given.values())]),
        _titled(t, sort, t.title_of(shown), *_bound(t, given)),
        t.description_of(shown),
        page + (f"?{urlencode(given | keyed)}" if given or keyed else ""),
    )
    return _feed(asked, (name, form), query, head, t, given | keyed)


def _bound(t: Language, given: Mapping[str, object]) -> list[str]:
    """What the title of a feed says of a least probability that was asked for."""
    least = given.get("min_probability")
    return [t("at_least", n=per_cent(least))] if isinstance(least, float) else []


def _titled(t: Language, sort: Order, *parts: str) -> str:
    """The title of a feed, which says its order where that is another than a feed's own."""
    return " · ".join([*parts, *([t("sort_hot")] if sort == "hot" else []), "Daypaper"])


def _feed(
    asked: Asked,
    file: tuple[str, str],
    query: PaperQuery,
    head: Head,
    t: Language,
    given: Mapping[str, object],
) -> Response:
    """The feed of what `query` finds; `file` and `given` are the name, the ending and the
    parameters of its address."""
    name, ending = file
    form = FORMS.get(ending)
    if form is None:
        raise NotFoundError(
            f'There is no feed "{name}.{ending}" here; expected .atom, .rss or .json.'
        )
    with asked.services.store.read() as connection:
        found = papers.page(connection, query).items
    feed = build(head, found, asked.services.config.topics, t, asked.base)
    said = urlencode({**given, **({"lang": t.code} if t.code != "en" else {})}, doseq=True)
    own = f"{asked.base}/feeds/{name}.{ending}" + (f"?{said}" if said else "")
    return _answer(asked, own, form.render(feed, own), form.media_type)


def _answer(asked: Asked, address: str, body: bytes, media_type: str) -> Response:
    since = asked.versions.since(address, conditional.etag(body), asked.services.now())
    keyed = "key" in asked.request.query_params
    who = "public" if asked.services.settings.public_read and not keyed else "private"
    headers = {"Cache-Control": f"{who}, max-age={FRESH_SECONDS}"}
    return conditional.answer(asked.request, body, media_type, since, headers)
