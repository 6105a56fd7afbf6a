"""What every route needs, kept with the application."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from monitor_core.asgi.access import Denied
from monitor_core.asgi.performance_metrics import PerformanceFigures
from monitor_core.errors import Conflict, InvalidInput, InvalidSetting, MissingExtra, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import anyio
    from sqlalchemy.exc import SQLAlchemyError
    from starlette.requests import Request

    from monitor_core.asgi.access import Access
    from monitor_core.errors import MonitorError
    from monitor_core.runtime import Services

__all__ = ["Context", "answer", "database_down", "told"]

UPLOADS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Context:
    """The services, who may use them, and how many uploads may run at once."""

    services: Services
    access: Access
    uploads: anyio.CapacityLimiter
    figures: PerformanceFigures = field(default_factory=PerformanceFigures)
    """Performance as `/metrics` last told it."""


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer that nobody may keep."""
    body = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False).encode()
    return Response(
        body, status, media_type="application/json", headers={"cache-control": "no-store", **(headers or {})}
    )


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


_STATUS: tuple[tuple[type[MonitorError], int], ...] = (
    (Denied, 401),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 422),
    (InvalidInput, 422),
    (InvalidSetting, 422),
    (MissingExtra, 501),
    (Unavailable, 503),
)


def told(_request: Request, error: MonitorError) -> Response:
    """Answer an error of ours: the status says whose fault, the body why and what to do."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    reasons = list(error.reasons) if isinstance(error, Refused) else []
    body = {"error": {"message": error.message, "hint": error.hint, "reasons": reasons}}
    return answer(body, status=status, headers={"www-authenticate": "Bearer"} if status == 401 else None)


def database_down(_request: Request, _error: SQLAlchemyError) -> Response:
    """Answer that the database is out of reach; what it said may hold addresses and stays here."""
    message = {"message": "the database did not answer", "hint": "see /api/health", "reasons": []}
    return answer({"error": message}, status=503, headers={"retry-after": "5"})
