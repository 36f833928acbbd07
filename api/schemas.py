"""The forms of answers, as documented in /openapi.json.

Lists of papers are sent as they are stored, without passing through these models again; a test
holds the two together.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from aggregator.models import Status
from api.schemas_tagger import TopicFigures


class Problem(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": 'There is no paper "arxiv:0000.00000" here.',
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = Field(default=[], description="Wrong parameters, by name")


class TopicTag(BaseModel):
    """A topic that a paper has."""

    name: str
    probability: float
    by: str = Field(description="model, child (a topic below has it), keywords, works or person")


class PaperEntry(BaseModel):
    """One item as it was published: a version, a proceedings page, a post."""

    model_config = ConfigDict(extra="allow")

    key: str
    kind: str
    role: Literal["preprint", "proceedings", "post", "work", "citing"]
    source: str
    sources: list[str]
    url: str
    title: str
    published: datetime
    version: int | None


class Buzz(BaseModel):
    """How much a paper is talked about."""

    score: int | None = None
    comments: int | None = None
    posts: int = 0
    citations: int | None = None


_PAPER: JsonDict = {
    "id": "k7q2m4x5z3ab",
    "title": "Deep Residual Learning for Image Recognition",
    "abstract": "Deeper neural networks are more difficult to train. …",
    "authors": ["Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"],
    "published": "2015-12-10T19:51:55Z",
    "updated": "2016-06-27T00:00:00Z",
    "at": "2015-12-11T01:00:00Z",
    "venue": "CVPR 2016",
    "categories": ["cs.CV"],
    "comments": None,
    "journal_ref": None,
    "topics": [{"name": "architectures", "probability": 0.98, "by": "model"}],
    "identifiers": {"arxiv": "1512.03385", "doi": "10.1109/cvpr.2016.90"},
    "identifiers_all": {"arxiv": ["1512.03385"], "doi": ["10.1109/cvpr.2016.90"]},
    "links": {
        "abstract": "https://arxiv.org/abs/1512.03385",
        "pdf": "https://arxiv.org/pdf/1512.03385",
    },
    "entries": [
        {
            "key": "arxiv:1512.03385v1",
            "kind": "arxiv",
            "role": "preprint",
            "source": "arxiv",
            "sources": ["arxiv"],
            "url": "https://arxiv.org/abs/1512.03385v1",
            "title": "Deep Residual Learning for Image Recognition",
            "published": "2015-12-11T01:00:00Z",
            "version": 1,
        }
    ],
    "kind": "paper",
    "buzz": {"score": 120, "comments": 34, "posts": 2, "citations": None},
    "withdrawn": False,
    "starter": False,
    "url": "https://daypaper.example/papers/k7q2m4x5z3ab",
}


class Paper(BaseModel):
    """A paper, or a post that is about none."""

    model_config = ConfigDict(json_schema_extra={"example": _PAPER})

    id: str
    title: str
    abstract: str
    authors: list[str]
    published: datetime
    updated: datetime
    at: datetime = Field(description="First public; what lists are sorted by")
    venue: str | None
    categories: list[str]
    comments: str | None
    journal_ref: str | None
    topics: list[TopicTag]
    identifiers: dict[str, str]
    identifiers_all: dict[str, list[str]]
    links: dict[str, str] = Field(description="abstract, pdf, code: those that are known")
    entries: list[PaperEntry]
    kind: Literal["paper", "post"]
    buzz: Buzz
    withdrawn: bool
    starter: bool = Field(description="Known only as a representative work of a topic")
    url: str = Field(description="Its page here")


_EVENT: JsonDict = {
    "kind": "new",
    "cause": "",
    "at": "2015-12-11T01:00:00Z",
    "seen_at": "2015-12-11T03:31:00Z",
    "backfill": False,
}


class PaperEvent(BaseModel):
    """Something that happened to a paper."""

    model_config = ConfigDict(json_schema_extra={"example": _EVENT})

    kind: str = Field(description="new, new_version, published, withdrawn, cited or discussed")
    cause: str = Field(description="Key of the entry that made it; empty for new and cited")
    at: datetime
    seen_at: datetime
    backfill: bool
    count: int | None = Field(
        default=None, description="Of cited: how many papers, all that one run brought"
    )
    url: str | None = Field(default=None, description="Of discussed: the post")
    title: str | None = Field(default=None, description="Of discussed: the post's title")
    place: str | None = Field(
        default=None, description="Of discussed: the subreddit, else the source that saw the post"
    )


class PaperDetail(Paper):
    """A paper with what happened to it."""

    model_config = ConfigDict(json_schema_extra={"example": {**_PAPER, "timeline": [_EVENT]}})

    timeline: list[PaperEvent]


class PaperList(BaseModel):
    """One page of papers."""

    items: list[Paper]
    next: str | None = Field(description="Cursor of the next page; null at the end")


class TopicSummary(BaseModel):
    """A topic with the number of papers that carry its tag."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "gan",
                "title": "Generative adversarial networks",
                "title_zh": "生成对抗网络",
                "description": "Training a generator against a discriminator.",
                "description_zh": "",
                "parent": "learning",
                "papers": 412,
                "figures": {
                    "decided_by": "model",
                    "measured": {"precision": 0.85, "recall": 0.89, "f1": 0.87},
                    "people": {
                        "confirmed": 12,
                        "rejected": 7,
                        "base": None,
                        "taught": None,
                        "kept": None,
                    },
                },
            }
        }
    )

    name: str
    title: str
    title_zh: str
    description: str
    description_zh: str
    parent: str
    papers: int
    figures: TopicFigures


