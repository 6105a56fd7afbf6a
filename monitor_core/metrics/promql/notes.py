"""What a query says beside its answer, in Prometheus's words and with the place meant."""

from __future__ import annotations

from monitor_core.metrics.promql.syntax import place

__all__ = ["Notes"]


class Notes:
    """Collects warnings and infos; the same one counts once.

    Examples
    --------
    >>> notes = Notes("sort(x)")
    >>> notes.warning("sort is ineffective", 0)
    >>> notes.warnings
    ('PromQL warning: sort is ineffective (1:1)',)
    """

    def __init__(self, query: str) -> None:
        self._query = query
        self._warnings: set[str] = set()
        self._infos: set[str] = set()

    def warning(self, message: str, start: int) -> None:
        """Note that the answer may not be what was meant."""
        self._warnings.add(f"PromQL warning: {message} ({place(self._query, start)})")

    def info(self, message: str, start: int) -> None:
        """Note something of interest."""
        self._infos.add(f"PromQL info: {message} ({place(self._query, start)})")

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, sorted."""
        return tuple(sorted(self._warnings))

    @property
    def infos(self) -> tuple[str, ...]:
        """All infos, sorted."""
        return tuple(sorted(self._infos))
