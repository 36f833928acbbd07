"""Papers to measure with: real ones where they lie beside the checkout, else made up of words."""

import gzip
import json
import random
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "arxiv_recent.jsonl.gz"
_SYLLABLES = (
    "con", "vol", "tion", "al", "net", "work", "gra", "dient", "de", "scent", "atten", "re", "cur",
    "rent", "ad", "ver", "sar", "i", "po", "li", "cy", "u",
)  # fmt: skip


def papers(count: int) -> tuple[list[tuple[str, str, list[str]]], str]:
    """(title, abstract, authors) of so many papers, and in words where they are from."""
    if CORPUS.exists():
        with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for _, line in zip(range(count), lines, strict=False)]
        if len(rows) == count:
            return [(r["title"], r["abstract"], r["authors"]) for r in rows], "real papers"
    dice = random.Random(1)
    words = ["".join(dice.choices(_SYLLABLES, k=dice.randint(1, 4))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]  # Zipf: as words fall in real texts

    def say(length: int) -> str:
        return " ".join(dice.choices(words, weights, k=length)).capitalize()

    made = [
        (say(9), ". ".join(say(18) for _ in range(9)), [say(2).title() for _ in range(5)])
        for _ in range(count)
    ]
    return made, "made-up papers"
