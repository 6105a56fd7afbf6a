"""Read a log file, packed or not: its beginning, its lines from a place on, what stands before a place."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

from monitor_core.errors import InvalidInput
from monitor_core.logs.ingest.registry import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BROKEN", "Content", "Line"]

BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)
"""What a packed file raises that is damaged, or not yet written to its end."""

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line, without its end.

    Attributes
    ----------
    end
        Where the next one begins.
    n_cut
        Bytes left out of a line that was too long.
    """

    data: bytes
    end: int
    n_cut: int = 0


class Content:
    """One file, open for reading; positions count unpacked bytes."""

    def __init__(self, path: Path, *, max_expanded: int) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        self._plain: IO[bytes] = os.fdopen(descriptor, "rb", buffering=1 << 16)
        self._max = max_expanded
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            self._plain.close()
            raise InvalidInput(f"{path.name} is not a file")
        self.device, self.inode, self.size = found.st_dev, found.st_ino, found.st_size
        self.is_packed = self._plain.read(2) == _GZIP
        self._plain.seek(0)
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=self._plain) if self.is_packed else self._plain  # type: ignore[assignment]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._plain.close()

    def head(self) -> bytes:
        """Return the first line with its end, or the first `HEAD_BYTES` of it; b"" when neither is there yet."""
        self._stream.seek(0)
        found = self._stream.readline(HEAD_BYTES)
        if found.endswith(b"\n") or len(found) == HEAD_BYTES:
            return found
        # A packed file is not written to any more: what it has is what there is.
        return found if self.is_packed and not self._stream.read(1) else b""

    def before(self, position: int, size: int) -> bytes:
        """Return the bytes that end at a position; fewer when the file is shorter."""
        start = max(position - size, 0)
        self._seek(start)
        return self._stream.read(position - start)

    def lines(self, start: int, *, limit: int) -> Iterator[Line]:
        """Read whole lines from a position on; a last one without an end waits, unless the file is packed.

        Parameters
        ----------
        limit
            The most bytes that are kept of a line; the rest of a longer one is passed over.

        Raises
        ------
        InvalidInput
            A packed file unpacks to more than is allowed.
        """
        self._seek(start)
        read, end = self._stream.readline, start
        while data := read(limit + 1):
            begin, end = end, end + len(data)
            if data.endswith(b"\n"):
                yield Line(data[:-2] if data.endswith(b"\r\n") else data[:-1], end)
            elif len(data) <= limit:
                if self.is_packed:
                    yield Line(data, end)
                return
            else:
                end, is_whole = self._pass_over(end)
                if not is_whole and not self.is_packed:
                    return
                yield Line(data[:limit], end, end - begin - limit - is_whole)
            self._check(end)

    def _pass_over(self, end: int) -> tuple[int, bool]:
        while more := self._stream.readline(1 << 16):
            end += len(more)
            self._check(end)
            if more.endswith(b"\n"):
                return end, True
        return end, False

    def _check(self, position: int) -> None:
        if self.is_packed and position > self._max:
            raise InvalidInput(f"unpacks to more than {self._max:,} bytes", hint="raise logs.max_expanded_bytes")

    def _seek(self, position: int) -> None:
        self._check(position)
        self._stream.seek(position)
