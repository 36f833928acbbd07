"""The kinds of sources Daypaper can read; a new kind is one file and one name in this tuple."""

from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.base import Source
from aggregator.sources.citations import CitationsSource
from aggregator.sources.crossref import CrossrefSource
from aggregator.sources.cvf import CvfSource
from aggregator.sources.ecva import EcvaSource
from aggregator.sources.feed import FeedSource
from aggregator.sources.hf_daily import HfDailySource
from aggregator.sources.neurips import NeuripsSource
from aggregator.sources.openreview import OpenReviewSource
from aggregator.sources.pmlr import PmlrSource
from aggregator.sources.reddit import RedditSource
from aggregator.sources.rsshub import RsshubSource
from aggregator.sources.virtual import VirtualSource

SOURCES: tuple[type[Source], ...] = (
    ArxivSource,
    CitationsSource,
    CrossrefSource,
    CvfSource,
    EcvaSource,
    FeedSource,
    HfDailySource,
    NeuripsSource,
    OpenReviewSource,
    PmlrSource,
    RedditSource,
    RsshubSource,
    VirtualSource,
)

KINDS: dict[str, type[Source]] = {source.kind: source for source in SOURCES}
