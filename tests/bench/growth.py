"""How answers grow with the store: the middle of many requests, in stores of several sizes that `scale` made.

`DAYPAPER_BENCH_STORES` names their folders, joined as on the PATH. Writes the plot build/growth.svg, too.
"""

import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median

from tests.bench import scale
from tests.bench.addresses import BUSY_DAY, WATCH, Address
from tests.written import PROJECT

LINES = {
    "front page, 1,200 papers a day": Address("page", "/"),
    "page of a paper": Address("page", "/papers/{paper}"),
    "page of a topic, hottest first": Address("page", "/topics/gan?sort=hot"),
    "list of the API, by topic": Address("api", "/api/v1/papers?topic=gan"),
    "search by date": Address("search", "/api/v1/papers?q=graph%20neural%20networks"),
    "search by relevance": Address("ranked", "/api/v1/papers?q=model&sort=relevance"),
    "similar papers": Address("answer", "/api/v1/papers/{paper}/similar"),
    "digest of a watch": Address("digest", f"/api/v1/digests/{WATCH}?date={BUSY_DAY}&format=text"),
}
COLOURS = ("#8c2d1f", "#b8651b", "#8a7d1c", "#3f7d3a", "#1f7a7a", "#2f5fa8", "#6a4aa3", "#a33d78")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 380, 60, 250, 20, 50
LEAST, MOST = 1.0, 200.0
"""Milliseconds at the foot and at the head of the plot."""

Points = Mapping[str, Sequence[tuple[int, float]]]


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    named = os.environ.get("DAYPAPER_BENCH_STORES", "")
    folders = [Path(name) for name in named.split(os.pathsep) if name]
    folders = [folder for folder in folders if (folder / "made").exists()]
    if not folders:
        return [("growth with the store", "DAYPAPER_BENCH_STORES names no store of `scale`", "-")]
    points: dict[str, list[tuple[int, float]]] = {name: [] for name in LINES}
    for folder in folders:
        count = int((folder / "made").read_text())
        asked = scale.measured(folder, count, tuple(LINES.values()))
        for name, (_, spent, _) in zip(LINES, asked, strict=True):
            points[name].append((count, median(spent)))
    path = PROJECT / "build" / "growth.svg"
    path.parent.mkdir(exist_ok=True)
    path.write_text(plot(points), encoding="utf-8")
    return [
        (name, "; ".join(f"{count:,} papers {ms:.1f} ms" for count, ms in found), "flat")
        for name, found in points.items()
    ]


def plot(points: Points) -> str:
    """An SVG of milliseconds over papers, both on logarithmic scales."""
    counts = sorted({count for found in points.values() for count, _ in found})
    first, last = math.log10(counts[0]), math.log10(max(counts[-1], counts[0] * 10))

    def x(count: int) -> float:
        return LEFT + (math.log10(count) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">'
        "<title>Milliseconds of an answer by papers in the store</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "papers in the store", "middle"),
    ]
    parts += [_text(x(count), HEIGHT - BOTTOM + 20, f"{count:,}", "middle") for count in counts]
    for ms in (1, 2, 5, 10, 20, 50, 100, 200):
        parts.append(f'<path d="M{LEFT} {_y(ms):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, _y(ms) + 4, f"{ms} ms", "end"))
    heights = _apart([_y(found[-1][1]) for found in points.values()])
    for (name, found), colour, height in zip(points.items(), COLOURS, heights, strict=False):
        line = " ".join(f"{x(count):.1f},{_y(ms):.1f}" for count, ms in found)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        said = f"{name}, {found[-1][1]:.0f} ms"
        parts.append(_text(WIDTH - RIGHT + 10, height + 4, said, "start", colour))
    return "".join([*parts, "</svg>\n"])


def _y(ms: float) -> float:
    share = math.log10(max(ms, LEAST) / LEAST) / math.log10(MOST / LEAST)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, said: str, anchor: str, colour: str = "#222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(said)}</text>"


def _apart(heights: Sequence[float], least: float = 15.0) -> list[float]:
    """The heights of labels, moved down until none stands on another."""
    moved = list(heights)
    above = -math.inf
    for n in sorted(range(len(moved)), key=lambda n: moved[n]):
        moved[n] = above = max(moved[n], above + least)
    return moved
