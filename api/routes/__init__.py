"""One router per noun; `ROUTERS` is the list of them."""

from api.routes import (
    digests,
    explain,
    feedback,
    feeds,
    health,
    papers,
    signup,
    sources,
    subscriptions,
    topics,
    watches,
)

ROUTERS = (
    feedback.router,  # before papers, whose last route takes every path
    explain.router,
    papers.router,
    topics.router,
    digests.router,
    sources.router,
    watches.router,
    subscriptions.router,
    signup.router,
    feeds.router,
    health.router,
)
