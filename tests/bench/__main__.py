"""`make bench`: measures, and prints each figure with the target beside it. Nothing is asserted."""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import (
    api,
    bulk,
    day,
    delivery,
    feeds,
    growth,
    ingest,
    kills,
    links,
    merge,
    mine,
    own,
    own_taught,
    rising,
    scale,
    served,
    shared,
    spread,
    stored,
    tagging,
    taught,
)

PARTS = {
    "ingest": ingest.bench,
    "bulk": bulk.bench,
    "feeds": feeds.bench,
    "links": links.bench,
    "tagging": tagging.bench,
    "stored": stored.bench,
    "own": own.bench,
    "own_taught": own_taught.bench,
    "taught": taught.bench,
    "mine": mine.bench,
    "api": api.bench,
    "delivery": delivery.bench,
    "kills": kills.bench,
    "scale": scale.bench,
    "growth": growth.bench,
    "day": day.bench,
    "served": served.bench,
    "shared": shared.bench,
    "merge": merge.bench,
    "rising": rising.bench,
    "spread": spread.bench,
}
HEADINGS = {"merge": merge.HEADINGS, "rising": rising.HEADINGS}


def main() -> None:
    """All parts, or those named on the command line."""
    console = Console(width=110)
    for name in sys.argv[1:] or PARTS:
        table = Table(title=name, title_justify="left", box=None, pad_edge=False)
        for heading in HEADINGS.get(name, ("what", "measured", "target")):
            table.add_column(heading, overflow="fold")
        for row in PARTS[name]():
            table.add_row(*row)
        console.print(table)
        console.print()


if __name__ == "__main__":
    main()
