"""Who may do what over HTTP: reading on the machine itself, everything with the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.errors import MonitorError
from monitor_core.jobs.supervisor import is_loopback
from monitor_core.jobs.token import matches

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from monitor_core.settings import Settings

__all__ = ["Access", "Denied"]


class Denied(MonitorError):
    """The request carries no token, or a wrong one."""


class Access:
    """The rule, for one installation.

    Reads are free while the app listens on the machine itself only (nobody else can connect). On any other
    address they need the token, as writes always do. Browsers never send the token by themselves, so that no
    foreign page can write in a visitor's name.

    Parameters
    ----------
    settings
        Where the app listens.
    token
        The installation's write token.
    """

    def __init__(self, settings: Settings, token: str) -> None:
        self._reads_are_free = is_loopback(settings.host)
        self._token = token

    def check_read(self, connection: HTTPConnection) -> None:
        """Let pass, or raise `Denied`."""
        if not self._reads_are_free:
            self.check_write(connection)

    def check_write(self, connection: HTTPConnection) -> None:
        """Let pass, or raise `Denied`."""
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not matches(self._token, given.strip()):
            raise Denied(
                "this needs the installation's token",
                hint="send 'Authorization: Bearer <token>'; the token lies in the file 'token' of the data folder",
            )
