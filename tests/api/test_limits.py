"""Nobody needs to send us much: large bodies are refused before they are read."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.limits import MOST_BYTES


@pytest.mark.parametrize("path", ["/api/v1/signup", "/signup", "/slack/commands", "/unsubscribe/x"])
def test_a_large_body_is_refused(client: TestClient, path: str) -> None:
    answer = client.post(path, content=b"x" * (MOST_BYTES + 1))
    assert answer.status_code == 413
    assert "at most 256 KB" in answer.json()["detail"]


def test_a_large_body_that_does_not_say_so_is_refused_on_its_way(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 65_536

    answer = client.post("/api/v1/signup", content=pieces())
    assert answer.status_code == 413
