"""`GET /api/v1/papers/{id}/explain` and `daypaper tag --explain`: who gave a tag, and which words."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aggregator.store.db import Store
from tests.api.test_auth import token
from tests.drafts import preprint
from tests.filled import put

TITLE = "Generative adversarial networks with two discriminators"
NAME = "arxiv:1711.00001"


@pytest.fixture(autouse=True)
def paper(store: Store) -> None:
    put(store, preprint(title=TITLE, abstract="We train a GAN; the generator fools both."))


def test_words_stand_where_the_answer_says(client: TestClient) -> None:
    found = client.get(f"/api/v1/papers/{NAME}/explain").json()
    assert [one["topic"] for one in found["topics"]] == ["gan", "learning", "architectures"]
    gan, learning, _ = found["topics"]
    assert (gan["by"], gan["tagged"], gan["said"]) == ("model", True, None)
    assert (learning["by"], learning["below"]) == ("child", ["gan"])
    heaviest = max(gan["reasons"], key=lambda reason: reason["weight"])
    place = heaviest["places"][0]
    written = found[place["field"]][place["start"] : place["end"]].lower()
    assert written.startswith(heaviest["words"].split()[0])
    for field in ("title", "abstract"):
        for span in gan["highlights"][field]:
            assert found[field][span["start"] : span["end"]].strip()


def test_one_topic_after_a_persons_word(client: TestClient, store: Store) -> None:
    word = {"topic": "gan", "relevant": False}
    assert client.post(
        f"/api/v1/papers/{NAME}/feedback", json=word, headers=token(store, "write")
    ).is_success
    asked = {"topic": "gan"}
    (gan,) = client.get(f"/api/v1/papers/{NAME}/explain", params=asked).json()["topics"]
    assert (gan["by"], gan["said"], gan["tagged"], gan["probability"]) == (
        "person",
        False,
        False,
        0,
    )
    assert gan["own"] > gan["threshold"]


def test_what_is_not_there(client: TestClient) -> None:
    assert client.get("/api/v1/papers/nope/explain").status_code == 404
    wrong = client.get(f"/api/v1/papers/{NAME}/explain", params={"topic": "cooking"})
    assert wrong.status_code == 400
    assert "cooking" in wrong.json()["detail"]


def test_the_command_line_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aggregator.cli import app
    from tests.conftest import sqlite_store

    made = sqlite_store(tmp_path)
    put(made, preprint(title=TITLE, abstract="We train a GAN; the generator fools both."))
    made.close()
    monkeypatch.setenv("DAYPAPER_DATA_DIR", str(tmp_path))
    app(["tag", "--explain", NAME, "--topic", "gan", "--json"], standalone_mode=False)
    (gan,) = json.loads(capsys.readouterr().out)["topics"]
    assert (gan["topic"], gan["tagged"]) == ("gan", True)
    app(["tag", "--explain", NAME], standalone_mode=False)
    out = capsys.readouterr().out
    assert "(gan): tagged" in out
    assert TITLE in out
