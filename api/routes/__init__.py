"""One router per noun; `ROUTERS` is the list of them."""

from api.routes import (
    digests,
    discover,
    explain,
    feedback,
    feeds,
    health,
    labels,
    papers,
    rulings,
    signup,
    sources,
    subscriptions,
    topics,
    watches,
)

ROUTERS = (
    discover.router,
    feedback.router,
    rulings.router,
    explain.router,  # these before papers, whose last route takes every path
    papers.router,
    topics.router,
    labels.router,
    digests.router,
    sources.router,
    watches.router,
    subscriptions.router,
    signup.router,
    feeds.router,
    health.router,
)
