"""The kinds of sources Daypaper can read; a new kind is one file and one name in this tuple."""

from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.base import Source
from aggregator.sources.cvf import CvfSource
from aggregator.sources.reddit import RedditSource

SOURCES: tuple[type[Source], ...] = (ArxivSource, CvfSource, RedditSource)

KINDS: dict[str, type[Source]] = {source.kind: source for source in SOURCES}
