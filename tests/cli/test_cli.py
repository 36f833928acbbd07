"""The command line as a person or a script uses it: the installed program in a folder of its own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aggregator.tag.artifact import SHIPPED
from tests.server import Reply, Server
from tests.test_pipeline import XML, body, good_feed, oai

PROJECT = Path(__file__).parents[2]
EXE = Path(sys.executable).parent / "daypaper"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path, server: Server) -> Path:
    """A topics.toml whose one source is a server on loopback."""
    server.routes = {
        "/oai": oai,
        "/rss/cs.CV": Reply(good_feed(), headers=XML),
        "/api": Reply(body("api_two.xml")),
    }
    own = (PROJECT / "topics.toml").read_text().partition("[[sources]]")[0]
    (tmp_path / "topics.toml").write_text(
        f'{own}\n[[sources]]\nname = "arxiv"\nkind = "arxiv"\ncategories = ["cs.CV"]\n'
        f'oai_url = "{server.url}/oai"\nrss_url = "{server.url}/rss"\napi_url = "{server.url}/api"\n'
        "pace_seconds = 0\n"
    )
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DAYPAPER_")}
    return {**kept, "DAYPAPER_DATA_DIR": str(folder / "data")}


@pytest.fixture
def run(folder: Path) -> Run:
    def call(*args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(EXE), *args], cwd=folder, env=environment(folder), input=stdin,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return call


def as_json(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def test_the_daily_job_from_collect_to_digest(run: Run) -> None:
    done = run("collect", "--as-of", "2017-11-14T12:00:00Z", "--json")
    assert done.returncode == 3  # two records cannot be read, which is said
    told = as_json(done)
    assert told["sources"]["arxiv"]["status"] == "mismatch"
    assert {"fetched", "new", "updated", "unchanged", "requests", "seconds"} <= set(
        told["sources"]["arxiv"]
    )
    assert told["papers"]["new"] == 5
    exported = [json.loads(line) for line in run("export").stdout.splitlines()]
    widget = next(p for p in exported if p["identifiers"].get("arxiv") == "1711.04001")
    assert widget["entries"][0]["source"] == "arxiv"
    assert "A widget, looked up" in {e["title"] for e in widget["entries"]}
    told = as_json(run("digest", "--as-of", "2017-11-14T12:00:00Z", "--json"))
    assert told["period"]["until"] == "2017-11-14T12:00:00Z"
    assert {"architectures", "datasets"} <= {t["name"] for t in told["topics"]}
    assert told["sources"][0]["name"] == "arxiv"


def test_status_migrate_tag_and_check(run: Run) -> None:
    assert run("migrate").returncode == 0
    assert as_json(run("status", "--json"))["sources"][0]["status"] is None
    assert as_json(run("tag", "--all", "--json"))["tagged"] > 20  # the representative works
    done = run("check")
    assert (done.returncode, "1 sources enabled" in done.stdout) == (0, True)


def test_predict_keeps_the_order_and_touches_no_database(run: Run, folder: Path) -> None:
    lines = [
        {
            "id": "b",
            "title": "A new dataset of widgets",
            "abstract": "We introduce a large-scale dataset.",
        },
        {
            "id": "a",
            "title": "Playing games from pixels",
            "abstract": "Deep reinforcement learning, in which an agent learns a policy that explores.",
        },
    ]
    done = run("predict", "-", stdin="\n".join(map(json.dumps, lines)))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["id"] for a in answers] == ["b", "a"]
    assert answers[0]["tags"] == ["datasets"]
    assert answers[1]["tags"] == ["rl"]
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("collect", "nobody"), 'No enabled source "nobody"; expected one of: arxiv'),
        (("collect", "--since", "soon"), "--since: 'soon' is no date or time"),
        (("digest", "--topic", "cooking"), 'There is no topic "cooking"'),
        (("digest", "--format", "pdf"), "--format: 'pdf' is not known"),
        (("export", "--format", "xml"), "--format: 'xml' is not known"),
        (("predict", "none.jsonl"), "none.jsonl: No such file"),
        (("train",), "--labels: missing"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(
    run: Run, args: tuple[str, ...], says: str
) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_the_version_is_told_without_a_database(run: Run, folder: Path) -> None:
    done = run("--version")
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert (done.returncode, done.stdout) == (0, f"daypaper {declared}\n")
    assert not (folder / "data").exists()


@pytest.mark.parametrize("form", [("a", "b"), ("a", "--labels", "b")])
def test_several_files_may_follow_one_option(run: Run, folder: Path, form: tuple[str, ...]) -> None:
    row = {
        "title": "Policy gradients",
        "abstract": "Deep reinforcement learning.",
        "grades": {"rl": 2},
    }
    for name in ("a", "b"):
        (folder / name).write_text(json.dumps(row) + "\n")
    done = run("evaluate", "--labels", *form, "--json")
    assert as_json(done)["topics"]["rl"]["papers"] == 2


def test_lines_that_predict_cannot_read_are_said_and_left_out(run: Run) -> None:
    lines = ['{"id": 1, "title": "good"}', "{broken", '{"id": 3, "title": null}', "7"]
    done = run(
        "predict", "-", stdin="\n".join([*lines, *["[]"] * 20, '{"id": 5, "title": "fine"}'])
    )
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 5]
    assert done.returncode == 3
    said = done.stderr.splitlines()
    assert "line 2: not JSON" in said[0]
    assert "line 3: no title; expected title and abstract as text" in said[1]
    assert "line 4: int; expected one object a line" in said[2]
    assert len(said) == 11  # the first ten of them, and how many there are
    assert said[-1] == "Lines left out, since they could not be read: 23."


def test_check_says_that_the_model_trained_here_is_not_used(run: Run, folder: Path) -> None:
    done = run("check")
    assert (done.returncode, "all well" in done.stdout) == (0, True)
    trained = folder / "data" / "tagger.npz"
    trained.parent.mkdir(exist_ok=True)
    trained.write_bytes(SHIPPED.read_bytes())
    done = run("check")
    assert (done.returncode, "all well" in done.stdout) == (0, True)
    trained.write_bytes(SHIPPED.read_bytes()[:100_000])
    done = run("check")
    assert (done.returncode, "all well" in done.stdout) == (3, False)
    assert "tagger.npz: not a model file" in done.stdout
    assert "The shipped model is used; train again, or delete" in done.stdout


def test_a_broken_topics_file_stops_the_start(run: Run, folder: Path) -> None:
    (folder / "topics.toml").write_text("[[topics]]\nname = 3\n")
    for command in ("run", "collect", "status", "check"):
        done = run(command)
        assert (done.returncode, "topics.toml" in done.stderr) == (2, True)


@pytest.mark.parametrize("args", [("export", "--out", ""), ("backup", "")])
def test_a_file_without_a_name_is_said(run: Run, folder: Path, args: tuple[str, ...]) -> None:
    done = run(*args)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not list(folder.rglob("*.part"))


def test_a_database_that_fails_in_the_middle_is_said_in_a_sentence(run: Run, folder: Path) -> None:
    run("migrate")
    with closing(sqlite3.connect(folder / "data" / "daypaper.sqlite3")) as database:
        database.execute("ALTER TABLE token RENAME TO elsewhere")
    done = run("token", "list")
    assert done.returncode == 2
    assert done.stderr == "daypaper: The database cannot be used: no such table: token.\n"


def test_killed_at_any_moment_the_next_collect_makes_the_same_store(run: Run, folder: Path) -> None:
    def stored() -> list[tuple[str, int]]:
        lines = run("export").stdout.splitlines()
        return sorted((p["title"], len(p["entries"])) for p in map(json.loads, lines))

    args = ("collect", "--as-of", "2017-11-14T12:00:00Z", "--json")
    run(*args)
    calm = stored()
    for path in (folder / "data").iterdir():
        path.unlink()
    for wait in (0.6, 1.0, 1.4, 1.8):
        process = subprocess.Popen(
            [str(EXE), *args], cwd=folder, env=environment(folder), stdout=-3, stderr=-3
        )
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run("collect", "arxiv", *args[1:]).returncode in (0, 3)
    assert stored() == calm


def test_a_list_of_feeds_is_one_document_of_json(run: Run, folder: Path) -> None:
    (folder / "feeds.opml").write_text(
        '<opml version="2.0"><body><outline text="Widgets" xmlUrl="https://widget.example/feed"/>'
        "</body></opml>"
    )
    told = as_json(run("import", "feeds.opml", "--json"))
    assert (told["files"], told["feeds"]["new"], told["feeds"]["written"]) == ({}, 1, False)
    assert 'url = "https://widget.example/feed"' in told["feeds"]["toml"]
    told = as_json(run("import", "feeds.opml", "--write", "--json"))
    assert told["feeds"]["written"]
    assert "https://widget.example/feed" in (folder / "topics.toml").read_text()


def test_what_the_encoding_of_the_terminal_lacks_is_written_another_way(folder: Path) -> None:
    def call(*args: str) -> subprocess.CompletedProcess[str]:
        ascii_only = environment(folder) | {"PYTHONIOENCODING": "ascii"}
        return subprocess.run(
            [str(EXE), *args], cwd=folder, env=ascii_only,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    done = call("digest", "--lang", "zh", "--as-of", "2017-11-14T00:00:00Z")
    assert (done.returncode, "\\u" in done.stdout) == (0, True), done.stderr
    told = call("digest", "--lang", "zh", "--as-of", "2017-11-14T00:00:00Z", "--format", "json")
    assert json.loads(told.stdout)
