"""arXiv: the day's announcement by RSS, completed and proven by OAI-PMH; look-ups by the API."""

from aggregator.sources.arxiv.source import ArxivOptions, ArxivSource

__all__ = ["ArxivOptions", "ArxivSource"]
