"""The same jobs as `schedule.py`'s, shared by any number of workers over PostgreSQL.

The engine is procrastinate. Its queue holds nothing that cannot be asked again: what is due is
computed from the store, a job is put into the queue each minute by whichever worker comes first, and
one that is waiting there already is not put in twice, nor is one begun while it is being done. A job
whose worker died is dropped and put in anew. Tagging is not in the queue: every worker does it, and they
share the papers by claims in the store.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

from aggregator import clock, schedule
from aggregator.schedule import Job
from aggregator.sending.postman import Postman
from aggregator.settings import Settings
from aggregator.store import queue
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)

HEARTBEAT = 10.0  # seconds between a worker's signs of life
SILENT = 30.0  # seconds without one after which a worker is taken for dead
POLL = 0.5  # seconds; a job behind another's lock is found by looking, five seconds by default
GRACE = 8.0  # seconds that jobs have to end when the worker is told to stop
AGAIN = 5.0  # seconds until the queue is asked again after its database went
_WANTED_CRON = "* * * * * */5"
_RESCUE_CRON = "* * * * * */10"
_CRON = {60: "* * * * *", 10: "* * * * * */10", 3600: "0 * * * *"}


def work(store: Store, settings: Settings, config: Config) -> None:
    """Take jobs from the queue until the process is told to stop; then jobs have `GRACE` seconds to
    end. Those that go on sit in threads that nobody waits for, so the process has to end now.

    Raises UsageError if the queue cannot be made.
    """
    queue.prepare(store, procrastinate.__version__, SchemaManager.get_schema())
    postman = Postman(store, settings, config)
    jobs = schedule.jobs(store, settings, config, postman)
    # Not asyncio.run, which would wait for every thread: a polite collector sleeps for a minute.
    loop = asyncio.new_event_loop()
    queued, shared = ([job for job in jobs if job.shared is own] for own in (False, True))
    app = make_app(store, queued, partial(schedule.wanted, store))
    loop.run_until_complete(_work(app, postman, queued, shared))


def make_app(
    store: Store, jobs: list[Job], urgent: Callable[[], Collection[str]] = tuple
) -> procrastinate.App:
    """The engine with these jobs, not yet connected; `urgent` names those to do before their time."""
    conninfo, options = queue.address(store)
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo, kwargs={"options": options}, min_size=1, max_size=4
    )
    app = procrastinate.App(connector=connector)
    for job in jobs:
        _register(app, job)

    @app.periodic(cron=_RESCUE_CRON)
    @app.task(name="drop jobs of dead workers", queueing_lock="drop", pass_context=False)
    async def rescue(timestamp: int) -> None:
        await drop_orphans(app)

    @app.periodic(cron=_WANTED_CRON)
    @app.task(name="look what is wanted", queueing_lock="wanted", pass_context=False)
    async def hurry(timestamp: int) -> None:
        for name in await asyncio.to_thread(urgent):
            if name in app.tasks:
                with contextlib.suppress(AlreadyEnqueued):  # it waits for its turn already
                    await app.tasks[name].defer_async(timestamp=timestamp)

    return app


async def drop_orphans(app: procrastinate.App, silent: float = SILENT) -> int:
    """Drop the jobs of workers that gave no sign of life for `silent` seconds, since their locks would
    be held for ever, and put each in anew; returns how many."""
    orphans = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent))
    for job in orphans:
        log.warning('the worker of "%s" died; another one looks what is due', job.task_name)
        if job.id is not None:
            await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
        again = app.configure_task(
            job.task_name, allow_unknown=True, lock=job.lock, queueing_lock=job.queueing_lock
        )
        with contextlib.suppress(AlreadyEnqueued):
            await again.defer_async(**job.task_kwargs)
    return len(orphans)


def _register(app: procrastinate.App, job: Job) -> None:
    run: Callable[[], None] = partial(schedule.guarded, job)

    # Where the engine has to end, it lets go of a job that awaits; one that is a plain function it would
    # wait for, for an hour of proceedings.
    async def task(timestamp: int) -> None:
        await asyncio.to_thread(run)

    # A job that takes longer than its cadence would else be begun again and again, and wait for itself
    # in all the threads that the others need.
    lock = job.alone or job.name
    registered = app.task(name=job.name, queueing_lock=job.name, lock=lock)(task)
    app.periodic(cron=_CRON[int(job.every.total_seconds())])(registered)


async def engine(
    app: procrastinate.App,
    concurrency: int,
    told: asyncio.Event,
    *,
    grace: float = GRACE,
    again: float = AGAIN,
    wall: Callable[[], datetime] = clock.wall,
) -> None:
    """Take jobs until told to stop. The engine ends by itself when its database goes, if only for a
    moment; it is begun again until that is back. What it had in hand is then due again by itself."""
    while not told.is_set():
        try:
            await _run(app, concurrency, grace, wall)
        except ConnectorException as error:
            log.warning("the queue cannot be asked: %s", error.__cause__ or error)
        log.warning("the queue is asked again in %g seconds", again)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), again)


async def _run(
    app: procrastinate.App, concurrency: int, grace: float, wall: Callable[[], datetime]
) -> None:
    """The engine, until it ends by itself or the clock is set back: it would put nothing in until the
    clock shows again what it had shown."""
    running = asyncio.create_task(
        app.run_worker_async(
            concurrency=concurrency,
            fetch_job_polling_interval=POLL,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=SILENT,
            shutdown_graceful_timeout=grace,
            delete_jobs="always",
            install_signal_handlers=False,
        )
    )
    set_back = asyncio.create_task(_set_back(wall))
    try:
        await asyncio.wait({running, set_back}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        set_back.cancel()
        running.cancel()  # which the engine takes for "no new jobs, and end those that run"
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()  # raises what ended it


async def _set_back(wall: Callable[[], datetime]) -> None:
    before = wall()
    while True:
        await asyncio.sleep(HEARTBEAT)
        now = wall()
        if now < before:
            log.warning("the clock was set back")
            return
        before = now


async def _again(job: Job) -> None:
    """Do it at its cadence, whoever else does."""
    while True:
        await asyncio.to_thread(schedule.guarded, job)
        await asyncio.sleep(job.every.total_seconds())


async def _work(
    app: procrastinate.App, postman: Postman, queued: list[Job], shared: list[Job]
) -> None:
    loop = asyncio.get_running_loop()
    # A job sleeps between polite requests: each has a thread, whatever the number of cores.
    most = len(queued) + 2  # those of `make_app`
    loop.set_default_executor(
        ThreadPoolExecutor(most + len(shared) + 1)
    )  # and the end of the letters
    told = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, told.set)
    await app.open_async()
    working = asyncio.create_task(engine(app, most, told))
    beside = [asyncio.create_task(_again(job)) for job in shared]
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()  # raises what ended it
    for task in beside:
        task.cancel()
    working.cancel()
    letters = asyncio.create_task(asyncio.to_thread(postman.stop))
    await asyncio.wait({working, letters}, timeout=GRACE)
