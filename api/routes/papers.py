"""Papers: lists by topic, words, author, venue, source and date; one by any of its names, also as
a citation."""

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from aggregator import cite
from aggregator.errors import UsageError
from aggregator.learn import tastes
from aggregator.store import citations, news, papers
from aggregator.topics import Config
from api.deps import Services, ServicesDep
from api.params import PaperParams
from api.routes.responses import cite_schema, errors, json_bytes, moved, paper_list, with_url
from api.schemas import PaperDetail, PaperList
from api.web import reader

router = APIRouter(prefix="/api/v1/papers", tags=["papers"])

PaperName = Annotated[
    str,
    Path(
        description="Its id, or an external one: arxiv:1512.03385, doi:10.1109/cvpr.2016.90",
        examples=["arxiv:1512.03385"],
    ),
]
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "The paper was merged into another one"},
    **errors(404),
}


@router.get("", response_model=PaperList, responses=errors(400))
def list_papers(
    request: Request, services: ServicesDep, params: Annotated[PaperParams, Query()]
) -> Any:
    """Papers, newest first; `next` of the answer is the `cursor` of the next page."""
    check_topics(services.config, params.topic)
    check_source(services, params.source)
    if params.sort == "mine":
        return _mine(request, services, params)
    with services.store.read() as connection:
        page = papers.page(connection, params.query(services.config), params.cursor or None)
    return paper_list(page, services.base_url)


def _mine(request: Request, services: Services, params: PaperParams) -> Response:
    """The papers in the order of the taste of who asks: nobody else's is ever used."""
    person = reader.person_of(services, reader.of(request))
    if person is None:
        raise UsageError(
            "sort=mine: expected the session of somebody who is signed in, or the browser in which "
            "papers were starred; a token belongs to nobody, and has no taste."
        )
    with services.store.read() as connection:
        mine = tastes.of_person(connection, person)
        if mine.taste is None:
            raise UsageError(
                f"sort=mine: expected {mine.missing} more starred papers to learn from."
                if mine.missing
                else "sort=mine: how the papers here speak is not learned yet; expected 500 papers, "
                "and some minutes."
            )
        query = params.query(services.config)
        found = tastes.page(connection, person, mine.taste, query, params.cursor)
    answer = paper_list(found.page, services.base_url)
    answer.headers.update({"Cache-Control": "private, no-store", "Vary": "Cookie"})
    return answer


def check_topics(config: Config, names: Iterable[str]) -> None:
    """Raise UsageError if one of the names is no topic's."""
    for name in names:
        if config.topic(name) is None:
            known = ", ".join(topic.name for topic in config.topics)
            raise UsageError(f'topic: there is no topic "{name}"; expected one of: {known}.')


def check_source(services: Services, name: str) -> None:
    """Raise UsageError if a source is named that is none, and brought nothing before it was taken out
    of topics.toml."""
    known = [source.name for source in services.config.sources]
    if name and name not in known:
        with services.store.read() as connection:
            known += [one for one in papers.sources(connection) if one not in known]
        if name not in known:
            raise UsageError(
                f'source: there is no source "{name}"; expected one of: {", ".join(known)}.'
            )


def _citations(form: str) -> dict[int | str, dict[str, Any]]:
    """The documented answers of a route that gives a paper in this format."""
    media = cite.MEDIA_TYPES[form]
    given = {"content": {media: {"schema": cite_schema(media)}}}
    return {200: given, **_MOVED}


# These end as the name itself might: they stand before the route that takes any name.
@router.get("/{name:path}.bib", response_class=Response, responses=_citations("bibtex"))
def get_bibtex(request: Request, services: ServicesDep, name: PaperName) -> Response:
    """A paper as a BibTeX entry."""
    return _citation(request, services, name, "bibtex")


@router.get("/{name:path}.ris", response_class=Response, responses=_citations("ris"))
def get_ris(request: Request, services: ServicesDep, name: PaperName) -> Response:
    """A paper as a RIS record."""
    return _citation(request, services, name, "ris")


@router.get("/{name:path}.csl.json", response_class=Response, responses=_citations("csl-json"))
def get_csl(request: Request, services: ServicesDep, name: PaperName) -> Response:
    """A paper as a CSL-JSON array of one item."""
    return _citation(request, services, name, "csl-json")


def _citation(request: Request, services: Services, name: str, form: str) -> Response:
    with services.store.read() as connection:
        doc, is_alias = papers.by_name(connection, name)
    file = f"{quote(doc['id'], safe='')}.{cite.EXTENSIONS[form]}"
    if is_alias:
        return moved(request, f"/api/v1/papers/{file}")
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    kind = f"{cite.MEDIA_TYPES[form]}; charset=utf-8"
    return Response("".join(cite.FORMATS[form]([doc])), headers=headers, media_type=kind)


@router.get("/{name:path}/citations", response_model=PaperList, responses=_MOVED | errors(400))
def list_citations(
    request: Request,
    services: ServicesDep,
    name: PaperName,
    limit: Annotated[int, Query(ge=1, le=papers.MOST)] = 20,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The papers known here that cite one, newest first, as far as it is watched."""
    with services.store.read() as connection:
        doc, is_alias = papers.by_name(connection, name)
        if is_alias:
            return moved(request, f"/api/v1/papers/{quote(doc['id'], safe='')}/citations")
        page = citations.page(connection, doc["id"], limit, cursor or None)
    return paper_list(page, services.base_url)


@router.get("/{name:path}", response_model=PaperDetail, responses=_MOVED)
def get_paper(request: Request, services: ServicesDep, name: PaperName) -> Response:
    """A paper with its entries, tags and timeline."""
    with services.store.read() as connection:
        doc, is_alias = papers.by_name(connection, name)
        if is_alias:
            return moved(request, f"/api/v1/papers/{quote(doc['id'], safe='')}")
        happened = news.timeline(connection, doc["id"])
    return json_bytes(with_url(doc, services.base_url) | {"timeline": happened})
