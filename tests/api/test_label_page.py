"""The label page: what the owner is offered and may take back, and what others are told."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator import pipeline
from aggregator.settings import Settings
from aggregator.store.db import Store
from tests.api.test_pages import elements
from tests.api.test_why_page import local
from tests.drafts import preprint
from tests.filled import CONFIG, put

TITLE = "Generative <b>adversarial</b> networks with two discriminators"


@pytest.fixture(autouse=True)
def paper(store: Store, tmp_path: Path) -> None:
    """One paper that the tagger looked at."""
    put(store, preprint(title=TITLE, abstract="We train a GAN; the generator fools both."))
    pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG, everything=True)


@pytest.mark.parametrize(("lang", "said"), [("en", "only a browser on the"), ("zh", "这台机器上")])
def test_others_are_told(browser: TestClient, lang: str, said: str) -> None:
    html = browser.get(f"/label?topic=gan&lang={lang}").text
    elements(html)
    assert said in html
    assert 'action="/judge"' not in html
    assert "adversarial" not in html
    assert browser.get("/label?topic=nothing").status_code == 404


def test_a_word_and_its_undoing_lead_back(app: FastAPI, store: Store, tmp_path: Path) -> None:
    with local(app) as owner:
        html = owner.get("/label?topic=gan").text
        elements(html)
        assert "&lt;b&gt;adversarial" in html
        fields = dict(re.findall(r'name="(proof|paper|topic|anchor)" value="([^"]*)"', html))
        back = f"/label?topic=gan&last={fields['paper']}"
        answer = owner.post("/judge", data={**fields, "word": "no", "back": back})
        assert (answer.status_code, answer.headers["location"]) == (303, back)
        after = owner.get(back).text
        assert "not relevant, as you said" in after
        assert "Nothing to label" in after
        elsewhere = {**fields, "word": "undo", "back": "//elsewhere.example/"}
        assert owner.post("/judge", data=elsewhere).headers["location"] == "/"
        pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG)
        assert "Nothing to label" not in owner.get("/label?topic=gan").text


def test_an_endless_abstract_leaves_the_buttons_in_reach(
    app: FastAPI, store: Store, tmp_path: Path
) -> None:
    put(store, preprint("1711.77777", title="Endless", abstract="A GAN again. " * 5_000))
    pipeline.tag(store, Settings(data_dir=tmp_path), CONFIG, everything=True)
    with local(app) as owner:
        html = owner.get("/label?topic=gan").text
    assert "Endless" in html
    assert 300 < html.count("A GAN again.") < 320


def test_what_is_passed_by_is_not_offered_again_until_it_is_undone(
    app: FastAPI, store: Store
) -> None:
    with local(app) as owner:
        html = owner.get("/label?topic=gan").text
        fields = dict(re.findall(r'name="(proof|paper|topic|anchor)" value="([^"]*)"', html))
        back = f"/label?topic=gan&last={fields['paper']}"
        answer = owner.post("/judge", data={**fields, "word": "pass", "back": back})
        assert (answer.status_code, answer.headers["location"]) == (303, back)
        after = owner.get(back).text
        assert "passed by for two weeks" in after
        assert "Nothing to label" in after
        assert owner.get("/api/v1/labels/next?topic=gan").json()["items"] == []
        owner.post("/judge", data={**fields, "word": "undo", "back": back})
        again = owner.get(back).text
        assert "passed by for two weeks" not in again
        assert fields["paper"] in again
        owner.post("/judge", data={**fields, "word": "pass", "back": back})
        owner.post("/judge", data={**fields, "word": "yes", "back": back})
        assert "confirmed by you" in owner.get(back).text
