"""What is written in the documentation: pages, sections, tables, names."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"


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
