"""Progress of work in parts."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "between"]

Progress = Callable[[float, str], None]
"""Told the share done (0..1) and a note; may raise `Cancelled`."""


def between(progress: Progress, first: float, last: float) -> Progress:
    """Return a progress that fills the part from `first` to `last` of another.

    Examples
    --------
    >>> between(lambda share, note: print(share, note), 0.5, 1.0)(0.5, "halfway")
    0.75 halfway
    """
    return lambda share, note: progress(first + (last - first) * share, note)
