"""What the command line shows: tables, progress bars, JSON forms. Prints nothing by itself."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from aggregator.clock import iso
from aggregator.errors import UsageError
from aggregator.models import QUIET_STATUSES

if TYPE_CHECKING:  # both bring libraries that take a second to import
    from aggregator.pipeline import Collected
    from aggregator.sending.send import Delivered
    from aggregator.store.subscriptions import Row
    from aggregator.tag.evaluate import Evaluation


class Bar:
    """A progress line per source, on stderr; nothing when quiet or not a terminal."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._quiet = quiet or not console.is_terminal
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            disable=self._quiet,
        )

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, source: str, what: str, done: int, total: int | None) -> None:
        """As `attempt.Progress`."""
        key = (source, what)
        if key not in self._tasks:
            for other in [k for k in self._tasks if k[0] == source]:
                self._progress.remove_task(self._tasks.pop(other))
            self._tasks[key] = self._progress.add_task(f"{source}: {what}", total=total)
        self._progress.update(self._tasks[key], completed=done, total=total)


def collected_json(done: "Collected") -> dict[str, Any]:
    """`daypaper collect --json`, as the contract says."""
    return {
        "sources": {
            name: {
                "status": o.status,
                "message": o.message,
                "fetched": o.counts.fetched,
                "new": o.counts.new,
                "updated": o.counts.updated,
                "unchanged": o.counts.unchanged,
                "skipped": o.skipped,
                "requests": o.requests,
                "seconds": o.seconds,
            }
            for name, o in done.sources.items()
        },
        "papers": {"new": done.papers_new, "updated": done.papers_updated},
    }


def collected_table(done: "Collected") -> Table | str:
    """What a person wants to know after a collect."""
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "status", "new", "updated", "what happened"):
        right = heading in ("new", "updated")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for name, o in done.sources.items():
        table.add_row(
            name, _coloured(o.status), str(o.counts.new), str(o.counts.updated), Text(o.message)
        )
    return table


def status_table(states: Sequence[Mapping[str, Any]]) -> Table | str:
    """`daypaper status` for people."""
    if not states:
        return "No source is enabled in topics.toml."
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "status", "last success", "next due", "what it says"):
        table.add_column(heading, overflow="fold")
    for state in states:
        table.add_row(
            state["name"],
            _coloured(state["status"] or "-"),
            _short(state["last_success"]),
            _short(state["next_due"]),
            Text(state["message"] or ""),
        )
    return table


def runs_table(states: Sequence[Mapping[str, Any]]) -> Table | str:
    """`daypaper status SOURCE` for people."""
    if not states:
        return "It was not asked yet."
    table = Table(box=None, pad_edge=False)
    for heading in ("when", "status", "new", "updated", "requests", "what happened"):
        right = heading in ("new", "updated", "requests")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for state in states:
        counts = (str(state[name]) for name in ("new", "updated", "requests"))
        said = Text(state["message"] or "")
        table.add_row(_short(state["at"]), _coloured(state["status"] or "-"), *counts, said)
    return table


def evaluation_table(measured: "Evaluation") -> Table:
    """`daypaper evaluate` for people."""
    table = _figures("topic", "papers", "positives", "precision", "recall", "F1", "AP")
    for name, scores in measured.topics.items():
        figures = (scores.precision, scores.recall, scores.f1, scores.average_precision)
        table.add_row(name, str(scores.papers), str(scores.positives), *map(_three, figures))
    macro = (measured.macro_precision, measured.macro_recall, measured.macro_f1)
    table.add_row(
        "macro",
        str(measured.papers),
        "",
        *map(_three, macro),
        _three(measured.mean_average_precision),
    )
    return table


def training_table(figures: Mapping[str, Any]) -> Table:
    """The cross-validated figures of a new model."""
    table = _figures(
        "cross-validated on", "papers", "precision", "recall", "F1", "AP", "F1, 95 %", "AP, 95 %"
    )
    for name, part in figures["strata"].items():
        macro = (
            part["macro_precision"],
            part["macro_recall"],
            part["macro_f1"],
            part["mean_average_precision"],
        )
        bounds = (part["intervals"]["macro_f1"], part["intervals"]["mean_average_precision"])
        table.add_row(name, str(part["papers"]), *map(_three, macro), *map(_between, bounds))
    return table


def _figures(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for n, heading in enumerate(headings):
        table.add_column(heading, justify="right" if n else "left")
    return table


def _three(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def _between(bounds: Mapping[str, float] | None) -> str:
    return "-" if bounds is None else f"{bounds['low']:.3f}-{bounds['high']:.3f}"


def _coloured(status: str) -> Text:
    quiet = {str(s) for s in QUIET_STATUSES}
    colour = "green" if status in quiet else "dim" if status in ("-", "never") else "yellow"
    return Text(status, style=colour)


def _short(moment: str | None) -> str:
    return moment.replace("T", " ").removesuffix("Z") + " UTC" if moment else "-"


@contextmanager
def written(path: Path | None) -> Iterator[TextIO]:
    """Where to write: a file, moved into place when it is whole, or stdout."""
    if path is None:
        yield sys.stdout
        return
    part = path.parent / f"{path.name}.part"
    try:
        with part.open("w", encoding="utf-8") as stream:
            yield stream
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"--out: cannot write {path}: {error.strerror}.") from None


@contextmanager
def read(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, or of stdin for "-"."""
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; expected a file of JSON Lines, or -."
        ) from None


def subscription_json(row: "Row") -> dict[str, Any]:
    """A subscription, as `subscribe` and `subscriptions list` print it."""
    moments = {"told_at": row.told_at, "next_due": row.next_due}
    return {
        "id": row.id,
        "watch": row.watch,
        "channel": row.channel,
        "target": row.target,
        "state": row.state,
        "trouble": row.trouble,
        **row.terms.model_dump(mode="json"),
        **{name: iso(value) if value else None for name, value in moments.items()},
    }


def subscriptions_table(rows: Sequence["Row"], shown: Mapping[str, str]) -> Table | str:
    """`daypaper subscriptions list` for people; `shown` are the targets without their secrets."""
    if not rows:
        return "No subscriptions; `daypaper subscribe --help` tells how to make one."
    table = Table(box=None, pad_edge=False)
    table.add_column("id", no_wrap=True)
    for heading in ("watch", "to", "when", "state, last looked at"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        told = f"{row.told_at:%-d %b %Y %H:%M} UTC" if row.told_at else "none yet"
        state = f"{row.state}, {told}" + (f"; {row.trouble}" if row.trouble else "")
        when = f"{row.terms.schedule} {row.terms.tz}"
        cells = (row.id, row.watch, f"{row.channel} {shown[row.id]}", when, state)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def deliveries_json(done: Sequence["Delivered"]) -> dict[str, Any]:
    """`daypaper send --json`, as the contract says, with what happened in words."""
    return {"deliveries": [asdict(one) for one in done]}


def deliveries_table(done: Sequence["Delivered"], shown: Mapping[str, str]) -> Table | str:
    """`daypaper send` for people; `shown` are the targets without their secrets."""
    if not done:
        return "Nothing is due."
    table = Table(box=None, pad_edge=False)
    table.add_column("subscription", no_wrap=True)
    for heading in ("to", "papers", "status"):
        right = heading == "papers"
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for one in done:
        said = one.status if one.status == "sent" else f"{one.status}. {one.message}".rstrip(". ")
        cells = (
            one.subscription,
            f"{one.channel} {shown[one.subscription]}",
            str(one.papers),
            said,
        )
        table.add_row(*map(Text, cells))
    return table
