"""An installation with accounts over a real mail server, and browsers of several people."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store.db import Store
from api.app import create_app
from tests.api.mailed import BASE, link
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.smtp_server import MailServer

OWNER, ADA, EVE = "owner@example.org", "ada@example.org", "eve@example.org"


@dataclass
class Lab:
    """`now` may be moved; `browser` opens a new browser that nobody knows."""

    store: Store
    settings: Settings
    app: FastAPI
    server: MailServer
    opened: ExitStack
    moment: list[datetime] = field(default_factory=lambda: [NOW])

    def browser(self) -> TestClient:
        """A browser of its own, with its own cookies."""
        made = TestClient(self.app, BASE, follow_redirects=False, raise_server_exceptions=False)
        made.headers["Accept"] = "text/html,application/xhtml+xml"
        return self.opened.enter_context(made)

    def ask(self, browser: TestClient, address: str, **more: Any) -> Any:
        """Ask for a link on the page for it."""
        sent = {"proof": proof(browser, "/sign-in"), "email": address, **more}
        return browser.post("/sign-in", data=sent)

    def link(self) -> str:
        """The path of the link in the latest mail."""
        return link(self.server.received[-1].message, "sign-in")

    def follow(self, browser: TestClient, path: str) -> Any:
        """Press the button of the page that a link opens."""
        return browser.post(path, data={"proof": proof(browser, path)})

    def signed_in(self, address: str, browser: TestClient | None = None) -> TestClient:
        """A browser in which the owner of this address is signed in."""
        made = browser or self.browser()
        self.ask(made, address)
        assert self.follow(made, self.link()).status_code == 303
        return made


@contextmanager
def lab(store: Store, folder: Path, server: MailServer, **more: Any) -> Iterator[Lab]:
    """Accounts for everybody at example.org, one owner, mail to this server."""
    given = {
        "data_dir": folder,
        "base_url": BASE,
        "smtp_url": SecretStr(server.url),
        "accounts": True,
        "owners": OWNER,
        "accounts_for": "example.org",
    }
    settings = Settings(**(given | more))
    moment = [NOW]
    app = create_app(store, settings, CONFIG, now=lambda: moment[0])
    with ExitStack() as opened:
        yield Lab(store, settings, app, server, opened, moment)


def proof(browser: TestClient, path: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="proof" value="([^"]+)"', browser.get(path).text)
    assert found
    return found[1]
