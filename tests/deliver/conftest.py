"""What tests of channels share: letters, and mail servers on loopback."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.deliver.base import Letter, Links
from aggregator.digest.letter import Rendered
from aggregator.digest.select import Digest, Item, Section
from tests.smtp_server import Certificate, MailServer, make_certificate

AT = datetime(2017, 11, 13, 8, tzinfo=UTC)


def plain(letter: Letter) -> Rendered:
    """A renderer for tests that are not about what a letter says."""
    return Rendered(f"Digest {letter.key}", f"<p>{letter.key}</p>\n", f"{letter.key}\n")


def paper(number: int, title: str = "", **more: Any) -> dict[str, Any]:
    """A paper's document."""
    return {
        "id": f"p{number}",
        "kind": "paper",
        "title": title or f"Deep Widgets {number}",
        "abstract": "We build widgets. They are deep.",
        "authors": ["Ada Lovelace", "Alan Turing"],
        "venue": "",
        "categories": ["cs.CV"],
        "topics": [{"name": "gan", "probability": 0.9, "by": "model"}],
        "links": {"abstract": f"https://arxiv.org/abs/1711.{number:05d}"},
        "buzz": {"score": 0, "posts": 0, "citations": 0},
        "entries": [],
        **more,
    }


def letter(
    key: str = "k1",
    target: str = "ada@example.org",
    papers: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Letter:
    """A letter with one section."""
    docs = [paper(1), paper(2)] if papers is None else papers
    items = tuple(Item(doc, ("new",), 0.9) for doc in docs)
    section = Section("gan", "Adversarial networks", "对抗网络", "", items)
    given: dict[str, Any] = {
        "lang": "en",
        "at": AT,
        "digest": Digest(AT.replace(hour=0), AT, (section,)),
        "watches": ("gan",),
        "sources": (),
        "links": Links("https://papers.example.org", "https://papers.example.org/unsubscribe/tok"),
    }
    return Letter(key=key, target=target, **(given | more))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server without TLS."""
    with MailServer() as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost that nobody else trusts."""
    made = make_certificate(tmp_path_factory.mktemp("certificate"))
    if made is None:
        pytest.skip("no openssl program to make a certificate with")
    return made
