"""The words of a rule: a bounded part of Prometheus' templates, everything else refused by name.

Known are ``{{ $value }}``, ``{{ $labels.job }}`` (also ``.Value`` and ``.Labels.job``) and, called or piped,
``humanize``, ``humanize1024``, ``humanizeDuration``, ``humanizePercentage`` and ``printf`` with one verb. Each gives
what Prometheus gives.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Template", "expand", "go_number", "humanize", "humanize_duration", "humanize_percentage", "template"]

_ACTION = re.compile(r"(?P<before>.*?)(?:\{\{(?P<left>-(?=\s))?(?P<inside>.*?)(?P<right>(?<=\s)-)?\}\}|\Z)", re.DOTALL)
_WORD = re.compile(
    r"""\s*(?:(?P<label>(?:\$labels|\.Labels)\.(?P<name>[A-Za-z_][A-Za-z0-9_]*))|(?P<value>\$value|\.Value)(?![\w.])
    |(?P<text>"[^"\\]*")|(?P<pipe>\|)|(?P<word>[^\s|]+))""",
    re.VERBOSE,
)
_VERB = re.compile(r"[^%]*%(?:(?:\.\d{1,2})?[feg]|v|s)(?:[^%]|%%)*")
_FUNCTIONS = ("humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "printf")


@dataclass(frozen=True, slots=True)
class _Action:
    """What stands in braces: where it starts, and what it goes through."""

    source: str
    """Name of a label; empty is the value."""
    steps: tuple[tuple[str, str], ...] = ()
    """(function, format)"""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with actions, read and checked."""

    parts: tuple[str | _Action, ...]

    def expand(self, value: float, labels: Mapping[str, str]) -> str:
        """Write the text for one series; a label that is absent is empty."""
        return "".join(part if isinstance(part, str) else _run(part, value, labels) for part in self.parts)


def expand(text: str, value: float, labels: Mapping[str, str]) -> str:
    """Read a text and write it for one series.

    Examples
    --------
    >>> expand("{{ $labels.job }}: {{ $value | humanizePercentage }} fail", 0.0525, {"job": "api"})
    'api: 5.25% fail'
    """
    return template(text).expand(value, labels)


@lru_cache(maxsize=1024)
def template(text: str) -> Template:
    """Read a text with actions.

    Raises
    ------
    InvalidInput
        Names the action that is not known.
    """
    parts: list[str | _Action] = []
    place, trim = 0, False
    while place <= len(text):
        found = _ACTION.match(text, place)
        if found is None:  # cannot be: the pattern also matches nothing at the end
            break
        before = found["before"].lstrip() if trim else found["before"]
        parts.append(before.rstrip() if found["left"] else before)
        if found["inside"] is None:
            _check_closed(before, text)
            break
        parts.append(_action(found["inside"]))
        place, trim = found.end(), bool(found["right"])
    return Template(tuple(part for part in parts if part != ""))


def _check_closed(rest: str, text: str) -> None:
    if "{{" in rest:
        raise InvalidInput(f"{text!r} opens an action that never ends", hint="{{ ... }}")


def _refuse(inside: str, what: str) -> InvalidInput:
    known = "$value, $labels.name, " + ", ".join(_FUNCTIONS)
    return InvalidInput(f"the template {{{{{inside}}}}} is not supported: {what}", hint=f"known are {known}")


def _words(inside: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = inside.strip()
    while place < len(text):
        match = _WORD.match(text, place)
        if match is None or match.lastgroup is None:
            raise _refuse(inside, repr(text[place:]))
        kind = "label" if match["label"] else match.lastgroup
        found.append((kind, match["name"] if kind == "label" else match[kind]))
        place = match.end()
    return found


def _action(inside: str) -> _Action:
    words = _words(inside)
    stages: list[list[tuple[str, str]]] = [[]]
    for word in words:
        if word[0] == "pipe":
            stages.append([])
        else:
            stages[-1].append(word)
    first, *rest = stages
    source, steps = _first(inside, first)
    return _Action(source, (*steps, *(_step(inside, stage) for stage in rest)))


def _first(inside: str, stage: list[tuple[str, str]]) -> tuple[str, tuple[tuple[str, str], ...]]:
    if not stage:
        raise _refuse(inside, "nothing stands there")
    *call, (kind, text) = stage
    if kind not in {"label", "value"}:
        raise _refuse(inside, repr(text))
    return (text if kind == "label" else ""), ((_step(inside, call),) if call else ())


def _step(inside: str, stage: list[tuple[str, str]]) -> tuple[str, str]:
    match stage:
        case [("word", "printf"), ("text", form)] if _VERB.fullmatch(form[1:-1]):
            return "printf", form[1:-1]
        case [("word", name)] if name in _FUNCTIONS and name != "printf":
            return name, ""
    raise _refuse(inside, repr(" ".join(text for _, text in stage)))


def _run(action: _Action, value: float, labels: Mapping[str, str]) -> str:
    result: float | str = labels.get(action.source, "") if action.source else value
    for name, form in action.steps:
        result = _printf(form, result) if name == "printf" else _HUMAN[name](_number(result))
    return result if isinstance(result, str) else go_number(result)


def _number(value: float | str) -> float:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        raise InvalidInput(f"{value!r} is not a number") from None


def _printf(form: str, value: float | str) -> str:
    verb = re.search(r"%(\.\d+)?([fegvs])", form)
    if verb is None:  # checked when the template was read
        return form
    if verb[2] in "vs":
        shown = value if isinstance(value, str) else go_number(value)
        if verb[2] == "s" and not isinstance(value, str):
            raise InvalidInput("printf: %s needs a text, the value is a number", hint="%v, %f, %g")
    else:
        number = _number(value) if not isinstance(value, str) else _no_text(verb[0])
        if math.isfinite(number):
            shown = go_number(number) if verb[0] == "%g" else verb[0] % number
        else:
            shown = go_number(number)
    return (form[: verb.start()] + "\0" + form[verb.end() :]).replace("%%", "%").replace("\0", shown)


def _no_text(verb: str) -> float:
    raise InvalidInput(f"printf: {verb} needs a number, a label is a text", hint="%s")


def go_number(value: float) -> str:
    """Write a number as Go's templates do: the shortest digits, an exponent from 1e21 and below 1e-4.

    Examples
    --------
    >>> go_number(12.0), go_number(0.00001), go_number(1e21), go_number(float("inf"))
    ('12', '1e-05', '1e+21', '+Inf')
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    if 1e-4 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    return f"{digits}e{exponent[0]}{exponent[1:].zfill(2)}"


def _short(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else go_number(value)


def _scaled(value: float, step: float) -> tuple[float, str]:
    prefix = ""
    if abs(value) >= 1:
        for name in "kMGTPEZY":
            if abs(value) < step:
                break
            prefix, value = name, value / step
    else:
        for name in "munpfazy":
            if abs(value) >= 1:
                break
            prefix, value = name, value * step
    return value, prefix


def humanize(value: float) -> str:
    """Write a number with four digits and a metric prefix.

    Examples
    --------
    >>> humanize(1234567.0), humanize(0.0123), humanize(0.0)
    ('1.235M', '12.3m', '0')
    """
    if value == 0 or not math.isfinite(value):
        return _short(value)
    scaled, prefix = _scaled(value, 1000)
    return _short(scaled) + prefix


def _humanize_1024(value: float) -> str:
    if abs(value) <= 1 or not math.isfinite(value):
        return _short(value)
    scaled, prefix = _scaled(value, 1024)
    return _short(scaled) + (f"{prefix}i" if prefix else "")


def humanize_percentage(value: float) -> str:
    """Write a share as percent with four digits.

    Examples
    --------
    >>> humanize_percentage(0.0525)
    '5.25%'
    """
    return f"{_short(value * 100)}%"


def humanize_duration(value: float) -> str:
    """Write seconds for people.

    Examples
    --------
    >>> humanize_duration(3661.0), humanize_duration(0.25), humanize_duration(12.5)
    ('1h 1m 1s', '250ms', '12.5s')
    """
    if not math.isfinite(value):
        return _short(value)
    if value == 0 or 1 <= abs(value) < 60:
        return f"{_short(value)}s"
    if abs(value) < 1:
        scaled, prefix = _scaled(value, 1000)
        return f"{_short(scaled)}{prefix}s"
    whole = int(abs(value))
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return ("-" if value < 0 else "") + " ".join(f"{count}{unit}" for count, unit in parts[first:])


_HUMAN = {
    "humanize": humanize,
    "humanize1024": _humanize_1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
}
