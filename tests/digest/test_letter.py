"""A letter as a mail: what it says, that it stays small, and that nothing hostile gets through."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.deliver.base import Letter, Links
from aggregator.digest import forms
from aggregator.digest.letter import headline, render_letter, subject
from aggregator.digest.select import POSTS, why_empty
from aggregator.digest.wrap import width
from tests.digest.letters import BASE, DAY, HOSTILE, NOW, letter, paper, section
from tests.filled import CONFIG

VOID = {"meta", "br", "hr", "img", "input", "link"}
HELD = {"p": {"p", "h1", "h2", "h3", "ul", "table", "div"}, "h3": {"p", "h2", "h3"}}
"""What must not stand in an element of that name."""


class Elements(HTMLParser):
    """Reads HTML as it is written and fails where it is not well-formed."""

    def __init__(self, made: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(made)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not (self.open and tag in HELD.get(self.open[-1], ())), (tag, self.open)
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def full(lang: str = "en", **fields: Any) -> Letter:
    """A letter with something of everything."""
    return letter(
        section("gan", [paper(1), paper(2, venue="CVPR 2018", buzz={})], more=7),
        section("rl", [paper(3), paper(1)]),
        section("discussions", [paper(4, kind="post", links={})], title=POSTS.title),
        lang=lang,
        withdrawn=(paper(9, title="Gone Widgets"),),
        **fields,
    )


def test_both_parts_say_the_same() -> None:
    made = render_letter(full(late_since=DAY - timedelta(days=3), test=True))
    page = Elements(made.html)
    text = "".join(made.text.split())  # lines break between Chinese characters, too
    for said in (
        "Monday 13 November 2017",
        "10 papers, 1 discussion, 1 paper withdrawn",
        "This is a test message.",
        "it goes back to 10 November 2017",
        "Deep Widgets for Semantic Gadgets, Part 2",
        "Ada Lovelace, Alan Turing, Grace Hopper et al. · CVPR 2018",
        "We propose a widget that is deeper than “all” others",
        "Experiments show that it outperforms the state of the art by 12%",
        "On gan 90%",
        "12 points, 2 posts, 1 citation",
        "Tagged for: “introduce … network” +3.5, “attention” in the title +1.0, “生成对抗” +0.5",
        "shown above, under On gan",
        "and 7 more",
        "Gone Widgets",
        "their authors have withdrawn them",
        "arxiv: fine. All of it.",
        "reddit: not out yet. <b>bold</b>",
        "You get this because you follow On gan",
    ):
        assert said in page.text, said
        assert "".join(said.split()) in text, said
    assert "“all” others" in made.text
    assert "比较" not in text


def test_every_link_is_in_both_parts() -> None:
    made = render_letter(full(paused_since=DAY - timedelta(days=3)))
    targets = {v for v in Elements(made.html).values("href") if not v.startswith("#")}
    assert targets >= {
        f"{BASE}/papers/paper1",
        "https://arxiv.org/abs/1711.00001",
        "https://arxiv.org/pdf/1711.00001",
        f"{BASE}/feedback/{'t' * 120}paper1",
        f"{BASE}/topics/gan",
        f"{BASE}/watches/gan",
        f"{BASE}/unsubscribe/{'t' * 120}",
        f"{BASE}/preferences/{'t' * 120}",
    }
    in_text = set(re.findall(r"https?://\S+", made.text))
    assert targets == in_text


def test_each_paper_stands_once_and_sections_can_be_jumped_to() -> None:
    page = Elements(render_letter(full()).html)
    assert page.text.count("We propose a widget") == 4
    inner = [value[1:] for value in page.values("href") if value.startswith("#")]
    assert inner == ["gan", "rl", "discussions"] == page.values("id")


def test_one_section_needs_no_contents() -> None:
    page = Elements(render_letter(letter(section("gan", [paper(1)]))).html)
    assert "navigation" not in page.values("role")


def test_chinese_is_said_throughout() -> None:
    made = render_letter(full("zh", test=True, paused_since=DAY - timedelta(days=3)))
    page = Elements(made.html)
    assert page.values("lang") == ["zh-Hans", "zh-Hans"]
    for said in ("2017年11月13日 星期一", "10 篇论文", "关于gan", "还有 7 篇", "撤稿", "尚未发布", "退订",
                 "标题中的“attention” +1.0", "测试消息", "2017年11月10日"):  # fmt: skip
        assert said in page.text.replace("\u00a0", " "), said
        assert said in " ".join(made.text.split()), said
    ours = re.sub(r"https?://\S+|<b>bold</b>|All of it\.", "", made.text)
    for english in ("papers", "Tagged", "Sources", "Abstract", "new", "more", "follow"):
        assert english not in ours


@pytest.mark.parametrize(
    ("sections", "en", "zh"),
    [
        (
            (section("gan", [paper(n) for n in range(5)], 19), section("rl", [paper(30)])),
            "Daypaper, 13 November: 25 papers, 24 in On gan",
            "Daypaper 11月13日：25 篇论文，关于gan 24 篇",
        ),
        (
            (section("gan", [paper(n) for n in range(5)]),),
            "Daypaper, 13 November: 5 papers in On gan",
            "Daypaper 11月13日：关于gan 5 篇论文",
        ),
        (
            (section("gan", [paper(1)]), section("discussions", [paper(2, kind="post")], 4)),
            "Daypaper, 13 November: 1 paper in On gan, 5 discussions",
            "Daypaper 11月13日：关于gan 1 篇论文，5 个讨论",
        ),
        (
            (section("gan", [paper(1)]),),
            "Daypaper, 13 November: Deep Widgets for Semantic Gadgets, Part 1",
            "Daypaper 11月13日：Deep Widgets for Semantic Gadgets, Part 1",
        ),
        (
            (section("gan", [paper(1), paper(2)]),),
            "Daypaper, 13 November: Deep Widgets for Semantic Gadgets, Part 1 and 1 more",
            "Daypaper 11月13日：Deep Widgets for Semantic Gadgets, Part 1 等 2 篇",
        ),
        ((), "Daypaper, 13 November: nothing new", "Daypaper 11月13日：暂无新内容"),
    ],
)
def test_the_subject_says_what_is_in_it(sections: tuple[Any, ...], en: str, zh: str) -> None:
    assert subject(letter(*sections)) == en
    assert subject(letter(*sections, lang="zh")) == zh
    assert subject(letter(*sections, test=True)).startswith("[Test] Daypaper")


def test_what_only_cites_a_work_is_not_said_to_be_of_a_topic() -> None:
    cites = section("cites-a", [paper(n) for n in range(20, 26)], work="Adam", path="papers/a")
    made = letter(section("gan", [paper(n) for n in range(5)]), cites)
    assert subject(made) == "Daypaper, 13 November: 11 papers, 5 in On gan"
    assert headline(made) == "11 papers, among them 5 in On gan"


def test_a_quiet_letter_names_the_watch_by_its_title() -> None:
    quiet = letter()
    made = replace(quiet, digest=replace(quiet.digest, topics=CONFIG.topics))
    assert "you follow Adversarial networks." in Elements(render_letter(made).html).text


def test_withdrawals_alone_are_a_subject_too() -> None:
    made = letter(withdrawn=(paper(1), paper(2)))
    assert subject(made) == "Daypaper, 13 November: 2 papers withdrawn"
    assert headline(made) == "2 papers withdrawn"
    assert (
        "Nothing"
        not in render_letter(replace(made, digest=replace(made.digest, note="Nothing."))).text
    )


def test_the_headline_names_the_largest_sections() -> None:
    sections = [section(name, [paper(ord(name) * 10 + n) for n in range(5 - at)])
                for at, name in enumerate("abcd")]  # fmt: skip
    posts = section("discussions", [paper(1, kind="post")])
    assert headline(letter(*sections, posts)) == (
        "14 papers, among them 5 in On a, 4 in On b, 3 in On c; 1 discussion"
    )
    assert headline(letter(*sections[:2], lang="zh")) == "9 篇论文：关于a 5 篇、关于b 4 篇"
    assert headline(letter(sections[3])) == "2 papers: 2 in On d"


def test_a_quiet_day_says_why_in_both_languages() -> None:
    note = "Nothing new: arXiv announces no papers at the weekend."
    assert note in render_letter(letter(note=note)).text
    made = render_letter(letter(note=note, lang="zh"))
    assert "arXiv 周末不发布论文" in made.text
    assert "arXiv 周末不发布论文" in made.html
    assert headline(letter(note=note)) == note


def test_a_quiet_day_with_trouble_says_that_something_may_be_missing() -> None:
    late = {"name": "cvf", "status": "ok", "message": "Not asked since then.", "overdue": True}
    failed = {"name": "arxiv", "status": "failed", "message": "It cannot be reached."}
    fine = {"name": "reddit", "status": "ok", "message": "All of it."}
    note = why_empty(True, "troubled")
    made = letter(note=note, sources=(late, failed, fine))
    en = "nothing found, 2 sources could not be read in full"
    assert subject(made) == f"Daypaper, 13 November: {en}"
    assert headline(made) == f"Nothing was found, but{en[14:]}: see the end."
    text = " ".join(render_letter(made).text.split())
    assert headline(made) in text
    assert "cvf: not asked lately. Not asked since then." in text
    assert "reddit: fine." in text
    chinese = replace(made, lang="zh", sources=(failed, fine))
    assert subject(chinese) == "Daypaper 11月13日：未找到新内容，1 个来源未能完整读取"
    assert headline(chinese) == "未找到新内容，但有 1 个来源未能完整读取，详见文末。"
    for one in (made, chinese):
        written = render_letter(one)
        said = (written.subject, written.text, written.html, headline(one))
        assert not [part for part in said if re.search("nothing new|暂无新内容", part, re.I)]
    assert "nothing new" not in subject(made)
    several = letter(section("gan", [paper(1)]), sources=(failed,))
    assert "nothing" not in subject(several)


def test_the_day_is_that_of_the_readers_zone() -> None:
    evening = NOW.replace(hour=22).astimezone(ZoneInfo("Asia/Shanghai"))
    made = letter(section("gan", [paper(1)]), at=evening)
    assert subject(made).startswith("Daypaper, 14 November")
    assert "Tuesday 14 November 2017" in render_letter(made).text


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = Elements(render_letter(full()).html)
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "h1", "h2",
        "h3", "p", "a", "span", "ul", "li",
    }  # fmt: skip
    names = {name for _, name, _ in page.attributes}
    assert not {"src", "background", "srcset"} & names
    assert not any(name.startswith("on") for name in names)
    made = render_letter(full()).html
    assert not re.search(r"@import|url\(|expression\(", made)
    roles = [value for tag, name, value in page.attributes if (tag, name) == ("table", "role")]
    assert roles == ["presentation"] * page.tags.count("table")


def hostile(text: str, url: str = "javascript:alert(1)") -> Letter:
    """A letter in which everything from outside is this text."""
    bad = paper(
        1,
        title=text,
        abstract=text,
        authors=[text] * 5,
        venue=text,
        categories=[text],
        links={"abstract": url, "pdf": url, "code": url},
    )
    source = {"name": "arxiv", "status": "failed", "message": text}
    links = Links(BASE, url, url, {"paper1": url})
    sections = section("gan", [bad, paper(2)], title=text, title_zh=text)
    made = letter(sections, sources=(source,), links=links, withdrawn=(bad,))
    return replace(made, digest=replace(made.digest, note=text))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "text", [HOSTILE, HOSTILE * 400, "漢" * 40_000, "x" * 40_000, "", "\u202e"]
)
def test_hostile_texts_are_harmless(text: str, lang: str) -> None:
    made = render_letter(replace(hostile(text), lang=lang))
    page = Elements(made.html)
    assert not {"script", "b"} & set(page.tags)
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    assert all(v.startswith(("https://", "#")) for v in page.values("href"))
    assert "javascript:" not in made.text
    for part in (made.subject, made.html, made.text):
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", part
        )
    assert not re.search(r"[\r\n]", made.subject)
    assert width(made.subject) <= 90
    assert len(made.html.encode()) <= forms.MOST_BYTES
    assert narrow(made.text)


def test_tex_is_read_as_people_read_it() -> None:
    tex = paper(
        1,
        title=r"$\ell_1$ Norms of G\"odel's $\beta$-VAE",
        abstract=r"We bound $x^2 \leq \epsilon$.",
    )
    made = render_letter(letter(section("gan", [tex])))
    for part in (made.subject, Elements(made.html).text, made.text):
        assert "ℓ₁ Norms of Gödel's β-VAE" in part
    assert "We bound x² ≤ ε." in made.text
    assert "We bound x² ≤ ε." in made.html


@given(st.text(max_size=300), st.booleans())
def test_any_title_makes_a_mail(text: str, test: bool) -> None:
    made = render_letter(replace(hostile(text, url=text), test=test))
    Elements(made.html)
    made.html.encode()
    assert made.subject.isprintable() or not made.subject.isascii()
    assert len(made.subject.splitlines()) == 1
    assert width(made.subject) <= 90


def narrow(text: str) -> bool:
    """Do all lines but addresses keep to the columns? A closing mark may hang."""
    lines = [line for line in text.splitlines() if "://" not in line]
    return max(map(width, lines)) <= forms.COLUMNS + 2


def test_text_keeps_to_its_columns() -> None:
    for lang in ("en", "zh"):
        made = render_letter(full(lang, test=True, paused_since=DAY)).text
        assert narrow(made)
        assert max(map(width, made.splitlines())) > 60
        for line in made.splitlines():
            assert "://" not in line or re.fullmatch(r"\s*(\S[^:]*  )?https?://\S+", line)


def many(count: int, **fields: Any) -> Letter:
    """So many papers with long everything, in five sections."""
    papers = [
        paper(n, title=f"{n} " + "A Rather Long Title of a Paper & More " * 5, **fields)
        for n in range(count)
    ]
    return letter(*(section(f"topic{k}", papers[k::5]) for k in range(5)))


def shown(made: str) -> Iterator[int]:
    return (int(n) for n in re.findall(r'class="title"[^>]*>(\d+) A Rather', made))


def test_a_usual_letter_is_whole() -> None:
    made = render_letter(many(25))
    assert len(made.html.encode()) < 100_000
    assert sorted(shown(made.html)) == list(range(25))
    assert made.html.count("We propose a widget") == 25


@pytest.mark.parametrize("count", [60, 200, 1_000])
def test_a_long_letter_is_shortened_not_clipped(count: int) -> None:
    made = render_letter(many(count))
    assert 80_000 < len(made.html.encode()) <= forms.MOST_BYTES
    kept = len(list(shown(made.html)))
    missing = sum(int(n) for n in re.findall(r"and (\d+) more", made.text))
    assert kept + missing == count
    assert kept >= min(count, 100)
    assert f"{count} papers" in made.text
    assert made.html.count("We propose") == made.text.count("We propose")


def test_a_letter_of_worst_things_still_fits() -> None:
    signs = "&'\"<>" * 100
    papers = [
        paper(n, title=signs, abstract=f"{signs}. " * 20, authors=[signs] * 9, venue=signs)
        for n in range(400)
    ]
    sections = [section(f"t{k}", papers[k::100], 3, title=signs) for k in range(100)]
    source = {"name": signs, "status": "failed", "message": signs}
    worst = letter(*sections, withdrawn=tuple(papers), watches=tuple(f"w{n}" for n in range(99)))
    made = render_letter(replace(worst, sources=(source,) * 99))
    assert len(made.html.encode()) <= forms.MOST_BYTES
    assert "ELSEWHERE" in made.text
    assert "and 79 more sources" in made.text
    assert "700 papers" in made.text
