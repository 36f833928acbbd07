"""The forms of answers about the tagger: explanations, and what to label next."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict


class PlaceAnswer(BaseModel):
    """Where words stand."""

    field: Literal["title", "abstract"]
    start: int
    end: int


class ReasonAnswer(BaseModel):
    """What spoke for the topic, or against it."""

    words: str = Field(description="In normal form; … stands for some words between")
    written: str = Field(description="The same as the paper writes it where it first stands")
    title: bool = Field(description="Counts in the title alone")
    weight: float = Field(description="Log-odds; below 0 against the topic")
    places: list[PlaceAnswer]


class SpanAnswer(BaseModel):
    """A part of a text to highlight."""

    start: int
    end: int
    weight: float


class HighlightsAnswer(BaseModel):
    """What to highlight in each field; spans are in order and do not overlap."""

    title: list[SpanAnswer]
    abstract: list[SpanAnswer]


_EXPLAINED: JsonDict = {
    "topic": "gan",
    "probability": 0.9732,
    "tagged": True,
    "by": "model",
    "said": None,
    "own": 0.9732,
    "threshold": 0.41,
    "constant": -3.02,
    "meaning": None,
    "reasons": [
        {
            "words": "discriminator",
            "written": "discriminators",
            "title": False,
            "weight": 1.94,
            "places": [{"field": "abstract", "start": 120, "end": 134}],
        }
    ],
    "below": [],
    "excluded": [],
    "highlights": {"title": [], "abstract": [{"start": 120, "end": 134, "weight": 1.94}]},
}


class ExplanationAnswer(BaseModel):
    """Why a paper has a topic or not. `constant`, `meaning` and all weights add up to the log-odds of
    `own`."""

    model_config = ConfigDict(json_schema_extra={"example": _EXPLAINED})

    topic: str
    probability: float
    tagged: bool
    by: str = Field(description="model, keywords, child (a topic below has it), works or person")
    said: bool | None = Field(description="What a person said of it; goes before all else")
    own: float | None = Field(
        description="What the words alone give; null where none are looked at"
    )
    threshold: float | None = Field(description="From here on the words alone make a tag")
    constant: float | None = Field(description="Log-odds of a paper without any of the words")
    meaning: float | None = Field(
        description="What the paper's meaning added; null where embeddings are not switched on"
    )
    reasons: list[ReasonAnswer] = Field(description="Heaviest first")
    below: list[str] = Field(description="Topics below this one that give it their tag")
    excluded: list[str] = Field(description="Phrases of `exclude` that occur")
    highlights: HighlightsAnswer


class Explained(BaseModel):
    """A paper with the reasons of its topics. Places count code points of these texts."""

    id: str
    title: str
    abstract: str
    topics: list[ExplanationAnswer]


_TO_LABEL: JsonDict = {
    "topic": "gan",
    "id": "k7q2m4x5z3ab",
    "title": "A discriminator for text",
    "abstract": "We study …",
    "at": "2026-11-23T01:00:00Z",
    "probability": 0.4312,
    "tagged": True,
}


class ToLabel(BaseModel):
    """A paper to be judged."""

    model_config = ConfigDict(json_schema_extra={"example": _TO_LABEL})

    topic: str
    id: str
    title: str
    abstract: str
    at: datetime
    probability: float
    tagged: bool


class ToLabelList(BaseModel):
    """Papers to be judged, the most useful of each topic first."""

    items: list[ToLabel]
    next: None = None


class Judged(BaseModel):
    """What people said of a topic's papers, and the figures of the last learning on them."""

    confirmed: int
    rejected: int
    base: dict[str, float | None] | None = Field(description="Figures before it was taught")
    taught: dict[str, float | None] | None = Field(
        description="Figures after, each paper judged by a model that had not learned it"
    )
    kept: bool | None = Field(description="Is the taught model used for this topic?")


class TopicFigures(BaseModel):
    """How good a topic's tags are."""

    decided_by: Literal["model", "own", "keywords", "children"]
    measured: dict[str, float | int | None] | None = Field(
        description="Cross-validated on the labels that the model was trained on"
    )
    people: Judged
