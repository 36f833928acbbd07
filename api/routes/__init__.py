"""One router per noun; `ROUTERS` is the list of them."""

from api.routes import digests, health, papers, sources, topics

ROUTERS = (papers.router, topics.router, digests.router, sources.router, health.router)
