"""What a watch selects, in words, so that its page can say it like a topic's."""

from aggregator.topics import Config, Topic
from aggregator.watches import Watch
from api.web.language import Language


def as_topic(t: Language, watch: Watch, config: Config) -> Topic:
    """The watch in the form of a topic: its name, and its filter as the description."""
    said = _in_words(t, watch, config)
    return Topic(name=watch.name, title=watch.name, description=said, description_zh=said)


def _in_words(t: Language, watch: Watch, config: Config) -> str:
    parts = [
        *_conditions(
            t, config, watch.topics, watch.query, watch.authors, watch.venues, watch.sources
        ),
        *([t("at_least", n=f"{watch.min_probability:.0%}")] if watch.min_probability else []),
    ]
    left_out = _conditions(
        t,
        config,
        watch.exclude_topics,
        watch.exclude_query,
        watch.exclude_authors,
        watch.exclude_venues,
        watch.exclude_sources,
    )
    if left_out:
        parts.append(t("without", what=t("listed").join(left_out)))
    return " · ".join(parts)


def _conditions(
    t: Language,
    config: Config,
    topics: tuple[str, ...],
    query: str,
    authors: tuple[str, ...],
    venues: tuple[str, ...],
    sources: tuple[str, ...],
) -> list[str]:
    known = [config.topic(name) for name in topics]
    titles = [t.title_of(topic) for topic in known if topic]
    said = (
        (t("topics"), titles),
        (t("words"), [query] if query else []),
        (t("authors"), authors),
        (t("venues"), venues),
        (t("sources"), sources),
    )
    return [t("condition", name=name, values=t("listed").join(v)) for name, v in said if v]
