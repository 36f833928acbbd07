"""Stores brought back to an older schema, with what they hold."""

from alembic import command
from alembic.config import Config

from aggregator.store.db import Store
from aggregator.store.schema import MIGRATIONS


def downgrade(store: Store, revision: str) -> None:
    """As a person would do by hand; `store.migrate` goes the other way."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = store.engine.execution_options(daypaper_write=True)
    command.downgrade(config, revision)
