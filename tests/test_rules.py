"""The architecture, held by reading the code: who may import, ask, print and write what.

Arrows point inward: api -> pipeline, store -> pure stages -> models.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

PURE = ("aggregator/parse", "aggregator/merge", "aggregator/tag", "aggregator/digest")
IO_MODULES = ("httpx", "sqlalchemy", "sqlmodel", "socket", "requests", "subprocess")
IO_PARTS = ("aggregator.store", "aggregator.fetch", "aggregator.settings", "aggregator.clock.wall")
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "fdopen", "unlink"}
"""Calls that touch files, whether of pathlib, os or the builtin."""
TAG_FILES = ("aggregator/tag/files.py", "aggregator/tag/artifact.py", "aggregator/tag/train.py")
"""The tagger's own doors to files: JSON Lines, the model file, and training from both."""

SQL_SEAMS = {
    "aggregator/fetch.py": {"sqlalchemy.Connection"},
    "aggregator/ingest.py": {"sqlalchemy.Connection"},
    "aggregator/status.py": {"sqlalchemy.Connection"},
    "api/problems.py": {"sqlalchemy.exc.OperationalError"},
}
"""Outside store/: three name the type of a connection that they pass on, one an error it answers."""
SQL_CALLS = {"execute", "scalar", "scalars", "exec_driver_sql"}

PRINTERS = ("aggregator/cli.py", "aggregator/report.py", "api/serve.py")
MOST_LINES, MOST_FUNCTION_LINES = 400, 60


def files(*parts: str) -> list[str]:
    """The Python files below these folders, as paths from the project; migrations left out."""
    found = [path for part in parts for path in (PROJECT / part).rglob("*.py")]
    names = sorted(path.relative_to(PROJECT).as_posix() for path in found)
    return [name for name in names if "/migrations/" not in name]


PRODUCT = files("aggregator", "api")


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((PROJECT / name).read_text(encoding="utf-8"), name)


def imports(name: str, within: ast.AST | None = None) -> set[str]:
    """Everything a file imports, in functions too: "a.b" for `import a.b`, "a.b.c" for
    `from a.b import c`."""
    package = name.split("/")[:-1]
    found: set[str] = set()
    for node in ast.walk(within or tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def of(names: set[str], *parts: str) -> set[str]:
    """Those that are one of these modules, or lie in it."""
    return {name for name in names if any(name == p or name.startswith(f"{p}.") for p in parts)}


def dotted(node: ast.expr) -> str:
    """ "sys.stdout" for that expression, "" for anything but names and dots."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def attributes(name: str) -> set[str]:
    """Every chain of names and dots that a file speaks of."""
    return {dotted(node) for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)}


def called(name: str) -> set[str]:
    """The last names of everything a file calls."""
    calls = (node.func for node in ast.walk(tree(name)) if isinstance(node, ast.Call))
    return {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in calls
        if isinstance(node, ast.Attribute | ast.Name)
    }


def functions(name: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("name", files(*PURE))
def test_pure_stages_do_no_io(name: str) -> None:
    assert not of(imports(name), *IO_MODULES, *IO_PARTS)
    assert not of(attributes(name), "clock.wall", "os.environ", "os.getenv")
    if name not in TAG_FILES:
        assert not called(name) & FILE_CALLS


@pytest.mark.parametrize("name", files("aggregator/sources"))
def test_sources_ask_through_their_context_alone(name: str) -> None:
    assert not of(imports(name), *IO_MODULES, *IO_PARTS, "aggregator.pipeline", "urllib.request")
    assert not of(attributes(name), "clock.wall")


def test_values_know_nothing_of_the_stages() -> None:
    assert not of(imports("aggregator/models.py"), "aggregator", "api")
    assert not of(imports("aggregator/errors.py"), "aggregator", "api")


@pytest.mark.parametrize("name", PRODUCT)
def test_sql_is_written_in_the_store_alone(name: str) -> None:
    if name.startswith("aggregator/store/"):
        return
    used = of(imports(name), "sqlalchemy", "sqlmodel", "alembic", "psycopg", "sqlite3")
    assert used == SQL_SEAMS.get(name, set())
    assert not called(name) & SQL_CALLS


@pytest.mark.parametrize("name", PRODUCT)
def test_one_file_makes_the_http_client(name: str) -> None:
    clients = ("httpx", "requests", "socket", "urllib.request", "http.client", "urllib3", "aiohttp")
    assert name == "aggregator/fetch.py" or not of(imports(name), *clients)


@pytest.mark.parametrize("name", PRODUCT)
def test_one_file_reads_the_environment(name: str) -> None:
    if name == "aggregator/settings.py":
        return
    assert not of(attributes(name), "os.environ", "os.getenv", "os.putenv")
    assert not of(imports(name), "os.environ", "os.getenv", "dotenv", "pydantic_settings")


@pytest.mark.parametrize("name", PRODUCT)
def test_only_the_edges_print(name: str) -> None:
    if name in PRINTERS:
        return
    assert not of(attributes(name), "sys.stdout", "sys.stderr")
    assert not of(imports(name), "sys.stdout", "sys.stderr", "rich.console")
    assert not called(name) & {"print", "Console", "echo"}


@pytest.mark.parametrize("name", files("aggregator"))
def test_the_inside_does_not_know_the_api(name: str) -> None:
    found = of(imports(name), "api")
    if name != "aggregator/cli.py":
        assert not found
        return
    lazy = (node for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef))
    assert found == {"api.serve"} == of(set().union(*(imports(name, f) for f in lazy)), "api")
    top = ast.Module(
        [node for node in tree(name).body if isinstance(node, ast.Import | ast.ImportFrom)], []
    )
    assert not of(imports(name, top), "api")


@pytest.mark.parametrize("name", files("aggregator", "api", "tests"))
def test_files_and_functions_stay_readable(name: str) -> None:
    lines = (PROJECT / name).read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES
    assert not [(what, length) for what, length in functions(name) if length > MOST_FUNCTION_LINES]


def test_every_file_says_what_it_is_for() -> None:
    mute = [name for name in PRODUCT if (PROJECT / name).stat().st_size and not _docstring(name)]
    assert not mute


def _docstring(name: str) -> str | None:
    return ast.get_docstring(tree(name))


def test_rules_look_at_files_that_exist() -> None:
    for name in (*TAG_FILES, *SQL_SEAMS, *PRINTERS):
        assert (PROJECT / name).is_file(), name
    assert all(files(part) for part in PURE)
