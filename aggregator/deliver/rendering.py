"""One rendering for everybody who gets the same digest: only the links in it are a reader's own."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from aggregator.deliver.base import Letter, Links
from aggregator.digest.letter import Rendered, render_letter

MOST = 200
"""Renderings kept; a mail's takes some 200 kB."""


@dataclass(frozen=True, slots=True)
class _Kept:
    letter: Letter  # keeps the objects alive that the key names by their identity
    rendered: Rendered


class Renderer:
    """Renders letters. Those of one pass that share their digest (the same object) are rendered once,
    with places kept for the links, since a thousand readers of one watch get the same text."""

    def __init__(self, render: Callable[[Letter], Rendered] = render_letter) -> None:
        self._render = render
        self._kept: OrderedDict[Any, _Kept] = OrderedDict()
        self._lock = Lock()
        # Unguessable, so that no text from outside can ask for a reader's link.
        self._mark = secrets.token_hex(8)
        self._place = re.compile(rf"{self._mark}-(\w+?)-+")

    def __call__(self, letter: Letter) -> Rendered:
        """The letter with its own links."""
        key = _key(letter)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            links, _ = self._places(letter.links)
            kept = _Kept(letter, self._render(replace(letter, links=links)))
            with self._lock:
                self._kept[key] = kept
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        _, own = self._places(letter.links)
        made = kept.rendered
        return Rendered(made.subject, self._filled(made.html, own), self._filled(made.text, own))

    def _places(self, links: Links) -> tuple[Links, dict[str, str]]:
        """(the links with places instead of tokens, place -> token). A place is as long as what goes
        there, so that the size of the text stays."""
        own: dict[str, str] = {}

        def place(name: str, url: str) -> str:
            base, _, token = url.rpartition("/")
            own[name] = token
            return f"{base}/{self._mark}-{name}-".ljust(len(url), "-") if url else ""

        made = Links(
            links.base_url,
            unsubscribe=place("u", links.unsubscribe),
            preferences=place("p", links.preferences),
            feedback={paper: place(paper, url) for paper, url in links.feedback.items()},
        )
        return made, own

    def _filled(self, text: str, own: dict[str, str]) -> str:
        return self._place.sub(lambda found: own[found[1]], text)


def _key(letter: Letter) -> tuple[Any, ...]:
    return (
        id(letter.digest),
        id(letter.sources),
        letter.lang,
        letter.at,
        str(letter.at.tzinfo),
        letter.watches,
        letter.late_since,
        letter.paused_since,
        letter.paused_until,
        tuple(id(paper) for paper in letter.withdrawn),
        letter.links.base_url,
        letter.test,
        tuple(sorted((name, str(page)) for name, page in letter.pages.items())),
    )
