"""Everything Daypaper raises on purpose.

    DaypaperError
    ├── UsageError            bad settings, topics.toml or arguments: exit code 2
    ├── NotFoundError         an id that names nothing here: HTTP 404
    └── SourceError           a source could not give (all of) what it should; carries the run status
        ├── UnreachableError  failed: no connection, no name, time-out, 5xx
        ├── RefusedError      failed: an address we must not fetch, or 401, 403, 404 …
        ├── ThrottledError    throttled: 429, 5xx with Retry-After, Reddit's 403
        ├── SpentError        partial: the day's own budget of requests is used
        ├── ChallengedError   challenged: a bot wall: a person must act
        │   └── DeniedError   arXiv's "access denied": nothing more is asked until a person says so
        └── BrokenError       failed: the answer is not what this source answers with

A source that fails is a value, not a crash: `attempt.py` catches SourceError at the edge of one
source.
"""

from datetime import timedelta


class DaypaperError(Exception):
    """Something Daypaper can say in one sentence."""


class UsageError(DaypaperError):
    """Bad settings, topics.toml or arguments; the sentence names file or key and what was expected."""


class NotFoundError(DaypaperError):
    """An id that names nothing here."""


class SourceError(DaypaperError):
    """A source could not give what it should.

    `status` is one of the nine run statuses, `url` what was asked, `http_status` what came of it (None:
    no answer), `retry_after` how long the upstream asked us to stay away (None: it did not say). `page`
    is the beginning of what the server sent with its refusal: some say there in words what is wrong.
    """

    status = "failed"

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        http_status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.url = url
        self.http_status = http_status
        self.retry_after = retry_after
        self.page = b""


class UnreachableError(SourceError):
    """No connection, no such name, no answer in time, or a server in trouble."""


class RefusedError(SourceError):
    """The address may not be fetched, or the server said no for good."""


class ThrottledError(SourceError):
    """The upstream asks for fewer requests."""

    status = "throttled"


class SpentError(SourceError):
    """The budget of requests that we set ourselves for a day is used."""

    status = "partial"


class ChallengedError(SourceError):
    """A bot wall, or a refusal that going on would make worse."""

    status = "challenged"


class DeniedError(ChallengedError):
    """A refusal after which going on counts as an attack: the upstream is left alone until a person
    asks for a source of it by name."""


class BrokenError(SourceError):
    """The answer is not of the form that this source answers with."""
