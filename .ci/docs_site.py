"""Builds the documentation as a site of plain files in build/site, from the documents as they lie here.

The documents are laid out beside each other as in the project, so that their links hold; MkDocs checks
every one of them and builds nothing if one leads nowhere.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PAGES = PROJECT / "build" / "pages"
DOCUMENTS = ("README.md", "CHANGELOG.md", "SECURITY.md", "tests/data/merge/README.md")
_LINKED = re.compile(r"\]\(([^)\s#:]+)\)")


def main() -> int:
    """MkDocs' exit code."""
    shutil.rmtree(PAGES, ignore_errors=True)
    documents = [PROJECT / name for name in DOCUMENTS]
    documents += sorted((PROJECT / "docs").rglob("*.md"))
    for document in documents:
        _copy(document)
        for link in _LINKED.findall(document.read_text(encoding="utf-8")):
            linked = (document.parent / link).resolve()
            if linked.is_file() and linked.suffix != ".md":
                _copy(linked)
    words = ["build", "--strict", "--quiet", "--config-file", str(PROJECT / ".ci" / "mkdocs.yml")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", *words]
    return subprocess.run(command, env=environment, check=False).returncode


def _copy(file: Path) -> None:
    there = PAGES / file.relative_to(PROJECT)
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, there)


if __name__ == "__main__":
    sys.exit(main())
