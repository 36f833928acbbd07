"""Small readers of BibTeX and RIS, by the letter of what these formats say."""

import re
from dataclasses import dataclass

_COMMANDS = {
    r"\textbackslash{}": "\\", r"\textbraceleft{}": "{", r"\textbraceright{}": "}",
    r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\$": "$", r"\&": "&", r"\%": "%", r"\#": "#", r"\_": "_",
}  # fmt: skip
_COMMAND = re.compile("|".join(map(re.escape, _COMMANDS)) + "|[{}]")


@dataclass(frozen=True)
class BibEntry:
    """One entry; values as they stand in their braces."""

    kind: str
    key: str
    fields: dict[str, str]


def bibtex(text: str) -> list[BibEntry]:
    """Every entry of a file; raises where BibTeX would complain. A brace counts wherever it stands."""
    found, at = [], 0
    while head := re.compile(r"\s*@(\w+)\{([a-z0-9]+),\s*").match(text, at):
        at, fields = head.end(), {}
        while name := re.compile(r"(\w+) = ").match(text, at):
            value, at = _value(text, name.end())
            assert name[1] not in fields
            fields[name[1]] = value
            comma = re.compile(r",\s*").match(text, at)
            assert comma, text[at:]
            at = comma.end()
        assert text[at] == "}", text[at:]
        at += 1
        found.append(BibEntry(head[1], head[2], fields))
    assert not text[at:].strip(), text[at:]
    return found


def _value(text: str, at: int) -> tuple[str, int]:
    if text[at] != "{":
        macro = re.compile(r"[a-z]{3}").match(text, at)
        assert macro, text[at:]
        return macro[0], macro.end()
    depth = 0
    for end in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if not depth:
            return text[at + 1 : end], end + 1
    raise AssertionError(f"a brace is open: {text[at:]}")


def set_by_tex(value: str) -> str:
    """What TeX sets for a value."""
    return _COMMAND.sub(lambda match: _COMMANDS.get(match[0], ""), value)


def people(value: str) -> list[str]:
    """The names of an author field: split at each "and" outside of braces."""
    names, depth = [""], 0
    for word in value.split(" "):
        if word == "and" and not depth:
            names.append("")
            continue
        depth += word.count("{") - word.count("}")
        names[-1] = f"{names[-1]} {word}".strip()
    return names


def ris(text: str) -> list[list[tuple[str, str]]]:
    """Every record of a file as (tag, value)."""
    records: list[list[tuple[str, str]]] = []
    assert not text or text.endswith("\r\n")
    for line in text.split("\r\n"):
        if not line:
            continue
        match = re.fullmatch(
            r"([A-Z][A-Z0-9])  - ([^\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*)", line
        )
        assert match, line
        tag, value = match.groups()
        if tag == "TY":
            records.append([])
        records[-1].append((tag, value))
    assert all(record[-1] == ("ER", "") for record in records)
    assert all(sum(tag in ("TY", "ER") for tag, _ in record) == 2 for record in records)
    return records
