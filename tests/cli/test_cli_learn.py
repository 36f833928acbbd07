"""What people say of tags, from the command line to the tags of papers nobody judged."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.store import model
from aggregator.store.db import Store
from tests.cli.test_cli import environment
from tests.cli.test_cli_people import Run, runner
from tests.learn.test_learning import said

LEARN = """
from datetime import UTC, datetime
from aggregator.learn import learning
from aggregator.settings import Settings
from aggregator.store.db import Store
settings = Settings()
store = Store(settings.database, settings.data_dir)
print(learning.learn_if_due(store, datetime.now(UTC)))
"""


def lines() -> Iterator[tuple[dict[str, object], bool]]:
    """28 papers, and whether a reader takes each for a GAN."""
    for n, one in enumerate(said(14)):
        title, abstract = one.paper
        about = {"title": title, "abstract": abstract, "arxiv": f"1711.{n:05d}", "year": 2017}
        yield {"id": f"1711.{n:05d}", **about}, one.words["gan"]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of these papers, all but the last of each kind judged; made once."""
    folder = tmp_path_factory.mktemp("imported")
    run = runner(folder)
    papers = list(lines())
    (folder / "papers.jsonl").write_text("".join(json.dumps(row) + "\n" for row, _ in papers))
    words = [
        json.dumps(row | {"grades": {"gan": 2 if relevant else 0}}) + "\n"
        for n, (row, relevant) in enumerate(papers)
        if n not in (13, 27)
    ]
    (folder / "labels.jsonl").write_text("".join(words))
    done = run("import", "papers.jsonl")
    assert done.returncode == 0, done.stderr
    done = run("import", "--format", "labels", "labels.jsonl", "--json")
    assert json.loads(done.stdout)["files"]["labels.jsonl"]["words"] == 26
    return folder


@pytest.fixture
def judged(imported: Path, tmp_path: Path) -> Run:
    """The commands over a copy of that store."""
    shutil.copytree(imported, tmp_path, dirs_exist_ok=True)
    return runner(tmp_path)


def gan(run: Run) -> float:
    """The probability that the paper which nobody judged is about GANs."""
    told = json.loads(run("tag", "--explain", "arxiv:1711.00013", "--json").stdout)
    return next(t["probability"] for t in told["topics"] if t["topic"] == "gan")


def test_words_teach_and_a_rollback_takes_it_back(judged: Run) -> None:
    before = gan(judged)
    taught = judged("train", "--feedback")
    assert taught.returncode == 0, taught.stderr
    assert "gan" in taught.stdout
    assert gan(judged) < before - 0.02
    assert "used again" in judged("train", "--rollback").stdout
    assert gan(judged) == pytest.approx(before)
    assert "nothing changed" in judged("train", "--rollback").stdout


def test_what_to_label_next_is_what_nobody_judged(judged: Run) -> None:
    told = json.loads(judged("labels", "next", "--topic", "gan", "--limit", "50", "--json").stdout)
    names = {one["title"] for one in told["items"]}
    assert names <= {"Adversarial discriminator of sedimentary basalt 13",
                     "Generative adversarial networks for images 13"}  # fmt: skip
    assert names
    refused = judged("labels", "next", "--topic", "cooking")
    assert refused.returncode == 2
    assert "cooking" in refused.stderr


def test_the_schedule_learns_in_a_process_of_its_own(judged: Run, tmp_path: Path) -> None:
    def learn() -> str:
        done = subprocess.run(
            [sys.executable, "-c", LEARN], cwd=tmp_path, env=environment(tmp_path),
            capture_output=True, text=True, timeout=600, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    before = gan(judged)
    assert learn() == "True"
    store = Store(f"sqlite:///{tmp_path / 'data' / 'daypaper.sqlite3'}", tmp_path / "data")
    with store.read() as connection:
        attempt = model.last_attempt(connection)
    store.close()
    assert attempt is not None
    assert (attempt.outcome, attempt.words) == ("kept", 26)
    assert gan(judged) < before - 0.02
    assert learn() == "False"  # a day has not passed, and nothing new was said
