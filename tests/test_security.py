"""SECURITY.md against the tests: each defence names those that show it, and they exist."""

import ast
import re

from tests.written import PROJECT

TEXT = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_defence_names_tests_that_exist() -> None:
    table = TEXT.partition("## What is defended")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+) \|$", table, re.M)[1:]
    assert len(rows) > 20
    for threat, shown in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
        assert named or set(threat) <= {"-", " "}, threat
        for path, test in named:
            tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
            assert test in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, test


def test_it_says_how_to_report_and_what_is_not_defended() -> None:
    heads = re.findall(r"^## (.+)$", TEXT, re.M)
    assert heads[0] == "Reporting"
    assert heads[-1] == "What is not defended"
