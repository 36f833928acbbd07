"""The sentences of an abstract that say what a paper does: chosen, never written."""

import re
from functools import lru_cache

_END = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9\u4e00-\u9fff])|(?<=[。！？])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.?g|i\.?e|et al|etc|cf|vs|resp|approx|w\.?r\.?t|fig|eq|sec|ref|no|dr|st)|\b[A-Z])\.$",
    re.IGNORECASE,
)
MOST = 360
READ = 8_000
"""Characters of an abstract that are looked at; real ones are shorter."""

_OURS = r"\b(?:we|i|this (?:paper|work|article|letter|study|thesis|survey|report)|the authors)\b"
_LEANING = re.compile(
    r"^(?:however|but|moreover|furthermore|in addition|additionally|also|for (?:example|instance)|"
    r"thus|therefore|hence|consequently|then|such|these|those|they|it|its|finally|further|"
    r"second|third|the (?:latter|other)|this (?!paper|work|article|letter|study|thesis|survey|"
    r"report))\b|^we (?:also|further|then|additionally)\b|^(?:但是|但|然而|此外|另外|最后|因此|这|它)",
    re.IGNORECASE,
)

Cues = tuple[tuple[re.Pattern[str], float], ...]


def _cues(*given: tuple[str, float]) -> Cues:
    return tuple((re.compile(pattern, re.IGNORECASE), points) for pattern, points in given)


_AIM = _cues(
    (
        rf"{_OURS}[^.;]{{0,60}}?\b(?<!the )(?<!our )(?:propos|introduc|present|develop|releas|"
        r"describ|design|build|built|provid|contribut|devis|formulat|offer|suggest|collect|creat|extend)",
        4,
    ),
    (
        rf"{_OURS}[^.;]{{0,60}}?\b(?:show|demonstrat|prov|find|found|study|studi|investigat|deals?|"
        r"address|explor|analy[sz]|examin|argue|tackle|compar|review|survey|reveal|establish|"
        r"evaluat|focus|consider|report|use|apply|applied|train)",
        2.5,
    ),
    (r"\bis (?:proposed|introduced|presented|developed)\b|\bour (?:main )?contribution", 3),
    (r"本文|我们(?:提出|设计|构建|发布|介绍|证明|发现|研究)|提出(?:了|一)|首次", 4),
)
_RESULT = _cues(
    (
        r"outperform|state[- ]of[- ]the[- ]art|surpass|\bachiev|\bimprov|\bresults (?:show|suggest|"
        r"demonstrat|indicat|on)|\bexperiment(?:s|al results)\b|\bfaster\b|\bfewer\b|better than|"
        r"\d\s?%|\breduc\w+ (?:the |by)|lower than|higher than|we (?:show|prove|find|demonstrate)",
        2,
    ),
    (r"实验(?:结果)?表明|结果(?:表明|显示)|优于|超过|提升|提高|降低", 2),
)
_AGAINST = _cues(
    # what everybody knows
    (
        r"^(?:recent(?:ly)?\b|in recent|over the (?:past|last)|in the (?:past|last)|tradition|"
        r"existing|previous|current(?:ly)?\b|many\b|most\b|while\b|although\b|despite\b)",
        -2,
    ),
    (
        r"\b(?:has|have) (?:been|become|shown|achieved|recently|attracted|made|led|emerged|"
        r"demonstrated|seen)\b|\bremains?\b|\bis (?:a|an|one of the) [^.]{0,40}"
        r"(?:problem|task|challeng|topic)|\bchallenging\b|\bcrucial\b|widely",
        -1.5,
    ),
    (r"^(?:近年来|近年|目前|随着|传统|现有)", -2),
    (r"https?://|\bcode\b.{0,40}\bavailable\b|\bsupplement|开源|代码(?:已|可)", -4),
    (r"\$|\\[A-Za-z]", -1.5),  # TeX that has no plain form
)


@lru_cache(maxsize=4_096)  # one paper goes to many readers, and 0.6 ms each add up
def gist(abstract: str, sentences: int = 2, most: int = MOST) -> str:
    """The sentence that best says what was done, and those that best say what came of it, in the
    order of the abstract; without such signs the first ones. At most `most` characters; an
    ellipsis where a sentence is cut."""
    text = " ".join(abstract[:READ].split())
    parts = split(text)
    if not parts:
        return ""
    said = [text[start:end] for start, end in parts]
    chosen = _chosen(said, sentences, most)
    if not chosen:
        return _cut(said[0], most)
    together = ""
    for n in chosen:
        blank = " " if together and text[parts[n][0] - 1] == " " else ""
        together += blank + said[n]
    return together


def _chosen(said: list[str], sentences: int, most: int) -> list[int]:
    """Which sentences, in their order; none if each is longer than `most`."""
    fitting = [n for n in range(len(said)) if len(said[n]) <= most]
    if not fitting:
        return []
    against = [sum(_points(s, _AGAINST)) for s in said]
    leaning = [1.5 if _LEANING.search(s) else 0 for s in said]
    aims = [max(_points(s, _AIM), default=0) for s in said]
    # what comes early says it more broadly
    first = max(fitting, key=lambda n: (aims[n] + against[n] - leaning[n] - 0.2 * n, -n))
    if not max(aims):
        first = fitting[0]
    worth = [
        sum(_points(s, _RESULT)) + aim / 2 + bad - lean
        for s, aim, bad, lean in zip(said, aims, against, leaning, strict=True)
    ]
    if first + 1 < len(said) and against[first + 1] > -1:
        # what follows explains, and may lean on what it follows
        worth[first + 1] = max(worth[first + 1] + leaning[first + 1], 0.25)
    chosen, room = [first], most - len(said[first])
    for n in sorted(range(len(said)), key=lambda n: (-worth[n], n)):
        if n != first and worth[n] > 0 and len(said[n]) < room and len(chosen) < sentences:
            chosen.append(n)
            room -= len(said[n]) + 1
    return sorted(chosen)


def split(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence in a text whose blanks are collapsed."""
    ends = [
        match.start()
        for match in _END.finditer(text)
        if not _ABBREVIATED.search(text[max(0, match.start() - 12) : match.start()])
    ]
    starts = [0, *ends]
    found = []
    for start, end in zip(starts, [*ends, len(text)], strict=True):
        while start < end and text[start] == " ":
            start += 1
        if start < end:
            found.append((start, end))
    return found


def _points(sentence: str, cues: Cues) -> list[float]:
    return [points for pattern, points in cues if pattern.search(sentence)]


def _cut(sentence: str, most: int) -> str:
    head = sentence[:most]
    return (head.rsplit(" ", 1)[0] if " " in head[most // 2 :] else head).rstrip(" ,;:") + "…"
