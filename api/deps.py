"""What endpoints are given: the store, settings, topics and the clock of their app."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from aggregator.settings import Settings
from aggregator.sources.base import Source
from aggregator.store.db import Store
from aggregator.topics import Config
from aggregator.trend import Trends


@dataclass(frozen=True, slots=True)
class Services:
    """Everything an endpoint may use; made once by `create_app`."""

    store: Store
    settings: Settings
    config: Config
    sources: Sequence[Source]
    now: Callable[[], datetime]
    trends: Trends = field(default_factory=Trends)

    @property
    def base_url(self) -> str:
        """The public address for links, without a slash at its end; "" if none is set."""
        return self.settings.base_url.rstrip("/")


async def _services(request: Request) -> Services:
    # A coroutine, though endpoints are plain functions: a plain one costs a hop to a thread.
    return request.app.state.services


ServicesDep = Annotated[Services, Depends(_services)]
