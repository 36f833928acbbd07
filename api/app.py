"""The web application: everything is handed in, nothing happens at import."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from aggregator import clock
from aggregator.pipeline import make_sources
from aggregator.settings import Settings
from aggregator.sources.base import Source
from aggregator.store.db import Store
from aggregator.topics import Config
from api import auth, metrics, problems
from api.deps import Services
from api.headers import SecurityHeaders, Squeezed
from api.limiter import Limiter
from api.limits import BodyLimit
from api.routes import ROUTERS
from api.schemas import Problem
from api.web import (
    accounts,
    assets,
    keep,
    label,
    library,
    mail_pages,
    pages,
    preferences,
    provider,
    reference,
    search,
    settings_page,
    signup_page,
    sources_page,
    subscribe,
    today,
    topic,
    why,
)
from api.web.view import STATIC

PAGES = (
    today.router,
    topic.router,
    pages.router,
    sources_page.router,
    keep.router,
    search.router,
    library.router,
    provider.router,
    accounts.router,  # after it: its last route takes every path below /sign-in
    why.router,
    label.router,
    settings_page.router,
    assets.router,
    signup_page.router,
    subscribe.router,
    mail_pages.router,
    preferences.router,
    reference.router,
)
DESCRIPTION = (
    "Follows the deep-learning literature. Lists are {items, next}; `next` is the cursor of the "
    "next page, null at the end. Errors are problem documents (RFC 9457). Moments are ISO 8601, UTC."
)


def create_app(
    store: Store,
    settings: Settings,
    config: Config,
    *,
    sources: Sequence[Source] | None = None,
    now: Callable[[], datetime] = clock.wall,
) -> FastAPI:
    """The API and the pages over a store.

    `sources` are those whose state is shown, by default the enabled ones of `config`; `now` is the
    clock that days and due times are told by.
    """
    # Swagger's page would load scripts from another host; reference.py makes our own.
    app = FastAPI(
        title="Daypaper",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(auth.guard)],
    )
    if sources is None:
        sources = make_sources(config, settings)
    app.state.limiter = Limiter.of(settings)
    app.state.services = Services(store, settings, config, sources, now)
    for router in (*ROUTERS, metrics.router, *PAGES):
        app.include_router(router)
    if settings.slack_signing_secret.get_secret_value():
        from api.slack.app import install  # half a second of imports that few need

        install(app, app.state.services)
    app.mount("/static", assets.Assets(directory=STATIC), name="static")
    problems.install(app, pages.error_page)
    app.add_middleware(BodyLimit)
    app.add_middleware(Squeezed)
    app.add_middleware(SecurityHeaders)
    app.state.durations = metrics.Durations()
    app.add_middleware(metrics.Timed, durations=app.state.durations)
    app.openapi = lambda: _openapi(app)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the form of the problem documents that every route may answer."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=app.servers,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas[Problem.__name__] = Problem.model_json_schema()
        app.openapi_schema = made
    return app.openapi_schema
