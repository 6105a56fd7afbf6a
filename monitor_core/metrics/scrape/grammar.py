"""The words of a page of metrics: where a series ends, what an exemplar is, which texts are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["EXEMPLAR", "BadPage", "end_of_series", "floats", "parsed", "shown", "without_exemplar"]

EXEMPLAR = " # {"
"""What stands between a value and its exemplar."""

_LONGEST_SHOWN = 80


class BadPage(Exception):
    """A page is not in the text format of Prometheus or OpenMetrics; the message names the line."""


def parsed(sample: str, line: str, number: int) -> tuple[str, dict[str, str]]:
    """Read one sample with the parser of prometheus_client: name and labels."""
    try:
        (family,) = text_string_to_metric_families(sample)
        (found,) = family.samples
    except (ValueError, IndexError) as error:
        cause = f": {error}" if str(error) else ""
        raise BadPage(f"line {number + 1}: {shown(line)} cannot be read{cause[:200]}") from None
    return found.name, dict(found.labels)


def end_of_series(line: str) -> int:
    """Return where a series ends: after the brace that closes its labels, else at the first blank.

    Examples
    --------
    >>> end_of_series('hits{path="a } b"} 1'), end_of_series("hits 1"), end_of_series('hits 1 # {id="a"} 1')
    (18, 4, 4)
    """
    brace = line.find("{")
    if brace < 0 or line.endswith(EXEMPLAR, 0, brace + 1):
        return min((at for at in (line.find(" "), line.find("\t")) if at >= 0), default=len(line))
    at, quoted = brace + 1, False
    while at < len(line):
        character = line[at]
        if quoted and character == "\\":
            at += 1
        elif character == '"':
            quoted = not quoted
        elif character == "}" and not quoted:
            return at + 1
        at += 1
    return len(line)


def without_exemplar(line: str) -> tuple[str, str]:
    """Split a line at the exemplar that stands outside of its labels.

    Examples
    --------
    >>> without_exemplar('hits{path=" # {"} 1 # {id="a"} 0.5')
    ('hits{path=" # {"} 1', '{id="a"} 0.5')
    """
    at = line.find(EXEMPLAR, end_of_series(line))
    return (line, "") if at < 0 else (line[:at], line[at + len(EXEMPLAR) - 1 :])


def floats(texts: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    """Read numbers; the first that is none is named in the error, with what it belongs to."""
    try:
        found = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
        if not any("_" in text for text in texts):
            return found
    except ValueError:
        pass
    at = next(at for at, text in enumerate(texts) if not _is_float(text))
    raise BadPage(f"{shown(names[at])}: {shown(texts[at])} is not a number")


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def shown(text: str) -> str:
    """Shorten a text for a message."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
