"""The write token: what a program must show before it may change anything over HTTP."""

from __future__ import annotations

import hmac
import os
import secrets
from typing import TYPE_CHECKING

from monitor_core.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ensure_token", "matches", "token_path"]


def token_path(data_dir: Path) -> Path:
    """Return where the token lies."""
    return data_dir / "token"


def ensure_token(data_dir: Path) -> str:
    """Return the installation's token, made at the first call; only the owner may read the file.

    The file appears whole or not at all, and of several processes that begin at once all get the same token.

    Raises
    ------
    Unavailable
        The data folder cannot be written, or the file is empty.
    """
    path = token_path(data_dir)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Unavailable(
            f"the write token {path} cannot be made or read: {error.strerror}",
            hint="check who owns the data folder",
        ) from None
    if not token:
        raise Unavailable(f"the write token {path} is empty", hint="delete the file; a new one is made at start")
    return token


def matches(token: str, given: str) -> bool:
    """Compare in a time that does not tell how much was right.

    Examples
    --------
    >>> matches("abc", "abc"), matches("abc", "abd"), matches("abc", "ä")
    (True, False, False)
    """
    return hmac.compare_digest(token.encode(), given.encode())


def _make(path: Path) -> None:
    draft = path.with_name(f".token-{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # unlike a rename it never replaces what another process has made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()
