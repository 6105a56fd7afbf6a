"""Check the predictions' trail of a folder: its chain over all files, its seals, and that both agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.audit.lines import read_link, verify_lines
from monitor_core.audit.merkle import root
from monitor_core.errors import NotFound, Unavailable
from monitor_core.logs.seals import audit_files, lines_of, read_seals, verify_seals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from monitor_core.logs.seals import Seal

__all__ = ["AuditCheck", "check_audit"]


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a check of a folder found."""

    records: int
    """Those that fit, until the break if there is one."""
    first: int | None
    """Sequence of the first record that is still there."""
    last: int | None
    last_hash: str | None
    """With `last` an anchor to be kept elsewhere."""
    sealed_days: int
    unsealed: int
    """Records after the last seal: their end could be cut off unnoticed."""
    broken: str = ""
    """The first thing that does not fit, with its file and line; empty when everything does."""


def check_audit(folder: Path, *, key: bytes | None = None, anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
    """Check the trail in a folder.

    Parameters
    ----------
    folder
        Where ``audit.log`` and its closed files are.
    key
        The key that seals are signed with; None checks no signatures.
    anchors
        Sequences and hashes that were kept elsewhere.

    Raises
    ------
    NotFound
        When there is no trail in the folder.
    """
    files, seals = audit_files(folder), read_seals(folder)
    if not files and not seals:
        raise NotFound(f"no audit trail in {folder}", hint="it is the folder given to setup_logging")
    trail = _Trail(files, seals)
    try:
        after = _before_first(files, seals)
    except Unavailable:
        after = None
    known = [*anchors, *((seal.last, seal.last_hash) for seal in seals)]
    found = verify_lines(trail.lines(), after=after, anchors=known)
    broken = verify_seals(seals, key=key)
    if trail.unreadable:
        broken = trail.unreadable
    elif found.broken is not None:
        broken = f"{trail.place(found.broken.line)}: {found.broken.reason}"
    elif not broken:
        broken = trail.broken
    last, digest = found.last or (None, None)
    sealed = seals[-1].last if seals else 0
    return AuditCheck(
        found.records, found.first, last, digest, len(seals), max(0, (last or 0) - sealed) if last else 0, broken
    )


def _before_first(files: list[Path], seals: tuple[Seal, ...]) -> tuple[int, str] | None:
    """Return the seal that the first record must follow, where retention removed what was before."""
    first = next((link for path in files for link in map(read_link, lines_of(path)) if link is not None), None)
    for seal in seals:
        if first is not None and seal.last + 1 == first.sequence:
            return seal.last, seal.last_hash
    return None


class _Trail:
    """The files while they are read: which line is where, and whether each sealed day has its root."""

    def __init__(self, files: list[Path], seals: tuple[Seal, ...]) -> None:
        self._files = files
        self._counts: list[tuple[str, int]] = []
        self._ends = {seal.last_hash: seal for seal in seals}
        self._hashes: list[str] = []
        self.broken = self.unreadable = ""

    def lines(self) -> Iterator[bytes]:
        for path in self._files:
            self._counts.append((path.name, 0))
            for number, line in enumerate(self._readable(path), 1):
                self._counts[-1] = (path.name, number)
                digest = line[-67:-3].decode("ascii", "replace")
                self._hashes.append(digest)
                yield line
                if digest in self._ends:
                    self._reached(self._ends[digest])

    def _readable(self, path: Path) -> Iterator[bytes]:
        try:
            yield from lines_of(path)
        except Unavailable as error:
            self.unreadable = error.message
            yield b""  # no record: the check ends here

    def _reached(self, seal: Seal) -> None:
        """Compare with its seal what was read up to a day's last record, where all of the day is there."""
        whole = len(self._hashes) >= seal.last - seal.first + 1
        if whole and not self.broken and root(self._hashes[seal.first - seal.last - 1 :]) != seal.root:
            self.broken = f"the records of {seal.day} do not have the root that was sealed"
        self._hashes.clear()

    def place(self, line: int) -> str:
        """Return file and line of the line of this number."""
        for name, count in self._counts:
            if line <= count:
                return f"{name}, line {line}"
            line -= count
        return f"{self._counts[-1][0]}, at its end" if self._counts else "nothing is there"
