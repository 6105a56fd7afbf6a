"""Results as values that JSON knows. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import numpy as np

__all__ = ["json_values"]


def json_values(value: Any) -> Any:
    """Return a result as dictionaries, lists, texts and numbers; what is no number is null.

    Keys that are numbers, such as the relative drops of probabilities, are written as short as they can be.

    Examples
    --------
    >>> from monitor_core.values import ModelRef, Severity
    >>> json_values({"ref": ModelRef("churn", "1"), "level": Severity.HIGH, "p": {0.05: float("nan")}})
    {'ref': {'model_id': 'churn', 'version': '1'}, 'level': 'high', 'p': {'0.05': None}}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_values(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {f"{key:g}" if isinstance(key, float) else str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_values(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return value
    return str(value)
