"""What is wrong with a request is said in words, not in those of pydantic or of regular expressions."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.settings import LIMITS, Settings
from aggregator.store import tokens
from aggregator.store.db import Store
from api.app import create_app
from tests.conftest import NOW, sqlite_store
from tests.filled import CONFIG, fill

JARGON = re.compile(
    r"should|\^|\\w|\]\$|valid (integer|number|boolean|string|dictionary|list)|pattern|unable to parse|"
    r"Field required|instance of|\bint\b|\bstr\b|\bbool\b|[Vv]alidation|pydantic"
)
BAD: list[Any] = ["%", "x" * 700, "-1", "9" * 40, "1.5", 2.5, -3, True, [], [1], {"a": 1}, None]


def _answers(app: FastAPI, secret: str) -> Iterator[tuple[str, Any]]:
    """Every operation with each of its parameters, and each value of its body, in every bad form."""
    document = app.openapi()
    texts = [value for value in BAD if isinstance(value, str)]
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        for path, operations in document["paths"].items():
            address = re.sub(r"\{.*?\}", "x%20Y", path)
            for method, operation in operations.items():
                for one in operation.get("parameters", ()):
                    for value in texts if one["in"] == "query" else ():
                        told = f"{method} {path}?{one['name']}={value[:9]}"
                        yield told, client.request(method, address, params={one["name"]: value})
                for body in _bodies(document, operation):
                    told = f"{method} {path} {str(body)[:99]}"
                    yield told, client.request(method, address, json=body)


def _bodies(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[Any]:
    """Bodies of an operation that takes one, each with one bad value."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"]["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        yield from ({}, *BAD)
        for key in schema["properties"]:
            yield from ({**schema.get("example", {}), key: value} for value in BAD)


def test_no_answer_speaks_of_patterns_or_types(tmp_path: Path) -> None:
    with closing(sqlite_store(tmp_path)) as store:
        with store.write() as connection:
            secret = tokens.create(connection, "tester", "admin", NOW)
        unlimited: dict[str, Any] = {f"limit_{name}": "" for name in LIMITS}
        app = create_app(store, Settings(data_dir=tmp_path, **unlimited), CONFIG, now=lambda: NOW)
        said = {
            told: answer.json()["detail"]
            for told, answer in _answers(app, secret)
            if answer.status_code == 400
        }
    assert len(said) > 200
    assert {told: detail for told, detail in said.items() if JARGON.search(detail)} == {}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "limit: expected at least 1."),
        ("limit=101", "limit: expected at most 100."),
        ("limit=many", "limit: expected a whole number."),
        ("sort=old", "sort: expected one of: new, hot, relevance, mine."),
        ("min_probability=x", "min_probability: expected a number."),
        ("prefix=x", "prefix: expected true or false."),
        (f"q={'x' * 501}", "q: expected at most 500 characters."),
        ("&".join(["topic=gan"] * 51), "topic: expected at most 50 values."),
        (
            "topics=gan",
            "topics: there is no such parameter; expected one of: topic, q, author, venue, source, "
            "since, until, min_probability, sort, kind, prefix, limit, cursor.",
        ),
        ("q=a%00b", "q: expected text without control characters."),
    ],
)
def test_what_was_expected(client: TestClient, query: str, says: str) -> None:
    assert client.get(f"/api/v1/papers?{query}").json()["detail"] == says


def test_a_name_that_is_none_is_told_its_signs(client: TestClient) -> None:
    detail = client.get("/feeds/A%20b.atom").json()["detail"]
    assert detail == "name: expected lower-case letters, digits, - and _, 64 at most."


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/api/v1/papers/nope", "expected its id, or an external one such as arxiv:1512.03385"),
        ("/api/v1/topics/nope", "expected one of: architectures, learning, gan."),
        ("/api/v1/topics/nope/trend", "expected one of: architectures, learning, gan."),
        ("/api/v1/watches/nope", "`daypaper watch list` and GET /api/v1/watches name all"),
        ("/feeds/nope.atom", "`daypaper watch list` and GET /api/v1/watches name all"),
        ("/feeds/gan.xml", "expected .atom, .rss or .json"),
        ("/api/v1", "what there is stands at /docs"),
        ("/api/v2/papers", "what there is stands at /docs"),
    ],
)
def test_what_is_not_there_says_where_to_look(client: TestClient, path: str, says: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert says in answer.json()["detail"]


def test_who_needs_a_token_is_told_how_to_get_and_send_one(client: TestClient) -> None:
    bare = client.get("/api/v1/subscriptions").json()["detail"]
    assert "daypaper token create NAME --scope write" in bare
    assert "Authorization: Bearer TOKEN" in bare
    wrong = {"Authorization": "Bearer dp_" + "x" * 43}
    told = client.get("/api/v1/subscriptions", headers=wrong).json()["detail"]
    assert told.startswith("This token is unknown, revoked or expired")
    assert "daypaper token list" in told


@pytest.mark.parametrize("path", ["paper", "/label?topic=gan", "/", "/topics/gan"])
def test_chinese_has_the_signs_of_chinese(browser: TestClient, store: Store, path: str) -> None:
    fill(store, 30)
    browser.cookies.set("lang", "zh")
    if path == "paper":
        path = browser.get("/papers/arxiv:1711.00001").headers["location"]
    answer = browser.get(path)
    assert answer.status_code == 200
    text = re.sub(r"<!--.*?-->|<(script|style|svg).*?</\1>", "", answer.text, flags=re.S)
    text = re.sub(r"</?(span|strong|time|small|code|p|b|i)\b[^>]*>", "", text)
    wrong = re.findall(
        r"[\u4e00-\u9fff][^\S\n]*[,:(;][^\n<]{0,20}|[。，：；] [\u4e00-\u9fff]", text
    )
    assert wrong == []
