"""Why a stored paper has its topics: reads the paper, what people said and the models, asks `why`."""

from collections.abc import Sequence
from typing import Any

from aggregator.errors import UsageError
from aggregator.learn import taggers
from aggregator.settings import Settings
from aggregator.store import papers, tags
from aggregator.store.db import Store
from aggregator.tag.documents import tag_documents
from aggregator.tag.why import Explanation, explain
from aggregator.topics import Config


def explain_paper(
    store: Store,
    settings: Settings,
    config: Config,
    name: str,
    wanted: Sequence[str] = (),
    near: float = 0.0,
) -> tuple[dict[str, Any], list[Explanation]]:
    """A paper's document, and why it has each of the topics `wanted` or not (every topic without
    any), those that it has first, by probability; `near` as `why.explain` has it.

    What is explained is what the models in use say now; stored tags follow within seconds. Raises
    NotFoundError for no such paper and UsageError for no such topic.
    """
    known = [topic.name for topic in config.topics]
    for topic in wanted:
        if topic not in known:
            raise UsageError(
                f'topic: there is no topic "{topic}"; expected one of: {", ".join(known)}.'
            )
    by_topic = taggers.in_use(store, settings, config).by_topic(config)
    with store.read() as connection:
        doc = papers.by_name(connection, name).doc
        said = tags.said_of(connection, [doc["id"]]).get(doc["id"], {})
    tagged = tag_documents([doc], by_topic, config.topics, [said])[0]
    found = explain(doc, tagged, config.topics, by_topic, said, wanted or known, near)
    return doc, sorted(found, key=lambda e: (not e.tagged, -e.probability, e.by == "child"))
