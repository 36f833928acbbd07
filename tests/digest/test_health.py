"""Every message of a source's health has a Chinese form; none is lost, none is made up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.digest.health import catalogue, in_chinese

CODE = Path(__file__).parents[2] / "aggregator"
RAISED = {
    "Note", "SourceError", "UnreachableError", "RefusedError", "ThrottledError", "SpentError",
    "ChallengedError", "DeniedError", "BrokenError",
}  # fmt: skip
TYPED = """
    arXiv arxiv RSS RDF Atom JSON Feed HTML XML API OAI PMH UTF MB Reddit OpenReview OpenAlex Hugging Face
    RSSHub Daypaper ECCV NeurIPS Semantic Scholar DAYPAPER_S2_API_KEY DAYPAPER_OPENALEX_API_KEY _PASSWORD
    DAYPAPER_OPENREVIEW_USER DAYPAPER_OPENREVIEW_PASSWORD DAYPAPER_ALLOW_PRIVATE_UPSTREAMS
    help org https client id kind virtual daypaper collect key
"""
NAMES = set(TYPED.split())
"""Names and what has to be typed, which stay as they are."""
ELSEWHERE = {
    # What an argument that is no literal may hold; each is looked at in a test below, or in its own place.
    "str(error)", "trouble", "reason", "some", "self._left_alone", "said", "CHALLENGE",
    "' '.join(dict.fromkeys((n.message for n in said)))", "_stale_words(day.stale, bool(day.stamped))",
    "_short(conference, listing.count, had, rest.trouble)", "late",
}  # fmt: skip
SAID = [
    "Q1 answered 503; it is in trouble.",
    "Q1 answered 503; it is in trouble, asking to wait 120 min.",
    "Q1 answered 429: too many requests, asking to wait 90 s.",
    "Q1 answered 403 for /q2, asking to wait 120 min.",
    "Left alone until 2017-11-14T14:00:00Z: Q1 answered 429: too many requests.",
    "7 items could not be read and were left out (first: q2).",
    "7 items were served and 5 recognised; this place may have changed its form.",
    "arXiv's RSS served yesterday's batch under today's date for cs.CV. OAI-PMH has today's.",
    "arXiv's RSS served yesterday's batch under today's date for cs.CV. Asking again soon.",
    "The listing of Tue 14 Nov is late: neither RSS nor OAI-PMH has it; asking again soon. It may be a "
    "holiday: arXiv's list of 2031 is not known here.",
    "OpenReview asks guests to show in a browser that they are people, and refuses programs. Set "
    "DAYPAPER_OPENREVIEW_USER and DAYPAPER_OPENREVIEW_PASSWORD (an account is free), or read its "
    'conferences by kind = "virtual".',
    "Q1: 5 of 7 events could be had; it is asked again next time.",
    "Q1: 5 of 7 events could be had (q2); it is asked again next time.",
    "Q1 does not accept the key (401).",
    "Papers that posts name wait to be looked up until 2017-11-14T14:00:00Z: arXiv answered with none of "
    "the 120 papers asked for, nor with one that it had.",
    "Q1 says that it is asked too fast (403).",
    "Q1 answered with what is no feed (neither RSS, Atom, RDF nor JSON Feed).",
    "Q1 has a heading for ECCV 2018, and no paper of it was recognised; the page may have changed its form.",
    "r/q1 shows posts back to 2017-11-14T14:00:00Z only; those between 2017-11-13T14:00:00Z and then are "
    "lost.",
    "Reddit answered 429 (q2): too many requests.",
    "Q1 is not a page of proceedings: neither papers nor days on it.",
    "Q1 has bytes that are not UTF-8, as it says it is; it is asked again next time.",
    "Q1: pages of papers that could not be read: 3. The last one: Q1 did not answer in time.",
    "Q1: pages of papers that could not be read: 3. They are asked for daily.",
    '/q1/q2: RSSHub says "q3. q4". Set WEIBO_COOKIES in that instance.',
    '/q1/q2: RSSHub says "q3". The instance wants its access key: add ?key=… to the route.',
    '/q1/q2: RSSHub says "q3". Look the route up in RSSHub\'s documentation, or update the instance.',
    '/q1/q2: RSSHub says "q3". It is asked again next time.',
    '/q1/q2: RSSHub says "q3". Nothing was posted, or weibo shows it nothing: see if WEIBO_COOKIES expired.',
    '/q1/q2: RSSHub says "q3". weibo lets the instance in no more: renew WEIBO_COOKIES.',
    '/q1/q2: RSSHub says "q3". If weibo works in a browser, update the instance.',
    "Q1 answered 429: too many requests. A key helps: set DAYPAPER_S2_API_KEY.",
    "Q1 answered 429: too many requests. A free key gives more: set DAYPAPER_OPENALEX_API_KEY.",
    "Listing of Mon 13 Nov was had by OAI-PMH before; asked again when RSS has it, Mon 13 Nov 00:00 New "
    "York.",
    "Not asked yet.",
    "Just started.",
    "The process ended before this run was finished; what it had stored is kept.",
    "Not asked since 2017-11-03. 7 new, 5 updated, 3 unchanged.",
]
"""Messages that are put together, and those of states without a run."""


def arguments() -> Iterator[tuple[str, ast.expr]]:
    """Where a message is made, and its text."""
    for path in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            place = int(node.func.id == "Note")
            if node.func.id in RAISED and len(node.args) > place:
                yield f"{path.relative_to(CODE)}:{node.lineno}", node.args[place]


HOLES = {
    "attempt.py": {
        "lost": "7 items were served and 5 recognised",
        "reason": "Q1 did not answer in time.",
    },
    "ecva.py": {"lost": "Q1 has a heading for ECCV 2018, and no paper of it was recognised"},
    "citation_providers.py": {
        "short": "Q1 shows 5 works where its total of 7 says more",
        "error": "Q1 did not answer in time.",
    },
    "citations.py": {
        "used": "The day's 300 requests are used",
        "waiting": "5 works wait for their turn, 7 for their older citations",
        "error": "Q1 did not answer in time.",
    },
    "reddit.py": {"shown": "r/Q7 shows posts back to Q8 only"},
    "reddit_posts.py": {"said": "Reddit answered 429"},
    "verdict.py": {
        "agree": "from OAI-PMH", "when": "due any moment", "today.reason": "weekend",
        "day.feed_error": "Q1 did not answer in time.",
        "had": ": 54 papers so far, from OAI-PMH",
        "failed": " Its RSS failed: Q1 did not answer in time.",
    },
    "source.py": {"error": "Q1 did not answer in time."},
    "virtual.py": {"error": "Q1 did not answer in time."},
    "openreview.py": {"error": "Q1 did not answer in time."},
    "rsshub_pages.py": {"error": "Q1 did not answer in time."},
    "proceedings.py": {"fault": "ends in the middle"},
}  # fmt: skip
"""What stands in holes that are said in Chinese, too; the others hold names and numbers."""


def sample(text: ast.expr, where: str) -> str | None:
    """The message with made-up words in its holes; None if it is not written there."""
    if isinstance(text, ast.Constant):
        return str(text.value)
    if not isinstance(text, ast.JoinedStr):
        return None
    file = where.rpartition("/")[2].partition(":")[0]
    known = {"asked": "", "hint": "", "last": ""} | HOLES.get(file, {})
    found = ""
    for n, part in enumerate(text.values):
        if isinstance(part, ast.Constant):
            found += str(part.value)
        else:
            assert isinstance(part, ast.FormattedValue)
            found += known.get(ast.unparse(part.value), f"Q{n}")
    return found


def english(text: str) -> list[str]:
    """Words that should have been said in Chinese."""
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]+", text)
    return [w for w in words if w not in NAMES and not re.fullmatch(r"Q\d", w)]


WRITTEN = {where: said for where, text in arguments() if (said := sample(text, where)) is not None}


@pytest.mark.parametrize("where", sorted(WRITTEN))
def test_each_message_of_the_code_has_a_chinese_form(where: str) -> None:
    said = WRITTEN[where]
    chinese = in_chinese(said)
    assert english(chinese) == [], (said, chinese)
    holes = re.findall(r"Q\d", said)
    assert sorted(re.findall(r"Q\d", chinese)) == sorted(holes), (said, chinese)


def test_what_is_not_written_where_it_is_raised_is_known() -> None:
    others = {ast.unparse(text) for _, text in arguments() if sample(text, "") is None}
    others = {code for code in others if "is late: neither RSS" not in code}
    assert others <= ELSEWHERE


@pytest.mark.parametrize("said", SAID)
def test_each_message_that_is_put_together_has_one(said: str) -> None:
    chinese = in_chinese(said)
    left = re.sub(r"WEIBO_COOKIES|weibo|cs\.CV|November|T\d\d:\d\d:\d\dZ?|/?q\d", "", chinese)
    assert english(left) == [], chinese
    for number in re.findall(r"\d{3,}", said):
        assert number in chinese


def test_sentences_of_several_notes_are_each_said_in_chinese() -> None:
    both = "a.org answered 500; it is in trouble. r/x came damaged; it is read again next time."
    assert in_chinese(both) == "a.org 返回了 500，它出了问题。r/x 的内容已损坏；下次再读。"


def test_what_is_not_known_stays_as_it_is() -> None:
    said = "Something else. a.org did not answer in time."
    assert in_chinese(said) == "Something else. a.org 没有及时应答。"
    assert in_chinese("x" * 5000) == "x" * 5000
    assert in_chinese("") == ""
    hostile = "a answered " * 300
    assert in_chinese(hostile).strip() == hostile.strip()


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        ("CVPR2017: abstracts: 40 of 783", "CVPR2017：摘要 40 / 783"),
        ("routes: 3 of 4", "路由 3 / 4"),
        ("r: pages back: 2", "r：往回的页数 2"),
        ("cs.LG: records changed since 2017-11-07: 120", "cs.LG：自 2017-11-07 起有变动的记录 120"),
    ],
)
def test_progress_is_said_in_chinese(said: str, chinese: str) -> None:
    assert in_chinese(said) == chinese


def test_each_kind_of_progress_has_a_chinese_form() -> None:
    found = set()
    for path in sorted((CODE / "sources").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ctx.progress"):
                found.add(sample(node.args[0], ""))
    assert len(found) >= 8
    for what in found:
        assert english(in_chinese(f"{what}: 3 of 4")) == [], what


def test_days_are_written_as_in_china() -> None:
    said = "No arXiv listing today (weekend); the next is announced Sun 19 Nov 20:00 New York."
    assert in_chinese(said).endswith("下一次公布在 11月19日（周日）纽约时间 20:00。")


def test_holes_of_both_languages_are_the_same() -> None:
    for table in catalogue().values():
        for en, zh in table.items():
            holes = en.count("{}")
            numbers = {int(n) for n in re.findall(r"\{(\d)\}", zh)}
            assert (len(numbers) or zh.count("{}")) == holes, en
            assert not numbers or numbers == set(range(holes)), en
