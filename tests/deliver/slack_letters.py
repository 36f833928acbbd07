"""Letters for tests of Slack."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aggregator.deliver.base import Letter, Links
from aggregator.digest.select import Digest, Item, Section
from tests.conftest import NOW

CHANNEL = "C0000PAPERS"
SOURCES = (
    {"name": "arxiv", "status": "ok", "message": "212 new."},
    {"name": "reddit", "status": "throttled", "message": "Asked us to wait."},
)


def paper(n: int, **changes: Any) -> dict[str, Any]:
    """A paper's document."""
    return {
        "id": f"paper{n:04}",
        "title": f"Deep Widgets {n}",
        "abstract": "Widgets are hard. We propose deep widgets. They outperform shallow ones by 3%.",
        "authors": ["Ada Lovelace", "Alan Turing"],
        "venue": None,
        "categories": ["cs.CV"],
        "topics": [{"name": "gan", "probability": 0.9, "by": "model"}],
        "links": {"abstract": f"https://arxiv.org/abs/1711.{n:05}"},
        "entries": [],
        "kind": "paper",
        "buzz": {},
        **changes,
    }


def letter(papers: Sequence[dict[str, Any]], *, more: int = 0, **changes: Any) -> Letter:
    """A letter with these papers, half of them in each of two sections."""
    items = [Item(doc, ("new",), 0.9) for doc in papers]
    half = len(items) // 2
    gan = ("gan", "Adversarial networks", "对抗网络", "", tuple(items[half:]))
    rl = ("rl", "Reinforcement learning", "强化学习", "", tuple(items[:half]))
    rest = frozenset(f"more{n}" for n in range(more))
    sections = (Section(*gan, rest, path="topics/gan"), Section(*rl, path="topics/rl"))
    given: dict[str, Any] = {
        "key": "letter-1",
        "target": CHANNEL,
        "lang": "en",
        "at": NOW,
        "digest": Digest(NOW - timedelta(days=1), NOW, sections),
        "watches": ("gan", "rl"),
        "sources": SOURCES,
        "links": Links("https://daypaper.example", "https://daypaper.example/unsubscribe/abc"),
    }
    return Letter(**(given | changes))


HOSTILE = (
    "<!channel> <@U123> @here *bold* _it_ ~no~ `code` :fire: & > x|y",
    "line\r\nBcc: all\x00\x1b[31m",
    "\u202eesrever\u202c \u2066isolated\u2069",
    "x" * 40_000,
    "&<>" * 20_000,
    "深度学习" * 10_000,
    "😀" * 20_000,
    "*_~`|" * 8_000,
    ">" * 5_000,
    "",
    "\ud800 half a sign",
)
"""What titles, names and abstracts may hold."""


def hostile(n: int, text: str) -> dict[str, Any]:
    """A paper all of whose texts are this one."""
    return paper(
        n,
        title=text,
        abstract=text,
        authors=[text] * 50,
        venue=text,
        topics=[{"name": "gan", "probability": 0.9, "by": "model"}] * 9,
        links={
            "abstract": "https://example.org/" + text,
            "pdf": f"javascript:alert('{n}')",
            "code": "https://example.org/a|b>c<d>&e=*f*",
        },
    )
