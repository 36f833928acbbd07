"""Prints docs/licences.md: each package of requirements.lock and the licence that it says it has; and what
browsers get from others, with the first line of the licence beside it."""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

PROJECT = Path(__file__).parents[1]
HEAD = """# Licences of what Daypaper needs

`make licences` writes this page from what the packages of `requirements.lock` say of themselves. Those for
other systems, or that come with other versions of Python, are not installed here and say nothing.

| package | licence |
|---|---|
"""
SHIPPED = """
The pages carry these to browsers, as their authors published them, in `api/web/static/vendor`:

| in the pages | licence |
|---|---|
"""


def names() -> list[str]:
    """The packages of the lock file."""
    text = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==", text, re.M)))


def licence(name: str) -> str:
    """In one line: the expression, else what the classifiers say, else the old field's first line."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return "not installed here"
    if found := said.get("License-Expression"):
        return found
    classified = [
        one.rpartition(" :: ")[2]
        for one in said.get_all("Classifier") or ()
        if one.startswith("License ::") and "::" in one
    ]
    return ", ".join(classified) or (said.get("License") or "not said").strip().splitlines()[0][:60]


def page() -> str:
    """All of it."""
    packages = "".join(f"| {name} | {licence(name)} |\n" for name in names())
    shipped = (
        f"| `{path.stem}` | {path.read_text(encoding='utf-8').splitlines()[0]} |\n"
        for path in sorted((PROJECT / "api" / "web" / "static" / "vendor").glob("*.LICENSE"))
    )
    return HEAD + packages + SHIPPED + "".join(shipped)


if __name__ == "__main__":
    sys.stdout.write(page())
