"""What the command line shows of the tagger: explanations, papers to label, retraining."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from aggregator.store.model import Attempt

if TYPE_CHECKING:  # numpy and scipy are slow to import
    from aggregator.tag.paper_text import Name
    from aggregator.tag.why import Explanation

SHOWN = 8  # reasons for and against
FOR, AGAINST = "bold green", "bold red"
_BY = {
    "model": "by the model",
    "keywords": "by keywords",
    "child": "through a topic below it",
    "works": "as a representative work",
    "person": "by a person's word",
}


def explained(
    doc: Mapping[str, Any], found: Sequence["Explanation"], titles: Mapping[str, str]
) -> Table:
    """`daypaper tag --explain` for people: each topic's decision, its words, and where they stand."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 0, 1, 0))
    table.add_column(overflow="fold")
    table.add_row(Text(f"{doc['id']}  {doc['title']}", style="bold"))
    for one in found:
        table.add_row(_decision(one, titles))
        if one.tagged and any(one.highlights.values()):
            table.add_row(_marked(doc, one))
    return table


def _decision(one: "Explanation", titles: Mapping[str, str]) -> Text:
    """One topic in a few lines."""
    verdict = "tagged" if one.tagged else "not tagged"
    said = Text(f"{titles.get(one.topic, one.topic)} ({one.topic}): {verdict}, ", style="bold")
    said.append(f"{one.probability:.1%} {_BY.get(one.by, one.by)}", style="not bold")
    if one.own is not None and one.threshold is not None:
        said.append(
            f"; title and abstract say {one.own:.1%}, tagged from {one.threshold:.1%}", "not bold"
        )
    if one.below:
        said.append(f"; through {', '.join(one.below)}", "not bold")
    if one.excluded:
        said.append(f"; excluded: {', '.join(one.excluded)}", "not bold")
    for what, style, sign in (("for", FOR, 1), ("against", AGAINST, -1)):
        heavy = [r for r in one.reasons if r.weight * sign > 0][:SHOWN]
        if heavy:
            said.append(f"\n  {what}: ", "not bold")
            words = [f"{r.written}{' (title)' if r.title else ''} {r.weight:+.2f}" for r in heavy]
            said.append(", ".join(words), style)
    if one.meaning is not None:
        said.append(f"\n  its meaning added {one.meaning:+.2f} to the log-odds", "not bold")
    return said


def _marked(doc: Mapping[str, Any], one: "Explanation") -> Text:
    """Title and abstract with the weighed words in colour."""
    fields: tuple[Name, ...] = ("title", "abstract")
    texts = []
    for name in fields:
        text = Text(doc[name])
        for span in one.highlights.get(name, ()):
            text.stylize(FOR if span.weight > 0 else AGAINST, span.start, span.end)
        texts.append(text)
    return Text("\n").join(texts)


def to_label(found: Sequence[Mapping[str, Any]]) -> Table | str:
    """`daypaper labels next` for people."""
    if not found:
        return "Nothing to judge: no paper has a probability that a model or keywords gave."
    table = Table(box=None, pad_edge=False)
    for heading in ("topic", "probability", "paper", "title"):
        right = heading == "probability"
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for one in found:
        cells = (one["topic"], f"{one['probability']:.1%}", one["id"], one["title"])
        table.add_row(*map(Text, cells))
    return table


def attempt(made: Attempt) -> Table:
    """`daypaper train --feedback` for people: by topic, before and after on the judged papers."""
    table = Table(box=None, pad_edge=False, title=made.message, title_justify="left")
    for heading in ("topic", "judged", "F1 before", "after", "log loss before", "after", "kept"):
        table.add_column(heading, justify="left" if heading in ("topic", "kept") else "right")
    for topic, one in made.figures.items():
        numbers = [one[which][name] for name in ("f1", "log_loss") for which in ("base", "taught")]
        shown = ["-" if n is None else f"{n:.3f}" for n in numbers]
        table.add_row(topic, str(one["papers"]), *shown, "yes" if one["kept"] else "no")
    return table
