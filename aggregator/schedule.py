"""What is to be done again and again, and keeping that cadence in one process.

Due times are computed from the run history, so nothing piles up: a job that overruns is not started
twice, and after a sleep or a restart a source that is overdue runs once.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from aggregator import clock, pipeline
from aggregator.collect.attempt import Progress
from aggregator.sending.postman import Postman
from aggregator.settings import Settings
from aggregator.store import wishes
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(minutes=1)
TAG_EVERY = timedelta(seconds=10)
TIDY_EVERY = timedelta(hours=1)
WANTED_EVERY = timedelta(seconds=2)
"""How often is looked for what people asked for by hand: they wait for it."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something small that may be done at any time, by any process, once more than needed.

    `alone`: jobs of this name are not to run side by side; "" if that does not matter. `shared`: every
    process does it, as they share the work among themselves.
    """

    name: str
    do: Callable[[], object]
    every: timedelta
    alone: str = ""
    shared: bool = False


def jobs(
    store: Store,
    settings: Settings,
    config: Config,
    postman: Postman,
    progress: Progress | None = None,
) -> list[Job]:
    """Everything that `daypaper run` and `daypaper worker` do behind the pages.

    One job per source: an hour of proceedings must not keep the morning's announcement waiting.
    """
    found = [
        Job(
            _collect(source.name),
            partial(pipeline.collect_if_due, store, settings, source, progress),
            LOOK_EVERY,
            source.upstream,
        )
        for source in pipeline.make_sources(config, settings)
    ]
    look_up = partial(pipeline.look_up, store, settings, config)
    return [
        *found,
        Job("look up papers", look_up, LOOK_EVERY),
        Job("send letters", postman, LOOK_EVERY),
        Job("forget unconfirmed addresses", postman.tidy, TIDY_EVERY),
        Job("learn from feedback", partial(_learn, store), TIDY_EVERY),
        Job("learn how papers speak", partial(_read, store), LOOK_EVERY),
        Job("tag batch", partial(pipeline.tag, store, settings, config), TAG_EVERY, shared=True),
        Job("look at the schema", partial(_leave, store), LOOK_EVERY, shared=True),
    ]


def wanted(store: Store) -> dict[str, datetime]:
    """The names of jobs that somebody waits for -> since when (logical)."""
    with store.read() as connection:
        found = wishes.waiting(connection)
    return {_collect(source): asked_at for source, asked_at in found.items()}


def _collect(source: str) -> str:
    return f"collect {source}"


def _learn(store: Store) -> None:
    from aggregator.learn.learning import learn_if_due  # numpy and scipy: slow to import

    learn_if_due(store, clock.wall())


def _read(store: Store) -> None:
    from aggregator.learn.tastes import read_if_due

    read_if_due(store, clock.wall())


def _leave(store: Store) -> None:
    """End the process, as somebody would who stops it, where a newer Daypaper has changed the schema:
    this one's runs would fail, and be noted as failures of their sources."""
    if not store.is_current():
        log.error("a newer Daypaper has changed the database, so this one ends; start the new one")
        os.kill(os.getpid(), signal.SIGTERM)


def start(
    jobs: list[Job], urgent: Callable[[], Mapping[str, datetime]] = dict
) -> BackgroundScheduler:
    """Do each job now and at its cadence, in background threads; `shutdown` it at the end. `urgent`
    tells which jobs are to be done before their time, and since when that is asked."""
    scheduler = BackgroundScheduler(
        timezone="UTC", executors={"default": {"type": "threadpool", "max_workers": len(jobs) + 1}}
    )
    for job in jobs:
        scheduler.add_job(
            partial(guarded, job),
            "interval",
            seconds=job.every.total_seconds(),
            id=job.name,
            next_run_time=clock.wall(),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,  # late is fine: what is due is asked when it runs
        )
    scheduler.add_job(
        partial(guarded, Job("look what is wanted", _Hurry(scheduler, urgent), WANTED_EVERY)),
        "interval",
        seconds=WANTED_EVERY.total_seconds(),
        coalesce=True,
        max_instances=1,
    )
    scheduler.start()
    threading.Thread(target=_mind_the_clock, args=(scheduler,), daemon=True).start()
    return scheduler


def _mind_the_clock(scheduler: BackgroundScheduler) -> None:
    """Where the clock was set back, every job would wait until it shows again what it had shown."""
    while scheduler.running:
        due = [(one.id, one.next_run_time - one.trigger.interval) for one in scheduler.get_jobs()]
        now = clock.wall()  # after these were asked: one of them may just have run
        for name, last in due:
            if last > now:
                with contextlib.suppress(JobLookupError):  # the scheduler ends
                    scheduler.modify_job(name, next_run_time=now)
        time.sleep(WANTED_EVERY.total_seconds())


class _Hurry:
    """Brings forward what is urgent, each asking once: its job may have to wait for another one."""

    def __init__(
        self, scheduler: BackgroundScheduler, urgent: Callable[[], Mapping[str, datetime]]
    ) -> None:
        self._scheduler, self._urgent = scheduler, urgent
        self._known: Mapping[str, datetime] = {}

    def __call__(self) -> None:
        found = self._urgent()
        for name, since in found.items():
            if self._known.get(name) != since and self._scheduler.get_job(name):
                self._scheduler.modify_job(name, next_run_time=clock.wall())
        self._known = found


def guarded(job: Job) -> None:
    """Do it; a broken job is logged and tried again at its next look, and the others go on."""
    try:
        job.do()
    except Exception:
        log.exception("%s failed", job.name)
