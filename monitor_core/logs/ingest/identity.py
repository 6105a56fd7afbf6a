"""Which known file a file is: renamed, packed, copied and truncated ones are found again.

A file is known by what it begins with (unpacked) and by its inode. The inode alone is not enough, as it is used again
and stays when a file is truncated; the beginning alone is not, as two services may begin alike. So a file that lies at
another inode than the one known is taken for it only when the line that was read last stands at its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.logs.ingest.contents import Content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.logs.ingest.positions import Positions
    from monitor_core.logs.ingest.registry import KnownFile, Registry
    from monitor_core.logs.ingest.scan import Seen

__all__ = ["recognise"]

_COMPARED = 1 << 16


def recognise(
    seen: Seen,
    content: Content,
    present: Mapping[tuple[int, int], Seen],
    registry: Registry,
    positions: Positions,
    *,
    max_expanded: int,
) -> KnownFile | None:
    """Return which file this is, a new one when it is none of those known; None when it is not to be read now.

    Parameters
    ----------
    present
        The files that the folders hold now, by device and inode.
    """
    head = content.head()
    if not head:
        return None
    candidates = registry.beginning(head)
    for known in candidates:
        here = (known.device, known.inode) == seen.identity
        if here and (content.is_packed or seen.size >= positions.of(known).end):
            return known
    for known in candidates:
        if (known.device, known.inode) == seen.identity:
            continue
        original = _living(known, present, max_expanded)
        if original is None:
            if _goes_on(known, content, positions):
                return registry.moved(known, *seen.identity)
        elif _is_copy(original, content, max_expanded):
            return None
    return registry.add(seen.path.name, head, *seen.identity)


def _living(known: KnownFile, present: Mapping[tuple[int, int], Seen], max_expanded: int) -> Seen | None:
    """Return the file where it was seen last, if it is still there and still begins the same."""
    seen = present.get((known.device, known.inode))
    if seen is None:
        return None
    try:
        with Content(seen.path, max_expanded=max_expanded) as content:
            same = (content.device, content.inode) == seen.identity and _begins(content, known)
    except FileNotFoundError:
        return None
    return seen if same else None


def _begins(content: Content, known: KnownFile) -> bool:
    from monitor_core.logs.ingest.registry import hashed  # noqa: PLC0415

    return hashed(content.before(known.head_size, known.head_size)) == known.head_hash


def _goes_on(known: KnownFile, content: Content, positions: Positions) -> bool:
    """Whether the line read last stands in this file where it stood."""
    position = positions.of(known)
    if position.end == 0:
        return True
    if not content.is_packed and content.size < position.end:
        return False
    size = len(position.last or b"") + 2
    tail = content.before(position.end, size)
    if not tail and position.end:
        return False
    return position.last is None or tail.rstrip(b"\r\n").endswith(position.last.rstrip(b"\r\n"))


def _is_copy(original: Seen, content: Content, max_expanded: int) -> bool:
    """Whether this begins like a file that is still there, as far as both go."""
    try:
        with Content(original.path, max_expanded=max_expanded) as other:
            size = min(_COMPARED, *(item.size for item in (content, other) if not item.is_packed))
            mine, others = content.before(size, size), other.before(size, size)
    except FileNotFoundError:
        return False
    shared = min(len(mine), len(others))
    return mine[:shared] == others[:shared]
