"""Several uploaded files as one archive, so that they are stored, hashed and read as one."""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from typing import TYPE_CHECKING, BinaryIO, cast

from monitor_core.errors import Refused
from monitor_core.snapshots.staging import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["write_bundle"]

_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20


@contextlib.contextmanager
def write_bundle(sources: Sequence[tuple[str, Path | BinaryIO]], max_bytes: int) -> Iterator[BinaryIO]:
    """Give out a zip file without compression that holds `sources` in their order.

    The same files give the same bytes: no times are stored.

    Raises
    ------
    Refused
        When they are larger together than `max_bytes`, or there are none.
    """
    if not sources:
        raise Refused("there is no file", reasons=["expected at least one"])
    left = max_bytes
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for number, (name, source) in enumerate(sources):
                safe = f"{number + 1:04} {name.replace(chr(92), '/').rpartition('/')[2]}"
                with archive.open(zipfile.ZipInfo(safe), "w", force_zip64=True) as member, opened(source) as stream:
                    while chunk := stream.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise Refused(
                                "the files are too large",
                                reasons=[f"together more than {max_bytes:,} bytes, the setting snapshots.max_bytes"],
                            )
                        member.write(chunk)
        file.seek(0)
        yield cast(BinaryIO, file)
