"""The commands about tokens and watches, as a person or a script uses them."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_cli import EXE, PROJECT, environment

Run = Callable[..., subprocess.CompletedProcess[str]]


def runner(folder: Path) -> Run:
    """What runs commands in this folder, which has the shipped topics."""
    shutil.copy(PROJECT / "topics.toml", folder)

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(EXE), *args], cwd=folder, env=environment(folder),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return call


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)


def test_tokens(run: Run) -> None:
    made = run("token", "create", "laptop", "--scope", "write")
    assert re.fullmatch(r"dp_[\w-]{43}\n", made.stdout)
    assert made.stdout.strip() not in made.stderr
    again = run("token", "create", "laptop", "--scope", "write")
    assert (again.returncode, again.stdout) == (2, "")
    assert run("token", "create", "x", "--scope", "god").returncode == 2
    assert run("token", "revoke", "laptop").returncode == 0
    assert run("token", "revoke", "phone").returncode == 1
    (listed,) = json.loads(run("token", "list", "--json").stdout)["tokens"]
    assert (listed["name"], listed["scope"]) == ("laptop", "write")
    assert listed["revoked_at"]
    assert made.stdout.startswith(listed["prefix"])
    assert "laptop" in run("token", "list").stdout


def test_watches(run: Run) -> None:
    made = run("watch", "create", "mine", "--topic", "gan", "--topic", "rl", "--author", "Diallo",
               "--exclude-query", "survey", "--min-probability", "0.3", "--source", "nope")  # fmt: skip
    assert made.returncode == 0
    assert 'no source "nope"' in made.stderr
    shown = json.loads(run("watch", "show", "mine", "--json").stdout)
    assert shown["topics"] == ["gan", "rl"]
    assert (shown["exclude_query"], shown["min_probability"]) == ("survey", 0.3)
    names = [one["name"] for one in json.loads(run("watch", "list", "--json").stdout)["watches"]]
    assert names[-1] == "mine"
    assert "gan" in names
    assert run("watch", "delete", "gan").returncode == 2
    assert "deleted" in run("watch", "delete", "mine").stdout
    assert run("watch", "show", "mine").returncode == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("empty",), "expected at least one of topics"),
        (("Bad", "--topic", "gan"), "lower-case letters"),
        (("b", "--topic", "nope"), 'no topic "nope"'),
        (("b", "--topic", "gan", "--min-probability", "2"), "--min-probability"),
        (("gan", "--topic", "gan"), "stands in topics.toml; expected another name"),
    ],
)
def test_a_watch_of_no_use(run: Run, args: tuple[str, ...], said: str) -> None:
    done = run("watch", "create", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_audit_log(run: Run) -> None:
    secret = run("token", "create", "laptop", "--scope", "write").stdout.strip()
    run("watch", "create", "mine", "--topic", "gan")
    hook = "https://hooks.example/hidden"
    run("subscribe", "--watch", "mine", "--channel", "webhook", "--target", hook)
    run("token", "revoke", "nobody")
    run("watch", "list")
    shown = run("audit", "--json").stdout
    found = [(one["who"], one["what"], one["about"]) for one in json.loads(shown)["audit"]]
    assert found == [
        ("owner", "daypaper subscribe", "mine"),
        ("owner", "daypaper watch create", "mine"),
        ("owner", "daypaper token create", "laptop"),
    ]
    for hidden in (secret, "hidden", hook):
        assert hidden not in shown
    assert "daypaper watch create" in run("audit", "--limit", "2").stdout
    assert "Nothing was changed" in run("audit", "--since", "2100-01-01").stdout
