"""Seals of the predictions' trail: each day that is over becomes one Merkle root, chained and, with a key, signed.

``audit.seals`` holds a line a day. Days can then be removed (retention) and the roots stay: a proof that a record was
among them needs the record, a few hashes and the root, not the day. Whoever keeps a seal elsewhere, on paper or in a
ticket, has an anchor: nothing up to that day can be changed or cut off unnoticed.
"""

from __future__ import annotations

import gzip
import hmac
import json
import zlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from portalocker import LOCK_EX, LOCK_NB, lock
from portalocker.exceptions import BaseLockException

from monitor_core.audit.chain import GENESIS, canonical_json, record_hash
from monitor_core.audit.lines import read_link, verify_lines
from monitor_core.audit.merkle import prove, root
from monitor_core.errors import Conflict, InvalidInput, NotFound, Unavailable
from monitor_core.logs.files import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["SEALS", "Seal", "audit_files", "lines_of", "prove_record", "read_seals", "seal_days", "verify_seals"]

SEALS = "audit.seals"
_LOG = "audit.log"
_DOMAIN = "bellwether/seals/1"


@dataclass(frozen=True, slots=True)
class Seal:
    """One day of the trail."""

    day: str
    first: int
    """Sequence of the day's first record."""
    last: int
    last_hash: str
    root: str
    """Merkle root over the hashes of the day's records."""
    previous: str = GENESIS
    hash: str = ""
    signature: str = ""
    """HMAC-SHA256 of `hash` by the key that the service was given; empty without one."""

    def content(self) -> dict[str, Any]:
        """Return what `hash` covers beside the place in the chain of seals."""
        return {key: value for key, value in asdict(self).items() if key not in {"previous", "hash", "signature"}}


def audit_files(folder: Path) -> list[Path]:
    """Return the trail's files in the order of writing, the running one last if it exists."""
    found: dict[tuple[Any, int], Path] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        closed = parse_name(path.name)
        if (
            closed is not None
            and closed.log == _LOG
            and (closed.is_compressed or (closed.day, closed.part) not in found)
        ):
            found[closed.day, closed.part] = path
    running = folder / _LOG
    closed_files = sorted(found, key=lambda place: (_first_sequence(found[place]), place))
    return [*(found[place] for place in closed_files), *([running] if running.exists() else [])]


def _first_sequence(path: Path) -> int:
    """Return where a file stands in the chain: a clock that was wrong and went back gave it a wrong date."""
    try:
        link = next((link for link in map(read_link, lines_of(path)) if link is not None), None)
    except Unavailable:
        link = None
    return link.sequence if link else 0


def lines_of(path: Path) -> Iterator[bytes]:
    """Return a file's lines, also while it is being compressed.

    Raises
    ------
    Unavailable
        When a compressed file is damaged, after the lines before the damage.
    """
    if path.suffix != ".gz":
        try:
            with path.open("rb") as plain:
                yield from plain
        except FileNotFoundError:
            path = path.with_name(f"{path.name}.gz")
        else:
            return
    try:
        with gzip.open(path) as packed:
            yield from packed
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unavailable(f"{path.name} cannot be read: {error}") from None


def read_seals(folder: Path) -> tuple[Seal, ...]:
    """Return the seals of a folder, oldest first; none where there is no file.

    Raises
    ------
    InvalidInput
        When a line is no seal, naming it.
    """
    path = folder / SEALS
    if not path.exists():
        return ()
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            found.append(Seal(**json.loads(line)))
        except (ValueError, TypeError):
            raise InvalidInput(f"{path}: line {number} is not a seal") from None
    return tuple(found)


def verify_seals(seals: Iterable[Seal], *, key: bytes | None = None) -> str:
    """Return why the first seal that does not fit does not; empty when all do.

    Parameters
    ----------
    seals
        Oldest first.
    key
        The key they were signed with; None checks no signatures.
    """
    before: Seal | None = None
    for seal in seals:
        previous = before.hash if before else GENESIS
        if seal.previous != previous or (before and seal.first != before.last + 1):
            return f"the seal of {seal.day} does not follow the one before it"
        if seal.hash != record_hash(_DOMAIN, previous, seal.last, seal.content()):
            return f"the seal of {seal.day} was changed"
        if key is not None and not hmac.compare_digest(seal.signature, _signature(seal.hash, key)):
            return f"the seal of {seal.day} does not bear the key's signature"
        before = seal
    return ""


