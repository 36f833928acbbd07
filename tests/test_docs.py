"""The documentation against the code: everything that can be typed is named, what is shown runs."""

import json
import re
import subprocess
import tomllib
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from typer.core import TyperGroup

from aggregator import cli, pipeline, settings, sources, topics
from aggregator.errors import BrokenError
from aggregator.models import QUIET_STATUSES, STATUSES
from aggregator.sources import SOURCES
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.store.sql import entry
from api.app import create_app
from tests.conftest import sqlite_store
from tests.server import Reply, Server

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
NOW = datetime(2017, 11, 14, 12, tzinfo=UTC)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f'no heading "## {heading}"'
    return found[1]


def named(text: str) -> set[str]:
    """Everything that stands as code: `like this`."""
    return set(re.findall(r"`([^`\n]+)`", text))


def row(text: str, start: str) -> str:
    """The line of a table that begins with this code."""
    found = [line for line in text.splitlines() if line.startswith(f"| `{start}")]
    assert len(found) == 1, f"{len(found)} rows begin with `{start}"
    return found[0]


# --- commands, settings, topics, sources, routes ------------------------------------------------


def commands() -> dict[str, Any]:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    return dict(group.commands)


@pytest.mark.parametrize("name", commands())
def test_command_is_documented_with_its_options(name: str) -> None:
    said = section(page("settings.md"), "Commands")
    line = next((r for r in said.splitlines() if re.match(rf"\| `daypaper {name}[ `]", r)), "")
    assert line, f"daypaper {name} has no row"
    for option in commands()[name].params:
        for flag in (*option.opts, *option.secondary_opts):
            assert not flag.startswith("--") or flag in line, flag


def test_no_command_is_documented_that_does_not_exist() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    shown = re.findall(r"(?:^ {4}|`|bin/)daypaper ([a-z]+)", written, re.M)
    assert set(shown) <= set(commands())


def variables() -> set[str]:
    plain = {settings.PREFIX + name.upper() for name in settings.Settings.model_fields}
    return plain | {f"{settings.PREFIX}{name.upper()}_FILE" for name in settings.SECRETS}


def test_every_setting_is_documented_and_no_other() -> None:
    written = section(page("settings.md"), "Settings")
    assert {name for name in named(written) if name.startswith("DAYPAPER_")} == variables()


def test_example_of_settings_names_those_that_are_read() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^#?([A-Z_]+)=", example, re.M)
    compose = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    substituted = set(re.findall(r"\$\{(\w+)", compose))
    assert set(names) == variables() | substituted
    assert len(names) == len(set(names))


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
    shown = re.findall(r"^\| `[A-Z]+ (\S+)`", said, re.M)
    assert set(shown) == set(made["paths"])


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


# --- lock files, image, compose -----------------------------------------------------------------


def normal(requirement: str) -> str:
    """ "psycopg[binary]>=3.2; …" -> "psycopg" """
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_file_names_no_host_and_covers_the_project(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    pins = re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==(\S+).*\n    --hash=", text, re.M)
    assert len(pins) == len(re.findall(r"^\S", text, re.M))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = set(project["dependencies"])
    if "dev" in name:
        wanted |= set(project["optional-dependencies"]["dev"])
    assert {normal(one) for one in wanted} <= {normal(pin) for pin, _ in pins}


def test_image_builds_with_all_that_the_build_backend_needs() -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    taken = re.search(r"keep = /\^\(([\w|-]+)\)==/", text)
    assert taken
    needed = {normal(one) for one in requires("hatchling") or () if "extra ==" not in one}
    needed -= {"tomli"}  # below Python 3.11
    assert set(taken[1].split("|")) == needed | {"hatchling"}


def test_image_gets_every_file_that_it_copies() -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.M)
        for name in line.split()[:-1]
    ]
    for name in copied:
        assert (PROJECT / name).exists(), name
        assert f"!{name}" in ignored, name


def compose() -> dict[str, Any]:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    value, rest = block(lines, 0)
    assert not rest
    return value


def block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    """Reads the part of YAML that our file keeps to: maps and lists by indentation, plain or quoted
    values, and lists on one line as in JSON. Fails on anything else."""
    found: dict[str, Any] = {}
    items: list[Any] = []
    while lines and len(lines[0]) - len(lines[0].lstrip(" ")) == indent:
        line, lines = lines[0].strip(), lines[1:]
        if line.startswith("- "):
            items.append(scalar(line[2:].strip()))
            continue
        match = re.fullmatch(r"([\w-]+):(?: (.+))?", line)
        assert match, line
        key, value = match[1], match[2]
        assert key not in found, f"{key} stands twice"
        deeper = len(lines[0]) - len(lines[0].lstrip(" ")) if lines else 0
        if value is None and deeper > indent:
            found[key], lines = block(lines, deeper)
        else:
            found[key] = None if value is None else scalar(value.strip())
    assert not (found and items)
    assert not lines or len(lines[0]) - len(lines[0].lstrip(" ")) < indent, lines[0]
    return items or found, lines


