"""What is said in Slack, in the languages of digests: their sentences and some of its own."""

import pkgutil
import tomllib
from functools import cache

from aggregator.digest.language import Language, language


@cache
def words(code: str) -> Language:
    """The language of that code with Slack's sentences; English for one that we do not have."""
    shared = language(code)
    text = pkgutil.get_data("aggregator.deliver.slack", f"strings/{shared.code}.toml") or b""
    return Language(shared.code, {**shared.sentences, **tomllib.loads(text.decode())})
