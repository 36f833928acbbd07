"""How good the merge is: on the labelled pairs of tests/data/merge, and on the stand-in's records.

Beside it stands what a simple program would do: join what has the same title, or the same title and
the same first author.
"""

import json
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from aggregator.merge.match import cluster
from aggregator.models import Draft, Entry
from aggregator.parse.ids import arxiv_id
from aggregator.parse.text import name_keys, plain, title_key
from tests.bench import places
from tests.conftest import NOW, SHARED
from tests.merge.cases import Case, cases, joined

HEADINGS = ("what", "Daypaper", "same title / and first author")
Row = tuple[str, str, str]


def bench() -> list[Row]:
    """Rows of (what, Daypaper, the two simple programs)."""
    return [*labelled(), *_real()]


def labelled() -> list[Row]:
    """The labelled pairs by kind, with and without abstracts, and each pair that went wrong."""
    found = cases()
    rows = [*_table(found, "labelled pairs, titles and people alone")]
    known = places.abstracts()
    if not known:
        return [*rows, ("with abstracts", "not measured: ../shared is not there", "")]
    found = cases(known)
    rows += _table(found, "labelled pairs, with abstracts")
    verdicts = joined(found)
    return rows + [
        ("missed" if one.same else "WRONG", f"{_cited(one.a)} | {_cited(one.b)}", one.why)
        for one, verdict in zip(found, verdicts, strict=True)
        if verdict != one.same
    ]


def same_title(a: Draft, b: Draft) -> bool:
    """The first simple program: equal titles but for case, blanks and punctuation."""
    return title_key(a.title) == title_key(b.title) != ""


def same_title_and_first(a: Draft, b: Draft) -> bool:
    """The second: the first authors' last names agree, too."""
    first = [name_keys(d.authors[0])[0] if d.authors else "" for d in (a, b)]
    return same_title(a, b) and first[0] == first[1] != ""


def _table(found: Sequence[Case], title: str) -> Iterator[Row]:
    ours = joined(found)
    theirs = [
        [judge(one.a, one.b) for one in found] for judge in (same_title, same_title_and_first)
    ]
    yield (f"{title}: {len(found)}", "", "")
    for kind in dict.fromkeys(one.kind for one in found):
        rows = [n for n, one in enumerate(found) if one.kind == kind]
        word = "joined" if found[rows[0]].same else "joined wrongly"
        counts = [sum(verdicts[n] for n in rows) for verdicts in (ours, *theirs)]
        yield (
            f"  {kind}",
            f"{counts[0]} of {len(rows)} {word}",
            f"{counts[1]} / {counts[2]}",
        )
    truth = [one.same for one in found]
    scores = [_scores(verdicts, truth) for verdicts in (ours, *theirs)]
    yield ("  precision, recall, F1", scores[0], f"{scores[1]} / {scores[2]}")


def _scores(verdicts: Sequence[bool], truth: Sequence[bool]) -> str:
    right = sum(v and t for v, t in zip(verdicts, truth, strict=True))
    return _three(right, sum(verdicts), sum(truth))


def _three(right: int, said: int, true: int) -> str:
    precision, recall = right / said if said else 1.0, right / true
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return f"{precision:.3f} {recall:.3f} {f1:.3f}"


def _cited(draft: Draft) -> str:
    return f"{draft.kind}:{draft.native_id} {draft.title[:70]}"


def _real() -> list[Row]:
    if not places.STAND_IN.is_dir():
        return [("the stand-in's truth pairs", "not measured: ../shared is not there", "")]
    rows: list[Row] = []
    for linked in (True, False):
        found, judged = _records(linked=linked)
        said = _pairs(cluster([Entry(d, ("s",), NOW) for d in found.values()]))
        simple = [_grouped(found.values(), key) for key in (_title, _title_and_first)]
        what = "as the pages are" if linked else "without the links that pages print"
        rows.append((f"{len(found):,} records of the stand-in, {what}", "", ""))
        rows += _against(judged, said, simple)
    return rows


def _against(
    judged: dict[str, set[tuple[str, str]]],
    said: set[tuple[str, str]],
    simple: Sequence[set[tuple[str, str]]],
) -> Iterator[Row]:
    """Recall by what the truth rests on; what is joined beyond it, which the truth cannot judge."""
    for basis, pairs in judged.items():
        counts = [len(pairs & found) for found in (said, *simple)]
        yield (
            f"  truth by {basis}: {len(pairs):,} pairs",
            f"{counts[0]:,} joined",
            f"{counts[1]:,} / {counts[2]:,}",
        )
    known = set().union(*judged.values())
    beyond = [len(found - known) for found in (said, *simple)]
    yield (
        "  a page and a preprint joined beyond it",
        f"{beyond[0]:,}",
        f"{beyond[1]:,} / {beyond[2]:,}",
    )


def _records(*, linked: bool) -> tuple[dict[str, Draft], dict[str, set[tuple[str, str]]]]:
    """Every record by its key; (page, preprint) pairs of keys that the stand-in holds for true."""
    found: dict[str, Draft] = {d.key: d for d in places.preprints()}
    named: dict[tuple[str, str], str] = {}
    for url, page in places.pages(linked=linked):
        found[page.key] = page
        named[url, page.title] = page.key
    judged: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for link in _truth():
        page = named.get((link["url"] or "", plain(link["title"])))
        named_id = arxiv_id(link["arxiv"])
        preprint = f"arxiv:{named_id[0]}v1" if named_id else ""
        if page and preprint in found:
            judged[link["basis"]].add((page, preprint))
    return found, judged


def _truth() -> list[dict[str, Any]]:
    """The pairs that the stand-in says are one work and whose preprint it has."""
    words = [sys.executable, "-m", "upstream", "--port", "0", "--data", "data"]
    words += ["--now", "2026-06-30T12:00:00Z"]
    folder = SHARED / "upstream"
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            ready = process.stdout.readline()
            url = next(word for word in ready.split() if word.startswith("http://"))
            with urllib.request.urlopen(f"{url}/_truth/links?served=1", timeout=120) as answer:
                return json.load(answer)["links"]
        finally:
            process.terminate()


def _pairs(groups: Sequence[Sequence[Entry]]) -> set[tuple[str, str]]:
    """(page, preprint) of everything that is one paper."""
    return {pair for group in groups for pair in _crossed([e.draft for e in group])}


def _crossed(drafts: Sequence[Draft]) -> Iterator[tuple[str, str]]:
    for a in drafts:
        for b in drafts:
            if a.kind != "arxiv" and b.kind == "arxiv":
                yield (a.key, b.key)


def _grouped(drafts: Iterable[Draft], key: Callable[[Draft], str]) -> set[tuple[str, str]]:
    groups: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        groups[key(draft)].append(draft)
    return {pair for name, group in groups.items() if name for pair in _crossed(group)}


def _title(draft: Draft) -> str:
    return title_key(draft.title)


def _title_and_first(draft: Draft) -> str:
    first = name_keys(draft.authors[0])[0] if draft.authors else ""
    return f"{title_key(draft.title)} {first}" if first and draft.title else ""
