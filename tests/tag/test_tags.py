"""The decision: model, keywords, parents."""

from dataclasses import dataclass

import pytest

from aggregator.tag import keywords as rule
from aggregator.tag.keywords import keyword_probability
from aggregator.tag.model import load
from aggregator.tag.tags import tag_papers


@dataclass
class Topic:
    name: str
    parent: str = ""
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


MODELS = {topic: tagger for tagger in [load()] for topic in tagger.topics}
RL = ("Offline reinforcement learning", "We learn a policy that maximises reward.")
OTHER = ("Kernel ridge regression", "We bound the risk of an estimator.")


@pytest.mark.parametrize(
    ("title", "abstract", "want"),
    [
        ("Graph neural networks", "", rule.IN_TITLE),
        ("On GRAPH-Neural Network training", "", rule.IN_TITLE),
        ("Depth", "A graph neural network. Two graph neural networks.", rule.OFTEN),
        ("Depth", "We use GNNs.", rule.ONCE),
        ("Depth", "gnn gnn", rule.OFTEN),
        ("Subgraph neural networking", "agnns", rule.NONE),
        ("图神经网络的研究", "", rule.IN_TITLE),
        ("研究", "基于图神经网络的方法", rule.ONCE),
        ("Graph neural networks for molecules", "", rule.NONE),
        ("Graph neural networks", "of one Molecule", rule.NONE),
        ("", "", rule.NONE),
    ],
)
def test_keyword_rule(title: str, abstract: str, want: float) -> None:
    words = ("graph neural network", "GNN", "图神经网络", " ")
    assert keyword_probability(title, abstract, words, ("molecule",)) == want


def test_keywords_keep_their_digits() -> None:
    assert keyword_probability("8-bit weights", "", ("4-bit",), ()) == rule.NONE
    assert keyword_probability("4 bit weights", "", ("4-bit",), ()) == rule.IN_TITLE


def test_model_topics_keyword_topics_and_parents() -> None:
    topics = [
        Topic("learning", keywords=("federated",)),
        Topic("rl", parent="learning", keywords=("kernel",)),
        Topic("gan", parent="learning"),
        Topic("kernels", keywords=("kernel",)),
        Topic("empty"),
    ]
    rl, other, federated = tag_papers([RL, OTHER, ("Federated averaging", "")], MODELS, topics)
    assert [tag.topic for tag in rl] == [topic.name for topic in topics]
    assert [tag.topic for tag in rl if tag.tagged] == ["learning", "rl"]
    assert rl[0].probability == rl[1].probability > 0.9
    assert (rl[0].by, rl[1].by, rl[3].by) == ("child", "model", "keywords")
    assert [tag.topic for tag in other if tag.tagged] == ["kernels"]  # the model knows rl better
    assert [tag.topic for tag in federated if tag.tagged] == ["learning"]
    assert (federated[0].probability, federated[0].by) == (rule.IN_TITLE, "keywords")
    assert (rl[4].probability, rl[4].tagged) == (0.0, False)


def test_a_grandchild_reaches_the_top_and_circles_end() -> None:
    chain = [Topic("top"), Topic("mid", parent="top"), Topic("rl", parent="mid")]
    assert all(tag.tagged for tag in tag_papers([RL], MODELS, chain)[0])
    circle = [Topic("a", parent="b"), Topic("b", parent="a", keywords=("offline",))]
    assert len(tag_papers([RL], MODELS, circle)[0]) == 2
    assert tag_papers([], MODELS, chain) == []
