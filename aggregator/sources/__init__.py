"""The kinds of sources Daypaper can read; a new kind is one file and one name in this tuple."""

from aggregator.sources.arxiv import ArxivSource
from aggregator.sources.base import Source
from aggregator.sources.cvf import CvfSource

SOURCES: tuple[type[Source], ...] = (ArxivSource, CvfSource)

KINDS: dict[str, type[Source]] = {source.kind: source for source in SOURCES}
