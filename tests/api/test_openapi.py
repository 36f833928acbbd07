"""Every operation of /openapi.json is asked with made-up input, good and bad, over a filled store: none
answers with a 5xx, and every answer is of a status, type and form that the document declares.

More than the suite does: `DAYPAPER_TEST_EXAMPLES=500 python -m pytest tests/api/test_openapi.py`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

from aggregator.people import subscribers
from aggregator.settings import LIMITS, Settings
from aggregator.store import tokens, watches
from aggregator.store.db import Store
from aggregator.watches import Wanted, Watch
from api.app import create_app
from tests.conftest import NOW, empty_tables, sqlite_store
from tests.drafts import preprint
from tests.filled import CONFIG, fill, put
from tests.smtp_server import MailServer

EXAMPLES = int(os.environ.get("DAYPAPER_TEST_EXAMPLES", "3"))
"""Made-up requests of each operation, beside those that schemathesis derives one by one."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    use_after_free,
]


Called = tuple[FastAPI, dict[str, str]]


def _document() -> Any:
    """As it is without any store: nothing is asked of that one."""
    unused = Path("nowhere")
    app = create_app(Store("sqlite://", unused), Settings(data_dir=unused), CONFIG)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def called(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Called]:
    """An installation with papers, a watch, a subscription and a mail server; and a token that may
    everything."""
    folder = tmp_path_factory.mktemp("declared")
    if request.param == "postgres":
        store: Store = request.getfixturevalue("postgres")
        with store.write() as connection:
            empty_tables(connection)
    else:
        store = sqlite_store(folder)
    fill(store, 60, length=30)
    put(store, preprint("1512.03385"))  # the one that examples name
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="mine", query="widgets"), NOW)
        wanted = Wanted(watch="mine", channel="email", target="ada@example.org")
        subscribers.add(connection, CONFIG, wanted, NOW, origin="api", confirmed=True)
        secret = tokens.create(connection, "tester", "admin", NOW)
    with MailServer() as mail:
        unlimited: dict[str, Any] = {f"limit_{name}": "" for name in LIMITS}
        settings = Settings(data_dir=folder, smtp_url=SecretStr(mail.url), **unlimited)
        app = create_app(store, settings, CONFIG, now=lambda: NOW)
        yield app, {"Authorization": f"Bearer {secret}"}


@_document().parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="DAYPAPER_TEST_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_declared(case: Any, called: Called) -> None:
    app, headers = called
    case.call_and_validate(app=app, headers=headers, checks=CHECKS)
