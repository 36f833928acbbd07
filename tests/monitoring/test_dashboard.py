"""Each panel of the dashboard, asked of a real Prometheus that asks several processes with real figures."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator import clock
from aggregator.store.db import Store
from tests.monitoring.fleet import get, legend, prometheus, running
from tests.monitoring.test_described import panels
from tests.smtp_server import MailServer
from tests.sources.standin import StandIn, stand_in

pytestmark = pytest.mark.upstream
TOML = """
[[topics]]
name = "learning"
title = "Learning"
keywords = ["learning"]

[[sources]]
name = "pmlr"
kind = "pmlr"
volumes = [37]
base_url = "{url}/pmlr"
pace_seconds = 0

[[sources]]
name = "reddit"
kind = "reddit"
subreddits = ["MachineLearning"]
base_url = "{url}/reddit"
pace_seconds = 0

[[sources]]
name = "cites"
kind = "citations"
provider = "semanticscholar"
works = ["1003.4394"]
base_url = "{url}/s2"
daily_requests = 40
pace_seconds = 0

[[subscriptions]]
watch = "learning"
channel = "email"
target = "ada@example.org"
empty = "say"

[[subscriptions]]
watch = "learning"
channel = "email"
target = "kim@example.org"
empty = "say"
"""
PROCESSES = {"sqlite": ["run", "api"], "postgres": ["api", "api", "worker"]}
Values = dict[tuple[str, ...], float]
Asked = Callable[[str], list[Any]]
Fleet = tuple[list[str], Asked]


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in(clock.iso(clock.wall())) as found:
        waits = {"status": 429, "headers": {"Retry-After": "7200"}}
        found.control(fault={"prefix": "/reddit", "mode": "status", **waits})
        yield found


@pytest.fixture
def fleet(store: Store, services: StandIn, tmp_path: Path) -> Iterator[Fleet]:
    (tmp_path / "topics.toml").write_text(TOML.format(url=services.url), encoding="utf-8")
    with MailServer() as mail:
        mail.usual("RCPT", "kim@example.org")
        mail.answer("RCPT", "kim@example.org", *["451 4.7.1 Come back later"] * 9)
        settings = {
            "DAYPAPER_DATABASE_URL": store.engine.url.render_as_string(hide_password=False),
            "DAYPAPER_DATA_DIR": str(tmp_path),
            "DAYPAPER_TOPICS": str(tmp_path / "topics.toml"),
            "DAYPAPER_ALLOW_PRIVATE_UPSTREAMS": "true",
            "DAYPAPER_SMTP_URL": f"smtp+plain://127.0.0.1:{mail.port}",
            "DAYPAPER_MAIL_FROM": "daypaper@example.org",
        }
        commands = PROCESSES["sqlite" if store.is_sqlite else "postgres"]
        with running(tmp_path, settings, commands) as at, prometheus(tmp_path, at) as ask:
            yield at, ask


def figures(address: str) -> Values:
    """The name and the values of the labels -> value."""
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(get(f"http://{address}/metrics"))
        for one in family.samples
    }


def has_lived(found: Values) -> bool:
    """Was each source asked and tagged, and one letter sent and one put off?"""
    letters = {("daypaper_letters", "email", state) for state in ("sent", "deferred")}
    runs = [key for key in found if key[0] == "daypaper_source_last_run_seconds"]
    return letters <= set(found) and len(runs) == 3 and not found["daypaper_papers_untagged",]


def of(found: Values, name: str, *places: int) -> Values:
    """The samples of a metric by the labels at these places, added up."""
    added: Values = {}
    for key, value in found.items():
        if key[0] == f"daypaper_{name}":
            at = tuple(key[place] for place in places)
            added[at] = added.get(at, 0) + value
    return added


def expected(found: Values) -> dict[str, dict[str, float]]:
    """Title -> legend -> value, of what one process says of the store."""
    used, limit = of(found, "upstream_requests_used", 1), of(found, "upstream_requests_limit", 1)
    status = of(found, "source_status", 1, 2)
    said: dict[str, Values] = {
        "Papers": {("papers",): found["daypaper_papers",]},
        "Wait for tags": {("papers",): found["daypaper_papers_untagged",]},
        "Subscriptions due": {("due",): found["daypaper_subscriptions_due",]},
        "Sources overdue": {("overdue",): sum(of(found, "source_overdue", 1).values())},
        "Status of each source": {key: 1 for key, value in status.items() if value},
        "Since the last success": of(found, "source_last_success_age_seconds", 1),
        "Entries of the last day": of(found, "source_entries_last_day", 1),
        "Requests to sources in the last day": of(found, "source_requests_last_day", 1),
        "Left alone for": of(found, "upstream_cooldown_seconds", 1),
        "Bad runs in a row": of(found, "source_failures", 1),
        "Runs of the last day": of(found, "source_runs_last_day", 2),
        "Daily budgets used": {key: used[key] / limit[key] for key in limit},
        "How long runs take": of(found, "source_last_run_seconds", 1),
        "Letters": of(found, "letters", 1, 2),
    }
    return {t: {": ".join(key): v for key, v in values.items()} for t, values in said.items()}


def shown(ask: Asked, panel: dict[str, Any]) -> dict[str, float]:
    """Legend -> value of what a panel asks; no two lines of a panel have one legend."""
    lines: dict[str, float] = {}
    for target in panel["targets"]:
        for one in ask(target["expr"]):
            name = legend(target["legendFormat"], one["metric"])
            assert name not in lines
            lines[name] = float(one["value"][1])
    return lines


def test_panels_show_what_their_titles_say(fleet: Fleet) -> None:
    """What is of the store is so once, however many processes tell of it."""
    addresses, ask = fleet
    until = time.monotonic() + 200
    while not has_lived(figures(addresses[0])):
        assert time.monotonic() < until, figures(addresses[0])
        time.sleep(1)
    while len(ask("daypaper_letters{state='deferred'}")) < len(addresses):
        assert time.monotonic() < until
        time.sleep(1)
    time.sleep(3)
    told = expected(figures(addresses[1]))
    assert len(ask("up == 1")) == len(addresses) == 2
    lines = {panel["title"]: shown(ask, panel) for panel in panels()}
    for title, values in told.items():
        assert values, title
        goes_on = title in ("Since the last success", "Left alone for")
        assert lines.pop(title) == pytest.approx(values, abs=15 if goes_on else 0.01), title
    answered = lines.pop("Requests answered")
    assert set(answered) == {"2xx"}
    ((_, slowest),) = lines.items()
    assert slowest["/metrics"] > 0
    assert all(math.isnan(value) or 0 <= value <= 2.5 for value in slowest.values())


def test_units_are_those_of_the_metrics() -> None:
    for panel in panels():
        (target,) = panel["targets"]
        expression, unit = target["expr"], panel["fieldConfig"]["defaults"]["unit"]
        seconds = "_seconds" in expression and "_seconds_count" not in expression
        assert (unit == "s") == seconds, panel["title"]
        assert (unit == "reqps") == ("rate(" in expression and "_count" in expression)
        assert (unit == "percentunit") == (" / " in expression)
