"""One process for everything: the web server in front, the scheduler behind it."""

import contextlib
import logging
import os
import socket
import sys

import uvicorn

from aggregator import clock, schedule, works
from aggregator.errors import UsageError
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config
from api.app import create_app


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises UsageError if it cannot be had."""
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Cannot listen on {host}, port {port}: {reason}; choose others with --host and --port."
        ) from None


def run(store: Store, settings: Settings, config: Config, listening: socket.socket) -> None:
    """Serve and collect until told to stop, then end the process."""
    works.load(store, config, clock.wall())
    scheduler = schedule.start(store, settings, config)
    options = uvicorn.Config(
        create_app(store, settings, config), log_config=None, log_level=logging.WARNING
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(options).run(sockets=[listening])
    scheduler.shutdown(wait=False)
    sys.stdout.flush()
    sys.stderr.flush()
    # Collectors sleep between polite requests, for a minute each time. What they stored is whole,
    # and the rest is asked again, so nobody has to wait for them.
    os._exit(0)
