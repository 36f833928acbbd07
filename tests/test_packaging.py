"""Lock files, container image and Compose file: what they promise, as far as it can be read off them."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregator import settings

PROJECT = Path(__file__).parents[1]


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


def test_every_package_has_its_row_of_licences() -> None:
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    pins = set(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==", lock, re.M))
    page = (PROJECT / "docs" / "licences.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| ([a-z0-9][\w.-]*) \| (.+) \|$", page, re.M))
    assert set(said) - {"package"} == pins
    assert "not said" not in said.values()


def test_bill_of_materials_has_every_package_with_its_hashes(tmp_path: Path) -> None:
    made = tmp_path / "sbom.json"
    recipe = re.search(r"^sbom:.*\n(?:\t.*\n)*?\t\$\(BIN\)/(cyclonedx-py .*)$", _makefile(), re.M)
    assert recipe
    command = recipe[1].replace("build/sbom.json", str(made)).split()
    tool = Path(sys.executable).with_name(command[0])
    subprocess.run([str(tool), *command[1:]], cwd=PROJECT, check=True, capture_output=True)
    document = json.loads(made.read_text(encoding="utf-8"))
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "daypaper"
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==(\S+)", lock, re.M)
    found = {(one["name"], one["version"]) for one in document["components"]}
    assert found == set(pins)
    for one in document["components"]:
        assert any("hashes" in link for link in one["externalReferences"]), one["name"]


def _makefile() -> str:
    return (PROJECT / "Makefile").read_text(encoding="utf-8")


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
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_compose_file_keeps_its_promises() -> None:
    services = compose()["services"]
    assert set(services) == {"app", "api", "worker", "postgres", "mail"}
    for half in ("api", "worker"):  # instead of app, where they are asked for
        assert services[half]["profiles"] == ["workers"]
        assert services[half]["environment"] == services["app"]["environment"]
        assert services[half]["command"][:2] == ["daypaper", half]
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
    assert given <= {settings.PREFIX + name.upper() for name in settings.Settings.model_fields}
    secrets = {settings.PREFIX + name.upper() for name in settings.SECRETS}
    assert secrets - {"DAYPAPER_DATABASE_URL"} <= given  # that one is made from the password


def test_compose_file_hands_on_the_limits_with_their_defaults() -> None:
    given = compose()["services"]["app"]["environment"]
    for name, field in settings.Settings.model_fields.items():
        if name.startswith("limit_"):
            variable = settings.PREFIX + name.upper()
            assert given[variable] == f"${{{variable}:-{field.default}}}"
