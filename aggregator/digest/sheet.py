"""A digest as a sheet: everything that a form of it says, in one language, cleaned and cut."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from aggregator.digest import quiet, show
from aggregator.digest.gist import gist
from aggregator.digest.language import Language
from aggregator.digest.select import POSTS, Digest, Item, Section
from aggregator.parse.tex import tex_to_text

WHY, TAGS, WITHDRAWN, SOURCES, PARTS = 4, 8, 8, 20, 30
"""At most so many words that made a tag, tags, withdrawn papers, sources and sections are listed: a
sheet whose papers are only counted stays small, whatever is in it."""

_DAY = timedelta(days=1)
Sources = Sequence[Mapping[str, Any]]
"""What `status.source_states` says: at least "name", "status" and "message" of each source."""


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere; "" as address: nowhere."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above everything else, with links that belong to it."""

    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A paper. `marks` are (kind, word); `repeated` says where it stands already: then it is but a
    line. What a form leaves out to save room is empty."""

    title: str
    url: str
    byline: str = ""
    place: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    gist: str = ""
    why: str = ""
    topics: str = ""
    buzz: str = ""
    links: tuple[Link, ...] = ()
    repeated: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A section. `more` papers are not shown; `url` is the page that has them."""

    name: str
    title: str
    cards: tuple[Card, ...]
    more: int
    url: str

    @property
    def count(self) -> int:
        """Papers in it, shown or not."""
        return len(self.cards) + self.more


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything; `title` names the document, `preview` is what a mail program shows beside the
    subject."""

    t: Language
    title: str
    date: str
    lead: str
    preview: str
    parts: tuple[Part, ...]
    sources: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
    withdrawn: tuple[Card, ...] = ()
    withdrawn_more: int = 0
    reasons: tuple[Link, ...] = ()
    footer: tuple[Link, ...] = ()

    def shortened(self, full: int, shown: int) -> "Sheet":
        """With `full` whole papers in each part, then bare ones, `shown` together."""
        return replace(self, parts=tuple(_shortened(part, full, shown) for part in self.parts))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes sheets in one language; `feedback` maps a paper's id to its "not relevant" page."""

    t: Language
    base_url: str = ""
    feedback: Mapping[str, str] = field(default_factory=dict)

    def sheet(self, digest: Digest, sources: Sources, date: str = "") -> Sheet:
        """What a digest says; `date` stands in its head, else the period."""
        parts = self._parts(digest)
        date = date or period(digest, self.t)
        first = (card.title for part in parts for card in part.cards if not card.repeated)
        return Sheet(
            t=self.t,
            title=f"Daypaper · {date}",
            date=date,
            lead=counted(digest, self.t) or quiet.in_full(digest.note, sources, self.t),
            preview=show.cut(" · ".join(_some(first, 4)), 200),
            parts=parts,
            sources=self._sources(sources),
        )

    def bare(self, paper: Mapping[str, Any], marks: tuple[str, ...] = ()) -> Card:
        """What is always said of a paper."""
        return Card(
            title=show.title(paper) or self.t("untitled"),
            url=self._page(paper) or next((url for _, url in show.links(paper)), ""),
            byline=show.byline(paper.get("authors") or (), others=self.t("et_al")),
            place=show.clean(show.place(paper), show.NAME),
            marks=tuple((mark, self._mark(mark, paper)) for mark in marks),
        )

    def address(self, path: str) -> str:
        """A page here, its path and query; "" without a public address."""
        if not (self.base_url and path):
            return ""
        place, mark, query = path.partition("?")
        return f"{self.base_url}/{quote(place)}{mark}{query}"

    def _mark(self, mark: str, paper: Mapping[str, Any]) -> str:
        if paper.get("kind") == "post" and mark == "new":
            mark = "new_post"
        return self.t(mark) if mark in self.t else mark.replace("_", " ")

    def _page(self, paper: Mapping[str, Any]) -> str:
        return show.page_url(self.base_url, paper["id"]) if self.base_url else ""

    def _parts(self, digest: Digest) -> tuple[Part, ...]:
        """A part for each section that has something, the last ones together where they are many."""
        sections = digest.sections
        named = (*digest.topics, *sections)
        titles = {one.name: show.clean(self.t.title_of(one), show.NAME) for one in named}
        titles |= {one.name: _citing(one, self.t) for one in sections if one.work}
        seen: dict[str, str] = {}
        parts = [
            self._part(section, titles, seen)
            for section in sections
            if section.items or section.more
        ]
        if len(parts) <= PARTS:
            return tuple(parts)
        rest = parts[PARTS - 1 :]
        cards = tuple(card for part in rest for card in part.cards)
        more = sum(part.more for part in rest)
        return (*parts[: PARTS - 1], Part("others", self.t("others"), cards, more, ""))

    def _part(self, section: Section, titles: Mapping[str, str], seen: dict[str, str]) -> Part:
        cards = []
        for item in section.items:
            marks = tuple(m for m in item.marks if m != "cites" or not section.work)
            card = self.bare(item.paper, marks)
            if item.paper["id"] in seen:
                where = self.t("repeated", title=seen[item.paper["id"]])
                cards.append(Card(card.title, card.url, repeated=where))
                continue
            seen[item.paper["id"]] = titles[section.name]
            cards.append(self._whole(card, item, titles))
        url = self.address(section.path)
        return Part(section.name, titles[section.name], tuple(cards), section.more, url)

    def _sources(self, sources: Sources) -> tuple[str, ...]:
        """A line for each, those with trouble first where they are many."""
        if len(sources) <= SOURCES:
            return tuple(source_line(source, self.t) for source in sources)
        shown = sorted(sources, key=lambda source: not quiet.troubled([source]))[:SOURCES]
        rest = self.t("more_sources", n=len(sources) - SOURCES)
        return (*(source_line(source, self.t) for source in shown), rest)

    def _whole(self, card: Card, item: Item, titles: Mapping[str, str]) -> Card:
        paper = item.paper
        return replace(
            card,
            gist=show.clean(tex_to_text(gist(paper.get("abstract") or ""))),
            why=self._why(item.why),
            topics=self._topics(paper["topics"], titles),
            buzz=self._buzz(paper),
            links=self._links(paper),
        )

    def _links(self, paper: Mapping[str, Any]) -> tuple[Link, ...]:
        found = [*show.links(paper), ("page", self._page(paper))]
        if paper["kind"] == "post":
            found = [("post" if name == "abstract" else name, url) for name, url in found]
        found.append(("feedback", show.web_url(self.feedback.get(paper["id"], ""))))
        return tuple(Link(self.t(f"link_{name}"), url) for name, url in found if url)

    def _topics(self, tags: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> str:
        said = (
            f"{titles.get(tag['name'], tag['name'])} {show.per_cent(tag['probability'])}"
            for tag in tags
            if tag["by"] != "child"
        )
        return self.t("pause").join(_some(said, TAGS))

    def _why(self, words: Sequence[tuple[str, float]]) -> str:
        """The words that spoke most for the tag; those that only differ in their form together."""
        together: dict[str, float] = {}
        written: dict[str, str] = {}
        for word, weight in words:
            if weight > 0:
                form = word.casefold()
                written.setdefault(form, word)
                together[form] = together.get(form, 0.0) + weight
        best = sorted(together.items(), key=lambda pair: (-pair[1], pair[0]))[:WHY]
        said = [f"{self._quoted(written[form])}\u00a0+{weight:.1f}" for form, weight in best]
        return self.t("why", words=self.t("pause").join(said)) if said else ""

    def _quoted(self, word: str) -> str:
        in_title = word.startswith("title:")
        quoted = self.t("quoted", word=show.clean(word.removeprefix("title:"), show.NAME))
        return self.t("in_title", word=quoted) if in_title else quoted

    def _buzz(self, paper: Mapping[str, Any]) -> str:
        buzz = dict(paper.get("buzz") or {})
        if paper["kind"] == "post":
            buzz["posts"] = 0  # that is itself
        named = (
            ("points", "score"),
            ("comments", "comments"),
            ("mentions", "posts"),
            ("citations", "citations"),
        )
        known = ((key, buzz.get(name) or 0) for key, name in named)
        return self.t("pause").join(self.t.count(key, n) for key, n in known if n > 0)


def _citing(section: Section, t: Language) -> str:
    """ "5 new papers cite “Adam: A Method for Stochastic Optimization”" """
    work = show.title({"title": section.work}) or t("untitled")
    return show.clean(t.title_of(replace(section, work=show.cut(work, show.NAME))))


def counted(digest: Digest, t: Language) -> str:
    """ "24 papers, 3 discussions"; "" if there is nothing."""
    papers, posts = totals(digest)
    said = [t.count(key, n) for key, n in (("papers", papers), ("posts", posts)) if n]
    return t("comma").join(said)


def totals(digest: Digest) -> tuple[int, int]:
    """(papers, posts) in the digest, shown or not, each once."""
    ids: dict[str, set[str]] = {"paper": set(), "post": set()}
    for section in digest.sections:
        for item in section.items:
            ids[item.paper["kind"]].add(item.paper["id"])
        ids["post" if section.name == POSTS.name else "paper"] |= section.rest
    return len(ids["paper"]), len(ids["post"])


def period(digest: Digest, t: Language) -> str:
    """ "Monday 13 November 2017", "7 November 2017 to 13 November 2017", or two moments."""
    since, until = digest.since, digest.until
    if not (_is_midnight(since) and _is_midnight(until)):
        form, last, name = "time", until, "period_times"
    else:
        form, last, name = "date", until - _DAY, "period_days"
        if last == since:
            return t.when("full_date", since)
    return t(name, since=t.when(form, since), until=t.when(form, last))


def source_line(source: Mapping[str, Any], t: Language) -> str:
    """ "arxiv: not out yet. The listing is late." The message is English in every language; in others
    than English, a sentence of theirs stands before it."""
    said = [t.status("overdue" if quiet.unasked(source) else source["status"])]
    if source["status"] and source["message"]:
        message = show.clean(t.told(source["message"]), show.MESSAGE)
        said.append(t.explained(source) + message)
    return show.clean(source["name"], show.NAME) + t("colon") + t("then").join(said)


def _shortened(part: Part, full: int, shown: int) -> Part:
    whole = part.cards[:full]
    bare = tuple(
        replace(card, gist="", why="", topics="", buzz="", links=())
        for card in part.cards[full:shown]
    )
    return replace(
        part, cards=(whole + bare)[:shown], more=part.more + max(0, len(part.cards) - shown)
    )


def _some(values: Iterable[str], most: int) -> list[str]:
    return [value for value, _ in zip(values, range(most), strict=False)]


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)
