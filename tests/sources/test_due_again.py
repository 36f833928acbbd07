"""When sources are due again: whatever happened, at most a day after a bad run, and never not at all."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import calendar, pipeline, topics
from aggregator.models import QUIET_STATUSES, STATUSES, Status
from aggregator.settings import Settings
from aggregator.sources import KINDS
from aggregator.sources.base import LastRun, Source

OPTIONS = {
    "arxiv": 'categories = ["cs.LG"]',
    "citations": 'provider = "openalex"',
    "crossref": "",
    "cvf": 'venues = ["CVPR2017"]',
    "ecva": "years = [2024]",
    "feed": 'url = "https://example.org/feed"',
    "hf_daily": "",
    "neurips": "years = [2024]",
    "openreview": 'venues = ["ICLR.cc/2025/Conference"]',
    "pmlr": "volumes = [70]",
    "reddit": 'subreddits = ["MachineLearning"]',
    "rsshub": 'base_url = "https://example.org"\nroutes = ["/zhihu/daily"]',
    "virtual": 'conferences = ["icml-2024"]',
}
LONGEST = timedelta(days=31)
"""No source is asked less often than this, not even one whose lists never change."""


@cache
def made(kind: str) -> Source:
    text = f'[[sources]]\nname = "one"\nkind = "{kind}"\n{OPTIONS[kind]}\n'
    [source] = pipeline.make_sources(topics.parse(text, "topics.toml"), Settings())
    return source


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(
    at=st.integers(1_262_304_000, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    status=st.sampled_from(sorted(STATUSES)),
    failures=st.integers(1, 10**6),
)
def test_it_is_due_again_later_but_always(
    kind: str, at: datetime, status: str, failures: int
) -> None:
    quiet = status in QUIET_STATUSES
    last = LastRun(at, status, 0 if quiet else failures)  # type: ignore[arg-type]
    due = made(kind).next_due(last, at)
    assert due > at
    assert due - at <= (LONGEST if quiet else timedelta(days=1))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_never_ran_is_due_now(kind: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert made(kind).next_due(None, now) <= now


def test_a_batch_that_is_out_is_asked_for_within_a_quarter_of_an_hour() -> None:
    source = made("arxiv")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        due = source.next_due(LastRun(at, "ok", 0), at)
        batch = calendar.next_batch(at - timedelta(minutes=10))
        assert timedelta() < due - batch <= timedelta(minutes=15)
        at = due


@pytest.mark.parametrize("status", ["partial", "mismatch"])
@pytest.mark.parametrize("failures", [1, 9, 30])
def test_what_is_amiss_in_each_run_puts_no_batch_off(status: Status, failures: int) -> None:
    """OAI-PMH that is down for a week, or a record that nobody can read."""
    source = made("arxiv")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    while at < datetime(2026, 3, 15, tzinfo=UTC):
        due = source.next_due(LastRun(at, status, failures), at)
        assert at < due <= calendar.next_batch(at - timedelta(minutes=10)) + timedelta(minutes=15)
        at = due
