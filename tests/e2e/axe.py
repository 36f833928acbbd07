"""axe-core on the page that is open, in each theme and language."""

from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
_FOUND = """axe.run(document, {resultTypes: ["violations"]}).then((result) => result.violations.map(
  (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`))"""


def violations(page: Page) -> list[str]:
    """What axe-core finds on the open page, each with the elements it means."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(_FOUND)


def look(page: Page, site: str, paths: Iterable[str], lang: str) -> dict[str, list[str]]:
    """The pages of `site` on which something is found in this language -> what."""
    page.context.add_cookies([{"name": "lang", "value": lang, "url": site}])
    found: dict[str, list[str]] = {}
    for path in paths:
        page.goto(site + path)
        if said := violations(page):
            found[path] = said
    return found
