"""The architecture, held by reading the code: who may import, ask, print and write what.

Arrows point inward: api -> pipeline, store -> pure stages -> models.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[1]

PURE = (
    "aggregator/cite",
    "aggregator/imports",
    "aggregator/parse",
    "aggregator/merge",
    "aggregator/tag",
    "aggregator/digest",
)
IO_MODULES = (
    "httpx",
    "sqlalchemy",
    "sqlmodel",
    "socket",
    "requests",
    "subprocess",
    "urllib.request",
    "http.client",
)
IO_PARTS = (
    "aggregator.store",
    "aggregator.fetch",
    "aggregator.settings",
    "aggregator.clock.wall",
    "aggregator.pipeline",
    "aggregator.schedule",
    "aggregator.collect",
    "aggregator.sending",
    "aggregator.learn",
    "aggregator.people",
    "aggregator.files",
)
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "fdopen", "unlink"}
"""Calls that touch files, whether of pathlib, os or the builtin."""
TAG_FILES = tuple(
    f"aggregator/tag/{name}.py" for name in ("files", "artifact", "train", "embedder")
)
"""The tagger's own doors to files: JSON Lines, the model file, training from both, and the model
that an installed package carries."""

SQL_SEAMS = {
    "aggregator/fetch/manners.py": {"sqlalchemy.Connection"},
    "aggregator/collect/turn.py": {"sqlalchemy.Connection"},
    "aggregator/collect/ingest.py": {"sqlalchemy.Connection"},
    "aggregator/status.py": {"sqlalchemy.Connection"},
    "aggregator/files/backup.py": {"sqlalchemy.Connection", "sqlalchemy.Table"},
    **{
        f"aggregator/{name}.py": {"sqlalchemy.Connection"}
        for name in (
            "sending/claim",
            "sending/compose",
            "sending/handover",
            "sending/news",
            "collect/rulings",
            "collect/wanted",
            "people/subscribers",
            "learn/tastes",
            "trend",
            "cli/delivery",
        )
    },
    "api/problems.py": {"sqlalchemy.exc.OperationalError"},
}
"""Outside store/: most name the type of a connection that they pass on, one an error it answers."""
SQL_CALLS = {"execute", "scalar", "scalars", "exec_driver_sql"}

CLI = tuple(
    f"aggregator/cli/{name}.py"
    for name in (
        "__init__",
        "audit",
        "bulk",
        "common",
        "delivery",
        "keeping",
        "learn",
        "literature",
        "papers",
        "serving",
        "tagger",
        "tokens",
        "watches",
    )
)
SERVES = "aggregator/cli/serving.py"
PRINTERS = (*CLI, "aggregator/cli/report.py", "api/serve.py")
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


def broken(names: Iterable[str], rule: Callable[[str], object]) -> dict[str, object]:
    """The files that break a rule, with what breaks it."""
    return {name: found for name in names if (found := rule(name))}


def test_pure_stages_do_no_io() -> None:
    def rule(name: str) -> set[str]:
        doors = set() if name in TAG_FILES else called(name) & FILE_CALLS
        asked = of(attributes(name), "clock.wall", "os.environ", "os.getenv")
        return of(imports(name), *IO_MODULES, *IO_PARTS) | asked | doors

    assert not broken(files(*PURE), rule)


def test_sources_ask_through_their_context_alone() -> None:
    def rule(name: str) -> set[str]:
        ours = of(imports(name), *IO_MODULES, *IO_PARTS)
        return ours | of(attributes(name), "clock.wall")

    assert not broken(files("aggregator/sources"), rule)


def test_values_know_nothing_of_the_stages() -> None:
    values = ("aggregator/models.py", "aggregator/errors.py")
    assert not broken(values, lambda name: of(imports(name), "aggregator", "api"))


def test_sql_is_written_in_the_store_alone() -> None:
    def rule(name: str) -> set[str]:
        used = of(imports(name), "sqlalchemy", "sqlmodel", "alembic", "psycopg", "sqlite3")
        return (used ^ SQL_SEAMS.get(name, set())) | (called(name) & SQL_CALLS)

    assert not broken((n for n in PRODUCT if not n.startswith("aggregator/store/")), rule)


def test_one_file_makes_the_http_client_and_one_its_connections() -> None:
    sockets = ("socket", "httpcore")
    clients = ("httpx", "requests", *sockets, "urllib.request", "http.client", "urllib3", "aiohttp")
    # api/serve.py opens the socket that the server listens on; it connects to nothing.
    allowed = {
        "aggregator/fetch/client.py": ("httpx", "httpcore"),
        "aggregator/fetch/reach.py": sockets,
        "api/serve.py": ("socket",),
    }

    def rule(name: str) -> set[str]:
        return of(imports(name), *clients) - of(imports(name), *allowed.get(name, ()))

    assert not broken(PRODUCT, rule)


def test_one_file_reads_the_environment() -> None:
    def rule(name: str) -> set[str]:
        readers = of(imports(name), "os.environ", "os.getenv", "dotenv", "pydantic_settings")
        return readers | of(attributes(name), "os.environ", "os.getenv", "os.putenv")

    assert not broken((name for name in PRODUCT if name != "aggregator/settings.py"), rule)


def test_only_the_edges_print() -> None:
    def rule(name: str) -> set[str]:
        streams = of(imports(name), "sys.stdout", "sys.stderr", "rich.console")
        spoken = of(attributes(name), "sys.stdout", "sys.stderr")
        return streams | spoken | (called(name) & {"print", "Console", "echo"})

    assert not broken((name for name in PRODUCT if name not in PRINTERS), rule)


def test_the_inside_does_not_know_the_api() -> None:
    others = (name for name in files("aggregator") if name != SERVES)
    assert not broken(others, lambda name: of(imports(name), "api"))


def test_the_command_line_imports_the_api_when_it_serves() -> None:
    body = tree(SERVES).body
    lazy = set().union(*(imports(SERVES, n) for n in body if isinstance(n, ast.FunctionDef)))
    early = set().union(*(imports(SERVES, n) for n in body if not isinstance(n, ast.FunctionDef)))
    assert of(lazy, "api") == {"api.serve"}
    assert not of(early, "api")


def test_a_command_starts_without_what_few_commands_need() -> None:
    slow = ("alembic", "api", "apscheduler", "fastapi", "numpy", "rjieba", "sklearn", "yaml")
    code = f"import sys, aggregator.cli; print(sorted(set({slow}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_and_functions_stay_readable() -> None:
    def rule(name: str) -> list[tuple[str, int]]:
        lines = (PROJECT / name).read_text(encoding="utf-8").count("\n")
        sizes = [(what, size) for what, size in functions(name) if size > MOST_FUNCTION_LINES]
        return sizes + ([(name, lines)] if lines > MOST_LINES else [])

    assert not broken(files("aggregator", "api", "tests"), rule)


def test_every_file_says_what_it_is_for() -> None:
    mute = [name for name in PRODUCT if tree(name).body and not ast.get_docstring(tree(name))]
    assert not mute


def test_rules_look_at_files_that_exist() -> None:
    for name in (*TAG_FILES, *SQL_SEAMS, *PRINTERS):
        assert (PROJECT / name).is_file(), name
    assert all(files(part) for part in PURE)
