"""Letters as Slack messages: limits kept whatever the papers hold, each paper once, nothing injected."""

import json
import re
import tomllib
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from aggregator.deliver.slack import blocks, text
from aggregator.deliver.slack.letter import BEST, messages
from aggregator.deliver.slack.words import words
from aggregator.digest.language import CODES
from aggregator.digest.select import Digest
from tests.conftest import NOW
from tests.deliver.slack_letters import HOSTILE, hostile, letter, paper
from tests.slack_server import MOST_CHARACTERS, check

_MARKUP = re.compile(r"<([^<>]*)>")


def shown(made: list[blocks.Message]) -> str:
    """Everything that the messages say."""
    return json.dumps([[one.text, *one.blocks] for one in made], ensure_ascii=False)


def mrkdwn(value: Any) -> list[str]:
    """Every text with markup in blocks."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            assert value["verbatim"] is True
            return [value["text"]]
        return [text for one in value.values() for text in mrkdwn(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in mrkdwn(one)]
    return []


@pytest.mark.parametrize("lang", CODES)
@pytest.mark.parametrize("count", [0, 1, 5, 6, 25, 200])
def test_every_message_is_one_that_slack_takes(count: int, lang: str) -> None:
    made = messages(letter([paper(n) for n in range(count)], lang=lang, more=7))
    for one in made:
        check({"text": one.text, "blocks": one.blocks})
    ids = [unit.id for one in made for unit in one.units]
    assert Counter(ids) == dict.fromkeys(ids, 1)
    assert {f"paper{n:04}" for n in range(count)} <= set(ids)
    assert len(made[0].units) <= BEST + 2
    assert len(made) <= 2 + count / 5


@pytest.mark.parametrize("lang", CODES)
@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_papers_keep_the_limits_and_inject_nothing(said: str, lang: str) -> None:
    sources = [
        {"name": said[:200] + str(n), "status": "failed", "message": said} for n in range(30)
    ]
    papers = [hostile(n, said) for n in range(30)]
    gone = [hostile(100 + n, said) for n in range(20)]
    given = letter(
        papers, lang=lang, sources=sources, withdrawn=gone, late_since=NOW, paused_since=NOW
    )
    made = messages(given)
    for one in made:
        check({"text": one.text, "blocks": one.blocks})
        assert blocks.size(one.blocks) <= blocks.MOST_BYTES < MOST_CHARACTERS
        for part in [*mrkdwn(one.blocks), one.text]:
            for inside in _MARKUP.findall(part):
                address, _, label = inside.partition("|")
                assert address.startswith(("https://daypaper.example/", "https://example.org/"))
                assert label
                assert not set("|<>* ") & set(address)
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066-\u2069]|javascript:", shown(made))
    assert {unit.id for one in made for unit in one.units} >= {p["id"] for p in papers}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("@here and @Everyone", "＠here and ＠Everyone"),
        ("a@hereford.uk", "a@hereford.uk"),
        ("*A* search", "∗A∗ search"),
        ("wav2vec_2 _x_ __y", "wav2vec_2 ˍxˍ ˍˍy"),
        ("`code` ~x~", "'code' ∼x∼"),
        (":fire: 4:3:2 a:b", "∶fire: 4∶3:2 a:b"),
        ("> quoted", "› quoted"),
        ("p(x|y)", "p(x∣y)"),
        ("a\r\n\tb", "a b"),
        ("\u202eabc\u2069", "abc"),
        ("R&D", "R&amp;D"),
    ],
)
def test_text_stays_text(given: str, said: str) -> None:
    assert text.said(given, 100) == said


def test_cutting_counts_what_slack_counts_and_breaks_no_entity() -> None:
    assert text.said("abcdef", 6) == "abcdef"
    assert text.units(text.said("&" * 100, 52)) <= 52
    assert re.fullmatch("(&amp;)+…", text.said("&" * 100, 52))
    assert text.units(text.said("😀" * 100, 51)) <= 51
    assert text.said("😀" * 100, 51).endswith("😀…")


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://a.example/x?a=1&b=2", "<https://a.example/x?a=1&amp;b=2|T>"),
        ("https://a.example/x|y>z", "<https://a.example/x%7Cy%3Ez|T>"),
        ("javascript:alert(1)", "T"),
        ("https://a.example/\nx", "T"),
        ("https://a.example/" + "x" * 400, "T"),
        ("", "T"),
    ],
)
def test_links_lead_to_web_addresses_alone(url: str, made: str) -> None:
    assert text.link(url, "T") == made


def test_the_first_message_has_the_best_papers_with_buttons() -> None:
    given = letter([paper(n) for n in range(20)], more=3)
    first, *thread = messages(given)
    kinds = [block["type"] for block in first.blocks]
    assert kinds == ["header", "section", *["section", "actions"] * BEST, "context"]
    assert first.blocks[0]["text"]["text"] == "Daypaper, 13 November 2017"
    said = first.blocks[1]["text"]["text"]
    assert said == "*23 papers*: Adversarial networks 13 · Reinforcement learning 10"
    assert first.blocks[-1]["elements"][0]["text"] == "15 more in the thread"
    values = [one["value"] for one in first.blocks[3]["elements"]]
    assert [value.split("|")[0] for value in values] == list(blocks.VERBS)
    assert values[0].split("|")[2] == "gan"
    assert "<https://daypaper.example/topics/gan|and 3 more>" in shown(thread)
    assert "Asked us to wait." in shown(thread)
    assert "https://daypaper.example/unsubscribe/abc" in shown(thread)


def test_what_a_paper_says() -> None:
    doc = paper(
        1, venue="CVPR 2018", links={"abstract": "https://arxiv.org/abs/1", "pdf": "https://a/1"}
    )
    said = blocks.paper_text(words("en"), doc, "https://d.example", ("new",), {"gan": "GANs"})
    assert said.split("\n") == [
        "*<https://arxiv.org/abs/1|Deep Widgets 1>*",
        "Ada Lovelace, Alan Turing · CVPR 2018 · new",
        "We propose deep widgets. They outperform shallow ones by 3%.",
        "GANs 90% · <https://a/1|PDF> · <https://d.example/papers/paper0001|Details>",
    ]


def test_a_post_is_no_new_paper() -> None:
    said = blocks.paper_text(words("zh"), paper(1, kind="post"), marks=("new", "discussed"))
    assert "cs.CV · 新帖 · 有讨论" in said


def test_a_paper_without_topics_can_only_be_saved() -> None:
    made = blocks.buttons(words("en"), "p", blocks.topic_of(paper(1, topics=[])))
    assert [one["value"] for one in made["elements"]] == ["save|p|"]


def test_notices_and_quiet_days() -> None:
    note = "Nothing new: arXiv announces no papers at the weekend."
    quiet = Digest(NOW, NOW, (), note)
    fine = [{"name": "arxiv", "status": "holiday", "message": "No announcement."}]
    given = letter(
        [], lang="zh", digest=quiet, late_since=NOW, paused_since=NOW, test=True, sources=fine
    )
    said = shown(messages(given))
    for sentence in ("测试", "周末不发布", "补发", "https://daypaper.example/watches/gan"):
        assert sentence in said
    assert "Nothing new" not in said


def test_a_source_that_was_not_asked_lately_is_not_called_fine() -> None:
    idle = [
        {"name": "arxiv", "status": "ok", "message": "Not asked since 2017-11-01.", "overdue": True}
    ]
    said = shown(messages(letter([], digest=Digest(NOW, NOW, (), ""), sources=idle)))
    assert "1 source could not be read in full" in said
    assert "arxiv · not asked lately · Not asked since" in said


def test_what_was_told_is_left_out() -> None:
    given = letter([paper(n) for n in range(20)], more=3)
    whole = messages(given)
    told = {unit.id for one in whole[:2] for unit in one.units}
    left = messages(given, told)
    ids = [unit.id for one in whole[2:] for unit in one.units]
    assert [unit.id for one in left for unit in one.units] == ids
    assert messages(given, {unit.id for one in whole for unit in one.units}) == []


@pytest.mark.parametrize("lang", CODES)
def test_the_catalogues_say_the_same_things(lang: str) -> None:
    def sentences(code: str) -> dict[str, Any]:
        place = files("aggregator.deliver.slack") / "strings" / f"{code}.toml"
        return tomllib.loads(place.read_text(encoding="utf-8"))

    def holes(value: Any) -> Any:
        if isinstance(value, list):
            return len(value)
        return Counter(re.findall(r"{(\w+)}", value))

    mine = {k: holes(v) for k, v in sentences(lang).items() if not k.endswith("_one")}
    english = {k: holes(v) for k, v in sentences("en").items() if not k.endswith("_one")}
    assert mine == english
