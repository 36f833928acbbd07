"""A letter says why each paper is here, whoever decides its topic: the model, one's own, keywords."""

from dataclasses import replace

from aggregator import pipeline
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config, Topic
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, put
from tests.learn.test_learning import WITH_KITES, kites, texts
from tests.sending import HOUR, settings, subscribe

__all__ = ["settings"]
WIDGETS = Topic(name="widgets", title="Widgets", keywords=("widget",), exclude=("window",))


def why(store: Store, settings: Settings, config: Config, watch: str) -> dict[str, list[str]]:
    """Title -> the words of its reasons, in the letter that a subscriber of the watch gets."""
    pipeline.tag(store, settings, config)
    subscribe(store, watch=watch, limit=100)
    box = Box()
    Sender(store, settings, config, {box.name: box}, NOW).run()
    (letter,) = box.letters
    (section,) = letter.digest.sections
    return {item.paper["title"]: [words for words, _ in item.why] for item in section.items}


def test_of_a_topic_that_the_shipped_model_decides(store: Store, settings: Settings) -> None:
    text = "We train a generator against a discriminator, a generative adversarial network."
    put(store, preprint("1711.00001", title="A new GAN", abstract=text, published=NOW - HOUR))
    assert "GAN" in why(store, settings, CONFIG, "gan")["A new GAN"]


def test_of_a_topic_that_goes_by_keywords(store: Store, settings: Settings) -> None:
    text = "Something that turns, and stops."
    put(store, preprint("1711.00001", title="Two widgets", abstract=text, published=NOW - HOUR))
    config = replace(CONFIG, topics=(*CONFIG.topics, WIDGETS))
    assert why(store, settings, config, "widgets") == {"Two widgets": ["widgets"]}


def test_of_a_topic_with_a_model_of_its_own(store: Store, settings: Settings) -> None:
    papers = [*kites(30), *texts(600)]
    put(
        store,
        *(
            preprint(
                f"1712.{n:05d}",
                title=title,
                abstract=text,
                authors=(f"B {n}",),
                published=NOW - HOUR,
            )
            for n, (title, text) in enumerate(papers)
        ),
    )
    found = why(store, settings, WITH_KITES, "kites")
    assert "kite" in found["A kite in the wind 0"]
    assert all(found.values())
