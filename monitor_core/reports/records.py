"""Results as flat records, for the formats that machines read. Pure."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias

from monitor_core.drift.results import FeatureDrift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.reports.document import Document

__all__ = ["COLUMNS", "Scalar", "records"]

Scalar: TypeAlias = str | int | float | bool | tuple[str, ...] | None

COLUMNS = ("granule", "segment", *(field.name for field in fields(FeatureDrift)))
"""Names of the values of a record, in order; stable: new ones are added at the end."""


def records(document: Document) -> Iterator[tuple[Scalar, ...]]:
    """Give one record for each segment, granule and feature, in that order; NaN becomes None."""
    for result in document.results:
        for drift in result.features:
            yield (result.granule, result.segment, *(_scalar(drift, name) for name in COLUMNS[2:]))


def _scalar(drift: FeatureDrift, name: str) -> Scalar:
    value = getattr(drift, name)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, str) else value
