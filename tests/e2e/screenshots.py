"""`python -m tests.e2e.screenshots FOLDER [NAME…]`: every page of `pages.py`, or those named, desktop
and phone, light and dark, English and Chinese."""

import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import launched
from tests.e2e.pages import DESKTOP, LOOKS, PHONE, visits
from tests.e2e.places import Place, places

SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main(folder: Path, names: Collection[str] = ()) -> None:
    """Fill the stores, serve them, and let Chromium take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as work,
        sync_playwright() as playwright,
        places(Path(work)) as made,
        launched(playwright) as browser,
    ):
        for size in SIZES:
            for lang in ("en", "zh"):
                take(browser, made, folder, size, lang, names)


def take(
    browser: Browser,
    made: dict[str, Place],
    folder: Path,
    size: str,
    lang: str,
    names: Collection[str] = (),
) -> None:
    """The pictures at one size and in one language, in both themes."""
    looks = [look for look in LOOKS if not names or look.name in names]
    for look, page in visits(browser, made, lang, looks, **SIZES[size], device_scale_factor=1.5):
        # A window as high as the page: what stays at its edge is seen there, once.
        window = SIZES[size]["viewport"]
        whole = min(max(page.evaluate(_WHOLE), window["height"]), MOST_HEIGHT)
        page.set_viewport_size({"width": window["width"], "height": whole})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=folder / f"{look.name}-{size}-{theme}-{lang}.png")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(SIZES[size]["viewport"])


MOST_HEIGHT = 6_000
_WHOLE = "document.documentElement.scrollHeight"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
