"""The processes that go on until they are told to stop: the web server, the jobs, or both in one."""

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import FastAPI

from aggregator import clock, schedule
from aggregator.collect import works
from aggregator.errors import UsageError
from aggregator.people import subscribers
from aggregator.sending.postman import Postman
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config
from api.app import create_app

if TYPE_CHECKING:
    from api.slack.app import SocketMode


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises UsageError if it cannot be had."""
    try:
        listening = socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise UsageError(
            f"Cannot listen on {host}, port {port}: {reason}; choose others with --host and --port."
        ) from None
    # asyncio asks for it only where a socket names its protocol; connections have it from this one.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(store: Store, settings: Settings, config: Config, listening: socket.socket) -> None:
    """Serve and collect until told to stop, then end the process."""
    _begin(store, settings, config)
    postman = Postman(store, settings, config)
    scheduler = _start(store, settings, config, postman)
    _serve(store, settings, config, listening)
    scheduler.shutdown(wait=False)
    postman.stop()
    _end()


def api(store: Store, settings: Settings, config: Config, listening: socket.socket) -> None:
    """Serve until told to stop; somebody else collects and sends."""
    _serve(store, settings, config, listening)
    _end()


def work(store: Store, settings: Settings, config: Config) -> None:
    """Collect, tag and send until told to stop, then end the process: with PostgreSQL together with
    any number of other workers, with SQLite alone."""
    _begin(store, settings, config)
    if store.is_sqlite:
        postman = Postman(store, settings, config)
        scheduler = _start(store, settings, config, postman)
        _wait_for_the_end()
        scheduler.shutdown(wait=False)
        postman.stop()
    else:
        from aggregator import jobs

        jobs.work(store, settings, config)
    _end()


def _start(
    store: Store, settings: Settings, config: Config, postman: Postman
) -> BackgroundScheduler:
    jobs = schedule.jobs(store, settings, config, postman)
    return schedule.start(jobs, partial(schedule.wanted, store))


def _begin(store: Store, settings: Settings, config: Config) -> None:
    works.load(store, config, clock.wall())
    subscribers.follow_file(store, settings, config, clock.wall())


def _serve(store: Store, settings: Settings, config: Config, listening: socket.socket) -> None:
    app = create_app(store, settings, config)
    socket_mode = _socket_mode(app)
    # Without a proxy that is named, whoever asks could call itself anybody.
    options = uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.WARNING,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
    )
    # What the start left stays: looking through all of it again and again is a pause of 0.15 s for
    # whoever asks just then.
    gc.freeze()
    # uvicorn raises the signal anew when it has ended; SIGTERM's own way would kill the process there.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(options).run(sockets=[listening])
    if socket_mode:
        socket_mode.close()


def _wait_for_the_end() -> None:
    told = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: told.set())
    told.wait()


def _end() -> None:
    """Collectors sleep between polite requests, for a minute each time. What they stored is whole,
    and the rest is asked again, so nobody has to wait for them."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _socket_mode(app: FastAPI) -> "SocketMode | None":
    """Slack's events over a connection that we open, where an app token is set."""
    services = app.state.services
    if not services.settings.slack_app_token.get_secret_value():
        return None
    from api.slack.app import start_socket_mode  # half a second of imports that few need

    return start_socket_mode(services)
