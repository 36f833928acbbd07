"""The page of a paper says why it has its topics, and takes another word from this machine alone."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator import pipeline
from aggregator.settings import Settings
from aggregator.store import papers
from aggregator.store.db import Store
from aggregator.tag.why import Span
from api.web.why import pieces
from tests.api.test_pages import elements
from tests.drafts import preprint
from tests.filled import CONFIG, put

TITLE = "Generative <b>adversarial</b> networks with two discriminators"


@pytest.fixture
def page(store: Store) -> str:
    put(store, preprint(title=TITLE, abstract="We train a GAN; the <i>generator</i> fools both."))
    with store.read() as connection:
        return f"/papers/{papers.by_name(connection, 'arxiv:1711.00001').doc['id']}"


def local(app: FastAPI) -> TestClient:
    return TestClient(
        app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 5), follow_redirects=False
    )


def test_words_are_marked_in_place(browser: TestClient, page: str) -> None:
    html = browser.get(page).text
    elements(html)
    assert "<b>" not in html
    marked = re.findall(r'<mark class="for">(.*?)</mark>', html)
    assert any("discriminators" in words for words in marked)
    assert 'action="/judge"' not in html  # this one is not on the machine itself


def test_reasons_say_where_and_none_weighs_nothing(browser: TestClient, page: str) -> None:
    found = re.findall(r"<span>([^<]+) <small>([+-][0-9.]+)</small></span>", browser.get(page).text)
    words = [words for words, _ in found]
    assert "discriminators (title)" in words or "adversarial networks (title)" in words
    assert not [weight for _, weight in found if float(weight) == 0]
    assert "（标题）" in browser.get(page, params={"lang": "zh"}).text


def test_a_word_from_this_machine(app: FastAPI, page: str, store: Store) -> None:
    with local(app) as owner:
        html = owner.get(page).text
        form = re.search(r'name="proof" value="([^"]+)">\s*<input type="hidden" name="paper"', html)
        assert form
        word = {"paper": page.removeprefix("/papers/"), "topic": "gan", "word": "no"}
        assert owner.post("/judge", data={**word, "proof": "nonsense"}).status_code == 403
        assert owner.post("/judge", data=word).status_code == 403
        answer = owner.post("/judge", data={**word, "proof": form[1]})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{page}#why")
        after = owner.get(page).text
    assert 'value="undo"' in after
    with store.read() as connection:
        assert papers.by_name(connection, word["paper"]).doc["topics"] == []


def test_a_word_taken_back_leaves_the_tag_as_it_was(
    app: FastAPI, page: str, store: Store, tmp_path: Path
) -> None:
    pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG)

    def tags() -> list[tuple[str, float, str]]:
        with store.read() as connection:
            found = papers.by_name(connection, page.removeprefix("/papers/")).doc["topics"]
        return [(tag["name"], tag["probability"], tag["by"]) for tag in found]

    before = tags()
    assert {name for name, _, by in before if by == "model"} == {"gan"}
    with local(app) as owner:
        form = re.search(r'name="proof" value="([^"]+)"', owner.get(page).text)
        assert form
        word = {"paper": page.removeprefix("/papers/"), "topic": "gan", "proof": form[1]}
        for said in ("no", "yes"):
            owner.post("/judge", data={**word, "word": said})
            assert tags() != before
            owner.post("/judge", data={**word, "word": "undo"})
            assert tags() == before
    pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG)
    assert tags() == before


def test_nobody_else_may_say_it(app: FastAPI, page: str) -> None:
    for url, address, headers in (
        ("http://daypaper.example", "127.0.0.1", {}),
        ("http://127.0.0.1:8000", "192.0.2.7", {}),
        ("http://127.0.0.1:8000", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        # Names that browsers ask for, though they are none by the rules of hosts.
        ("http://127.0.0.1:8000", "127.0.0.1", {"Host": "a{b.example:8000"}),
        ("http://127.0.0.1:8000", "127.0.0.1", {"Host": 'a"b.example:8000'}),
        ("http://127.0.0.1:8000", "127.0.0.1", {"Host": "localhost.example:8000"}),
    ):
        with TestClient(app, base_url=url, client=(address, 5), headers=headers) as other:
            html = other.get(page).text
            form = re.search(r'name="proof" value="([^"]+)"', html)
            word = {"paper": page.removeprefix("/papers/"), "topic": "gan", "word": "no"}
            told = {**word, "proof": form[1] if form else ""}
            assert other.post("/judge", data=told).status_code == 403


def test_pieces_are_the_text() -> None:
    spans = [Span(2, 4, 1.0), Span(4, 5, -1.0)]
    found = pieces("ab cd <e", spans)
    assert "".join(piece.text for piece in found) == "ab cd <e"
    assert [piece.mark for piece in found] == ["", "for", "against", ""]