def seal_days(folder: Path, *, today: str, key: bytes | None = None) -> tuple[Seal, ...]:
    """Seal every closed day before today that is not sealed yet, and return the new seals.

    The running file's day is never sealed: more may be written. Another process that
    seals at the same moment is left to it.

    Raises
    ------
    Conflict
        When the records of such a day do not fit together: what is broken is not sealed.
    """
    with _alone(folder) as is_alone:
        if not is_alone:
            return ()
        today = min(today, _running_day(folder) or today)
        seals = list(read_seals(folder))
        known = len(seals)
        closed = [(parsed.day.isoformat(), path) for path in audit_files(folder) if (parsed := parse_name(path.name))]
        for day, pairs in groupby(closed, key=lambda pair: pair[0]):
            paths = [path for _, path in pairs]
            is_over = day < today or paths[-1] != closed[-1][1]
            if is_over and (not seals or _first_sequence(paths[0]) > seals[-1].last):
                made = _seal(day, paths, seals[-1] if seals else None, key)
                if made is not None:
                    seals.append(made)
        if len(seals) > known:
            with (folder / SEALS).open("ab") as written:
                written.writelines(canonical_json(asdict(seal)) + b"\n" for seal in seals[known:])
        return tuple(seals[known:])


def _seal(day: str, paths: list[Path], before: Seal | None, key: bytes | None) -> Seal | None:
    hashes: list[str] = []

    def lines() -> Iterator[bytes]:
        for path in paths:
            for line in lines_of(path):
                link = read_link(line)
                if link is not None:
                    hashes.append(link.hash)
                yield line

    found = verify_lines(lines(), after=(before.last, before.last_hash) if before else None)
    if found.broken is not None:
        raise Conflict(f"{day} is not sealed: line {found.broken.line}: {found.broken.reason}")
    if not hashes or found.first is None or found.last is None:
        return None
    seal = Seal(day, found.first, found.last[0], found.last[1], root(hashes), before.hash if before else GENESIS)
    digest = record_hash(_DOMAIN, seal.previous, seal.last, seal.content())
    return replace(seal, hash=digest, signature=_signature(digest, key) if key else "")


def prove_record(folder: Path, sequence: int) -> dict[str, Any]:
    """Return the record of a sequence and the proof that it is among those of its sealed day.

    Raises
    ------
    NotFound
        When no such record is in the folder, or its day is not sealed yet.
    """
    seals = [seal for seal in read_seals(folder) if seal.first <= sequence <= seal.last]
    if not seals:
        raise NotFound(f"record {sequence} is in no sealed day", hint="days are sealed at midnight, or by 'audit seal'")
    [seal] = seals[:1]
    links = [
        link
        for path in audit_files(folder)
        if (parsed := parse_name(path.name)) and parsed.day.isoformat() == seal.day
        for link in map(read_link, lines_of(path))
        if link is not None and seal.first <= link.sequence <= seal.last
    ]
    index = sequence - seal.first
    if len(links) != seal.last - seal.first + 1 or links[index].sequence != sequence:
        raise NotFound(f"the records of {seal.day} are not complete any more: no proof can be made")
    proof = prove([link.hash for link in links], index)
    link = links[index]
    return {
        "record": json.loads(link.content),
        "sequence": sequence,
        "previous": link.previous,
        "hash": link.hash,
        "index": proof.index,
        "size": proof.size,
        "path": list(proof.path),
        "seal": asdict(seal),
    }


def _signature(digest: str, key: bytes) -> str:
    return hmac.new(key, digest.encode("ascii"), sha256).hexdigest()


def _running_day(folder: Path) -> str | None:
    try:
        text = (folder / ".__audit.lock").read_text(encoding="utf-8").strip()
        return date.fromisoformat(text).isoformat()
    except (OSError, ValueError):
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    with (folder / ".__audit.seals.lock").open("a") as held:
        try:
            lock(held, LOCK_EX | LOCK_NB)
        except BaseLockException:
            yield False
            return
        yield True
