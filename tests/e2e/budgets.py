"""`python -m tests.e2e.budgets`: what each page of `pages.py` weighs, how soon its largest part shows and how
far anything moves, as a table; over real papers too, where the stand-in services lie beside the checkout."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from aggregator.clock import iso
from tests.conftest import SHARED
from tests.e2e import real
from tests.e2e.conftest import launched, served
from tests.e2e.pages import LOOKS, PHONE, Look, visits
from tests.e2e.places import Place, places
from tests.sources.standin import stand_in

MOST_BYTES = 250_000
MOST_LCP_MS = 1_000
MOST_SHIFT = 0.02
TRIES = 8
"""Visits of which the fastest counts, while none keeps the time: what else the machine does is not the
page's fault. Weight and movement count at the worst of them."""
SLOWER = 4
USUAL = 14_000
"""Rounds a second of `_SPEED` by the processor that the time is meant for: the most seen on two cores
of a server (EPYC). One that is slower by itself, or just now, is slowed down less, so that the time means
the same everywhere."""

_SPEED = """() => {
  const begun = performance.now();
  let rounds = 0;
  for (; performance.now() - begun < 80; rounds++) {
    const words = [];
    for (let n = 0; n < 1000; n++) words.push("word " + n);
    words.sort();
    if (!words.join(" ")) throw Error();
  }
  return (1000 * rounds) / (performance.now() - begun);
}"""
_MEASURED = """() => new Promise((done) => {
  let lcp = 0, shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => (lcp = e.startTime)))
    .observe({type: "largest-contentful-paint", buffered: true});
  new PerformanceObserver((list) => list.getEntries().forEach(
    (e) => (shift += e.hadRecentInput ? 0 : e.value)))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done({lcp, shift}), 200);
})"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes that came over the wire for the page, nothing being there already; milliseconds until its
    largest part was painted, by a quarter of a usual processor; layout shift."""

    weight: int
    lcp: float
    shift: float

    def over(self) -> list[str]:
        """What is not kept to."""
        kept = {
            "weight": self.weight <= MOST_BYTES,
            "lcp": 0 < self.lcp <= MOST_LCP_MS,
            "shift": self.shift <= MOST_SHIFT,
        }
        return [name for name, good in kept.items() if not good]


class Scales:
    """Weighs what each document of a tab asks for, and slows its processor down."""

    _devtools: CDPSession

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}  # request -> document
        self.weights: dict[str, int] = {}

    def begin(self, page: Page) -> None:
        """From now on, with nothing kept from one page to the next."""
        devtools = page.context.new_cdp_session(page)
        devtools.on("Network.requestWillBeSent", self._sent)
        devtools.on("Network.loadingFinished", self._came)
        devtools.send("Network.enable")
        devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        devtools.send(
            "Network.setBypassServiceWorker", {"bypass": True}
        )  # its requests are not seen here
        self._devtools = devtools

    def slow_down(self, page: Page) -> None:
        """To a quarter of what is usual, for the next page."""
        self._devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        rate = SLOWER * page.evaluate(_SPEED) / USUAL
        self._devtools.send("Emulation.setCPUThrottlingRate", {"rate": min(max(rate, 1), SLOWER)})

    def taken(self) -> int:
        """The weight of the heaviest document since the last time."""
        weight = max(self.weights.values(), default=0)
        self.asked.clear()
        self.weights.clear()
        return weight

    def _sent(self, event: Mapping[str, Any]) -> None:
        self.asked[event["requestId"]] = event["loaderId"]

    def _came(self, event: Mapping[str, Any]) -> None:
        document = self.asked.get(event["requestId"], "")
        self.weights[document] = self.weights.get(document, 0) + int(event["encodedDataLength"])


def measured(
    browser: Browser, made: Mapping[str, Place], looks: Iterable[Look] = LOOKS, lang: str = "en"
) -> dict[str, Figures]:
    """The figures of each page; those too slow at first are visited again."""
    left = {look.name: look for look in looks}
    found: dict[str, Figures] = {}
    for _ in range(TRIES):
        found |= {
            name: _together(found.get(name, new), new)
            for name, new in _once(browser, made, left.values(), lang).items()
        }
        left = {name: look for name, look in left.items() if found[name].over() == ["lcp"]}
        if not left:
            break
    return found


def _once(
    browser: Browser, made: Mapping[str, Place], looks: Iterable[Look], lang: str
) -> dict[str, Figures]:
    scales = Scales()
    found = {}
    for look, page in visits(
        browser,
        made,
        lang,
        tuple(looks),
        begin=scales.begin,
        before=scales.slow_down,
        viewport=PHONE,
        locale="en-GB",
    ):
        said = page.evaluate(_MEASURED)
        found[look.name] = Figures(scales.taken(), said["lcp"], said["shift"])
    return found


def _together(one: Figures, other: Figures) -> Figures:
    painted = [lcp for lcp in (one.lcp, other.lcp) if lcp > 0]  # nothing seen is not the fastest
    return Figures(
        max(one.weight, other.weight), min(painted, default=0), max(one.shift, other.shift)
    )


def table(found: Mapping[str, Figures]) -> str:
    """The figures as a table, in the order of the pages."""
    rows = [
        f"| {name} | {figures.weight / 1_000:.0f} | {figures.lcp:.0f} | {figures.shift:.3f} |"
        for name, figures in found.items()
    ]
    return "\n".join(["| page | KB | LCP, ms | shift |", "|---|---|---|---|", *rows, ""])


def main(say: Callable[[str], object]) -> None:
    """Measure, and say it."""
    with (
        tempfile.TemporaryDirectory() as work,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        with places(Path(work)) as made:
            say(table(measured(browser, made)))
        if (SHARED / "upstream").is_dir():
            with _real(Path(work)) as made:
                say(table(measured(browser, made, real.LOOKS)))


@contextmanager
def _real(folder: Path) -> Iterator[dict[str, Place]]:
    with (
        stand_in(iso(real.TUESDAY)) as services,
        real.empty(folder, services) as morning,
        served(morning.store, morning.folder, morning.config, morning.now) as url,
    ):
        morning.collect()
        morning.next_day()
        yield {"real": Place(url, morning.store, morning.folder, morning.config)}


if __name__ == "__main__":
    main(sys.stdout.write)
