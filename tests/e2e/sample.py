"""A morning of invented papers, to look at pages with: nobody's text is borrowed for a picture."""

from datetime import UTC, datetime

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed
from aggregator.store.db import Store
from tests.drafts import page, post, preprint

MORNING = datetime(
    2026, 11, 23, 1, tzinfo=UTC
)  # the listing of Monday, announced on Sunday evening
NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)

_PAPERS = (
    (
        "2611.10001",
        "HarborNet: Residual Attention Blocks that Forget What They Do Not Need",
        ("Mira Solberg", "Tomás Iwu", "Chen Lan", "Ruth Adeyemi"),
        ("cs.CV", "cs.LG"),
        "We propose a new network architecture whose residual blocks carry a learned forgetting gate. "
        "On image classification the backbone needs half the computation of networks of equal accuracy.",
    ),
    (
        "2611.10002",
        "A Sparse Mixture Backbone for Long Video",
        ("Juno Park", "Elif Demir"),
        ("cs.CV",),
        "We present a novel transformer architecture with sparse mixture layers for hour-long video. "
        "A simple attention module routes tokens by motion, which keeps memory flat.",
    ),
    (
        "2611.10003",
        "Lantern: Adaptive Step Sizes from the Noise of the Gradient",
        ("Oskar Lindqvist", "Priya Nair", "M. Okafor"),
        ("cs.LG", "stat.ML"),
        "We introduce an adaptive optimizer that sets its learning rate from the noise of stochastic "
        "gradients. We prove convergence for non-convex objectives and train without a schedule.",
    ),
    (
        "2611.10004",
        "Learning to Sail: Policy Gradients in Weather That Changes",
        ("Ines Caldeira", "Haruto Mori", "Léa Fontaine"),
        ("cs.LG", "cs.RO"),
        "We study deep reinforcement learning where the reward drifts with the season. Our policy gradient "
        "agent keeps a memory of past winds and explores when its value function is surprised.",
    ),
    (
        "2611.10005",
        "Two Discriminators Are a Crowd",
        ("Amara Diallo", "Pavel Novák"),
        ("cs.CV", "cs.LG"),
        "Generative adversarial networks with several discriminators train longer for no gain. We show why, "
        "and propose a GAN whose single discriminator changes scale during adversarial training.",
    ),
    (
        "2611.10006",
        "MarketStalls-40k: A Dataset of Everyday Objects in Crowded Scenes",
        ("Thandi Mbeki", "Wei Ling Tan", "Jorge Salinas", "Anna Weiss"),
        ("cs.CV",),
        "We introduce a large-scale dataset of 40,000 annotated photographs of market stalls. The new "
        "benchmark has 900 classes; detectors that do well elsewhere lose a third of their precision.",
    ),
    (
        "2611.10007",
        "RiverQA: A Benchmark for Questions Whose Answer Moves",
        ("Sven Aalto", "Fatima Zahra"),
        ("cs.CL",),
        "We release a new benchmark of questions whose answers change over time. The corpus and its "
        "evaluation suite show that language models quote the past with confidence.",
    ),
)


def fill(store: Store) -> None:
    """Store the morning: preprints, a paper that reached its conference, posts."""
    drafts: list[Draft] = [
        preprint(
            native,
            title=title,
            authors=authors,
            published=MORNING,
            abstract=abstract,
            categories=list(cats),
        )
        for native, title, authors, cats, abstract in _PAPERS
    ]
    drafts.append(
        page(
            "CVPR2026/Diallo_Two_Discriminators",
            title=_PAPERS[4][1],
            authors=_PAPERS[4][2],
            published=MORNING,
            arxiv="2611.10005",
            abstract=_PAPERS[4][4],
        )
    )
    about = (("t3_s1", "arxiv:2611.10001", 212, 48), ("t3_s2", "arxiv:2611.10003", 95, 31))
    drafts += [
        post(
            native,
            title="[R] Worth a look",
            about=name,
            published=NOW,
            score=score,
            num_comments=count,
        )
        for native, name, score, count in about
    ]
    with store.write() as connection:
        store_drafts(connection, [Parsed(tuple(drafts))], "arxiv", NOW, backfill=False)
