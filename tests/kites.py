"""A store of papers about kites, about rocks, and about nothing in particular."""

import random
from datetime import timedelta

from aggregator.store.db import Store
from tests.drafts import DAY, preprint
from tests.filled import put

KITE, ROCK = "Kites", "Basalt"
_ABOUT = {
    KITE: ("kite", "tail", "string", "wind", "flight"),
    ROCK: ("basalt", "quartz", "magma", "crystal", "lava"),
}
_OTHERS = [f"word{chr(97 + n)}{chr(97 + m)}" for n in range(20) for m in range(20)]


def fill_with_kites(store: Store, count: int = 520, begin: int = 0) -> None:
    """So many papers, one of ten about kites and one about rocks; the newest last."""
    drafts = []
    for n in range(begin, begin + count):
        dice = random.Random(n)
        theme = {0: KITE, 1: ROCK}.get(n % 10, "")
        words = [*dice.sample(_ABOUT.get(theme, _OTHERS), 4), *dice.sample(_OTHERS, 12)]
        drafts.append(
            preprint(
                f"1711.{n:05d}",
                title=f"{theme or 'Thing'} {' '.join(dice.sample(words, 3))} {n}",
                abstract=" ".join(words),
                authors=(f"Author {n}",),
                published=DAY - timedelta(hours=10) + timedelta(seconds=n),
            )
        )
    put(store, *drafts)
