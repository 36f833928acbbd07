"""A letter as subject, HTML and plain text, and the sentences that other channels say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aggregator.digest import forms, quiet, show
from aggregator.digest.language import Language, language
from aggregator.digest.select import POSTS, Section
from aggregator.digest.sheet import WITHDRAWN, Link, Notice, Sheet, Writer, counted, totals
from aggregator.digest.wrap import width

if TYPE_CHECKING:  # the channels come after the digest, and import it
    from aggregator.deliver.base import Letter

SUBJECT = 90
"""Columns of a subject; mail programs show 40 to 80 of them."""
FEW = 3
"""Up to so many papers, the subject names the first one."""
_REASONS = 20


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter in the form of a mail; `subject` is one line."""

    subject: str
    html: str
    text: str


def render_letter(letter: "Letter") -> Rendered:
    """Subject, HTML below `forms.MOST_BYTES` and text with the same content, in the letter's
    language. Days are those of the time zone that `letter.at` has."""
    sheet, html = forms.fitted(sheet_of(letter))
    return Rendered(subject(letter), html, forms.text(sheet))


def subject(letter: "Letter") -> str:
    """ "Daypaper, 13 November: 24 papers, 5 in Deep reinforcement learning" """
    t = language(letter.lang)
    date = t.when("day", letter.at)
    form = t("subject", date=date, what="{}")
    form = t("test_subject", subject=form) if letter.test else form
    return form.replace("{}", _what(letter, t, SUBJECT - width(form)))


def headline(letter: "Letter") -> str:
    """ "24 papers: 9 in New architectures, 5 in Datasets; 3 discussions"; on a quiet day the reason."""
    t = language(letter.lang)
    papers, posts = totals(letter.digest)
    largest = _largest(letter)
    said = t.count("papers", papers) if papers else ""
    if papers and largest:
        sections = (t("in_section", n=_count(s), title=_title(s, t)) for s in largest[:3])
        whole = len(largest) <= 3 and papers == sum(map(_count, largest))
        key = "with_sections" if whole else "among_sections"
        said = t(key, papers=said, sections=t("pause").join(sections))
    parts = [said, t.count("posts", posts) if posts else "", _withdrawn(letter, t)]
    return t("semicolon").join(filter(None, parts)) or quiet.in_full(
        letter.digest.note, letter.sources, t
    )


def notices(letter: "Letter") -> tuple[Notice, ...]:
    """What has to be said first: a test, a digest that catches up, a pause that skipped something."""
    t = language(letter.lang)
    said = [Notice(t("test"))] if letter.test else []
    if letter.late_since:
        said.append(Notice(t("late", date=t.when("date", letter.late_since))))
    if letter.paused_since:
        ended = letter.paused_until or letter.digest.since
        since = t.when("date", letter.paused_since)
        until = t.when("date", ended.astimezone(letter.paused_since.tzinfo))
        said.append(Notice(t("paused", since=since, until=until), _watches(letter, t)))
    return tuple(said)


def sheet_of(letter: "Letter") -> Sheet:
    """Everything that a letter says, whatever form it takes."""
    t = language(letter.lang)
    writer = Writer(t, letter.links.base_url.rstrip("/"), letter.links.feedback)
    sheet = writer.sheet(letter.digest, letter.sources, t.when("full_date", letter.at))
    footer = (
        Link(t("preferences"), show.web_url(letter.links.preferences)),
        Link(t("unsubscribe"), show.web_url(letter.links.unsubscribe)),
    )
    return replace(
        sheet,
        title=subject(letter),
        lead=t("comma").join(filter(None, (counted(letter.digest, t), _withdrawn(letter, t))))
        or sheet.lead,
        notices=notices(letter),
        withdrawn=tuple(writer.bare(paper) for paper in letter.withdrawn[:WITHDRAWN]),
        withdrawn_more=max(0, len(letter.withdrawn) - WITHDRAWN),
        reasons=_watches(letter, t),
        footer=tuple(link for link in footer if link.url),
    )


def _what(letter: "Letter", t: Language, room: int) -> str:
    """The subject without the date, in `room` columns."""
    said = counted(letter.digest, t)
    if not said:
        return _withdrawn(letter, t) or quiet.in_subject(letter.sources, t)
    count = totals(letter.digest)
    total = sum(count)
    largest = _largest(letter)
    if total <= FEW and (first := _first(letter)):
        title = show.title(first) or t("untitled")
        if total == 1:
            return _narrowed(title, room)
        spare = width(t("and_others", title="", rest=total - 1, total=total))
        title = _narrowed(title, room - spare)
        return t("and_others", title=title, rest=total - 1, total=total)
    papers, posts = (
        t.count(key, n) if n else "" for key, n in zip(("papers", "posts"), count, strict=True)
    )
    if len(largest) == 1 and _count(largest[0]) == count[0]:
        papers = t("all_in_section", papers=papers, title=_title(largest[0], t))
    elif largest:
        papers += t("comma") + t("in_section", n=_count(largest[0]), title=_title(largest[0], t))
    named = t("comma").join(filter(None, (papers, posts)))
    return named if width(named) <= room else _narrowed(said, room)


def _narrowed(text: str, columns: int) -> str:
    """As much of the text as fits into the columns."""
    most = len(text)
    while width(cut := show.cut(text, most)) > columns:
        most = len(cut) - 1
    return cut


def _first(letter: "Letter") -> Mapping[str, Any] | None:
    return next((item.paper for s in letter.digest.sections for item in s.items), None)


def _largest(letter: "Letter") -> list[Section]:
    """The sections of papers with anything in them, the largest first."""
    filled = [
        s for s in letter.digest.sections if _count(s) and s.name != POSTS.name and not s.work
    ]
    return sorted(filled, key=lambda section: -_count(section))


def _count(section: Section) -> int:
    return len(section.items) + section.more


def _title(section: Section, t: Language) -> str:
    return show.clean(t.title_of(section), show.NAME)


def _withdrawn(letter: "Letter", t: Language) -> str:
    return t.count("withdrawals", len(letter.withdrawn)) if letter.withdrawn else ""


def _watches(letter: "Letter", t: Language) -> tuple[Link, ...]:
    named = (*letter.digest.topics, *letter.digest.sections)
    titles = {one.name: show.clean(t.title_of(one), show.NAME) for one in named}
    base = letter.links.base_url.rstrip("/")
    return tuple(
        Link(titles.get(name, name), f"{base}/{letter.page(name)}" if base else "")
        for name in letter.watches[:_REASONS]
    )
