"""Text from outside as Slack's markup shows it: escaped, without markup of its own, cut to length."""

import re
from urllib.parse import quote

from aggregator.digest import show

MOST_URL = 400
"""Characters of an address in a link, so that one address cannot fill a section."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Slack has no way to escape these; each looks the same, and none is markup. A bar would end the
# address in a link, so it goes too.
_ALIKE = str.maketrans({"*": "∗", "~": "∼", "`": "'", "|": "∣"})
_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word an underscore is no markup
_EMOJI = re.compile(r":(?=[a-z0-9_+'-]{1,100}:)", re.IGNORECASE)
_EVERYBODY = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_QUOTE = re.compile(r"^>+")


def said(text: str, most: int) -> str:
    """The text in one line of at most `most` characters, as Slack counts them (UTF-16, entities as
    written); never cut within an entity."""
    text = show.clean(text, most).translate(_ALIKE)
    text = _EDGE.sub("ˍ", _EMOJI.sub("∶", _EVERYBODY.sub("＠", _QUOTE.sub("›", text))))
    found: list[str] = []
    used = 0
    for sign in text:
        written = _ENTITIES.get(sign, sign)
        used += units(written)
        if used > most:
            return _within(found, most - 1) + "…"
        found.append(written)
    return "".join(found)


def link(url: str, label: str) -> str:
    """A link with a label that is escaped already; the label alone if the address is no good."""
    address = show.web_url(url)
    # as in Markdown: nothing that could end the link is left as it is
    address = quote(address, safe="%/:=&?~#+!$,;'@-.").replace("&", "&amp;")
    return f"<{address}|{label}>" if address and len(address) <= MOST_URL else label


def units(text: str) -> int:
    """Its length as JavaScript has it: signs beyond the basic plane count twice."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def _within(written: list[str], most: int) -> str:
    """As many of the signs as fit."""
    used, kept = 0, []
    for one in written:
        used += units(one)
        if used > most:
            break
        kept.append(one)
    return "".join(kept)
