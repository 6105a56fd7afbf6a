"""What is wrong with a query, where, and what to write instead."""

from __future__ import annotations

from monitor_core.errors import InvalidInput

__all__ = ["QueryError"]


class QueryError(InvalidInput):
    """A query cannot be read.

    Parameters
    ----------
    message
        What is wrong.
    column
        Where, counted from 1.
    hint
        What to write instead.

    Examples
    --------
    >>> str(QueryError("unknown field 'levle'", column=1, hint="level"))
    "column 1: unknown field 'levle' (level)"
    """

    def __init__(self, message: str, *, column: int, hint: str) -> None:
        super().__init__(f"column {column}: {message}", hint=hint)
        self.column = column
