"""One line of a log, read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LogRow", "Scalar"]

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of a log, read.

    Attributes
    ----------
    ts
        Microseconds since 1970, UTC.
    level
        10 debug ... 50 critical, as `logging` has it; 0 when the line says none.
    context
        The service's own fields, flat: nested names joined by dots; a name with several values stands several times.
    file
        The name of the file, as it was when its first line was read.
    kind
        What the file is: ``app``, ``audit`` ...
    file_id, end
        Which file, and where the line ends in it (bytes, unpacked): what tells two equal lines apart.
    raw
        The line itself.
    """

    ts: int
    level: int = 0
    logger: str = ""
    message: str = ""
    exception: str = ""
    trace_id: str = ""
    context: tuple[tuple[str, Scalar], ...] = ()
    file: str = ""
    kind: str = ""
    file_id: int = 0
    end: int = 0
    raw: str = ""

    def values(self, field: str) -> tuple[Scalar, ...]:
        """Return what stands in a field; () when nothing does.

        Examples
        --------
        >>> row = LogRow(0, level=40, context=(("ticker", "AAPL"),))
        >>> row.values("context.ticker"), row.values("level"), row.values("logger")
        (('AAPL',), (40,), ())
        """
        if field.startswith("context."):
            name = field[8:]
            return tuple(value for key, value in self.context if key == name)
        value: Scalar = getattr(self, field)
        return (value,) if field == "ts" or value else ()
