"""The feeds of a feed reader (OPML) as sources of topics.toml."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator import topics
from aggregator.errors import UsageError
from aggregator.parse.text import plain

MOST_BYTES = 16 * 2**20
_ADDRESS = re.compile(r"https?://[^\s/]+\S*")
_NAMES = re.compile(r'^\s*(?:name|url)\s*=\s*"([^"]*)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as a reader knows it."""

    title: str
    url: str


def fits(path: Path) -> bool:
    """Is the file named like a list of feeds?"""
    return path.suffix.lower() in (".opml", ".xml")


def read(path: Path) -> list[Feed]:
    """Every feed of a list, folders flattened, each address once.

    Raises UsageError if the file cannot be read or is no OPML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        with path.open("rb") as file:
            root = etree.fromstring(file.read(MOST_BYTES).lstrip(), parser)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from None
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise UsageError(f"{path}: not OPML ({reason}); expected a list of feeds.") from None
    if etree.QName(root).localname != "opml":
        raise UsageError(f"{path}: not OPML; expected a list of feeds.")
    found = {}
    for one in root.iter("outline"):
        url = (one.get("xmlUrl") or "").strip()
        if _ADDRESS.fullmatch(url):
            found.setdefault(url, Feed(plain(one.get("title") or one.get("text") or ""), url))
    return list(found.values())


def as_toml(feeds: Iterable[Feed], known: str) -> str:
    """A `[[sources]]` for each feed whose address the text of a topics.toml does not have."""
    taken = set(_NAMES.findall(known))
    return "".join(_tables(feeds, taken))


def _tables(feeds: Iterable[Feed], taken: set[str]) -> Iterator[str]:
    for feed in feeds:
        if feed.url in taken:
            continue
        name = _name(feed, taken)
        taken |= {feed.url, name}
        # JSON's strings are TOML's too.
        url = json.dumps(feed.url, ensure_ascii=False)
        title = f"# {feed.title}\n" if feed.title else ""
        yield f'\n{title}[[sources]]\nname = "{name}"\nkind = "feed"\nurl = {url}\n'


def _name(feed: Feed, taken: set[str]) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", feed.title.lower()).strip("-")[:40]
    host = re.sub(r"[^a-z0-9]+", "-", feed.url.lower().split("/")[2]).strip("-")
    name = base = words or host or "feed"
    n = 2
    while name in taken:
        name, n = f"{base}-{n}", n + 1
    return name


def append(path: Path, added: str) -> int:
    """Add tables to the end of a topics.toml, if the whole is then a good one; returns how many.

    Raises UsageError if it is not, or cannot be written.
    """
    whole = path.read_text(encoding="utf-8").rstrip() + "\n" + added
    topics.parse(whole, str(path))
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(whole, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}.") from None
    return added.count("[[sources]]")
