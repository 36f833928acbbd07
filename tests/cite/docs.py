"""Papers' documents as the store holds them, made without a store."""

from typing import Any

from aggregator.merge.merge import merge
from aggregator.models import Draft, Entry
from tests.conftest import NOW


def document(*drafts: Draft, name: str = "k7q2", topics: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the merge makes of these drafts, with these tags."""
    tags = [{"name": topic, "probability": 0.9, "by": "model"} for topic in topics]
    return merge(name, [Entry(draft, ("s",), NOW) for draft in drafts]).doc | {"topics": tags}
