"""The documentation against the code: everything that can be typed is named, what is shown runs."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from typer.core import TyperGroup

from aggregator import cli, deliver, settings, topics
from aggregator.models import QUIET_STATUSES, STATUSES
from aggregator.sources import SOURCES
from api.app import create_app
from tests.conftest import sqlite_store
from tests.written import DOCS, PROJECT, named, page, row, section

# --- commands, settings, topics, sources, routes ------------------------------------------------


def commands() -> dict[str, Any]:
    """Every command by its words: "send", "watch create" …"""
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = command.commands if isinstance(command, TyperGroup) else {"": command}
        found |= {f"{name} {word}".strip(): one for word, one in inner.items()}
    return found


def flags(command: Any) -> set[str]:
    """The options of a command, as they are typed."""
    given = [flag for one in command.params for flag in (*one.opts, *one.secondary_opts)]
    return {flag for flag in given if flag.startswith("--")}


@pytest.mark.parametrize("name", commands())
def test_command_is_documented_with_its_options(name: str) -> None:
    said = section(page("settings.md"), "Commands")
    (line,) = [r for r in said.splitlines() if re.match(rf"\| `daypaper {name}( [A-Z[][^`]*)?`", r)]
    assert flags(commands()[name]) == set(re.findall(r"--[a-z][a-z-]*", line))


def typed(text: str) -> Iterator[tuple[bool, list[str]]]:
    """The commands of Daypaper that a page shows, as words without "daypaper"; True before those of a
    code block, which must be whole."""
    blocks = re.findall(r"^ {4}(.*daypaper .*)$", text, re.M)
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S):
        blocks += block.splitlines()
    lines = [(True, line) for line in blocks]
    lines += [(False, line) for line in named(re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))]
    for whole, line in lines:
        if not re.search(r"(^|[;/] ?)daypaper ", line) or line.startswith("/"):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        simple: list[list[str]] = [[]]
        for word in lexer:
            simple = (
                [*simple, []]
                if set(word) <= set("();<>|&")
                else [*simple[:-1], [*simple[-1], word]]
            )
        for words in simple:
            while words and re.match(r"\w+=", words[0]):  # X=y daypaper …
                words.pop(0)
            if words and words[0].split("/")[-1] == "daypaper":
                yield whole, words[1:]


@pytest.mark.parametrize("name", ["README.md", *sorted(p.name for p in DOCS.glob("*.md"))])
def test_commands_that_are_shown_can_be_typed(name: str) -> None:
    text = (PROJECT / name if name == "README.md" else DOCS / name).read_text(encoding="utf-8")
    known = commands()
    for whole, words in typed(text):
        if words[0].isupper():  # daypaper COMMAND
            continue
        path = next((p for p in (" ".join(words[:2]), words[0]) if p in known), "")
        group = not whole and words[0] in {p.split()[0] for p in known} and len(words) == 1
        assert path or group, words
        if not path:
            continue
        rest = words[len(path.split()) :]
        assert {one.partition("=")[0] for one in rest if one.startswith("--")} <= flags(known[path])
        if whole:
            try:
                known[path].make_context(path, rest)
            except click.ClickException as error:
                pytest.fail(f"{' '.join(words)}: {error.message}")


def variables() -> set[str]:
    plain = {settings.PREFIX + name.upper() for name in settings.Settings.model_fields}
    return plain | {f"{settings.PREFIX}{name.upper()}_FILE" for name in settings.SECRETS}


def test_every_setting_is_documented_and_no_other() -> None:
    written = section(page("settings.md"), "Settings")
    assert {name for name in named(written) if name.startswith("DAYPAPER_")} == variables()


def test_example_of_settings_names_those_that_are_read() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^#?([A-Z0-9_]+)=", example, re.M)
    compose = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    substituted = set(re.findall(r"\$\{(\w+)", compose))
    assert set(names) == variables() | substituted
    assert len(names) == len(set(names))


def test_example_of_settings_is_good_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    plain = settings.Settings()
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z0-9_]+=.)", "", example, flags=re.M))
    found = settings.load()
    assert not deliver.channels(found)["email"].trouble()
    for name in ("data_dir", "topics", "public_read", "slack_api_url", "allow_private_upstreams"):
        assert getattr(found, name) == getattr(plain, name), (
            f"{name} shows another than the default"
        )


def test_every_key_of_a_topic_is_documented() -> None:
    said = named(section(page("settings.md"), "topics.toml"))
    assert set(topics.Topic.model_fields) | set(topics.Work.model_fields) <= said


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.kind)
def test_every_option_of_a_source_is_documented_with_its_default(kind: Any) -> None:
    said = section(page("sources.md"), kind.kind)
    for name, field in kind.options_type.model_fields.items():
        line = row(said, f"{name}`")
        if not field.is_required() and field.default is not None:
            assert f"`{field.default}`" in line, (name, field.default)


def test_what_every_source_accepts_is_documented() -> None:
    said = section(page("sources.md"), "Every kind")
    for name in ("name", "kind", "enabled", "every", "pace_seconds"):
        row(said, f"{name}`")


def test_every_status_is_documented() -> None:
    said = section(page("flow.md"), "Statuses")
    for status in STATUSES:
        code = 0 if status in QUIET_STATUSES else 3
        assert row(said, f"{status}`").endswith(f"| {code} |")


def test_every_route_is_documented_with_its_parameters(tmp_path: Path) -> None:
    config = topics.load(PROJECT / "topics.toml")
    with closing(sqlite_store(tmp_path)) as store:
        made = create_app(store, settings.Settings(data_dir=tmp_path), config).openapi()
    said = section(page("settings.md"), "REST routes")
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            line = row(said, f"{method.upper()} {path}`")
            asked = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
            assert asked <= named(line), path
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if body:
                assert "| body: " in line, path
            token = "HTTPBearer" in str(operation.get("security", ""))
            assert token == bool(re.search(r"scope `(write|admin)`", line)), path
    shown = re.findall(r"^\| `([A-Z]+ \S+)`", said, re.M)
    real = {f"{m.upper()} {path}" for path, methods in made["paths"].items() for m in methods}
    assert sorted(shown) == sorted(real)


# --- links, files -------------------------------------------------------------------------------


def pages() -> list[Path]:
    return [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        leads = (path.parent / name).resolve() if name else path
        assert leads.exists(), target
        assert not anchor or anchor in anchors(leads), target


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_can_be_found() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for path in sorted(DOCS.glob("*.md")):
        name = path.name
        found = f"({name})" in page("index.md") or f"(docs/{name})" in readme
        assert found or name == "index.md", name


def test_changelog_has_this_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(
        rf"^## \[{re.escape(project['version'])}\] - \d{{4}}-\d\d-\d\d$", changes, re.M
    )


def test_topics_file_is_good() -> None:
    config = topics.load(PROJECT / "topics.toml")
    assert config.topics
    assert config.sources


def committed() -> list[Path]:
    """The files that git knows."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = [PROJECT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_committed_file_names_a_place_of_some_machine() -> None:
    places = [b"/" + name + b"/" for name in (b"root", b"work")]
    found = [path.name for path in committed() if any(p in path.read_bytes() for p in places)]
    assert not found
