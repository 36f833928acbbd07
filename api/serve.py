"""One process for everything: the web server in front, the scheduler behind it."""

import logging
import os
import sys

import uvicorn

from aggregator import clock, schedule, works
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config
from api.app import create_app


def run(store: Store, settings: Settings, config: Config, host: str, port: int) -> None:
    """Serve and collect until told to stop, then end the process."""
    works.load(store, config, clock.wall())
    scheduler = schedule.start(store, settings, config)
    code = 0
    try:
        uvicorn.run(
            create_app(store, settings, config),
            host=host,
            port=port,
            log_config=None,
            log_level=logging.WARNING,
        )
    except SystemExit:  # uvicorn has said why: the port is taken
        code = 1
    except KeyboardInterrupt:
        pass
    scheduler.shutdown(wait=False)
    sys.stdout.flush()
    sys.stderr.flush()
    # Collectors sleep between polite requests, for a minute each time. What they stored is whole,
    # and the rest is asked again, so nobody has to wait for them.
    os._exit(code)
