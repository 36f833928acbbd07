"""One process for everything: the web server in front, the scheduler behind it."""

import contextlib
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from aggregator import clock, schedule, subscribers, works
from aggregator.errors import UsageError
from aggregator.postman import Postman
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config
from api.app import create_app

if TYPE_CHECKING:
    from api.slack.app import SocketMode


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
    subscribers.follow_file(store, settings, config, clock.wall())
    app = create_app(store, settings, config)
    postman = Postman(store, settings, config)
    scheduler = schedule.start(store, settings, config, postman=postman)
    socket_mode = _socket_mode(app)
    options = uvicorn.Config(app, log_config=None, log_level=logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(options).run(sockets=[listening])
    scheduler.shutdown(wait=False)
    postman.stop()
    if socket_mode:
        socket_mode.close()
    sys.stdout.flush()
    sys.stderr.flush()
    # Collectors sleep between polite requests, for a minute each time. What they stored is whole,
    # and the rest is asked again, so nobody has to wait for them.
    os._exit(0)


def _socket_mode(app: FastAPI) -> "SocketMode | None":
    """Slack's events over a connection that we open, where an app token is set."""
    services = app.state.services
    if not services.settings.slack_app_token.get_secret_value():
        return None
    from api.slack.app import start_socket_mode  # half a second of imports that few need

    return start_socket_mode(services)