class TopicList(BaseModel):
    """Every topic."""

    items: list[TopicSummary]
    next: None = None


class TopicDetail(TopicSummary):
    """A topic with its representative works, oldest first."""

    works: list[Paper]


class SourceHealth(BaseModel):
    """How one source is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "arxiv-ml",
                "kind": "arxiv",
                "status": "ok",
                "message": "212 new, 96 updated, 0 unchanged.",
                "last_success": "2026-11-23T03:30:00Z",
                "next_due": "2026-11-24T03:30:00Z",
                "failures": 0,
                "newest_entry": "2026-11-23T01:00:00Z",
                "running": False,
                "overdue": False,
            }
        }
    )

    name: str
    kind: str
    status: Status | None = Field(description="null until its first run has ended")
    message: str
    last_success: datetime | None
    next_due: datetime | None
    failures: int = Field(description="Bad runs in a row")
    newest_entry: datetime | None
    running: bool
    overdue: bool = Field(description="It should have been asked more than a day ago")


class SourceList(BaseModel):
    """Every enabled source."""

    items: list[SourceHealth]
    next: None = None


class FetchAnswer(BaseModel):
    """A source is to be fetched now; its runs tell what came of it."""

    source: str
    waits_since: datetime | None = Field(description="null: it is being fetched already")


class SourceRun(BaseModel):
    """One attempt at a source."""

    id: int
    at: datetime = Field(description="The logical moment of the run")
    started: datetime
    finished: datetime | None = Field(description="null while it runs")
    status: Status | None = Field(description="null while it runs")
    message: str
    backfill: bool = Field(description="What it found is shown, but no news")
    fetched: int
    new: int
    updated: int
    unchanged: int
    skipped: int = Field(description="Items that could not be read")
    requests: int
    failures: int = Field(description="Bad runs in a row, this one included")


class RunList(BaseModel):
    """A page of attempts."""

    items: list[SourceRun]
    next: str | None


class Period(BaseModel):
    """`from` is included, `until` is not."""

    from_: datetime = Field(alias="from")
    until: datetime


class DigestPaper(Paper):
    """A paper in a digest."""

    marks: list[str] = Field(
        description="Why it is here: new, published, new_version, cites, discussed",
        examples=[["new"]],
    )


class DigestSection(BaseModel):
    """What is new in a topic."""

    name: str
    title: str
    items: list[DigestPaper]
    more: int = Field(description="Papers that did not fit")


class DigestCitations(BaseModel):
    """Papers that cite a representative work."""

    work: str = Field(description="Id of the cited paper")
    title: str
    items: list[DigestPaper]
    more: int = Field(description="Papers that did not fit")


class DigestSource(BaseModel):
    """How a source was when the digest was made."""

    name: str
    status: Status | None
    message: str


class Digest(BaseModel):
    """What is new in a period, topic by topic."""

    period: Period
    note: str = Field(description="Why there is nothing; empty otherwise")
    topics: list[DigestSection]
    citations: list[DigestCitations]
    sources: list[DigestSource]


class Health(BaseModel):
    """Whether the service can answer."""

    status: Literal["ok"] = "ok"
