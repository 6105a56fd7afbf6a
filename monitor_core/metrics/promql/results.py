"""What a query answers: labels, milliseconds and doubles, nothing of a data frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Answer", "Grid", "Labels", "Matrix", "Scalar", "String", "Value", "Vector"]

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values sorted by name, the metric's name under ``__name__``; no value is empty."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number at a moment (milliseconds since 1970)."""

    timestamp: int
    value: float


@dataclass(frozen=True, slots=True)
class String:
    """A text at a moment (milliseconds since 1970)."""

    timestamp: int
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """One value a series at one moment, in the order of the answer.

    Attributes
    ----------
    labels
        One entry a series.
    timestamp
        The moment of the question, milliseconds since 1970.
    values
        float64, one a series; NaN is a value like any other.
    """

    labels: tuple[Labels, ...]
    timestamp: int
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Samples as they were stored, each series at its own moments: the answer to ``x[5m]``.

    Attributes
    ----------
    labels
        One entry a series.
    timestamps, values
        One array a series: int64 milliseconds, float64.
    """

    labels: tuple[Labels, ...]
    timestamps: tuple[NDArray[np.int64], ...]
    values: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The answer to a range query: every series at the same steps.

    Attributes
    ----------
    labels
        One entry a series, sorted.
    timestamps
        int64 milliseconds since 1970, one a step.
    values
        float64, steps x series; NaN where a series has no value.
    present
        bool, steps x series; false where a series has no value. A value that is itself NaN is present.

    Examples
    --------
    >>> import numpy as np
    >>> grid = Grid(
    ...     labels=((("job", "api"),),),
    ...     timestamps=np.array([0, 1000]),
    ...     values=np.array([[1.5], [np.nan]]),
    ...     present=np.array([[True], [False]]),
    ... )
    >>> [(dict(labels), stamps.tolist(), values.tolist()) for labels, stamps, values in grid.series()]
    [({'job': 'api'}, [0], [1.5])]
    """

    labels: tuple[Labels, ...]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]
    present: NDArray[np.bool_]

    def series(self) -> Iterator[tuple[Labels, NDArray[np.int64], NDArray[np.float64]]]:
        """Give each series without the steps at which it has no value."""
        for column, labels in enumerate(self.labels):
            there = self.present[:, column]
            yield labels, self.timestamps[there], self.values[there, column]


Value: TypeAlias = Scalar | String | Vector | Matrix | Grid


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query answered.

    Attributes
    ----------
    value
        `Scalar`, `String`, `Vector` or `Matrix` from an instant query, always `Grid` from a range query.
    warnings, infos
        Prometheus's own sentences, each ending in the line and column meant; sorted.
    samples
        Samples that were looked at.
    """

    value: Value
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    samples: int = 0
