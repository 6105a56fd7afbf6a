"""Predictions and labels as rows in a request, taken in at once: the answer says what became of each row."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from monitor_core.asgi.context import answer
from monitor_core.asgi.reading import sender, version_of
from monitor_core.errors import InvalidInput
from monitor_core.jobs.deliveries import ON_BAD, plain_delivery
from monitor_core.jobs.rows import table_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from monitor_core.asgi.context import Context

__all__ = ["LARGEST_BODY", "take_rows"]

LARGEST_BODY = 32 << 20
_LONGEST_KEY = 200
_KEYS = ("rows", "on_bad", "actor", "idempotency_key")


def take_rows(context: Context, request: Request, body: dict[str, Any], kind: str) -> Response:
    """Take rows in and answer with the delivery; the same key again gets the first answer."""
    services, ref = context.services, version_of(context, request)
    for key in body:
        if key not in _KEYS:
            raise InvalidInput(f"{key!r} is not known", hint=f"known are {', '.join(_KEYS)}")
    rows, on_bad = body.get("rows"), body.get("on_bad", "keep")
    if not isinstance(rows, list):
        raise InvalidInput("'rows' is missing or no list", hint='{"rows": [{"entity_id": "a17", ...}, ...]}')
    if on_bad not in ON_BAD:
        raise InvalidInput(f"on_bad {str(on_bad)[:60]!r} is not known", hint=f"one of {', '.join(ON_BAD)}")
    table, roles = table_of(rows, kind)
    batch = plain_delivery(
        services, ref, table, roles, kind, key=_key(request, body), on_bad=on_bad, actor=sender(body.get("actor"))
    )
    names = (
        *("batch_id", "kind", "n_rows", "n_accepted", "n_duplicates", "n_refused", "n_orphans", "n_corrections"),
        *("first_granule", "last_granule", "is_repeat"),
    )
    said = {name: getattr(batch, name) for name in names}
    return answer({"delivery": said | {"reasons": list(batch.reasons)}}, status=200 if batch.is_repeat else 201)


def _key(request: Request, body: dict[str, Any]) -> str:
    """Return the sender's key; without one each request is a delivery of its own, and only the same rows are known."""
    given = request.headers.get("idempotency-key") or body.get("idempotency_key")
    if given is None:
        return ""
    if not isinstance(given, str) or not 1 <= len(given) <= _LONGEST_KEY:
        raise InvalidInput("the idempotency key is not a text of 1 to 200 characters")
    return f"sender {hashlib.sha256(given.encode()).hexdigest()}"
