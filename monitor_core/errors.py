"""The exceptions of the package, one small tree.

::

    MonitorError                 root: `message` says what happened, `hint` what to do
    ├── InvalidInput             a value given by the user is not acceptable
    │   └── Refused              an uploaded file cannot be accepted; carries every reason
    ├── InvalidSetting           a setting is unknown or out of range
    ├── NotFound                 the named thing does not exist
    ├── Conflict                 the action does not fit the present state
    ├── Unavailable              a source, database or server cannot be reached
    ├── MissingExtra             an optional dependency is not installed
    └── Cancelled                the work was cancelled at the user's request

"Not enough data" is a result, never an exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Cancelled",
    "Conflict",
    "InvalidInput",
    "InvalidSetting",
    "MissingExtra",
    "MonitorError",
    "NotFound",
    "Refused",
    "Unavailable",
]


class MonitorError(Exception):
    """Anything the package reports on purpose.

    Parameters
    ----------
    message
        Names the thing, the offending value and what was allowed.
    hint
        What the reader can do about it; may be empty.

    Examples
    --------
    >>> str(MonitorError("no baseline for model 'churn'", hint="upload one first"))
    "no baseline for model 'churn' (upload one first)"
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidInput(MonitorError, ValueError):
    """A value given by the user is not acceptable."""


class Refused(InvalidInput):
    """An uploaded file cannot be accepted; `reasons` lists every cause found.

    Parameters
    ----------
    message
        One line that names the file.
    reasons
        One sentence a cause, each naming column, row, value and what was allowed.
    """

    def __init__(self, message: str, *, reasons: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"- {reason}" for reason in self.reasons)])


class InvalidSetting(MonitorError, ValueError):
    """A setting is unknown or its value is out of range."""


class NotFound(MonitorError, LookupError):
    """The named thing does not exist."""


class Conflict(MonitorError):
    """The action does not fit the present state (already exists, already active, archived)."""


class Unavailable(MonitorError):
    """A source, database or server cannot be reached."""


class MissingExtra(MonitorError, ImportError):
    """An optional dependency is not installed; the message names the extra to install."""


class Cancelled(MonitorError):
    """The work was cancelled at the user's request."""
