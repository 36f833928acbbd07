"""Letters to test with: papers, digests and what may be in them, hostile texts included."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.deliver.base import Letter, Links
from aggregator.digest.select import Digest, Item, Section

BASE = "https://daypaper.example"
DAY = datetime(2017, 11, 13, tzinfo=UTC)
NOW = DAY + timedelta(hours=12)
LONG_ABSTRACT = (
    "Deep widgets have become popular & are <widely> used in recent years. "
    "We propose a widget that is deeper than “all” others, and train it on forty thousand gadgets "
    "in six languages, with an objective that is written down here for the first time. "
    "Experiments show that it outperforms the state of the art by 12% while it needs half the time. "
) * 4
HOSTILE = (
    "<script>alert(1)</script>\r\nBcc: all@example.org\x1b[31m \u202egnp.exe\u2066 \x00\ud800 "
    'From here" onclick="x() {0} {title} {{ 7*7 }} %s'
)


def paper(number: int, **fields: Any) -> dict[str, Any]:
    """A paper's document, as the store gives it."""
    return {
        "id": f"paper{number}",
        "kind": "paper",
        "title": f"Deep Widgets for Semantic Gadgets, Part {number}",
        "abstract": LONG_ABSTRACT,
        "authors": ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Kurt Gödel"],
        "venue": None,
        "categories": ["cs.CV", "cs.LG"],
        "topics": [{"name": "gan", "probability": 0.9, "by": "model"}],
        "links": {
            "abstract": f"https://arxiv.org/abs/1711.{number:05d}",
            "pdf": f"https://arxiv.org/pdf/1711.{number:05d}",
        },
        "buzz": {"score": 12, "posts": 2, "citations": 1},
        "entries": [],
        "withdrawn": False,
    } | fields


WHY = (("introduce … network", 2.0), ("Introduce … Network", 1.5), ("title:attention", 1.0),
       ("比较", -3.0), ("生成对抗", 0.5))  # fmt: skip


def section(name: str, papers: Sequence[dict[str, Any]], more: int = 0, **fields: Any) -> Section:
    """A section whose papers are new."""
    given = {
        "title": f"On {name}",
        "title_zh": f"关于{name}",
        "parent": "",
        "path": f"topics/{name}",
    }
    items = tuple(Item(p, ("new",), 0.9, WHY) for p in papers)
    rest = frozenset(f"{name}-{n}" for n in range(more))
    return Section(name=name, items=items, rest=rest, **(given | fields))


def digest(*sections: Section, note: str = "") -> Digest:
    """A day's digest."""
    return Digest(DAY, DAY + timedelta(days=1), sections, note)


def letter(*sections: Section, lang: str = "en", note: str = "", **fields: Any) -> Letter:
    """A letter with these sections."""
    papers = [item.paper["id"] for s in sections for item in s.items]
    token = "t" * 120
    given: dict[str, Any] = {
        "key": "k1",
        "target": "ada@example.org",
        "lang": lang,
        "at": NOW,
        "digest": digest(*sections, note=note),
        "watches": ("gan",),
        "sources": (
            {"name": "arxiv", "status": "ok", "message": "All of it."},
            {"name": "cvf", "status": None, "message": "Not asked yet."},
            {"name": "reddit", "status": "not_out_yet", "message": "<b>bold</b>"},
        ),
        "links": Links(
            BASE,
            f"{BASE}/unsubscribe/{token}",
            f"{BASE}/preferences/{token}",
            {name: f"{BASE}/feedback/{token}{name}" for name in papers},
        ),
    }
    return Letter(**(given | fields))
