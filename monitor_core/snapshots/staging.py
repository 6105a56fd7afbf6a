"""Where uploads lie on disk: streamed in, never half-written, removed when no longer needed.

::

    <data_dir>/staged/<snapshot_id>/upload           the file as it came, complete or not there
                                    work/            what was unpacked or converted from it
    <data_dir>/kept/<snapshot_id>.parquet            rows that the user keeps

Names on disk are ours; what the user calls a file is only ever shown.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from monitor_core.errors import Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.settings import Settings

__all__ = ["Staging", "Written", "opened"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was received completely."""

    sha256: str
    size_bytes: int


class Staging:
    """The folders of uploads and kept rows.

    Parameters
    ----------
    settings
        Says where they are and how large a file may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._staged = settings.data_dir / "staged"
        self._kept = settings.data_dir / "kept"
        self._max_bytes = settings.snapshots.max_bytes

    def upload(self, snapshot_id: str) -> Path:
        """Return the path of the file as it came."""
        return self._staged / snapshot_id / "upload"

    def kept(self, snapshot_id: str) -> Path:
        """Return the path of the kept rows."""
        return self._kept / f"{snapshot_id}.parquet"

    def work(self, snapshot_id: str) -> Path:
        """Return the folder for what is made from the upload, and make it."""
        folder = self._staged / snapshot_id / "work"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def receive(self, snapshot_id: str, source: Path | BinaryIO, *, filename: str) -> Written:
        """Write an upload to disk: hashed on the way, synced, and under its name only when complete.

        Raises
        ------
        Refused
            When it is larger than allowed; at most that much is ever written.
        Unavailable
            When the disk is full or not writable.
        """
        target = self.upload(snapshot_id)
        part = target.with_name("upload.part")
        try:
            target.parent.mkdir(parents=True)
            with opened(source) as stream, part.open("wb") as file:
                written = self._copy(stream, file, filename)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            self.drop(snapshot_id)
            raise Unavailable(f"{filename!r} cannot be stored: {error.strerror or error}") from error
        except BaseException:
            self.drop(snapshot_id)
            raise
        return written

    def _copy(self, stream: BinaryIO, file: BinaryIO, filename: str) -> Written:
        digest, size = hashlib.sha256(), 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > self._max_bytes:
                raise Refused(
                    f"{filename!r} is too large",
                    reasons=[f"more than {self._max_bytes:,} bytes, the setting snapshots.max_bytes"],
                    hint="split it, or upload Parquet",
                )
            digest.update(chunk)
            file.write(chunk)
        return Written(digest.hexdigest(), size)

    def drop(self, snapshot_id: str) -> None:
        """Remove the upload and what was made from it."""
        shutil.rmtree(self._staged / snapshot_id, ignore_errors=True)

    def drop_kept(self, snapshot_id: str) -> None:
        """Remove the kept rows."""
        self.kept(snapshot_id).unlink(missing_ok=True)

    def staged_ids(self) -> Iterator[tuple[str, float]]:
        """Yield each folder with the time of its latest change in Unix seconds."""
        for folder in _children(self._staged):
            times = [folder.stat().st_mtime]
            with contextlib.suppress(OSError):  # a folder may vanish while we look
                times += [path.stat().st_mtime for path in folder.rglob("*")]
            yield folder.name, max(times)

    def kept_files(self) -> Iterator[tuple[str, Path, float]]:
        """Yield each file of kept rows: snapshot id, path and time of change in Unix seconds."""
        for path in _children(self._kept):
            yield path.name.split(".", 1)[0], path, path.stat().st_mtime


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


@contextlib.contextmanager
def opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Give out a file to read from; what was open before stays open."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
