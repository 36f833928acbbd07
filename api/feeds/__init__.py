"""Feeds out: papers as plain data, then as Atom, RSS or JSON Feed; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.feeds import atom, jsonfeed, rss
from api.feeds.build import Feed


@dataclass(frozen=True, slots=True)
class Form:
    """A format: the feed at the address `own` -> its bytes, and their type."""

    render: Callable[[Feed, str], bytes]
    media_type: str


FORMS: Mapping[str, Form] = {
    "atom": Form(atom.render, "application/atom+xml"),
    "rss": Form(rss.render, "application/rss+xml"),
    "json": Form(jsonfeed.render, "application/feed+json"),
}
"""The formats by the ending of their addresses."""
