"""What is counted of predictions: label, confidence, version."""

from __future__ import annotations

from collections import Counter as Tally
from itertools import repeat
from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HIGH", "MEDIUM", "confidence_level", "tally"]

HIGH = 0.75
MEDIUM = 0.55


def confidence_level(confidence: float | None) -> str:
    """Return the level of a confidence: high from .75, medium from .55, low below; unknown where there is none.

    Examples
    --------
    >>> [confidence_level(value) for value in (0.75, 0.7499, 0.55, 0.0, None, float("nan"))]
    ['high', 'medium', 'medium', 'low', 'unknown', 'unknown']
    """
    if confidence is None or confidence != confidence:  # noqa: PLR0124 - NaN differs from itself
        return "unknown"
    if confidence >= HIGH:
        return "high"
    return "medium" if confidence >= MEDIUM else "low"


def tally(labels: Iterable[object], confidences: Iterable[float | None] | None) -> Tally[tuple[str, str]]:
    """Return how often each label comes with each level of confidence.

    Raises
    ------
    InvalidInput
        When there are more of one than of the other.

    Examples
    --------
    >>> sorted(tally([1, 1, 0], [0.9, 0.8, 0.2]).items())
    [(('0', 'low'), 1), (('1', 'high'), 2)]
    """
    given = repeat(None) if confidences is None else confidences
    try:
        pairs = list(zip(labels, given, strict=confidences is not None))
    except ValueError as error:
        raise InvalidInput(f"labels and confidences differ in number: {error}") from error
    return Tally((str(label), confidence_level(confidence)) for label, confidence in pairs)
