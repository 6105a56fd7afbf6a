"""Summaries as bytes for the database, a block of features a payload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.packing import pack, unpack
from monitor_core.drift.summary import TableSummary
from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor_core.drift.grid import Grid

__all__ = ["decode", "decode_block", "decode_part", "encode", "encode_block", "joined", "slice_block"]

_FORMAT = "bellwether-summary-1"


def encode(summary: TableSummary) -> tuple[bytes, ...]:
    """Return one payload for each block of the grid, in order: block i is features 50·i to 50·i + 49.

    A store keeps payload i of a granule as the ``drift_summary`` row with ``block = i``. Payloads are versioned, hold
    no pickle, and are the same bytes for the same summary.
    """
    return tuple(encode_block(slice_block(summary, number)) for number in range(summary.grid.n_blocks))


def decode(grid: Grid, payloads: Sequence[bytes] | Mapping[int, bytes]) -> TableSummary:
    """Return the summary of the whole grid from all its blocks (a sequence in order, or by number).

    Raises `InvalidInput` when a block is missing or does not fit the grid. To read only some features, decode only
    their blocks with `decode_block` (`Grid.block_of` gives the number).
    """
    numbered = payloads if hasattr(payloads, "keys") else dict(enumerate(payloads))
    missing = [number for number in range(grid.n_blocks) if number not in numbered]
    if missing:
        raise InvalidInput(f"blocks {missing} of {grid.n_blocks} of a drift summary are missing")
    parts = [decode_block(grid, number, numbered[number]) for number in range(grid.n_blocks)]
    return parts[0] if len(parts) == 1 else joined(grid, parts)


def encode_block(summary: TableSummary) -> bytes:
    """Return the payload of a summary that covers one block (see `slice_block`)."""
    header = {
        "format": _FORMAT,
        "n_rows": summary.n_rows,
        "features": len(summary.grid.features),
        "retyped": [list(pair) for pair in summary.retyped],
        "extra": [list(pair) for pair in summary.extra],
    }
    arrays = {
        "cells": summary.cells,
        "tallies": summary.tallies,
        "sums": summary.sums,
        "extremes": summary.extremes,
    }
    return pack(header, arrays)


def decode_block(grid: Grid, number: int, payload: bytes) -> TableSummary:
    """Return the features of one block, on ``grid.block(number)``."""
    return decode_part(grid.block(number), payload)


def decode_part(block: Grid, payload: bytes) -> TableSummary:
    """Return what `encode_block` wrote of a summary on `block`, which may be any grid."""
    header, arrays = unpack(payload)
    if header.get("format") != _FORMAT:
        raise InvalidInput(f"not a drift summary: format {header.get('format')!r}, expected {_FORMAT!r}")
    if header["features"] != len(block.features) or len(arrays["cells"]) != block.n_cells:
        raise InvalidInput(f"a block of a drift summary does not fit the grid {block.grid_id[:12]}")
    return TableSummary(
        block,
        int(header["n_rows"]),
        arrays["cells"],
        arrays["tallies"].reshape(-1, 6),
        arrays["sums"].reshape(-1, 2),
        arrays["extremes"].reshape(-1, 2),
        tuple((name, dtype) for name, dtype in header["retyped"]),
        tuple((name, dtype) for name, dtype in header["extra"]),
    )


def slice_block(summary: TableSummary, number: int) -> TableSummary:
    """Return the part of `summary` that belongs to one block; extra columns are named by block 0."""
    grid = summary.grid
    if grid.n_blocks == 1:
        return summary
    block = grid.block(number)
    first = grid.position(block.features[0].name)
    rows = slice(first, first + len(block.features))
    return TableSummary(
        block,
        summary.n_rows,
        summary.cells[grid.offsets[rows.start] : grid.offsets[rows.stop]],
        summary.tallies[rows],
        summary.sums[rows],
        summary.extremes[rows],
        tuple(pair for pair in summary.retyped if pair[0] in block.positions),
        summary.extra if number == 0 else (),
    )


def joined(grid: Grid, parts: Sequence[TableSummary]) -> TableSummary:
    """Return the summary of the whole grid from those of its features, in order: any number of features a part."""
    rows = {part.n_rows for part in parts}
    if len(rows) != 1:
        raise InvalidInput(f"blocks of one drift summary disagree on its rows: {sorted(rows)}")
    return TableSummary(
        grid,
        rows.pop(),
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.tallies for part in parts]),
        np.concatenate([part.sums for part in parts]),
        np.concatenate([part.extremes for part in parts]),
        tuple(sorted({pair for part in parts for pair in part.retyped})),
        tuple(sorted({pair for part in parts for pair in part.extra})),
    )
