"""Uploads over HTTP: the body goes to disk as it comes, never as a whole through memory."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, BinaryIO

import anyio
from anyio import from_thread, to_thread
from starlette.requests import ClientDisconnect

from monitor_core.asgi.context import answer
from monitor_core.asgi.reading import sender
from monitor_core.errors import InvalidInput, Refused, Unavailable
from monitor_core.jobs import commands
from monitor_core.snapshots.purposes import PURPOSES
from monitor_core.snapshots.roles import Roles
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

    from monitor_core.asgi.context import Context

__all__ = ["Body", "upload"]

_SECONDS_A_CHUNK = 60.0


class Body(io.RawIOBase):
    """The body of a request as a file for a thread: each read waits for the next chunk.

    Parameters
    ----------
    chunks
        The request's stream, in the event loop.
    limit
        Bytes above which reading refuses.
    """

    def __init__(self, chunks: AsyncIterator[bytes], *, limit: int) -> None:
        self._chunks = chunks
        self._limit = limit
        self._rest = memoryview(b"")
        self._total = 0

    def readable(self) -> bool:
        """Return True: it can be read, once."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the stream; 0 at its end."""
        while not self._rest:
            chunk = from_thread.run(self._next)
            if chunk is None:
                return 0
            self._total += len(chunk)
            if self._total > self._limit:
                raise too_large(self._limit)
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    async def _next(self) -> bytes | None:
        try:
            with anyio.fail_after(_SECONDS_A_CHUNK):
                return await anext(self._chunks, None)
        except TimeoutError:
            raise Unavailable("the upload stood still for a minute", hint="send it again") from None
        except ClientDisconnect:
            raise Unavailable("the upload broke off", hint="send it again; nothing of it was kept") from None


def too_large(limit: int) -> Refused:
    """Return the refusal of a body that is larger than allowed."""
    return Refused(f"the upload is larger than {limit:,} bytes", hint="the setting snapshots.max_bytes allows more")


async def upload(context: Context, request: Request) -> Response:
    """Stage the body, accept it and queue the work: 202 with the job, or 200 for a file that is there already."""
    context.access.check_write(request)
    ref = ModelRef(request.path_params["model_id"], request.path_params["version"])
    limit = context.services.settings.snapshots.max_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    body = io.BufferedReader(Body(request.stream(), limit=limit), buffer_size=1 << 20)
    return await to_thread.run_sync(_take, context, ref, request.query_params, body, limiter=context.uploads)


def _take(context: Context, ref: ModelRef, query: QueryParams, body: BinaryIO) -> Response:
    services, actor = context.services, sender(query.get("actor"))
    purpose, given, keep_rows = _purpose(query), _roles(query), _flag(query, "keep_rows")
    services.models.version(ref)
    accepted = commands.accept_upload(
        services,
        [(query.get("filename") or "upload", body)],
        ref,
        purpose=purpose,
        roles=lambda proposed: given or proposed,
        keep_rows=keep_rows,
        on_bad=query.get("on_bad", "keep"),
        actor=actor,
    )
    if accepted.job_id is None:
        return answer({"snapshot_id": accepted.snapshot_id, "duplicate": True})
    location = {"location": f"/api/v1/jobs/{accepted.job_id}"}
    return answer({"snapshot_id": accepted.snapshot_id, "job_id": accepted.job_id}, status=202, headers=location)


def _purpose(query: QueryParams) -> Any:
    purpose = query.get("purpose", "current")
    if purpose not in PURPOSES:
        raise InvalidInput(f"purpose {purpose!r} is not known", hint=f"one of {', '.join(PURPOSES)}")
    return purpose


def _roles(query: QueryParams) -> Roles | None:
    text = query.get("roles")
    if not text:
        return None
    try:
        return Roles.from_json(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, InvalidInput):
            raise
        hint = 'write {"columns": [["age", "feature"], ...], "fixed_date": null, "segment": null}'
        raise InvalidInput("roles cannot be read", hint=hint) from None


def _flag(query: QueryParams, name: str) -> bool | None:
    text = query.get(name, "").lower()
    if text in {"", "1", "true", "yes", "0", "false", "no"}:
        return None if not text else text in {"1", "true", "yes"}
    raise InvalidInput(f"{name} {text!r} is neither true nor false")
