"""axe-core on the page that is open, and whether the page fits a narrow window."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from tests.e2e.pages import DESKTOP, LOOKS, PHONE, Look, visits
from tests.e2e.places import Place

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
_FOUND = """axe.run(document, {
  resultTypes: ["violations"],
  rules: {"target-size": {enabled: true}},  // 24 pixels, or as much space around
}).then((result) => result.violations.map(
  (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`))"""
_KNOWN = "typeof axe === 'object'"
_HEIGHT = "Math.max(innerHeight, document.documentElement.scrollHeight)"
_WIDER = "document.documentElement.scrollWidth - innerWidth"

NARROW: dict[str, Any] = {"width": 320, "height": 640}
"""A window of 1280 pixels at four times its size: there, too, nothing may be wider (WCAG 1.4.10)."""
SCENES: Mapping[str, tuple[tuple[Literal["light", "dark"], dict[str, Any]], ...]] = {
    "en": (("light", DESKTOP), ("dark", PHONE)),
    "zh": (("light", PHONE), ("dark", DESKTOP)),
}
"""How each page is looked at in a language: in each theme; with both languages also in each theme at
each size."""


@dataclass(slots=True)
class Found:
    """What is wrong: page and scene -> what axe-core says; page -> pixels that it is too wide."""

    violations: dict[str, list[str]] = field(default_factory=dict)
    wider: dict[str, int] = field(default_factory=dict)


def violations(page: Page) -> list[str]:
    """What axe-core finds on the open page, each with the elements it means.

    Looked at in a window as high as the page: in any other, what happens to lie half under the bar that
    stays at its edge, until one scrolls, counts as too small to be pressed.
    """
    if not page.evaluate(_KNOWN):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    size = page.viewport_size
    assert size
    page.set_viewport_size({"width": size["width"], "height": page.evaluate(_HEIGHT)})
    found = page.evaluate(_FOUND)
    page.set_viewport_size(size)
    return found


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return max(0, page.evaluate(_WIDER))


def look(
    browser: Browser, places: Mapping[str, Place], lang: str, looks: Iterable[Look] = LOOKS
) -> Found:
    """What is found on these pages in this language."""
    found = Found()
    for one, page in visits(browser, places, lang, looks):
        for theme, size in SCENES[lang]:
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(size)  # type: ignore[arg-type]
            if said := violations(page):
                found.violations[f"{one.name} {lang} {theme} {size['width']}"] = said
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        if wider := overflow(page):
            found.wider[one.name] = wider
    return found
