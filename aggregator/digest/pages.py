"""The pages here that a digest leads to: a topic's or a watch's, as its subscription has it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

LEAST = "min_probability"
TAGGED = 0.5
"""About the probability from which on a paper carries a tag."""


@dataclass(frozen=True, slots=True)
class Page:
    """How a subscription has the page of its watch: with a least probability of its own, None for the
    watch's, and with the key that opens a person's own watch, "" for none."""

    least: float | None = None
    key: str = ""

    def of_topic(self, name: str) -> str:
        """The path of a topic's page, with its query."""
        return self._path(f"topics/{name}", "")

    def of_watch(self, name: str) -> str:
        """The path of a watch's page, with its query."""
        return self._path(f"watches/{name}", self.key)

    def _path(self, path: str, key: str) -> str:
        asked: dict[str, object] = {} if self.least is None else {LEAST: self.least}
        asked |= {"key": key} if key else {}
        return f"{path}?{urlencode(asked)}" if asked else path


AS_IT_IS = Page()
"""As the watch has it."""


def least_of(path: str) -> float:
    """The probability from which on a page has its papers."""
    (said,) = parse_qs(path.partition("?")[2]).get(LEAST, [TAGGED])
    return float(said)
