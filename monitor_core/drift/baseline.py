"""A baseline: the grid, everything counted on it, and the PSI cells of each of its granules."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.codec import decode, encode_block, slice_block
from monitor_core.drift.packing import pack, unpack
from monitor_core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from monitor_core.drift.grid import Grid
    from monitor_core.drift.summary import TableSummary

__all__ = ["Baseline", "ReferenceGranules"]

_FORMAT = "bellwether-baseline-1"


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceGranules:
    """PSI cell counts of each granule of a baseline: how much granules differ when nothing is wrong.

    Attributes
    ----------
    labels
        Granules in time order.
    n_rows
        Shape (granules,).
    cells
        Shape (granules, PSI cells of all features), columns as in `Grid.psi_offsets`.
    """

    labels: tuple[str, ...]
    n_rows: NDArray[np.int64]
    cells: NDArray[np.int64]

    @classmethod
    def none(cls, grid: Grid) -> ReferenceGranules:
        """Return no granules."""
        return cls((), np.zeros(0, np.int64), np.zeros((0, grid.n_psi_cells), np.int64))


@dataclass(frozen=True, eq=False)
class Baseline:
    """What current data are compared with.

    How a store keeps it: the grid as a ``drift_grid`` row; each of `blocks` as a ``baseline_block`` row (segment,
    block, payload); `sha256`, `n_rows`, `first_granule`, `last_granule`, the number of features and of granules in the
    ``baseline`` row. `from_blocks` reads them back.

    Attributes
    ----------
    grid
        Where the cells lie.
    totals
        Fine counts of all rows, by segment; ``""`` is everything.
    references
        PSI cells of each granule, by segment.
    """

    grid: Grid
    totals: Mapping[str, TableSummary]
    references: Mapping[str, ReferenceGranules]

    def total(self, segment: str = "") -> TableSummary:
        """Return the counts of one segment; raises `NotFound` when the baseline never held it."""
        try:
            return self.totals[segment]
        except KeyError:
            raise NotFound(f"segment {segment!r} is not in the baseline") from None

    def reference(self, segment: str = "") -> ReferenceGranules:
        """Return the granules of one segment; none when it has none."""
        return self.references.get(segment) or ReferenceGranules.none(self.grid)

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments beside ``""``, in alphabetical order."""
        return tuple(sorted(segment for segment in self.totals if segment))

    @property
    def n_rows(self) -> int:
        """Rows of the whole baseline."""
        return self.total().n_rows

    @property
    def granules(self) -> tuple[str, ...]:
        """Labels of the baseline's granules, in time order."""
        return self.reference().labels

    @property
    def first_granule(self) -> str | None:
        """The earliest granule, if rows had dates."""
        return self.granules[0] if self.granules else None

    @property
    def last_granule(self) -> str | None:
        """The latest granule, if rows had dates."""
        return self.granules[-1] if self.granules else None

    @cached_property
    def sha256(self) -> str:
        """Hash of the grid and of every block: equal for equal content."""
        digest = hashlib.sha256(self.grid.grid_id.encode())
        for segment, block, payload in self.blocks():
            digest.update(f"\0{segment}\0{block}\0".encode("utf-8", "surrogatepass"))
            digest.update(hashlib.sha256(payload).digest())
        return digest.hexdigest()

    def blocks(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield (segment, block, payload) of every ``baseline_block`` row, in a fixed order."""
        for segment in sorted(self.totals):
            for number in range(self.grid.n_blocks):
                yield segment, number, self._block(segment, number)

    def _block(self, segment: str, number: int) -> bytes:
        reference, block = self.reference(segment), slice_block(self.totals[segment], number)
        first = self.grid.position(block.grid.features[0].name) if block.grid.features else 0
        start, stop = self.grid.psi_offsets[[first, first + len(block.grid.features)]]
        return _write(encode_block(block), reference, reference.cells[:, start:stop])

    @classmethod
    def from_blocks(cls, grid: Grid, rows: Iterable[tuple[str, int, bytes]]) -> Baseline:
        """Read back what `blocks` gave; the rows may come in any order."""
        by_segment: dict[str, dict[int, bytes]] = {}
        for segment, number, payload in rows:
            by_segment.setdefault(segment, {})[number] = payload
        if "" not in by_segment:
            raise InvalidInput("a stored baseline has no block for the whole of its rows")
        totals, references = {}, {}
        for segment, payloads in by_segment.items():
            read = {number: _read(payload) for number, payload in payloads.items()}
            totals[segment] = decode(grid, {number: part for number, (part, _) in read.items()})
            references[segment] = _joined([read[number][1] for number in range(grid.n_blocks)])
        return cls(grid, totals, references)


def _write(summary: bytes, reference: ReferenceGranules, cells: NDArray[np.int64]) -> bytes:
    header = {"format": _FORMAT, "labels": list(reference.labels), "psi_cells": int(cells.shape[1])}
    packed = pack(header, {"n_rows": reference.n_rows, "cells": cells})
    return len(summary).to_bytes(8, "little") + summary + packed


def _read(payload: bytes) -> tuple[bytes, ReferenceGranules]:
    size = int.from_bytes(payload[:8], "little")
    header, arrays = unpack(payload[8 + size :])
    if header.get("format") != _FORMAT:
        raise InvalidInput(f"not a baseline block: format {header.get('format')!r}, expected {_FORMAT!r}")
    cells = arrays["cells"].reshape(len(header["labels"]), header["psi_cells"])
    return payload[8 : 8 + size], ReferenceGranules(tuple(header["labels"]), arrays["n_rows"], cells)


def _joined(parts: list[ReferenceGranules]) -> ReferenceGranules:
    first = parts[0]
    return ReferenceGranules(first.labels, first.n_rows, np.concatenate([part.cells for part in parts], axis=1))
