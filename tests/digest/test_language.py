"""The catalogues say the same things in each language, and only what is asked for."""

import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from aggregator.digest.language import CODES, language
from aggregator.digest.select import why_empty
from aggregator.digest.sheet import source_line
from aggregator.models import STATUSES
from tests.digest.letters import NOW

FOLDER = Path(__file__).parents[2] / "aggregator" / "digest"


def flat(sentences: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in sentences.items():
        found |= flat(value, f"{key}.") if isinstance(value, dict) else {before + key: value}
    return found


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_have_the_same_keys_and_fields() -> None:
    english, chinese = (flat(language(code).sentences) for code in ("en", "zh"))
    assert {key for key in english if not key.endswith("_one")} == chinese.keys()
    # of the first of two papers, English says how many more there are and Chinese how many in all
    apart = {key for key in chinese if key not in ("weekdays", "months", "and_others", "full_date")}
    assert all(fields(english[key]) == fields(chinese[key]) for key in apart)
    assert [len(chinese[key]) for key in ("weekdays", "months")] == [7, 12]


def test_every_sentence_is_used() -> None:
    sources = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py")]
    sources += [path.read_text(encoding="utf-8") for path in FOLDER.glob("templates/*.j2")]
    said = set(re.findall(r"[\"']([a-z_]+)[\"']", "".join(sources)))
    made = (
        "link_",
        "new",
        "published",
        "discussed",
        "withdrawn",
        "cited",
    )  # put together, or marks
    idle = [
        key
        for key, value in language("en").sentences.items()
        if isinstance(value, str)
        and not key.startswith(made)
        and key.removesuffix("_one") not in said
    ]
    assert not idle


@pytest.mark.parametrize("code", CODES)
def test_every_status_and_every_note_has_words(code: str) -> None:
    t = language(code)
    words = {t.status(status) for status in (*STATUSES, None)}
    assert len(words) == len(STATUSES) + 1
    notes = {
        why_empty(anything, quiet)
        for anything in (True, False)
        for quiet in ("", "weekend", "holiday")
    }
    assert len(notes) == 4
    for note in notes:
        assert (t.note(note) == note) == (code == "en"), note
    assert t.note("Something else.") == "Something else."


def test_counts_and_moments() -> None:
    t = language("en")
    assert (t.count("papers", 1), t.count("papers", 2)) == ("1 paper", "2 papers")
    assert language("zh").count("papers", 1) == "1 篇论文"
    assert t.when("time", NOW) == "13 November 2017 12:00"
    assert language("zh").when("full_date", NOW) == "2017年11月13日 星期一"
    assert language("fr") is language("en")


def test_chinese_readers_are_told_what_a_status_means() -> None:
    english, chinese = language("en"), language("zh")
    for status in STATUSES:
        source = {"name": "arxiv", "status": status, "message": "Said in English."}
        assert source_line(source, english).endswith(f"{english.status(status)}. Said in English.")
        line = source_line(source, chinese)
        explained = re.fullmatch(r"arxiv：[^。]+。([^。]+。)Said in English\.", line)
        assert explained, line
        running = source_line(source | {"running": True}, chinese)
        assert explained[1] not in running
    assert source_line({"name": "a", "status": None, "message": "Not asked."}, chinese) == (
        "a：尚未访问"
    )
