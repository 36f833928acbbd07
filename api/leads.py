"""What the API gives of papers like a paper, and of how a topic goes."""

from pydantic import BaseModel, Field

from api.schemas import Paper


class SimilarPaper(Paper):
    """A paper that is like another."""

    shared: list[str] = Field(description="Words and pairs of words that both have, rarest first")


class Similar(BaseModel):
    """Papers like one, the most alike first."""

    items: list[SimilarPaper]
    next: None = None


class TrendWeek(BaseModel):
    """A week of a topic."""

    week: str = Field(description="Its Monday", examples=["2017-11-13"])
    papers: int


class TrendTerm(BaseModel):
    """A term that rises: the titles that have it, and how sure the rise is in standard deviations."""

    term: str
    lately: int
    before: int
    score: float


class TopicTrend(BaseModel):
    """How a topic goes."""

    name: str
    weeks: list[TrendWeek]
    rising: list[TrendTerm]
