"""Papers as blocks of Slack messages, and blocks packed into messages that Slack accepts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.deliver.slack.text import link, said
from aggregator.digest import show
from aggregator.digest.gist import gist
from aggregator.digest.language import Language
from aggregator.digest.select import own_tags

MOST_BLOCKS, MOST_TEXT, MOST_HEADER = 50, 3_000, 150
"""Blocks of a message, characters of a section and of a header (docs.slack.dev, Block Kit)."""
MOST_BYTES = 12_000
"""Bytes of a message's blocks as JSON. Slack refuses about 13,200 characters of all blocks together
without documenting how it counts (slackapi/bolt-js, issue 2509): bytes of the JSON are no fewer than
what it may count, in every script."""
MOST_VALUE = 150  # of an option in a menu

VERBS = ("relevant", "not_relevant", "save")
"""What a reader can say of a paper."""
ACTION = "paper_"  # what the ids of such actions begin with

TITLE, LINE, GIST = 300, 300, 600  # characters, so that a paper always fits a section

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """Blocks that stay together. `id` is the same on every try, whatever changed meanwhile; `about`
    says in a few words what they are about."""

    id: str
    about: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted at once. `text` is what notifications and old clients show."""

    text: str
    units: tuple[Unit, ...]

    @property
    def blocks(self) -> list[Block]:
        """The blocks of all units."""
        return [block for unit in self.units for block in unit.blocks]


def section(text: str, accessory: Block | None = None) -> Block:
    """A paragraph of markup. `verbatim`: names and addresses in it stay text."""
    made: Block = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    return made | {"accessory": accessory} if accessory else made


def header(text: str) -> Block:
    """A heading: plain text, no markup."""
    most = MOST_HEADER // 2  # such a text may consist of signs that count twice
    return {"type": "header", "text": _plain(show.clean(text, most))}


def context(text: str) -> Block:
    """A paragraph in small type."""
    element = {"type": "mrkdwn", "text": text, "verbatim": True}
    return {"type": "context", "elements": [element]}


def paper_text(
    words: Language,
    paper: Mapping[str, Any],
    base_url: str = "",
    marks: Sequence[str] = (),
    titles: Mapping[str, str] | None = None,
) -> str:
    """Title with its link, who wrote it and where, what it does, tags and other links; at most
    2,800 characters, whatever the paper holds. `titles` are those of topics."""
    addresses = show.links(paper)
    page = show.page_url(base_url, paper["id"]) if show.web_url(base_url) else ""
    first = addresses[0][1] if addresses else page
    authors = show.byline(paper.get("authors") or (), others=words("et_al"))
    news = [words("new_post" if (m, paper["kind"]) == ("new", "post") else m) for m in marks]
    by = (said(authors, LINE - 150), said(show.place(paper), 80), *news)
    tags = [
        said((titles or {}).get(tag["name"]) or tag["name"], 60)
        + f" {show.per_cent(tag['probability'])}"
        for tag in own_tags(paper)[:4]
    ]
    more = [link(url, words(f"link_{name}")) for name, url in addresses[1:2]]
    more += [link(page, words("link_page"))] if page and first != page else []
    lines = (
        f"*{link(first, said(show.title(paper) or words('untitled'), TITLE))}*",
        " · ".join(part for part in by if part),
        said(gist(paper.get("abstract") or ""), GIST),
        " · ".join([*tags, *more]),
    )
    return "\n".join(line for line in lines if line)


def topic_of(paper: Mapping[str, Any], section_name: str = "") -> str:
    """The topic that a reader judges: the section's if the paper has it, else its best; "" if none."""
    tags = {tag["name"]: tag["probability"] for tag in own_tags(paper)}
    return section_name if section_name in tags else max(tags, key=tags.__getitem__, default="")


def buttons(words: Language, paper_id: str, topic: str) -> Block:
    """A button for each thing that can be said of the paper."""
    elements = [
        {"type": "button", "action_id": ACTION + verb, "text": _plain(words(verb)), "value": value}
        for verb, value in _values(paper_id, topic)
    ]
    return {"type": "actions", "elements": elements}


def menu(words: Language, paper_id: str, topic: str) -> Block:
    """The same in a small menu."""
    options = [
        {"text": _plain(words(verb)), "value": value} for verb, value in _values(paper_id, topic)
    ]
    return {"type": "overflow", "action_id": f"{ACTION}menu", "options": options}


def size(blocks: Iterable[Block]) -> int:
    """Bytes of the blocks as JSON."""
    return len(json.dumps(list(blocks), ensure_ascii=False).encode())


def pack(units: Iterable[Unit]) -> list[Message]:
    """The units in as few messages as keep every limit, in their order."""
    filled: list[list[Unit]] = []
    blocks: list[Block] = []
    for unit in units:
        blocks += unit.blocks
        if not filled or not fits(blocks):
            filled.append([])
            blocks = list(unit.blocks)
        filled[-1].append(unit)
    return [message(some) for some in filled]


def message(units: Sequence[Unit]) -> Message:
    """One message, whose text names what its units are about."""
    about = dict.fromkeys(unit.about for unit in units)
    return Message(said(" · ".join(about), LINE), tuple(units))


def fits(blocks: Sequence[Block]) -> bool:
    """Can they be one message?"""
    return len(blocks) <= MOST_BLOCKS and size(blocks) <= MOST_BYTES


def as_text(unit: Unit) -> str:
    """What the blocks say, without blocks."""
    found = []
    for block in unit.blocks:
        texts = block.get("elements", ()) if block["type"] == "context" else [block.get("text")]
        found += [text["text"] for text in texts if text]
    return "\n\n".join(found)


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _values(paper_id: str, topic: str) -> list[tuple[str, str]]:
    """(verb, what Slack hands back when it is chosen); without a topic a paper can only be saved."""
    verbs = VERBS if topic else VERBS[-1:]
    return [(verb, f"{verb}|{paper_id}|{topic}"[:MOST_VALUE]) for verb in verbs]
