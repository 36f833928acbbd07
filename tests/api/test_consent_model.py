"""Whoever says what in whatever order: an address gets mail if its owner wants it, and only then."""

from pathlib import Path

import pytest

from aggregator.store.db import Store
from tests.api.consent_model import play
from tests.api.mailed import installation
from tests.smtp_server import MailServer

SEEDS = range(8)
"""More of them by hand: what fails once fails again with the same seed."""


@pytest.mark.parametrize("seed", SEEDS)
def test_who_said_no_gets_nothing_and_who_said_yes_everything_once(
    store: Store, tmp_path: Path, seed: int
) -> None:
    with MailServer() as server, installation(store, tmp_path, server) as at:
        model = play(at, seed)
    assert set(model.titles().values()) <= {1}
