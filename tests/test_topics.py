"""topics.toml: what is broken stops the start with one sentence that names where and what."""

from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import topics
from aggregator.errors import UsageError
from aggregator.sources.arxiv import ArxivOptions

PROJECT = Path(__file__).parents[1]

TOPIC = '[[topics]]\nname = "rl"\ntitle = "RL"\n'
SOURCE = '[[sources]]\nname = "a"\nkind = "arxiv"\ncategories = ["cs.LG"]\n'


def test_the_projects_own_file_is_good() -> None:
    config = topics.load(PROJECT / "topics.toml")
    names = {t.name for t in config.topics}
    assert {"architectures", "optimizers", "rl", "gan", "datasets"} <= names
    assert {"arxiv", "cvf", "reddit"} <= {s.kind for s in config.sources if s.enabled}
    rl = config.topic("rl")
    assert rl is not None
    assert rl.parent == "learning"
    assert len(rl.works) > 2


def test_options_get_their_defaults() -> None:
    (source,) = topics.parse(SOURCE + 'every = "90m"\n', "t.toml").sources
    assert source.every == timedelta(minutes=90)
    assert isinstance(source.options, ArxivOptions)
    assert (source.options.pace_seconds, source.enabled) == (3.0, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[topics]\n", r"t\.toml: not valid TOML: .*line 1"),
        (
            '[[topic]]\nname = "x"\n',
            r"t\.toml: topic: unknown key; expected one of: sources, subscriptions, topics, watches",
        ),
        (
            TOPIC + "colour = 1\n",
            r'\[\[topics\]\] "rl": colour: unknown key; expected one of: .*keywords',
        ),
        ('[[topics]]\nname = "rl"\n', r'"rl": title: missing'),
        ('[[topics]]\ntitle = "RL"\n', r"\[\[topics\]\] number 1: name: missing"),
        ('[[topics]]\nname = "R L"\ntitle = "RL"\n', r"'R L' does not fit; expected lower-case"),
        (TOPIC + TOPIC, r'line 5: \[\[topics\]\] "rl" stands twice; expected unique names'),
        (
            TOPIC + 'parent = "learnin"\n',
            r'line 4: .*parent "learnin" does not exist; expected .*rl',
        ),
        (TOPIC + 'parent = "rl"\n', r"leads back to itself"),
        (
            SOURCE.replace("arxiv", "arxive"),
            r'line 3: .*unknown kind "arxive"; expected one of: arxiv, citations, crossref, cvf',
        ),
        (SOURCE + SOURCE, r'"a" stands twice'),
        (
            SOURCE + 'categorys = ["x"]\n',
            r'\[\[sources\]\] "a": categorys: unknown key; .*categories',
        ),
        (SOURCE + "pace_seconds = -1\n", r"pace_seconds: expected at least 0, found -1"),
        (SOURCE + 'lookback_days = "x"\n', r"lookback_days: expected a whole number, found"),
        ('[[sources]]\nname = "a"\nkind = "arxiv"\n', r"categories: missing"),
        (SOURCE + 'every = "soon"\n', r'every: \'soon\'; expected for example "30m", "6h", "1d"'),
        (SOURCE + 'every = "0h"\n', r"every: '0h'"),
        (
            '[[topics]]\nname = "x"\ntitle = "X"\nworks = [{ title = "T", year = 15 }]\n',
            r"works\.0\.year",
        ),
        (
            TOPIC + 'works = [{ title = "T", year = 2015, arxiv = "nonsense" }]\n',
            r"works\.0\.arxiv: expected an arXiv id such as 1512\.03385, found 'nonsense'",
        ),
        (SOURCE + 'oai_url = "ftp://foo"\n', r"oai_url = 'ftp://foo'; expected a web address"),
        (
            SOURCE.replace("cs.LG", "machine learning"),
            r"categories\.0: 'machine learning' does not fit",
        ),
        (TOPIC + 'keywords = [""]\n', r"keywords\.0: '' does not fit"),
        (TOPIC + 'keywords = "gan"\n', r"keywords: 'gan'; expected a list such as \['gan'\]"),
        (TOPIC.replace("rl", "discussions"), r'"discussions": the name is taken'),
        (
            '[[watches]]\nname = "x"\nquery = "-"\n',
            r'\[\[watches\]\] "x": query: "-" has no letter and no digit',
        ),
        ("topics = 3\n", r"t\.toml: topics: 3; expected a list"),
    ],
)
def test_one_sentence_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        topics.parse(text, "t.toml")
    assert str(caught.value).count("\n") == 0
    assert str(caught.value).endswith(".")


def test_a_missing_and_a_binary_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file.*DAYPAPER_TOPICS"):
        topics.load(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(UsageError, match="not UTF-8 at byte 5"):
        topics.load(tmp_path / "b.toml")
