"""Every parser with some damaged samples; many more with `python -m tests.fuzz --inputs N`."""

from pathlib import Path

from aggregator.imports import FORMATS
from aggregator.sources import SOURCES
from tests.conftest import sqlite_store
from tests.filled import fill
from tests.fuzz.__main__ import feed
from tests.fuzz.targets import everything


def test_damaged_input_is_read_or_refused(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    fill(store, 20, length=20)
    names = set()
    for target in everything(store, tmp_path):
        assert target.samples, target.name
        names.add(target.name)
        feed(target, 25, random=False)
    store.close()
    assert {f"import {form.name}" for form in FORMATS} <= names
    kinds = {
        "blog": "feed",
        "hf": "hf_daily",
        "semanticscholar": "citations",
        "openalex": "citations",
    }
    said = {kinds.get(name.split()[0], name.split()[0]) for name in names}
    assert {source.kind for source in SOURCES} <= said
