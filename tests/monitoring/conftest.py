"""The app and client of the tests of the API."""

from tests.api.conftest import app, client

__all__ = ["app", "client"]
