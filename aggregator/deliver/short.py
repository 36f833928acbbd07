"""A letter as a chat message: titles and links, as many papers as fit, never a part of one; pure."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from aggregator.deliver.base import Letter
from aggregator.digest.forms import escape_markdown, markdown_url
from aggregator.digest.letter import sheet_of, subject
from aggregator.digest.sheet import Card, Link, Sheet, totals
from aggregator.digest.show import cut

_TAG = re.compile(r"<(?=\S)")
Fits = Callable[[str], bool]


def message(letter: Letter, fits: Fits, *, markdown: bool = False) -> str:
    """Plain text, or Markdown, for which `fits` holds. What is left out is counted, with a link to
    all; if nothing else fits, a sentence is all there is."""
    sheet = sheet_of(letter)
    parts = tuple(
        replace(part, cards=tuple(card for card in part.cards if not card.repeated))
        for part in sheet.parts
    )
    sheet = replace(sheet, parts=parts)
    form = _Markdown() if markdown else _Text()
    page = _page(letter, sheet)
    count = sum(len(part.cards) for part in parts)
    total = sum(totals(letter.digest))
    # False, …, False, True, …: the first that does not fit is searched by halves.
    shown = bisect_right(
        range(count + 1), False, key=lambda n: not fits(_written(sheet, n, total, page, form))
    )
    if shown:
        return _written(sheet, shown - 1, total, page, form)
    brief = form.text(sheet.lead) + ("\n" + form.link(Link(page, page)) if page else "")
    if fits(brief):
        return brief
    most = len(sheet.lead)
    while most > 1 and not fits(form.text(cut(sheet.lead, most))):
        most -= 1
    return form.text(cut(sheet.lead, most))


def title(letter: Letter, *, markdown: bool = False) -> str:
    """The letter's subject as a line of such a message."""
    return (_Markdown() if markdown else _Text()).text(subject(letter))


class _Text:
    """Addresses stand alone on their lines."""

    def text(self, value: str) -> str:
        """What came from outside mentions nobody: "@everyone" would call a whole channel, as would a tag
        such as Feishu's `<at user_id="all">` or Mattermost's `<!channel>`."""
        return _TAG.sub("<\u200b", value.replace("@", "@\u200b"))

    def head(self, value: str) -> str:
        """A heading."""
        return self.text(value)

    def item(self, value: str) -> str:
        """A line of a list."""
        return f"• {self.text(value)}"

    def link(self, link: Link) -> str:
        """Words that lead somewhere."""
        return link.url if link.label == link.url else f"{self.text(link.label)}: {link.url}"

    def card(self, card: Card) -> str:
        """A paper."""
        lines = (f"• {self.text(card.title)}", self.text(_about(card)), card.url)
        return "\n  ".join(filter(None, lines))


class _Markdown(_Text):
    """A title is the link."""

    def text(self, value: str) -> str:
        return super().text(escape_markdown(value))

    def head(self, value: str) -> str:
        return f"**{self.text(value)}**"

    def item(self, value: str) -> str:
        return f"- {self.text(value)}"

    def link(self, link: Link) -> str:
        return f"[{self.text(link.label)}]({markdown_url(link.url)})"

    def card(self, card: Card) -> str:
        title = self.link(Link(card.title, card.url)) if card.url else self.text(card.title)
        about = _about(card)
        return f"- {title}" + (f"  \n  {self.text(about)}" if about else "")


def _about(card: Card) -> str:
    return " · ".join(filter(None, (card.byline, card.place, *(word for _, word in card.marks))))


def _page(letter: Letter, sheet: Sheet) -> str:
    """Where everything stands: the watch's page, or the front page if there are several."""
    return sheet.reasons[0].url if len(sheet.reasons) == 1 else letter.links.base_url


def _written(sheet: Sheet, shown: int, total: int, page: str, form: _Text) -> str:
    return "\n\n".join(_blocks(sheet, shown, total, page, form))


def _blocks(sheet: Sheet, shown: int, total: int, page: str, form: _Text) -> Iterator[str]:
    """With the first `shown` of all the papers."""
    for notice in sheet.notices:
        yield "\n".join(
            [form.text(notice.text), *(form.link(one) for one in notice.links if one.url)]
        )
    hidden = total - shown
    for part in sheet.parts:
        cards = part.cards[:shown]
        shown -= len(cards)
        if cards and len(sheet.parts) > 1:
            yield form.head(part.title)
        yield from map(form.card, cards)
    if not sheet.parts:
        yield form.text(sheet.lead)
        if sheet.sources and not sheet.withdrawn:  # a quiet day: whether one can rely on that
            yield "\n".join([form.head(sheet.t("sources")), *map(form.item, sheet.sources)])
    if sheet.withdrawn:
        yield _withdrawn(sheet, form)
    if hidden:
        more = sheet.t("more", n=hidden)
        yield form.link(Link(more, page)) if page else form.text(more)


def _withdrawn(sheet: Sheet, form: _Text) -> str:
    said = [form.head(sheet.t("withdrawn_title")), form.text(sheet.t("withdrawn_note"))]
    said += map(form.card, sheet.withdrawn)
    if sheet.withdrawn_more:
        said.append(form.text(sheet.t("more", n=sheet.withdrawn_more)))
    return "\n".join(said)
