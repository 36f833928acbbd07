"""Keeps the cadence in one process: each source is looked at every minute and run when it is due.

Due times are computed from the run history, so nothing piles up: a job that overruns is not started
twice, and after a sleep or a restart a source that is overdue runs once.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from aggregator import clock, pipeline
from aggregator.attempt import Progress
from aggregator.postman import Postman
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(minutes=1)
TAG_EVERY = timedelta(seconds=10)
TIDY_EVERY = timedelta(hours=1)


def start(
    store: Store,
    settings: Settings,
    config: Config,
    progress: Progress | None = None,
    postman: Postman | None = None,
) -> BackgroundScheduler:
    """Look at every source now and every minute, in background threads; `shutdown` it at the end.

    One thread per source: an hour of proceedings must not keep the morning's announcement waiting.
    """
    sources = pipeline.make_sources(config, settings)
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": {"type": "threadpool", "max_workers": len(sources) + 3}},
    )
    for source in sources:
        job = partial(pipeline.collect_if_due, store, settings, source, progress)
        _add(scheduler, f"collect {source.name}", job, LOOK_EVERY)
    look_up = partial(pipeline.look_up, store, settings, config)
    _add(scheduler, "look up papers", look_up, LOOK_EVERY)
    postman = postman or Postman(store, settings, config)
    _add(scheduler, "send letters", postman, LOOK_EVERY)
    _add(scheduler, "forget unconfirmed addresses", postman.tidy, TIDY_EVERY)
    _add(scheduler, "tag batch", partial(pipeline.tag, store, settings, config), TAG_EVERY)
    scheduler.start()
    return scheduler


def _add(
    scheduler: BackgroundScheduler, name: str, job: Callable[[], object], every: timedelta
) -> None:
    scheduler.add_job(
        partial(_guarded, name, job),
        "interval",
        seconds=every.total_seconds(),
        id=name,
        next_run_time=clock.wall(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,  # late is fine: what is due is asked when it runs
    )


def _guarded(name: str, job: Callable[[], object]) -> None:
    """One broken job is logged and tried again at its next look; the others go on."""
    try:
        job()
    except Exception:
        log.exception("%s failed", name)
