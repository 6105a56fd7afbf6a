"""How an advice writes numbers. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitor_core.performance.advice_rules import ANY_LIKELY, DROP_CERTAIN, DROP_LIKELY

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["counted", "joined", "number", "percent"]

_BOUNDS = (0.0, DROP_LIKELY, ANY_LIKELY, DROP_CERTAIN, 1.0)


def percent(probability: float) -> str:
    """Return a probability in percent, with as many figures as keep it on its side of every bound of the rules.

    Examples
    --------
    >>> percent(0.655604), percent(0.9496), percent(0.94999999), percent(1 - 1e-9), percent(1e-9)
    ('65.6 %', '94.96 %', 'just under 95 %', 'over 99.9 %', 'under 0.1 %')
    """
    if probability < 0.001:
        return "under 0.1 %"
    if probability > 0.999:
        return "over 99.9 %"
    for digits in (1, 2, 3):
        shown = round(100.0 * probability, digits)
        if all((shown / 100.0 >= bound) == (probability >= bound) for bound in _BOUNDS):
            return f"{shown:.{digits}f} %"
    return f"just under {round(100.0 * probability)} %"


def number(value: float) -> str:
    """Return whole numbers as they are, others with one decimal, never rounded up over a bound.

    Examples
    --------
    >>> number(1234), number(29.97)
    ('1,234', '29.9')
    """
    return f"{value:,.0f}" if float(value).is_integer() else f"{math.floor(10.0 * value) / 10.0:,.1f}"


def counted(value: float, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "error"), counted(83, "error")
    ('1 error', '83 errors')
    """
    shown = number(value)
    return f"{shown} {noun}{'' if shown == '1' else 's'}"


def joined(parts: Sequence[str]) -> str:
    """Return one or more parts of a sentence as one.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a; b; and c')
    """
    return parts[0] if len(parts) == 1 else f"{'; '.join(parts[:-1])}; and {parts[-1]}"
