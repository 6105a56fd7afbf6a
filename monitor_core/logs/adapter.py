"""`get_logger_with_context`: a logger whose lines say the same thing each time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

__all__ = ["ContextLogger", "get_logger_with_context"]


class ContextLogger(logging.LoggerAdapter[logging.Logger]):
    """A `LoggerAdapter` that adds trace and context without taking away the ``extra`` of a call."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Return message and arguments with what every line says; what the call says comes first."""
        own = self.extra or {}
        given = kwargs.get("extra")
        if not given:
            kwargs["extra"] = own
            return msg, kwargs
        merged = {**own, **given}
        mine, theirs = own.get("context"), given.get("context")
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            merged["context"] = {**mine, **theirs}
        kwargs["extra"] = merged
        return msg, kwargs


def get_logger_with_context(
    name: str, trace_id: str | None = None, context: Mapping[str, Any] | None = None
) -> ContextLogger:
    """Return a logger that writes `trace_id` and `context` with every line.

    Parameters
    ----------
    name
        The logger's name.
    trace_id
        Any text. None: the running trace at the time of each line, where there is one.
    context
        What else each line says; what is bound (`bind`, `scope`) and what a call adds stand beside it.

    Examples
    --------
    >>> logger = get_logger_with_context("api", trace_id="17", context={"endpoint": "/predict"})
    >>> logger.process("scored", {"extra": {"context": {"rows": 3}}})[1]["extra"]
    {'trace_id': '17', 'context': {'endpoint': '/predict', 'rows': 3}}
    """
    extra: dict[str, Any] = {}
    if trace_id is not None:
        extra["trace_id"] = str(trace_id)
    if context is not None:
        extra["context"] = dict(context)
    return ContextLogger(logging.getLogger(name), extra)
