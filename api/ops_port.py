"""Metrics on a port of their own, away from callers."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import refusal

_ON_OPS = frozenset({"/metrics", "/health", "/v1/health"})


class OpsPort:
    """Answers on the ops port for metrics and health alone, and elsewhere not for metrics.

    Health stays on both ports: load balancers ask at the door, operators behind it.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what belongs to the port that it came by."""
        if scope["type"] == "http" and not self._belongs(scope):
            answer = refusal(404, "no such route on this port")
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _belongs(self, scope: Scope) -> bool:
        server: tuple[str, int | None] | None = scope.get("server")
        on_ops = server is not None and server[1] == self._port
        path: str = scope["path"]
        return path in _ON_OPS if on_ops else path != "/metrics"
