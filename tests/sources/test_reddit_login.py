"""Asking Reddit with a key: a token first, and what may come in its place."""

import pytest

from aggregator.errors import BrokenError, ChallengedError, SourceError, ThrottledError
from tests.sources.test_reddit import FakeContext, FakeReddit, make_source


def test_with_a_key_the_json_listing_is_asked_with_a_token():
    source = make_source(key=True, base_url="http://h/reddit/", oauth_url="http://h/reddit-oauth")
    ctx = FakeContext(FakeReddit(5))
    ctx.run(source)
    assert ctx.http.log == [
        ("http://h/reddit/api/v1/access_token", {"grant_type": "client_credentials"}),
        (
            "http://h/reddit-oauth/r/MachineLearning+quiet/new",
            {"limit": "100", "raw_json": "1", "Authorization": "bearer t0k3n"},
        ),
    ]


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (b"<!DOCTYPE html><title>Just a moment...</title>", ChallengedError),
        (b"<html><body>whoa there, pardner!</body></html>", ThrottledError),
        (b"<html><body>Sign up</body></html>", BrokenError),
        (b'{"message": "Unauthorized"}', BrokenError),
    ],
)
def test_a_page_in_place_of_the_token_is_told_apart(token: bytes, error: type[SourceError]):
    with pytest.raises(error):
        FakeContext(FakeReddit(5, token=token)).run(make_source(key=True))
