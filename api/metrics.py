"""`/metrics` for Prometheus: the store's figures, read when asked, and how long requests take.

What comes from the store holds over processes and restarts; it is given as gauges of the last day,
since history older than 90 days is dropped and a counter must not fall.
"""

from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator import deliver
from aggregator.clock import parse_moment
from aggregator.models import STATUSES
from aggregator.status import source_states
from aggregator.store.figures import Figures, figures
from api.deps import Services, ServicesDep
from api.routes.responses import errors

router = APIRouter(tags=["health"])

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **errors()},
)
def metrics(request: Request, services: ServicesDep) -> Response:
    """Figures in Prometheus' text form: sources, queue of letters, papers, durations of requests."""
    registry = CollectorRegistry()
    registry.register(_Store(services))
    shown = generate_latest(registry) + generate_latest(request.app.state.durations.registry)
    return Response(shown, media_type=CONTENT_TYPE_LATEST)


class Durations:
    """Measures requests of this process, by route: addresses themselves are without number."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "daypaper_http_request_seconds",
            "How long this process took for a request.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """One request, after its answer."""
        route = getattr(scope.get("route"), "path", "") or "other"
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
        self._seconds.labels(method, route, f"{status // 100}xx").observe(seconds)


class Timed:
    """Tells `Durations` of each request."""

    def __init__(self, app: ASGIApp, durations: Durations) -> None:
        self.app = app
        self._durations = durations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self._durations.note(scope, status, perf_counter() - started)


class _Store(Collector):
    """The figures of the store at this moment."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        services = self._services
        now = services.now()
        with services.store.read() as connection:
            states = source_states(services.store, connection, services.sources, now)
            found = figures(connection, now, list(deliver.channels(services.settings)))
        yield from _sources(states, found, now.timestamp())
        yield _gauge("papers", "Papers and posts in the store.", found.papers)
        yield _gauge("papers_untagged", "Papers that wait for their tags.", found.untagged)
        yield _gauge("subscriptions_due", "Subscriptions that are due and not sent.", found.due)
        yield _labelled(
            "letters",
            "Letters by channel and state; deferred ones are tried again.",
            ("channel", "state"),
            found.letters,
        )
        yield _labelled(
            "upstream_cooldown_seconds",
            "How long an upstream is still left alone.",
            ("upstream",),
            {(name,): left for name, left in found.cooldowns.items()},
        )
        for at, name, said in (
            (0, "upstream_requests_used", "Requests of this day (UTC) out of a daily budget."),
            (1, "upstream_requests_limit", "The daily budget of requests, where there is one."),
        ):
            budgets = {(upstream,): both[at] for upstream, both in found.budgets.items()}
            yield _labelled(name, said, ("upstream",), budgets)


def _sources(states: list[dict[str, Any]], found: Figures, now: float) -> Iterator[Metric]:
    names = {state["name"] for state in states}
    status = {(s["name"], one): float(s["status"] == one) for s in states for one in STATUSES}
    yield _labelled(
        "source_status", "1 for the status of the last run.", ("source", "status"), status
    )
    yield _labelled(
        "source_last_success_age_seconds",
        "Since the last run without trouble; missing if there was none.",
        ("source",),
        {
            (s["name"],): now - parse_moment(s["last_success"]).timestamp()
            for s in states
            if s["last_success"]
        },
    )
    for name, said, values in (
        (
            "source_failures",
            "Bad runs in a row.",
            {(s["name"],): s["failures"] for s in states},
        ),
        (
            "source_overdue",
            "1 if it should have been asked a day ago.",
            {(s["name"],): float(s["overdue"]) for s in states},
        ),
        (
            "source_last_run_seconds",
            "How long the last run took.",
            {(name,): value for name, value in found.lasted.items() if name in names},
        ),
        (
            "source_requests_last_day",
            "Requests of the last day.",
            {(name,): value for name, value in found.requests.items() if name in names},
        ),
    ):
        yield _labelled(name, said, ("source",), values)
    for name, said, label, counted in (
        ("source_entries_last_day", "Entries of the last day.", "outcome", found.entries),
        ("source_runs_last_day", "Runs of the last day.", "status", found.runs),
    ):
        yield _labelled(
            name, said, ("source", label), {k: v for k, v in counted.items() if k[0] in names}
        )


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"daypaper_{name}", said, value=value)


def _labelled(name: str, said: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(f"daypaper_{name}", said, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family
