"""JSON Lines of papers and labelled papers, plain or gzipped."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from aggregator.errors import UsageError
from aggregator.parse.jsonline import load_line
from aggregator.tag.model import Tagger

GRADES = (0, 1, 2)
BATCH = 1000  # papers tagged at once


def read_lines(path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line that is not blank -> its number and the object on it.

    Raises UsageError naming file and line where one is not a JSON object, or the file unreadable.
    """
    path, number = Path(path), 0
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _object(line, f"{path}: line {number}")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f" after line {number}" if number else ""
        raise UsageError(f"{path}: {reason}{where}; expected JSON Lines.") from error


def read_papers(path: Path | str) -> Iterator[dict[str, Any]]:
    """Papers of a corpus: objects whose `title` and `abstract` are text; the rest is left as it is.

    An abstract may be missing. Items of an arXiv feed (`rss_title`, `rss_description`) are taken too.
    Raises UsageError as `read_lines`, and where a line has no title.
    """
    for number, row in read_lines(path):
        yield _paper(row, f"{path}: line {number}")


def read_labelled(path: Path | str) -> list[dict[str, Any]]:
    """Labelled papers: as `read_papers`, with `grades` = {topic: 0, 1 or 2}.

    Raises UsageError as `read_papers`, and where grades are missing or are others.
    """
    rows = []
    for number, row in read_lines(path):
        where = f"{path}: line {number}"
        grades = row.get("grades")
        if not isinstance(grades, dict) or not grades or not all(map(_is_grade, grades.values())):
            raise UsageError(
                f'{where}: grades {grades!r}; expected for example {{"rl": 2, "gan": 0}}, '
                "each 0, 1 or 2."
            )
        rows.append(_paper(row, where))
    return rows


def _is_grade(value: object) -> bool:
    return type(value) is int and value in GRADES


def _paper(row: dict[str, Any], where: str) -> dict[str, Any]:
    title = row.get("title", row.get("rss_title"))
    abstract = row.get("abstract", row.get("rss_description"))
    if not isinstance(title, str) or not isinstance(abstract, str | None):
        raise UsageError(f"{where}: no title; expected title and abstract as text.")
    # arXiv's feed ends its titles with the id: "A Title. (arXiv:1711.00001v1 [cs.LG])".
    return {**row, "title": title.split(" (arXiv:")[0], "abstract": abstract or ""}


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = load_line(line)
    except ValueError as error:
        raise UsageError(f"{where}: not JSON ({error}); expected one object a line.") from error
    if not isinstance(row, dict):
        raise UsageError(f"{where}: {type(row).__name__}; expected one object a line.")
    return row


def predictions(
    tagger: Tagger, file: BinaryIO, where: str, skip: Callable[[UsageError], None]
) -> Iterator[dict[str, Any]]:
    """JSON Lines {"id", "title", "abstract"} -> {"id", "probabilities", "tags"}, in their order.

    Reads and answers in batches, so that a file of any size can be piped through. A line that cannot
    be read is left out; `skip` is told which, and what was expected.
    """

    def papers() -> Iterator[dict[str, Any]]:
        for number, line in enumerate(file, 1):
            at = f"{where}: line {number}"
            try:
                if line.strip():
                    yield _paper(_object(line, at), at)
            except UsageError as error:
                skip(error)

    lines = papers()
    while rows := list(islice(lines, BATCH)):
        table = tagger.probabilities([(row["title"], row["abstract"]) for row in rows])
        for row, values in zip(rows, table.tolist(), strict=True):
            named = dict(zip(tagger.topics, values, strict=True))
            reached = zip(tagger.topics, values, tagger.thresholds.tolist(), strict=True)
            yield {
                "id": row.get("id"),
                "probabilities": {topic: round(p, 6) for topic, p in named.items()},
                "tags": [topic for topic, p, threshold in reached if p >= threshold],
            }
