"""The first sentences of an abstract."""

import re

_END = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9\u4e00-\u9fff])|(?<=[。！？])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.?g|i\.?e|et al|etc|cf|vs|resp|approx|w\.?r\.?t|fig|eq|sec|ref|no|dr|st)|\b[A-Z])\.$",
    re.IGNORECASE,
)
LEAST, MOST = 80, 360


def gist(abstract: str, sentences: int = 2, most: int = MOST) -> str:
    """The first sentences, at most `most` characters; an ellipsis where a sentence is cut."""
    text = " ".join(abstract.split())
    ends = [
        match.start()
        for match in _END.finditer(text)
        if not _ABBREVIATED.search(text[: match.start()])
    ]
    head = text[: ends[sentences - 1]].rstrip() if len(ends) >= sentences else text
    if len(head) <= most:
        return head
    first = next((end for end in ends if LEAST <= end <= most), None)
    if first is not None:
        return text[:first].rstrip()
    cut = head[:most]
    return (cut.rsplit(" ", 1)[0] if " " in cut[most // 2 :] else cut).rstrip(" ,;:") + "…"
