"""What spreading papers of one subject over a page takes, and how many of a field it takes for one subject.

Pages of a field are drawn from 200 neighbours of those papers whose titles have its words, as a list of some
weeks would have them.
"""

import random
import re
import time
from collections.abc import Iterator
from itertools import pairwise

from aggregator.digest.spread import near, spread
from tests.bench.papers import papers

COUNT = 37_000
DRAWN = 12
"""Pages of each field."""
FIELDS = (
    "diffusion", "reinforcement", "gaussian splat", "generative|adversarial", r"\bagent",
    "language model|LLM", "vision-language", "transformer|attention|mamba", r"optimiz|gradient",
    "dataset|benchmark", "segment anything", "deepseek",
)  # fmt: skip


def bench() -> Iterator[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    found, kind = papers(COUNT)
    titles = [" ".join(title.split()) for title, _, _ in found]
    for size, target in ((20, "≤ 2 ms"), (100, "≤ 5 ms")):
        parts = [titles[at : at + size] for at in range(0, len(titles), size)]
        spread(titles[:2_000])  # words are remembered, as in a server
        begin = time.process_time()
        for part in parts:
            spread(part)
        took = (time.process_time() - begin) / len(parts) * 1000
        yield f"a page of {size} of {kind}", f"{took:.2f} ms of processor time", target
    for field in FIELDS:
        wanted = [one for one in titles if re.search(field, one, re.IGNORECASE)]
        if len(wanted) >= 20:
            yield f"{DRAWN} pages of 20 of /{field}/", _of_field(wanted), "–"


def _of_field(titles: list[str]) -> str:
    dice, pairs, before, after = random.Random(3), 0, 0, 0
    for _ in range(DRAWN):
        first = dice.randrange(max(1, len(titles) - 200))
        lately = titles[first : first + 200]
        page = dice.sample(lately, 20)
        same = set(near(page))
        pairs += len(same)
        before += sum(pair in same for pair in pairwise(range(20)))
        after += sum((min(pair), max(pair)) in same for pair in pairwise(spread(page)))
    return f"{pairs} of {DRAWN * 190} pairs of one subject; side by side {before}, spread {after}"
