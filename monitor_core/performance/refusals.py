"""Why rows were kept out: a count and the first examples of each reason, however many rows there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Refusals"]

_EXAMPLES = 3
_LONGEST = 40


@dataclass(slots=True)
class _Reason:
    rows: int = 0
    examples: list[str] = field(default_factory=list)


class Refusals:
    """Collects the bad rows of one delivery.

    Examples
    --------
    >>> import numpy as np
    >>> bad = Refusals()
    >>> bad.add("column 'score'", "allowed are numbers from 0 to 1", np.array([7, 9]), lambda place: [1.5, -2][place])
    >>> bad.n_rows, bad.texts()
    (2, ("column 'score': 2 rows (row 7: 1.5, row 9: -2); allowed are numbers from 0 to 1",))
    """

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], _Reason] = {}

    def copy(self) -> Refusals:
        """Return another that starts with the same."""
        made = Refusals()
        made._reasons = {key: _Reason(item.rows, list(item.examples)) for key, item in self._reasons.items()}
        return made

    @property
    def n_rows(self) -> int:
        """Rows kept out."""
        return sum(reason.rows for reason in self._reasons.values())

    def add(
        self,
        thing: str,
        allowed: str,
        numbers: NDArray[np.int64],
        value: Callable[[int], object],
    ) -> None:
        """Keep rows out: their numbers in the file, from 1, and the value of the i-th of them."""
        if not numbers.size:
            return
        reason = self._reasons.setdefault((thing, allowed), _Reason())
        reason.rows += int(numbers.size)
        for place in range(min(numbers.size, _EXAMPLES - len(reason.examples))):
            shown = repr(value(place))
            shown = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 2] + "…" + shown[-1]
            reason.examples.append(f"row {int(numbers[place]):,}: {shown}")

    def texts(self) -> tuple[str, ...]:
        """Return one sentence a reason, the most frequent first."""
        ordered = sorted(self._reasons.items(), key=lambda item: -item[1].rows)
        return tuple(_text(thing, allowed, reason) for (thing, allowed), reason in ordered)


def _text(thing: str, allowed: str, reason: _Reason) -> str:
    rows = f"{reason.rows:,} row" + ("" if reason.rows == 1 else "s")
    more = ", ..." if reason.rows > len(reason.examples) else ""
    return f"{thing}: {rows} ({', '.join(reason.examples)}{more}); {allowed}"
