"""Names that change their address between being judged and being connected to (DNS rebinding): a server on
loopback must not be reached."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aggregator.deliver.base import Outcome
from aggregator.deliver.elsewhere import Apprise
from aggregator.errors import RefusedError, UnreachableError
from aggregator.fetch.client import Fetcher, Line, Sender
from aggregator.fetch.manners import Manners
from aggregator.parse import addresses
from aggregator.sources.base import Answer
from aggregator.store.db import Store
from tests.conftest import sqlite_store
from tests.deliver.conftest import letter
from tests.server import Reply, Server

PUBLIC = "192.0.0.9"
"""Global, and nobody's: of an anycast service that only routers offer."""
HOST = "rebound.example"


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path)) as made:
        yield made


@pytest.fixture
def inside() -> Iterator[Server]:
    """What must not be reached."""
    with Server() as server:
        server.routes["/"] = Reply(b"secret")
        yield server


class Names:
    """A resolver: for HOST its answers, one after the other, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        if host != HOST:
            return [host]
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def at(server: Server, host: str = HOST, scheme: str = "http") -> str:
    return f"{scheme}://{host}:{urlsplit(server.url).port}/"


@contextmanager
def line(names: Names) -> Iterator[Line]:
    with closing(Line("me@example.org", 0.3, names)) as made:
        yield made


def get(store: Store, on: Line, url: str, *own: str) -> Answer:
    manners = Manners("upstream", timedelta(), frozenset(urlsplit(one).netloc for one in own))
    with closing(Fetcher(manners, store, contact="", line=on)) as http:
        return http.get(url)


def test_a_name_is_judged_by_the_look_that_is_connected_with(
    one_store: Store, inside: Server
) -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    with line(names) as shared:
        # Nobody answers there; another try looks the name up again.
        with pytest.raises((UnreachableError, RefusedError)):
            get(one_store, shared, at(inside))
        with pytest.raises(RefusedError, match=f"{HOST}.* is a private address"):
            get(one_store, shared, at(inside))
    assert inside.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::"),
        *("::ffff:127.0.0.1", "::ffff:0:7f00:1", "::7f00:1", "fc00::1", "fe80::1%lo", "fec0::1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1"),
    ],
)
def test_no_private_address_is_connected_to(one_store: Store, inside: Server, address: str) -> None:
    assert not addresses.is_public(address)
    for found in ([address], [PUBLIC, address]):
        with line(Names(found)) as shared, pytest.raises(RefusedError, match="private address"):
            get(one_store, shared, at(inside))
    assert inside.asked == []


@pytest.mark.parametrize("address", ["1.1.1.1", PUBLIC, "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert addresses.is_public(address)


def test_a_redirect_leads_to_no_name_that_leads_inside(
    one_store: Store, server: Server, inside: Server
) -> None:
    server.routes["/"] = Reply(b"", 302, {"Location": at(inside)})
    with line(Names(["127.0.0.1"])) as shared, pytest.raises(RefusedError, match="private"):
        get(one_store, shared, server.url + "/", server.url)
    assert len(server.asked) == 1
    assert inside.asked == []


def test_a_connection_that_one_source_may_use_is_not_anothers(
    one_store: Store, inside: Server
) -> None:
    with line(Names(["127.0.0.1"], [PUBLIC])) as shared:
        assert get(one_store, shared, at(inside), at(inside)).body == b"secret"
        with pytest.raises(UnreachableError):
            get(one_store, shared, at(inside))
    assert [asked.headers["host"] for asked in inside.asked] == [urlsplit(at(inside)).netloc]


def test_every_address_of_a_name_is_tried(one_store: Store, inside: Server) -> None:
    with line(Names(["::1", "127.0.0.1"])) as shared:  # it listens at the second one only
        assert get(one_store, shared, at(inside), at(inside)).body == b"secret"


def test_a_name_without_an_address_is_said(one_store: Store, inside: Server) -> None:
    with line(Names([])) as shared, pytest.raises(UnreachableError, match="has no address"):
        get(one_store, shared, at(inside))


def test_what_people_gave_is_posted_to_the_address_that_was_judged(inside: Server) -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    with closing(Sender("", seconds=0.4, ask=names)) as sender:
        said = sender.post_json(at(inside, scheme="https"), b"{}", {})
        assert (said.status, names.asked) == (0, 1)
        with pytest.raises(RefusedError, match="private"):
            sender.post_json(at(inside, scheme="https"), b"{}", {})
    assert inside.asked == []


@pytest.mark.parametrize("form", ["json://{}/", "ntfy://{}/topic", "gotify://{}/token"])
def test_a_library_that_looks_names_up_itself_gets_no_connection(inside: Server, form: str) -> None:
    one = letter(target=form.format(f"localhost:{urlsplit(inside.url).port}"))
    with Apprise(ask=lambda host, port: [PUBLIC]).session() as session:
        said = session.send(one, again=False)
    assert said == Outcome("refused", "localhost leads to a private address by now.")
    assert inside.asked == []
    with Apprise(allow_private=True).session() as session:  # and is free where it may be
        session.send(one, again=False)
    assert len(inside.asked) == 1
