"""A letter as Slack messages: the first goes to the channel, the others into its thread. Pure."""

from collections.abc import Collection, Iterator

from aggregator.deliver.base import Letter
from aggregator.deliver.slack import blocks
from aggregator.deliver.slack.blocks import Message, Unit, context, header, section
from aggregator.deliver.slack.text import link, said
from aggregator.deliver.slack.words import words
from aggregator.digest import quiet, show
from aggregator.digest.language import Language
from aggregator.digest.select import Item, Section, place_of
from aggregator.digest.sheet import totals

BEST = 5
"""Papers in the channel itself; the rest is a click away, in the thread."""
_ROOM = 400  # bytes kept for the line below the best papers


def messages(letter: Letter, told: Collection[str] = ()) -> list[Message]:
    """The letter's messages, in the order in which they are posted; each keeps Slack's limits.

    `told` are the ids of units that are there already: what is left of the letter then belongs into
    the thread that it has.
    """
    t = words(letter.lang)
    titles = {one.name: t.title_of(one) for one in letter.digest.sections}
    first = _first(letter, t, titles)
    shown = {unit.id for unit in first.units}
    rest = _thread(letter, t, titles, shown)
    if not told:
        return [first, *blocks.pack(rest)]
    left = (unit for unit in (*first.units, *rest) if unit.id not in told)
    return blocks.pack(left)


def _first(letter: Letter, t: Language, titles: dict[str, str]) -> Message:
    """The message in the channel: what there is, and the best papers."""
    every = [(one, item) for one in letter.digest.sections for item in one.items]
    # A paper of a topic may also stand under a work that it cites.
    placed = list({item.paper["id"]: (one, item) for one, item in reversed(every)}.values())
    best = sorted(placed, key=lambda p: (p[1].paper["kind"] == "post", place_of(p[1])))[:BEST]
    summary = _summary(letter, t)
    about = t("headline", date=t.when("date", letter.at))
    about = t("test_subject", subject=about) if letter.test else about
    head = (header(about), section(summary), *(context(note) for note in _notes(letter, t)))
    units = [Unit("first", about, head)]
    for one, item in best:
        paper = item.paper
        text = blocks.paper_text(t, paper, letter.links.base_url, item.marks, titles)
        buttons = blocks.buttons(t, paper["id"], blocks.topic_of(paper, one.name))
        unit = Unit(paper["id"], titles[one.name], (section(text), buttons))
        if blocks.size(b for u in (*units, unit) for b in u.blocks) > blocks.MOST_BYTES - _ROOM:
            break
        units.append(unit)
    left = len(placed) - len(units) + 1
    if left:
        units.append(Unit("in_thread", about, (context(t.count("in_thread", left)),)))
    named = [said(show.title(item.paper), 100) for _, item in best[:3]]
    text = " · ".join([f"{about}{t('colon')}{summary.replace('*', '')}", *named])
    return Message(text, tuple(units))


def _thread(
    letter: Letter, t: Language, titles: dict[str, str], shown: Collection[str]
) -> Iterator[Unit]:
    """Everything that the first message has not shown, each paper once."""
    shown = set(shown)
    for one in letter.digest.sections:
        rest = [item for item in one.items if item.paper["id"] not in shown]
        shown.update(item.paper["id"] for item in rest)
        yield from _section(letter, t, one, rest, titles)
    yield from _withdrawn(letter, t)
    yield from _end(letter, t)


def _summary(letter: Letter, t: Language) -> str:
    """ "12 papers: New architectures 8 · Adversarial networks 4", or why there is nothing."""
    parts = [
        said(t.title_of(one), 60) + ("" if one.work else f" {one.count}")
        for one in letter.digest.sections
        if one.items or one.more
    ]
    if not parts:
        return said(
            quiet.in_full(letter.digest.note, letter.sources, t) or t("nothing"), blocks.LINE
        )
    papers, posts = totals(letter.digest)
    total = t.count("papers", papers) if papers else t.count("posts", posts)
    shown = " · ".join(parts[:20]) + (" …" if len(parts) > 20 else "")
    return f"*{total}*{t('colon')}{shown}"


def _notes(letter: Letter, t: Language) -> Iterator[str]:
    """What must be said before the papers."""
    if letter.test:
        yield t("test")
    if letter.late_since:
        yield t("late", date=t.when("date", letter.late_since))
    if letter.paused_since:
        since, until = (
            t.when("date", moment.astimezone(letter.at.tzinfo))
            for moment in (letter.paused_since, letter.paused_until or letter.digest.since)
        )
        pages = [
            link(_page(letter, letter.page(name)), said(name, 64)) for name in letter.watches[:4]
        ]
        yield f"{t('paused', since=since, until=until)} {t('pause').join(pages)}"


def _section(
    letter: Letter, t: Language, one: Section, rest: list[Item], titles: dict[str, str]
) -> Iterator[Unit]:
    """What the thread has of a section: its title with the first paper, then the others."""
    title = said(t.title_of(one), 100)
    head = (section(f"*{title}*"),)
    for item in rest:
        paper = item.paper
        text = blocks.paper_text(t, paper, letter.links.base_url, item.marks, titles)
        menu = blocks.menu(t, paper["id"], blocks.topic_of(paper, one.name))
        yield Unit(paper["id"], title, (*head, section(text, menu)))
        head = ()
    if one.more:
        more = context(link(_page(letter, one.path), t.count("more", one.more)))
        yield Unit(f"more:{one.name}", title, (*head, more))


def _withdrawn(letter: Letter, t: Language) -> Iterator[Unit]:
    title = t("withdrawn_title")
    head = (section(f"*{title}*"), context(t("withdrawn_note")))
    for paper in letter.withdrawn:
        text = blocks.paper_text(t, {**paper, "abstract": ""}, letter.links.base_url)
        yield Unit(f"withdrawn:{paper['id']}", title, (*head, section(text)))
        head = ()


def _end(letter: Letter, t: Language) -> Iterator[Unit]:
    """How the sources are, and how to change or end this."""
    title = t("sources")
    head = (section(f"*{title}*"),)
    for source in letter.sources:
        status = t.status("overdue" if quiet.unasked(source) else source["status"])
        parts = (
            said(source["name"], 80),
            status,
            said(t.told(source["message"] or ""), show.MESSAGE),
        )
        line = context(" · ".join(part for part in parts if part))
        yield Unit(f"source:{source['name']}", title, (*head, line))
        head = ()
    follow = t("pause").join(said(name, 64) for name in letter.watches[:10])
    links = [
        link(url, t(key))
        for key in ("preferences", "unsubscribe")
        if show.web_url(url := getattr(letter.links, key))
    ]
    line = [f"{t('follows')} {follow}", *links, t("command")]
    yield Unit("end", title, (*head, context(" · ".join(line))))


def _page(letter: Letter, path: str) -> str:
    base = letter.links.base_url
    return f"{base.rstrip('/')}/{path}" if base and path else ""
