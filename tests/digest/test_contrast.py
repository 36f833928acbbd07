"""Text in mails can be read: WCAG 2.2 AA contrast, in the light and in the dark, computed for every
element as a mail program that honours or strips <style> would show it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import css_inline
import pytest
from lxml import html
from lxml.html import HtmlElement

from aggregator.digest.letter import render_letter
from tests.digest.letters import DAY, letter, paper, section

AA = 4.5
"""Least contrast of text of any size (1.4.3)."""

_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", re.DOTALL)


def mail() -> str:
    return render_letter(
        letter(
            section("gan", [paper(1)], more=3),
            section("rl", [paper(1), paper(2)]),
            withdrawn=(paper(9),),
            test=True,
            paused_since=DAY - timedelta(days=2),
        )
    ).html


def dark(made: str) -> str:
    """The mail as those see it who read in the dark: the rules for them put over the others."""
    rules = _DARK.search(made)
    assert rules
    return css_inline.inline(made.replace(rules[0], rules[1]), load_remote_stylesheets=False)


def colours(element: HtmlElement) -> tuple[str | None, str | None]:
    """(text, background) that the element itself sets."""
    rules = dict(re.findall(r"([\w-]+)\s*:\s*([^;!]+)", element.get("style") or ""))
    return rules.get("color"), rules.get("background-color")


def pairs(made: str) -> Iterator[tuple[str, str, str]]:
    """(text colour, background, words) of all that is written and not hidden."""

    def walk(element: HtmlElement, ink: str, paper: str) -> Iterator[tuple[str, str, str]]:
        if not isinstance(element.tag, str) or "display: none" in (element.get("style") or ""):
            return
        own, behind = colours(element)
        ink, paper = own or ink, behind or paper
        if element.text and element.text.strip():
            yield ink.strip(), paper.strip(), element.text.strip()
        for child in element:
            yield from walk(child, ink, paper)
            if child.tail and child.tail.strip():
                yield ink.strip(), paper.strip(), child.tail.strip()

    body = html.document_fromstring(made).body
    return walk(body, "unset", "unset")


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", as WCAG defines it."""
    assert re.fullmatch(r"#[0-9a-f]{6}", colour), colour
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(scheme: str) -> None:
    made = mail() if scheme == "light" else dark(mail())
    found = {(ink, paper): words for ink, paper, words in pairs(made)}
    assert len(found) >= 5
    poor = {
        pair: (round(contrast(*pair), 2), words)
        for pair, words in found.items()
        if contrast(*pair) < AA
    }
    assert not poor


def test_dark_changes_every_colour() -> None:
    light = {c for ink, paper, _ in pairs(mail()) for c in (ink, paper)}
    assert not light & {c for ink, paper, _ in pairs(dark(mail())) for c in (ink, paper)}


def test_colours_are_right_where_styles_are_stripped() -> None:
    made = mail()
    bare = re.sub(r"<style>.*?</style>", "", made, flags=re.DOTALL)
    assert list(pairs(bare)) == list(pairs(made))
    assert "class=" in bare
