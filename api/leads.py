"""What the API gives of papers like a paper, and of how a topic goes."""

from datetime import datetime

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


class TrendPeriod(BaseModel):
    """A period, and how many titles of the topic were read of it."""

    since: datetime
    until: datetime = Field(description="Its end, which is not in it")
    titles: int


class TrendPart(BaseModel):
    """One of the equal parts of the two periods, and how many titles of the topic were read of it."""

    since: datetime
    lately: bool = Field(description="Of the period in which terms rise")
    titles: int


class TrendTerm(BaseModel):
    """A term that rises: in how many of the titles read it stands, and how sure that is."""

    term: str = Field(examples=["graph neural networks"])
    lately: int = Field(description="Papers of one group count once")
    before: int
    q: float = Field(
        description="False discovery rate at which it would just be found, at most 0.05"
    )
    name: bool = Field(description="Written as a name or an abbreviation: ResNet, BERT, LLMs")
    parts: list[int] = Field(description="Titles of each of the `parts` that have it")


class TrendWork(BaseModel):
    """A representative work: papers of all topics that name it in title or abstract."""

    title: str
    names: list[str] = Field(description="What its mentions were looked for by")
    lately: int = Field(description="In the last 13 weeks")
    before: int = Field(description="In the 52 before")
    q: float = Field(
        description="As of terms, over the works of the topic; it rises from 0.05 down"
    )


class TopicTrend(BaseModel):
    """How a topic goes."""

    name: str
    weeks: list[TrendWeek]
    lately: TrendPeriod | None
    before: TrendPeriod | None
    parts: list[TrendPart] = Field(
        description="The two periods in equal parts, oldest first; none if no term rises"
    )
    rising: list[TrendTerm]
    works: list[TrendWork]