def scalar(text: str) -> Any:
    if text[0] in '["':
        return json.loads(text)
    assert text[0] not in "{'&*!|>%@`", text
    assert not re.search(r": | #", text), text
    return {"true": True, "false": False}.get(text, text)


def test_compose_file_keeps_its_promises() -> None:
    services = compose()["services"]
    assert set(services) == {"app", "postgres", "mail"}
    app, postgres, mail = services["app"], services["postgres"], services["mail"]
    assert app["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert app["environment"]["DAYPAPER_DATABASE_URL"].startswith("postgresql+psycopg://")
    assert "/readyz" in app["healthcheck"]["test"][-1]
    assert app["read_only"] is True
    assert postgres["healthcheck"]["test"][1] == "pg_isready"
    assert "ports" not in postgres
    assert mail["profiles"] == ["mail"]
    for service in services.values():
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["restart"] == "unless-stopped"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    used = {v.partition(":")[0] for s in services.values() for v in s.get("volumes", ())}
    assert {name for name in used if not name.startswith(".")} == set(compose()["volumes"])
    for secret in (app["environment"]["PGPASSWORD"], postgres["environment"]["POSTGRES_PASSWORD"]):
        assert secret.startswith("${POSTGRES_PASSWORD:?")


def test_compose_file_gives_the_app_settings_that_exist() -> None:
    given = set(compose()["services"]["app"]["environment"]) - {"PGPASSWORD"}
    assert given <= variables()


# --- the example source -------------------------------------------------------------------------

PAPERS = {
    "papers": [
        {
            "id": 7,
            "title": "Boats of <i>Paper</i> and Ink",
            "day": "2017-11-10",
            "url": "7.html",
            "authors": ["Aiko Sato", "Jane Doe"],
            "arxiv": "https://arxiv.org/abs/1711.03678v2",
        },
        {"id": 8, "title": "A Paper without a Day", "url": "8.html", "authors": []},
    ]
}


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The kind of source that docs/add-a-source.md shows, registered as it says."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page("add-a-source.md"), re.M | re.S)
    assert len(blocks) == 1
    space: dict[str, Any] = {"__name__": "aggregator.sources.workshop"}
    exec(compile(blocks[0], "docs/add-a-source.md", "exec"), space)
    kind = space["WorkshopSource"]
    monkeypatch.setitem(sources.KINDS, kind.kind, kind)
    return kind


def test_example_source_reads_what_it_should(workshop: Any) -> None:
    options = workshop.options_type(years=(2017,))
    source = workshop(SourceConfig("w", "workshop", options, None, True), Credentials())
    body = json.dumps(PAPERS).encode()
    url = "https://workshop.example/2017/papers.json"
    parsed = source.to_drafts(Raw("list:2017", url, body, "application/json", NOW))
    (draft,) = parsed.drafts
    assert (draft.key, draft.title) == ("workshop:2017/7", "Boats of Paper and Ink")
    assert draft.published == datetime(2017, 11, 10, tzinfo=UTC)
    assert draft.authors == ("Aiko Sato", "Jane Doe")
    assert draft.url == "https://workshop.example/2017/7.html"
    assert draft.identifiers == {"workshop": "2017/7", "arxiv": "1711.03678"}
    assert (len(parsed.skipped), parsed.declared) == (1, 2)


def test_example_source_is_collected(workshop: Any, server: Server, tmp_path: Path) -> None:
    reply = Reply(json.dumps(PAPERS).encode(), headers={"ETag": '"1"'})
    server.routes = {
        "/2017/papers.json": lambda asked: (
            Reply(status=304) if asked.headers.get("if-none-match") else reply
        )
    }
    shown = re.findall(r"^```toml\n(.*?)^```$", page("add-a-source.md"), re.M | re.S)
    text = f'{shown[0]}\nbase_url = "{server.url}"\npace_seconds = 0\n'
    config = topics.parse(text, "topics.toml")
    chosen = settings.Settings(data_dir=tmp_path)
    with closing(sqlite_store(tmp_path)) as store:
        done = pipeline.collect(store, chosen, config, ["workshop"], as_of=NOW).sources["workshop"]
        again = pipeline.collect(store, chosen, config, ["workshop"], as_of=NOW).sources["workshop"]
        with store.read() as connection:
            titles = list(connection.scalars(sa.select(entry.c.title)))
    assert (done.status, done.counts.new, done.skipped) == ("mismatch", 1, 1)
    assert (again.status, again.counts.fetched) == ("ok", 0)
    assert titles == ["Boats of Paper and Ink"]


def test_example_source_takes_no_other_document_for_a_list(workshop: Any, server: Server) -> None:
    options = workshop.options_type(years=(2017,), base_url=server.url)
    source = workshop(SourceConfig("w", "workshop", options, None, True), Credentials())
    for body in (b"", b"<html>", b"[]", b'{"papers": 3}'):
        with pytest.raises(BrokenError, match="no list of papers"):
            source.to_drafts(Raw("list:2017", f"{server.url}/x", body, "", NOW))
