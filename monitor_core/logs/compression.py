"""Compress closed files and let old ones go: outside of the writers' lock, so that no request waits for it.

A closed file has no writer any more: the rename happens under the lock, and each writer looks under the same lock
whether the file it holds is still the one of that name. Whoever compresses holds a lock on the closed file itself.
The compressed file appears by a rename, whole; a crash at any point leaves the original, and the next start goes on.
"""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from portalocker import LOCK_EX, LOCK_NB, lock
from portalocker.exceptions import BaseLockException

from monitor_core.logs.files import outdated, parse_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Lock

__all__ = ["PARTIAL", "compress", "tidy", "tidy_later"]

PARTIAL = ".part"
"""Ending of a compressed file that is being written."""


def compress(path: Path) -> bool:
    """Replace a closed file by its compressed one; False where somebody else does it or did.

    Raises
    ------
    OSError
        When it cannot be written; the original stays.
    """
    target = path.with_name(f"{path.name}.gz")
    try:
        source = path.open("rb+")  # locks on NFS want a file that may be written
    except FileNotFoundError:
        return False
    with source:
        try:
            lock(source, LOCK_EX | LOCK_NB)
        except BaseLockException:
            return False
        if not path.exists():
            return False
        if not target.exists():  # else: complete, only the original was not removed yet
            _write(source, target)
        path.unlink(missing_ok=True)
    return True


def _write(source: BinaryIO, target: Path) -> None:
    partial = target.with_name(f"{target.name}{PARTIAL}")
    try:
        with partial.open("wb") as raw:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def tidy(folder: Path, log: str, *, today: str, keep_days: int) -> None:
    """Compress every closed file of a log, then remove those that are older than they are kept.

    Raises
    ------
    OSError
        When something cannot be written or removed; what was done until then stays done.
    """
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))
    old = outdated(names, log, today=today, keep_days=keep_days)
    for name in old:
        (folder / name).unlink(missing_ok=True)
    for name in names:
        if name.startswith(f"{log}.") and name.endswith(PARTIAL) and name.removesuffix(f".gz{PARTIAL}") not in names:
            (folder / name).unlink(missing_ok=True)  # of a process that was killed; its original went meanwhile
        closed = parse_name(name)
        if closed is not None and closed.log == log and not closed.is_compressed and name not in old:
            compress(folder / name)


def tidy_later(
    folder: Path,
    log: str,
    *,
    today: str,
    keep_days: int,
    alone: Lock,
    first: Callable[[], None],
    failed: Callable[[OSError], None],
) -> threading.Thread:
    """Do `first`, then `tidy` in a thread, one at a time; the process may end meanwhile: the next start goes on."""

    def run() -> None:
        try:
            with alone:
                first()
                tidy(folder, log, today=today, keep_days=keep_days)
        except FileNotFoundError:  # somebody removed the folder, or the file while it was looked at
            return
        except OSError as error:
            failed(error)

    thread = threading.Thread(target=run, name=f"logs-tidy-{log}", daemon=True)
    thread.start()
    return thread
