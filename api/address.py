"""Where we are, for links that must be absolute."""

from fastapi import Request

from api.deps import Services


def base_url(request: Request) -> str:
    """The public address, without a slash at its end; the one that was asked, if none is set."""
    services: Services = request.app.state.services
    return services.base_url or str(request.base_url).rstrip("/")
