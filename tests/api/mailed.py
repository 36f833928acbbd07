"""An installation that sends mail to a real server on loopback, and what tests read from that mail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.people import subscribers
from aggregator.people.signing import Signer
from aggregator.settings import Settings
from aggregator.store import people, subscriptions
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted
from api.app import create_app
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.smtp_server import MailServer

BASE = "https://daypaper.example"


@dataclass
class Installation:
    """`now` may be moved; `client` asks for pages."""

    store: Store
    settings: Settings
    client: TestClient
    server: MailServer
    moment: list[datetime] = field(default_factory=lambda: [NOW])

    @property
    def signer(self) -> Signer:
        return Signer.of(self.settings, lambda: self.moment[0])

    def subscribe(self, **given: Any) -> Row:
        """A confirmed subscription by e-mail."""
        wanted = {"watch": "gan", "channel": "email", "target": "ada@example.org", **given}
        with self.store.write() as connection:
            return subscribers.add(
                connection, CONFIG, Wanted.model_validate(wanted), NOW, origin="cli", confirmed=True
            )

    def row(self, opaque: str) -> Row:
        with self.store.read() as connection:
            return subscriptions.by_id(connection, opaque)

    def person(self, pk: int) -> people.Person:
        with self.store.read() as connection:
            return people.by_id(connection, people.ids(connection, {pk})[pk])

    def everything(self) -> list[Row]:
        with self.store.read() as connection:
            return subscriptions.everything(connection)

    def sign_up(self, **given: Any) -> Any:
        body = {"email": "ada@example.org", "watch": "gan", **given}
        return self.client.post("/api/v1/signup", json=body)


@contextmanager
def installation(store: Store, folder: Path, server: MailServer) -> Iterator[Installation]:
    """An app whose mail goes to this server."""
    settings = Settings(data_dir=folder, base_url=BASE, smtp_url=SecretStr(server.url))
    moment = [NOW]
    app = create_app(store, settings, CONFIG, now=lambda: moment[0])
    with TestClient(app, BASE, follow_redirects=False, raise_server_exceptions=False) as client:
        client.headers["Accept"] = "text/html,application/xhtml+xml"
        yield Installation(store, settings, client, server, moment)


def part(message: EmailMessage, kind: str) -> str:
    """The text or the HTML of a message."""
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def link(message: EmailMessage, page: str) -> str:
    """The path of the one link to this page, the same in both parts."""
    found = {
        path
        for kind in ("plain", "html")
        for path in re.findall(rf"{BASE}(/{page}/[\w.-]+)", part(message, kind))
    }
    (path,) = found
    return path
