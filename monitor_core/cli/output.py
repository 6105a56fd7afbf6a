"""What commands print: a plain table or JSON on stdout, progress on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

__all__ = ["fields", "plain", "print_json", "show", "table"]


def plain(value: Any) -> Any:
    """Turn results into what JSON knows: moments as ISO text, models as ``id version``, NaN as null.

    Examples
    --------
    >>> from monitor_core.values import ModelRef, Severity
    >>> plain({"ref": ModelRef("churn", "1"), "worst": Severity.HIGH, "psi": float("nan")})
    {'ref': {'model_id': 'churn', 'version': '1'}, 'worst': 'high', 'psi': None}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
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


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def show(value: Any, text: str, *, as_json: bool) -> None:
    """Print the value as JSON, or else the text."""
    if as_json:
        print_json(value)
    else:
        sys.stdout.write(text + "\n" if text else "")


def table(rows: Sequence[Sequence[Any]], head: Sequence[str], *, empty: str = "nothing here") -> str:
    """Lay rows out in columns; numbers to the right.

    Examples
    --------
    >>> print(table([["a", 1], ["longer", 20]], ["name", "rows"]))
    name    rows
    a          1
    longer    20
    """
    if not rows:
        return empty
    cells = [[_cell(value) for value in row] for row in rows]
    is_number = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(head))]
    widths = [max(len(head[i]), *(len(row[i]) for row in cells)) for i in range(len(head))]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in ([str(name) for name in head], *cells)
    ]
    return "\n".join(lines)


def fields(pairs: Mapping[str, Any]) -> str:
    """Lay named values out, one a line.

    Examples
    --------
    >>> print(fields({"model": "churn", "rows": 12}))
    model  churn
    rows   12
    """
    width = max(map(len, pairs), default=0)
    return "\n".join(f"{name.ljust(width)}  {_cell(value)}" for name, value in pairs.items())


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
    return "".join(
        character if character.isprintable() else " "
        for character in str(value.value if isinstance(value, Enum) else value)
    )
